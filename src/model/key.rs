//! Public keys of the roster.
//!
//! Two types are accepted, both Ed25519: `ssh-ed25519`, and `sk-ssh-ed25519@openssh.com` of a hardware key. One algorithm
//! means one strict verification: with ECDSA anybody can turn a valid signature into a second valid one, and RSA leaves
//! sizes and hashes to choose among.
//!
//! A key here is always usable for strict verification: its point is on the curve, canonically encoded (RFC 8032, section
//! 5.1.3) and of large order. A small-order point makes signatures that verify for *any* message (F12; RELIABILITY.md),
//! so whoever got one into a charter could sign as its holder.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use ssh_key::HashAlg;
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use thiserror::Error;

use super::text::{harmless, is_plain};

const FORM_RULE: &str = "use one line `TYPE BASE64 [comment]`, as `ssh-keygen -y` prints it";
const TYPE_RULE: &str = "use `ssh-ed25519` or `sk-ssh-ed25519@openssh.com`";
const LONGEST_SHOWN: usize = 120;
const LONGEST_APPLICATION: usize = 255;

/// A text that is no public key of an accepted type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// A *private* key. Its text is not kept, so that no message can show it.
    #[error("this is a private key: give the public one, the file ending in `.pub`")]
    Private,
    /// Not one line of a type, a base64 word and perhaps a comment.
    #[error("`{text}` is not a public key: {FORM_RULE}")]
    Form {
        /// What was given, harmless and cut to a line.
        text: String,
    },
    /// A key of another type, or a certificate.
    #[error("a key of type `{kind}` is not accepted: {TYPE_RULE}")]
    Type {
        /// The type that was given.
        kind: String,
    },
    /// The base64 word is not the one encoding of a key of that type.
    #[error("`{base64}` is not the base64 of a key of type `{kind}`")]
    Encoding {
        /// The type that was given.
        kind: KeyKind,
        /// What was given as its bytes, harmless and cut to a line.
        base64: String,
    },
    /// The bytes are not the one encoding of a point of the curve.
    #[error("the key {fingerprint} is not a point of the curve: no signature could ever verify against it")]
    Point {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A point of small order: signatures that verify for any message exist without any private key.
    #[error("the key {fingerprint} has small order: anyone can forge its signatures")]
    Weak {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A hardware key whose application is not 1 to 255 printable ASCII characters.
    #[error("the hardware key {fingerprint} names the application `{application}`: use 1 to 255 printable characters")]
    Application {
        /// The key's fingerprint.
        fingerprint: String,
        /// The application, harmless and cut to a line.
        application: String,
    },
}

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A key in a file or an agent.
    Ed25519,
    /// A key in a hardware token, which can tell whether it was touched.
    SkEd25519,
}

impl KeyKind {
    const ALL: [Self; 2] = [Self::Ed25519, Self::SkEd25519];

    /// The type as OpenSSH spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
        }
    }

    fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One public key: what a signature is checked against. Its identity is the whole key, the point and, for a hardware key,
/// the application; a comment is no part of it. Spelled `TYPE BASE64`.
///
/// The same point under two types is two keys here; whoever wants *one key, one actor* also compares [`Self::ed25519`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    point: [u8; 32],
    application: Option<String>,
}

impl PublicKey {
    /// Reads `TYPE BASE64 [comment]`, as in a `.pub` file; the comment is dropped.
    ///
    /// # Errors
    /// When the text is anything else, the type is not accepted, or the key is not fit for strict verification.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let line = text.trim_ascii();
        if line.contains("-----BEGIN ") {
            return Err(InvalidKey::Private);
        }
        let form = || InvalidKey::Form { text: shown(line) };
        if line.contains(['\n', '\r']) {
            return Err(form());
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else {
            return Err(form());
        };
        let kind = KeyKind::of(kind).ok_or_else(|| InvalidKey::Type { kind: shown(kind) })?;
        Self::decode(kind, base64)
    }

