//! A place of its own for each test: a repository, a vault, people with keys, and an environment that knows nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

/// The actors of [`Sandbox::charter`], by id.
pub const ACTORS: &[&str] =
    &["release-owner", "privacy-lead", "reliability", "forensics-lead", "triage-agent", "ci-service"];

/// A repository, a vault and keys below one directory whose name has a space and letters beyond ASCII.
pub struct Sandbox {
    root: Root,
    /// The packet's name.
    pub packet: &'static str,
}

/// A directory of the sandbox's own, which goes away with it, or one that others look after.
enum Root {
    Own(TempDir),
    Kept(PathBuf),
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// What a child answered.
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The codes of its reasons.
    #[track_caller]
    pub fn reasons(&self) -> Vec<String> {
        let json = self.json();
        json["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl Sandbox {
    /// An empty SHA-1 repository with a work tree.
    pub fn new() -> Self {
        Self::with_git_init(&["-b", "main"])
    }

    /// A repository made with these arguments of `git init`.
    pub fn with_git_init(arguments: &[&str]) -> Self {
        let root = tempfile::Builder::new().prefix("päcket tést ").tempdir().unwrap();
        let sandbox = Self { root: Root::Own(root), packet: "checkout" };
        sandbox.furnish();
        let repo = sandbox.repo();
        let mut git = vec!["init", "-q"];
        git.extend(arguments);
        git.push(repo.to_str().unwrap());
        sandbox.run(Command::new("git").args(git));
        sandbox
    }

    /// Keys and a vault for many repositories; in memory where there is room for it, unless a directory is named.
    pub fn workshop(dir: Option<&Path>) -> Self {
        let in_memory = Path::new("/dev/shm");
        let root = match dir {
            Some(dir) => Root::Kept(dir.to_owned()),
            None if in_memory.is_dir() => {
                Root::Own(tempfile::Builder::new().prefix("packet").tempdir_in(in_memory).unwrap())
            }
            None => Root::Own(tempfile::Builder::new().prefix("packet").tempdir().unwrap()),
        };
        let sandbox = Self { root, packet: "checkout" };
        sandbox.furnish();
        sandbox.dump("a.dmp", 4096, 100, 16);
        sandbox
    }

    /// The same keys and vault beside another repository, in a directory that is kept.
    pub fn beside(&self, dir: &Path) -> Self {
        for name in ["home", "keys", "vault"] {
            std::os::unix::fs::symlink(fs::canonicalize(self.path(name)).unwrap(), dir.join(name)).unwrap();
        }
        Self { root: Root::Kept(dir.to_owned()), packet: self.packet }
    }

    fn furnish(&self) {
        for name in ["home", "keys", "vault"] {
            fs::create_dir_all(self.path(name)).unwrap();
        }
        for actor in ACTORS {
            self.new_key(actor);
        }
    }

    /// A path below the sandbox.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        match &self.root {
            Root::Own(dir) => dir.path().join(name),
            Root::Kept(dir) => dir.join(name),
        }
    }

    /// The repository.
    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// An actor's private key file.
    pub fn key(&self, actor: &str) -> PathBuf {
        self.path("keys").join(actor)
    }

