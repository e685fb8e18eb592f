//! Every shape of repository, and branches that a person has under their feet.

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

fn releases_and_verifies(sandbox: &Sandbox) {
    sandbox.release();
    sandbox.json("ci-service", &["verify"]).exits(0);
    let git_fsck = ["fsck", "--strict", "--no-dangling"];
    sandbox.git(&git_fsck);
}

#[test]
fn a_sha256_repository_releases_and_stock_git_verifies_it() {
    let sandbox = Sandbox::with_git_init(&["--object-format=sha256"]);
    releases_and_verifies(&sandbox);
    assert_eq!(sandbox.head().len(), 64);
    stock_git_accepts(&sandbox);
}

#[test]
fn a_sha1_repository_releases_and_stock_git_verifies_it() {
    let sandbox = Sandbox::new();
    releases_and_verifies(&sandbox);
    assert_eq!(sandbox.head().len(), 40);
    stock_git_accepts(&sandbox);
}

/// Every entry, the tag and every signature over the manifest, with the real programs and the stored roster.
fn stock_git_accepts(sandbox: &Sandbox) {
    let roster = sandbox.path("roster");
    fs::write(&roster, sandbox.git(&["show", "packet/checkout:allowed_signers"]) + "\n").unwrap();
    let signers = format!("gpg.ssh.allowedSignersFile={}", roster.display());
    for commit in sandbox.git(&["rev-list", "refs/heads/packet/checkout"]).lines() {
        sandbox.git(&["-c", &signers, "verify-commit", commit]);
    }
    sandbox.git(&["-c", &signers, "verify-tag", "packet/checkout/1"]);
    let manifest = sandbox.path("manifest");
    let show = |path: &str| sandbox.git(&["show", &format!("packet/checkout:releases/1/{path}")]) + "\n";
    fs::write(&manifest, show("manifest.json")).unwrap();
    for actor in ["privacy-lead", "reliability", "forensics-lead", "release-owner"] {
        let signature = sandbox.path(format!("{actor}.sig"));
        fs::write(&signature, show(&format!("signatures/{actor}.sig"))).unwrap();
        let mut verify = Command::new("ssh-keygen");
        verify.args(["-Y", "verify", "-n", "packet.release.v1", "-I", actor, "-f"]).arg(&roster);
        verify.arg("-s").arg(&signature).stdin(fs::File::open(&manifest).unwrap());
        sandbox.run(&mut verify);
    }
}

#[test]
fn a_bare_repository_releases() {
    let sandbox = Sandbox::with_git_init(&["--bare"]);
    releases_and_verifies(&sandbox);
}

#[test]
fn a_linked_work_tree_shares_the_packet_and_its_trust() {
    let sandbox = Sandbox::new();
    sandbox.release();
    sandbox.git(&["-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "-q", "--allow-empty", "-m", "x"]);
    let linked = sandbox.path("linked wörk tree");
    sandbox.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    let mut verify = sandbox.command("ci-service");
    sandbox.answer(verify.arg("verify").current_dir(&linked)).exits(0);
    let mut object = sandbox.command("privacy-lead");
    object.args(["object", "--kind", "other", "--about", "packet", "-m", "late"]).current_dir(&linked);
    sandbox.answer(&mut object).exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(1);
}

#[test]
fn a_checked_out_packet_branch_is_refused_not_moved() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    sandbox.git(&["checkout", "-q", "packet/checkout"]);
    let before = sandbox.head();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "late"];
    let refused = sandbox.json("privacy-lead", &object).exits(1);
    assert_eq!(refused.reasons(), ["checked-out"]);
    assert_eq!(sandbox.head(), before);
    sandbox.git(&["checkout", "-q", "--detach"]);
    sandbox.packet("privacy-lead", &object).exits(0);
}

#[test]
fn a_clone_verifies_once_it_trusts_the_genesis() {
    let sandbox = Sandbox::new();
    let genesis = sandbox.release();
    let clone = sandbox.path("clone");
    sandbox.run(Command::new("git").args(["clone", "-q"]).arg(sandbox.repo()).arg(&clone));
    let in_clone = |arguments: &[&str]| {
        let mut command = sandbox.command("ci-service");
        sandbox.answer(command.arg("--json").args(arguments).current_dir(&clone))
    };
    let rootless = in_clone(&["verify"]).exits(3);
    assert_eq!(rootless.reasons(), ["no-root"]);
    in_clone(&["verify", "--root", &"0".repeat(40)]).exits(1);
    in_clone(&["verify", "--root", &genesis]).exits(0);
    in_clone(&["trust", "checkout", &"0".repeat(40)]).exits(1);
    in_clone(&["trust", "checkout", &genesis]).exits(0);
    let first = in_clone(&["verify"]).exits(0).json();
    assert_eq!(first["freshness"], "not-rewound", "the run with --root pinned nothing but saw a valid head");
}

#[test]
fn the_first_verification_of_a_clone_is_unproven_the_second_is_not_rewound() {
    let sandbox = Sandbox::new();
    let genesis = sandbox.release();
    fs::remove_dir_all(sandbox.repo().join(".git/packet/checkout")).unwrap();
    let first = sandbox.json("ci-service", &["verify", "--root", &genesis]).exits(0).json();
    assert_eq!(first["freshness"], "unproven");
    let second = sandbox.json("ci-service", &["verify"]).exits(0).json();
    assert_eq!(second["freshness"], "not-rewound");
    let stale = sandbox.json("ci-service", &["verify", "--require-fresh"]).exits(3);
    assert_eq!(stale.reasons(), ["not-fresh"]);
}

#[test]
fn a_shallow_clone_cannot_decide() {
    let sandbox = Sandbox::new();
    let genesis = sandbox.release();
    let clone = sandbox.path("shallow");
    let url = format!("file://{}", sandbox.repo().display());
    let mut git = Command::new("git");
    git.args(["clone", "-q", "--depth=1", "--branch", "packet/checkout", &url]).arg(&clone);
    sandbox.run(&mut git);
    let mut verify = sandbox.command("ci-service");
    let answer = sandbox.answer(verify.args(["--json", "verify", "--root", &genesis]).current_dir(&clone)).exits(3);
    assert_eq!(answer.reasons(), ["shallow"]);
}

#[test]
fn a_reftable_repository_is_refused() {
    let sandbox = Sandbox::with_git_init(&["--ref-format=reftable"]);
    sandbox.packet("release-owner", &["list"]).exits(2);
}

#[test]
fn a_branch_named_packet_is_named_in_the_refusal() {
    let sandbox = Sandbox::new();
    sandbox.git(&["-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "-q", "--allow-empty", "-m", "x"]);
    sandbox.git(&["branch", "packet"]);
    let answer = sandbox.packet("release-owner", &["list"]).exits(2);
    assert!(answer.err.contains("packet"), "{answer:?}");
}
