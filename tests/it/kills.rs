//! Kills, errors and full disks: a sample of what `tests/sweeps/` does at every point. The packet is old or new, stock git
//! finds nothing wrong, and the same command run again succeeds without doubling.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::sandbox::{Answer, Sandbox};

/// Calls that change something, and instances of each: enough to meet every step of a write.
const POINTS: &[(&str, &[u32])] = &[
    ("linkat", &[1, 2]),
    ("rename", &[1, 3, 5, 6, 7, 8]),
    ("syncfs", &[1, 2, 3]),
    ("fsync", &[1, 2, 3]),
    ("unlink", &[1, 2, 3, 4, 5]),
    ("ftruncate", &[1, 2]),
    ("flock", &[1, 2, 3]),
    ("mkdir", &[3, 6]),
    ("write", &[2, 5, 9, 14, 17]),
];

/// A packet at one moment, kept aside, and put back in the same place: the charter names the vault by its path.
struct Moment<'a> {
    sandbox: &'a Sandbox,
    kept: PathBuf,
    head: String,
}

impl<'a> Moment<'a> {
    fn of(sandbox: &'a Sandbox) -> Self {
        let kept = sandbox.path("kept");
        fs::create_dir(&kept).unwrap();
        copy(&sandbox.repo(), &kept);
        copy(&sandbox.path("vault"), &kept);
        Self { sandbox, kept, head: sandbox.head() }
    }

    fn put_back(&self) {
        for name in ["repo", "vault"] {
            fs::remove_dir_all(self.sandbox.path(name)).unwrap();
            copy(&self.kept.join(name), &self.sandbox.path(""));
        }
    }

    /// What must hold after a command was disturbed, and after it ran again.
    #[track_caller]
    fn is_old_or_new_and_runs_again(&self, actor: &str, command: &[&str], what: &str) {
        let after = self.sandbox.head();
        if after != self.head {
            assert_eq!(self.parent_of(&after), self.head, "{what}: old or new");
        }
        self.sandbox.git(&["fsck", "--strict", "--no-dangling"]);
        let again = self.sandbox.packet(actor, command);
        assert_eq!(again.code, 0, "{what}: {again:?}");
        let head = self.sandbox.head();
        assert_eq!(self.parent_of(&head), self.head, "{what}: one entry, not two");
        let anchor = fs::read_to_string(self.own_file("anchor")).unwrap();
        assert!(anchor.ends_with(&format!(" {head}\n")), "{what}: the anchor is behind: {anchor}");
        assert!(!self.own_file(".new").exists(), "{what}: a file stays behind");
        assert!(!self.own_file("stage/reliability/stage.toml").exists() || command[0] != "commit", "{what}: the stage");
        self.sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
    }

    fn parent_of(&self, commit: &str) -> String {
        self.sandbox.git(&["rev-parse", &format!("{commit}^")])
    }

    fn own_file(&self, name: &str) -> PathBuf {
        self.sandbox.repo().join(".git/packet/checkout").join(name)
    }
}

fn copy(from: &Path, into: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(into).status().unwrap().success());
}

/// Runs the program as an actor, one of its system calls disturbed: `signal=KILL`, `error=EIO`.
fn disturbed(sandbox: &Sandbox, actor: &str, command: &[&str], call: &str, how: &str) -> Output {
    let mut traced = Command::new("strace");
    sandbox.bare(&mut traced);
    traced.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:{how}"),
    ]);
    traced.arg(env!("CARGO_BIN_EXE_packet")).arg("--key").arg(sandbox.key(actor)).arg("--json").args(command);
    traced.current_dir(sandbox.repo()).output().unwrap()
}

/// Kills a command at the sampled points; gives how often it died.
#[track_caller]
fn kill_everywhere(sandbox: &Sandbox, actor: &str, command: &[&str]) -> usize {
    let moment = Moment::of(sandbox);
    let points = POINTS.iter().flat_map(|(call, whens)| whens.iter().map(move |when| (*call, *when)));
    let mut killed = 0;
    for (call, when) in points {
        moment.put_back();
        let ended = disturbed(sandbox, actor, command, call, &format!("signal=KILL:when={when}"));
        killed += usize::from(!ended.status.success());
        moment.is_old_or_new_and_runs_again(actor, command, &format!("{call} {when}"));
    }
    killed
}

