//! Coverage: what a redaction masked against what was found, and what it claims against what is there.
//!
//! ```text
//! raw findings        masked through and through → covered, else uncovered
//! sanitized findings  leaked
//! claims              what the sanitizer says it masks, and the placeholders it left, against the classes found
//! masked bytes        under a finding, or without one: over-redaction costs debugging
//! ```

use std::collections::BTreeSet;

use serde::Serialize;

use super::finding::Finding;
use super::finding_set::Current;
use super::fragment::Fragment;
use super::id::ClassId;
use super::kinds::kind_enum;
use super::redaction::Interval;

kind_enum!(
    /// What masked bytes were replaced with.
    FillKind {
        /// Zeros.
        Zero = "zero",
        /// The words `0x0defaced` that stack sanitizers of minidump writers leave.
        Defaced = "defaced",
        /// One printable character, such as `X` or `*`, all through.
        X = "x",
        /// Text that names a class, such as `[REDACTED:CARD]`.
        Placeholder = "placeholder",
        /// Nothing that says what it is.
        Other = "other",
    }
);

/// One masked interval, and what its fill says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// From the fragment's first byte, in bytes.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// What they were replaced with.
    pub kind: FillKind,
    /// The class that the placeholder names.
    pub claims: Option<ClassId>,
}

impl Fill {
    /// What an interval was filled with, going by its first sanitized bytes and each class's placeholders.
    pub fn of<'a>(
        interval: &Interval,
        beginning: &[u8],
        placeholders: impl Iterator<Item = (&'a ClassId, &'a str)>,
    ) -> Self {
        let mut named = placeholders.filter(|(_, text)| contains(beginning, text.as_bytes()));
        let claims = named.next().map(|(class, _)| class.clone());
        let kind = match interval.fill {
            Some(0) => FillKind::Zero,
            Some(byte) if byte.is_ascii_graphic() => FillKind::X,
            _ if claims.is_some() => FillKind::Placeholder,
            _ if is_defaced(beginning) => FillKind::Defaced,
            _ => FillKind::Other,
        };
        Self { offset: interval.offset, length: interval.length, kind, claims }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text)
}

/// Words of `0x0defaced`, little-endian, in whatever phase the interval begins.
fn is_defaced(bytes: &[u8]) -> bool {
    const WORD: [u8; 4] = [0xed, 0xac, 0xef, 0x0d];
    let follows = |phase: usize| bytes.iter().enumerate().all(|(i, byte)| *byte == WORD[(i + phase) % 4]);
    !bytes.is_empty() && (0..4).any(follows)
}

kind_enum!(
    /// How a claim and what was found disagree.
    MismatchKind {
        /// The class is claimed as masked, and findings of it are in the sanitized bytes.
        Leftover = "leftover",
        /// A placeholder names a class that the sanitizer does not claim to mask.
        ClassMismatch = "class-mismatch",
        /// The class was found, and the sanitizer does not claim to mask it.
        UnclaimedClass = "unclaimed-class",
        /// A placeholder names one class, and findings of others alone lie under it.
        PlaceholderMislabelled = "placeholder-mislabelled",
        /// The class is claimed as masked, something that is not explained by findings was, and nothing of the class was
        /// found in the raw bytes: nobody can tell.
        Unverifiable = "unverifiable",
    }
);

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mismatch {
    /// What kind.
    pub kind: MismatchKind,
    /// The class that is claimed, or of an unclaimed class the one found.
    pub class: ClassId,
    /// The class found instead.
    pub found: Option<ClassId>,
    /// Where the placeholder lies, in bytes from the fragment's first one.
    pub offset: Option<u64>,
}

/// What a redaction covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Raw findings masked through and through.
    pub covered: Vec<Finding>,
    /// Raw findings of which something shows.
    pub uncovered: Vec<Finding>,
    /// Findings in the sanitized bytes.
    pub leaked: Vec<Finding>,
    /// Claims that do not fit what was found.
    pub mismatched: Vec<Mismatch>,
    /// Masked bytes under no finding.
    pub masked_without_finding: u64,
}

impl Coverage {
    /// Holds a fragment's redaction against what was found in it. `claimed` are the classes its sanitizer says it masks.
    pub fn of(fragment: &Fragment, current: &Current, fills: &[Fill], claimed: &[ClassId]) -> Self {
        let (covered, uncovered) = current.raw.iter().cloned().partition(|finding| is_covered(fragment, finding));
        let masked_without_finding = masked_without_finding(fragment, &current.raw);
        Self {
            covered,
            uncovered,
            leaked: current.sanitized.clone(),
            mismatched: mismatches(current, fills, claimed, masked_without_finding > 0),
            masked_without_finding,
        }
    }
}

