//! The vault's commitment key.

use std::fmt;

use crate::model::id::KeyId;

/// 32 random bytes that key every commitment to raw bytes. They never leave the vault and the memory of this process.
pub struct VaultKey([u8; 32]);

impl VaultKey {
    /// The key from its bytes.
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for hashing with.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's public name: derived in a context of its own (BLAKE3 `derive_key`), so that it says nothing about
    /// what the key hashes.
    pub fn id(&self) -> KeyId {
        let derived = blake3::derive_key("packet 2026-11 vault commitment key id v1", &self.0);
        KeyId::new(&blake3::Hash::from_bytes(derived).to_hex()[..16]).expect("16 hex digits are a key id")
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({})", self.id())
    }
}