#[test]
fn a_killed_object_leaves_old_or_new_and_runs_again() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "it may still show"];
    assert!(kill_everywhere(&sandbox, "privacy-lead", &object) >= 20);
}

#[test]
fn a_killed_commit_leaves_old_or_new_and_runs_again() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    stage_a_deadline(&sandbox, "registry");
    assert!(kill_everywhere(&sandbox, "reliability", &["commit", "-m", "a deadline"]) >= 20);
}

#[test]
fn a_killed_approval_leaves_old_or_new_and_runs_again_and_has_its_tag() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    assert!(kill_everywhere(&sandbox, "release-owner", &["approve", "--confirm", &commit]) >= 20);
    assert!(sandbox.json("ci-service", &["verify"]).exits(0).json()["warnings"].as_array().unwrap().is_empty());
}

fn stage_a_deadline(sandbox: &Sandbox, basis: &str) {
    let deadline = ["retention", "set", "s1", "--deadline", "2036-01-01T00:00:00Z", "--basis", basis];
    sandbox.packet("reliability", &deadline).exits(0);
}

/// A killed run may have moved the branch and not synced it: whoever answers with that entry syncs first (F1).
#[test]
fn an_entry_that_was_there_is_put_on_the_disk_before_it_is_the_answer() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "it may still show"];
    disturbed(&sandbox, "privacy-lead", &object, "syncfs", "signal=KILL:when=2");
    let head = sandbox.head();
    let refused = disturbed(&sandbox, "privacy-lead", &object, "syncfs", "error=EIO:when=1");
    let reason = Answer::of(&refused).exits(3).json()["reasons"][0].clone();
    assert_eq!((reason["code"].as_str(), sandbox.head()), (Some("unconfirmed"), head.clone()), "{reason}");
    sandbox.packet("privacy-lead", &object).exits(0);
    assert_eq!(sandbox.head(), head);
}

/// Errors at the steps of one `object`: the exit is not 0, the message says what the system said and whether the entry
/// is there, and the same command settles it.
#[test]
fn an_error_is_told_with_what_became_of_the_entry() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "it may still show"];
    let moment = Moment::of(&sandbox);
    let told: &[(&str, &str, &str, &str, bool)] = &[
        ("mkdir", "ENOSPC:when=3", "unwritable", "No space left on device", false),
        ("write", "ENOSPC:when=3", "unwritable", "No space left on device", false),
        ("rename", "EIO:when=1", "unwritable", "Input/output error", false),
        ("syncfs", "EIO:when=1", "unwritable", "Input/output error", false),
        ("linkat", "EIO:when=1", "unwritable", "Input/output error", false),
        ("rename", "EROFS:when=6", "unwritable", "Read-only file system", false),
        ("syncfs", "EIO:when=2", "unconfirmed", "did not confirm it: Input/output error", true),
        ("rename", "ENOSPC:when=7", "unwritable", "the entry is recorded", true),
        ("fsync", "EIO:when=1", "unwritable", "the entry is recorded", true),
    ];
    for (call, error, code, words, is_there) in told {
        moment.put_back();
        let what = format!("{call} {error}");
        let ended = disturbed(&sandbox, "privacy-lead", &object, call, &format!("error={error}"));
        let reason = Answer::of(&ended).exits(3).json()["reasons"][0].clone();
        assert_eq!(reason["code"], *code, "{what}: {reason}");
        assert!(reason["message"].as_str().unwrap().contains(words), "{what}: {reason}");
        assert_eq!(sandbox.head() != moment.head, *is_there, "{what}");
        moment.is_old_or_new_and_runs_again("privacy-lead", &object, &what);
    }
}

/// Where the answer cannot be printed, the exit is not 0: a truncated report must not pass for one.
#[test]
fn an_answer_that_cannot_be_printed_is_no_yes() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut log = sandbox.command("ci-service");
    let answer = Answer::of(&log.args(["--json", "log"]).stdout(full).output().unwrap()).exits(3);
    assert!(answer.err.contains("No space left on device"), "{answer:?}");
}

/// A repository that cannot be read is never *no repository*.
#[test]
fn a_repository_that_cannot_be_read_is_undecided() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let head = sandbox.repo().join(".git/HEAD");
    let mut traced = Command::new("strace");
    sandbox.bare(&mut traced);
    traced
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:error=EIO", "-P"])
        .arg(&head);
    traced.args([env!("CARGO_BIN_EXE_packet"), "--json", "verify"]).current_dir(sandbox.repo());
    let answer = sandbox.answer(&mut traced).exits(3);
    assert_eq!(answer.reasons(), ["unreadable"]);
}

