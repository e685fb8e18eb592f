//! Who signs.
//!
//! A plain key file signs in process: no program to find, no file to race, and with Ed25519 (RFC 8032) the same message
//! always gives the same bytes. Every other key is the business of the stock `ssh-keygen`, exactly as git uses it, so a
//! person's agent, passphrase prompt and token work here as they do there.
//!
//! Whoever made it, a fresh signature is verified against the expected key before it leaves this file. That catches a
//! faulty token or agent, a key file whose halves do not belong together, and a fault injected into the computation, whose
//! wrong signature could give the private key away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};
use thiserror::Error;

use super::keygen::{self, ChildEnv, Search};
use super::sshsig::{InvalidSignature, Signature};
use crate::model::key::{InvalidKey, KeyKind, PublicKey};
use crate::model::namespace::Namespace;
use crate::model::text::harmless;

const NEW_KEY: &str = "ssh-keygen -t ed25519";

/// Why there is no signature.
#[derive(Debug, Error, Diagnostic)]
pub enum KeyError {
    /// The configured file does not exist.
    #[error("no key file `{}`", shown(path))]
    #[diagnostic(help("`git config --global user.signingkey PATH` names another; `{NEW_KEY}` makes one"))]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The configured file cannot be read.
    #[error("the key file `{}` cannot be read: {cause}", shown(path))]
    #[diagnostic(help("`ls -l '{}'` shows who may read it", shown(path)))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The configured file is no key that can be read.
    #[error("`{}` is neither an OpenSSH private key nor a public key", shown(path))]
    #[diagnostic(help(
        "`ssh-keygen -l -f '{}'` shows what it is; `git config --global user.signingkey PATH` names another",
        shown(path)
    ))]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The configured file holds a key of a type that no roster takes.
    #[error(
        "`{}` is a key of type `{kind}`; only `{}` and `{}` sign here",
        shown(path),
        KeyKind::Ed25519,
        KeyKind::SkEd25519
    )]
    #[diagnostic(help(
        "`{NEW_KEY}` makes one that does; name it with `git config --global user.signingkey PATH` and have it put on the roster"
    ))]
    WrongType {
        /// The file.
        path: PathBuf,
        /// Its type.
        kind: String,
    },
    /// The configured file holds a key that cannot be used.
    #[error("the key in `{}` cannot be used: {cause}", shown(path))]
    #[diagnostic(help("`{NEW_KEY}` makes one; name it with `git config --global user.signingkey PATH`"))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: InvalidKey,
    },
    /// The configured literal is no public key.
    #[error("`user.signingkey` holds no key: {0}")]
    #[diagnostic(help(
        "`ssh-add -L` lists the keys of the agent; `git config --global user.signingkey 'key::TYPE BASE64'` names one"
    ))]
    Literal(InvalidKey),
    /// `ssh-keygen` is not installed.
    #[error("signing with {fingerprint} needs the program `ssh-keygen`, which was not found on PATH")]
    #[diagnostic(help("install OpenSSH's client programs, such as with `apt-get install openssh-client`"))]
    ProgramMissing {
        /// The key that was to sign.
        fingerprint: String,
    },
    /// `ssh-keygen` could not be run.
    #[error("`ssh-keygen` could not be run: {cause}")]
    #[diagnostic(help("`ssh-keygen -l -f KEY` shows whether it runs at all; temporary files go to TMPDIR, or `/tmp`"))]
    ProgramUnusable {
        /// What the system said.
        cause: io::Error,
    },
    /// `ssh-keygen` ran and gave no signature.
    #[error("`ssh-keygen` did not sign with {fingerprint}: {said}")]
    #[diagnostic(help("`ssh-add PATH` asks for the passphrase once and keeps the key in the agent"))]
    ProgramFailed {
        /// The key that was to sign.
        fingerprint: String,
        /// What it said, on one harmless line.
        said: String,
    },
    /// Nothing within reach holds the private half.
    #[error("the agent has no key {fingerprint}: {said}")]
    #[diagnostic(help(
        "`ssh-add PATH` gives it the key; `ssh-add -l` lists what it has; SSH_AUTH_SOCK says where it is"
    ))]
    NotInAgent {
        /// The key that was to sign.
        fingerprint: String,
        /// What `ssh-keygen` said, on one harmless line.
        said: String,
    },
    /// A signature was made, but not a good one.
    #[error("the fresh signature is not one of {fingerprint}: {cause}")]
    #[diagnostic(help("nothing was signed; `ssh-keygen -y -f KEY` shows which public key the private one has"))]
    WrongSignature {
        /// The key that was to sign.
        fingerprint: String,
        /// What is wrong with it.
        cause: InvalidSignature,
    },
    /// A good signature was made, by another key.
    #[error("the fresh signature is by {found}, not {fingerprint}")]
    #[diagnostic(help("nothing was signed; `ssh-keygen -y -f KEY` shows which public key the private one has"))]
    WrongKey {
        /// The key that was to sign.
        fingerprint: String,
        /// The key that signed.
        found: String,
    },
}

