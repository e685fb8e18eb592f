//! What is recorded of evidence is proven from its bytes: a forged redaction or place, and a leak that nobody recorded,
//! are found.

use std::fs;

use serde_json::Value;

use crate::sandbox::{Answer, Sandbox};

/// A packet with one session, under the usual charter.
fn with_session() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open();
    let session = ["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "restricted"];
    sandbox.packet("reliability", &session).exits(0);
    sandbox
}

fn add(sandbox: &Sandbox, arguments: &[&str]) {
    let fixed = ["add-fragment", "--session", "s1", "--id", "stack"];
    sandbox.packet("reliability", &[&fixed[..], arguments].concat()).exits(0);
}

/// A staged fragment `stack` of 4096 bytes of which 16 are masked, from 100 on.
fn masked() -> Sandbox {
    let sandbox = with_session();
    let copy = sandbox.dump("a.dmp", 4096, 100, 16);
    add(&sandbox, &["vault:a.dmp", "--sanitized", copy.to_str().unwrap()]);
    sandbox
}

/// Changes what is staged, as an editor would, and commits it.
#[track_caller]
fn forge(sandbox: &Sandbox, from: &str, to: &str) {
    let file = sandbox.repo().join(".git/packet/checkout/stage/reliability/stage.toml");
    let stage = fs::read_to_string(&file).unwrap();
    // The fragment's text is a string in the stage, which may be written on one line or on several.
    let written = |text: &str| {
        let quotes = if stage.contains(r#"id = \"stack\""#) { text.replace('"', r#"\""#) } else { text.to_owned() };
        if stage.contains(r"\nformat") || stage.contains(r"\nid") { quotes.replace('\n', r"\n") } else { quotes }
    };
    assert_eq!(stage.matches(&written(from)).count(), 1, "{from}: {stage}");
    fs::write(&file, stage.replace(&written(from), &written(to))).unwrap();
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
}

/// The subjects of a check that are not as pinned, with their states.
fn differing(answer: &Answer) -> Vec<(String, String)> {
    let json = answer.json();
    let checks = json["checks"].as_array().unwrap().iter().filter(|c| c["state"] != "same");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks.map(|c| (text(&c["subject"]), text(&c["state"]))).collect()
}

#[track_caller]
fn drifts(sandbox: &Sandbox, what: &str, found: &str) {
    let answer = sandbox.json("reliability", &["drift"]).exits(1);
    assert_eq!(differing(&answer), [(format!("fragment:stack {what}"), "drifted".to_owned())]);
    assert!(answer.out.contains(found), "{found}: {answer:?}");
}

#[test]
fn forged_intervals_are_found_and_stop_the_draft() {
    let sandbox = masked();
    forge(&sandbox, "offset = 100\n", "offset = 200\n");
    drifts(&sandbox, "redaction", "masked interval 1 is not as recorded");
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["source-drifted"]);
}

#[test]
fn an_interval_that_was_made_longer_is_found() {
    let sandbox = masked();
    let redaction =
        |bytes: u64| format!("masked_bytes = {bytes}\n\n[[redaction.interval]]\noffset = 100\nlength = {bytes}\n");
    forge(&sandbox, &redaction(16), &redaction(64));
    drifts(&sandbox, "redaction", "16 bytes are masked, 64 are recorded");
}

#[test]
fn a_forged_fill_is_found() {
    let sandbox = masked();
    forge(&sandbox, "fill = 88", "fill = 0");
    drifts(&sandbox, "redaction", "masked interval 1 is not as recorded");
}

#[test]
fn what_is_said_to_be_elided_and_is_there_is_found() {
    let sandbox = masked();
    let elided = "masked_bytes = 16\n\n[[redaction.elided]]\noffset = 2048\nlength = 64\n";
    forge(&sandbox, "masked_bytes = 16\n", elided);
    drifts(&sandbox, "redaction", "recorded as elided at 2048");
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["source-drifted"]);
}

#[test]
fn a_redaction_as_it_was_made_is_no_subject() {
    let sandbox = masked();
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    let answer = sandbox.json("reliability", &["drift"]).exits(0);
    assert_eq!(answer.json()["checks"].as_array().unwrap().len(), 3, "the key, raw and sanitized bytes: {answer:?}");
}

const MEMORY: u64 = 0x7f00_0000_0000;

/// A core with three segments of 4096 bytes: two side by side in memory and in the file, one apart in memory.
fn core() -> Vec<u8> {
    let mut core = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
    core.extend([0, 64, 0].map(u64::to_le_bytes).concat());
    core.extend([0, 0, 0, 0, 64, 0, 56, 0, 3, 0]);
    core.resize(64, 0);
    for (at, va) in [MEMORY, MEMORY + 4096, MEMORY + 0x10_0000].into_iter().enumerate() {
        core.extend([1_u32, 6].map(u32::to_le_bytes).concat());
        core.extend([4096 * (at as u64 + 1), va, 0, 4096, 4096, 4096].map(u64::to_le_bytes).concat());
    }
    core.resize(4096, 0);
    core.extend((0..3 * 4096_u32).map(|i| 0x80 | (i % 127) as u8));
    core
}

