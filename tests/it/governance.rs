//! Governance: amendments take effect at the threshold of the charter in force, N to N+1, never back.

use std::fs;

use crate::forge::Forge;
use crate::sandbox::{Answer, Sandbox};

const OWNER: &str = "release-owner";

/// The usual charter with three governance actors, two of whom must endorse.
pub fn governed(sandbox: &Sandbox) -> String {
    let charter = sandbox.charter().replace("threshold = 1", "threshold = 2");
    let charter =
        charter.replace(r#"["privacy-lead", "contributor"]"#, r#"["privacy-lead", "contributor", "governance"]"#);
    charter.replace(
        r#""reliability", "contributor", "custodian"]"#,
        r#""reliability", "contributor", "custodian", "governance"]"#,
    )
}

/// Proposes the charter in force with one replacement.
#[track_caller]
pub fn amend(sandbox: &Sandbox, actor: &str, from: &str, to: &str) -> Answer {
    let charter = sandbox.packet(actor, &["show", "charter.toml"]).exits(0).out;
    let amended = charter.replace(from, to);
    assert_ne!(amended, charter, "the amendment is one");
    let file = sandbox.path("amended.toml");
    fs::write(&file, amended).unwrap();
    sandbox.json(actor, &["amend", "--charter", file.to_str().unwrap(), "-m", "as agreed"])
}

#[track_caller]
fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn governed_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open_with(&governed(&sandbox));
    sandbox
}

const LONGER: (&str, &str) = (r#"approval_lifetime = "72h""#, r#"approval_lifetime = "24h""#);

#[test]
fn an_amendment_takes_effect_at_the_threshold_and_voids_what_was_bound() {
    let sandbox = governed_sandbox();
    sandbox.add_evidence();
    let commit = sandbox.draft_and_sign();
    sandbox.packet(OWNER, &["approve", "--confirm", &commit]).exits(0);
    let amended = amend(&sandbox, "privacy-lead", LONGER.0, LONGER.1).exits(0);
    assert_eq!(amended.json()["state"], "open");
    sandbox.packet("ci-service", &["verify"]).exits(0);
    let again = sandbox.json("privacy-lead", &["endorse", &id(&amended)]).exits(1);
    assert_eq!(again.reasons(), ["wrong-state"], "one actor, one vote");
    let endorsed = sandbox.json("reliability", &["endorse", &id(&amended)]).exits(0);
    assert_eq!(endorsed.json()["state"], "effective");
    assert!(sandbox.packet(OWNER, &["show", "charter.toml"]).out.contains(LONGER.1));
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["void"]);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
    let status = sandbox.json(OWNER, &["status"]).json();
    assert_eq!(status["revision"]["number"], 3, "genesis, evidence, amendment");
    sandbox.draft_and_sign();
}

#[test]
fn the_same_amend_and_endorse_again_write_nothing() {
    let sandbox = governed_sandbox();
    let first = amend(&sandbox, "privacy-lead", LONGER.0, LONGER.1).exits(0);
    let head = sandbox.head();
    let second = amend(&sandbox, "privacy-lead", LONGER.0, LONGER.1).exits(0);
    assert_eq!((id(&first), head), (id(&second), sandbox.head()));
    let endorse = ["endorse", &id(&first)];
    sandbox.packet("reliability", &endorse).exits(0);
    let head = sandbox.head();
    assert_eq!(sandbox.json("reliability", &endorse).exits(0).json()["state"], "effective");
    assert_eq!(sandbox.head(), head);
}

