//! Evidence: what is committed to, what is refused, and whether it stays what it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::sandbox::{Answer, Sandbox};

fn with_session() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open();
    let session = ["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "internal"];
    sandbox.packet("reliability", &session).exits(0);
    sandbox
}

fn add(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    let mut all = vec!["add-fragment"];
    all.extend(arguments);
    all.extend(["--session", "s1"]);
    sandbox.json("reliability", &all)
}

#[test]
fn a_fragment_records_what_was_masked_and_nothing_else() {
    let sandbox = with_session();
    let masked = sandbox.dump("a.dmp", 4096, 100, 16);
    let answer = add(&sandbox, &["vault:a.dmp", "--sanitized", masked.to_str().unwrap(), "--id", "f"]).exits(0).json();
    assert_eq!(
        answer["redaction"],
        json!({"elided": [], "intervals": [{"offset": 100, "length": 16, "fill": 88}], "masked_bytes": 16})
    );
    let digest = answer["sanitized"]["sha256"].as_str().unwrap().to_owned();
    let stock = sandbox.run(Command::new("sha256sum").arg(&masked));
    assert_eq!(stock.split_whitespace().next().unwrap(), digest);
    let stored = sandbox.path("vault/.packet/sanitized").join(answer["sanitized"]["blake3"].as_str().unwrap());
    assert_eq!(fs::read(stored).unwrap(), fs::read(masked).unwrap());
    let plain = blake3::hash(&fs::read(sandbox.path("vault/a.dmp")).unwrap()).to_hex().to_string();
    assert_ne!(answer["raw"]["keyed_blake3"], plain, "a plain hash of raw bytes is an oracle");
    let key: [u8; 32] = fs::read(sandbox.path("vault/.packet/key")).unwrap().try_into().unwrap();
    let keyed = blake3::keyed_hash(&key, &fs::read(sandbox.path("vault/a.dmp")).unwrap()).to_hex().to_string();
    assert_eq!(answer["raw"]["keyed_blake3"], keyed);
}

#[test]
fn a_range_takes_the_same_range_of_a_whole_sanitized_copy() {
    let sandbox = with_session();
    let masked = sandbox.dump("a.dmp", 4096, 0x110, 16);
    let masked = masked.to_str().unwrap();
    let answer =
        add(&sandbox, &["vault:a.dmp", "--range", "0x100+256", "--sanitized", masked, "--id", "f"]).exits(0).json();
    assert_eq!(answer["redaction"]["intervals"], json!([{"offset": 16, "length": 16, "fill": 88}]));
    assert_eq!(answer["raw"]["bytes"], 256);
    let part = sandbox.path("part");
    fs::write(&part, &fs::read(masked).unwrap()[0x100..0x200]).unwrap();
    let same =
        add(&sandbox, &["vault:a.dmp", "--range", "256+0x100", "--sanitized", part.to_str().unwrap(), "--id", "g"]);
    assert_eq!(same.exits(0).json()["sanitized"], answer["sanitized"]);
}

#[test]
fn what_cannot_be_a_fragment_is_refused_and_nothing_staged() {
    let sandbox = with_session();
    let masked = sandbox.dump("a.dmp", 4096, 100, 16);
    let masked = masked.to_str().unwrap();
    let short = sandbox.path("short");
    fs::write(&short, [0; 4095]).unwrap();
    let same = sandbox.path("vault/a.dmp");
    let outside = sandbox.path("outside.dmp");
    fs::write(&outside, [0; 4096]).unwrap();
    let before = fs::read(sandbox.repo().join(".git/packet/checkout/stage/reliability/stage.toml")).unwrap();
    let refused: &[&[&str]] = &[
        &["vault:a.dmp"],
        &["vault:a.dmp", "--sanitized", short.to_str().unwrap()],
        &["vault:a.dmp", "--sanitized", same.to_str().unwrap()],
        &["vault:a.dmp", "--sanitized", masked, "--range", "0+63"],
        &["vault:a.dmp", "--sanitized", masked, "--range", "4000+97"],
        &["vault:a.dmp", "--sanitized", masked, "--range", "18446744073709551615+64"],
        &["vault:none.dmp", "--sanitized", masked],
        &["vault:../outside.dmp", "--sanitized", masked],
        &[outside.to_str().unwrap(), "--annex"],
        &["vault:.packet/key", "--annex"],
    ];
    for arguments in refused {
        let answer = add(&sandbox, arguments);
        assert!(answer.code != 0, "{arguments:?}: {answer:?}");
        assert!(answer.json()["reasons"][0]["help"].as_str().is_some_and(|h| !h.is_empty()), "{arguments:?}");
    }
    let after = fs::read(sandbox.repo().join(".git/packet/checkout/stage/reliability/stage.toml")).unwrap();
    assert_eq!(before, after);
    add(&sandbox, &["vault:a.dmp", "--sanitized", same.to_str().unwrap(), "--why", "holds no identifier", "--id", "f"])
        .exits(0);
    let annex = add(&sandbox, &["vault:a.dmp", "--annex", "--id", "g"]).exits(0).json();
    assert_eq!((&annex["sanitized"], &annex["redaction"]), (&json!(null), &json!(null)));
}

