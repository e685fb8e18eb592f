//! `findings/<fragment>.toml`: the union of what scans of one fragment found, and what people made of it.
//!
//! Findings are bound to the very bytes they were found in, raw or sanitized: masking a fragment anew leaves the old
//! findings on record, about the old bytes. The union only grows, so that an empty or narrower scan never hides an
//! earlier one. A value is named by its commitment and stands once, with all its places, because the same few values
//! make up most of what a heap holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::actor::CUSTODIAN;
use super::canonical::Stored;
use super::charter::Charter;
use super::digest::{Blake3, KeyedBlake3, Sha256};
use super::finding::{Confidence, Finding, is_encoding};
use super::fragment::{Extent, Fragment};
use super::id::{ActorId, ClassId, FragmentId, KeyId};
use super::kinds::kind_enum;
use super::time::Time;

/// The most findings of one fragment that are kept: what holds more must be taken region by region.
pub const MAX_FINDINGS: usize = 131_072;

kind_enum!(
    /// Which of a fragment's bytes.
    #[derive(Hash)]
    Side {
        /// As they were captured.
        Raw = "raw",
        /// As they go to the lane.
        Sanitized = "sanitized",
    }
);

kind_enum!(
    /// What a human judged a set of findings to be.
    Judgement {
        /// No customer's: library text, the product's own addresses.
        NotCustomerData = "not-customer-data",
        /// A customer's, or perhaps, and the review needs it.
        Needed = "needed",
    }
);

/// One value and everywhere it was found, spelled `COMMITMENT OFFSET+LENGTH OFFSET+LENGTH …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Value {
    /// Its commitment.
    pub commitment: KeyedBlake3,
    /// Its places, sorted; at least one.
    pub places: Vec<Extent>,
}

impl TryFrom<String> for Value {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut words = text.split(' ');
        let commitment = words.next().unwrap_or_default().to_owned();
        let commitment = KeyedBlake3::try_from(commitment).map_err(|e| e.to_string())?;
        let places: Option<Vec<Extent>> = words.map(place).collect();
        let places = places.filter(|p| !p.is_empty()).ok_or_else(|| "a value lists OFFSET+LENGTH".to_owned())?;
        Ok(Self { commitment, places })
    }
}

fn place(text: &str) -> Option<Extent> {
    let (offset, length) = text.split_once('+')?;
    let number = |digits: &str| {
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        plain.then(|| digits.parse::<u64>().ok()).flatten()
    };
    Some(Extent { offset: number(offset)?, length: number(length)? })
}

impl From<Value> for String {
    fn from(value: Value) -> String {
        value.to_string()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.commitment)?;
        self.places.iter().try_for_each(|p| write!(f, " {}+{}", p.offset, p.length))
    }
}

/// The values of one class in one encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Their class.
    pub class: ClassId,
    /// How they are encoded.
    pub encoding: CompactString,
    /// How much speaks for them.
    pub confidence: Confidence,
    /// They, sorted by commitment.
    pub values: Vec<Value>,
}

/// A scan that read everything, spelled `TAXONOMY ACTOR`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Complete {
    /// BLAKE3 of the taxonomy it went by.
    pub taxonomy: Blake3,
    /// Who scanned: the actor of the entry that recorded it.
    pub by: ActorId,
}

impl TryFrom<String> for Complete {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (taxonomy, by) = text.split_once(' ').ok_or("a scan is spelled TAXONOMY ACTOR")?;
        let taxonomy = Blake3::try_from(taxonomy.to_owned()).map_err(|e| e.to_string())?;
        Ok(Self { taxonomy, by: by.parse().map_err(|e: super::id::InvalidId| e.to_string())? })
    }
}

impl From<Complete> for String {
    fn from(complete: Complete) -> String {
        format!("{} {}", complete.taxonomy, complete.by)
    }
}

/// What scans of the same bytes found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    /// Which bytes.
    pub of: Side,
    /// The raw bytes' commitment, or the sanitized bytes' BLAKE3: those very bytes.
    pub bytes: String,
    /// Who scanned all of them, by which taxonomy, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complete: Vec<Complete>,
    /// What was found, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
}

impl Scanned {
    /// A scan's result.
    pub fn of(side: Side, bytes: String, complete: Option<Complete>, findings: &[Finding]) -> Self {
        let mut scanned = Self { of: side, bytes, complete: complete.into_iter().collect(), found: Vec::new() };
        let mut known = BTreeMap::new();
        remember(&mut known, findings.iter().cloned());
        scanned.found = grouped(&known);
        scanned
    }

    /// The one form of what it says.
    fn again(&self) -> Self {
        let complete: BTreeSet<Complete> = self.complete.iter().cloned().collect();
        let mut known = BTreeMap::new();
        remember(&mut known, self.findings());
        let (of, bytes) = (self.of, self.bytes.clone());
        Self { of, bytes, complete: complete.into_iter().collect(), found: grouped(&known) }
    }

    /// Its findings, one by one.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        self.found.iter().flat_map(|found| {
            found.values.iter().flat_map(|value| {
                value.places.iter().map(|place| Finding {
                    class: found.class.clone(),
                    offset: place.offset,
                    length: place.length,
                    encoding: found.encoding.clone(),
                    confidence: found.confidence,
                    commitment: Some(value.commitment),
                })
            })
        })
    }
}

