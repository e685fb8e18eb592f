//! Attacks that are no data of the corpus: they need two repositories, or are every pair of two lists.

use crate::forge::Forge;
use crate::forge_release::{OWNER, SIGNERS};
use crate::sandbox::Sandbox;

#[test]
fn a_manifest_of_another_packet_with_the_same_people_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let forge = Forge::on(&sandbox);
    let read = |name: &str| forge.file(&format!("releases/1/{name}"));
    let (manifest, theirs) = (read("manifest.json"), read("signatures/privacy-lead.sig"));
    let owners = read("signatures/release-owner.sig");
    std::fs::rename(sandbox.repo(), sandbox.path("first")).unwrap();
    sandbox.run(std::process::Command::new("git").args(["init", "-q"]).arg(sandbox.repo()));
    sandbox.open_with(&sandbox.charter().replace("Checkout service", "Payment service"));
    sandbox.add_evidence();
    let draft = forge.draft(1, &manifest);
    draft.refused("manifest-mismatch", "does not bind this packet at this head");
    let (bound, honest) = (sandbox.head(), forge.manifest(Forge::unchanged()));
    forge.draft(1, &honest).accepted();
    let entry = forge.entry("privacy-lead", "sign").file("releases/1/signatures/privacy-lead.sig", theirs);
    entry.refused("authority-signature", "did not sign these bytes");
    for actor in SIGNERS {
        forge.signed(actor, 1, &honest).accepted();
    }
    let approval = forge.approval(1, &bound, &honest);
    forge.approved_with(&approval, &owners).refused("authority-signature", "did not sign these bytes");
    forge.approved(&approval, &honest).accepted();
}

#[test]
fn what_is_recorded_is_not_removed_by_any_operation() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let id = sandbox.object("triage-agent", "other", "packet");
    sandbox.json("reliability", &["drift", "--record"]).exits(0);
    sandbox.packet("privacy-lead", &["hold", "1", "--because", "disagreement", "-m", "wait"]).exits(0);
    let forge = Forge::on(&sandbox);
    let recorded = [
        format!("ledger/{}/{id}.toml", &id[12..]),
        "checks/1.toml".to_owned(),
        "releases/1/manifest.json".to_owned(),
        "releases/1/signatures/privacy-lead.sig".to_owned(),
        "releases/1/approval.toml".to_owned(),
        "releases/1/hold-1.toml".to_owned(),
    ];
    for path in &recorded {
        for (actor, operation) in [
            ("reliability", "commit"),
            ("reliability", "propose"),
            ("reliability", "drift"),
            ("reliability", "draft"),
            ("privacy-lead", "sign"),
            ("release-owner", "approve"),
            ("release-owner", "supersede"),
            ("privacy-lead", "hold"),
            ("triage-agent", "respond"),
            ("forensics-lead", "withdraw"),
        ] {
            let gone = forge.entry(actor, operation).remove(path).land();
            let answer = forge.history().exits(1);
            let code = answer.reasons().remove(0);
            assert!(["wrong-place", "malformed-file"].contains(&code.as_str()), "{operation} {path}: {answer:?}");
            assert_eq!(answer.json()["reasons"][0]["subject"], format!("entry:{gone}").as_str());
            forge.put(forge.commit(&gone).lines().find_map(|l| l.strip_prefix("parent ")).unwrap());
        }
        // The same files may stay as they are beside a good revision.
        assert!(!forge.file(path).is_empty());
    }
    forge.section("privacy-lead", "summary").accepted();
}

#[test]
fn a_signature_given_again_by_the_command_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    let head = sandbox.head();
    sandbox.json("forensics-lead", &["sign", "1"]).exits(0);
    assert_eq!(sandbox.head(), head, "the same command again answers with the entry that is there");
    sandbox.packet("reliability", &["drift", "--record"]).exits(0);
    Forge::on(&sandbox).command_refused("reliability", &["sign", "1"], "wrong-state");
    sandbox.packet(OWNER, &["approve", "--confirm", &commit]).exits(0);
}