    /// Re-encoding closes what a base64 reader may leave open: missing padding, spare bits, trailing bytes.
    fn decode(kind: KeyKind, base64: &str) -> Result<Self, InvalidKey> {
        let text = format!("{kind} {base64}");
        match ssh_key::PublicKey::from_openssh(&text) {
            Ok(key) if key.to_openssh().is_ok_and(|again| again == text) => Self::from_key_data(key.key_data()),
            _ => Err(InvalidKey::Encoding { kind, base64: shown(base64) }),
        }
    }

    /// Checks a key that `ssh-key` has read.
    ///
    /// # Errors
    /// When the type is not accepted or the key is not fit for strict verification.
    pub(crate) fn from_key_data(data: &KeyData) -> Result<Self, InvalidKey> {
        let (point, application) = match data {
            KeyData::Ed25519(key) => (key.0, None),
            KeyData::SkEd25519(key) => (key.public_key().0, Some(key.application().to_owned())),
            other => return Err(InvalidKey::Type { kind: shown(other.algorithm().as_str()) }),
        };
        let fingerprint = || data.fingerprint(HashAlg::Sha256).to_string();
        if let Some(application) = application.as_deref().filter(|text| !is_application(text)) {
            let application = shown(application);
            return Err(InvalidKey::Application { fingerprint: fingerprint(), application });
        }
        match VerifyingKey::from_bytes(&point) {
            Ok(key) if key.is_weak() => Err(InvalidKey::Weak { fingerprint: fingerprint() }),
            Ok(key) if key.to_edwards().compress().to_bytes() == point => Ok(Self { point, application }),
            _ => Err(InvalidKey::Point { fingerprint: fingerprint() }),
        }
    }

    /// The key as `ssh-key` holds it.
    pub(crate) fn key_data(&self) -> KeyData {
        let point = Ed25519PublicKey(self.point);
        match &self.application {
            None => KeyData::Ed25519(point),
            Some(application) => KeyData::SkEd25519(SkEd25519::new(point, application.as_str())),
        }
    }

    /// The key's type.
    pub fn kind(&self) -> KeyKind {
        if self.application.is_some() { KeyKind::SkEd25519 } else { KeyKind::Ed25519 }
    }

    /// The encoded point: what two keys of one private key share, whatever their types and applications.
    pub fn ed25519(&self) -> &[u8; 32] {
        &self.point
    }

    /// What a hardware key's signatures are bound to, usually `ssh:`; none for other keys.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// `SHA256:` and 43 characters, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.key_data().fingerprint(HashAlg::Sha256).to_string()
    }
}

/// Printable ASCII: the application is hashed into every signature and shown to people, and OpenSSH itself stops at NUL.
fn is_application(text: &str) -> bool {
    (1..=LONGEST_APPLICATION).contains(&text.len()) && text.is_ascii() && text.chars().all(is_plain)
}

