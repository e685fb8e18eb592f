//! Findings, end to end: what shows stops a draft until it is masked or a human disposed of exactly that.

use std::fs;

use crate::governance::{amend, governed};
use crate::sandbox::{Answer, Sandbox};

/// A packet whose one included fragment holds these texts in its raw bytes, `masked` of them zeroed in the sanitized copy.
fn holding(texts: &[&str], masked: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter();
    holding_under(sandbox, &charter, texts, masked)
}

fn holding_under(sandbox: Sandbox, charter: &str, texts: &[&str], masked: &[&str]) -> Sandbox {
    sandbox.open_with(&charter.replace("min_fragment = 64", "min_fragment = 64\ndisposers = [\"privacy-lead\"]"));
    let session = ["add-session", "s1", "--environment", "prod", "--sensitivity", "restricted"];
    sandbox.packet("reliability", &session).exits(0);
    add(&sandbox, texts, masked);
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    sandbox
}

fn add(sandbox: &Sandbox, texts: &[&str], masked: &[&str]) {
    add_by(sandbox, "reliability", texts, masked);
}

fn add_by(sandbox: &Sandbox, key: &str, texts: &[&str], masked: &[&str]) {
    let mut raw = vec![0x80; 64];
    for text in texts {
        raw.extend(text.as_bytes());
        raw.extend([0x80; 64]);
    }
    let mut sanitized = raw.clone();
    sanitized[0] = 0;
    for text in masked {
        let at = raw.windows(text.len()).position(|w| w == text.as_bytes()).expect("it is there");
        sanitized[at..at + text.len()].fill(0);
    }
    fs::write(sandbox.path("vault/found.dmp"), &raw).unwrap();
    fs::write(sandbox.path("masked"), &sanitized).unwrap();
    let copy = sandbox.path("masked");
    let arguments =
        ["add-fragment", "vault:found.dmp", "--session", "s1", "--sanitized", copy.to_str().unwrap(), "--id", "found"];
    sandbox.packet(key, &arguments).exits(0);
}

const EMAIL: &str = "mail first.user@mail.example.test now";
const CARD: &str = "pan 4000056655665556 end";

fn dispose(sandbox: &Sandbox, by: &str, class: &str) -> Answer {
    let why = "our own test account";
    let arguments = ["dispose", "--class", class, "--in", "fragment:found", "--as", "not-customer-data", "--why", why];
    sandbox.json(by, &arguments)
}

