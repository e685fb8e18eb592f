//! Names of objects as 20 or 32 bytes: small and `Copy`, for trees of thousands of entries.

use std::fmt;

use crate::model::id::{CommitId, TreeId};

/// Which hash names a repository's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFormat {
    /// SHA-1, with collision detection: 40 hex digits.
    Sha1,
    /// SHA-256: 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// How many bytes an id has: half as many as hex digits.
    pub fn id_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Names any object: commit, tree, blob or tag. The hash of the object's content; it never changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    len: u8,
    bytes: [u8; 32],
}

impl ObjectId {
    /// The id from its 20 or 32 bytes; `None` for any other length.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let len = matches!(raw.len(), 20 | 32).then_some(raw.len() as u8)?;
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { len, bytes })
    }

    /// The id from 40 or 64 lower-case hex digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if !matches!(digits.len(), 40 | 64) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self { len: (digits.len() / 2) as u8, bytes })
    }

    /// The 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// As the name of a commit, which the caller has reason to believe it is.
    pub(super) fn to_commit(self) -> CommitId {
        CommitId::new(self.to_string()).expect("an object id prints as 40 or 64 lower-case hex digits")
    }

    /// As the name of a tree, which the caller has reason to believe it is.
    pub(super) fn to_tree(self) -> TreeId {
        TreeId::new(self.to_string()).expect("an object id prints as 40 or 64 lower-case hex digits")
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl From<&CommitId> for ObjectId {
    fn from(id: &CommitId) -> Self {
        Self::from_hex(id.as_str()).expect("a commit id is 40 or 64 lower-case hex digits")
    }
}

impl From<&TreeId> for ObjectId {
    fn from(id: &TreeId) -> Self {
        Self::from_hex(id.as_str()).expect("a tree id is 40 or 64 lower-case hex digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_bytes_agree_and_nothing_else_is_an_id() {
        for text in ["0123456789abcdef0123456789abcdef01234567", &"f0".repeat(32)] {
            let id = ObjectId::from_hex(text).unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(ObjectId::from_bytes(id.as_bytes()), Some(id));
        }
        for bad in ["", "abc", &"F0".repeat(20), &"f".repeat(41), &"g0".repeat(20)] {
            assert_eq!(ObjectId::from_hex(bad), None, "{bad}");
        }
    }
}
