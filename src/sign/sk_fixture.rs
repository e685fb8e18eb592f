//! A hardware key made of software, for tests: what a token answers, with the flags the test wants.

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

use super::sshsig::Signature;
use crate::model::key::PublicKey;
use crate::model::namespace::Namespace;

const COUNTER: [u8; 4] = 41_u32.to_be_bytes();

/// An ordinary key pair that signs as `sk-ssh-ed25519@openssh.com`.
pub(crate) struct Token {
    pair: SigningKey,
    application: &'static str,
}

impl Token {
    pub(crate) fn new(application: &'static str) -> Self {
        Self { pair: SigningKey::from_bytes(&[9; 32]), application }
    }

    fn key_data(&self) -> KeyData {
        let point = Ed25519PublicKey::from(self.pair.verifying_key());
        KeyData::SkEd25519(SkEd25519::new(point, self.application))
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::from_key_data(&self.key_data()).unwrap()
    }

    pub(crate) fn sign(&self, namespace: Namespace, message: &[u8], flags: u8) -> Signature {
        let asked = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, message).unwrap();
        let state = [&[flags][..], &COUNTER].concat();
        let seen = [&Sha256::digest(self.application)[..], &state, &Sha256::digest(asked)[..]].concat();
        let raw = [&self.pair.sign(&seen).to_bytes()[..], &state].concat();
        let raw = ssh_key::Signature::new(Algorithm::SkEd25519, raw).unwrap();
        let blob = SshSig::new(self.key_data(), namespace.as_str(), HashAlg::Sha512, raw).unwrap();
        Signature::parse(blob.to_pem(LineEnding::LF).unwrap()).unwrap()
    }
}
