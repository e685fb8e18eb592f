//! One temporary directory with everything in it: people with keys, the vault, the repository, the charter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use url::Url;

use super::{Outcome, say};

/// The people, the agent and CI, each with a home and a key of their own.
pub(crate) const ACTORS: [&str; 6] =
    ["release-owner", "privacy-lead", "reliability", "forensics-lead", "triage-agent", "ci-service"];

/// What becomes of the directory when the story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// It is removed.
    Remove,
    /// It stays, to look around in.
    Keep,
}

/// The directory.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    /// Makes the directory, with real keys and an empty repository.
    pub(crate) fn new() -> Outcome<Self> {
        let directory = tempfile::Builder::new().prefix("packet-quickstart-").tempdir()?;
        let place = Self { directory };
        for name in ["vault", "home"] {
            fs::create_dir(place.path(name))?;
        }
        for actor in ACTORS {
            place.make_home(actor)?;
        }
        place.run(Command::new("git").args(["init", "-q", "-b", "main", "repo"]))?;
        fs::write(place.path("charter.toml"), place.charter()?)?;
        Ok(place)
    }

    /// A path in it.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// An actor's home.
    pub(crate) fn home(&self, actor: &str) -> PathBuf {
        self.path("home").join(actor)
    }

    /// The end: removed, or left where it is said to be.
    pub(crate) fn leave(self, afterwards: Afterwards) -> Outcome<()> {
        match afterwards {
            Afterwards::Keep => say(format_args!("Everything is still in {}", self.directory.keep().display())),
            Afterwards::Remove => {
                self.directory.close()?;
                say("The directory is removed; `cargo run --release --example quickstart -- --keep` leaves it.");
            }
        }
        Ok(())
    }

    /// A home with an SSH key and a git configuration that names it, as everybody has at work.
    fn make_home(&self, actor: &str) -> Outcome<()> {
        let home = self.home(actor);
        fs::create_dir(&home)?;
        let key = home.join("id_ed25519");
        self.run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", actor]).arg("-f").arg(&key))?;
        let config = "[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = ~/id_ed25519\n";
        Ok(fs::write(home.join(".gitconfig"), config)?)
    }

    fn public_key(&self, actor: &str) -> Outcome<String> {
        let line = fs::read_to_string(self.home(actor).join("id_ed25519.pub"))?;
        Ok(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
    }

    /// Runs git or ssh-keygen in the directory, isolated from the machine's configuration; gives its output.
    pub(crate) fn run(&self, command: &mut Command) -> Outcome<Vec<u8>> {
        let program = command.get_program().to_string_lossy().into_owned();
        let ran = isolated(command, &self.path("home")).current_dir(self.directory.path()).output();
        let output = ran.map_err(|e| format!("{program}: {e}; install git and openssh-client"))?;
        if !output.status.success() {
            return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(output.stdout)
    }

    fn charter(&self) -> Outcome<String> {
        let vault = Url::from_directory_path(self.path("vault")).map_err(|()| "the vault's path is not absolute")?;
        let mut charter = CHARTER.replace("@VAULT@", vault.as_str());
        for (actor, rest) in ROSTER {
            let key = self.public_key(actor)?;
            charter.push_str(&format!("\n[[actor]]\nid = \"{actor}\"\n{rest}\nkeys = [\"{key}\"]\n"));
        }
        Ok(charter)
    }
}

/// A child that knows a home, where programs are, and nothing else.
pub(crate) fn isolated<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("HOME", home).env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1")
}

/// Who takes part, as the charter says it; [`Place::charter`] adds their keys.
const ROSTER: [(&str, &str); 6] = [
    ("release-owner", "kind = \"human\"\nroles = [\"governance\"]"),
    ("privacy-lead", "kind = \"human\"\nroles = [\"privacy-lead\", \"contributor\", \"governance\"]"),
    ("reliability", "kind = \"human\"\nroles = [\"reliability\", \"contributor\", \"custodian\"]"),
    ("forensics-lead", "kind = \"human\"\nroles = [\"forensics\", \"contributor\"]"),
    ("triage-agent", "kind = \"agent\"\noperator = \"forensics-lead\"\nroles = [\"contributor\"]"),
    ("ci-service", "kind = \"service\"\noperator = \"reliability\"\nroles = []"),
];

const CHARTER: &str = r#"format = 1

[packet]
title = "Checkout service, recurring crash: redaction clarification"
purpose = "Clarify what the sanitized dumps still show, for restricted privacy review"

[governance]
threshold = 1

[lane]
id = "restricted-privacy-intake"
allowed_use = "decide whether the packet suffices for formal privacy review"
not_for = ["incident command", "debugger access", "customer communication", "vendor escalation"]
audience = ["privacy-lead"]
release_owner = "release-owner"
required_signers = [
  { role = "privacy-lead", count = 1 },
  { role = "reliability", count = 1 },
  { role = "forensics", count = 1 },
]
approval_lifetime = "72h"
max_sensitivity = "restricted"

[rules]
min_fragment = 64
require_retention = true
boundary = { rung = "private", modules = ["checkout"], max_frames = 64 }

[[source]]
name = "vault"
kind = "evidence"
url = "@VAULT@"
"#;
