//! The JSON contract: one object at every exit, the promised fields always there.

use std::fs;

use serde_json::Value;

use crate::sandbox::{Answer, Sandbox};

#[track_caller]
fn holds(answer: &Answer, schema: &str, verdict: &str, fields: &[&str]) -> Value {
    let json = answer.json();
    assert_eq!(json["schema"], format!("packet.{schema}/1"), "{json}");
    assert_eq!(json["verdict"], verdict, "{json}");
    let exit = ["yes", "no", "usage", "undecided"].iter().position(|v| *v == verdict).unwrap();
    assert_eq!(answer.code, i32::try_from(exit).unwrap(), "{answer:?}");
    for field in fields {
        assert!(json.get(field).is_some(), "{field} is missing: {json}");
    }
    for reason in json["reasons"].as_array().unwrap() {
        for part in ["code", "subject", "message", "help"] {
            assert!(reason[part].is_string(), "{reason}");
        }
    }
    assert!(json["warnings"].is_array());
    json
}

const VERIFY: &[&str] = &[
    "packet",
    "genesis",
    "release",
    "commit",
    "head",
    "lane",
    "state",
    "signers",
    "residual_objections",
    "open_objections",
    "freshness",
    "entries_checked",
];
const STATUS: &[&str] = &[
    "packet",
    "genesis",
    "head",
    "revision",
    "staged",
    "sessions",
    "fragments",
    "symbols",
    "objections",
    "release",
    "blockers",
    "next",
    "unshared",
];

#[test]
fn every_answer_has_the_promised_fields() {
    let sandbox = Sandbox::new();
    holds(&sandbox.json("release-owner", &["list"]), "list", "yes", &["packets"]);
    let none = holds(&sandbox.json("release-owner", &["status"]), "status", "undecided", STATUS);
    assert_eq!(none["objections"], Value::Null, "null only what was not computed");
    sandbox.with_evidence();
    let empty = holds(&sandbox.json("privacy-lead", &["status"]), "status", "yes", STATUS);
    assert_eq!(empty["objections"], Value::Array(vec![]), "an empty list is []");
    assert_eq!(empty["revision"]["number"], 2);
    let who = holds(
        &sandbox.json("privacy-lead", &["whoami"]),
        "whoami",
        "yes",
        &["actor", "kind", "roles", "key", "may", "next"],
    );
    assert_eq!(who["kind"], "human");
    let log = holds(&sandbox.json("privacy-lead", &["log", "--limit", "1"]), "log", "yes", &["entries"]);
    let entry = &log["entries"][0];
    for field in ["commit", "operation", "actor", "kind", "at", "revision", "summary"] {
        assert!(entry.get(field).is_some(), "{entry}");
    }
    assert_eq!(log["entries"].as_array().unwrap().len(), 1);
    let id = sandbox.object("privacy-lead", "other", "packet");
    let fields = ["format", "regions", "coverage"];
    let regions = holds(&sandbox.json("privacy-lead", &["regions", "vault:a.dmp"]), "regions", "yes", &fields);
    let parts = ["regions", "modules", "threads", "stacks"];
    let dumps = ["compare", "vault:a.dmp", "../a.dmp.masked"];
    let compared = holds(&sandbox.json("privacy-lead", &dumps), "compare", "yes", &parts);
    assert_eq!(compared["stacks"], Value::Null, "nobody asked for them");
    for field in ["name", "kind", "thread", "va", "offset", "length", "elided"] {
        assert!(regions["regions"][0].get(field).is_some(), "{regions}");
    }
    let listed = holds(&sandbox.json("privacy-lead", &["objections"]), "objections", "yes", &["objections"]);
    assert_eq!(listed["objections"][0]["state"], "open");
    holds(&sandbox.json("privacy-lead", &["withdraw", &id, "-m", "fine"]), "withdraw", "yes", &["id"]);
    let before = holds(&sandbox.json("privacy-lead", &["verify"]), "verify", "no", VERIFY);
    assert_eq!(before["release"], Value::Null);
    holds(&sandbox.json("reliability", &["draft"]), "draft", "yes", &["release", "commit", "manifest_sha256"]);
    holds(&sandbox.json("release-owner", &["gate"]), "gate", "no", &["release", "commit"]);
    holds(&sandbox.json("privacy-lead", &["drift"]), "drift", "yes", &["checks"]);
    holds(&sandbox.json("privacy-lead", &["proposals"]), "proposals", "yes", &["proposals"]);
    holds(&sandbox.json("privacy-lead", &["verify", "--history"]), "verify", "yes", &["releases"]);
}

