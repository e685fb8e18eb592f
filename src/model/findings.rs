//! `findings/<fragment>.toml`: the union of what scans of one fragment found, and what people made of it.
//!
//! Findings are bound to the very bytes they were found in, raw or sanitized: masking a fragment anew leaves the old
//! findings on record, about the old bytes. The union only grows, so that an empty or narrower scan never hides an
//! earlier one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::actor::CUSTODIAN;
use super::canonical::{LONGEST, Stored};
use super::charter::Charter;
use super::digest::{Blake3, Sha256};
use super::disposition::Disposition;
use super::finding::is_encoding;
use super::fragment::Fragment;
use super::id::{ActorId, ClassId, FragmentId, KeyId};
use super::scanned::{Complete, Scanned, bytes_of};

/// The most findings of one fragment that are kept: what holds more must be taken region by region.
pub const MAX_FINDINGS: usize = 131_072;
/// The longest file that a scan may leave, in bytes. What is left of [`LONGEST`] is for dispositions: whoever records scans, an
/// agent too, must not be able to keep people from judging them.
pub const LONGEST_SCANNED: usize = LONGEST - (256 << 10);

/// `findings/<fragment>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingsFile {
    /// 1.
    pub format: u32,
    /// The fragment; the file is called after it.
    pub fragment: FragmentId,
    /// The vault key that the commitments are made with.
    pub key: KeyId,
    /// What was found, by the bytes it was found in, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scan: Vec<Scanned>,
    /// What people made of it, in order. The newest of a class counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disposition: Vec<Disposition>,
}

impl Stored for FindingsFile {}

impl FindingsFile {
    /// A file without findings.
    pub fn new(fragment: FragmentId, key: KeyId) -> Self {
        Self { format: 1, fragment, key, scan: Vec::new(), disposition: Vec::new() }
    }

    /// What is wrong with it, if anything: it must be the one form of its own union.
    pub fn problem(&self) -> Option<String> {
        let key = |s: &Scanned| (s.of, s.bytes.clone());
        let sorted = self.scan.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]));
        // Each by itself: sorting all of them anew for each would take the square of what a crafted file can list.
        if !sorted || self.scan.iter().any(|scanned| scanned.with(None) != *scanned) {
            return Some("it is not sorted, lists something twice or has an empty set".to_owned());
        }
        if self.scan.iter().any(|s| Blake3::try_from(s.bytes.clone()).is_err()) {
            return Some("`bytes` is no digest".to_owned());
        }
        let mut encodings = self.scan.iter().flat_map(|s| &s.found).map(|f| f.encoding.as_str());
        if let Some(other) = encodings.find(|encoding| !is_encoding(encoding)) {
            return Some(format!("an encoding of {} bytes is none that scans name", other.len()));
        }
        let findings = || self.scan.iter().flat_map(Scanned::findings);
        if findings().any(|f| f.length == 0 || f.offset.checked_add(f.length).is_none()) {
            return Some("a finding is empty or ends nowhere".to_owned());
        }
        (findings().count() > MAX_FINDINGS).then(|| format!("it lists more than {MAX_FINDINGS} findings"))
    }

    /// Adds what a scan found; nothing that was there goes.
    pub fn add(&mut self, new: &Scanned) {
        let old = self.scan.iter().position(|s| s.of == new.of && s.bytes == new.bytes);
        let old = old.map(|at| self.scan.remove(at));
        self.scan.push(new.with(old.as_ref()));
        self.scan.sort_by(|a, b| (a.of, &a.bytes).cmp(&(b.of, &b.bytes)));
    }

    /// Whether it holds all that another held: adding the other changes nothing.
    pub fn holds(&self, other: &Self) -> bool {
        let mut union = self.clone();
        other.scan.iter().for_each(|scanned| union.add(scanned));
        union == *self && self.disposition.starts_with(&other.disposition)
    }

    /// How many findings it lists, about whatever bytes.
    pub fn count(&self) -> usize {
        self.scan.iter().flat_map(|s| &s.found).flat_map(|f| &f.values).map(|v| v.places.len()).sum()
    }
}

/// The findings of one fragment as the replay keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFindings {
    /// The stored file.
    pub file: FindingsFile,
    /// The Ed25519 point of the key that signed each disposition, in their order.
    pub points: Vec<[u8; 32]>,
    /// The points of the keys that signed the entries with whole scans in them, by the bytes that were scanned and by
    /// whom.
    pub scanners: BTreeMap<(String, Complete), [u8; 32]>,
    /// BLAKE3 of the stored file.
    pub digest: Blake3,
    /// SHA-256 of the stored file, for the digest of the material.
    pub sha256: Sha256,
}

