//! Canaries: invented secrets lie in a dump, in an attachment and in other files that commands are given, and are never
//! typed. After every command, successful, refused, starved of disk or killed, they are searched in every encoding in
//! every file there is: repository with its objects inflated, stage, cache, home, temporary files, the vault's own
//! directory, and in what was printed. So are plain digests of the raw bytes, with which a guess could be tested.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, iter};

use packet::model::digest::{Blake3, Sha256};

use crate::encodings::{Needles, encodings};
use crate::sandbox::{Answer, Sandbox, can_trace};

/// In the raw dump, in the attachment, in other files.
const SECRETS: [&str; 3] = ["Invented7Canary9", "card4000001234567899", "session=Zq3kLm8PxVt2"];
const AT: usize = 200;

/// A sandbox in which every command is looked through.
struct Watch {
    sandbox: Sandbox,
    needles: Needles,
    clean: RefCell<HashMap<PathBuf, (u64, i64, i64)>>,
    ran: RefCell<BTreeMap<String, BTreeSet<i32>>>,
}

impl Watch {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        for dir in ["planted", "tmp"] {
            fs::create_dir(sandbox.path(dir)).unwrap();
        }
        let raw = plant(&sandbox);
        let secrets = SECRETS.iter().flat_map(|secret| {
            encodings(secret).into_iter().map(move |(name, needle)| (format!("{secret} as {name}"), needle))
        });
        let needles = Needles::new(secrets.chain(raw.iter().flat_map(|bytes| digests(bytes))));
        Self { sandbox, needles, clean: RefCell::default(), ran: RefCell::default() }
    }

    /// A planted file.
    fn planted(&self, name: &str) -> String {
        self.sandbox.path("planted").join(name).to_str().unwrap().to_owned()
    }

    fn prepared(&self, program: &str, actor: &str) -> Command {
        let mut command = Command::new(program);
        self.sandbox.bare(&mut command).current_dir(self.sandbox.repo());
        command.env("TMPDIR", self.sandbox.path("tmp")).env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
        if program != PACKET {
            command.args(["-f", "-qq", "-o", "/dev/null"]);
        }
        command.env("PACKET_LOCK_WAIT", "1").env("ACTOR", actor);
        command
    }

    fn finish(&self, command: &mut Command, actor: &str, arguments: &[&str]) -> Answer {
        let answer = self.sandbox.answer(command.arg("--key").arg(self.sandbox.key(actor)).args(arguments));
        for text in [&answer.out, &answer.err] {
            assert_eq!(self.needles.find(text.as_bytes()), NONE, "printed by {arguments:?}: {answer:?}");
        }
        self.search(&format!("after {arguments:?}, exit {}", answer.code));
        let mut ran = self.ran.borrow_mut();
        ran.entry(arguments[0].to_owned()).or_default().insert(answer.code);
        answer
    }

    /// Runs a command, then again for JSON.
    fn run(&self, actor: &str, arguments: &[&str]) -> Answer {
        let first = self.finish(&mut self.prepared(PACKET, actor), actor, arguments);
        let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        self.finish(&mut self.prepared(PACKET, actor), actor, &with_json);
        first
    }

    /// Runs it with a system call that fails, or at which it dies: `write:error=ENOSPC:when=1`, on one file or on any.
    fn injected(&self, inject: &str, file: Option<&Path>, actor: &str, arguments: &[&str]) -> Answer {
        let mut strace = self.prepared("strace", actor);
        let calls = inject.split(':').next().unwrap();
        strace.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={inject}")]);
        if let Some(file) = file {
            strace.arg("-P").arg(file);
        }
        self.finish(strace.arg(PACKET), actor, arguments)
    }

    /// Looks through everything below the sandbox but the dumps and the planted files.
    fn search(&self, when: &str) {
        let objects = Command::new("git")
            .arg("-C")
            .arg(self.sandbox.repo())
            .args(["cat-file", "--batch-all-objects", "--unordered", "--batch"])
            .output()
            .unwrap();
        assert_eq!(self.needles.find(&objects.stdout), NONE, "in an object {when}");
        let mut files = Vec::new();
        list(&self.sandbox.path(""), &mut files);
        let vault = self.sandbox.path("vault");
        let allowed = |file: &Path| file.starts_with(self.sandbox.path("planted")) || file.parent() == Some(&vault);
        for file in files.iter().filter(|file| !allowed(file)) {
            let Ok(meta) = fs::metadata(file) else { continue };
            let state = (meta.ino(), meta.mtime(), meta.mtime_nsec());
            if self.clean.borrow().get(file) == Some(&state) {
                continue;
            }
            let name = file.to_str().unwrap_or_default();
            assert_eq!(self.needles.find(name.as_bytes()), NONE, "the name of a file {when}");
            let bytes = fs::read(file).unwrap();
            assert_eq!(self.needles.find(&bytes), NONE, "in {name} {when}");
            self.clean.borrow_mut().insert(file.clone(), state);
        }
    }
}