/// Whether all of a raw finding is masked.
pub fn is_covered(fragment: &Fragment, finding: &Finding) -> bool {
    fragment.redaction.as_ref().is_some_and(|r| r.masks(finding.offset, finding.length, finding.idle_byte()))
}

fn masked_without_finding(fragment: &Fragment, raw: &[Finding]) -> u64 {
    let Some(redaction) = &fragment.redaction else { return 0 };
    let found = union(raw);
    let under = |interval: &Interval| -> u64 {
        let (start, end) = (interval.offset, interval.end().unwrap_or(u64::MAX));
        let first = found.partition_point(|(_, found_end)| *found_end <= start);
        let overlapping = found[first..].iter().take_while(|(found_start, _)| *found_start < end);
        overlapping.map(|(found_start, found_end)| end.min(*found_end) - start.max(*found_start)).sum()
    };
    redaction.masked_bytes.saturating_sub(redaction.interval.iter().map(under).sum())
}

/// Where findings lie, as sorted spans that do not touch.
fn union(findings: &[Finding]) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = findings.iter().map(|f| (f.offset, f.offset.saturating_add(f.length))).collect();
    spans.sort_unstable();
    let mut union: Vec<(u64, u64)> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match union.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => union.push((start, end)),
        }
    }
    union
}

fn mismatches(current: &Current, fills: &[Fill], claimed: &[ClassId], unexplained: bool) -> Vec<Mismatch> {
    let raw: BTreeSet<&ClassId> = current.raw.iter().map(|f| &f.class).collect();
    let leaked: BTreeSet<&ClassId> = current.sanitized.iter().map(|f| &f.class).collect();
    let named: BTreeSet<&ClassId> = fills.iter().filter_map(|f| f.claims.as_ref()).collect();
    let all: BTreeSet<&ClassId> = claimed.iter().chain(named.iter().copied()).collect();
    let plain = |kind, class: &ClassId| Mismatch { kind, class: class.clone(), found: None, offset: None };
    let leftover = all.iter().filter(|c| leaked.contains(**c)).map(|c| plain(MismatchKind::Leftover, c));
    // One claim is often made for all regions of a dump: where nothing was there to mask, nothing is to be verified.
    let to_verify = if unexplained { &all } else { &named };
    let unverifiable = to_verify.iter().filter(|c| !raw.contains(**c)).map(|c| plain(MismatchKind::Unverifiable, c));
    let unclaimed = raw.iter().filter(|c| !claimed.is_empty() && !all.contains(**c));
    let unclaimed = unclaimed.map(|c| plain(MismatchKind::UnclaimedClass, c));
    let placeholders = fills.iter().filter_map(|fill| of_placeholder(current, fill, claimed));
    let found: BTreeSet<Mismatch> = leftover.chain(unverifiable).chain(unclaimed).chain(placeholders).collect();
    found.into_iter().collect()
}

