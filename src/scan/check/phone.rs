//! Telephone numbers: E.164, North America, and how other countries write theirs.

use super::{Candidate, Judgement, is_filler};
use crate::model::finding::Confidence;

/// Country codes and how many digits may follow (ITU-T E.164 and the national plans).
#[rustfmt::skip]
const COUNTRIES: &[(u32, usize, usize)] = &[
    (1, 10, 10), (7, 10, 10), (20, 8, 10), (27, 9, 9), (30, 10, 10), (31, 9, 9), (32, 8, 9), (33, 9, 9), (34, 9, 9),
    (36, 8, 9), (39, 6, 11), (40, 9, 9), (41, 9, 9), (43, 7, 13), (44, 9, 10), (45, 8, 8), (46, 7, 10), (47, 8, 8),
    (48, 9, 9), (49, 6, 12), (51, 8, 9), (52, 10, 11), (53, 8, 8), (54, 10, 11), (55, 10, 11), (56, 9, 9), (57, 10, 10),
    (58, 10, 10), (60, 8, 10), (61, 9, 9), (62, 8, 12), (63, 8, 10), (64, 8, 10), (65, 8, 8), (66, 8, 9), (81, 9, 10),
    (82, 8, 11), (84, 9, 10), (86, 10, 11), (90, 10, 10), (91, 10, 10), (92, 9, 10), (93, 9, 9), (94, 9, 9),
    (95, 7, 10), (98, 10, 10),
];

/// Three-digit codes begin with these two.
const THREE: &[u32] = &[21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99];

/// `+` (or `00`), a country and as many digits as its plan allows, in groups.
pub(super) fn international(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let digits = if candidate.value().starts_with(b"00") { &digits[2..] } else { &digits[..] };
    let value = candidate.value();
    let closed = value.iter().filter(|b| **b == b'(').count() == value.iter().filter(|b| **b == b')').count();
    if digits.len() < 8 || digits.len() > 15 || is_filler(&digits[1..]) || !closed || !is_grouped(value) {
        return Judgement::No;
    }
    let lead = |count: usize| digits[..count].iter().fold(0, |sum, &d| sum * 10 + u32::from(d));
    let known = COUNTRIES.iter().find(|(code, _, _)| *code == lead(1) || *code == lead(2));
    match known {
        Some((code, least, most)) => {
            let rest = &digits[if *code < 10 { 1 } else { 2 }..];
            // The `(0)` that people keep in `+44 (0)20 …`.
            let rest = if rest[0] == 0 && *code != 39 { &rest[1..] } else { rest };
            let fits = (*least..=*most).contains(&rest.len()) && (*code != 1 || is_nanp(rest));
            if fits { Judgement::Sure(Confidence::High) } else { Judgement::No }
        }
        None if THREE.contains(&lead(2)) => Judgement::Sure(Confidence::Medium),
        None => Judgement::No,
    }
}

/// Groups of at least two digits, but for the first, and at most six of them.
fn is_grouped(value: &[u8]) -> bool {
    let groups: Vec<usize> = value.split(|b| !b.is_ascii_digit()).filter(|g| !g.is_empty()).map(<[u8]>::len).collect();
    groups.len() <= 7 && groups.iter().skip(2).all(|count| *count >= 2)
}

fn is_nanp(digits: &[u8]) -> bool {
    let service = |three: &[u8]| three[1] == 1 && three[2] == 1;
    digits.len() == 10
        && digits[0] > 1
        && digits[3] > 1
        && digits[1] != 9
        && !service(&digits[..3])
        && !service(&digits[3..6])
        && !is_filler(digits)
}

/// North America: area and exchange in use.
pub(super) fn nanp(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let digits = if digits.len() == 11 && digits[0] == 1 { &digits[1..] } else { &digits[..] };
    (is_nanp(digits) && !is_dotted_other(candidate)).into()
}

/// `415.555.0100` is written with one separator throughout, but for what stands behind a bracket.
fn is_dotted_other(candidate: &Candidate<'_>) -> bool {
    let value = candidate.value();
    value.contains(&b'.') && (value.contains(&b'-') || value.contains(&b' ') || value.contains(&b'('))
}

/// Another country's own way: 8 to 11 digits that are no filler and no date.
pub(super) fn national(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let subscriber = digits.len().saturating_sub(7);
    let dead = digits[subscriber..].iter().all(|d| *d == digits[digits.len() - 1]);
    ((8..=12).contains(&digits.len()) && !is_filler(&digits[1..]) && !dead).into()
}
