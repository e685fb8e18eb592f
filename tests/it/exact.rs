//! The exact list: customers' values that the vault knows by keyed hashes alone are found, and neither stored nor shown.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::{Answer, Sandbox};

const CUSTOMER: &str = "Invented Widgets GmbH";
const TENANT: &str = "tn-zulu-yankee";

/// A packet with a fragment that shows a customer's name, which no pattern tells from other words.
fn showing_a_customer() -> Sandbox {
    let sandbox = Sandbox::new();
    let disposers = "min_fragment = 64\ndisposers = [\"privacy-lead\"]";
    sandbox.open_with(&sandbox.charter().replace("min_fragment = 64", disposers));
    let session = ["add-session", "s1", "--environment", "prod", "--sensitivity", "restricted"];
    sandbox.packet("reliability", &session).exits(0);
    let dump = [&[0x80; 64][..], b"name=\"invented WIDGETS, GmbH\" paid", &[0x80; 64]].concat();
    fs::write(sandbox.path("vault/heap.dmp"), &dump).unwrap();
    let mut masked = dump;
    masked[0] = 0;
    fs::write(sandbox.path("masked"), masked).unwrap();
    let copy = sandbox.path("masked");
    let arguments = ["add-fragment", "vault:heap.dmp", "--session", "s1", "--id", "heap", "--sanitized"];
    sandbox.packet("reliability", &[&arguments[..], &[copy.to_str().unwrap()]].concat()).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    sandbox
}

/// The lines for values, by the built program.
fn lines(sandbox: &Sandbox, values: &str, more: &[&str]) -> Answer {
    let mut command = sandbox.command("privacy-lead");
    command.arg("exact").args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A closed pipe is a refusal before the values were read.
    child.stdin.take().unwrap().write_all(values.as_bytes()).ok();
    Answer::of(&child.wait_with_output().unwrap())
}

fn put_on_list(sandbox: &Sandbox, values: &str) -> String {
    let lines = lines(sandbox, values, &[]).exits(0).out;
    fs::write(sandbox.path("vault/.packet/exact"), &lines).unwrap();
    lines
}

#[test]
fn a_listed_value_stops_a_draft_and_is_shown_by_nothing() {
    let sandbox = showing_a_customer();
    sandbox.packet("reliability", &["draft"]).exits(0);
    let list = put_on_list(&sandbox, &format!("{CUSTOMER}\n{TENANT}\n"));
    assert_eq!(list.lines().count(), 2);
    assert!(!list.to_lowercase().contains("invented") && !list.contains("zulu"), "{list}");
    let refused = sandbox.json("reliability", &["gate"]).exits(1);
    assert!(refused.reasons().contains(&"leak-unresolved".to_owned()), "{refused:?}");
    let scanned = sandbox.json("triage-agent", &["scan", "--record"]).exits(1);
    let finding = &scanned.json()["findings"][0];
    assert_eq!(
        (&finding["class"], &finding["offset"], &finding["length"]),
        (&Value::from("customer-value"), &Value::from(70), &Value::from(22))
    );
    let listed = list.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(finding["commitment"], listed, "the finding is known as the listed value");
    assert!(!scanned.out.to_lowercase().contains("widgets"), "{scanned:?}");
    let why = "the customer agreed in writing";
    let arguments = ["dispose", "--class", "customer-value", "--in", "packet", "--as", "needed", "--why", why];
    sandbox.packet("privacy-lead", &arguments).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_listed_value_is_refused_in_what_people_type() {
    let sandbox = showing_a_customer();
    put_on_list(&sandbox, &format!("{CUSTOMER}\n"));
    let object =
        ["object", "--kind", "identifier-leakage", "--about", "packet", "-m", "invented-widgets gmbh is named"];
    let refused = sandbox.json("triage-agent", &object).exits(1);
    assert_eq!(refused.reasons(), ["text-holds-identifier"]);
    assert!(!refused.out.contains("widgets"), "{refused:?}");
    sandbox.packet("reliability", &["--allow", "customer-value", "object", "--kind", "identifier-leakage"]).exits(2);
    let allowed = [&object[..], &["--allow", "customer-value"]].concat();
    sandbox.packet("privacy-lead", &allowed).exits(0);
}

#[test]
fn a_name_that_is_a_listed_value_is_refused_without_being_told() {
    let sandbox = showing_a_customer();
    put_on_list(&sandbox, &format!("{CUSTOMER}\n"));
    let session = ["add-session", "invented-widgets-gmbh", "--environment", "prod", "--sensitivity", "restricted"];
    let refused = sandbox.json("reliability", &session).exits(1);
    assert_eq!(refused.reasons(), ["text-holds-identifier"]);
    assert!(!refused.out.contains("widgets"), "{refused:?}");
    assert!(!sandbox.packet("reliability", &session).exits(1).err.contains("widgets"));
}

#[test]
fn a_list_that_cannot_be_used_leaves_nothing_decided() {
    let sandbox = showing_a_customer();
    fs::write(sandbox.path("vault/.packet/exact"), "customer-value\n").unwrap();
    for command in [&["draft"][..], &["scan"]] {
        let undecided = sandbox.json("reliability", command).exits(3);
        assert_eq!(undecided.reasons(), ["scan-incomplete"], "{undecided:?}");
        assert!(undecided.out.contains("line 1"), "{undecided:?}");
    }
    let object = ["object", "--kind", "identifier-leakage", "--about", "packet", "-m", "a plain word"];
    assert_eq!(sandbox.json("reliability", &object).exits(3).reasons(), ["scan-incomplete"]);
}

#[test]
fn values_that_cannot_be_listed_are_named_by_their_line_and_nothing_is_printed() {
    let sandbox = showing_a_customer();
    for (values, more, said) in [
        ("Invented Widgets\nshort\n", &[][..], "line 2"),
        ("Invented Widgets\n", &["--class", "email"], "no exact class"),
    ] {
        let refused = lines(&sandbox, values, more).exits(2);
        assert!(refused.out.is_empty() && refused.err.contains(said), "{refused:?}");
        assert!(!refused.err.contains("short\n") && !refused.err.contains("Invented"), "{refused:?}");
    }
}
