//! Findings: suspected identifiers, by class, place and commitment. Never their text.

use serde::{Deserialize, Serialize};

use super::digest::KeyedBlake3;
use super::id::ClassId;
use super::kinds::kind_enum;

kind_enum!(
    /// How much speaks for a finding: its checks, its context, what surrounds it.
    #[derive(Hash)]
    Confidence {
        /// The shape fits; nothing else was to be seen, or a part is missing.
        Low = "low",
        /// The shape fits, and a check or the context does.
        Medium = "medium",
        /// A checksum, a decoded header or an exact value.
        High = "high",
    }
);

/// One suspected identifier in one scanned range.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The class of the taxonomy it fits.
    pub class: ClassId,
    /// From the scanned range's first byte, in bytes.
    pub offset: u64,
    /// How many *encoded* bytes it spans in the range.
    pub length: u64,
    /// How the value is encoded: `ascii`, `utf-16le`, `base64`, and decode paths such as `gzip>ascii`, outermost first.
    pub encoding: String,
    /// How much speaks for it.
    pub confidence: Confidence,
    /// BLAKE3, keyed with the vault's key, over class and normalised value: the same value is recognised wherever it
    /// lies, and cannot be guessed. Absent where there is no vault.
    pub commitment: Option<KeyedBlake3>,
}

impl Finding {
    /// Which byte of each pair, from the finding's first one, plain text in its encoding leaves zero.
    pub fn idle_byte(&self) -> Option<u64> {
        match self.encoding.split('>').next() {
            Some("utf-16le") => Some(1),
            Some("utf-16be") => Some(0),
            _ => None,
        }
    }
}

/// What became of every byte that a scan was given, in bytes. The parts sum to `bytes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// All of them.
    pub bytes: u64,
    /// In runs of zero.
    pub zero: u64,
    /// In runs of text, ASCII or UTF-16, that were matched.
    pub text: u64,
    /// Neither text nor anything that could be decoded.
    pub opaque: u64,
    /// Decoded (base64, gzip, zlib, deflate) and matched inside.
    pub decoded: u64,
    /// In an encoding that was recognised but cut off, by a cap or by damage: what lies behind the cut was not read.
    pub truncated: u64,
    /// Not read at all.
    pub skipped: u64,
}

impl Account {
    /// What became of the bytes of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            zero: self.zero + other.zero,
            text: self.text + other.text,
            opaque: self.opaque + other.opaque,
            decoded: self.decoded + other.decoded,
            truncated: self.truncated + other.truncated,
            skipped: self.skipped + other.skipped,
        }
    }
}
