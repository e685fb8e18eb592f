//! One SSHSIG signature.
//!
//! One signature has one spelling here. Whatever is read is encoded again and compared, byte by byte: an armour with bytes
//! after its end, a second block, CRLF, other line lengths or other base64 of the same bytes is refused (F13), and so are
//! trailing bytes in any of the nested fields. What remains free is what was signed and the signature itself, and
//! `verify_strict` leaves no second signature there that somebody else could derive from the first.

use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};
use thiserror::Error;

use crate::model::key::{InvalidKey, KeyKind, PublicKey};
use crate::model::namespace::Namespace;
use crate::model::text::harmless;

/// The longest armour that is read, in bytes; one of a hardware key with the longest application takes under 1000.
pub const LONGEST: usize = 4096;

const SIGNATURE_BYTES: usize = 64;
const USER_PRESENT: u8 = 0x01;

/// Bytes that are no signature of ours, or not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidSignature {
    /// Longer than any signature.
    #[error("{bytes} bytes long; a signature has at most {limit}")]
    TooLong {
        /// Length found, in bytes.
        bytes: usize,
        /// Longest that is read, in bytes.
        limit: usize,
    },
    /// Not SSHSIG armour around an SSHSIG blob.
    #[error("not an SSH signature: it must be one block of `-----BEGIN SSH SIGNATURE-----`")]
    Armour,
    /// Reads as a signature whose encoding is other bytes.
    #[error("not exactly one signature block as `ssh-keygen -Y sign` writes it")]
    Form,
    /// Another version of SSHSIG.
    #[error("SSHSIG version {found}; only version 1 is known")]
    Version {
        /// The version found.
        found: u32,
    },
    /// Another hash than SHA-512.
    #[error("the message was hashed with `{found}`; only `sha512` is accepted")]
    Hash {
        /// The hash found.
        found: String,
    },
    /// Data in the field that version 1 reserves. OpenSSH ignores it; here it would be a second spelling.
    #[error("{bytes} bytes in the reserved field, which must be empty")]
    Reserved {
        /// Length found, in bytes.
        bytes: usize,
    },
    /// Made with a key that no roster may hold.
    #[error("its key cannot be used: {0}")]
    Key(#[from] InvalidKey),
    /// The signature is of another type than the key.
    #[error("a signature of type `{signature}` cannot come from a key of type `{key}`")]
    Type {
        /// The type of the key.
        key: KeyKind,
        /// The type of the signature.
        signature: String,
    },
    /// Made for another purpose.
    #[error("signed for namespace `{found}`, not `{wanted}`")]
    Namespace {
        /// The namespace it was made for.
        found: String,
        /// The namespace that was asked for.
        wanted: Namespace,
    },
    /// The key did not sign these bytes for this purpose.
    #[error("the key {fingerprint} did not sign these bytes for namespace `{namespace}`")]
    Forged {
        /// The fingerprint of the key it claims.
        fingerprint: String,
        /// The namespace that was asked for.
        namespace: Namespace,
    },
}

/// Whether somebody was there when a signature was made, as far as the key can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// A key without hardware cannot ask.
    NotAsked,
    /// The hardware key was touched.
    Touched,
    /// The hardware key signed without a touch: a program may have done it alone. Stock `ssh-keygen` accepts this.
    Untouched,
}

/// One signature, read but not verified: whom it names and whether it is theirs is only known after [`Self::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    armour: String,
    key: PublicKey,
    blob: SshSig,
}

/// That a key signed some bytes for some purpose. Nothing but [`Signature::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    key: PublicKey,
    presence: Presence,
}

