//! Attacks on time and on what once was approved.

use std::process::Command;

use packet::model::release::Approval;
use packet::model::time::Time;

use crate::forge::Forge;
use crate::forge_release::{OWNER, SIGNERS};
use crate::sandbox::{Answer, Sandbox};

/// An approval that lasts a minute, so that its end is within the five minutes that clocks may disagree.
fn short_lived() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open_with(&sandbox.charter().replace("72h", "60s"));
    sandbox.add_evidence();
    sandbox
}

/// Runs the program by a clock that stands at this second.
fn at(sandbox: &Sandbox, seconds: i64, arguments: &[&str]) -> Answer {
    by_clock(sandbox, "ci-service", seconds, arguments)
}

/// Runs the program as an actor, by a clock that stands at this second.
fn by_clock(sandbox: &Sandbox, actor: &str, seconds: i64, arguments: &[&str]) -> Answer {
    let mut command = Command::new("faketime");
    command.args(["-f", &Time::from_seconds(seconds).unwrap().to_string().replace('T', " ").replace('Z', "")]);
    command.arg(env!("CARGO_BIN_EXE_packet")).args(["--json", "--key"]).arg(sandbox.key(actor));
    sandbox.bare(&mut command).env("TZ", "UTC");
    sandbox.answer(command.args(arguments).current_dir(sandbox.repo()))
}

#[test]
fn an_approval_at_the_very_end_of_its_time_is_refused() {
    let sandbox = short_lived();
    let forge = Forge::on(&sandbox);
    let (bound, manifest, time) = (sandbox.head(), forge.manifest(Forge::unchanged()), forge.time());
    forge.draft(1, &manifest).accepted();
    for actor in SIGNERS {
        forge.signed(actor, 1, &manifest).accepted();
    }
    let good = forge.approval(1, &bound, &manifest);
    let ending = |seconds| Approval { at: Time::from_seconds(time + seconds).unwrap(), ..good.clone() };
    for late in [60, 61, 200] {
        forge.approved(&ending(late), &manifest).refused("lapsed", "release 1 lapsed at");
    }
    forge.approved(&ending(59), &manifest).accepted();
}

#[test]
fn a_signature_at_the_very_end_of_its_time_is_refused() {
    let sandbox = short_lived();
    let forge = Forge::on(&sandbox);
    let (manifest, time) = (forge.manifest(Forge::unchanged()), forge.time());
    forge.draft(1, &manifest).accepted();
    forge.signed("reliability", 1, &manifest).time(time + 60).refused("wrong-state", "is not an open draft");
    forge.signed("reliability", 1, &manifest).time(time + 59).accepted();
}

#[test]
fn a_release_has_lapsed_when_its_last_second_comes() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let end = Forge::on(&sandbox).newest().not_after.seconds();
    assert_eq!(at(&sandbox, end - 1, &["verify"]).exits(0).json()["state"], "approved");
    let lapsed = at(&sandbox, end, &["verify"]).exits(1);
    assert_eq!((lapsed.reasons(), &lapsed.json()["state"]), (vec!["lapsed".to_owned()], &"lapsed".into()));
    let when = |seconds| Time::from_seconds(seconds).unwrap().to_string();
    sandbox.json("ci-service", &["verify", "--at", &when(end - 1)]).exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify", "--at", &when(end)]).exits(1).reasons(), ["lapsed"]);
    sandbox.json("ci-service", &["verify", "--at", "2001-01-01T00:00:00Z"]).exits(2);
}

#[test]
fn a_clock_that_went_back_decides_nothing() {
    let sandbox = Sandbox::new();
    let genesis = sandbox.release();
    let start = Forge::on(&sandbox).time();
    let answer = at(&sandbox, start - 3600, &["verify", "--root", &genesis]);
    assert_eq!((answer.code, answer.reasons()), (3, vec!["future-entry".to_owned()]));
    assert_eq!(at(&sandbox, start - 3600, &["object", "--kind", "other", "--about", "packet", "-m", "x"]).code, 3);
    at(&sandbox, start - 200, &["verify"]).exits(0);
}

