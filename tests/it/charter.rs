//! Charters: what is refused, and where the label stands.

use std::fs;

use crate::sandbox::Sandbox;

/// The usual charter with one thing changed; gives what `charter check` says, and the line the change is on.
#[track_caller]
fn refused(from: &str, to: &str, says: &str) {
    let sandbox = Sandbox::new();
    let good = sandbox.charter();
    let from = from.replace("KEY", &sandbox.public_key("privacy-lead"));
    let to = to.replace("KEY", &sandbox.public_key("privacy-lead"));
    assert!(good.contains(&from), "{from}");
    let bad = good.replacen(&from, &to, 1);
    let file = sandbox.path("charter.toml");
    fs::write(&file, &bad).unwrap();
    let check = ["charter", "check", file.to_str().unwrap()];
    let answer = sandbox.json("release-owner", &check).exits(1);
    let reason = &answer.json()["reasons"][0];
    let message = reason["message"].as_str().unwrap();
    assert!(message.contains(says), "{message}");
    let subject = reason["subject"].as_str().unwrap();
    let mut place = subject.rsplit(':');
    let (column, line) = (place.next().unwrap(), place.next().unwrap());
    assert!(column.parse::<usize>().unwrap() >= 1 && line.parse::<usize>().unwrap() >= 1, "{subject}");
    let text = sandbox.packet("release-owner", &check).exits(1);
    assert!(text.err.contains(&format!(":{line}:")), "the label names line {line}: {}", text.err);
    sandbox.packet("release-owner", &["open", "checkout", "--charter", file.to_str().unwrap()]).exits(2);
    assert_eq!(sandbox.git(&["for-each-ref"]), "", "nothing was written");
    assert!(!sandbox.path("vault/.packet").exists(), "no key was made");
}

#[test]
fn the_usual_charter_is_accepted() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("charter.toml");
    fs::write(&file, sandbox.charter()).unwrap();
    sandbox.packet("release-owner", &["charter", "check", file.to_str().unwrap()]).exits(0);
}

#[test]
fn a_new_charter_checks() {
    let sandbox = Sandbox::new();
    let out = sandbox.path("new.toml");
    let out = out.to_str().unwrap();
    sandbox.packet("release-owner", &["charter", "new", "--id", "release-owner", "--out", out]).exits(0);
    sandbox.packet("release-owner", &["charter", "check", out]).exits(0);
    sandbox.packet("release-owner", &["charter", "new", "--id", "release-owner", "--out", out]).exits(2);
}

#[test]
fn an_unknown_key_is_refused() {
    refused("threshold = 1", "threshold = 1\nthreshhold = 1", "threshhold");
}

#[test]
fn a_missing_key_is_refused() {
    refused("min_fragment = 64\n", "", "min_fragment");
}

#[test]
fn a_duplicate_key_is_refused() {
    refused("threshold = 1", "threshold = 1\nthreshold = 1", "duplicate");
}

#[test]
fn a_key_shared_by_two_actors_is_refused() {
    refused(
        "roles = [\"reliability\", \"contributor\", \"custodian\"]\nkeys = [",
        "roles = [\"reliability\", \"contributor\", \"custodian\"]\nkeys = [\"KEY\", ",
        "belongs to",
    );
}

#[test]
fn a_count_of_zero_is_refused() {
    refused("role = \"forensics\", count = 1", "role = \"forensics\", count = 0", "count 0");
}

#[test]
fn a_count_above_the_holders_is_refused() {
    refused("role = \"forensics\", count = 1", "role = \"forensics\", count = 2", "count 2");
}

#[test]
fn a_required_role_nobody_holds_is_refused() {
    refused("role = \"forensics\", count = 1", "role = \"lawyer\", count = 1", "lawyer");
}

#[test]
fn a_required_role_that_only_an_agent_holds_is_refused() {
    refused("role = \"forensics\", count = 1", "role = \"triage\", count = 1", "triage");
}

