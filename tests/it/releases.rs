//! Releases: the gate, the clock, holds, a second release, and what voids.

use std::process::Command;

use crate::sandbox::{Answer, Sandbox};

/// Runs the program under a clock that says `time` (libfaketime).
fn at(sandbox: &Sandbox, time: &str, actor: &str, arguments: &[&str]) -> Answer {
    let mut faked = Command::new("faketime");
    sandbox.bare(&mut faked);
    faked.args(["-f", time]).arg(env!("CARGO_BIN_EXE_packet")).arg("--key").arg(sandbox.key(actor));
    faked.arg("--json").args(arguments).current_dir(sandbox.repo());
    sandbox.answer(&mut faked)
}

#[test]
fn a_release_lapses_exactly_at_not_after() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let manifest = sandbox.git(&["show", "packet/checkout:releases/1/manifest.json"]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let not_after = manifest["predicate"]["not_after"].as_str().unwrap();
    assert_eq!(sandbox.json("ci-service", &["verify", "--at", not_after]).exits(1).reasons(), ["lapsed"]);
    let time = packet::model::time::Time::parse(not_after).unwrap();
    let before = packet::model::time::Time::from_seconds(time.seconds() - 1).unwrap().to_string();
    sandbox.packet("ci-service", &["verify", "--at", &before]).exits(0);
    assert_eq!(at(&sandbox, "+73h", "ci-service", &["verify"]).exits(1).reasons(), ["lapsed"]);
    sandbox.packet("ci-service", &["verify", "--at", "2020-01-01T00:00:00Z"]).exits(2);
}

#[test]
fn a_lapsed_draft_is_neither_signed_nor_approved() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.json("reliability", &["draft"]).exits(0).json()["commit"].as_str().unwrap().to_owned();
    assert_eq!(at(&sandbox, "+73h", "privacy-lead", &["sign"]).exits(1).reasons(), ["lapsed"]);
    for actor in ["privacy-lead", "reliability", "forensics-lead"] {
        sandbox.packet(actor, &["sign"]).exits(0);
    }
    let late = at(&sandbox, "+73h", "release-owner", &["approve", "--confirm", &commit]).exits(1);
    assert_eq!(late.reasons(), ["lapsed"]);
}

#[test]
fn entries_from_the_future_cannot_be_decided_and_not_written_on() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "early"];
    at(&sandbox, "+4m", "privacy-lead", &object).exits(0);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
    at(&sandbox, "+30m", "forensics-lead", &object).exits(0);
    let undecided = sandbox.json("ci-service", &["verify", "--history"]).exits(3);
    assert_eq!(undecided.reasons(), ["future-entry"]);
    let head = sandbox.head();
    sandbox.json("reliability", &object).exits(3);
    assert_eq!(sandbox.head(), head);
}

#[test]
fn a_clock_gone_backwards_never_backdates_an_entry() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let before = sandbox.git(&["log", "-1", "--format=%ct", "packet/checkout"]);
    at(&sandbox, "-3m", "privacy-lead", &["object", "--kind", "other", "--about", "packet", "-m", "x"]).exits(0);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%ct", "packet/checkout"]), before);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn a_retention_deadline_cuts_the_release_short_and_stops_it_when_passed() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let set = |deadline: &str, basis: &str| {
        let arguments = ["retention", "set", "s1", "--deadline", deadline, "--basis", basis];
        sandbox.packet("reliability", &arguments).exits(0);
        sandbox.packet("reliability", &["commit", "-m", &format!("deadline of {basis}")]).exits(0);
    };
    set("2020-01-01T00:00:00Z", "contract");
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["retention-passed"]);
    set("2099-01-01T00:00:00Z", "contract");
    set("2098-01-01T00:00:00Z", "registry");
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["retention-conflict"]);
    let id = sandbox.object("privacy-lead", "retention-conflict", "retention:s1");
    sandbox.packet("release-owner", &["accept-residual", &id, "--rationale", "the registry is right"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    let manifest = sandbox.git(&["show", "packet/checkout:releases/1/manifest.json"]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["predicate"]["destroy_by"], "2098-01-01T00:00:00Z");
    set("2098-01-01T00:00:00Z", "contract");
    let lapsed = sandbox.json("reliability", &["draft"]).exits(1);
    assert_eq!(lapsed.reasons(), ["residual-lapsed"], "the target of the residual changed");
}

#[test]
fn a_request_beyond_the_boundary_stops_a_draft_until_it_is_residual_or_gone() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let add = [
        "add-symbols",
        "--module",
        "checkout",
        "--code-id",
        "5f3a",
        "--rung",
        "locals",
        "--frames",
        "8",
        "--id",
        "deep",
    ];
    let staged = sandbox.json("reliability", &add).exits(0).json();
    assert!(staged["exceeds"].as_str().unwrap().contains("locals"));
    sandbox.packet("reliability", &["commit", "-m", "ask for locals"]).exits(0);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["boundary-exceeded"]);
    let status = sandbox.json("reliability", &["status"]).exits(0).json();
    assert_eq!(status["symbols"][0]["exceeds"], true);
    let id = sandbox.object("privacy-lead", "symbolization-scope", "symbols:deep");
    sandbox.packet("release-owner", &["accept-residual", &id, "--rationale", "needed once"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    sandbox.packet("reliability", &["remove", "symbols:deep", "--why", "not needed"]).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "drop it"]).exits(0);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["residual-lapsed"]);
    sandbox.packet("privacy-lead", &["withdraw", &id, "-m", "it is gone"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_session_above_the_lanes_sensitivity_stops_a_draft() {
    let sandbox = Sandbox::new();
    sandbox.open_with(&sandbox.charter().replace("max_sensitivity = \"restricted\"", "max_sensitivity = \"internal\""));
    sandbox.add_evidence();
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["sensitivity-exceeded"]);
}

#[test]
fn a_rule_can_demand_a_deadline() {
    let sandbox = Sandbox::new();
    sandbox.open_with(&sandbox.charter().replace("min_fragment = 64", "min_fragment = 64\nrequire_retention = true"));
    sandbox.add_evidence();
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["retention-missing"]);
}