#[test]
fn what_shows_stops_a_draft_until_it_is_masked() {
    let sandbox = holding(&[EMAIL, CARD], &["4000056655665556"]);
    let refused = sandbox.json("reliability", &["draft"]).exits(1);
    assert_eq!(refused.reasons(), ["leak-unresolved"]);
    assert_eq!(refused.json()["reasons"][0]["subject"], "findings:found/email");
    assert!(!refused.out.contains("example.test"), "{refused:?}");
    // On record too: what was found in a copy that is gone stops nothing.
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    add(&sandbox, &[EMAIL, CARD], &["4000056655665556", "first.user@mail.example.test"]);
    sandbox.packet("reliability", &["commit", "-m", "mask the address"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_value_masked_in_part_and_one_that_only_the_copy_holds_stop_a_draft() {
    // Without its `@`, no scan of the copy finds it; most of it shows all the same.
    let in_part = holding(&[EMAIL], &["@"]);
    let refused = in_part.json("reliability", &["draft"]).exits(1);
    assert_eq!(refused.reasons(), ["leak-unresolved"]);
    assert!(refused.out.contains("1 not masked through and through, 0 in the sanitized bytes"), "{refused:?}");
    // A sanitizer that writes an address where there was none.
    let only_copy = holding(&[], &[]);
    let (raw, copy) = (only_copy.path("vault/other.dmp"), only_copy.path("masked"));
    fs::write(&raw, [0x80; 256]).unwrap();
    let mut masked = [0x80; 256];
    masked[64..64 + EMAIL.len()].copy_from_slice(EMAIL.as_bytes());
    fs::write(&copy, masked).unwrap();
    let fragment = ["add-fragment", "vault:other.dmp", "--session", "s1", "--id", "found", "--sanitized"];
    only_copy.packet("reliability", &[&fragment[..], &[copy.to_str().unwrap()]].concat()).exits(0);
    only_copy.packet("reliability", &["commit", "-m", "another"]).exits(0);
    let refused = only_copy.json("reliability", &["draft"]).exits(1);
    assert!(refused.out.contains("0 not masked through and through, 1 in the sanitized bytes"), "{refused:?}");
}

#[test]
fn a_disposition_binds_the_exact_set_and_one_new_finding_reopens_it() {
    let sandbox = holding(&[EMAIL], &[]);
    assert_eq!(dispose(&sandbox, "privacy-lead", "email").code, 2, "nothing is recorded yet");
    let scanned = sandbox.json("triage-agent", &["scan", "--record"]).exits(1);
    assert_eq!(scanned.json()["found"], 2, "raw and sanitized");
    assert_eq!(scanned.json()["classes"][0]["frequent"][0]["count"], 2, "the same value in both");
    let disposed = dispose(&sandbox, "privacy-lead", "email").exits(0).json();
    assert_eq!(disposed["sets"][0]["count"], 2);
    assert_eq!(dispose(&sandbox, "privacy-lead", "email").exits(0).json()["commit"], disposed["commit"], "once");
    sandbox.packet("reliability", &["draft"]).exits(0);
    add(&sandbox, &[EMAIL, "mail second.user@mail.example.test now"], &[]);
    sandbox.packet("reliability", &["commit", "-m", "another capture"]).exits(0);
    let reopened = sandbox.json("reliability", &["draft"]).exits(1);
    assert_eq!(reopened.reasons(), ["leak-unresolved"]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_disposition_of_masked_values_is_none_of_values_that_show() {
    const OWN: &str = "from own.address@shop.example.test end";
    let sandbox = holding(&[EMAIL, OWN], &["first.user@mail.example.test"]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    // One byte masked: the copy shows no address any more, and nearly all of it in clear.
    add(&sandbox, &[EMAIL, OWN], &["@mail.example"]);
    sandbox.packet("reliability", &["commit", "-m", "masked less"]).exits(0);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["leak-unresolved"]);
}

#[test]
fn evidence_takes_no_other_evidences_place_by_a_name_that_nobody_chose() {
    let sandbox = Sandbox::new();
    sandbox.open();
    for session in ["eu", "us"] {
        fs::create_dir_all(sandbox.path(format!("vault/{session}"))).unwrap();
        fs::write(sandbox.path(format!("vault/{session}/core.dmp")), [0x80; 128]).unwrap();
        let arguments = ["add-session", session, "--environment", "prod", "--sensitivity", "restricted"];
        sandbox.packet("reliability", &arguments).exits(0);
    }
    let add = |session: &str, more: &[&str]| {
        let dump = format!("vault:{session}/core.dmp");
        let arguments = ["add-fragment", &dump, "--session", session, "--annex", "--why", "only to be kept"];
        sandbox.packet("reliability", &[&arguments[..], more].concat())
    };
    add("eu", &[]).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "eu"]).exits(0);
    let refused = add("us", &[]).exits(2);
    assert!(refused.err.contains("fragment core-dmp is there already") && refused.err.contains("--id"), "{refused:?}");
    add("us", &["--id", "core-us"]).exits(0);
    add("eu", &[]).exits(0);
}

#[test]
fn only_disposers_dispose_and_never_an_agent() {
    let sandbox = holding(&[EMAIL], &[]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    for nobody in ["triage-agent", "reliability", "release-owner", "ci-service"] {
        assert_eq!(dispose(&sandbox, nobody, "email").exits(1).reasons(), ["not-allowed"], "{nobody}");
    }
}

#[test]
fn recording_and_disposing_end_what_was_bound_before() {
    let sandbox = holding(&[EMAIL], &[]);
    let scanned = sandbox.json("triage-agent", &["scan", "--record"]).exits(1).json()["recorded"].clone();
    let scanned = scanned.as_str().unwrap().to_owned();
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    let commit = sandbox.draft_and_sign();
    let head = sandbox.head();
    let again = sandbox.json("triage-agent", &["scan", "--record"]).exits(1).json();
    assert_eq!((again["recorded"].as_str(), sandbox.head()), (Some(scanned.as_str()), head), "nothing new, no entry");
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    let manifest = sandbox.git(&["show", "packet/checkout:releases/1/manifest.json"]);
    assert!(
        manifest.contains(r#""counts":[{"class":"email","count":2,"disposition":"not-customer-data"}]"#),
        "{manifest}"
    );
    let arguments = ["dispose", "--class", "email", "--in", "session:s1", "--as", "needed", "--why", "second thoughts"];
    sandbox.packet("privacy-lead", &arguments).exits(0);
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["void"]);
}

#[test]
fn another_hand_that_finds_the_same_ends_nothing() {
    let sandbox = holding(&[EMAIL], &["first.user@mail.example.test"]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    let commit = sandbox.draft_and_sign();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    let head = sandbox.head();
    let again = sandbox.json("reliability", &["scan", "--record"]).exits(1).json();
    assert!(again["recorded"].is_string() && sandbox.head() != head, "who else scanned is on record: {again}");
    sandbox.packet("ci-service", &["verify"]).exits(0);
}

/// A packet that one endorsement amends, whose one finding the privacy lead disposed of: nothing stands against a draft.
fn disposed_of() -> Sandbox {
    let sandbox = Sandbox::new();
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    let sandbox = holding_under(sandbox, &charter, &[EMAIL], &[]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    sandbox
}

#[test]
fn a_compromised_key_disposed_of_nothing() {
    let sandbox = disposed_of();
    let key = sandbox.public_key("privacy-lead");
    let revoked = |how: &str| format!("\n[[revoked]]\nkey = \"{key}\"\nas = \"{how}\"\n");
    amend(&sandbox, "reliability", "\n[[source]]", &format!("{}\n[[source]]", revoked("retired"))).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    amend(&sandbox, "reliability", "as = \"retired\"", "as = \"compromised\"").exits(0);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["leak-unresolved"]);
}

#[test]
fn who_may_dispose_no_more_has_disposed_of_nothing() {
    let sandbox = disposed_of();
    amend(&sandbox, "reliability", "disposers = [\"privacy-lead\"]", "disposers = [\"forensics\"]").exits(0);
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["leak-unresolved"]);
}

#[test]
fn coverage_tells_covered_uncovered_and_leaked_and_never_the_text() {
    let sandbox = holding(&[EMAIL, CARD], &["4000056655665556"]);
    let answer = sandbox.json("triage-agent", &["coverage"]).exits(1);
    let fragment = &answer.json()["fragments"][0];
    assert_eq!(fragment["covered"], 1);
    assert_eq!(fragment["uncovered"][0]["class"], "email");
    assert_eq!(fragment["leaked"][0]["class"], "email");
    assert_eq!(fragment["masked_without_finding"], 1, "the first byte");
    let groups = answer.json()["groups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 2, "two values");
    let [email, card] = [&groups[0], &groups[1]];
    let counts = |group: &serde_json::Value| ["uncovered", "leaked", "covered"].map(|n| group[n].as_u64().unwrap());
    assert_eq!((email["class"].as_str(), counts(email)), (Some("email"), [1, 1, 0]), "what shows comes first");
    assert_eq!((card["class"].as_str(), counts(card)), (Some("payment-card"), [0, 0, 1]));
    assert_eq!(email["commitment"].as_str().map(str::len), Some(64));
    assert!(!answer.out.contains("example.test") && !answer.out.contains("4000056655665556"), "{answer:?}");
    let text = sandbox.packet("triage-agent", &["coverage", "found"]).exits(1);
    assert!(text.out.contains("1 covered, 1 uncovered, 1 leaked"), "{text:?}");
}

#[test]
fn an_objection_may_be_about_a_set_of_findings() {
    let sandbox = holding(&[EMAIL], &[]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    let object =
        |about: &'static str| ["object", "--kind", "identifier-leakage", "--about", about, "-m", "a customer's"];
    for missing in ["findings:found/e-mail", "findings:lost/email", "findings:found/not a class"] {
        let refused = sandbox.packet("triage-agent", &object(missing)).exits(2);
        assert!(refused.err.contains(missing), "{refused:?}");
    }
    let about = object("findings:found/email");
    let id = sandbox.json("triage-agent", &about).exits(0).json()["id"].as_str().unwrap().to_owned();
    let accept = ["accept-residual", &id, "--rationale", "needed to see the fault"];
    sandbox.packet("release-owner", &accept).exits(0);
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    add(&sandbox, &[EMAIL, "mail second.user@mail.example.test now"], &[]);
    sandbox.packet("reliability", &["commit", "-m", "another capture"]).exits(0);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    let reasons = sandbox.json("reliability", &["draft"]).exits(1).reasons();
    assert_eq!(reasons, ["residual-lapsed", "leak-unresolved"]);
}

#[test]
fn text_that_holds_an_identifier_is_refused_and_a_human_may_let_it_pass() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let text = "write to first.user@mail.example.test about it";
    let object = |by: &str, more: &[&str]| {
        sandbox.json(by, &[&["object", "--kind", "other", "--about", "packet", "-m", text], more].concat())
    };
    let refused = object("privacy-lead", &[]).exits(1);
    assert_eq!(refused.reasons(), ["text-holds-identifier"]);
    assert!(!refused.out.contains("first.user"), "{refused:?}");
    assert_eq!(object("triage-agent", &["--allow", "email"]).exits(1).reasons(), ["text-holds-identifier"]);
    assert_eq!(object("privacy-lead", &["--allow", "iban"]).exits(1).reasons(), ["text-holds-identifier"]);
    object("privacy-lead", &["--allow", "email"]).exits(0);
    let message = sandbox.git(&["log", "-1", "--format=%B", "packet/checkout"]);
    assert!(message.contains("Allowed in its text: email"), "{message}");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn staged_text_is_looked_at_before_it_is_staged() {
    let sandbox = Sandbox::new();
    sandbox.open();
    fs::write(sandbox.path("words.md"), "The customer is first.user@mail.example.test.\n").unwrap();
    let words = sandbox.path("words.md");
    let set = ["section", "set", "summary", "--file", words.to_str().unwrap(), "--owner", "privacy-lead"];
    assert_eq!(sandbox.json("privacy-lead", &set).exits(1).reasons(), ["text-holds-identifier"]);
    let session = [
        "add-session",
        "s1",
        "--environment",
        "prod",
        "--sensitivity",
        "internal",
        "--crash-id",
        "first.user@mail.example.test",
    ];
    assert_eq!(sandbox.json("privacy-lead", &session).exits(1).reasons(), ["text-holds-identifier"]);
    let staged = sandbox.json("privacy-lead", &["status"]).json()["staged"].clone();
    assert_eq!(staged.as_array().unwrap().len(), 0);
    sandbox.packet("privacy-lead", &[&set[..], &["--allow", "email"]].concat()).exits(0);
    assert_eq!(sandbox.json("privacy-lead", &["commit", "-m", "words"]).exits(1).reasons(), ["text-holds-identifier"]);
    let commit = ["commit", "-m", "words", "--allow", "email"];
    let first = sandbox.json("privacy-lead", &commit).exits(0).json()["commit"].clone();
    assert_eq!(sandbox.json("privacy-lead", &commit).exits(0).json()["commit"], first, "the same command, once");
}

#[test]
fn a_charter_that_holds_an_identifier_opens_no_packet() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter().replace("title = \"Checkout", "title = \"first.user@mail.example.test Checkout");
    fs::write(sandbox.path("charter.toml"), charter).unwrap();
    let file = sandbox.path("charter.toml");
    let open = ["open", "checkout", "--charter", file.to_str().unwrap()];
    assert_eq!(sandbox.json("release-owner", &open).exits(1).reasons(), ["text-holds-identifier"]);
    assert!(!sandbox.path("vault/.packet/key").exists(), "nothing is made");
    sandbox.packet("release-owner", &[&open[..], &["--allow", "email"]].concat()).exits(0);
}

/// The letters of UTF-16LE text, a byte each, in bytes that say nothing else.
fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn masking_the_idle_bytes_of_utf_16_masks_nothing_wherever_the_range_begins() {
    let sandbox = holding(&[EMAIL], &["first.user@mail.example.test"]);
    let raw = [&[0x80; 64][..], &wide("first.user@mail.example.test"), &[0x80; 64]].concat();
    let mut sanitized = raw.clone();
    sanitized[64..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 0x80);
    fs::write(sandbox.path("vault/wide.dmp"), &raw).unwrap();
    fs::write(sandbox.path("wide"), &sanitized).unwrap();
    for offset in [64, 65] {
        let range = format!("{offset}+100");
        let copy = sandbox.path("wide");
        let add = ["add-fragment", "vault:wide.dmp", "--session", "s1", "--range", &range, "--id", "wide"];
        let add = [&add[..], &["--sanitized", copy.to_str().unwrap()]].concat();
        sandbox.packet("reliability", &add).exits(0);
        sandbox.packet("reliability", &["commit", "-m", "wide"]).exits(0);
        let draft = sandbox.json("reliability", &["draft"]).exits(1);
        assert_eq!(draft.json()["reasons"][0]["subject"], "findings:wide/email", "from {offset} on");
    }
}

#[test]
fn a_scan_of_other_bytes_than_those_committed_to_vouches_for_nothing() {
    let sandbox = holding(&[EMAIL], &[]);
    let dump = sandbox.path("vault/found.dmp");
    let good = fs::read(&dump).unwrap();
    for other in [vec![], vec![0; good.len()], good[..100].to_vec()] {
        fs::write(&dump, other).unwrap();
        let scanned = sandbox.json("reliability", &["scan", "--record"]);
        assert!(scanned.reasons().contains(&"scan-incomplete".to_owned()), "{scanned:?}");
    }
    fs::write(&dump, good).unwrap();
    let recorded = sandbox.git(&["show", "packet/checkout:findings/found.toml"]);
    assert_eq!(recorded.matches("complete = ").count(), 0, "not of the sanitized bytes either: {recorded}");
    assert!(!recorded.contains("of = \"raw\""), "{recorded}");
}

/// A packet without findings whose custodian has two keys, and the line of the charter that says a key is compromised.
fn with_two_keys_of_a_custodian() -> (Sandbox, impl Fn(&Sandbox, &str)) {
    let sandbox = Sandbox::new();
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    sandbox.new_key("spare");
    let sandbox = holding_under(sandbox, &charter, &["nothing to find"], &[]);
    let key = sandbox.public_key("reliability");
    let spare = sandbox.public_key("spare");
    amend(&sandbox, "privacy-lead", &format!("keys = [\"{key}\"]"), &format!("keys = [\"{key}\", \"{spare}\"]"))
        .exits(0);
    let revoke = |sandbox: &Sandbox, name: &str| {
        let revoked = format!("\n[[revoked]]\nkey = \"{}\"\nas = \"compromised\"\n", sandbox.public_key(name));
        amend(sandbox, "privacy-lead", "\n[[source]]", &format!("{revoked}\n[[source]]")).exits(0);
    };
    (sandbox, revoke)
}

/// What stops a draft while the vault is out of reach. That nobody checked the source always does.
fn stops_without_vault(sandbox: &Sandbox) -> Vec<String> {
    fs::rename(sandbox.path("vault"), sandbox.path("away")).unwrap();
    let refused = sandbox.json("forensics-lead", &["draft"]).exits(3).reasons();
    fs::rename(sandbox.path("away"), sandbox.path("vault")).unwrap();
    refused
}

#[test]
fn a_compromised_custodian_vouches_for_no_scan() {
    let (sandbox, revoke) = with_two_keys_of_a_custodian();
    sandbox.packet("reliability", &["scan", "--record"]).exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"], "the scan stands in");
    revoke(&sandbox, "reliability");
    assert_eq!(stops_without_vault(&sandbox), ["scan-incomplete", "source-unreachable"]);
}

#[test]
fn who_is_no_custodian_any_more_vouches_for_no_scan() {
    let (sandbox, _) = with_two_keys_of_a_custodian();
    sandbox.packet("reliability", &["scan", "--record"]).exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"]);
    amend(&sandbox, "privacy-lead", "\"custodian\", ", "").exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["scan-incomplete", "source-unreachable"]);
}

#[test]
fn a_key_vouches_for_the_bytes_it_scanned_and_no_others() {
    let mask = |sandbox: &Sandbox, what: &str| {
        add(sandbox, &["nothing to find"], &[what]);
        sandbox.packet("reliability", &["commit", "-m", "masked anew"]).exits(0);
    };
    // The raw bytes were scanned by the first key, what they were masked to by the other: neither key alone is enough.
    for compromised in ["reliability", "spare"] {
        let (sandbox, revoke) = with_two_keys_of_a_custodian();
        sandbox.packet("reliability", &["scan", "--record"]).exits(0);
        mask(&sandbox, "nothing");
        sandbox.packet("spare", &["scan", "--record"]).exits(0);
        assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"]);
        revoke(&sandbox, compromised);
        assert_eq!(stops_without_vault(&sandbox), ["scan-incomplete", "source-unreachable"], "{compromised}");
    }
    let (sandbox, revoke) = with_two_keys_of_a_custodian();
    sandbox.packet("reliability", &["scan", "--record"]).exits(0);
    revoke(&sandbox, "reliability");
    add_by(&sandbox, "spare", &["other bytes"], &["other"]);
    sandbox.packet("spare", &["commit", "-m", "another capture"]).exits(0);
    sandbox.packet("spare", &["scan", "--record"]).exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"], "all of these bytes were scanned by a good key");
}

#[test]
fn a_scan_vouches_where_it_was_made_and_among_what_it_was_made_among() {
    let (sandbox, _) = with_two_keys_of_a_custodian();
    sandbox.packet("forensics-lead", &["scan", "--record"]).exits(0);
    let recorded = || sandbox.git(&["show", "packet/checkout:findings/found.toml"]);
    assert!(!recorded().contains("complete = "), "nobody but a custodian says that all was scanned");
    sandbox.packet("reliability", &["scan", "--record"]).exits(0);
    assert!(recorded().contains("complete = "));
    assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"]);
    let more = ["add-fragment", "vault:found.dmp", "--session", "s1", "--range", "0+64", "--annex", "--id", "more"];
    sandbox.packet("reliability", &more).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "another part of the same dump"]).exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["scan-incomplete", "source-unreachable"]);
    // Named alone: what else there is of the capture is read all the same.
    sandbox.packet("reliability", &["scan", "found", "--record"]).exits(0);
    assert_eq!(stops_without_vault(&sandbox), ["source-unreachable"]);
}

#[test]
fn the_owner_alone_cannot_switch_off_what_stops_a_draft() {
    let sandbox = Sandbox::new();
    let sandbox = {
        let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
        holding_under(sandbox, &charter, &[EMAIL], &[])
    };
    fs::write(sandbox.path("none.toml"), "format = 1\n").unwrap();
    let file = sandbox.path("none.toml");
    let amended =
        sandbox.json("release-owner", &["amend", "--taxonomy", file.to_str().unwrap(), "-m", "look for nothing"]);
    assert_eq!(amended.exits(0).json()["state"], "open", "somebody else must endorse it");
    for (from, to) in [
        ("disposers = [\"privacy-lead\"]", "disposers = [\"governance\"]"),
        ("min_fragment = 64", "min_fragment = 64\nmax_fragment = 99999"),
        ("disposers = [\"privacy-lead\"]", "disposers = [\"privacy-lead\"]\nregions = [\"heap\"]"),
    ] {
        assert_eq!(amend(&sandbox, "release-owner", from, to).exits(0).json()["state"], "open", "{to}");
    }
    assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons(), ["leak-unresolved"]);
}

