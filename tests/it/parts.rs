//! A part of a value in a register, in a packet: masked where it stood whole and left in the register, it stops a draft.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::crash::{Dumps, Taken};
use crate::sandbox::Sandbox;

const WHOLE: &[u8] = b"cut-in-half@example.test";

fn positions(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    bytes.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).map(|(at, _)| at).collect()
}

/// The first region of a kind that holds one of some places of the file.
fn region(regions: &Value, kind: Option<&str>, places: &[usize]) -> String {
    let holds = |region: &&Value| {
        let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
        let (offset, length) = (number("offset"), number("length"));
        kind.is_none_or(|kind| region["kind"] == kind) && places.iter().any(|at| (offset..offset + length).contains(at))
    };
    regions.as_array().unwrap().iter().find(holds).unwrap()["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_part_in_a_register_of_a_value_that_another_fragment_holds_whole_stops_a_draft() {
    part_stops_a_draft(&[]);
}

#[test]
fn a_part_of_a_value_that_only_an_annex_holds_whole_stops_a_draft() {
    part_stops_a_draft(&["--annex"]);
}

/// With `whole`, how the fragment that holds the value whole is added.
fn part_stops_a_draft(whole: &[&str]) {
    let dumps = Dumps::take();
    let sandbox = Sandbox::new();
    let charter = sandbox.charter();
    sandbox.open_with(&charter.replace("min_fragment = 64", "min_fragment = 64\ndisposers = [\"privacy-lead\"]"));
    let raw = fs::read(dumps.file(Taken::Raw).unwrap()).unwrap();
    fs::write(sandbox.path("vault/crash.dmp"), &raw).unwrap();
    // A sanitizer that masks whole values, and knows nothing of the eight bytes that a register holds.
    let mut masked = raw.clone();
    let wholes = positions(&raw, WHOLE);
    wholes.iter().for_each(|at| masked[*at..*at + WHOLE.len()].fill(0));
    let copy = sandbox.path("masked.dmp");
    fs::write(&copy, &masked).unwrap();
    let vault = sandbox.path("vault/crash.dmp");
    let regions = sandbox.json("reliability", &["regions", vault.to_str().unwrap()]).exits(0).json()["regions"].clone();
    let session = ["add-session", "s1", "--environment", "prod", "--sensitivity", "restricted"];
    sandbox.packet("reliability", &session).exits(0);
    let parts = positions(&raw, &WHOLE[..8]);
    let add = |id: &str, region: &str, how: &[&str]| {
        let fragment = ["add-fragment", "vault:crash.dmp", "--session", "s1", "--id", id, "--region", region];
        let more = ["--sanitized", copy.to_str().unwrap(), "--why", "nothing to mask"];
        sandbox.packet("reliability", &[&fragment[..], &more, how].concat()).exits(0);
    };
    add("registers", &region(&regions, Some("registers"), &parts), &[]);
    sandbox.packet("reliability", &["commit", "-m", "registers"]).exits(0);
    let alone = sandbox.json("reliability", &["scan", "registers"]).json();
    let is_part = |f: &Value| f["encoding"] == "part>ascii" && f["target"] == "registers";
    assert!(!alone["findings"].as_array().unwrap().iter().any(is_part), "nothing says what the eight bytes are");

    add("heap", &region(&regions, None, &wholes), whole);
    sandbox.packet("reliability", &["commit", "-m", "the block that holds the value"]).exits(0);
    let scanned = sandbox.json("triage-agent", &["scan", "--record"]).exits(1).json();
    let found = scanned["findings"].as_array().unwrap();
    let sides: Vec<&Value> = found.iter().filter(|f| is_part(f)).map(|f| &f["side"]).collect();
    assert!(sides.contains(&&Value::from("raw")) && sides.contains(&&Value::from("sanitized")), "{found:?}");
    let is_whole = |f: &&Value, part: &Value| f["target"] == "heap" && f["commitment"] == part["commitment"];
    let parts = found.iter().filter(|f| is_part(f));
    parts.for_each(|part| assert!(found.iter().any(|f| is_whole(&f, part)), "it is known whose part it is: {part}"));
    let refused = sandbox.json("reliability", &["draft"]).exits(1).json();
    let reasons = refused["reasons"].as_array().unwrap();
    assert!(reasons.iter().any(|r| r["subject"] == "findings:registers/email"), "{reasons:?}");
    assert!(reasons.iter().all(|r| r["code"] == "leak-unresolved"), "all was read: {reasons:?}");

    let classes = reasons.iter().map(|r| r["subject"].as_str().unwrap().rsplit('/').next().unwrap());
    for class in classes.collect::<BTreeSet<_>>() {
        let dispose =
            ["dispose", "--class", class, "--in", "session:s1", "--as", "needed", "--why", "the review needs it"];
        sandbox.packet("privacy-lead", &dispose).exits(0);
    }
    sandbox.packet("reliability", &["draft"]).exits(0);
}