impl Signature {
    /// Reads exactly one armoured signature.
    ///
    /// # Errors
    /// When the bytes are not the one encoding of a version 1 signature with SHA-512 by a key of an accepted type.
    pub fn parse(armour: impl AsRef<[u8]>) -> Result<Self, InvalidSignature> {
        let bytes = armour.as_ref();
        if bytes.len() > LONGEST {
            return Err(InvalidSignature::TooLong { bytes: bytes.len(), limit: LONGEST });
        }
        let blob = SshSig::from_pem(bytes).map_err(|error| match error {
            ssh_key::Error::Version { number } => InvalidSignature::Version { found: number },
            _ => InvalidSignature::Armour,
        })?;
        Self::from_blob(blob, bytes)
    }

    fn from_blob(blob: SshSig, given: &[u8]) -> Result<Self, InvalidSignature> {
        let armour = blob.to_pem(LineEnding::LF).map_err(|_| InvalidSignature::Armour)?;
        if armour.as_bytes() != given {
            return Err(InvalidSignature::Form);
        }
        if blob.version() != SshSig::VERSION {
            return Err(InvalidSignature::Version { found: blob.version() });
        }
        if blob.hash_alg() != HashAlg::Sha512 {
            return Err(InvalidSignature::Hash { found: blob.hash_alg().to_string() });
        }
        if !blob.reserved().is_empty() {
            return Err(InvalidSignature::Reserved { bytes: blob.reserved().len() });
        }
        let key = PublicKey::from_key_data(blob.public_key())?;
        if blob.algorithm() != blob.public_key().algorithm() {
            let signature = harmless(blob.algorithm().as_str());
            return Err(InvalidSignature::Type { key: key.kind(), signature });
        }
        Ok(Self { armour, key, blob })
    }

    /// The signature as it was read: what is stored and shared.
    pub fn armour(&self) -> &str {
        &self.armour
    }

    /// The key it claims to be by.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether its hardware key claims to have been touched; the claim is signed, so it holds once verified.
    pub fn presence(&self) -> Presence {
        match self.token_state().first() {
            None => Presence::NotAsked,
            Some(flags) if flags & USER_PRESENT == 0 => Presence::Untouched,
            Some(_) => Presence::Touched,
        }
    }

    /// Checks that the key signed this message for this purpose.
    ///
    /// Verification is strict: `verify` of RFC 8032 also accepts small-order points, and with them one signature for any
    /// message (F12).
    ///
    /// # Errors
    /// When it was made for another purpose, over other bytes, or not by that key.
    pub fn verify(&self, namespace: Namespace, message: &[u8]) -> Result<Verified, InvalidSignature> {
        if self.blob.namespace() != namespace.as_str() {
            let found = harmless(self.blob.namespace());
            return Err(InvalidSignature::Namespace { found, wanted: namespace });
        }
        let signed = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, message)
            .expect("every namespace is short and not empty");
        let forged = || InvalidSignature::Forged { fingerprint: self.key.fingerprint(), namespace };
        let key = VerifyingKey::from_bytes(self.key.ed25519()).expect("a public key is a point of the curve");
        let signature = ed25519_dalek::Signature::from_bytes(self.point_and_scalar());
        key.verify_strict(&self.seen_by_key(signed), &signature).map_err(|_| forged())?;
        Ok(Verified { key: self.key.clone(), presence: self.presence() })
    }

    /// What the key's own signature is over. A hardware key wraps it (OpenSSH, PROTOCOL.u2f): the hash of its application,
    /// so that no other site can have it signed, its flags and counter, and the hash of what it was given.
    fn seen_by_key(&self, signed: Vec<u8>) -> Vec<u8> {
        match self.key.application() {
            None => signed,
            Some(application) => {
                [&Sha256::digest(application)[..], self.token_state(), &Sha256::digest(signed)[..]].concat()
            }
        }
    }

    fn point_and_scalar(&self) -> &[u8; SIGNATURE_BYTES] {
        self.blob.signature_bytes().first_chunk().expect("ssh-key checks the length of Ed25519 signatures")
    }

    /// Flags and counter of a hardware key; nothing for other keys.
    fn token_state(&self) -> &[u8] {
        match self.blob.algorithm() {
            Algorithm::SkEd25519 => &self.blob.signature_bytes()[SIGNATURE_BYTES..],
            _ => &[],
        }
    }
}

