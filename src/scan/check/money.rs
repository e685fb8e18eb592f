//! Payment cards (ISO/IEC 7812) and IBANs (ISO 13616).

use super::{Candidate, Judgement, proven};
use crate::model::finding::Confidence;

/// The Luhn sum of digits is a multiple of ten.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum =
        digits.iter().rev().enumerate().map(|(at, &digit)| u32::from(if at % 2 == 1 { doubled(digit) } else { digit }));
    sum.sum::<u32>() % 10 == 0
}

/// Its digits pass Luhn, and are not all the same.
pub(super) fn luhn_digits(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    proven(luhn(&digits) && !all_same(&digits))
}

fn all_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|two| two[0] == two[1])
}

/// How long the numbers of a range are.
struct Range {
    /// The first six digits, from and to.
    prefix: (u32, u32),
    /// The lengths.
    digits: std::ops::RangeInclusive<usize>,
    /// Whether the range is narrow enough to be believed without separators or context.
    narrow: bool,
}

const fn range(from: u32, to: u32, least: usize, most: usize, narrow: bool) -> Range {
    Range { prefix: (from, to), digits: least..=most, narrow }
}

/// Issuers' ranges in use. Maestro and UnionPay overlap; lengths decide.
const RANGES: &[Range] = &[
    range(400_000, 499_999, 16, 16, true),  // Visa
    range(400_000, 499_999, 13, 13, false), // Visa, old
    range(400_000, 499_999, 19, 19, true),  // Visa, long
    range(510_000, 559_999, 16, 16, true),  // Mastercard
    range(222_100, 272_099, 16, 16, true),  // Mastercard, 2-series
    range(340_000, 349_999, 15, 15, true),  // American Express
    range(370_000, 379_999, 15, 15, true),
    range(601_100, 601_199, 16, 19, true), // Discover
    range(644_000, 659_999, 16, 19, true),
    range(622_126, 622_925, 16, 19, true),
    range(352_800, 358_999, 16, 19, true), // JCB
    range(300_000, 305_999, 14, 19, true), // Diners Club
    range(309_500, 309_599, 14, 19, true),
    range(360_000, 369_999, 14, 19, true),
    range(380_000, 399_999, 14, 19, true),
    range(620_000, 629_999, 16, 19, true),  // UnionPay
    range(810_000, 817_199, 16, 19, true),  // UnionPay, 81
    range(220_000, 220_499, 16, 19, true),  // Mir
    range(600_000, 609_999, 16, 16, true),  // RuPay, Discover Global Network
    range(508_500, 508_999, 16, 16, true),  // RuPay
    range(500_000, 509_999, 12, 19, false), // Maestro
    range(560_000, 589_999, 12, 19, false),
    range(600_000, 699_999, 12, 19, false),
    range(979_200, 979_299, 16, 16, true), // Troy
];

/// A number of an issuer's range and its lengths, in groups that cards are printed in, with a Luhn digit.
pub(super) fn card(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if !(12..=19).contains(&digits.len())
        || !luhn(&digits)
        || all_same(&digits[4..]) && digits[4..].len() > 8 && digits[0] == 0
    {
        return Judgement::No;
    }
    let Some(grouped) = grouped(candidate.value()) else { return Judgement::No };
    let prefix = digits[..6].iter().fold(0, |sum, &d| sum * 10 + u32::from(d));
    let fits = |r: &&Range| (r.prefix.0..=r.prefix.1).contains(&prefix) && r.digits.contains(&digits.len());
    match RANGES.iter().filter(fits).map(|r| r.narrow).max() {
        Some(true) => Judgement::Sure(Confidence::High),
        Some(false) if grouped => Judgement::Sure(Confidence::Medium),
        Some(false) => Judgement::Sure(Confidence::Low),
        None => Judgement::No,
    }
}

/// Whether digits stand in groups, all parted by the same separator; none when they stand otherwise.
fn grouped(value: &[u8]) -> Option<bool> {
    let Some(&separator) = value.iter().find(|b| !b.is_ascii_digit()) else { return Some(false) };
    let groups: Vec<usize> = value.split(|b| *b == separator).map(<[u8]>::len).collect();
    let plain = value.iter().all(|b| b.is_ascii_digit() || *b == separator);
    let (last, front) = groups.split_last()?;
    let fours = front.iter().all(|n| *n == 4) && (1..=4).contains(last);
    let known = fours || matches!(groups[..], [4, 6, 4 | 5] | [8, 8] | [6, 13] | [4, 3, 3, 3] | [5, 4, 5, 1] | [6, 10]);
    (plain && known).then_some(true)
}

/// Country codes and the lengths of their IBANs, from the SWIFT registry.
#[rustfmt::skip]
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22),
    (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24),
    (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18),
    (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27),
    (b"GT", 28), (b"HN", 28), (b"HR", 21), (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26),
    (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20),
    (b"LU", 20), (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20),
    (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24),
    (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33), (b"SA", 24),
    (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"SO", 23), (b"ST", 25),
    (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20),
    (b"YE", 30),
];

/// A country's code and length, and a remainder of one modulo 97. What follows the length is cut off.
pub(super) fn iban(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let country = [value[0].to_ascii_uppercase(), value[1].to_ascii_uppercase()];
    let Some((_, length)) = IBAN_LENGTHS.iter().find(|(code, _)| **code == country) else { return Judgement::No };
    let is_part = |b: &u8| b.is_ascii_alphanumeric();
    let places = value.iter().enumerate().filter(|(_, b)| is_part(b)).map(|(at, _)| at);
    let Some(last) = places.clone().nth(length - 1) else { return Judgement::No };
    let end = candidate.start + last + 1;
    if candidate.text.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return Judgement::No;
    }
    let compact: Vec<u8> = value[..=last].iter().filter(|b| is_part(b)).map(u8::to_ascii_uppercase).collect();
    candidate.end = end;
    let rotated = compact[4..].iter().chain(&compact[..4]);
    let remainder = rotated.fold(0_u32, |sum, &b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    proven(remainder == 1)
}
