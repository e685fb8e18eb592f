//! Findings: suspected identifiers, by class, place and commitment. Never their text.

use compact_str::{CompactString, format_compact};
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
    /// How the value is encoded: `ascii`, `utf-16le`, `base64`, and decode paths such as `gzip>ascii`, outermost first;
    /// `part` before them where the bytes are a part of a value that was found whole elsewhere.
    pub encoding: CompactString,
    /// How much speaks for it.
    pub confidence: Confidence,
    /// BLAKE3, keyed with the vault's key, over class and normalised value: the same value is recognised wherever it
    /// lies, and cannot be guessed. Absent where there is no vault.
    pub commitment: Option<KeyedBlake3>,
}

impl Finding {
    /// The part of it that lies in a range, counted from the range's first byte.
    ///
    /// A cut through the middle of a UTF-16 pair turns the order of the bytes that are left: what follows the cut begins
    /// with the second byte of a pair.
    pub fn within(&self, offset: u64, length: u64) -> Option<Self> {
        let from = self.offset.max(offset);
        let to = self.offset.saturating_add(self.length).min(offset.saturating_add(length));
        let encoding = match from.saturating_sub(self.offset) % 2 {
            1 => turned(&self.encoding),
            _ => self.encoding.clone(),
        };
        (from < to).then(|| Self { offset: from - offset, length: to - from, encoding, ..self.clone() })
    }

    /// Which byte of each pair, from the finding's first one, plain text in its encoding leaves zero.
    pub fn idle_byte(&self) -> Option<u64> {
        match self.encoding.split('>').find(|step| *step != PART) {
            Some("utf-16le") => Some(1),
            Some("utf-16be") => Some(0),
            _ => None,
        }
    }
}

/// Stands before the encoding of a part: of a value that was found whole elsewhere, only these bytes are here.
pub const PART: &str = "part";

/// An encoding whose outermost byte order is the other one.
fn turned(encoding: &str) -> CompactString {
    if let Some((PART, rest)) = encoding.split_once('>') {
        return format_compact!("{PART}>{}", turned(rest));
    }
    let (outermost, rest) = encoding.split_once('>').map_or((encoding, None), |(first, rest)| (first, Some(rest)));
    let outermost = match outermost {
        "utf-16le" => "utf-16be",
        "utf-16be" => "utf-16le",
        other => other,
    };
    rest.map_or_else(|| outermost.into(), |rest| format_compact!("{outermost}>{rest}"))
}

/// What an encoding may name, outermost first, `>` between them.
const DECODERS: &[&str] = &[PART, "ascii", "utf-16le", "utf-16be", "base64", "gzip", "zlib", "deflate"];
/// How many of them.
const DEEPEST: usize = 10;

/// Whether it is the name of an encoding: nothing else may be stored in its place.
pub fn is_encoding(text: &str) -> bool {
    let mut names = text.split('>');
    names.clone().count() <= DEEPEST && names.all(|name| DECODERS.contains(&name))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(encoding: &str) -> Finding {
        let class = ClassId::new("email").unwrap();
        let encoding = encoding.into();
        Finding { class, offset: 64, length: 20, encoding, confidence: Confidence::High, commitment: None }
    }

    #[test]
    fn a_part_is_counted_from_the_range_and_keeps_which_byte_of_a_pair_is_idle() {
        let part = |encoding: &str, offset| finding(encoding).within(offset, 100).unwrap();
        assert_eq!((part("ascii", 70).offset, part("ascii", 70).length), (0, 14));
        assert_eq!((part("ascii", 60).offset, part("ascii", 60).length), (4, 20));
        assert_eq!(part("utf-16le", 66).idle_byte(), Some(1));
        assert_eq!(part("utf-16le", 65).idle_byte(), Some(0), "it begins with the zero");
        assert_eq!(part("utf-16be", 65).encoding, "utf-16le");
        assert_eq!(part("utf-16le>base64>ascii", 65).encoding, "utf-16be>base64>ascii");
        assert_eq!(part("part>utf-16le", 65).encoding, "part>utf-16be");
        assert_eq!(part("part>utf-16le", 66).idle_byte(), Some(1));
        assert_eq!(finding("ascii").within(84, 10), None);
        assert_eq!(finding("ascii").within(0, 64), None);
    }

    #[test]
    fn an_encoding_is_one_of_a_closed_list() {
        for name in ["ascii", "utf-16le", "base64>gzip>ascii", "part>ascii"] {
            assert!(is_encoding(name), "{name}");
        }
        for other in ["", "first.user@mail.example.test", "ascii\n", "base64>", "base64> ascii", "ASCII"] {
            assert!(!is_encoding(other), "{other}");
        }
    }
}