impl Verified {
    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether somebody was there.
    pub fn presence(&self) -> Presence {
        self.presence
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use ssh_key::private::{Ed25519Keypair, KeypairData};
    use ssh_key::public::{Ed25519PublicKey, KeyData};

    use super::*;
    use crate::sign::blob_fixture::Spelling;
    use crate::sign::sk_fixture::Token;

    const MESSAGE: &[u8] = b"one manifest\n";

    fn seed() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn sshsig(namespace: &str, hash: HashAlg) -> SshSig {
        let pair = KeypairData::Ed25519(Ed25519Keypair::from(seed()));
        SshSig::sign(&ssh_key::PrivateKey::new(pair, "").unwrap(), namespace, hash, MESSAGE).unwrap()
    }

    fn armour() -> String {
        sshsig("packet.release.v1", HashAlg::Sha512).to_pem(LineEnding::LF).unwrap()
    }

    /// Frozen: a change here means that stored signatures no longer read or verify.
    const GOLDEN: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg6kpsY+KcUgq+9VB7Ey7F+ZVHdq
6+vnuSQh7qaRRG0iwAAAARcGFja2V0LnJlbGVhc2UudjEAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABA4O7208WnTEOmLYN6d5gATbHF5w4R6PjL9n2wFboSngesW3
pXnraHPuFY5VUGy+rbyX+M4me+gZeYNRoMJMf+CA==
-----END SSH SIGNATURE-----
";

    #[test]
    fn a_signature_of_a_fixed_key_has_these_bytes() {
        assert_eq!(armour(), GOLDEN);
        let verified = Signature::parse(GOLDEN).unwrap().verify(Namespace::Release, MESSAGE).unwrap();
        assert_eq!(verified.key().ed25519(), seed().verifying_key().as_bytes());
        assert_eq!(verified.presence(), Presence::NotAsked);
    }

    #[test]
    fn anything_but_exactly_one_block_is_refused() {
        let one = armour();
        let wrapped = one.replacen('\n', "", 2).replacen("-----U1", "-----\nU1", 1);
        for (what, bad) in [
            ("a second block", one.repeat(2)),
            ("trailing bytes", format!("{one}\n")),
            ("trailing text", format!("{one}approved\n")),
            ("leading bytes", format!("\n{one}")),
            ("leading text", format!("Comment\n{one}")),
            ("CRLF", one.replace('\n', "\r\n")),
            ("no last line feed", one.trim_end().to_owned()),
            ("other wrapping", wrapped),
            ("no padding", one.replace('=', "")),
            ("nothing", String::new()),
        ] {
            assert!(Signature::parse(&bad).is_err(), "{what}");
        }
        let long = vec![b'-'; LONGEST + 1];
        let refusal = InvalidSignature::TooLong { bytes: LONGEST + 1, limit: LONGEST };
        assert_eq!(Signature::parse(long), Err(refusal));
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let token = Token::new("ssh:").sign(Namespace::Release, MESSAGE, USER_PRESENT);
        for good in [armour(), token.armour().to_owned()] {
            let good = good.into_bytes();
            for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let verdict = Signature::parse(&bad).and_then(|read| read.verify(Namespace::Release, MESSAGE));
                assert!(verdict.is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_signature_holds_for_one_namespace_and_one_message() {
        for made in Namespace::ALL {
            let pem = sshsig(made.as_str(), HashAlg::Sha512).to_pem(LineEnding::LF).unwrap();
            let signature = Signature::parse(pem).unwrap();
            for asked in Namespace::ALL {
                assert_eq!(signature.verify(asked, MESSAGE).is_ok(), made == asked, "{made} as {asked}");
            }
            assert!(matches!(signature.verify(made, b"other"), Err(InvalidSignature::Forged { .. })));
        }
        let foreign = sshsig("file", HashAlg::Sha512).to_pem(LineEnding::LF).unwrap();
        let refusal = InvalidSignature::Namespace { found: "file".into(), wanted: Namespace::Git };
        assert_eq!(Signature::parse(foreign).unwrap().verify(Namespace::Git, MESSAGE), Err(refusal));
    }

    #[test]
    fn another_hash_is_refused() {
        let pem = sshsig("git", HashAlg::Sha256).to_pem(LineEnding::LF).unwrap();
        assert_eq!(Signature::parse(pem), Err(InvalidSignature::Hash { found: "sha256".into() }));
    }

    #[test]
    fn a_hardware_signature_under_a_plain_key_is_refused() {
        let raw = ssh_key::Signature::new(Algorithm::SkEd25519, vec![0; SIGNATURE_BYTES + 5]).unwrap();
        let key = KeyData::Ed25519(Ed25519PublicKey::from(seed().verifying_key()));
        let mixed = SshSig::new(key, "git", HashAlg::Sha512, raw).unwrap().to_pem(LineEnding::LF).unwrap();
        assert!(matches!(Signature::parse(mixed), Err(InvalidSignature::Type { key: KeyKind::Ed25519, .. })));
    }

    /// Each under the right lengths, so that only the extra is wrong.
    #[test]
    fn other_versions_reserved_data_and_trailing_bytes_inside_are_refused() {
        let good = sshsig("packet.release.v1", HashAlg::Sha512);
        let read = |spelling: Spelling| Signature::parse(spelling.armour(&good));
        assert_eq!(read(Spelling::GOOD), Signature::parse(armour()));
        for found in [0, 2, u32::MAX] {
            assert_eq!(read(Spelling { version: found, ..Spelling::GOOD }), Err(InvalidSignature::Version { found }));
        }
        let reserved = Spelling { reserved: b"x", ..Spelling::GOOD };
        assert_eq!(read(reserved), Err(InvalidSignature::Reserved { bytes: 1 }));
        for trailing in [
            Spelling { after_key: b"\0\0\0\0", ..Spelling::GOOD },
            Spelling { after_signature: b"x", ..Spelling::GOOD },
            Spelling { after_all: b"x", ..Spelling::GOOD },
        ] {
            assert!(read(trailing).is_err(), "{trailing:?}");
        }
    }

    /// The identity point as key: (R = identity, S = 0) satisfies the equation of RFC 8032 for every message.
    #[test]
    fn a_small_order_key_that_lax_verification_accepts_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let raw = [identity, [0; 32]].concat();
        let signed = SshSig::signed_data("git", HashAlg::Sha512, MESSAGE).unwrap();
        let lax = VerifyingKey::from_bytes(&identity).unwrap();
        let ed25519 = ed25519_dalek::Signature::from_slice(&raw).unwrap();
        assert!(ed25519_dalek::Verifier::verify(&lax, &signed, &ed25519).is_ok());

        let raw = ssh_key::Signature::new(Algorithm::Ed25519, raw).unwrap();
        let blob = SshSig::new(KeyData::Ed25519(Ed25519PublicKey(identity)), "git", HashAlg::Sha512, raw).unwrap();
        let verdict = Signature::parse(blob.to_pem(LineEnding::LF).unwrap());
        assert!(matches!(verdict, Err(InvalidSignature::Key(InvalidKey::Weak { .. }))));
    }

    #[test]
    fn a_hardware_key_tells_whether_it_was_touched() {
        let token = Token::new("ssh:");
        for (flags, presence) in
            [(0, Presence::Untouched), (1, Presence::Touched), (4, Presence::Untouched), (5, Presence::Touched)]
        {
            let signature = token.sign(Namespace::Ledger, MESSAGE, flags);
            let verified = signature.verify(Namespace::Ledger, MESSAGE).unwrap();
            assert_eq!((verified.presence(), verified.key()), (presence, &token.public_key()));
        }
    }
}