#[test]
fn known_values_stop_nothing() {
    let sandbox = Sandbox::new();
    let charter = governed(&sandbox).replace("threshold = 2", "threshold = 1");
    let sandbox = holding_under(sandbox, &charter, &[EMAIL], &[]);
    let found = sandbox.json("triage-agent", &["scan", "found"]).exits(1).json();
    let commitment = found["findings"][0]["commitment"].as_str().unwrap().to_owned();
    let taxonomy = sandbox.json("reliability", &["show", "taxonomy.toml"]).json()["text"].as_str().unwrap().to_owned();
    let known = format!("\n[[known]]\nclass = \"email\"\ncommitment = \"{commitment}\"\nwhy = \"our own\"\n");
    fs::write(sandbox.path("known.toml"), taxonomy + &known).unwrap();
    let file = sandbox.path("known.toml");
    sandbox.packet("privacy-lead", &["amend", "--taxonomy", file.to_str().unwrap(), "-m", "our own address"]).exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_draft_says_what_its_manifest_does_not_count() {
    let sandbox = holding(&["id f81d4fae-7dec-41d0-a765-00a0c91e6bf6 end"], &[]);
    let draft = || sandbox.json("reliability", &["draft"]).exits(0).json();
    let warned = draft()["warnings"].clone();
    assert!(warned[0].as_str().unwrap().starts_with("2 findings in what goes to the lane"), "{warned}");
    sandbox.packet("reliability", &["scan", "--record"]).exits(1);
    let again = draft();
    assert_eq!(again["warnings"].as_array().unwrap().len(), 0, "{again}");
}

#[test]
fn a_disposition_of_a_session_run_again_writes_nothing() {
    let sandbox = holding(&[EMAIL], &[]);
    let copy = sandbox.path("masked");
    let add = ["add-fragment", "vault:found.dmp", "--session", "s1", "--id", "again", "--sanitized"];
    sandbox.packet("reliability", &[&add[..], &[copy.to_str().unwrap()]].concat()).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "twice"]).exits(0);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    let why = "our own test account";
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    let session = ["dispose", "--class", "email", "--in", "session:s1", "--as", "not-customer-data", "--why", why];
    let first = sandbox.json("privacy-lead", &session).exits(0).json()["commit"].clone();
    assert_eq!(sandbox.json("privacy-lead", &session).exits(0).json()["commit"], first);
}

