//! The one place that reads the clock, the environment, the current directory and the terminal.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::id::{ClassId, PacketId};
use crate::model::time::Time;
use crate::sign::{ChildEnv, KeyChoice, Signer};
use crate::store::{GitEnvironment, Repo, user_signing_key};
use crate::work::{Desk, Refused, Verdict};

/// Options that every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Work on the repository of DIR instead of the current directory's
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// Work on the packet ID; by default the only one
    #[arg(short, long, global = true, value_name = "ID")]
    pub packet: Option<PacketId>,
    /// Sign with this SSH key, private or public; by default git's `user.signingkey`
    #[arg(long, global = true, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Let text through that holds something of CLASS, once you know that it is no customer's; the entry records it
    #[arg(long, global = true, value_name = "CLASS")]
    pub allow: Vec<ClassId>,
}

/// What a child process of ours may know of the environment: where its user, agent and terminal are. Nothing that git
/// reads (`GIT_*`) and nothing that loads code into it.
const PASSED_ON: &[&str] = &[
    "HOME",
    "PATH",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "TERM",
    "TMPDIR",
    "LANG",
    "EDITOR",
    "VISUAL",
];

/// Everything outside the arguments, read once.
#[derive(Debug)]
pub struct Context {
    global: Global,
    now: Time,
    here: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Context {
    /// Reads clock, environment and directory.
    ///
    /// # Errors
    /// When the clock or the current directory cannot be read.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads clock, environment and directory")]
    pub fn read(global: Global) -> Result<Self, Refused> {
        let odd =
            |what: &str, why: String| Refused::new(Verdict::Undecided, "environment", what, why, "check this machine");
        let here = env::current_dir().map_err(|e| odd("directory", format!("the current directory: {e}")))?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok());
        let now =
            seconds.and_then(Time::from_seconds).ok_or_else(|| odd("clock", "the clock is before 1970".to_owned()))?;
        Ok(Self { global, now, here, environment: env::vars_os().collect() })
    }