#[test]
fn a_dump_that_changes_while_it_is_read_is_refused() {
    let sandbox = with_session();
    sandbox.dump("a.dmp", 1 << 20, 100, 16);
    let dump = sandbox.path("vault/a.dmp");
    // The read of the dump is held up for a second; the dump is written to meanwhile.
    let mut traced = Command::new("strace");
    sandbox.bare(&mut traced);
    traced.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(&dump);
    traced.args(["-e", "trace=pread64", "-e", "inject=pread64:delay_enter=1500000:when=1"]);
    traced.arg(env!("CARGO_BIN_EXE_packet")).arg("--key").arg(sandbox.key("reliability"));
    traced.args(["--json", "add-fragment", "vault:a.dmp", "--session", "s1", "--annex"]).current_dir(sandbox.repo());
    let child = traced.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let mut bytes = fs::read(&dump).unwrap();
    bytes[5] ^= 1;
    fs::write(&dump, bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text} {}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("file-changed"), "{text}");
}

#[test]
fn drift_tells_changed_missing_and_unreadable_evidence_apart() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    sandbox.packet("reliability", &["drift"]).exits(0);
    let dump = sandbox.path("vault/a.dmp");
    let good = fs::read(&dump).unwrap();
    let mut bad = good.clone();
    bad[4095] ^= 1;
    fs::write(&dump, &bad).unwrap();
    assert_eq!(states(&sandbox.json("reliability", &["drift"]).exits(1)), ["drifted"]);
    fs::write(&dump, &good[..4000]).unwrap();
    assert_eq!(states(&sandbox.json("reliability", &["drift"]).exits(1)), ["drifted"]);
    fs::remove_file(&dump).unwrap();
    assert_eq!(states(&sandbox.json("reliability", &["drift"]).exits(1)), ["missing"]);
    fs::write(&dump, &good).unwrap();
    sandbox.packet("reliability", &["drift"]).exits(0);
    let stored = fs::read_dir(sandbox.path("vault/.packet/sanitized")).unwrap().next().unwrap().unwrap().path();
    let sanitized = fs::read(&stored).unwrap();
    fs::write(&stored, &bad).unwrap();
    assert_eq!(states(&sandbox.json("reliability", &["drift"]).exits(1)), ["drifted"]);
    fs::write(&stored, sanitized).unwrap();
    sandbox.packet("reliability", &["drift"]).exits(0);
}

fn states(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let checks = json["checks"].as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap().to_owned());
    checks.filter(|s| s != "same").collect()
}

#[test]
fn another_vault_key_stops_draft_approve_and_new_fragments() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    let key = sandbox.path("vault/.packet/key");
    let good = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    assert_eq!(
        sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1).reasons(),
        ["scan-incomplete", "source-drifted"]
    );
    sandbox.packet("reliability", &["draft"]).exits(1);
    sandbox.packet("reliability", &["add-fragment", "vault:a.dmp", "--session", "s1", "--annex"]).exits(1);
    fs::remove_file(&key).unwrap();
    assert_eq!(
        sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1).reasons(),
        ["scan-incomplete", "source-missing"]
    );
    assert!(!key.exists(), "a key is never made anew");
    fs::write(&key, good).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
}