/// A packet in which this part of the core is staged.
fn of_core(part: &[&str]) -> Sandbox {
    let sandbox = with_session();
    fs::write(sandbox.path("vault/a.core"), core()).unwrap();
    add(&sandbox, &[&["vault:a.core", "--annex"], part].concat());
    sandbox
}

const APART: &[&str] = &["--region", "memory:0x7f0000100000"];

#[test]
fn a_region_is_believed_only_when_the_dump_has_it_there() {
    for (from, to, found) in [
        ("memory:0x7f0000100000", "memory:0x7f0000200000", "no region of that name"),
        ("memory:0x7f0000100000", "memory:0x7f0000000000", "do not lie in the region"),
        ("kind = \"memory\"", "kind = \"registers\"", "of another kind"),
        ("kind = \"memory\"\n", "kind = \"memory\"\naliases = [\"stack:1\"]\n", "other aliases"),
        ("va = \"0x7f0000100000\"", "va = \"0x7f0000001000\"", "did not lie at that address"),
        ("va = \"0x7f0000100000\"", "va = \"0x7f0000100001\"", "did not lie at that address"),
    ] {
        let sandbox = of_core(APART);
        forge(&sandbox, from, to);
        drifts(&sandbox, "region", found);
    }
}

#[test]
fn how_a_capture_was_taken_is_believed_only_when_it_says_so_itself() {
    let sandbox = of_core(APART);
    forge(&sandbox, "truncated_bytes = 0", "truncated_bytes = 4096");
    let answer = sandbox.json("reliability", &["drift"]).exits(1);
    assert_eq!(differing(&answer), [("session:s1 capture".to_owned(), "drifted".to_owned())]);
}

#[test]
fn a_place_as_the_dump_has_it_is_no_subject() {
    let apart = of_core(APART);
    forge(&apart, "va = \"0x7f0000100000\"\n", "");
    apart.packet("reliability", &["drift"]).exits(0);
    for part in [APART, &["--va", "0x7f0000000800+4096"], &["--va", "0x7f0000100010+64"], &["--range", "0+16384"]] {
        let sandbox = of_core(part);
        sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
        let answer = sandbox.json("reliability", &["drift"]).exits(0);
        assert_eq!(answer.json()["checks"].as_array().unwrap().len(), 2, "{part:?}: {answer:?}");
    }
}

/// A fragment whose last bytes are half an address; what follows it in the dump is not committed to.
#[test]
fn verify_with_evidence_finds_a_leak_that_nobody_recorded() {
    let sandbox = with_session();
    let mut raw = vec![0x80; 8192];
    raw[4096 - 10..4096].copy_from_slice(b"first.user");
    let mut copy = raw[..4096].to_vec();
    copy[0] = 0;
    fs::write(sandbox.path("vault/a.dmp"), &raw).unwrap();
    fs::write(sandbox.path("masked"), copy).unwrap();
    let masked = sandbox.path("masked");
    add(&sandbox, &["vault:a.dmp", "--range", "0+4096", "--sanitized", masked.to_str().unwrap()]);
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    let commit = sandbox.draft_and_sign();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    sandbox.packet("ci-service", &["verify", "--evidence"]).exits(0);
    raw[4096..4096 + 18].copy_from_slice(b"@mail.example.test");
    fs::write(sandbox.path("vault/a.dmp"), &raw).unwrap();
    sandbox.packet("reliability", &["drift"]).exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(0);
    let answer = sandbox.json("ci-service", &["verify", "--evidence"]).exits(1);
    assert_eq!(answer.reasons(), ["leak-unresolved"]);
    assert!(!answer.out.contains("first.user") && !answer.err.contains("first.user"), "{answer:?}");
}

#[test]
fn verify_with_evidence_does_not_decide_without_a_scan() {
    let verified_without_vault = |scanned: bool| {
        let sandbox = Sandbox::new();
        sandbox.with_evidence();
        sandbox.packet("reliability", &["drift", "--record"]).exits(0);
        if scanned {
            sandbox.packet("reliability", &["scan", "--record"]).exits(0);
        }
        let commit = sandbox.draft_and_sign();
        sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
        fs::rename(sandbox.path("vault"), sandbox.path("away")).unwrap();
        sandbox.packet("ci-service", &["verify"]).exits(0);
        sandbox.json("ci-service", &["verify", "--evidence"])
    };
    assert_eq!(verified_without_vault(false).exits(3).reasons(), ["scan-incomplete"]);
    verified_without_vault(true).exits(0);
}