    /// Now, as it was when the program started.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The directory relative paths start from.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// Whether the answer is to be JSON.
    pub fn json(&self) -> bool {
        self.global.json
    }

    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// Whether a person can be asked: both ends of the conversation are a terminal.
    pub fn can_ask(&self) -> bool {
        !self.global.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether progress may be drawn.
    pub fn shows_progress(&self) -> bool {
        !self.global.json && io::stderr().is_terminal()
    }

    /// The environment of child processes.
    pub fn children(&self) -> ChildEnv {
        let passed = self.environment.iter().filter(|(key, _)| PASSED_ON.iter().any(|name| key == name));
        ChildEnv::new(passed.cloned())
    }

    /// The repository.
    ///
    /// # Errors
    /// When there is none.
    pub fn open_repo(&self) -> Result<Repo, Refused> {
        let start = self.global.repo.as_ref().map_or_else(|| self.here.clone(), |dir| self.here.join(dir));
        Ok(Repo::discover(&start)?)
    }

    /// The desk of the packet that is named, or the only one.
    ///
    /// # Errors
    /// When there is no repository, or the packet is not clear.
    pub fn desk(&self) -> Result<Desk, Refused> {
        let repo = self.open_repo()?;
        let name = match &self.global.packet {
            Some(name) => name.clone(),
            None => only_packet(&repo)?,
        };
        Ok(self.desk_of(repo, name))
    }

    /// The desk of a packet that may not be there yet.
    ///
    /// # Errors
    /// When there is no repository, or `-p` names another packet.
    pub fn desk_for(&self, name: &PacketId) -> Result<Desk, Refused> {
        if let Some(other) = self.global.packet.as_ref().filter(|other| *other != name) {
            let message = format!("`{name}` and `-p {other}` name two packets");
            return Err(Refused::usage("-p", message, "name one"));
        }
        Ok(self.desk_of(self.open_repo()?, name.clone()))
    }

    fn desk_of(&self, repo: Repo, name: PacketId) -> Desk {
        let allow = self.global.allow.clone();
        Desk { repo, name, now: self.now, here: self.here.clone(), allow, wait: self.wait() }
    }

    /// How long to wait for another writer; `PACKET_LOCK_WAIT` in seconds shortens it.
    fn wait(&self) -> Duration {
        let seconds = self.variable("PACKET_LOCK_WAIT").and_then(|v| v.to_str()).and_then(|v| v.parse().ok());
        Duration::from_secs(seconds.unwrap_or(60))
    }

    /// Who signs: `--key`, else git's `user.signingkey`.
    ///
    /// # Errors
    /// When there is no key, or it cannot be used.
    pub fn signer(&self) -> Result<Signer, Refused> {
        match self.key_choice()? {
            Some(choice) => Ok(Signer::open(&choice, self.children())?),
            None => Err(self.no_key()),
        }
    }

    /// Who signs, if that is known: commands that only read do without.
    pub fn signer_if_any(&self) -> Option<Signer> {
        let choice = self.key_choice().ok()??;
        Signer::open(&choice, self.children()).ok()
    }

    fn key_choice(&self) -> Result<Option<KeyChoice>, Refused> {
        if let Some(file) = &self.global.key {
            return Ok(Some(KeyChoice::File(self.here.join(file))));
        }
        let setting = user_signing_key(&self.git_environment()).map_err(|e| {
            Refused::new(Verdict::Usage, "key", "user.signingkey", e.to_string(), "packet --key FILE …")
        })?;
        let Some(setting) = setting else { return Ok(None) };
        if setting.format.as_deref() != Some("ssh") {
            let message = format!("gpg.format is {}, not ssh", setting.format.as_deref().unwrap_or("not set"));
            let help = "git config --global gpg.format ssh   or packet --key FILE …";
            return Err(Refused::new(Verdict::Usage, "key", "gpg.format", message, help));
        }
        Ok(Some(self.expanded(KeyChoice::from_setting(&setting.value))))
    }

    fn expanded(&self, choice: KeyChoice) -> KeyChoice {
        match choice {
            KeyChoice::File(path) => match (path.strip_prefix("~"), self.variable("HOME")) {
                (Ok(rest), Some(home)) => KeyChoice::File(PathBuf::from(home).join(rest)),
                _ => KeyChoice::File(self.here.join(path)),
            },
            literal => literal,
        }
    }

    fn no_key(&self) -> Refused {
        let ignored = self.open_repo().is_ok_and(|repo| repo.sets_signing_key());
        let message = match ignored {
            true => "user.signingkey is set only in this repository, whose configuration does not choose who you are",
            false => "no key to sign with: neither --key nor git's user.signingkey",
        };
        let help = "git config --global gpg.format ssh && git config --global user.signingkey ~/.ssh/id_ed25519.pub   or packet --key FILE …";
        Refused::new(Verdict::Usage, "key", "user.signingkey", message, help)
    }

    fn git_environment(&self) -> GitEnvironment {
        let path = |name: &str| self.variable(name).map(PathBuf::from);
        GitEnvironment {
            home: path("HOME"),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            git_config_global: path("GIT_CONFIG_GLOBAL"),
            git_config_system: path("GIT_CONFIG_SYSTEM"),
            no_system: self
                .variable("GIT_CONFIG_NOSYSTEM")
                .is_some_and(|v| !["0", "false", "no", "off"].iter().any(|no| v == no)),
        }
    }
}

fn only_packet(repo: &Repo) -> Result<PacketId, Refused> {
    let found = repo.packets()?;
    match found.ids.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let help = "packet charter new --id ACTOR --out charter.toml   then packet open ID --charter charter.toml";
            Err(Refused::new(Verdict::Undecided, "no-packet", "packet", "there is no packet in this repository", help))
        }
        several => {
            let names: Vec<&str> = several.iter().map(PacketId::as_str).collect();
            let message = format!("there are {} packets here: {}", names.len(), names.join(", "));
            Err(Refused::usage("-p", message, "name one with -p ID"))
        }
    }
}
