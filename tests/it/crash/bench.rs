//! A place to run commands in that need no repository, and a look at all that they print and leave.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

use super::planted_values;
use crate::encodings::{Needles, encodings};
use crate::sandbox::Answer;

/// A directory with a home and temporary files of its own, in which commands run that need no repository.
pub struct Bench {
    dir: TempDir,
    needles: Needles,
}

impl Bench {
    /// An empty one.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("packet-scan").tempdir().unwrap();
        for name in ["home", "tmp", "here"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let needles = planted_values().flat_map(|value| {
            encodings(value).into_iter().map(move |(name, needle)| (format!("{value} as {name}"), needle))
        });
        Self { dir, needles: Needles::new(needles) }
    }

    /// A program in an environment of its own, verbose about its faults.
    pub fn prepared(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path().join("home")).env("TMPDIR", self.dir.path().join("tmp"));
        command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace").current_dir(self.dir.path().join("here"));
        command
    }

    /// Runs the program, and looks for what was planted in all that it printed and left.
    #[track_caller]
    pub fn finish(&self, command: &mut Command) -> Answer {
        let output = command.output().unwrap();
        for printed in [&output.stdout, &output.stderr] {
            assert_eq!(self.needles.find(printed), [""; 0], "printed by {command:?}");
        }
        self.left_nothing(self.dir.path());
        Answer::of(&output)
    }

    fn left_nothing(&self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.left_nothing(&path);
            } else {
                assert_eq!(self.needles.find(&fs::read(&path).unwrap()), [""; 0], "in {}", path.display());
            }
        }
    }

    /// Runs `packet`.
    #[track_caller]
    pub fn packet(&self, arguments: &[&str]) -> Answer {
        self.finish(self.prepared(env!("CARGO_BIN_EXE_packet")).args(arguments))
    }

    /// A command that is hit by faults of the system's calls on the dump.
    #[track_caller]
    pub fn injected(&self, inject: &str, on: &Path, arguments: &[&str]) -> Answer {
        let mut strace = self.prepared("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-P", on.to_str().unwrap(), "-e", &format!("inject={inject}")]);
        self.finish(strace.arg(env!("CARGO_BIN_EXE_packet")).args(arguments))
    }

    /// Scans a file in which something is found; gives the answer.
    #[track_caller]
    pub fn scan(&self, dump: &Path) -> Value {
        self.packet(&["--json", "scan", dump.to_str().unwrap()]).exits(1).json()
    }
}
