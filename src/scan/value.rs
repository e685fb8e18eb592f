//! A value's commitment: the same value is recognised wherever it lies, and cannot be guessed.
//!
//! BLAKE3, keyed (BLAKE3 specification, section 2.3), with a key of its own derived from the vault's key, over the class
//! and the normalised value, each behind its length: without the class, a nine-digit number would be the same value as
//! a phone and as a social security number; without lengths, `a`+`bc` would be `ab`+`c`.

use std::fmt;

use crate::model::digest::KeyedBlake3;
use crate::model::id::ClassId;
use crate::model::taxonomy::Normal;

/// Commits to values.
#[derive(Clone)]
pub(super) struct Committer {
    key: [u8; 32],
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Committer")
    }
}

impl Committer {
    /// From the vault's key.
    pub(super) fn new(vault_key: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("packet finding v1", vault_key) }
    }

    /// The commitment to a value of a class.
    pub(super) fn commit(&self, class: &ClassId, normal: Normal, value: &[u8]) -> KeyedBlake3 {
        let value = normalise(normal, value);
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [class.as_str().as_bytes(), &value] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        KeyedBlake3::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// One spelling of a value.
pub(super) fn normalise(normal: Normal, value: &[u8]) -> Vec<u8> {
    let kept = value.iter();
    match normal {
        Normal::Verbatim => value.to_vec(),
        Normal::Lower => value.to_ascii_lowercase(),
        Normal::Digits => kept.filter(|b| b.is_ascii_digit()).copied().collect(),
        Normal::Alnum => kept.filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_is_recognised_in_any_spelling_and_another_class_is_another() {
        let committer = Committer::new(&[7; 32]);
        let (card, phone) = (ClassId::new("payment-card").unwrap(), ClassId::new("phone").unwrap());
        let of = |class, value: &str| committer.commit(class, Normal::Digits, value.as_bytes());
        assert_eq!(of(&card, "4111 1111"), of(&card, "4111-1111"));
        assert_ne!(of(&card, "4111 1111"), of(&phone, "4111 1111"));
        assert_ne!(of(&card, "4111 1111"), Committer::new(&[8; 32]).commit(&card, Normal::Digits, b"41111111"));
        // Frozen: findings that are recorded hold it.
        assert_eq!(
            of(&card, "4111 1111").to_string(),
            "b75bd75f44d67cc89c79654783dc34c4fa5b3af9c5c30b57d2281fee33c7c191"
        );
    }
}
