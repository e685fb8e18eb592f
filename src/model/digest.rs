//! Digests, and what each kind promises. Hex in files and JSON, 32 bytes in the cache.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256 as Sha256Hasher};

use super::id::InvalidId;

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match serializer.is_human_readable() {
                    true => serializer.collect_str(self),
                    false => self.0.serialize(serializer),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match deserializer.is_human_readable() {
                    true => Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom),
                    false => <[u8; 32]>::deserialize(deserializer).map(Self),
                }
            }
        }

        impl $name {
            /// The digest from its 32 bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
                match blake3::Hash::from_hex(&text) {
                    Ok(hash) if lower => Ok(Self(*hash.as_bytes())),
                    _ => Err(InvalidId { what: $what, text, rule: "use 64 lower-case hex digits" }),
                }
            }
        }
    };
}

digest_type!(
    /// Plain BLAKE3. For what is public to the packet's readers; a plain hash of a short raw range would be an oracle.
    Blake3, "a BLAKE3 digest"
);
digest_type!(
    /// SHA-256 (FIPS 180-4), kept beside BLAKE3 so that coreutils alone can check a release.
    Sha256, "a SHA-256 digest"
);
digest_type!(
    /// BLAKE3 keyed with the vault's key: commits to raw bytes without letting a reader test guesses against it.
    /// A small card number space falls to a plain hash in minutes.
    KeyedBlake3, "a keyed BLAKE3 commitment"
);

impl Blake3 {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl Sha256 {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256Hasher::digest(bytes).into())
    }
}
