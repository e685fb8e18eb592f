//! Proposals: made by anybody, decided by a human who is somebody else; never merged silently.

use std::fs;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

const AGENT: &str = "triage-agent";

/// Stages a section as an actor, for an owner.
#[track_caller]
fn stage(sandbox: &Sandbox, actor: &str, name: &str, text: &str, owner: &str) {
    let file = sandbox.path("section.md");
    fs::write(&file, text).unwrap();
    sandbox.packet(actor, &["section", "set", name, "--file", file.to_str().unwrap(), "--owner", owner]).exits(0);
}

#[track_caller]
fn propose(sandbox: &Sandbox, actor: &str, text: &str) -> String {
    sandbox.json(actor, &["propose", "-m", text]).exits(0).json()["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn state(sandbox: &Sandbox, id: &str) -> String {
    let listed = sandbox.json("privacy-lead", &["proposals"]).exits(0).json();
    let found = listed["proposals"].as_array().unwrap().iter().find(|p| p["id"] == id).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_applied_proposal_is_content_as_it_was_proposed() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    stage(&sandbox, AGENT, "summary", "What is known.\n", "forensics-lead");
    let id = propose(&sandbox, AGENT, "a summary");
    let shown = sandbox.json("privacy-lead", &["show", &id]).exits(0).json();
    assert_eq!(shown["changes"][0]["after"], "What is known.\n");
    assert!(sandbox.packet("privacy-lead", &["show", &id]).out.contains("+ What is known."));
    let applied = sandbox.json("privacy-lead", &["apply", &id]).exits(0).json();
    assert_eq!(applied["revision"], 3);
    assert_eq!(sandbox.packet("privacy-lead", &["show", "sections/summary.md"]).out, "What is known.\n");
    assert_eq!(state(&sandbox, &id), "applied");
    let head = sandbox.head();
    sandbox.packet("privacy-lead", &["apply", &id]).exits(0);
    assert_eq!(sandbox.head(), head, "the same command again writes nothing");
    assert_eq!(sandbox.json("reliability", &["apply", &id]).exits(1).reasons(), ["wrong-state"]);
    assert_eq!(
        sandbox.json("reliability", &["reject", &id, "--because", "quality", "-m", "x"]).exits(1).reasons(),
        ["wrong-state"]
    );
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn applying_voids_a_release_and_proposing_and_rejecting_do_not() {
    let sandbox = Sandbox::new();
    sandbox.release();
    stage(&sandbox, AGENT, "summary", "What is known.\n", "forensics-lead");
    let first = propose(&sandbox, AGENT, "a summary");
    sandbox
        .packet("privacy-lead", &["reject", &first, "--because", "incident-adjudication", "-m", "it judges"])
        .exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(0);
    let listed = sandbox.json("privacy-lead", &["proposals"]).json();
    assert_eq!(listed["proposals"][0]["because"], "incident-adjudication");
    stage(&sandbox, AGENT, "summary", "What is known.\n", "forensics-lead");
    let second = propose(&sandbox, AGENT, "a summary again");
    sandbox.packet("privacy-lead", &["apply", &second]).exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["void"]);
}

#[test]
fn a_proposal_whose_paths_changed_conflicts_and_one_whose_base_alone_moved_does_not() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    stage(&sandbox, AGENT, "summary", "By the agent.\n", "forensics-lead");
    let id = propose(&sandbox, AGENT, "a summary");
    stage(&sandbox, "privacy-lead", "notes", "Elsewhere.\n", "privacy-lead");
    sandbox.packet("privacy-lead", &["commit", "-m", "notes"]).exits(0);
    assert_eq!(state(&sandbox, &id), "open");
    stage(&sandbox, "forensics-lead", "summary", "By a human.\n", "forensics-lead");
    sandbox.packet("forensics-lead", &["commit", "-m", "summary"]).exits(0);
    assert_eq!(state(&sandbox, &id), "conflicting");
    let head = sandbox.head();
    assert_eq!(sandbox.json("forensics-lead", &["apply", &id]).exits(1).reasons(), ["proposal-conflict"]);
    assert_eq!(sandbox.head(), head);
    sandbox.packet("forensics-lead", &["reject", &id, "--because", "quality", "-m", "overtaken"]).exits(0);
    assert_eq!(state(&sandbox, &id), "rejected");
}

#[test]
fn nobody_decides_their_own_proposal_and_machines_decide_none() {
    let sandbox = Sandbox::new();
    sandbox.open();
    stage(&sandbox, "privacy-lead", "summary", "What is known.\n", "privacy-lead");
    let id = propose(&sandbox, "privacy-lead", "a summary");
    for actor in ["privacy-lead", AGENT, "ci-service", "release-owner"] {
        let head = sandbox.head();
        assert_eq!(sandbox.json(actor, &["apply", &id]).exits(1).reasons(), ["not-allowed"], "{actor}");
        let reject = ["reject", &id, "--because", "quality", "-m", "x"];
        assert_eq!(sandbox.json(actor, &reject).exits(1).reasons(), ["not-allowed"], "{actor}");
        assert_eq!(sandbox.head(), head);
    }
    sandbox.packet("reliability", &["apply", &id]).exits(0);
}

