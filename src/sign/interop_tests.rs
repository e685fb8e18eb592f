//! Signing and verifying together with the stock `ssh-keygen`, `ssh-agent` and `ssh-add`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::sk_fixture::Token;
use super::{ChildEnv, KeyChoice, KeyError, Presence, Signature, Signer};
use crate::model::key::PublicKey;
use crate::model::namespace::Namespace;

const MESSAGE: &[u8] = b"one manifest\n";
const PASSPHRASE: &str = "correct horse";

/// A directory with keys, and the environment that programs see there.
struct Bench {
    dir: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::with_prefix("packet-sign-").unwrap();
        let home = dir.path().display().to_string();
        let variables =
            vec![("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()), ("HOME", home.clone()), ("TMPDIR", home)];
        Self { dir, variables }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    /// Questions for a passphrase get this answer, without a terminal.
    fn answering(self, passphrase: &str) -> Self {
        let program = self.script("ask", &format!("echo '{passphrase}'"));
        self.with("SSH_ASKPASS", program.display().to_string()).with("SSH_ASKPASS_REQUIRE", "force")
    }

    /// `ssh-keygen` is this script.
    fn with_keygen(self, body: &str) -> Self {
        self.script("bin/ssh-keygen", body);
        let bin = self.at("bin").display().to_string();
        self.with("PATH", format!("{bin}:/usr/bin:/bin"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn env(&self) -> ChildEnv {
        ChildEnv::new(self.variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn command(&self, program: &str) -> Command {
        self.env().command(program)
    }

    /// Makes a key pair of a type, in `id` and `id.pub`.
    fn keygen(&self, kind: &str, passphrase: &str, more: &[&str]) -> PathBuf {
        let path = self.at("id");
        let mut command = self.command("ssh-keygen");
        command.args(["-q", "-C", "ana@laptop", "-t", kind, "-N", passphrase, "-f"]).arg(&path).args(more);
        assert!(command.status().unwrap().success(), "ssh-keygen -t {kind}");
        path
    }

    fn ed25519(&self) -> PathBuf {
        self.keygen("ed25519", "", &[])
    }

    fn signer(&self, choice: &KeyChoice) -> Result<Signer, KeyError> {
        Signer::open(choice, self.env())
    }

    fn file(&self, path: impl Into<PathBuf>) -> Signer {
        self.signer(&KeyChoice::File(path.into())).unwrap()
    }

    fn literal(&self, key: &PublicKey) -> Signer {
        self.signer(&KeyChoice::Literal(key.to_string())).unwrap()
    }

    fn socket(&self) -> String {
        self.at("agent").display().to_string()
    }

    fn with_socket(self) -> Self {
        let socket = self.socket();
        self.with("SSH_AUTH_SOCK", socket)
    }

    fn add_to_agent(&self, key: &Path) {
        assert!(self.command("ssh-add").arg("-q").arg(key).status().unwrap().success());
    }

    /// `ssh-keygen -Y sign`, as a person would type it.
    fn stock_sign(&self, key: &Path, namespace: Namespace) -> String {
        let mut command = self.command("ssh-keygen");
        command.args(["-Y", "sign", "-n", namespace.as_str(), "-f"]).arg(key);
        String::from_utf8(feed(command, MESSAGE).stdout).unwrap()
    }

    /// `ssh-keygen -Y verify`, with a roster line that allows the key everything.
    fn stock_accepts(&self, armour: &str, key: &PublicKey, namespace: Namespace) -> bool {
        let roster = self.write("allowed_signers", &format!("ana {key}\n"));
        let signature = self.write("signature", armour);
        let mut command = self.command("ssh-keygen");
        command.args(["-Y", "verify", "-I", "ana", "-n", namespace.as_str(), "-f"]).arg(roster);
        command.arg("-s").arg(signature);
        feed(command, MESSAGE).status.success()
    }
}

/// An `ssh-agent` of this test alone.
struct Agent(Child);

impl Agent {
    fn start(bench: &Bench) -> Self {
        let socket = bench.socket();
        let mut command = bench.command("ssh-agent");
        let child = command.args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn().unwrap();
        for _ in 0..500 {
            if Path::new(&socket).exists() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn feed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn public(private: &Path) -> PathBuf {
    private.with_extension("pub")
}

fn key_in(path: &Path) -> PublicKey {
    PublicKey::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

fn holds(signature: &Signature, key: &PublicKey, namespace: Namespace) -> bool {
    signature.verify(namespace, MESSAGE).is_ok_and(|verified| verified.key() == key)
}

#[test]
fn what_is_signed_here_is_what_ssh_keygen_signs() {
    let bench = Bench::new();
    let path = bench.ed25519();
    let (key, signer) = (key_in(&public(&path)), bench.file(&path));
    for namespace in Namespace::ALL {
        let ours = signer.sign(namespace, MESSAGE).unwrap();
        assert_eq!(ours, signer.sign(namespace, MESSAGE).unwrap());
        assert_eq!(ours.armour(), bench.stock_sign(&path, namespace));
        assert!(bench.stock_accepts(ours.armour(), &key, namespace), "{namespace}");
        assert!(holds(&ours, &key, namespace), "{namespace}");
    }
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    let bench = Bench::new();
    let path = public(&bench.ed25519());
    let mut command = bench.command("ssh-keygen");
    let listed = String::from_utf8(command.arg("-lf").arg(&path).output().unwrap().stdout).unwrap();
    assert_eq!(listed.split(' ').nth(1), Some(key_in(&path).fingerprint().as_str()));
}

/// With no `ssh-keygen` on the path there is no other way.
#[test]
fn a_plain_key_signs_in_process_by_either_of_its_files() {
    let bench = Bench::new();
    let path = bench.ed25519();
    let bench = bench.with("PATH", "/nonexistent");
    let by_private = bench.file(&path).sign(Namespace::Git, MESSAGE).unwrap();
    let by_public = bench.file(public(&path)).sign(Namespace::Git, MESSAGE).unwrap();
    assert_eq!(by_private, by_public);
}

#[test]
fn a_public_file_with_another_private_key_beside_it_does_not_sign() {
    let bench = Bench::new();
    let path = bench.ed25519();
    fs::copy(public(&Bench::new().ed25519()), public(&path)).unwrap();
    let refusal = bench.file(public(&path)).sign(Namespace::Git, MESSAGE).unwrap_err();
    assert!(matches!(refusal, KeyError::ProgramFailed { .. } | KeyError::NotInAgent { .. }), "{refusal}");
}

#[test]
fn a_key_in_the_agent_signs_by_private_file_public_file_and_literal() {
    let bench = Bench::new().with_socket().answering(PASSPHRASE);
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let key = key_in(&public(&path));
    let _agent = Agent::start(&bench);
    bench.add_to_agent(&path);
    let bench = bench.answering("no longer known");
    let signers = [bench.file(&path), bench.file(public(&path)), bench.literal(&key)];
    fs::rename(&path, bench.at("elsewhere")).unwrap();
    for (at, signer) in signers.iter().enumerate() {
        for namespace in Namespace::ALL {
            let signature = signer.sign(namespace, MESSAGE).unwrap();
            assert!(holds(&signature, &key, namespace), "{at}, {namespace}");
            assert!(bench.stock_accepts(signature.armour(), &key, namespace), "{at}, {namespace}");
        }
    }
    let left: Vec<_> = fs::read_dir(bench.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("packet-")), "{left:?}");
}

#[test]
fn a_passphrase_is_asked_for_when_no_agent_has_the_key() {
    let bench = Bench::new().answering(PASSPHRASE);
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let signature = bench.file(&path).sign(Namespace::Release, MESSAGE).unwrap();
    assert!(holds(&signature, &key_in(&public(&path)), Namespace::Release));

    let refusal = bench.answering("wrong").file(&path).sign(Namespace::Release, MESSAGE).unwrap_err();
    assert!(matches!(&refusal, KeyError::ProgramFailed { said, .. } if said.contains("passphrase")), "{refusal}");
}

#[test]
fn a_literal_key_that_no_agent_has_is_named() {
    let bench = Bench::new().with_socket();
    let key = key_in(&public(&bench.ed25519()));
    let without_agent = bench.literal(&key).sign(Namespace::Git, MESSAGE).unwrap_err();
    let _agent = Agent::start(&bench);
    let without_key = bench.literal(&key).sign(Namespace::Git, MESSAGE).unwrap_err();
    for refusal in [without_agent, without_key] {
        assert!(matches!(&refusal, KeyError::NotInAgent { fingerprint, .. } if *fingerprint == key.fingerprint()));
    }
    fs::remove_file(bench.at("id")).unwrap();
    let no_private_file = bench.file(bench.at("id.pub")).sign(Namespace::Git, MESSAGE).unwrap_err();
    assert!(matches!(no_private_file, KeyError::NotInAgent { .. }), "{no_private_file}");
}

#[test]
fn keys_of_other_types_are_refused_by_name() {
    for (kind, more, name) in [
        ("rsa", &["-b", "2048"][..], "ssh-rsa"),
        ("rsa", &["-b", "2048", "-m", "PEM"], "ssh-rsa"),
        ("ecdsa", &[], "ecdsa-sha2-nistp256"),
    ] {
        for passphrase in ["", PASSPHRASE] {
            let bench = Bench::new();
            let path = bench.keygen(kind, passphrase, more);
            for path in [public(&path), path] {
                let refusal = bench.signer(&KeyChoice::File(path.clone())).unwrap_err();
                let shown = path.display().to_string();
                assert!(matches!(&refusal, KeyError::WrongType { kind, .. } if kind == name), "{refusal}");
                assert!(refusal.to_string().contains(&shown) && refusal.to_string().contains(name), "{refusal}");
            }
        }
    }
}

#[test]
fn a_file_that_is_no_key_is_refused() {
    let bench = Bench::new();
    let refusal = |path: PathBuf| bench.signer(&KeyChoice::File(path)).unwrap_err();
    assert!(matches!(refusal(bench.at("none")), KeyError::Missing { .. }));
    assert!(matches!(refusal(bench.dir.path().into()), KeyError::Unreadable { .. }));
    for text in ["", "hello, world", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"] {
        assert!(matches!(refusal(bench.write("text", text)), KeyError::NotAKey { .. }), "{text}");
    }
    let bytes = bench.at("bytes");
    fs::write(&bytes, [0xff, 0xfe, 0]).unwrap();
    assert!(matches!(refusal(bytes), KeyError::NotAKey { .. }));
    let truncated = bench.write("cut.pub", "ssh-ed25519 AAAA");
    let refused = refusal(truncated);
    assert!(matches!(refused, KeyError::NotAKey { .. }) && !refused.to_string().contains("AAAA"), "{refused}");
    let literal = bench.signer(&KeyChoice::Literal("ssh-rsa AAAA".into())).unwrap_err();
    assert!(matches!(literal, KeyError::Literal(_)));
}

#[test]
fn a_missing_ssh_keygen_is_named() {
    let bench = Bench::new();
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let bench = bench.with("PATH", "/nonexistent");
    let refusal = bench.file(path).sign(Namespace::Git, MESSAGE).unwrap_err();
    assert!(matches!(refusal, KeyError::ProgramMissing { .. }), "{refusal}");
}

#[test]
fn what_ssh_keygen_says_is_made_harmless() {
    let bench = Bench::new();
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let bench = bench.with_keygen(r"printf 'one\n\033[2Jtwo\n' >&2; exit 3");
    let refusal = bench.file(path).sign(Namespace::Git, MESSAGE).unwrap_err();
    assert!(matches!(&refusal, KeyError::ProgramFailed { said, .. } if said == r"one; \u{1b}[2Jtwo"), "{refusal}");
}

#[test]
fn a_child_sees_the_listed_environment_only() {
    let bench = Bench::new();
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let bench = bench.with_keygen("env >&2; exit 1").with("SSH_SK_PROVIDER", "internal");
    let refusal = bench.file(path).sign(Namespace::Git, MESSAGE).unwrap_err();
    let KeyError::ProgramFailed { said, .. } = refusal else { panic!("{refusal}") };
    let of_the_shell = ["PWD", "OLDPWD", "SHLVL", "_"];
    let names = said.split("; ").filter_map(|line| line.split('=').next()).filter(|name| !of_the_shell.contains(name));
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, BTreeSet::from(["HOME", "PATH", "SSH_SK_PROVIDER", "TMPDIR"]));
}

/// A program that is not what it seems, or an agent that picks another key.
#[test]
fn a_fresh_signature_that_is_not_the_expected_one_never_leaves() {
    let bench = Bench::new();
    let path = bench.keygen("ed25519", PASSPHRASE, &[]);
    let other = Bench::new();
    let armour = other.file(other.ed25519()).sign(Namespace::Git, MESSAGE).unwrap().armour().to_owned();
    bench.write("other.sig", &armour);
    let bench = bench.with_keygen("cat >/dev/null; cat \"$HOME/other.sig\"");
    let signer = bench.file(path);
    assert!(matches!(signer.sign(Namespace::Git, MESSAGE), Err(KeyError::WrongKey { .. })));
    assert!(matches!(signer.sign(Namespace::Release, MESSAGE), Err(KeyError::WrongSignature { .. })));
    assert!(matches!(signer.sign(Namespace::Git, b"other"), Err(KeyError::WrongSignature { .. })));
    let silent = bench.with_keygen("exec true");
    let refusal = silent.file(silent.at("id")).sign(Namespace::Git, &[0; 1 << 20]);
    assert!(matches!(refusal, Err(KeyError::WrongSignature { .. })));
}

/// OpenSSH 9.2 accepts both, and without `no-touch-required` in the roster line, which is for `sshd` alone: whoever wants
/// a touch has to look at the flags.
#[test]
fn ssh_keygen_accepts_an_untouched_hardware_key() {
    let (bench, token) = (Bench::new(), Token::new("ssh:packet"));
    for (flags, presence) in [(1, Presence::Touched), (0, Presence::Untouched)] {
        for namespace in Namespace::ALL {
            let signature = token.sign(namespace, MESSAGE, flags);
            assert!(bench.stock_accepts(signature.armour(), &token.public_key(), namespace), "{flags}, {namespace}");
            assert_eq!(signature.verify(namespace, MESSAGE).unwrap().presence(), presence);
        }
    }
}

/// F13, as it was observed: the reason why the reader here is strict.
#[test]
fn ssh_keygen_accepts_what_follows_the_first_block() {
    let bench = Bench::new();
    let path = bench.ed25519();
    let key = key_in(&public(&path));
    let one = bench.file(&path).sign(Namespace::Git, MESSAGE).unwrap().armour().to_owned();
    for more in [format!("{one}{one}"), format!("{one}approved by everybody\n")] {
        assert!(bench.stock_accepts(&more, &key, Namespace::Git), "{more}");
        assert!(Signature::parse(&more).is_err());
    }
}

#[test]
fn the_setting_is_read_as_git_reads_it() {
    let literal = |text: &str| KeyChoice::Literal(text.into());
    assert_eq!(
        KeyChoice::from_setting("key::sk-ssh-ed25519@openssh.com AAAA"),
        literal("sk-ssh-ed25519@openssh.com AAAA")
    );
    assert_eq!(KeyChoice::from_setting("ssh-ed25519 AAAA ana"), literal("ssh-ed25519 AAAA ana"));
    assert_eq!(KeyChoice::from_setting("~/.ssh/id.pub"), KeyChoice::File("~/.ssh/id.pub".into()));
}