const PACKET: &str = env!("CARGO_BIN_EXE_packet");
const NONE: [&str; 0] = [];

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => list(&entry.path(), files),
            false => files.push(entry.path()),
        }
    }
}

/// A plain digest of raw bytes is an oracle for who guesses them.
fn digests(raw: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (blake3, sha256) = (Blake3::of(raw).to_string(), Sha256::of(raw).to_string());
    let each = [("BLAKE3", blake3), ("SHA-256", sha256)].into_iter();
    let named = |kind: &str, spelling: &str| format!("{kind} of {} raw bytes, {spelling}", raw.len());
    each.flat_map(|(kind, hex)| {
        let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        let upper = hex.as_bytes()[..16].to_ascii_uppercase();
        let hex = hex.as_bytes()[..16].to_vec();
        [(named(kind, "hex"), hex), (named(kind, "HEX"), upper), (named(kind, "bytes"), bytes[..8].to_vec())]
    })
    .collect()
}

/// Writes the dumps and every file that a command is given; gives the byte strings whose digests say too much.
fn plant(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let [in_dump, in_attachment, in_file] = SECRETS;
    let mut raw: Vec<u8> = (0..4096u32).map(|i| (i * 7 % 251) as u8 | 0x80).collect();
    let clean = raw.clone();
    raw[AT..AT + in_dump.len()].copy_from_slice(in_dump.as_bytes());
    let mut masked = raw.clone();
    masked[AT..AT + in_dump.len()].fill(b'X');
    let notes = format!("# notes\n{in_attachment}\n{in_attachment} = 1\n");
    let file = format!("format = 1\n{in_file} = {in_file}\n");
    for (name, bytes) in [("a.dmp", &raw), ("b.dmp", &raw), ("shrinks.dmp", &raw), ("clean.dmp", &clean)] {
        fs::write(sandbox.path("vault").join(name), bytes).unwrap();
    }
    let planted = |name: &str, bytes: &[u8]| fs::write(sandbox.path("planted").join(name), bytes).unwrap();
    planted("masked", &masked);
    planted("unmasked", &raw);
    planted("short", &raw[AT - 50..AT + 50]);
    planted("notes.txt", notes.as_bytes());
    planted("file", file.as_bytes());
    planted("sym", in_file.repeat(9).as_bytes());
    planted("private", format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{in_file}\n").as_bytes());
    planted("public", format!("ssh-ed25519 {in_file} {in_file}\n").as_bytes());
    fs::write(sandbox.path("prose.md"), "Prose.\n").unwrap();
    fs::write(sandbox.path("charter.toml"), sandbox.charter()).unwrap();
    let ranges = [&raw[128..384], &raw[AT..AT + in_dump.len()]].map(<[u8]>::to_vec);
    iter::once(raw).chain(ranges).chain([notes.into_bytes()]).chain(SECRETS.map(|s| s.as_bytes().to_vec())).collect()
}

const LEAD: &str = "privacy-lead";
const ENGINEER: &str = "reliability";
const OWNER: &str = "release-owner";

impl Watch {
    /// From nothing to evidence that is staged, with every refusal on the way.
    fn stage_evidence(&self) {
        let charter = self.sandbox.path("charter.toml");
        let charter = charter.to_str().unwrap();
        let [file, notes, masked] = ["file", "notes.txt", "masked"].map(|name| self.planted(name));
        self.run(OWNER, &["charter", "new", "--id", "release-owner"]).exits(0);
        self.run(OWNER, &["charter", "check", charter]).exits(0);
        self.run(OWNER, &["open", "checkout", "--charter", charter, "--taxonomy", &file]).exits(2);
        self.run(OWNER, &["charter", "check", "../vault/a.dmp"]).exits(2);
        self.run(OWNER, &["open", "checkout", "--charter", charter]).exits(0);
        let session = ["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "internal"];
        self.run(ENGINEER, &session).exits(0);
        let add = |more: &[&str]| {
            let arguments = ["add-fragment", "vault:a.dmp", "--session", "s1"].iter().chain(more).copied();
            self.run(ENGINEER, &arguments.collect::<Vec<_>>())
        };
        add(&["--sanitized", &self.planted("short")]).exits(2);
        add(&["--sanitized", &self.planted("unmasked")]).exits(2);
        add(&["--sanitized", &self.planted("absent")]).exits(3);
        add(&["--range", "4000+4000", "--annex"]).exits(2);
        add(&["--range", "200+16", "--annex"]).exits(2);
        add(&["--range", "200", "--annex"]).exits(2);
        add(&[]).exits(2);
        add(&["--sanitized", &masked, "--id", "f"]).exits(0);
        add(&["--range", "128+256", "--annex", "--id", "g"]).exits(0);
        self.run(ENGINEER, &["add-fragment", &notes, "--session", "s1", "--annex"]).exits(2);
        self.run(ENGINEER, &["add-fragment", "vault:absent", "--session", "s1", "--annex"]).exits(3);
        self.run(ENGINEER, &["add-attachment", &self.planted("absent"), "--session", "s1"]).exits(3);
        self.run(ENGINEER, &["add-attachment", &notes, "--session", "s2"]).exits(2);
        self.run(ENGINEER, &["add-attachment", &notes, "--session", "s1", "--id", "notes", "--from", "f"]).exits(0);
        let symbols =
            ["add-symbols", "--module", "checkout", "--code-id", "ab", "--rung", "public", "--frames", "8", "--file"];
        self.run(ENGINEER, &[&symbols[..], &[&self.planted("sym"), "--id", "m"]].concat()).exits(0);
        self.run(ENGINEER, &["retention", "set", "s1", "--deadline", "2999-01-01T00:00:00Z", "--basis", "x"]).exits(0);
        self.run(ENGINEER, &["section", "set", "notes", "--file", "../vault/a.dmp"]).exits(2);
        self.run(ENGINEER, &["section", "set", "notes", "--file", "../prose.md", "--owner", ENGINEER]).exits(0);
        for key in ["private", "public", "notes.txt"] {
            self.run(&self.planted(key), &["whoami"]).exits(2);
        }
    }

    /// From staged evidence to a release that is approved, verified, held and superseded.
    fn release(&self) {
        let file = self.planted("file");
        self.run(ENGINEER, &["commit", "-m", "evidence"]).exits(0);
        self.run(ENGINEER, &["add-attachment", &self.planted("notes.txt"), "--session", "s1", "--id", "x"]).exits(0);
        self.run(ENGINEER, &["discard"]).exits(0);
        self.run("triage-agent", &["section", "set", "by-agent", "--file", "../prose.md"]).exits(0);
        self.run("triage-agent", &["propose", "-m", "a section"]).exits(0);
        self.run(ENGINEER, &["drift", "--record"]).exits(0);
        let id = self.sandbox.object(LEAD, "other", "fragment:f@200+16");
        self.run(LEAD, &["object", "--kind", "other", "--about", "fragment:f@200", "-m", "x"]).exits(2);
        self.run(ENGINEER, &["respond", &id, "-m", "x"]).exits(0);
        self.run(ENGINEER, &["address", &id, "-m", "x"]).exits(0);
        self.run(LEAD, &["close", &id, "-m", "x"]).exits(0);
        let id = self.sandbox.object(LEAD, "other", "packet");
        self.run(LEAD, &["withdraw", &id, "-m", "x"]).exits(0);
        let id = self.sandbox.object(LEAD, "other", "session:s1");
        self.run(ENGINEER, &["draft"]).exits(1);
        self.run(OWNER, &["accept-residual", &id, "--rationale", "small"]).exits(0);
        self.run(ENGINEER, &["draft"]).exits(0);
        for actor in [LEAD, ENGINEER, "forensics-lead"] {
            self.run(actor, &["sign"]).exits(0);
        }
        let commit = self.sandbox.json(OWNER, &["gate"]).exits(0).json()["commit"].as_str().unwrap().to_owned();
        self.run(OWNER, &["approve", "--confirm", "0"]).exits(1);
        self.run(OWNER, &["approve", "--confirm", &commit]).exits(0);
        self.run("ci-service", &["verify"]).exits(0);
        self.run("ci-service", &["verify", "--evidence"]);
        for option in ["--policy", "--anchor"] {
            self.run("ci-service", &["verify", option, &file]);
        }
    }

    /// Everything that only looks, or ends what is there; and the commands of later days, refused until then.
    fn look(&self) {
        let file = self.planted("file");
        let others: &[&[&str]] = &[
            &["status"],
            &["gate"],
            &["log"],
            &["show"],
            &["show", "fragments/f.toml"],
            &["diff"],
            &["diff", "packet/checkout~3"],
            &["list"],
            &["whoami"],
            &["objections"],
            &["proposals"],
            &["drift"],
            &["scan", &file],
            &["scan", "../vault/a.dmp"],
            &["regions", "vault:a.dmp"],
            &["regions", "../vault/absent.dmp"],
            &["compare", "--stacks", "vault:a.dmp", "vault:b.dmp"],
            &["compare", "vault:a.dmp", "../planted/masked"],
            &["compare", "vault:a.dmp", "../planted/short"],
            &["repair"],
            &["trust", "checkout", &"0".repeat(40)],
            &["man"],
            &["completions", "bash"],
            &["hold", "--because", "other", "-m", "x"],
            &["supersede", "--because", "other", "-m", "x"],
            &["remove", "attachment:notes", "--why", "x"],
            &["amend", "--charter", "../vault/a.dmp", "-m", "x"],
            &["amend", "--taxonomy", &file, "-m", "x"],
            &["endorse", "p-000000000000"],
            &["reassign", "o-000000000000", "--to", LEAD, "--why", "x"],
            &["apply", "p-000000000000"],
            &["reject", "p-000000000000", "--because", "quality", "-m", "x"],
        ];
        for arguments in others {
            self.run(OWNER, arguments);
            self.run(ENGINEER, arguments);
        }
        self.list_secrets();
        for command in self.commands() {
            self.run(OWNER, &[&command, "--no-such-option"]);
        }
    }

    /// Secrets on standard input become lines for the vault's list, which the commands that follow read.
    fn list_secrets(&self) {
        let values = self.planted("values");
        fs::write(&values, SECRETS.join("\n")).unwrap();
        let mut command = self.prepared(PACKET, OWNER);
        let answer = self.finish(command.stdin(fs::File::open(&values).unwrap()), OWNER, &["exact"]).exits(0);
        fs::write(self.sandbox.path("vault/.packet/exact"), answer.out).unwrap();
        self.run(OWNER, &["scan"]);
        self.run(ENGINEER, &["object", "--kind", "other", "--about", "packet", "-m", "words"]);
        fs::write(&values, format!("{}\nshort\n", SECRETS.join("\n"))).unwrap();
        let mut command = self.prepared(PACKET, OWNER);
        self.finish(command.stdin(fs::File::open(&values).unwrap()), OWNER, &["exact"]).exits(2);
    }

    /// Every command that help lists.
    fn commands(&self) -> Vec<String> {
        let help = self.sandbox.packet(OWNER, &["--help"]).exits(0).out;
        let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
        let listed = listed.take_while(|line| !line.trim().is_empty()).filter_map(|line| line.strip_prefix("  "));
        let names = listed.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    }
}

#[test]
fn canaries_are_nowhere_but_in_the_dump_after_every_command() {
    let watch = Watch::new();
    watch.stage_evidence();
    watch.release();
    watch.look();
    let ran = watch.ran.borrow();
    for command in watch.commands() {
        let codes = ran.get(&command).unwrap_or_else(|| panic!("`{command}` is not run: add it to this story"));
        assert!(codes.contains(&2), "`{command}` is never refused: {codes:?}");
    }
    let done = ran.values().filter(|codes| codes.contains(&0)).count();
    assert!(done >= 35, "only {done} commands did what they are for: {ran:?}");
}

#[test]
fn canaries_are_nowhere_when_disk_dump_or_memory_fails() {
    if !can_trace() {
        return;
    }
    let watch = Watch::new();
    watch.stage_evidence();
    let dump = fs::canonicalize(watch.sandbox.path("vault/a.dmp")).unwrap();
    let masked = watch.planted("masked");
    let add = ["add-fragment", "vault:a.dmp", "--session", "s1", "--sanitized", &masked, "--id", "h"];
    let annex = ["add-fragment", "vault:a.dmp", "--session", "s1", "--annex", "--id", "h"];
    for arguments in [&add[..], &annex[..]] {
        watch.injected("openat:error=EACCES", Some(&dump), ENGINEER, arguments).exits(3);
        watch.injected("pread64:error=EIO", Some(&dump), ENGINEER, arguments).exits(3);
        // As if the dump had been cut off while it was read.
        watch.injected("pread64:retval=0", Some(&dump), ENGINEER, arguments).exits(3);
    }
    for when in ["1", "2", "3+"] {
        watch.injected(&format!("write:error=ENOSPC:when={when}"), None, ENGINEER, &add);
        watch.injected(&format!("rename:error=ENOSPC:when={when}"), None, ENGINEER, &add);
        watch.injected(&format!("openat:error=EMFILE:when={when}0"), None, ENGINEER, &add);
    }
    watch.injected("write:error=ENOSPC:when=1", None, ENGINEER, &["commit", "-m", "evidence"]).exits(3);
    watch.run(ENGINEER, &["commit", "-m", "evidence"]).exits(0);
    fs::File::options().write(true).open(&dump).unwrap().set_len(100).unwrap();
    watch.run(ENGINEER, &["drift", "--record"]).exits(1);
    watch.run(ENGINEER, &annex);
    fs::remove_file(&dump).unwrap();
    watch.run(ENGINEER, &["drift", "--record"]);
    watch.run(ENGINEER, &["draft"]).exits(1);
}

#[test]
fn canaries_are_nowhere_when_a_command_is_killed() {
    if !can_trace() {
        return;
    }
    let watch = Watch::new();
    watch.stage_evidence();
    let masked = watch.planted("masked");
    let notes = watch.planted("notes.txt");
    let killed = |actor: &str, arguments: &[&str]| {
        let points = KILL_POINTS.iter().flat_map(|(call, whens)| whens.iter().map(move |when| (call, when)));
        let died = points.filter(|(call, when)| {
            let inject = format!("{call}:signal=KILL:when={when}");
            watch.injected(&inject, None, actor, arguments).code == -1
        });
        let died = died.count();
        assert!(died >= 8, "{arguments:?} was hardly ever killed");
        died
    };
    let add = ["add-fragment", "vault:a.dmp", "--session", "s1", "--sanitized", &masked, "--id", "h"];
    let mut kills = killed(ENGINEER, &add);
    kills += killed(ENGINEER, &["add-attachment", &notes, "--session", "s1", "--id", "other"]);
    watch.run(ENGINEER, &["commit", "-m", "evidence"]).exits(0);
    kills += killed(ENGINEER, &["drift", "--record"]);
    kills += killed(ENGINEER, &["draft"]);
    watch.run(ENGINEER, &["draft"]).exits(0);
    for actor in [LEAD, ENGINEER, "forensics-lead"] {
        watch.run(actor, &["sign"]).exits(0);
    }
    let commit = watch.sandbox.json(OWNER, &["gate"]).exits(0).json()["commit"].as_str().unwrap().to_owned();
    kills += killed(OWNER, &["approve", "--confirm", &commit]);
    assert!(kills >= 60, "only {kills} kills happened");
    watch.run(OWNER, &["approve", "--confirm", &commit]).exits(0);
    watch.run("ci-service", &["verify"]).exits(0);
}

/// Along the way of a command: before and after its temporary files, objects and references are there under their names.
const KILL_POINTS: &[(&str, &[usize])] = &[
    ("pread64", &[1, 2, 3, 4]),
    ("openat", &[10, 20, 30, 40, 50, 60]),
    ("write", &[1, 2, 3, 4, 5]),
    ("fsync", &[1, 2, 3]),
    ("rename,renameat,renameat2", &[1, 2, 3]),
    ("linkat,link", &[1]),
    ("syncfs", &[1, 2]),
    ("unlink,unlinkat", &[1, 2]),
];
