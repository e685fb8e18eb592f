//! Fragments: exact ranges of captures, named by commitments and never by bytes.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::canonical::Stored;
use super::digest::{Blake3, KeyedBlake3, Sha256};
use super::id::{ClassId, FragmentId, KeyId, SessionId};
use super::redaction::Redaction;
use super::region::RegionKind;
use super::session::Capture;
use super::target::Part;

/// Whether a fragment or attachment goes to the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disclosure {
    /// Goes to the lane.
    Included,
    /// Stays in the vault; the lane sees its digest.
    Annex,
}

impl Disclosure {
    /// Its name, as files spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Included => "included",
            Self::Annex => "annex",
        }
    }
}

/// Where in its capture a fragment lies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// From the capture's first byte.
    pub offset: u64,
    /// How long.
    pub length: u64,
}

/// What is promised about raw bytes: a commitment keyed with the vault's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCommitment {
    /// BLAKE3 of the raw range, keyed: no oracle for short or guessable ranges.
    pub keyed_blake3: KeyedBlake3,
    /// Which key. Another key is refused, never made anew.
    pub key: KeyId,
    /// How many bytes were committed to.
    pub bytes: u64,
}

/// What masked the bytes, as the person who added the fragment says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sanitizer {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// BLAKE3 of its configuration: the rules it went by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Blake3>,
    /// The classes it says it masks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClassId>,
}

/// The sanitized bytes, which lie in the vault under their BLAKE3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sanitized {
    /// Their BLAKE3: the name they are stored under.
    pub blake3: Blake3,
    /// Their SHA-256.
    pub sha256: Sha256,
    /// How many.
    pub bytes: u64,
}

/// `fragments/<id>.toml`: one exact range of one capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// 1.
    pub format: u32,
    /// Its name; the file is called after it.
    pub id: FragmentId,
    /// The session it belongs to.
    pub session: SessionId,
    /// Whether it goes to the lane.
    pub disclosure: Disclosure,
    /// Why it is here as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The region of the dump that it is, or is a part of, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What that region is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RegionKind>,
    /// Other names for these bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it lay in memory, if all of it lay in one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub va: Option<Address>,
    /// The capture it is a range of.
    pub capture: Capture,
    /// Where in it.
    pub range: Extent,
    /// The raw bytes, by commitment.
    pub raw: RawCommitment,
    /// The sanitized bytes, by digest; absent in an annex without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sanitized: Option<Sanitized>,
    /// What masked them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sanitizer: Option<Sanitizer>,
    /// What was masked between the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
}

impl Stored for Fragment {}

/// The longest name of a region, in bytes.
pub const LONGEST_REGION: usize = 128;

impl Fragment {
    /// What is wrong with its meaning, if anything.
    pub fn problem(&self, min_fragment: u64) -> Option<String> {
        let Extent { offset, length } = self.range;
        if offset.checked_add(length).is_none_or(|end| end > self.capture.bytes) {
            return Some(format!("range {offset}+{length} does not lie in a capture of {} bytes", self.capture.bytes));
        }
        if self.raw.bytes != length {
            return Some(format!("commits to {} bytes of a range of {length}", self.raw.bytes));
        }
        if length < min_fragment {
            return Some(format!("{length} bytes; the charter's `min_fragment` is {min_fragment}"));
        }
        if let Some(problem) = self.place_problem() {
            return Some(problem);
        }
        match (&self.sanitized, &self.redaction) {
            (Some(sanitized), _) if sanitized.bytes != length => {
                Some(format!("{} sanitized bytes for a range of {length}", sanitized.bytes))
            }
            (Some(_), Some(redaction)) => {
                redaction.check(length).err().map(|e| e.to_string()).or_else(|| self.unmasked(redaction))
            }
            (None, None) if self.disclosure == Disclosure::Annex => None,
            (None, None) => Some("included without sanitized bytes".to_owned()),
            _ => Some("sanitized bytes and redaction go together".to_owned()),
        }
    }

    /// What is wrong with where it says it lay, if anything.
    fn place_problem(&self) -> Option<String> {
        let names = self.region.iter().chain(&self.aliases);
        let fits = |name: &String| {
            !name.is_empty() && name.len() <= LONGEST_REGION && name.bytes().all(|b| b.is_ascii_graphic())
        };
        if let Some(name) = names.into_iter().find(|name| !fits(name)) {
            return Some(format!("`{name}` is no name of a region"));
        }
        let past_the_end = self.va.is_some_and(|va| va.get().checked_add(self.range.length).is_none());
        if self.region.is_some() != self.kind.is_some() {
            return Some("a region and its kind go together".to_owned());
        }
        past_the_end.then(|| "it reaches past the last address".to_owned())
    }

    /// Whether it may be the region of this name, or a part of it. One that was not taken by region may be any.
    pub fn may_be_region(&self, name: &str) -> bool {
        self.region.as_ref().is_none_or(|own| own == name || self.aliases.iter().any(|alias| alias == name))
    }

    /// Whether it may hold a byte of an address range. One whose address is not known may hold any.
    pub fn may_overlap(&self, start: u64, length: u64) -> bool {
        self.va.is_none_or(|va| {
            let end = va.get().saturating_add(self.range.length);
            va.get() < start.saturating_add(length) && start < end
        })
    }

    /// Whether it may hold a byte of a range of another fragment, by capture or by address.
    fn may_share(&self, other: &Self, offset: u64, length: u64) -> bool {
        let from = other.range.offset.saturating_add(offset);
        let in_file = self.capture == other.capture
            && self.range.offset < from.saturating_add(length)
            && from < self.range.offset.saturating_add(self.range.length);
        let in_memory =
            self.va.is_some() && other.va.is_some_and(|va| self.may_overlap(va.get().saturating_add(offset), length));
        in_file || in_memory
    }

    /// Whether what a target says of another fragment is about bytes of this one too: the same bytes under another name.
    pub fn is_reached_through(&self, other: &Self, part: Option<Part>) -> bool {
        if self.session != other.session {
            return false;
        }
        match part {
            None => self.may_share(other, 0, other.range.length),
            Some(Part::Offset(offset, length)) => self.may_share(other, offset, length),
            Some(Part::Address(start, length)) => self.va.is_some() && self.may_overlap(start, length),
        }
    }

    fn unmasked(&self, redaction: &Redaction) -> Option<String> {
        let included = self.disclosure == Disclosure::Included;
        (included && redaction.masked_bytes == 0 && redaction.elided.is_empty() && self.why.is_none())
            .then(|| "no byte is masked and no reason is given".to_owned())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An included fragment of 4096 bytes, with nothing masked.
    pub(crate) fn fragment() -> Fragment {
        let capture = Capture { source: "vault".parse().unwrap(), key: "checkout.dmp".to_owned(), bytes: 4096 };
        Fragment {
            format: 1,
            id: FragmentId::new("stack").unwrap(),
            session: SessionId::new("s1").unwrap(),
            disclosure: Disclosure::Included,
            why: None,
            region: None,
            kind: None,
            aliases: vec![],
            va: None,
            capture,
            range: Extent { offset: 0, length: 4096 },
            raw: RawCommitment {
                keyed_blake3: KeyedBlake3::from_bytes([0; 32]),
                key: KeyId::new("0".repeat(16)).unwrap(),
                bytes: 4096,
            },
            sanitized: None,
            sanitizer: None,
            redaction: None,
        }
    }
}
