//! Durability: the order of syncs (F1), writers beside git's housekeeping (F4), locks (F9).

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

/// F1: gix and git sync nothing that matters. An acknowledged entry was preceded by two `syncfs` around the move of the
/// reference: objects first, then the name that points at them.
#[test]
fn f1_the_reference_moves_between_two_syncs() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let trace = sandbox.path("trace");
    let mut traced = Command::new("strace");
    sandbox.bare(&mut traced);
    traced.args(["-f", "-qq", "-e", "trace=syncfs,rename,renameat,renameat2,write", "-o"]).arg(&trace);
    traced.arg(env!("CARGO_BIN_EXE_packet")).arg("--key").arg(sandbox.key("privacy-lead"));
    traced.args(["object", "--kind", "other", "--about", "packet", "-m", "x"]).current_dir(sandbox.repo());
    sandbox.answer(&mut traced).exits(0);
    let lines = fs::read_to_string(trace).unwrap();
    let place = |wanted: &dyn Fn(&str) -> bool| lines.lines().position(wanted);
    let first = place(&|l| l.contains("syncfs(")).expect("a first syncfs");
    let moved =
        place(&|l| l.contains("rename") && l.contains("refs/heads/packet/checkout")).expect("the reference moved");
    let last = lines.lines().count() - 1 - lines.lines().rev().position(|l| l.contains("syncfs(")).unwrap();
    let told = place(&|l| l.contains("write(1,")).expect("the answer");
    assert!(first < moved && moved < last && last < told, "{lines}");
}

/// F5: a transaction over several references is not atomic, so the branch alone decides and the tag only points. Where
/// the tag cannot be made, the approval stands, and the same command again makes it.
#[test]
fn f5_the_branch_alone_decides_when_the_tag_cannot_be_made() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    let tags = sandbox.repo().join(".git/refs/tags/packet/checkout");
    fs::create_dir_all(&tags).unwrap();
    fs::write(tags.join("1.lock"), "").unwrap();
    let mut approve = sandbox.command("release-owner");
    approve.env("PACKET_LOCK_WAIT", "1").args(["--json", "approve", "--confirm", &commit]);
    let approved = sandbox.answer(&mut approve).exits(0).json();
    assert!(approved["warnings"][0].as_str().unwrap().starts_with("tag-missing"), "{approved}");
    let head = sandbox.head();
    assert!(sandbox.json("ci-service", &["verify"]).exits(0).json()["warnings"].as_array().unwrap().len() == 1);
    fs::remove_file(tags.join("1.lock")).unwrap();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    assert_eq!(sandbox.head(), head);
    assert!(sandbox.json("ci-service", &["verify"]).exits(0).json()["warnings"].as_array().unwrap().is_empty());
}

/// F9: a lock that git holds is waited for, and named when the wait is over; nothing is written.
#[test]
fn f9_a_lock_that_is_not_ours_is_waited_for_and_named() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let head = sandbox.head();
    let lock = sandbox.repo().join(".git/refs/heads/packet/checkout.lock");
    fs::write(&lock, "").unwrap();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
    let mut waiting = sandbox.command("privacy-lead");
    let answer = sandbox.answer(waiting.env("PACKET_LOCK_WAIT", "1").args(object)).exits(3);
    assert!(answer.err.contains("checkout.lock"), "{answer:?}");
    assert_eq!(sandbox.head(), head);
    fs::remove_file(&lock).unwrap();
    sandbox.packet("privacy-lead", &object).exits(0);
}

/// Writers at once beside git's own housekeeping (F4): nothing lost, nothing doubled, one line of history.
#[test]
fn f4_writers_at_once_beside_pack_refs_lose_nothing() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let before: usize = sandbox.git(&["rev-list", "--count", "packet/checkout"]).parse().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let keeper = scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                Command::new("git").arg("-C").arg(sandbox.repo()).args(["pack-refs", "--all"]).output().unwrap();
            }
        });
        let writers: Vec<_> = ["privacy-lead", "reliability", "forensics-lead", "triage-agent"]
            .into_iter()
            .map(|actor| {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    for i in 0..6 {
                        let text = format!("{actor} {i}");
                        sandbox
                            .packet(actor, &["object", "--kind", "other", "--about", "packet", "-m", &text])
                            .exits(0);
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        keeper.join().unwrap();
    });
    let after: usize = sandbox.git(&["rev-list", "--count", "packet/checkout"]).parse().unwrap();
    assert_eq!(after - before, 24);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}
