//! Agents and services object, respond and propose; they decide nothing. Each act is tried by the command, which writes
//! nothing, and forced in with plain git, which ends the history. The neighbour is the same act by the human it is for.

use packet::model::namespace::Namespace;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

const AGENT: &str = "triage-agent";
const SERVICE: &str = "ci-service";
const OWNER: &str = "release-owner";

/// An entry signed by each machine key, in the machine's own name, is refused for what it is.
#[track_caller]
fn is_not_for_machines(forge: Forge<'_>, operation: &str, path: &str, bytes: &str) {
    for machine in [AGENT, SERVICE] {
        let entry = forge.entry(machine, operation).file(path, bytes);
        entry.refused("not-allowed", &format!("`{operation}` is for"));
    }
}

/// The bytes of a file that a human's command wrote, taken back from the branch, and the time it was written.
fn taken_back(forge: Forge<'_>, path: &str, before: &str) -> (String, i64) {
    let (bytes, time) = (forge.file(path), forge.time());
    forge.go_back(before);
    (bytes, time)
}

#[test]
fn a_commit_of_a_human_seals_nothing_an_agent_staged() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let text = sandbox.path("text");
    std::fs::write(&text, "What is known.\n").unwrap();
    let stage = ["section", "set", "summary", "--file", text.to_str().unwrap(), "--owner", "forensics-lead"];
    sandbox.packet(AGENT, &stage).exits(0);
    let before = sandbox.head();
    let answer = sandbox.json("forensics-lead", &["commit", "-m", "x"]).exits(2);
    assert!(answer.err.contains("nothing staged") || answer.out.contains("nothing staged"), "{answer:?}");
    assert_eq!(sandbox.head(), before);
}

#[test]
fn an_agents_approval_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let bound = sandbox.draft_and_sign();
    let forge = Forge::on(&sandbox);
    for machine in [AGENT, SERVICE] {
        forge.command_refused(machine, &["approve", "--confirm", &bound], "not-allowed");
    }
    let before = sandbox.head();
    sandbox.packet(OWNER, &["approve", "--confirm", &bound]).exits(0);
    let (signature, manifest) = ("releases/1/signatures/release-owner.sig", forge.file("releases/1/manifest.json"));
    let good = forge.file(signature);
    let (approval, time) = taken_back(forge, "releases/1/approval.toml", &before);
    for machine in [AGENT, SERVICE] {
        let armour = forge.sign(machine, Namespace::Release, manifest.as_bytes());
        let own = format!("releases/1/signatures/{machine}.sig");
        let entry = forge.entry(machine, "approve").time(time).file(&own, &armour);
        let theirs = approval.replace(OWNER, machine);
        entry.file("releases/1/approval.toml", theirs).refused("not-allowed", "`approve` is for the release owner");
        let entry = forge.entry(OWNER, "approve").time(time).file(signature, &armour);
        let entry = entry.file("releases/1/approval.toml", &approval);
        entry.refused("authority-signature", "which is not theirs");
    }
    let entry = forge.entry(OWNER, "approve").time(time).file(signature, good);
    entry.file("releases/1/approval.toml", &approval).accepted();
    sandbox.git(&["tag", "-d", "packet/checkout/1"]);
    forge.verify().exits(0);
}

#[test]
fn an_agent_holds_and_supersedes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    let path = "releases/1/hold-1.toml";
    for (human, operation) in [("privacy-lead", "hold"), (OWNER, "supersede")] {
        let arguments = [operation, "1", "--because", "disagreement", "-m", "wait"];
        forge.command_refused(AGENT, &arguments, "not-allowed");
        forge.command_refused(SERVICE, &arguments, "not-allowed");
        sandbox.packet(human, &arguments).exits(0);
        let (hold, time) = taken_back(forge, path, &before);
        is_not_for_machines(forge, operation, path, &hold.replace(human, AGENT));
        forge.entry(human, operation).time(time).file(path, &hold).accepted();
        forge.go_back(&before);
    }
}

#[test]
fn an_agent_opens_no_packet() {
    let sandbox = Sandbox::new();
    let charter = sandbox.path("charter.toml");
    std::fs::write(&charter, sandbox.charter()).unwrap();
    let open = ["open", "checkout", "--charter", charter.to_str().unwrap()];
    for actor in [AGENT, SERVICE, "privacy-lead"] {
        let answer = sandbox.json(actor, &open).exits(1);
        assert_eq!(answer.reasons(), ["not-allowed"]);
    }
    assert_eq!(sandbox.git(&["for-each-ref"]), "");
    sandbox.packet(OWNER, &open).exits(0);
}