#[test]
fn changed_evidence_stops_the_draft_and_the_approval() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    let dump = sandbox.path("vault/a.dmp");
    let good = fs::read(&dump).unwrap();
    fs::write(&dump, vec![0; good.len()]).unwrap();
    assert_eq!(
        sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1).reasons(),
        ["scan-incomplete", "source-drifted"]
    );
    assert_eq!(sandbox.json("reliability", &["gate"]).exits(1).reasons(), ["scan-incomplete", "source-drifted"]);
    let scanned = sandbox.json("reliability", &["scan"]).exits(3).json();
    assert!(scanned["reasons"][0]["help"].as_str().unwrap().starts_with("packet drift"), "{scanned}");
    fs::write(&dump, good).unwrap();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    sandbox.packet("ci-service", &["verify", "--evidence"]).exits(0);
    fs::remove_file(&dump).unwrap();
    sandbox.packet("ci-service", &["verify"]).exits(0);
    let verified = sandbox.json("ci-service", &["verify", "--evidence"]).exits(1);
    assert_eq!(verified.reasons(), ["scan-incomplete", "source-missing"]);
}

#[test]
fn a_recorded_drift_holds_the_release_for_good() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let dump = sandbox.path("vault/a.dmp");
    let good = fs::read(&dump).unwrap();
    sandbox.packet("triage-agent", &["drift", "--record"]).exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(0);
    fs::write(&dump, vec![0; good.len()]).unwrap();
    let recorded = sandbox.json("triage-agent", &["drift", "--record"]).exits(1).json();
    assert_eq!(recorded["held"], 1);
    fs::write(&dump, good).unwrap();
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons(), ["held"]);
}

/// Moves the vault out of reach while something happens.
fn without_vault<T>(sandbox: &Sandbox, happens: impl FnOnce() -> T) -> T {
    let away = sandbox.path("away");
    fs::rename(sandbox.path("vault"), &away).unwrap();
    let answer = happens();
    fs::rename(&away, sandbox.path("vault")).unwrap();
    answer
}

#[test]
fn a_custodians_fresh_check_and_scan_stand_in_for_a_vault_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let stops = || without_vault(&sandbox, || sandbox.json("reliability", &["draft"])).exits(3).reasons();
    assert_eq!(stops(), ["scan-incomplete", "source-unreachable"]);
    for nobody in ["privacy-lead", "triage-agent"] {
        sandbox.packet(nobody, &["drift", "--record"]).exits(0);
        sandbox.packet(nobody, &["scan", "--record"]).exits(0);
        assert_eq!(stops(), ["scan-incomplete", "source-unreachable"], "{nobody} is no custodian");
    }
    sandbox.packet("reliability", &["drift", "--record"]).exits(0);
    assert_eq!(stops(), ["scan-incomplete"]);
    sandbox.packet("reliability", &["scan", "--record"]).exits(0);
    let commit = without_vault(&sandbox, || {
        let commit = sandbox.draft_and_sign();
        sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
        commit
    });
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(0).json()["commit"], commit.as_str());
}

#[test]
fn a_check_from_before_the_content_changed_stands_in_for_nothing() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    sandbox.packet("reliability", &["drift", "--record"]).exits(0);
    let session = ["add-session", "s2", "--environment", "prod", "--sensitivity", "internal"];
    sandbox.packet("reliability", &session).exits(0);
    sandbox.packet("reliability", &["commit", "-m", "more"]).exits(0);
    let draft = without_vault(&sandbox, || sandbox.json("reliability", &["draft"]));
    assert_eq!(draft.exits(3).reasons(), ["scan-incomplete", "source-unreachable"]);
}

#[test]
fn the_vault_holds_the_key_and_sanitized_bytes_and_nothing_else_of_ours() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let own = sandbox.path("vault/.packet");
    let mut names: Vec<_> =
        fs::read_dir(&own).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["key", "sanitized"]);
    assert_eq!(fs::metadata(own.join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(own.join("sanitized")).unwrap().count(), 1);
}