#[test]
fn a_change_of_somebodys_section_goes_through_its_owner() {
    let sandbox = Sandbox::new();
    sandbox.open();
    stage(&sandbox, "forensics-lead", "summary", "First.\n", "forensics-lead");
    sandbox.packet("forensics-lead", &["commit", "-m", "summary"]).exits(0);
    stage(&sandbox, "reliability", "summary", "Second.\n", "forensics-lead");
    assert_eq!(sandbox.json("reliability", &["commit", "-m", "x"]).exits(1).reasons(), ["not-allowed"]);
    let id = propose(&sandbox, "reliability", "a better summary");
    assert_eq!(sandbox.json("privacy-lead", &["apply", &id]).exits(1).reasons(), ["not-allowed"]);
    let reject = ["reject", &id, "--because", "quality", "-m", "x"];
    assert_eq!(sandbox.json("privacy-lead", &reject).exits(1).reasons(), ["not-allowed"]);
    sandbox.packet("forensics-lead", &["apply", &id]).exits(0);
    assert_eq!(sandbox.packet("reliability", &["show", "sections/summary.md"]).out, "Second.\n");
}

/// An agent's operator who applies its work and is the only signer vouches for it alone: a release needs somebody else.
#[test]
fn one_person_applying_and_alone_vouching_for_their_own_agents_work_is_not_enough() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter();
    let a = charter.find("required_signers").unwrap();
    let b = a + charter[a..].find('\n').unwrap();
    let charter =
        format!("{}required_signers = [{{ role = \"forensics\", count = 1 }}]{}", &charter[..a], &charter[b..]);
    sandbox.open_with(&charter);
    stage(&sandbox, AGENT, "summary", "By the agent.\n", "forensics-lead");
    let id = propose(&sandbox, AGENT, "a summary");
    sandbox.packet("reliability", &["apply", &id]).exits(0);
    let commit = sandbox.json("reliability", &["draft"]).exits(0).json()["commit"].as_str().unwrap().to_owned();
    sandbox.packet("forensics-lead", &["sign"]).exits(0);
    let answer = sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1);
    assert_eq!(answer.reasons(), ["no-independent-signer"]);
    assert!(answer.out.contains("forensics-lead, reliability, triage-agent wrote changes"), "{answer:?}");
}

#[test]
fn terms_of_the_charters_scope_flag_a_proposal_and_reject_nothing() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter().replace(
        "\n[[actor]]\nid = \"release-owner\"",
        "\n[scope]\ncustomer-communication = [\"notify the customer\"]\n\n[[actor]]\nid = \"release-owner\"",
    );
    sandbox.open_with(&charter);
    stage(&sandbox, AGENT, "summary", "Then Notify the Customer.\n", "forensics-lead");
    let id = propose(&sandbox, AGENT, "a summary");
    let listed = sandbox.json("privacy-lead", &["proposals"]).exits(0).json();
    assert_eq!(listed["proposals"][0]["flags"][0], "customer-communication");
    assert!(sandbox.packet("privacy-lead", &["show", &id]).out.contains("flagged by the charter's [scope]"));
    sandbox.packet("privacy-lead", &["apply", &id]).exits(0);
}

#[test]
fn an_application_that_changes_anything_else_than_what_was_proposed_is_no_entry() {
    let sandbox = Sandbox::new();
    sandbox.open();
    stage(&sandbox, AGENT, "summary", "What is known.\n", "forensics-lead");
    let id = propose(&sandbox, AGENT, "a summary");
    let before = sandbox.head();
    sandbox.packet("privacy-lead", &["apply", &id]).exits(0);
    let forge = Forge::on(&sandbox);
    let proposal = format!("proposals/{id}/proposal.toml");
    let (decided, time) = (forge.file(&proposal), forge.time());
    let (text, head) = (forge.file("sections/summary.md"), forge.file("sections/summary.toml"));
    forge.go_back(&before);
    let entry = || forge.entry("privacy-lead", "apply").time(time).revision(2).file(&proposal, &decided);
    entry().file("sections/summary.toml", &head).refused("wrong-place", "something else than what was proposed");
    let other = |text: &str| entry().file("sections/summary.toml", &head).file("sections/summary.md", text);
    other("Otherwise.\n").refused("wrong-place", "something else than what was proposed");
    other(&text).file("sections/more.md", "x\n").refused("wrong-place", "something else than what was proposed");
    other(&text)
        .file(&proposal, decided.replace("a summary", "a sum"))
        .refused("malformed-file", "changes what was proposed");
    other(&text).accepted();
}
