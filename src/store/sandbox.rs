//! A repository made by the real git, with nothing of the machine's configuration. For tests alone.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::object_id::ObjectId;
use super::repo::Repo;
use crate::model::id::{CommitId, TreeId};

pub(super) struct Sandbox {
    root: TempDir,
    dir: PathBuf,
    git_dir: PathBuf,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        Self::init(&[])
    }

    pub(super) fn with_format(format: &str) -> Self {
        Self::init(&[&format!("--object-format={format}")])
    }

    pub(super) fn bare() -> Self {
        Self::init(&["--bare"])
    }

    /// In a directory with spaces and letters beyond ASCII, always.
    pub(super) fn init(arguments: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().canonicalize().unwrap().join("ein Paket für München");
        fs::create_dir(&dir).unwrap();
        let git_dir = if arguments.contains(&"--bare") { dir.clone() } else { dir.join(".git") };
        let sandbox = Self { root, dir, git_dir };
        sandbox.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        sandbox
    }

    pub(super) fn repo(&self) -> Repo {
        Repo::open(&self.dir).unwrap()
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// A path beside the repository.
    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.dir).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("HOME", "/nonexistent").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@packet.invalid");
            command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
        }
        command
    }

    pub(super) fn try_git(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs git, which must succeed; its output without the last line break.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Commits a file on `main`, whatever is checked out.
    pub(super) fn commit_file(&self, path: &str, text: &str) -> CommitId {
        let tree = self.tree(&[(path, text)]);
        let head = self.try_git(&["rev-parse", "-q", "--verify", "refs/heads/main"]);
        let head = String::from_utf8(head.stdout).unwrap();
        let mut arguments = vec!["commit-tree", "-m", text, tree.as_str()];
        if !head.is_empty() {
            arguments.extend(["-p", head.trim_end()]);
        }
        let id = self.git(&arguments);
        self.git(&["update-ref", "refs/heads/main", &id]);
        CommitId::new(id).unwrap()
    }

    /// A tree of files as git writes it, through an index of its own.
    pub(super) fn tree(&self, files: &[(&str, &str)]) -> TreeId {
        let index = self.outside("index");
        let _ = fs::remove_file(&index);
        let mut lines = String::new();
        for (path, text) in files {
            lines.push_str(&format!("100644 {}\t{path}\n", self.hash_object("blob", text.as_bytes())));
        }
        let with_index = |arguments: &[&str], input: &str| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index);
            output_of(command, input.as_bytes())
        };
        with_index(&["update-index", "--index-info"], &lines);
        TreeId::new(with_index(&["write-tree"], "")).unwrap()
    }

    pub(super) fn hash_object(&self, kind: &str, bytes: &[u8]) -> ObjectId {
        let arguments = ["hash-object", "-t", kind, "-w", "--literally", "--stdin"];
        let id = output_of(self.command(&arguments), bytes);
        ObjectId::from_hex(&id).unwrap()
    }

    /// A tree of exactly these entries, however wrong.
    pub(super) fn raw_tree(&self, entries: &[(&str, &str, ObjectId)]) -> ObjectId {
        let mut raw = Vec::new();
        for (mode, name, id) in entries {
            raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            raw.extend_from_slice(id.as_bytes());
        }
        self.hash_object("tree", &raw)
    }

    /// The loose file of an object.
    pub(super) fn loose(&self, id: &ObjectId) -> PathBuf {
        let hex = id.to_string();
        self.git_dir.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// Puts other bytes into the loose file of an object.
    pub(super) fn replace_loose(&self, id: &ObjectId, bytes: &[u8]) {
        fs::remove_file(self.loose(id)).unwrap();
        fs::write(self.loose(id), bytes).unwrap();
    }

    pub(super) fn packs(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.git_dir.join("objects/pack")).unwrap();
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "pack")).collect()
    }

    pub(super) fn count_loose(&self) -> usize {
        let count = self.git(&["count-objects"]);
        count.split(' ').next().unwrap().parse().unwrap()
    }
}

/// Runs a command that must succeed; its output without the last line break.
fn output_of(mut command: Command, input: &[u8]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