/// Which key a person has configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// A private key file, or the public file of a key that lies beside it, in an agent or in hardware.
    File(PathBuf),
    /// A public key itself, whose private half is in an agent.
    Literal(String),
}

impl KeyChoice {
    /// Reads git's `user.signingkey` as git does: `key::` or `ssh-` begin a literal, all else is a path. A path that
    /// begins with `~/` stays as it is: who knows the home directory expands it.
    pub fn from_setting(setting: &str) -> Self {
        match setting.strip_prefix("key::") {
            Some(literal) => Self::Literal(literal.to_owned()),
            None if setting.starts_with("ssh-") => Self::Literal(setting.to_owned()),
            None => Self::File(PathBuf::from(setting)),
        }
    }
}

/// A key that can sign.
#[derive(Debug)]
pub struct Signer {
    key: PublicKey,
    means: Means,
    env: ChildEnv,
}

#[derive(Debug)]
enum Means {
    InProcess(Box<PrivateKey>),
    /// `ssh-keygen` with this file: a public key, or a private one it must unlock.
    Keygen(PathBuf),
    /// `ssh-keygen` with a file made for the occasion.
    KeygenLiteral,
}

/// A private key file, as far as it can be read without a passphrase.
struct PrivateFile {
    key: PublicKey,
    plain: Option<Box<PrivateKey>>,
}

impl Signer {
    /// Whether signing needs nobody: no agent, passphrase or touch. Then it may be done while others wait.
    pub fn is_instant(&self) -> bool {
        matches!(self.means, Means::InProcess(_))
    }

    /// Finds the key and how to sign with it. Asks nobody and runs nothing yet.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read, or it or the literal is no key of an accepted type.
    pub fn open(choice: &KeyChoice, env: ChildEnv) -> Result<Self, KeyError> {
        match choice {
            KeyChoice::Literal(text) => {
                let key = PublicKey::parse(text).map_err(KeyError::Literal)?;
                Ok(Self { key, means: Means::KeygenLiteral, env })
            }
            KeyChoice::File(path) => {
                let text = read(path)?;
                let (key, means) =
                    if text.contains("-----BEGIN ") { open_private(path, &text)? } else { open_public(path, &text)? };
                Ok(Self { key, means, env })
            }
        }
    }

    /// The key that signs.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Signs a message for one purpose, and verifies the signature before giving it away.
    ///
    /// # Errors
    /// When the key is out of reach, locked or refused, or what came back is not its signature over this message.
    pub fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<Signature, KeyError> {
        let armour = match &self.means {
            Means::InProcess(private) => sign_in_process(private, namespace, message),
            Means::Keygen(path) => self.ask_keygen(path, Search::AgentThenFile, namespace, message)?,
            Means::KeygenLiteral => {
                let file = self.env.temporary_key(&self.key.to_string());
                let file = file.map_err(|cause| KeyError::ProgramUnusable { cause })?;
                self.ask_keygen(file.path(), Search::Agent, namespace, message)?
            }
        };
        self.checked(&armour, namespace, message)
    }

    fn ask_keygen(
        &self,
        path: &Path,
        search: Search,
        namespace: Namespace,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let fingerprint = || self.key.fingerprint();
        match keygen::sign(&self.env, path, search, namespace, message) {
            Ok(Ok(armour)) => Ok(armour),
            Ok(Err(said)) if is_out_of_reach(&said) => Err(KeyError::NotInAgent { fingerprint: fingerprint(), said }),
            Ok(Err(said)) => Err(KeyError::ProgramFailed { fingerprint: fingerprint(), said }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(KeyError::ProgramMissing { fingerprint: fingerprint() })
            }
            Err(cause) => Err(KeyError::ProgramUnusable { cause }),
        }
    }

