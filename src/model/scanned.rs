//! What scans of some bytes found: values by commitment, with their places, and who scanned all of them.
//!
//! A value stands once, with all its places, because the same few values make up most of what a heap holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::digest::{Blake3, KeyedBlake3};
use super::finding::{Confidence, Finding};
use super::fragment::{Extent, Fragment};
use super::id::{ActorId, ClassId, InvalidId};
use super::kinds::kind_enum;

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

/// A scan that read everything, spelled `TAXONOMY AROUND ACTOR`: what a custodian says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Complete {
    /// BLAKE3 of the taxonomy it went by.
    pub taxonomy: Blake3,
    /// What lay around the fragment, see [`super::surroundings`].
    pub around: Blake3,
    /// Who scanned: the actor of the entry that recorded it.
    pub by: ActorId,
}

impl TryFrom<String> for Complete {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = text.splitn(3, ' ');
        let (Some(taxonomy), Some(around), Some(by)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("a scan is spelled TAXONOMY AROUND ACTOR".to_owned());
        };
        let digest = |text: &str| Blake3::try_from(text.to_owned()).map_err(|e| e.to_string());
        Ok(Self {
            taxonomy: digest(taxonomy)?,
            around: digest(around)?,
            by: by.parse().map_err(|e: InvalidId| e.to_string())?,
        })
    }
}

impl From<Complete> for String {
    fn from(complete: Complete) -> String {
        format!("{} {} {}", complete.taxonomy, complete.around, complete.by)
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

    /// The one form of what it and another of the same bytes say.
    pub(super) fn with(&self, other: Option<&Self>) -> Self {
        let both = || other.into_iter().chain([self]);
        let mut known = BTreeMap::new();
        remember(&mut known, both().flat_map(Self::findings));
        let complete: BTreeSet<Complete> = both().flat_map(|s| &s.complete).cloned().collect();
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

/// The names of a fragment's bytes, by side.
pub fn bytes_of(fragment: &Fragment) -> Vec<(Side, String)> {
    let raw = (Side::Raw, fragment.raw.keyed_blake3.to_string());
    let sanitized = fragment.sanitized.as_ref().map(|s| (Side::Sanitized, s.blake3.to_string()));
    [Some(raw), sanitized].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_a_value_are_refused() {
        let commitment = "ab".repeat(32);
        for text in ["", " 0+4 ", " 00+4", " 0+04", " 0+4  8+4", " +4", " 0x1+4"] {
            assert!(Value::try_from(format!("{commitment}{text}")).is_err(), "{text}");
        }
        let good = format!("{commitment} 0+4 8+4");
        assert_eq!(Value::try_from(good.clone()).unwrap().to_string(), good);
    }
}