fn of_placeholder(current: &Current, fill: &Fill, claimed: &[ClassId]) -> Option<Mismatch> {
    let class = fill.claims.as_ref()?;
    let mismatch = |kind, found: Option<&ClassId>| {
        Some(Mismatch { kind, class: class.clone(), found: found.cloned(), offset: Some(fill.offset) })
    };
    let end = fill.offset.saturating_add(fill.length);
    let under = || current.raw.iter().filter(|f| f.offset < end && f.offset.saturating_add(f.length) > fill.offset);
    match under().find(|f| f.class != *class) {
        Some(other) if !under().any(|f| f.class == *class) => {
            mismatch(MismatchKind::PlaceholderMislabelled, Some(&other.class))
        }
        _ if !claimed.is_empty() && !claimed.contains(class) => mismatch(MismatchKind::ClassMismatch, None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Confidence;
    use crate::model::redaction::Redaction;

    fn class(id: &str) -> ClassId {
        ClassId::new(id).unwrap()
    }

    fn finding(id: &str, offset: u64, length: u64) -> Finding {
        let confidence = Confidence::High;
        Finding { class: class(id), offset, length, encoding: "ascii".into(), confidence, commitment: None }
    }

    fn masked(intervals: &[(u64, u64)]) -> Fragment {
        let interval = |&(offset, length): &_| Interval { offset, length, fill: None };
        let masked_bytes = intervals.iter().map(|(_, length)| length).sum();
        let redaction = Redaction { masked_bytes, elided: vec![], interval: intervals.iter().map(interval).collect() };
        Fragment { redaction: Some(redaction), ..crate::model::fragment::tests::fragment() }
    }

    fn fill(offset: u64, claims: &str) -> Fill {
        Fill { offset, length: 16, kind: FillKind::Placeholder, claims: Some(class(claims)) }
    }

    fn kinds(current: &Current, fills: &[Fill], claimed: &[&str]) -> Vec<MismatchKind> {
        kinds_where(&[(0, 100)], current, fills, claimed)
    }

    fn kinds_where(intervals: &[(u64, u64)], current: &Current, fills: &[Fill], claimed: &[&str]) -> Vec<MismatchKind> {
        let claimed: Vec<ClassId> = claimed.iter().map(|id| class(id)).collect();
        Coverage::of(&masked(intervals), current, fills, &claimed).mismatched.into_iter().map(|m| m.kind).collect()
    }

    #[test]
    fn findings_are_covered_uncovered_or_leaked() {
        let current = Current {
            raw: vec![finding("email", 0, 8), finding("email", 20, 8)],
            sanitized: vec![finding("iban", 40, 4)],
        };
        let coverage = Coverage::of(&masked(&[(0, 8), (20, 7)]), &current, &[], &[]);
        assert_eq!(coverage.covered, [finding("email", 0, 8)]);
        assert_eq!(coverage.uncovered, [finding("email", 20, 8)]);
        assert_eq!(coverage.leaked, [finding("iban", 40, 4)]);
    }

    #[test]
    fn masked_bytes_without_a_finding_are_counted_once() {
        let raw = vec![finding("email", 0, 10), finding("url", 2, 30), finding("email", 50, 4)];
        let current = Current { raw, sanitized: vec![] };
        for (intervals, bytes) in [(&[(0, 10), (20, 20)][..], 8), (&[(0, 100)], 64), (&[(40, 5)], 5), (&[], 0)] {
            assert_eq!(Coverage::of(&masked(intervals), &current, &[], &[]).masked_without_finding, bytes);
        }
    }

    #[test]
    fn claims_are_held_against_what_was_found() {
        let raw = |ids: &[&str]| Current { raw: ids.iter().map(|id| finding(id, 0, 8)).collect(), sanitized: vec![] };
        let leaked = Current { sanitized: vec![finding("email", 0, 8)], ..raw(&["email"]) };
        assert_eq!(kinds(&leaked, &[], &["email"]), [MismatchKind::Leftover]);
        assert_eq!(
            kinds(&raw(&["email"]), &[fill(0, "email")], &["iban"]),
            [MismatchKind::ClassMismatch, MismatchKind::Unverifiable]
        );
        assert_eq!(kinds(&raw(&["email", "iban"]), &[], &["email"]), [MismatchKind::UnclaimedClass]);
        assert_eq!(
            kinds(&raw(&["email"]), &[fill(0, "iban")], &[]),
            [MismatchKind::PlaceholderMislabelled, MismatchKind::Unverifiable]
        );
        assert_eq!(kinds(&raw(&[]), &[], &["email"]), [MismatchKind::Unverifiable]);
        assert_eq!(kinds(&raw(&["email"]), &[fill(0, "email")], &["email"]), []);
        assert_eq!(kinds(&raw(&["email"]), &[], &[]), [], "nothing is claimed");
    }

    #[test]
    fn a_claim_is_kept_where_nothing_was_there_to_mask() {
        let found = Current { raw: vec![finding("email", 0, 8)], sanitized: vec![] };
        let claims = ["email", "iban"];
        assert_eq!(kinds_where(&[], &Current::default(), &[], &claims), [], "nothing is masked");
        assert_eq!(kinds_where(&[(0, 8)], &found, &[], &claims), [], "all that is masked is explained");
        assert_eq!(kinds_where(&[(0, 9)], &found, &[], &claims), [MismatchKind::Unverifiable]);
        assert_eq!(
            kinds_where(&[(0, 8)], &found, &[fill(0, "iban")], &claims).len(),
            2,
            "a placeholder says it was there"
        );
    }

    #[test]
    fn a_fill_says_what_it_is() {
        let (card, email) = (class("payment-card"), class("email"));
        let kind = |fill: Option<u8>, bytes: &[u8]| {
            let placeholders = [(&card, "[REDACTED:CARD]"), (&email, "[EMAIL]")].into_iter();
            Fill::of(&Interval { offset: 0, length: 16, fill }, bytes, placeholders)
        };
        assert_eq!(kind(Some(0), &[0; 16]).kind, FillKind::Zero);
        assert_eq!(kind(Some(b'X'), &[b'X'; 16]).kind, FillKind::X);
        assert_eq!(kind(None, b"[REDACTED:CARD] ").claims, Some(card.clone()));
        for phase in 0..4 {
            let words: Vec<u8> = [0xed, 0xac, 0xef, 0x0d].into_iter().cycle().skip(phase).take(13).collect();
            assert_eq!(kind(None, &words).kind, FillKind::Defaced, "{phase}");
        }
        assert_eq!(kind(Some(7), &[7; 16]).kind, FillKind::Other);
        assert_eq!(kind(None, b"").kind, FillKind::Other);
    }
}