#[test]
fn a_veto_is_for_required_roles_and_never_becomes_residual() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let veto = ["object", "--kind", "audience-boundary", "--about", "lane", "-m", "too wide", "--veto"];
    assert_eq!(sandbox.json("release-owner", &veto).exits(1).reasons(), ["not-allowed"]);
    assert_eq!(sandbox.json("triage-agent", &veto).exits(1).reasons(), ["not-allowed"]);
    let id = sandbox.json("privacy-lead", &veto).exits(0).json()["id"].as_str().unwrap().to_owned();
    let accept = ["accept-residual", &id, "--rationale", "fine"];
    assert_eq!(sandbox.json("release-owner", &accept).exits(1).reasons(), ["not-allowed"]);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["objection-open"]);
    sandbox.packet("reliability", &["address", &id, "-m", "narrowed"]).exits(0);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["objection-addressed"]);
    assert_eq!(sandbox.json("reliability", &["close", &id, "-m", "ok"]).exits(1).reasons(), ["not-allowed"]);
    sandbox.packet("privacy-lead", &["close", &id, "-m", "agreed"]).exits(0);
    assert_eq!(sandbox.json("privacy-lead", &["close", &id, "-m", "twice"]).exits(1).reasons(), ["wrong-state"]);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_closing_reopens_when_the_target_is_again_what_was_objected_to() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let section = |text: &str, message: &str| {
        let file = sandbox.path("section.md");
        std::fs::write(&file, text).unwrap();
        sandbox.packet("privacy-lead", &["section", "set", "summary", "--file", file.to_str().unwrap()]).exits(0);
        sandbox.packet("privacy-lead", &["commit", "-m", message]).exits(0);
    };
    section("leaks\n", "one");
    let id = sandbox.object("forensics-lead", "other", "section:summary");
    section("does not\n", "two");
    sandbox.packet("forensics-lead", &["withdraw", &id, "-m", "better"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    section("leaks\n", "three");
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["objection-open"]);
}

#[test]
fn a_hold_is_for_good_and_a_second_release_names_the_first() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let hold = ["hold", "--because", "disagreement", "-m", "a cookie shows"];
    assert_eq!(sandbox.json("triage-agent", &hold).exits(1).reasons(), ["not-allowed"]);
    sandbox.packet("privacy-lead", &hold).exits(0);
    let head = sandbox.head();
    sandbox.packet("privacy-lead", &hold).exits(0);
    assert_eq!(sandbox.head(), head, "the same command again writes nothing");
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["held"]);
    let commit = sandbox.draft_and_sign();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    let manifest = sandbox.git(&["show", "packet/checkout:releases/2/manifest.json"]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((&manifest["predicate"]["previous"], &manifest["predicate"]["release"]), (&1.into(), &2.into()));
    sandbox.packet("ci-service", &["verify"]).exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify", "1"]).exits(1).reasons(), ["superseded", "held"]);
    let history = sandbox.json("ci-service", &["verify", "--history"]).exits(0).json();
    assert_eq!(history["releases"].as_array().unwrap().len(), 2);
    let supersede = ["supersede", "--because", "scope", "-m", "wrong audience"];
    assert_eq!(sandbox.json("privacy-lead", &supersede).exits(1).reasons(), ["not-allowed"]);
    sandbox.packet("release-owner", &supersede).exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["superseded"]);
}

