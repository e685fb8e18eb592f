//! Fragments: exact ranges of captures, named by commitments and never by bytes.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::digest::{Blake3, KeyedBlake3, Sha256};
use super::id::{FragmentId, KeyId, SessionId};
use super::redaction::Redaction;
use super::session::Capture;

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
    /// The capture it is a range of.
    pub capture: Capture,
    /// Where in it.
    pub range: Extent,
    /// The raw bytes, by commitment.
    pub raw: RawCommitment,
    /// The sanitized bytes, by digest; absent in an annex without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sanitized: Option<Sanitized>,
    /// What was masked between the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
}

impl Stored for Fragment {}

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

    fn unmasked(&self, redaction: &Redaction) -> Option<String> {
        let included = self.disclosure == Disclosure::Included;
        (included && redaction.masked_bytes == 0 && self.why.is_none())
            .then(|| "no byte is masked and no reason is given".to_owned())
    }
}