#[test]
fn wrong_usage_is_json_too() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json("release-owner", &["object", "--kind", "nonsense", "--about", "packet", "-m", "x"]);
    holds(&answer, "object", "usage", &[]);
    holds(&sandbox.json("release-owner", &["approve", "--no-such-option"]), "approve", "usage", &[]);
    assert_eq!(sandbox.packet("release-owner", &["no-such-command"]).code, 2);
}

#[test]
fn options_stand_before_or_after_the_command() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let mut after = std::process::Command::new(env!("CARGO_BIN_EXE_packet"));
    sandbox.bare(&mut after);
    after
        .args(["status", "-p", "checkout", "--json", "--repo"])
        .arg(sandbox.repo())
        .arg("--key")
        .arg(sandbox.key("privacy-lead"));
    holds(&sandbox.answer(after.current_dir("/")), "status", "yes", STATUS);
}

#[test]
fn several_packets_must_be_named() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let file = sandbox.path("charter.toml");
    sandbox.packet("release-owner", &["open", "other", "--charter", file.to_str().unwrap()]).exits(0);
    assert_eq!(sandbox.json("release-owner", &["status"]).exits(2).reasons(), ["usage"]);
    sandbox.packet("release-owner", &["status", "-p", "other"]).exits(0);
}

#[test]
fn the_stage_is_per_actor_and_a_commit_seals_only_ones_own() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let session = |id: &'static str| ["add-session", id, "--environment", "prod", "--sensitivity", "internal"];
    sandbox.packet("triage-agent", &session("by-agent")).exits(0);
    sandbox.packet("privacy-lead", &session("by-human")).exits(0);
    let staged = sandbox.json("privacy-lead", &["status"]).exits(0).json();
    assert_eq!(staged["staged"].as_array().unwrap().len(), 1);
    sandbox.packet("privacy-lead", &["commit", "-m", "mine"]).exits(0);
    let sessions = sandbox.json("privacy-lead", &["status"]).exits(0).json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(sandbox.json("triage-agent", &["commit", "-m", "agent"]).exits(1).reasons(), ["not-allowed"]);
    let proposed = sandbox.json("triage-agent", &["propose", "-m", "a session"]).exits(0).json();
    let listed = sandbox.json("privacy-lead", &["proposals"]).exits(0).json();
    assert_eq!(listed["proposals"][0]["id"], proposed["id"]);
    sandbox.packet("privacy-lead", &["verify", "--history"]).exits(0);
}

#[test]
fn what_was_staged_on_an_older_version_is_refused_not_merged() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let session = |level: &'static str| ["add-session", "s1", "--environment", "prod", "--sensitivity", level];
    sandbox.packet("reliability", &session("internal")).exits(0);
    sandbox.packet("privacy-lead", &session("restricted")).exits(0);
    sandbox.packet("privacy-lead", &["commit", "-m", "first"]).exits(0);
    let head = sandbox.head();
    assert_eq!(sandbox.json("reliability", &["commit", "-m", "second"]).exits(1).reasons(), ["stage-moved"]);
    assert_eq!(sandbox.head(), head);
    sandbox.packet("reliability", &["discard"]).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "second"]).exits(2);
}

