//! External systems. So far one: the vault, a directory named by a `file://` URL.

pub mod evidence;
mod place;
mod proof;
pub mod vault;
mod vault_key;

pub use vault::{Incoming, Vault, VaultError};
pub use vault_key::VaultKey;