/// A finding without how much speaks for it.
pub(super) type Identity = (ClassId, CompactString, KeyedBlake3, u64, u64);

/// The same finding twice is one, by whatever speaks most for it.
pub(super) fn remember(known: &mut BTreeMap<Identity, Confidence>, findings: impl Iterator<Item = Finding>) {
    for finding in findings {
        // Without a key there is no commitment, and nothing of it can be recorded.
        let Some(commitment) = finding.commitment else { continue };
        let identity = (finding.class, finding.encoding, commitment, finding.offset, finding.length);
        let confidence = known.entry(identity).or_insert(finding.confidence);
        *confidence = (*confidence).max(finding.confidence);
    }
}

fn grouped(known: &BTreeMap<Identity, Confidence>) -> Vec<Found> {
    let mut groups: BTreeMap<(ClassId, CompactString, Confidence), BTreeMap<KeyedBlake3, Vec<Extent>>> =
        BTreeMap::new();
    for ((class, encoding, commitment, offset, length), confidence) in known {
        let group = groups.entry((class.clone(), encoding.clone(), *confidence)).or_default();
        group.entry(*commitment).or_default().push(Extent { offset: *offset, length: *length });
    }
    groups
        .into_iter()
        .map(|((class, encoding, confidence), values)| Found {
            class,
            encoding,
            confidence,
            values: values.into_iter().map(|(commitment, places)| Value { commitment, places }).collect(),
        })
        .collect()
}

/// A human's judgement over the exact set of findings of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// The class.
    pub class: ClassId,
    /// What they are.
    #[serde(rename = "as")]
    pub judgement: Judgement,
    /// How many findings the set held.
    pub count: u64,
    /// The set's digest, see [`super::finding_set::FindingSet`].
    pub set: Blake3,
    /// Why.
    pub why: String,
    /// By whom: the entry's actor.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// Their own signature over [`super::objection::statement`], in namespace `packet.ledger.v1`.
    pub signature: String,
}

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
        if !sorted || self.scan.iter().any(|scanned| scanned.again() != *scanned) {
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
        let both = || old.iter().chain([new]);
        let mut known = BTreeMap::new();
        remember(&mut known, both().flat_map(Scanned::findings));
        let complete: BTreeSet<Complete> = both().flat_map(|s| &s.complete).cloned().collect();
        let (of, bytes) = (new.of, new.bytes.clone());
        self.scan.push(Scanned { of, bytes, complete: complete.into_iter().collect(), found: grouped(&known) });
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

/// The names of a fragment's bytes, by side.
pub fn bytes_of(fragment: &Fragment) -> Vec<(Side, String)> {
    let raw = (Side::Raw, fragment.raw.keyed_blake3.to_string());
    let sanitized = fragment.sanitized.as_ref().map(|s| (Side::Sanitized, s.blake3.to_string()));
    [Some(raw), sanitized].into_iter().flatten().collect()
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
    /// Whether all of the fragment's present bytes were scanned by this taxonomy, by a custodian whose key counts.
    pub fn is_vouched_for(&self, fragment: &Fragment, taxonomy: &Blake3, charter: &Charter) -> bool {
        let counts = |scanned: &Scanned, complete: &Complete| {
            let signed = self.scanners.get(&(scanned.bytes.clone(), complete.clone()));
            let holder = signed.and_then(|point| charter.counts_for(point));
            holder.is_some_and(|actor| actor.id == complete.by && actor.is_human_with(CUSTODIAN))
        };
        bytes_of(fragment).into_iter().all(|(side, bytes)| {
            let mut scans = self.file.scan.iter().filter(|s| s.of == side && s.bytes == bytes);
            scans.any(|s| s.complete.iter().any(|c| c.taxonomy == *taxonomy && counts(s, c)))
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

/// The subject that a disposition's signature names: `FRAGMENT/CLASS`.
pub fn disposition_subject(fragment: &FragmentId, class: &ClassId) -> String {
    format!("{fragment}/{class}")
}

/// The act that a disposition's signature names.
pub fn disposition_act(judgement: Judgement) -> String {
    format!("dispose {judgement}")
}

/// What a command found in one fragment when it looked itself, before anything of it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentScan {
    /// The fragment.
    pub fragment: FragmentId,
    /// What was found, by side.
    pub scanned: Vec<Scanned>,
    /// Why not everything was read, if so.
    pub incomplete: Option<String>,
    /// Whether that is because the bytes were out of reach, and for no other reason.
    pub out_of_reach: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::Named as _;
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
    fn other_spellings_of_a_value_are_refused() {
        let commitment = "ab".repeat(32);
        for text in ["", " 0+4 ", " 00+4", " 0+04", " 0+4  8+4", " +4", " 0x1+4"] {
            assert!(Value::try_from(format!("{commitment}{text}")).is_err(), "{text}");
        }
        let good = format!("{commitment} 0+4 8+4");
        assert_eq!(Value::try_from(good.clone()).unwrap().to_string(), good);
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
}