#[test]
fn approving_needs_the_exact_commit_and_the_owner() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    let head = sandbox.head();
    sandbox.packet("release-owner", &["approve"]).exits(2);
    assert_eq!(sandbox.json("release-owner", &["approve", "--confirm", &head]).exits(1).reasons(), ["wrong-commit"]);
    assert_eq!(
        sandbox.json("release-owner", &["approve", "--confirm", &commit[..39]]).exits(1).reasons(),
        ["wrong-commit"]
    );
    for actor in ["privacy-lead", "triage-agent", "ci-service"] {
        assert_eq!(sandbox.json(actor, &["approve", "--confirm", &commit]).exits(1).reasons(), ["not-allowed"]);
    }
    assert_eq!(sandbox.json("release-owner", &["sign"]).exits(1).reasons(), ["not-allowed"]);
    assert_eq!(sandbox.head(), head);
    let gate = sandbox.json("release-owner", &["gate"]).exits(0).json();
    assert_eq!(gate["commit"], commit.as_str());
    let manifest = sandbox.git(&["show", "packet/checkout:releases/1/manifest.json"]) + "\n";
    let digest = packet::model::digest::Sha256::of(manifest.as_bytes()).to_string();
    let approved = sandbox.json("release-owner", &["approve", "--confirm", &digest]).exits(0).json();
    assert_eq!(approved["presence"], "unattended");
    let head = sandbox.head();
    sandbox.packet("release-owner", &["approve", "--confirm", &digest]).exits(0);
    assert_eq!(sandbox.head(), head, "the same command again writes nothing");
}

#[test]
fn a_signature_is_missing_until_everybody_required_signed_once() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let draft = sandbox.json("reliability", &["draft"]).exits(0).json();
    let commit = draft["commit"].as_str().unwrap().to_owned();
    sandbox.packet("privacy-lead", &["sign"]).exits(0);
    let head = sandbox.head();
    sandbox.packet("privacy-lead", &["sign"]).exits(0);
    assert_eq!(sandbox.head(), head);
    let lacking = sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1);
    assert_eq!(lacking.reasons(), ["signature-missing", "signature-missing"]);
    sandbox.packet("forensics-lead", &["sign"]).exits(0);
    sandbox.packet("privacy-lead", &["drift", "--record"]).exits(0);
    assert_eq!(sandbox.json("privacy-lead", &["sign"]).exits(1).reasons(), ["wrong-state"]);
    sandbox.packet("reliability", &["sign"]).exits(0);
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
}

#[test]
fn an_author_needs_a_signer_who_is_somebody_else() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter();
    let one_role = "required_signers = [{ role = \"reliability\", count = 1 }]";
    let start = charter.find("required_signers").unwrap();
    let end = start + charter[start..].find('\n').unwrap();
    sandbox.open_with(&charter.replace(&charter[start..end], one_role));
    sandbox.add_evidence();
    let commit = sandbox.json("reliability", &["draft"]).exits(0).json()["commit"].as_str().unwrap().to_owned();
    sandbox.packet("reliability", &["sign"]).exits(0);
    let refused = sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1);
    assert_eq!(refused.reasons(), ["no-independent-signer"]);
}

#[test]
fn a_policy_can_ask_for_more_than_the_charter() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let policy = sandbox.path("policy.toml");
    let policy_file = policy.to_str().unwrap();
    std::fs::write(&policy, "format = 1\nlane = \"restricted-privacy-intake\"\napproval_lifetime = \"72h\"\n").unwrap();
    sandbox.packet("ci-service", &["verify", "--policy", policy_file]).exits(0);
    std::fs::write(&policy, "format = 1\napproval_lifetime = \"71h\"\npresence = true\n").unwrap();
    let looser = sandbox.json("ci-service", &["verify", "--policy", policy_file]).exits(1);
    assert_eq!(looser.reasons(), ["policy-looser", "policy-looser"]);
    std::fs::write(&policy, "format = 1\nunknown = 1\n").unwrap();
    sandbox.packet("ci-service", &["verify", "--policy", policy_file]).exits(2);
}

#[test]
fn a_missing_tag_is_a_warning_and_approve_makes_it_again() {
    let sandbox = Sandbox::new();
    sandbox.release();
    sandbox.git(&["tag", "-d", "packet/checkout/1"]);
    let verified = sandbox.json("ci-service", &["verify"]).exits(0).json();
    assert!(verified["warnings"][0].as_str().unwrap().starts_with("tag-missing"));
    let head = sandbox.head();
    sandbox.packet("release-owner", &["approve"]).exits(0);
    assert_eq!(sandbox.head(), head);
    let verified = sandbox.json("ci-service", &["verify"]).exits(0).json();
    assert_eq!(verified["warnings"].as_array().unwrap().len(), 0);
}
