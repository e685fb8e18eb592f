//! Two commands at once, made certain: one is held up at a chosen system call while the other runs. The result is one
//! order or the other, never a mixture. `tests/sweeps/pairs.py` does this with every pair.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{Answer, Sandbox};

/// How long the first command is held up: far longer than the second needs.
const HELD: &str = "1500000";

/// A command that waits in one of its system calls.
struct Held(Child);

impl Held {
    /// Starts a command that waits in `call` on `path`, below the repository's git directory.
    #[track_caller]
    fn at(sandbox: &Sandbox, actor: &str, command: &[&str], call: &str, path: &str) -> Self {
        let path = sandbox.repo().join(".git").join(path);
        let mut traced = Command::new("strace");
        sandbox.bare(&mut traced);
        traced.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(path);
        let inject = format!("inject={call}:delay_enter={HELD}:when=1");
        traced.args(["-e", &format!("trace={call}"), "-e", &inject]).arg(env!("CARGO_BIN_EXE_packet"));
        traced.arg("--key").arg(sandbox.key(actor)).arg("--json").args(command).current_dir(sandbox.repo());
        let child = traced.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let held = Self(child);
        held.wait_until_it_is_there(call);
        held
    }

    /// The kernel tells in which system call a process is.
    #[track_caller]
    fn wait_until_it_is_there(&self, call: &str) {
        let number = match call {
            "flock" => "73 ",
            "rename" => "82 ",
            _ => "87 ",
        };
        let tracer = self.0.id();
        let children = format!("/proc/{tracer}/task/{tracer}/children");
        let begun = Instant::now();
        loop {
            let children = fs::read_to_string(&children).unwrap_or_default();
            let is_in = |pid: &str| {
                fs::read_to_string(Path::new("/proc").join(pid).join("syscall"))
                    .is_ok_and(|text| text.starts_with(number))
            };
            if children.split_whitespace().any(|pid| is_in(pid) && pause() && is_in(pid)) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it never came to {call}");
        }
    }

    /// Its answer, once it went on.
    fn answer(self) -> Answer {
        Answer::of(&self.0.wait_with_output().unwrap())
    }
}

/// A moment; other calls of that name are over by then.
fn pause() -> bool {
    std::thread::sleep(Duration::from_millis(20));
    true
}

const LOCK: &str = "packet/.lock";
const BRANCH: &str = "refs/heads/packet/checkout.lock";

fn ready() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    (sandbox, commit)
}

/// An objection that lands while the owner approves makes the approval fail, and is never lost itself.
#[test]
fn an_objection_that_lands_during_an_approval_makes_it_fail() {
    let (sandbox, commit) = ready();
    let approval = Held::at(&sandbox, "release-owner", &["approve", "--confirm", &commit], "flock", LOCK);
    let objection = sandbox.object("privacy-lead", "other", "packet");
    assert_eq!(approval.answer().exits(1).reasons(), ["head-moved"]);
    let verified = sandbox.json("ci-service", &["verify"]).exits(1).json();
    assert_eq!(verified["open_objections"][0]["id"], objection.as_str());
    assert_eq!(verified["state"], "void");
}

/// The other order: what was approved before the objection is void after it, and the objection is there.
#[test]
fn an_objection_that_waits_for_an_approval_voids_it() {
    let (sandbox, commit) = ready();
    let approval = Held::at(&sandbox, "release-owner", &["approve", "--confirm", &commit], "rename", BRANCH);
    sandbox.object("privacy-lead", "other", "packet");
    approval.answer().exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).json()["state"], "void");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

/// Of two approvals there is exactly one, in whichever order they come.
#[test]
fn of_two_approvals_at_once_one_is_written() {
    for (call, path) in [("flock", LOCK), ("rename", BRANCH)] {
        let (sandbox, commit) = ready();
        let before = sandbox.head();
        let approve = ["approve", "--confirm", &commit];
        let first = Held::at(&sandbox, "release-owner", &approve, call, path);
        let second = sandbox.json("release-owner", &approve).exits(0).json();
        assert_eq!(first.answer().exits(0).json()["entry"], second["entry"]);
        assert_eq!(sandbox.git(&["rev-parse", "packet/checkout^"]), before);
        sandbox.packet("ci-service", &["verify"]).exits(0);
    }
}

/// Two objections at once are two entries, one after the other.
#[test]
fn of_two_objections_at_once_none_is_lost() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "first"];
    let first = Held::at(&sandbox, "privacy-lead", &object, "rename", BRANCH);
    let second = sandbox.object("triage-agent", "other", "lane");
    let first = first.answer().exits(0).json()["id"].as_str().unwrap().to_owned();
    let all = sandbox.json("ci-service", &["objections"]).exits(0).out;
    assert!(all.contains(&first) && all.contains(&second), "{all}");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

/// Somebody who verified for long does not pull the anchor back behind what was seen meanwhile.
#[test]
fn a_slow_verifier_does_not_pull_the_anchor_back() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let verify = Held::at(&sandbox, "ci-service", &["verify", "--history"], "flock", "packet/checkout");
    // The directory is locked for a moment only; a writer takes its turn.
    sandbox.object("privacy-lead", "other", "packet");
    verify.answer().exits(0);
    let anchor = fs::read_to_string(sandbox.repo().join(".git/packet/checkout/anchor")).unwrap();
    assert!(anchor.ends_with(&format!(" {}\n", sandbox.head())), "{anchor}");
}