#[test]
fn a_file_and_a_fragment_of_one_name_are_told_apart_by_the_person() {
    let sandbox = holding(&[EMAIL], &[]);
    fs::write(sandbox.repo().join("found"), "").unwrap();
    let refused = sandbox.json("triage-agent", &["scan", "found"]).exits(2).json();
    assert!(refused["reasons"][0]["help"].as_str().unwrap().contains("packet scan fragment:found"), "{refused}");
    sandbox.packet("triage-agent", &["scan", "fragment:found"]).exits(1);
    sandbox.packet("triage-agent", &["scan", "./found"]).exits(0);
}

#[test]
fn a_value_across_the_edge_of_a_fragment_is_found_in_it() {
    let sandbox = holding(&[CARD], &["4000056655665556"]);
    let at = 64 + CARD.find('4').unwrap();
    let copy = sandbox.path("vault/found.dmp");
    let range = format!("{at}+70");
    for (id, range) in [("from", format!("{}+70", at + 3)), ("up-to", format!("{}+70", at + 12 - 70)), ("all", range)] {
        let add = ["add-fragment", "vault:found.dmp", "--session", "s1", "--range", &range, "--id", id, "--why", "x"];
        sandbox.packet("reliability", &[&add[..], &["--sanitized", copy.to_str().unwrap()]].concat()).exits(0);
    }
    sandbox.packet("reliability", &["commit", "-m", "cut"]).exits(0);
    let draft = sandbox.json("reliability", &["draft"]).exits(1).json();
    let subjects: Vec<&str> =
        draft["reasons"].as_array().unwrap().iter().map(|r| r["subject"].as_str().unwrap()).collect();
    for id in ["from", "up-to", "all"] {
        assert!(subjects.contains(&format!("findings:{id}/payment-card").as_str()), "{id}: {subjects:?}");
    }
}