impl RecordedFindings {
    /// Whether all of the fragment's present bytes were scanned where they are, by this taxonomy, by a custodian whose key
    /// counts; `around` is what [`super::surroundings`] says of it now.
    pub fn is_vouched_for(&self, fragment: &Fragment, taxonomy: &Blake3, around: &Blake3, charter: &Charter) -> bool {
        let is_present = |complete: &Complete| (complete.taxonomy, complete.around) == (*taxonomy, *around);
        let counts = |scanned: &Scanned, complete: &Complete| {
            let signed = self.scanners.get(&(scanned.bytes.clone(), complete.clone()));
            let holder = signed.and_then(|point| charter.counts_for(point));
            holder.is_some_and(|actor| actor.id == complete.by && actor.is_human_with(CUSTODIAN))
        };
        bytes_of(fragment).into_iter().all(|(side, bytes)| {
            let mut scans = self.file.scan.iter().filter(|s| s.of == side && s.bytes == bytes);
            scans.any(|s| s.complete.iter().any(|c| is_present(c) && counts(s, c)))
        })
    }

    /// The newest disposition of a class that counts by this charter: its key still does, and its actor may still
    /// dispose.
    pub fn disposition(&self, class: &ClassId, charter: &Charter) -> Option<&Disposition> {
        let counts = |by: &ActorId, point| {
            charter.counts_for(point).is_some_and(|actor| actor.id == *by && charter.may_dispose(actor))
        };
        let mut newest_first = self.file.disposition.iter().zip(&self.points).rev();
        newest_first.find(|(d, point)| d.class == *class && counts(&d.by, point)).map(|(d, _)| d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::KeyedBlake3;
    use crate::model::finding::{Confidence, Finding};
    use crate::model::fragment::Extent;
    use crate::model::kinds::Named as _;
    use crate::model::scanned::Side;
    use proptest::prelude::*;

    fn finding(class: &str, offset: u64, value: u8, confidence: Confidence) -> Finding {
        Finding {
            class: ClassId::new(class).unwrap(),
            offset,
            length: 4,
            encoding: if offset.is_multiple_of(2) { "ascii" } else { "utf-16le" }.into(),
            confidence,
            commitment: Some(KeyedBlake3::from_bytes([value; 32])),
        }
    }

    fn file(findings: &[Finding]) -> FindingsFile {
        let mut file = FindingsFile::new(FragmentId::new("stack").unwrap(), KeyId::new("0".repeat(16)).unwrap());
        file.add(&Scanned::of(Side::Raw, "0".repeat(64), None, findings));
        file
    }

    fn some_findings() -> impl Strategy<Value = Vec<Finding>> {
        let one = (prop::sample::select(vec!["email", "iban"]), 0..40_u64, 0..4_u8, 0..3_usize);
        let one = one.prop_map(|(class, offset, value, c)| finding(class, offset, value, Confidence::NAMES[c]));
        prop::collection::vec(one, 0..30)
    }

    proptest! {
        #[test]
        fn a_union_holds_both_parts_and_is_one_form(a in some_findings(), b in some_findings()) {
            let (mut ab, mut ba) = (file(&a), file(&b));
            ab.add(&file(&b).scan[0]);
            ba.add(&file(&a).scan[0]);
            prop_assert_eq!(&ab, &ba);
            prop_assert!(ab.holds(&file(&a)) && ab.holds(&file(&b)));
            prop_assert_eq!(ab.problem(), None);
            prop_assert_eq!(FindingsFile::decode(ab.encode().as_bytes()).unwrap(), ab);
        }

        #[test]
        fn a_narrower_scan_holds_less(all in some_findings(), dropped in 0..30_usize) {
            prop_assume!(dropped < all.len());
            let gone = &all[dropped];
            let same = |f: &&Finding| Finding { confidence: gone.confidence, ..(*f).clone() } != *gone;
            let fewer: Vec<Finding> = all.iter().filter(same).cloned().collect();
            prop_assert!(!file(&fewer).holds(&file(&all)));
        }
    }

    #[test]
    fn a_file_that_is_not_its_own_union_has_a_problem() {
        let good = file(&[finding("email", 0, 1, Confidence::Low), finding("email", 4, 1, Confidence::Low)]);
        let mut twice = good.clone();
        twice.scan.push(good.scan[0].clone());
        let mut unsorted = good.clone();
        unsorted.scan[0].found[0].values[0].places.reverse();
        let mut repeated = good.clone();
        repeated.scan[0].found[0].values[0].places[1] = Extent { offset: 0, length: 4 };
        let mut empty = good.clone();
        empty.scan[0].found[0].values[0].places[0].length = 0;
        for bad in [twice, unsorted, repeated, empty] {
            assert!(bad.problem().is_some(), "{bad:?}");
        }
        assert_eq!(good.problem(), None);
    }

    #[test]
    fn a_file_that_lists_more_than_may_be_kept_has_a_problem() {
        let many = |count: usize| {
            let each = (0..count as u64).map(|at| finding("email", 4 * at, 1, Confidence::Low));
            file(&each.collect::<Vec<_>>()).problem()
        };
        assert_eq!(many(MAX_FINDINGS), None);
        assert!(many(MAX_FINDINGS + 1).is_some());
    }
}