#[test]
fn the_same_commit_again_answers_with_its_entry() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let head = sandbox.head();
    let again = sandbox.json("reliability", &["commit", "-m", "first evidence"]).exits(0).json();
    assert_eq!(again["commit"], head.as_str());
    assert_eq!(sandbox.head(), head);
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "same words"];
    let first = sandbox.json("privacy-lead", &object).exits(0).json();
    let second = sandbox.json("privacy-lead", &object).exits(0).json();
    assert_eq!(first["id"], second["id"]);
}

#[test]
fn a_removed_session_takes_all_it_contains_and_leaves_its_objections() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let id = sandbox.object("privacy-lead", "fragment-necessity", "fragment:stack");
    sandbox.packet("reliability", &["remove", "session:s1", "--why", "not needed"]).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "drop the session"]).exits(0);
    let status = sandbox.json("reliability", &["status"]).exits(0).json();
    assert_eq!((status["sessions"].as_array().unwrap().len(), status["fragments"].as_array().unwrap().len()), (0, 0));
    assert_eq!(status["objections"][0]["id"], id.as_str());
    assert!(sandbox.git(&["log", "-1", "--format=%B", "packet/checkout"]).contains("Removed session:s1: not needed"));
    sandbox.packet("privacy-lead", &["withdraw", &id, "-m", "it is gone"]).exits(0);
}

#[test]
fn attachments_are_committed_to_and_never_stored() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let file = sandbox.path("report.txt");
    std::fs::write(&file, "INVENTED-CANARY-0001\n").unwrap();
    let add = ["add-attachment", file.to_str().unwrap(), "--session", "s1", "--from", "stack", "--tool", "walker 1"];
    let staged = sandbox.json("forensics-lead", &add).exits(0).json();
    assert_eq!(staged["id"], "report-txt");
    assert_eq!(staged["raw"]["bytes"], 21);
    sandbox.packet("forensics-lead", &["commit", "-m", "attach the walk"]).exits(0);
    sandbox.git(&["repack", "-qad"]);
    let found = std::process::Command::new("grep").arg("-rl").arg("CANARY").arg(sandbox.repo()).output().unwrap();
    assert!(found.stdout.is_empty());
    sandbox.packet("reliability", &["remove", "fragment:stack", "--why", "x"]).exits(2);
}

#[test]
fn what_would_change_nothing_is_not_staged() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let session = ["add-session", "s2", "--environment", "prod", "--sensitivity", "internal"];
    sandbox.packet("reliability", &session).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "a session"]).exits(0);
    let head = sandbox.head();
    sandbox.packet("reliability", &session).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "the same again"]).exits(2);
    assert_eq!(sandbox.head(), head);
    sandbox.packet("triage-agent", &session).exits(0);
    sandbox.packet("triage-agent", &["propose", "-m", "the same"]).exits(2);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn every_objection_of_one_second_answers_with_its_own_id() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let ids: std::collections::BTreeSet<String> = (0..6)
        .map(|i| {
            let text = format!("objection {i}");
            let object = ["object", "--kind", "other", "--about", "packet", "-m", &text];
            sandbox.json("privacy-lead", &object).exits(0).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn what_would_make_a_stage_too_long_is_refused_and_the_stage_stays() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let words = sandbox.path("words.md");
    fs::write(&words, "some words to fill a line\n".repeat(36_000)).unwrap();
    let set = |name: &str| {
        let arguments = ["section", "set", name, "--file", words.to_str().unwrap(), "--owner", "reliability"];
        sandbox.packet("reliability", &arguments)
    };
    ["one", "two", "three", "four"].iter().for_each(|name| _ = set(name).exits(0));
    let refused = set("five").exits(2);
    assert!(refused.err.contains("a stage holds") && refused.err.contains("packet commit"), "{refused:?}");
    sandbox.packet("reliability", &["commit", "-m", "four of them"]).exits(0);
    set("five").exits(0);
}