#[test]
fn what_was_disposed_of_is_scanned_again_in_another_copy() {
    let sandbox = holding(&[EMAIL, CARD], &["4000056655665556"]);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    dispose(&sandbox, "privacy-lead", "email").exits(0);
    sandbox.packet("reliability", &["draft"]).exits(0);
    add(&sandbox, &[EMAIL, CARD], &[CARD]);
    sandbox.packet("reliability", &["commit", "-m", "another copy"]).exits(0);
    // The copy shows the same findings, and nobody's record says so: who cannot look would refuse the draft.
    let refused = sandbox.json("reliability", &["draft"]).exits(1);
    assert_eq!(refused.reasons(), ["leak-unresolved"]);
    let help = refused.json()["reasons"][0]["help"].clone();
    assert!(help.as_str().unwrap().contains("packet scan --record"), "{help}");
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    sandbox.packet("reliability", &["draft"]).exits(0);
}

#[test]
fn a_fragment_with_too_much_to_record_keeps_no_other_from_being_recorded() {
    let sandbox = holding(&[EMAIL], &[]);
    let many: String = (0..56_000).map(|n| format!("user{n}@mail.example.test\n")).collect();
    fs::write(sandbox.path("vault/many.dmp"), many).unwrap();
    let add = ["add-fragment", "vault:many.dmp", "--session", "s1", "--id", "many", "--annex"];
    sandbox.packet("reliability", &add).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "many"]).exits(0);
    let recorded = sandbox.json("triage-agent", &["scan", "--record"]).exits(1).json();
    assert!(recorded["recorded"].is_string(), "{recorded}");
    let reasons = recorded["reasons"].as_array().unwrap();
    let too_many: Vec<_> = reasons.iter().filter(|reason| reason["code"] == "too-many-findings").collect();
    assert!(matches!(too_many[..], [reason] if reason["subject"] == "fragment:many"), "{reasons:?}");
    let files = sandbox.git(&["ls-tree", "-r", "--name-only", "packet/checkout"]);
    assert!(files.contains("findings/found.toml") && !files.contains("findings/many.toml"), "{files}");
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn tens_of_thousands_of_findings_are_judged_in_a_decision_for_each_class() {
    let sandbox = holding(&["nothing to find"], &[]);
    // A heap in four parts: the same few values over and over, in the raw bytes and in the copy.
    let lines =
        ["mail help@shop.example.test now\n", "call +1 415-555-0132 now\n", "mail news@shop.example.test now\n"];
    let part: String = lines.iter().cycle().take(3_125).copied().collect();
    fs::write(sandbox.path("vault/heap.dmp"), part.repeat(4)).unwrap();
    let copy = sandbox.path("heap");
    fs::write(&copy, part.replacen("mail", "post", 1)).unwrap();
    for at in 0..4 {
        let (range, id) = (format!("{}+{}", at * part.len(), part.len()), format!("heap{at}"));
        let add = ["add-fragment", "vault:heap.dmp", "--session", "s1", "--range", &range, "--id", &id];
        sandbox.packet("reliability", &[&add[..], &["--sanitized", copy.to_str().unwrap()]].concat()).exits(0);
    }
    sandbox.packet("reliability", &["commit", "-m", "the heap"]).exits(0);
    sandbox.packet("triage-agent", &["scan", "--record"]).exits(1);
    let groups = sandbox.json("privacy-lead", &["coverage"]).exits(1).json()["groups"].as_array().unwrap().len();
    assert_eq!(groups, 3, "three values to look at");
    for class in ["email", "phone"] {
        assert_eq!(sandbox.json("reliability", &["draft"]).exits(1).reasons()[0], "leak-unresolved");
        let dispose = ["dispose", "--class", class, "--in", "packet", "--as", "not-customer-data", "--why", "our own"];
        sandbox.packet("privacy-lead", &dispose).exits(0);
    }
    sandbox.packet("reliability", &["draft"]).exits(0);
}