    fn checked(&self, armour: &[u8], namespace: Namespace, message: &[u8]) -> Result<Signature, KeyError> {
        let fingerprint = || self.key.fingerprint();
        let wrong = |cause| KeyError::WrongSignature { fingerprint: fingerprint(), cause };
        let signature = Signature::parse(armour).map_err(wrong)?;
        let verified = signature.verify(namespace, message).map_err(wrong)?;
        if *verified.key() == self.key {
            Ok(signature)
        } else {
            Err(KeyError::WrongKey { fingerprint: fingerprint(), found: verified.key().fingerprint() })
        }
    }
}

fn sign_in_process(private: &PrivateKey, namespace: Namespace, message: &[u8]) -> Vec<u8> {
    let blob = private.sign(namespace.as_str(), HashAlg::Sha512, message);
    let blob = blob.expect("only plain Ed25519 keys are kept for signing in process, and they sign anything");
    blob.to_pem(LineEnding::LF).expect("a signature of a fixed size is always encodable").into_bytes()
}

fn open_private(path: &Path, text: &str) -> Result<(PublicKey, Means), KeyError> {
    let file = read_private(path, text)?;
    let means = file.plain.map_or_else(|| Means::Keygen(path.to_owned()), Means::InProcess);
    Ok((file.key, means))
}

/// A public file signs in process when its plain private half lies beside it.
fn open_public(path: &Path, text: &str) -> Result<(PublicKey, Means), KeyError> {
    let key = PublicKey::parse(text).map_err(|error| refused(path, error))?;
    let beside = private_beside(path).filter(|file| file.key == key).and_then(|file| file.plain);
    Ok((key, beside.map_or_else(|| Means::Keygen(path.to_owned()), Means::InProcess)))
}

fn private_beside(path: &Path) -> Option<PrivateFile> {
    let private = path.to_str()?.strip_suffix(".pub").map(Path::new)?;
    read_private(private, &read(private).ok()?).ok()
}

/// The public half of an OpenSSH private key is readable even under a passphrase.
fn read_private(path: &Path, text: &str) -> Result<PrivateFile, KeyError> {
    let private = PrivateKey::from_openssh(text).map_err(|_| unread(path))?;
    let key = PublicKey::from_key_data(private.public_key().key_data()).map_err(|error| refused(path, error))?;
    let is_plain = !private.is_encrypted() && private.algorithm() == Algorithm::Ed25519;
    Ok(PrivateFile { key, plain: is_plain.then(|| Box::new(private)) })
}

/// Key files of some types are not even read here; the public file beside such a one tells its type.
fn unread(path: &Path) -> KeyError {
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    match fs::read_to_string(public).map(|text| PublicKey::parse(&text)) {
        Ok(Err(error @ InvalidKey::Type { .. })) => refused(path, error),
        _ => KeyError::NotAKey { path: path.to_owned() },
    }
}

fn refused(path: &Path, error: InvalidKey) -> KeyError {
    let path = path.to_owned();
    match error {
        InvalidKey::Type { kind } if is_type_name(&kind) => KeyError::WrongType { path, kind },
        // Not its words: the file may be another than was meant, a dump or a letter.
        InvalidKey::Type { .. } | InvalidKey::Form { .. } | InvalidKey::Encoding { .. } | InvalidKey::Private => {
            KeyError::NotAKey { path }
        }
        cause => KeyError::Unusable { path, cause },
    }
}

/// Any two words read as a key of an unknown type; only these say that somebody meant one.
fn is_type_name(kind: &str) -> bool {
    ["ssh-", "sk-", "ecdsa-", "rsa-"].iter().any(|prefix| kind.starts_with(prefix))
}

fn read(path: &Path) -> Result<String, KeyError> {
    let path = path.to_owned();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing { path }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyError::NotAKey { path }),
        Err(cause) => Err(KeyError::Unreadable { path, cause }),
    }
}

/// The words of OpenSSH 9.2; it has no other way to tell. Under other words the error is the general one.
fn is_out_of_reach(said: &str) -> bool {
    ["Couldn't get agent socket", "Couldn't find key in agent", "No private key found"]
        .iter()
        .any(|words| said.contains(words))
}

fn shown(path: &Path) -> String {
    harmless(&path.to_string_lossy())
}
