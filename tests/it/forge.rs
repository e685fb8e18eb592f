//! The forge: entries that no command would write, as plain git objects on top of a real history.
//!
//! Commands rehearse with the very replay that verifies, so an attack is made beside them, by real git: its blobs by
//! `hash-object`, its tree on an index of its own, its commit `--literally`. An entry comes in good form unless it is
//! told otherwise, so that a test names the one wrong thing, and the same entry without it is the neighbour that passes.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use packet::model::namespace::Namespace;
use packet::sign::{ChildEnv, KeyChoice, Signer};

use crate::sandbox::{Answer, Sandbox};

/// Makes entries on the packet's branch of a sandbox.
#[derive(Clone, Copy)]
pub struct Forge<'a> {
    /// Where.
    pub sandbox: &'a Sandbox,
}

type Edit = Box<dyn FnOnce(String) -> String>;
type Sign<'a> = Box<dyn FnOnce(&[u8]) -> String + 'a>;

/// One entry to be: in good form, until told otherwise.
#[must_use]
pub struct Entry<'a> {
    forge: Forge<'a>,
    actor: String,
    operation: String,
    parents: Vec<String>,
    base: String,
    time: i64,
    revision: u32,
    index: Vec<(String, String, Option<Vec<u8>>)>,
    top: Vec<String>,
    before: Vec<Edit>,
    after: Vec<Edit>,
    sign: Sign<'a>,
}

