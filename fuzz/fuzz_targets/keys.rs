//! Public keys, key files and the user's git configuration that names them.

#![no_main]

use std::cell::LazyCell;
use std::fs;

use libfuzzer_sys::fuzz_target;
use packet::model::key::PublicKey;
use packet::model::namespace::Namespace;
use packet::sign::{ChildEnv, KeyChoice, Signer};
use packet::store::{GitEnvironment, user_signing_key};
use tempfile::TempDir;

thread_local! {
    static PLACE: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().expect("a directory"));
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        b'k' => key(bytes),
        b'f' => file(bytes),
        b'g' => configuration(bytes),
        _ => {}
    }
});

fn key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    drop(KeyChoice::from_setting(text));
    match PublicKey::parse(text) {
        Ok(key) => {
            assert_eq!(PublicKey::parse(&key.to_string()), Ok(key.clone()), "one key, one encoding");
            assert!(key.fingerprint().starts_with("SHA256:"));
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A file that signs makes signatures by the key it claims.
fn file(bytes: &[u8]) {
    let path = PLACE.with(|place| place.path().join("key"));
    fs::write(&path, bytes).expect("a file");
    match Signer::open(&KeyChoice::File(path), ChildEnv::default()) {
        Ok(signer) if signer.is_instant() => {
            if let Ok(signature) = signer.sign(Namespace::Git, b"x") {
                assert_eq!(signature.public_key(), signer.public_key());
            }
        }
        Ok(_) => {}
        Err(error) => drop(error.to_string()),
    }
}

fn configuration(bytes: &[u8]) {
    let path = PLACE.with(|place| place.path().join("gitconfig"));
    fs::write(&path, bytes).expect("a file");
    let environment = GitEnvironment { git_config_global: Some(path), no_system: true, ..GitEnvironment::default() };
    match user_signing_key(&environment) {
        Ok(setting) => drop(setting.map(|setting| KeyChoice::from_setting(&setting.value))),
        Err(error) => drop(error.to_string()),
    }
}