/// The same removal typed twice, as after a kill that came before the answer, is staged once.
#[test]
fn a_removal_that_is_staged_already_is_staged() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    for _ in 0..2 {
        sandbox.packet("reliability", &["remove", "fragment:stack", "--why", "not needed"]).exits(0);
    }
    sandbox.packet("reliability", &["commit", "-m", "less"]).exits(0);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%B", "packet/checkout"]).matches("Removed").count(), 1);
}

/// A tmpfs that the test may fill; none where mounting is not permitted.
struct SmallDisk {
    mount: PathBuf,
}

impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        match done {
            Ok(done) if done.status.success() => Some(Self { mount: at.to_owned() }),
            _ => {
                io::stderr().write_all(b"skipped: a tmpfs cannot be mounted here\n").unwrap();
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.mount).status().ok();
    }
}

/// A full disk and one without inodes: refused with what the system said, nothing torn; with room again it goes on.
#[test]
fn a_full_disk_is_told_and_tears_nothing() {
    let sandbox = Sandbox::new();
    let Some(_disk) = SmallDisk::mount(&sandbox.repo(), "size=8m,nr_inodes=2000") else { return };
    sandbox.git(&["init", "-q", "--template=", "-b", "main"]);
    sandbox.with_evidence();
    let object = |words: &'static str| ["object", "--kind", "other", "--about", "packet", "-m", words];
    let ballast = sandbox.repo().join("ballast");
    for (left, words) in [(0, "no page left"), (4096, "one page left"), (16384, "four pages left")] {
        let before = sandbox.head();
        fill(&ballast, left);
        let refused = sandbox.json("privacy-lead", &object(words)).exits(3);
        let reason = refused.json()["reasons"].to_string();
        assert!(reason.contains("No space left on device"), "{words}: {reason}");
        assert!(sandbox.head() == before || reason.contains("is recorded"), "{words}: {reason}");
        fs::remove_file(&ballast).unwrap();
        sandbox.git(&["fsck", "--strict", "--no-dangling"]);
        sandbox.packet("privacy-lead", &object(words)).exits(0);
    }
    let inodes = sandbox.repo().join("inodes");
    fs::create_dir(&inodes).unwrap();
    let filled = (0..).take_while(|n| fs::write(inodes.join(n.to_string()), "").is_ok()).count();
    assert!(filled > 0);
    let refused = sandbox.json("privacy-lead", &object("no inode left")).exits(3);
    assert!(refused.out.contains("No space left on device"), "{refused:?}");
    fs::remove_dir_all(&inodes).unwrap();
    sandbox.packet("privacy-lead", &object("no inode left")).exits(0);
    assert_eq!(sandbox.json("ci-service", &["objections"]).exits(0).json()["objections"].as_array().unwrap().len(), 4);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

/// Fills the disk until only so many bytes are left.
fn fill(ballast: &Path, left: u64) {
    assert!(fs::write(ballast, vec![b'x'; 16 << 20]).is_err(), "the disk is larger than it should be");
    let length = fs::metadata(ballast).unwrap().len();
    fs::OpenOptions::new().write(true).open(ballast).unwrap().set_len(length.saturating_sub(left)).unwrap();
}
/// A `commit` that was killed before it dropped its stage: what is staged then is another stage, and is sealed.
#[test]
fn what_is_staged_after_a_killed_commit_is_not_lost() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    stage_a_deadline(&sandbox, "registry");
    let stage = sandbox.repo().join(".git/packet/checkout/stage/reliability/stage.toml");
    let mut traced = Command::new("strace");
    sandbox.bare(&mut traced);
    traced
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=unlink", "-e", "inject=unlink:signal=KILL", "-P"])
        .arg(&stage);
    traced.arg(env!("CARGO_BIN_EXE_packet")).arg("--key").arg(sandbox.key("reliability")).args(["commit", "-m", "one"]);
    assert!(!traced.current_dir(sandbox.repo()).output().unwrap().status.success());
    assert!(stage.exists());
    stage_a_deadline(&sandbox, "contract");
    sandbox.packet("reliability", &["commit", "-m", "two"]).exits(0);
    let retention = sandbox.git(&["show", "packet/checkout:retention/s1.toml"]);
    assert!(retention.contains("registry") && retention.contains("contract"), "{retention}");
}