#[test]
fn an_approval_does_not_outlive_a_revision_and_its_state_committed_again_is_not_approved() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let (forge, approved) = (Forge::on(&sandbox), sandbox.head());
    forge.verify().exits(0);
    forge.section("privacy-lead", "summary").accepted();
    assert_eq!(forge.verify().exits(1).reasons(), ["void"]);
    let back = forge.entry("privacy-lead", "commit").remove("sections/summary.md").remove("sections/summary.toml");
    assert_eq!(back.tree(), sandbox.git(&["rev-parse", &format!("{approved}^{{tree}}")]), "the very same files");
    back.accepted();
    assert_eq!(forge.verify().exits(1).reasons(), ["void"]);
    let bound = sandbox.draft_and_sign();
    sandbox.packet(OWNER, &["approve", "--confirm", &bound]).exits(0);
    assert_eq!(forge.verify().exits(0).json()["release"], 2);
    assert!(sandbox.json("ci-service", &["verify", "1"]).exits(1).reasons().contains(&"superseded".to_owned()));
}

#[test]
fn an_old_approval_is_not_moved_to_a_new_release() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let forge = Forge::on(&sandbox);
    let read = |name: &str| forge.file(&format!("releases/1/{name}"));
    let (old, owners) = (read("manifest.json"), read("signatures/release-owner.sig"));
    let theirs = read("signatures/privacy-lead.sig");
    forge.section("privacy-lead", "summary").accepted();
    let again = forge.approved_with(&forge.approval(1, &sandbox.head(), &old), &owners);
    again.refused("wrong-place", "`approve` adds");
    forge.draft(2, &old).refused("manifest-mismatch", "does not bind");
    let (bound, manifest) = (sandbox.head(), forge.manifest(Forge::unchanged()));
    forge.draft(2, &manifest).accepted();
    let moved = forge.entry("privacy-lead", "sign").file("releases/2/signatures/privacy-lead.sig", theirs);
    moved.refused("authority-signature", "did not sign these bytes");
    for actor in SIGNERS {
        forge.signed(actor, 2, &manifest).accepted();
    }
    let approval = forge.approval(2, &bound, &manifest);
    forge.approved_with(&approval, &owners).refused("authority-signature", "did not sign these bytes");
    forge.approved(&approval, &manifest).accepted();
    assert_eq!(forge.verify().exits(0).json()["release"], 2);
}

#[test]
fn a_draft_of_the_same_state_again_needs_every_signature_again() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let forge = Forge::on(&sandbox);
    let theirs = forge.file("releases/1/signatures/privacy-lead.sig");
    let (bound, manifest) = (sandbox.head(), forge.manifest(Forge::unchanged()));
    forge.draft(2, &manifest).accepted();
    forge.verify().exits(0);
    let copied = forge.entry("privacy-lead", "sign").file("releases/2/signatures/privacy-lead.sig", theirs);
    copied.refused("authority-signature", "did not sign these bytes");
    let approval = forge.approval(2, &bound, &manifest);
    forge.approved(&approval, &manifest).refused("signature-missing", "release 2 lacks");
}

#[test]
fn a_clock_that_went_back_does_not_pull_the_anchor_back() {
    let sandbox = Sandbox::new();
    let charter = sandbox.path("charter.toml");
    std::fs::write(&charter, sandbox.charter()).unwrap();
    let now = Time::parse("2030-01-01T12:00:00Z").unwrap().seconds();
    let open = ["open", "checkout", "--charter", charter.to_str().unwrap()];
    by_clock(&sandbox, OWNER, now - 7200, &open).exits(0);
    let genesis = sandbox.head();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
    by_clock(&sandbox, "triage-agent", now, &object).exits(0);
    at(&sandbox, now, &["verify", "--history"]).exits(0);
    let back = at(&sandbox, now - 3600, &["verify", "--history"]).exits(3);
    assert_eq!(back.reasons(), ["future-entry"], "no one is accused of a rewind");
    Forge::on(&sandbox).put(&genesis);
    assert_eq!(at(&sandbox, now, &["verify", "--history"]).exits(1).reasons(), ["rewound"]);
}