impl<'a> Forge<'a> {
    /// On the packet's branch.
    pub fn on(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The packet's branch.
    pub fn branch(&self) -> String {
        format!("refs/heads/packet/{}", self.sandbox.packet)
    }

    /// Runs git with these bytes on standard input; gives what it says, trimmed.
    #[track_caller]
    pub fn git_with(&self, command: &mut Command, input: &[u8]) -> String {
        self.sandbox.bare(command).current_dir(self.sandbox.repo());
        command.env("GIT_INDEX_FILE", self.sandbox.path("forge.index"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{command:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    #[track_caller]
    fn git(&self, arguments: &[&str], input: &[u8]) -> String {
        self.git_with(Command::new("git").args(arguments), input)
    }

    /// Stores an object, whatever its bytes.
    #[track_caller]
    pub fn object(&self, kind: &str, bytes: &[u8]) -> String {
        self.git(&["hash-object", "-w", "-t", kind, "--stdin", "--literally"], bytes)
    }

    /// The exact bytes of a file at the head.
    #[track_caller]
    pub fn file(&self, path: &str) -> String {
        let name = format!("{}:{path}", self.branch());
        let mut command = Command::new("git");
        let output = self.sandbox.bare(&mut command).current_dir(self.sandbox.repo()).args(["cat-file", "blob", &name]);
        let output = output.output().unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The raw bytes of a commit.
    #[track_caller]
    pub fn commit(&self, id: &str) -> String {
        self.sandbox.git(&["cat-file", "commit", id])
    }

    /// The time of the newest entry, in seconds.
    #[track_caller]
    pub fn time(&self) -> i64 {
        let text = self.commit(&self.sandbox.head());
        let line = text.lines().find(|line| line.starts_with("committer ")).unwrap();
        line.strip_suffix(" +0000").unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// An actor's signature in a namespace.
    #[track_caller]
    pub fn sign(&self, key: &str, namespace: Namespace, message: &[u8]) -> String {
        let choice = KeyChoice::File(self.sandbox.key(key));
        let signer = Signer::open(&choice, ChildEnv::default()).unwrap();
        signer.sign(namespace, message).unwrap().armour().to_owned()
    }

    /// Points the branch at a commit, as `git update-ref` does.
    #[track_caller]
    pub fn put(&self, commit: &str) {
        self.sandbox.git(&["update-ref", &self.branch(), commit]);
    }

    /// A file of this clone beside the packet: `anchor`, `root`.
    pub fn clone_file(&self, name: &str) -> PathBuf {
        let repo = self.sandbox.repo();
        let work_tree = repo.join(".git");
        let git_dir = if work_tree.is_dir() { work_tree } else { repo };
        git_dir.join("packet").join(self.sandbox.packet).join(name)
    }

    /// Points the branch at an earlier commit, in a clone that never saw a later one.
    #[track_caller]
    pub fn go_back(&self, commit: &str) {
        self.put(commit);
        fs::remove_file(self.clone_file("anchor")).unwrap();
    }

    /// Judges the history.
    pub fn history(&self) -> Answer {
        self.sandbox.json("ci-service", &["verify", "--history"])
    }

    /// Judges the release.
    pub fn verify(&self) -> Answer {
        self.sandbox.json("ci-service", &["verify"])
    }

    /// How many objects the repository has.
    pub fn objects(&self) -> usize {
        self.sandbox.git(&["cat-file", "--batch-all-objects", "--batch-check"]).lines().count()
    }

    /// Expects a command to be refused with this code, and to leave branch and objects as they were.
    #[track_caller]
    pub fn command_refused(&self, actor: &str, arguments: &[&str], code: &str) {
        let before = (self.sandbox.head(), self.objects());
        let answer = self.sandbox.json(actor, arguments).exits(1);
        assert_eq!(answer.reasons(), [code], "{answer:?}");
        assert_eq!((self.sandbox.head(), self.objects()), before, "{arguments:?} left something behind");
    }

    /// An entry on the head, in good form.
    #[track_caller]
    pub fn entry(&self, actor: &str, operation: &str) -> Entry<'a> {
        let forge = *self;
        let head = self.sandbox.head();
        let text = self.commit(&head);
        let revision: u32 = text.lines().find_map(|l| l.strip_prefix("Packet-Revision: ")).unwrap().parse().unwrap();
        let key = actor.to_owned();
        Entry {
            forge,
            actor: actor.to_owned(),
            operation: operation.to_owned(),
            parents: vec![head.clone()],
            base: head,
            time: self.time(),
            revision: revision + u32::from(operation == "commit"),
            index: Vec::new(),
            top: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            sign: Box::new(move |payload| forge.sign(&key, Namespace::Git, payload)),
        }
    }

    /// A revision that adds a section, in good form.
    #[track_caller]
    pub fn section(&self, actor: &str, name: &str) -> Entry<'a> {
        let head = format!("format = 1\nname = \"{name}\"\nowner = \"{actor}\"\n");
        let text = format!("sections/{name}.md");
        self.entry(actor, "commit").file(&format!("sections/{name}.toml"), head).file(&text, "What is known.\n")
    }
}

impl<'a> Entry<'a> {
    /// Adds or changes a file.
    pub fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.mode("100644", path, bytes)
    }

    /// Adds or changes a file of any mode; for a submodule the bytes are the commit's name.
    pub fn mode(mut self, mode: impl Into<String>, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.index.push((mode.into(), path.to_owned(), Some(bytes.as_ref().to_vec())));
        self
    }

    /// Removes a file.
    pub fn remove(mut self, path: &str) -> Self {
        self.index.push(("0".to_owned(), path.to_owned(), None));
        self
    }

    /// Adds a line to the top directory that no index would take: `100644 blob ID<TAB>..`.
    pub fn top_line(mut self, line: impl Into<String>) -> Self {
        self.top.push(line.into());
        self
    }

    /// Says when.
    pub fn time(mut self, seconds: i64) -> Self {
        self.time = seconds;
        self
    }

    /// Says which revision.
    pub fn revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// Names these parents.
    pub fn parents(mut self, parents: &[&str]) -> Self {
        self.parents = parents.iter().map(|p| (*p).to_owned()).collect();
        self
    }

    /// Signs the entry with another key, by the name of its file.
    pub fn key(self, key: &str) -> Self {
        let (forge, key) = (self.forge, key.to_owned());
        self.signature(move |payload| forge.sign(&key, Namespace::Git, payload))
    }

    /// Signs the entry in another way.
    pub fn signature(mut self, sign: impl FnOnce(&[u8]) -> String + 'a) -> Self {
        self.sign = Box::new(sign);
        self
    }

    /// Edits the commit before it is signed.
    pub fn before_signing(mut self, edit: impl FnOnce(String) -> String + 'static) -> Self {
        self.before.push(Box::new(edit));
        self
    }

    /// Edits the commit after it was signed.
    pub fn after_signing(mut self, edit: impl FnOnce(String) -> String + 'static) -> Self {
        self.after.push(Box::new(edit));
        self
    }

    /// Its tree.
    #[track_caller]
    pub fn tree(&self) -> String {
        let forge = self.forge;
        forge.git(&["read-tree", &format!("{}^{{tree}}", self.base)], b"");
        let lines = self.index.iter().map(|(mode, path, bytes)| {
            let id = match (bytes, mode.as_str()) {
                (None, _) => "0".repeat(self.base.len()),
                (Some(bytes), "160000") => String::from_utf8(bytes.clone()).unwrap(),
                (Some(bytes), _) => forge.object("blob", bytes),
            };
            format!("{mode} {id}\t{path}\n")
        });
        let lines: String = lines.collect();
        forge.git(&["update-index", "--index-info"], lines.as_bytes());
        let tree = forge.git(&["write-tree"], b"");
        if self.top.is_empty() {
            return tree;
        }
        let listing = format!("{}\n{}\n", forge.git(&["ls-tree", &tree], b""), self.top.join("\n"));
        forge.git(&["mktree", "--missing"], listing.as_bytes())
    }

    /// Its message.
    pub fn message(&self) -> String {
        let Self { actor, operation, revision, .. } = self;
        format!(
            "{operation}: forged\n\nPacket-Operation: {operation}\nPacket-Actor: {actor}\n\
             Packet-Revision: {revision}\n"
        )
    }

    /// Stores the commit; no reference names it yet.
    #[track_caller]
    pub fn store(self) -> String {
        let tree = self.tree();
        let parents: String = self.parents.iter().map(|p| format!("parent {p}\n")).collect();
        let ident = format!("{0} <{0}@packet.invalid> {1} +0000", self.actor, self.time);
        let text = format!("tree {tree}\n{parents}author {ident}\ncommitter {ident}\n\n{}", self.message());
        let text = self.before.into_iter().fold(text, |text, edit| edit(text));
        let header = if tree.len() == 40 { "gpgsig" } else { "gpgsig-sha256" };
        let signed = with_header(&text, header, &(self.sign)(text.as_bytes()));
        let signed = self.after.into_iter().fold(signed, |text, edit| edit(text));
        self.forge.object("commit", signed.as_bytes())
    }

    /// Stores the commit and points the branch at it.
    #[track_caller]
    pub fn land(self) -> String {
        let forge = self.forge;
        let id = self.store();
        forge.put(&id);
        id
    }

    /// Lands it, and expects every entry of the history to be valid.
    #[track_caller]
    pub fn accepted(self) -> String {
        let forge = self.forge;
        let id = self.land();
        let head = forge.history().exits(0).json()["head"].clone();
        assert_eq!(head, id.as_str());
        id
    }

    /// Lands it, expects the history to end before it for this one reason, whose message has these words, and moves the
    /// branch back.
    #[track_caller]
    pub fn refused(self, code: &str, words: &str) {
        self.ends_the_history(1, code, words);
    }

    /// As [`Self::refused`], with this exit code.
    #[track_caller]
    pub fn ends_the_history(self, exit: i32, code: &str, words: &str) {
        let forge = self.forge;
        let before = forge.sandbox.head();
        let id = self.land();
        forge.ends_before(&id, &before, exit, code, words);
        forge.put(&before);
    }
}

impl Forge<'_> {
    /// Expects the history to end at `last` because of `id`, for this one reason.
    #[track_caller]
    pub fn ends_before(&self, id: &str, last: &str, exit: i32, code: &str, words: &str) {
        let answer = self.history().exits(exit);
        let json = answer.json();
        assert_eq!(answer.reasons(), [code], "{answer:?}");
        assert_eq!(json["reasons"][0]["subject"], format!("entry:{id}").as_str(), "{answer:?}");
        assert_eq!(json["head"], last, "{answer:?}");
        let message = json["reasons"][0]["message"].as_str().unwrap();
        assert!(message.contains(words), "no `{words}` in: {message}");
    }
}

/// A commit with a signature header before its message.
pub fn with_header(text: &str, header: &str, armour: &str) -> String {
    if armour.is_empty() {
        return text.to_owned();
    }
    let (headers, message) = text.split_once("\n\n").unwrap();
    format!("{headers}\n{header} {}\n\n{message}", armour.trim_end().replace('\n', "\n "))
}