/// A given text for a message: on one line, and not longer than one.
fn shown(text: &str) -> String {
    let mut line: String = text.chars().take(LONGEST_SHOWN).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    harmless(&line)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = ssh_key::PublicKey::from(self.key_data());
        f.pad(&key.to_openssh().expect("a point and a short application are always encodable"))
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = InvalidKey;
    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";

    fn line_of(data: KeyData) -> String {
        ssh_key::PublicKey::from(data).to_openssh().unwrap()
    }

    fn plain(point: [u8; 32]) -> String {
        line_of(KeyData::Ed25519(Ed25519PublicKey(point)))
    }

    #[test]
    fn a_key_has_one_spelling_and_its_comment_is_dropped() {
        for given in [KEY, &format!("{KEY} ana@example.com, laptop"), &format!(" {KEY}\n"), &KEY.replace(' ', "\t ")] {
            assert_eq!(PublicKey::parse(given).unwrap().to_string(), KEY, "{given}");
        }
    }

    #[test]
    fn a_key_survives_serde() {
        let key = PublicKey::parse(KEY).unwrap();
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{KEY}\""));
        assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
    }

    /// Printed by `ssh-keygen -l` for [`KEY`].
    #[test]
    fn the_fingerprint_is_that_of_ssh_keygen() {
        assert_eq!(PublicKey::parse(KEY).unwrap().fingerprint(), "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ");
    }

    #[test]
    fn a_hardware_key_keeps_its_application_and_shares_its_point() {
        let plain = PublicKey::parse(KEY).unwrap();
        let hardware = |application: &str| {
            let key = SkEd25519::new(Ed25519PublicKey(*plain.ed25519()), application);
            PublicKey::parse(&line_of(KeyData::SkEd25519(key)))
        };
        let token = hardware("ssh:packet").unwrap();
        assert_eq!((token.kind(), token.application()), (KeyKind::SkEd25519, Some("ssh:packet")));
        assert_eq!(token.ed25519(), plain.ed25519());
        assert_ne!(token, plain);
        assert_ne!(token, hardware("ssh:").unwrap());
        for bad in ["", "ssh:\n", "ssh:\u{202e}", &"s".repeat(256)] {
            assert!(matches!(hardware(bad), Err(InvalidKey::Application { .. })), "{bad:?}");
        }
    }

    #[test]
    fn other_types_are_named_in_the_refusal() {
        for (text, name) in [(RSA, "ssh-rsa"), ("ssh-ed25519-cert-v01@openssh.com AAAA", "ssh-ed25519-cert-v01@")] {
            let error = PublicKey::parse(text).unwrap_err();
            assert!(matches!(&error, InvalidKey::Type { kind } if kind.starts_with(name)), "{error}");
        }
    }

    #[test]
    fn a_second_encoding_of_the_same_bytes_is_refused() {
        let sk_name = KEY.replace("ssh-ed25519 ", "sk-ssh-ed25519@openssh.com ");
        let (cut, spare) = (&KEY[..KEY.len() - 1], format!("{KEY}AAAA"));
        for bad in [&sk_name, cut, &spare, &format!("{KEY}="), &KEY.replace('/', "_"), "ssh-ed25519 AAAA"] {
            assert!(matches!(PublicKey::parse(bad), Err(InvalidKey::Encoding { .. })), "{bad}");
        }
        for bad in ["", "ssh-ed25519", &format!("{KEY}\n{KEY}")] {
            assert!(matches!(PublicKey::parse(bad), Err(InvalidKey::Form { .. })), "{bad}");
        }
    }

    #[test]
    fn a_private_key_is_refused_without_repeating_it() {
        let text = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(PublicKey::parse(text), Err(InvalidKey::Private));
    }

    /// The identity, the points of order 2, 4 and 8, and encodings of y = 0 and 1 that are not reduced.
    #[test]
    fn points_of_small_order_are_refused() {
        let eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        let mut weak = vec![*blake3::Hash::from_hex(eighth).unwrap().as_bytes()];
        for (first, rest, last) in
            [(1, 0, 0), (0, 0, 0), (0, 0, 0x80), (0xec, 0xff, 0x7f), (0xed, 0xff, 0x7f), (0xee, 0xff, 0x7f)]
        {
            let mut point = [rest; 32];
            (point[0], point[31]) = (first, last);
            weak.push(point);
        }
        for point in weak {
            assert!(matches!(PublicKey::parse(&plain(point)), Err(InvalidKey::Weak { .. })), "{point:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_canonical_point_are_refused() {
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        let unreduced = (2..19).map(|y| {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (0xed + y, 0x7f);
            point
        });
        for point in unreduced.chain([off_curve]) {
            assert!(matches!(PublicKey::parse(&plain(point)), Err(InvalidKey::Point { .. })), "{point:?}");
        }
    }
}
