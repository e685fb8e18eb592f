//! What was found in a fragment's bytes as they are now, and the exact sets that people judge.
//!
//! Everything that was ever found stays on record ([`super::findings`]); only what is about the present bytes counts.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::is_covered;
use super::digest::Blake3;
use super::finding::{Confidence, Finding};
use super::fragment::Fragment;
use super::id::ClassId;
use super::scanned::{Identity, Scanned, Side, bytes_of, remember};

/// What was found in a fragment's bytes as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    /// In the raw bytes.
    pub raw: Vec<Finding>,
    /// In the sanitized bytes.
    pub sanitized: Vec<Finding>,
}

impl Current {
    /// What scans found in the bytes that the fragment has now; findings about earlier bytes are left out.
    pub fn of<'a>(fragment: &Fragment, scans: impl Iterator<Item = &'a Scanned>) -> Self {
        let mut sides: BTreeMap<Side, BTreeMap<Identity, Confidence>> = BTreeMap::new();
        let bytes = bytes_of(fragment);
        for scanned in scans.filter(|s| bytes.iter().any(|(side, bytes)| s.of == *side && s.bytes == *bytes)) {
            remember(sides.entry(scanned.of).or_default(), scanned.findings());
        }
        let mut list = |side| {
            let known = sides.remove(&side).unwrap_or_default();
            let finding = |((class, encoding, commitment, offset, length), confidence)| Finding {
                class,
                offset,
                length,
                encoding,
                confidence,
                commitment: Some(commitment),
            };
            known.into_iter().map(finding).collect()
        };
        Self { raw: list(Side::Raw), sanitized: list(Side::Sanitized) }
    }

    /// The exact set of one class in the fragment that they are of: which findings, and which of them are masked. What was
    /// said of a masked value was not said of one that shows.
    pub fn set(&self, fragment: &Fragment, class: &ClassId) -> FindingSet {
        let of_class = |f: &&Finding| f.class == *class;
        let raw = self.raw.iter().filter(of_class).map(|f| line(Side::Raw, is_covered(fragment, f), f));
        let sanitized = self.sanitized.iter().filter(of_class).map(|f| line(Side::Sanitized, false, f));
        let mut lines: Vec<String> = raw.chain(sanitized).collect();
        lines.sort_unstable();
        FindingSet { count: lines.len() as u64, digest: Blake3::of(lines.concat().as_bytes()) }
    }

    /// The classes found.
    pub fn classes(&self) -> BTreeSet<&ClassId> {
        self.raw.iter().chain(&self.sanitized).map(|f| &f.class).collect()
    }
}

fn line(side: Side, masked: bool, finding: &Finding) -> String {
    let commitment = finding.commitment.map(|c| c.to_string()).unwrap_or_default();
    let state = if masked { "masked" } else { "shows" };
    format!("{side} {state} {}+{} {} {commitment}\n", finding.offset, finding.length, finding.encoding)
}

/// The sorted set of findings of one class in one fragment: what a disposition is about. One finding more or less is
/// another set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingSet {
    /// How many.
    pub count: u64,
    /// BLAKE3 over the sorted lines `SIDE masked|shows OFFSET+LENGTH ENCODING COMMITMENT`.
    pub digest: Blake3,
}

impl FindingSet {
    /// The set of nothing.
    pub fn empty() -> Self {
        Self { count: 0, digest: Blake3::of(b"") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::KeyedBlake3;
    use crate::model::fragment::tests::fragment;
    use crate::model::redaction::{Interval, Redaction};

    fn finding(class: &str, offset: u64, value: u8, confidence: Confidence) -> Finding {
        let (class, encoding) = (ClassId::new(class).unwrap(), "ascii".into());
        let commitment = Some(KeyedBlake3::from_bytes([value; 32]));
        Finding { class, offset, length: 4, encoding, confidence, commitment }
    }

    #[test]
    fn every_finding_more_is_another_set_and_what_speaks_for_it_is_not() {
        let class = ClassId::new("email").unwrap();
        let open = Fragment { redaction: None, ..fragment() };
        let set = |findings: &[Finding]| Current { raw: findings.to_vec(), sanitized: vec![] }.set(&open, &class);
        let one = [finding("email", 0, 1, Confidence::Low)];
        let other = [finding("iban", 8, 1, Confidence::Low)];
        assert_eq!(set(&one), set(&[one[0].clone(), other[0].clone()]));
        assert_eq!(set(&one), set(&[finding("email", 0, 1, Confidence::High)]));
        for more in [finding("email", 4, 1, Confidence::Low), finding("email", 0, 2, Confidence::Low)] {
            assert_ne!(set(&one), set(&[one[0].clone(), more]));
        }
        let moved = Current { raw: vec![], sanitized: one.to_vec() };
        assert_ne!(set(&one), moved.set(&open, &class), "leaked is not the same as found");
        assert_eq!(FindingSet::empty(), set(&[]));
    }

    #[test]
    fn a_finding_that_is_masked_no_more_is_another_set() {
        let class = ClassId::new("email").unwrap();
        let found = Current { raw: vec![finding("email", 8, 1, Confidence::Low)], sanitized: vec![] };
        let masked = |length| {
            let interval = vec![Interval { offset: 8, length, fill: None }];
            let redaction = Redaction { interval, masked_bytes: length, elided: vec![] };
            found.set(&Fragment { redaction: Some(redaction), ..fragment() }, &class)
        };
        assert_eq!((masked(4), masked(3).count), (masked(5), 1));
        assert_ne!(masked(4), masked(3), "a byte of it shows");
    }
}