    /// Makes a key with the real ssh-keygen.
    pub fn new_key(&self, name: &str) {
        let file = self.key(name);
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file.to_str().unwrap()];
        self.run(Command::new("ssh-keygen").args(arguments));
    }

    /// An actor's public key as a charter holds it.
    pub fn public_key(&self, actor: &str) -> String {
        let text = fs::read_to_string(self.key(actor).with_extension("pub")).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Runs a child in an environment that holds HOME and PATH only; panics when it fails.
    #[track_caller]
    pub fn run(&self, command: &mut Command) -> String {
        let output = self.bare(command).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A child with HOME and PATH and nothing else.
    pub fn bare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let path = env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("HOME", self.path("home")).env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1")
    }

    /// Runs git in the repository.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        self.run(Command::new("git").arg("-C").arg(self.repo()).args(arguments))
    }

    /// The built program, as an actor would run it in the repository.
    pub fn command(&self, actor: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packet"));
        self.bare(&mut command);
        command.arg("--key").arg(self.key(actor)).current_dir(self.repo());
        command
    }

    /// Runs the built program as an actor.
    pub fn packet(&self, actor: &str, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(actor).args(arguments).output().unwrap())
    }

    /// Runs it with `--json`.
    pub fn json(&self, actor: &str, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(actor).arg("--json").args(arguments).output().unwrap())
    }

    /// Runs a prepared command.
    pub fn answer(&self, command: &mut Command) -> Answer {
        Answer::of(&command.output().unwrap())
    }

    /// The usual charter: an owner, three required roles, an agent and a service.
    pub fn charter(&self) -> String {
        let actor = |id: &str, kind: &str, more: &str, roles: &str| {
            let key = self.public_key(id);
            format!("\n[[actor]]\nid = \"{id}\"\nkind = \"{kind}\"\n{more}roles = [{roles}]\nkeys = [\"{key}\"]\n")
        };
        let operated = "operator = \"forensics-lead\"\n";
        let vault = url::Url::from_directory_path(fs::canonicalize(self.path("vault")).unwrap()).unwrap();
        [
            CHARTER_HEAD.to_owned(),
            actor("release-owner", "human", "", "\"governance\""),
            actor("privacy-lead", "human", "", "\"privacy-lead\", \"contributor\""),
            actor("reliability", "human", "", "\"reliability\", \"contributor\", \"custodian\""),
            actor("forensics-lead", "human", "", "\"forensics\", \"contributor\""),
            actor("triage-agent", "agent", operated, "\"contributor\""),
            actor("ci-service", "service", operated, ""),
            format!("\n[[source]]\nname = \"vault\"\nkind = \"evidence\"\nurl = \"{vault}\"\n"),
        ]
        .concat()
    }

    /// Opens the packet with a charter; gives the genesis.
    #[track_caller]
    pub fn open_with(&self, charter: &str) -> String {
        let file = self.path("charter.toml");
        fs::write(&file, charter).unwrap();
        let arguments = ["open", self.packet, "--charter", file.to_str().unwrap()];
        let answer = self.json("release-owner", &arguments).exits(0);
        answer.json()["genesis"].as_str().unwrap().to_owned()
    }

    /// Opens the packet with the usual charter; gives the genesis.
    #[track_caller]
    pub fn open(&self) -> String {
        self.open_with(&self.charter())
    }

    /// Writes a dump into the vault, and its copy with `masked` bytes of `X` from `at` beside the vault.
    pub fn dump(&self, name: &str, length: usize, at: usize, masked: usize) -> PathBuf {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).map(|b| if b == b'X' { 0 } else { b }).collect();
        fs::write(self.path("vault").join(name), &bytes).unwrap();
        let mut sanitized = bytes;
        sanitized[at..at + masked].fill(b'X');
        let copy = self.path(format!("{name}.masked"));
        fs::write(&copy, sanitized).unwrap();
        copy
    }

    /// Opens the packet and commits one session with one masked fragment `stack`, as `reliability`.
    #[track_caller]
    pub fn with_evidence(&self) -> String {
        let genesis = self.open();
        self.add_evidence();
        genesis
    }

    /// Commits one session `s1` with one masked fragment `stack`, as `reliability`.
    #[track_caller]
    pub fn add_evidence(&self) {
        let masked = self.dump("a.dmp", 4096, 100, 16);
        let who = "reliability";
        self.packet(who, &["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "restricted"]).exits(0);
        let masked = masked.to_str().unwrap();
        let arguments = ["add-fragment", "vault:a.dmp", "--session", "s1", "--sanitized", masked, "--id", "stack"];
        self.packet(who, &arguments).exits(0);
        self.packet(who, &["commit", "-m", "first evidence"]).exits(0);
    }

    /// Drafts as `reliability` and signs as everybody required; gives the bound commit.
    #[track_caller]
    pub fn draft_and_sign(&self) -> String {
        let draft = self.json("reliability", &["draft"]).exits(0).json();
        for actor in ["privacy-lead", "reliability", "forensics-lead"] {
            self.packet(actor, &["sign"]).exits(0);
        }
        draft["commit"].as_str().unwrap().to_owned()
    }

    /// From nothing to an approved release; gives the genesis.
    #[track_caller]
    pub fn release(&self) -> String {
        let genesis = self.with_evidence();
        let commit = self.draft_and_sign();
        self.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
        genesis
    }

    /// The head of the packet's branch.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", &format!("refs/heads/packet/{}", self.packet)])
    }

    /// Raises an objection; gives its id.
    #[track_caller]
    pub fn object(&self, actor: &str, kind: &str, about: &str) -> String {
        let arguments = ["object", "--kind", kind, "--about", about, "-m", "it may still show"];
        self.json(actor, &arguments).exits(0).json()["id"].as_str().unwrap().to_owned()
    }
}

/// Whether `strace` can do its work here; where it cannot, says that the test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped: strace cannot trace here");
    }
    can
}

/// The usual charter, up to its roster.
pub const CHARTER_HEAD: &str = include_str!("charter-head.toml");