#[test]
fn an_amendment_for_a_charter_that_went_on_can_only_be_made_anew() {
    let sandbox = governed_sandbox();
    let stale = id(&amend(&sandbox, "privacy-lead", "min_fragment = 64", "min_fragment = 128").exits(0));
    let other = id(&amend(&sandbox, OWNER, LONGER.0, LONGER.1).exits(0));
    sandbox.packet("reliability", &["endorse", &other]).exits(0);
    assert_eq!(sandbox.json("reliability", &["endorse", &stale]).exits(1).reasons(), ["wrong-state"]);
    let listed = sandbox.json(OWNER, &["proposals"]).exits(0).json();
    let states: Vec<&str> =
        listed["proposals"].as_array().unwrap().iter().map(|p| p["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|s| **s == "conflicting").count(), 1, "{states:?}");
    let anew = id(&amend(&sandbox, "privacy-lead", "min_fragment = 64", "min_fragment = 128").exits(0));
    assert_ne!(anew, stale);
    sandbox.packet("reliability", &["endorse", &anew]).exits(0);
}

#[test]
fn the_owner_alone_changes_neither_lane_nor_audience_nor_signers_nor_keys_nor_threshold() {
    let sandbox = Sandbox::new();
    sandbox.new_key("second");
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    sandbox.open_with(&charter);
    let (old, new) = (sandbox.public_key("privacy-lead"), sandbox.public_key("second"));
    let changes: &[(&str, &str)] = &[
        (r#"id = "restricted-privacy-intake""#, r#"id = "another-lane""#),
        (r#"audience = ["intake-reviewer"]"#, r#"audience = ["intake-reviewer", "vendor"]"#),
        (r#""forensics", "contributor"]"#, r#""forensics", "contributor", "privacy-lead"]"#),
        (&old, &new),
        ("threshold = 1", "threshold = 2"),
    ];
    for (from, to) in changes {
        let answer = amend(&sandbox, OWNER, from, to).exits(0).json();
        assert_eq!(answer["state"], "open", "{from}");
        assert!(answer["missing"].as_str().unwrap().contains("other than the release owner"), "{answer}");
    }
    let title = amend(&sandbox, OWNER, "recurring crash", "repeated crash").exits(0);
    assert_eq!(title.json()["state"], "effective", "what is not theirs to widen needs nobody else");
    let lane = id(&amend(&sandbox, OWNER, LONGER.0, LONGER.1).exits(0));
    assert_eq!(sandbox.json("privacy-lead", &["endorse", &lane]).exits(0).json()["state"], "effective");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn a_charter_never_goes_back_on_ids_keys_and_revocations() {
    let sandbox = Sandbox::new();
    sandbox.new_key("second");
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    sandbox.open_with(&charter);
    let head = |sandbox: &Sandbox| sandbox.head();
    let refused = |from: &str, to: &str, words: &str| {
        let before = head(&sandbox);
        let answer = amend(&sandbox, "privacy-lead", from, to).exits(2);
        assert!(answer.out.contains(words), "no `{words}`: {answer:?}");
        assert_eq!(head(&sandbox), before);
    };
    let service = sandbox.public_key("ci-service");
    let agent_block = |kind: &str| format!("id = \"triage-agent\"\nkind = \"{kind}\"\noperator = \"forensics-lead\"\n");
    refused(&agent_block("agent"), "id = \"triage-agent\"\nkind = \"human\"\n", "cannot become a human");
    refused(
        &agent_block("agent"),
        &agent_block("agent").replace("triage-agent", "forensics-two"),
        "was `triage-agent`'s",
    );
    // The service leaves; its id and its key never come back to somebody else.
    let block = format!(
        "\n[[actor]]\nid = \"ci-service\"\nkind = \"service\"\noperator = \"forensics-lead\"\nroles = []\nkeys = [\"{service}\"]\n"
    );
    assert_eq!(amend(&sandbox, "privacy-lead", &block, "").exits(0).json()["state"], "effective");
    refused("\n[[source]]", &format!("{block}\n[[source]]"), "ids are never reused");
    let taken = block.replace("ci-service", "ci-two");
    refused("\n[[source]]", &format!("{taken}\n[[source]]"), "was `ci-service`'s");
    // A revocation stays, and never becomes milder.
    let revoked = format!("\n[[revoked]]\nkey = \"{}\"\nas = \"compromised\"\n", sandbox.public_key("forensics-lead"));
    amend(&sandbox, "privacy-lead", "\n[[source]]", &format!("{revoked}\n[[source]]")).exits(0);
    refused(&revoked, "", "gone or weaker");
    refused("as = \"compromised\"", "as = \"retired\"", "gone or weaker");
    sandbox.packet("reliability", &["verify", "--history"]).exits(0);
}

#[test]
fn what_a_compromised_key_closed_reopens_and_what_a_retired_key_closed_stays() {
    let sandbox = Sandbox::new();
    for name in ["spare", "spare-two"] {
        sandbox.new_key(name);
    }
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    sandbox.open_with(&charter);
    sandbox.add_evidence();
    let objection = sandbox.object("forensics-lead", "identifier-leakage", "fragment:stack");
    sandbox.packet("reliability", &["address", &objection, "-m", "masked"]).exits(0);
    sandbox.packet("forensics-lead", &["close", &objection, "-m", "agreed"]).exits(0);
    let state = || sandbox.json(OWNER, &["objections"]).json()["objections"][0]["state"].clone();
    assert_eq!(state(), "closed");
    let key = sandbox.public_key("forensics-lead");
    let spare = sandbox.public_key("spare");
    amend(&sandbox, "privacy-lead", &format!("keys = [\"{key}\"]"), &format!("keys = [\"{key}\", \"{spare}\"]"))
        .exits(0);
    let revoked = |how: &str| format!("\n[[revoked]]\nkey = \"{key}\"\nas = \"{how}\"\n");
    amend(&sandbox, "privacy-lead", "\n[[source]]", &format!("{}\n[[source]]", revoked("retired"))).exits(0);
    assert_eq!(state(), "closed", "retired in good order");
    amend(&sandbox, "privacy-lead", "as = \"retired\"", "as = \"compromised\"").exits(0);
    assert_eq!(state(), "addressed", "what the compromised key closed is open to its objector again");
    sandbox.packet("spare", &["close", &objection, "-m", "agreed again"]).exits(0);
    assert_eq!(state(), "closed");
    sandbox.packet(OWNER, &["verify", "--history"]).exits(0);
}

#[test]
fn an_objection_whose_author_left_is_handed_to_somebody_who_did_not_write_what_is_disputed() {
    let sandbox = governed_sandbox();
    sandbox.add_evidence();
    let objection = sandbox.object("forensics-lead", "identifier-leakage", "fragment:stack");
    let commit = sandbox.json("reliability", &["draft"]).exits(1);
    assert_eq!(commit.reasons(), ["objection-open"]);
    for (to, words) in [
        ("reliability", "is behind what is disputed"),
        (OWNER, "is the release owner"),
        ("triage-agent", "is no human"),
        ("forensics-lead", "speaks for it already"),
        ("nobody", "is not in the roster"),
    ] {
        let head = sandbox.head();
        let answer = sandbox.json("reliability", &["reassign", &objection, "--to", to, "--why", "left"]).exits(1);
        assert!(answer.out.contains(words), "no `{words}`: {answer:?}");
        assert_eq!(sandbox.head(), head);
    }
    let handed = sandbox.json(OWNER, &["reassign", &objection, "--to", "privacy-lead", "--why", "left"]).exits(0);
    let first = sandbox.json("reliability", &["endorse", &id(&handed)]).exits(0);
    assert_eq!(first.json()["state"], "open", "the owner's endorsement does not count");
    assert_eq!(sandbox.json("privacy-lead", &["endorse", &id(&handed)]).exits(0).json()["state"], "effective");
    let listed = sandbox.json(OWNER, &["objections"]).json()["objections"][0].clone();
    assert_eq!((&listed["state"], &listed["reassigned_to"]), (&"open".into(), &"privacy-lead".into()));
    assert_eq!(
        sandbox.json("forensics-lead", &["withdraw", &objection, "-m", "x"]).exits(1).reasons(),
        ["not-allowed"]
    );
    sandbox.packet("reliability", &["address", &objection, "-m", "masked"]).exits(0);
    sandbox.packet("privacy-lead", &["close", &objection, "-m", "agreed"]).exits(0);
    sandbox.draft_and_sign();
    let manifest = Forge::on(&sandbox).file("releases/1/manifest.json");
    assert!(manifest.contains(r#""reassigned_to":"privacy-lead""#), "{manifest}");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn agents_services_and_people_without_the_role_neither_amend_nor_endorse_nor_reassign() {
    let sandbox = governed_sandbox();
    let objection = sandbox.object("privacy-lead", "other", "packet");
    let open = id(&amend(&sandbox, "privacy-lead", LONGER.0, LONGER.1).exits(0));
    for actor in ["triage-agent", "ci-service", "forensics-lead"] {
        let head = sandbox.head();
        assert_eq!(
            amend(&sandbox, actor, "min_fragment = 64", "min_fragment = 65").exits(1).reasons(),
            ["not-allowed"]
        );
        assert_eq!(sandbox.json(actor, &["endorse", &open]).exits(1).reasons(), ["not-allowed"]);
        let reassign = ["reassign", &objection, "--to", "forensics-lead", "--why", "x"];
        assert_eq!(sandbox.json(actor, &reassign).exits(1).reasons(), ["not-allowed"]);
        assert_eq!(sandbox.head(), head);
    }
}

/// The way out of a lost owner key: the rest of governance revokes it and gives the owner another.
#[test]
fn a_lost_owner_key_is_replaced_by_the_rest_of_governance() {
    let sandbox = governed_sandbox();
    sandbox.new_key("owner-new");
    let (old, new) = (sandbox.public_key(OWNER), sandbox.public_key("owner-new"));
    let charter = sandbox.packet("reliability", &["show", "charter.toml"]).exits(0).out;
    let revoked = format!("\n[[revoked]]\nkey = \"{old}\"\nas = \"retired\"\n\n[[source]]");
    let keys = format!("keys = [\"{old}\", \"{new}\"]");
    let amended = charter.replace(&format!("keys = [\"{old}\"]"), &keys).replace("\n[[source]]", &revoked);
    let file = sandbox.path("amended.toml");
    fs::write(&file, amended).unwrap();
    let arguments = ["amend", "--charter", file.to_str().unwrap(), "-m", "the owner lost the key"];
    let proposed = sandbox.json("privacy-lead", &arguments).exits(0);
    sandbox.packet("reliability", &["endorse", &id(&proposed)]).exits(0);
    assert_eq!(sandbox.json(OWNER, &["supersede", "--because", "other", "-m", "x"]).exits(1).reasons().len(), 1);
    sandbox.add_evidence();
    let commit = sandbox.draft_and_sign();
    assert_eq!(sandbox.json(OWNER, &["approve", "--confirm", &commit]).exits(1).reasons(), ["entry-key"]);
    sandbox.packet("owner-new", &["approve", "--confirm", &commit]).exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(0);
}