#[test]
fn a_lane_without_audience_is_refused() {
    refused("audience = [\"intake-reviewer\"]", "audience = []", "no audience");
}

#[test]
fn an_owner_who_is_not_human_is_refused() {
    refused("release_owner = \"release-owner\"", "release_owner = \"triage-agent\"", "not a human");
}

#[test]
fn an_owner_who_is_nobody_is_refused() {
    refused("release_owner = \"release-owner\"", "release_owner = \"stranger\"", "not a human");
}

#[test]
fn an_operator_who_is_not_human_is_refused() {
    refused("operator = \"forensics-lead\"", "operator = \"ci-service\"", "not a human");
}

#[test]
fn an_agent_without_operator_is_refused() {
    refused("operator = \"forensics-lead\"\n", "", "without an operator");
}

#[test]
fn another_key_type_is_refused() {
    refused(
        "keys = [\"KEY\"]",
        "keys = [\"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=\"]",
        "ecdsa",
    );
}

#[test]
fn an_endless_lifetime_is_refused() {
    refused("approval_lifetime = \"72h\"", "approval_lifetime = \"876000h\"", "876000h");
    refused("approval_lifetime = \"72h\"", "approval_lifetime = \"0h\"", "0h");
    refused("approval_lifetime = \"72h\"", "approval_lifetime = \"never\"", "never");
}

#[test]
fn two_vaults_are_refused() {
    refused(
        "[[source]]",
        "[[source]]\nname = \"other\"\nkind = \"evidence\"\nurl = \"file:///tmp\"\n\n[[source]]",
        "exactly one",
    );
}

#[test]
fn a_threshold_nobody_can_meet_is_refused() {
    refused("threshold = 1", "threshold = 2", "threshold 2");
}

#[test]
fn one_person_cannot_fill_two_required_roles() {
    refused("roles = [\"forensics\", \"contributor\"]", "roles = [\"contributor\"]\nrecipients = []", "forensics");
}

#[test]
fn opening_is_for_governance() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("charter.toml");
    fs::write(&file, sandbox.charter()).unwrap();
    let arguments = ["open", "checkout", "--charter", file.to_str().unwrap()];
    let answer = sandbox.json("privacy-lead", &arguments).exits(1);
    assert_eq!(answer.reasons(), ["not-allowed"]);
    assert!(!sandbox.path("vault/.packet").exists(), "no key was made");
    sandbox.json("release-owner", &arguments).exits(0);
    let again = sandbox.json("release-owner", &arguments).exits(0);
    assert_eq!(
        again.json()["genesis"],
        sandbox.head().as_str(),
        "the same command again answers with the same genesis"
    );
}

/// Fuzzing found that such a number ended the program with a panic: typed, and in anybody's entry for every verifier.
#[test]
fn a_number_that_json_would_round_is_refused_typed_and_stored() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("large.toml");
    for number in ["9007199254740992", "9223372036854775808", "18446744073709551615"] {
        let text = sandbox.charter().replace("min_fragment = 64", &format!("min_fragment = {number}"));
        fs::write(&file, text).unwrap();
        sandbox.json("release-owner", &["charter", "check", file.to_str().unwrap()]).exits(1);
    }
    sandbox.open();
    let symbols = ["add-symbols", "--module", "checkout", "--code-id", "ab", "--rung", "public", "--id", "m"];
    let with = |thread: &str| sandbox.packet("reliability", &[&symbols[..], &["--thread", thread]].concat());
    with("0xffffffffffffffff").exits(2);
    with("9007199254740991").exits(0);
    let stored = "format = 1\nid = \"m\"\nmodule = \"checkout\"\ncode_id = \"ab\"\nrung = \"public\"\n\
                  thread = 18446744073709551615\n";
    let forge = crate::forge::Forge::on(&sandbox);
    forge.entry("reliability", "commit").file("symbols/m.toml", stored).refused("malformed-file", "canonical");
}
