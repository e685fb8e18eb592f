//! Runs the stock `ssh-keygen` for the keys that only it can reach: in an agent, under a passphrase, in hardware.
//!
//! As git does it: the payload on standard input and the armour on standard output, so that neither ever lies in a file.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use crate::model::namespace::Namespace;
use crate::model::text::harmless;

const CHATTER: &str = "Signing data on standard input";

/// The whole environment of a child process: nothing is inherited that is not listed here. Only `cli` reads the
/// environment, so only `cli` makes one; for signing it holds what reaches keys and people, such as `PATH`, `HOME`,
/// `SSH_AUTH_SOCK`, `SSH_ASKPASS`, `DISPLAY`, `TERM` and `SSH_SK_PROVIDER`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildEnv(Vec<(OsString, OsString)>);

impl ChildEnv {
    /// An environment of exactly these variables.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// A command that will run in this environment, and find its program on the `PATH` of this environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.0.iter().map(|(name, value)| (name, value)));
        command
    }

    fn temporary_directory(&self) -> PathBuf {
        let set = self.0.iter().find(|(name, value)| name == "TMPDIR" && !value.is_empty());
        set.map_or_else(|| PathBuf::from("/tmp"), |(_, value)| PathBuf::from(value))
    }

    /// A file to hold a public key while `ssh-keygen` reads it.
    pub(super) fn temporary_key(&self, line: &str) -> io::Result<tempfile::NamedTempFile> {
        let builder = &mut tempfile::Builder::new();
        let mut file = builder.prefix("packet-").suffix(".pub").tempfile_in(self.temporary_directory())?;
        writeln!(file, "{line}")?;
        file.flush()?;
        Ok(file)
    }
}

/// Where `ssh-keygen` looks for the private half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// In the agent, then beside the file.
    AgentThenFile,
    /// In the agent alone: the file is ours and has nothing beside it.
    Agent,
}

/// What `ssh-keygen -Y sign` answered: the armour, or what it said instead.
pub(super) type Answer = Result<Vec<u8>, String>;

/// Signs with `ssh-keygen -Y sign`. It may talk to the person through the terminal or `SSH_ASKPASS`.
pub(super) fn sign(
    env: &ChildEnv,
    key: &Path,
    search: Search,
    namespace: Namespace,
    message: &[u8],
) -> io::Result<Answer> {
    let mut command = env.command("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace.as_str(), "-f"]).arg(key);
    if search == Search::Agent {
        command.arg("-U");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = answer_to(command.spawn()?, message)?;
    Ok(if output.status.success() { Ok(output.stdout) } else { Err(complaint(&output)) })
}

/// Writes from a second thread, so that neither side waits for the other. A child that ends without reading everything
/// has its own say about why, so a write that fails is not an error here.
fn answer_to(mut child: Child, message: &[u8]) -> io::Result<Output> {
    let mut stdin = child.stdin.take().expect("standard input was asked for");
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(message));
        child.wait_with_output()
    })
}

/// What went wrong, in its words, on one line that is safe to print.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != CHATTER).map(harmless).collect();
    if lines.is_empty() { output.status.to_string() } else { lines.join("; ") }
}
