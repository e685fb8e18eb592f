//! Manifests that bind something else than the packet, signed by everybody and approved all the same: the draft ends the
//! history. Each test lands the honest manifest on the very same way afterwards, and it verifies.

use serde_json::{Value, json};

use crate::forge::Forge;
use crate::sandbox::Sandbox;

/// The honest manifest of a packet with evidence, with one value replaced, is refused at its draft.
#[track_caller]
fn is_refused_with(pointer: &str, value: Value) {
    is_refused_when_edited(&Sandbox::new(), |manifest| {
        let place = manifest.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        assert_ne!(*place, value, "the attack is one");
        *place = value;
    });
}

#[track_caller]
fn is_refused_when_edited(sandbox: &Sandbox, edit: impl FnOnce(&mut Value)) {
    sandbox.with_evidence();
    let accepted = sandbox.object("triage-agent", "other", "fragment:stack");
    sandbox.packet("release-owner", &["accept-residual", &accepted, "--rationale", "known"]).exits(0);
    let forge = Forge::on(sandbox);
    let (honest, before) = (forge.manifest(Forge::unchanged()), sandbox.head());
    let mut manifest: Value = serde_json::from_str(&honest).unwrap();
    edit(&mut manifest);
    let edited = serde_json_canonicalizer::to_string(&manifest).unwrap() + "\n";
    let draft = forge.release_of(1, &edited);
    forge.ends_before(&draft, &before, 1, "manifest-mismatch", "does not bind this packet at this head");
    assert!(forge.verify().exits(1).reasons().contains(&"manifest-mismatch".to_owned()));
    forge.put(&before);
    forge.release_of(1, &honest);
    assert_eq!(forge.verify().exits(0).json()["state"], "approved");
}

#[test]
fn a_manifest_for_another_lane_is_refused() {
    is_refused_with("/predicate/lane/id", json!("vendor-escalation"));
}

#[test]
fn a_manifest_for_another_use_is_refused() {
    is_refused_with("/predicate/lane/allowed_use", json!("anything"));
}

#[test]
fn a_manifest_with_fewer_exclusions_is_refused() {
    is_refused_with("/predicate/lane/not_for", json!([]));
}

#[test]
fn a_manifest_for_another_audience_is_refused() {
    is_refused_with("/predicate/lane/audience/0/id", json!("vendor"));
}

#[test]
fn a_manifest_for_another_recipient_is_refused() {
    is_refused_with("/predicate/lane/audience/0/recipients", json!(["age1vendor"]));
}

#[test]
fn a_manifest_with_another_owner_is_refused() {
    is_refused_with("/predicate/release_owner", json!("reliability"));
}

#[test]
fn a_manifest_with_fewer_required_signers_is_refused() {
    is_refused_with("/predicate/required_signers", json!([{"count": 1, "role": "reliability"}]));
}

#[test]
fn a_manifest_with_other_signers_is_refused() {
    is_refused_with("/predicate/signers/0/actor", json!("triage-agent"));
}

#[test]
fn a_manifest_of_another_packet_is_refused() {
    is_refused_with("/predicate/packet", json!("other"));
}

#[test]
fn a_manifest_of_another_genesis_is_refused() {
    is_refused_with("/predicate/genesis", json!("1".repeat(40)));
}

#[test]
fn a_manifest_of_another_revision_is_refused() {
    is_refused_with("/predicate/revision", json!(1));
}

#[test]
fn a_manifest_of_another_release_number_is_refused() {
    is_refused_with("/predicate/release", json!(2));
}

#[test]
fn a_manifest_that_replaces_another_release_is_refused() {
    is_refused_with("/predicate/previous", json!(7));
}

#[test]
fn a_manifest_that_binds_another_commit_is_refused() {
    is_refused_with("/subject/0/digest/gitCommit", json!("1".repeat(40)));
}

#[test]
fn a_manifest_that_binds_other_material_is_refused() {
    is_refused_with("/subject/0/digest/blake3", json!("1".repeat(64)));
}

#[test]
fn a_manifest_with_another_sanitized_digest_is_refused() {
    is_refused_with("/predicate/fragments/0/sanitized/blake3", json!("1".repeat(64)));
}

#[test]
fn a_manifest_with_another_raw_commitment_is_refused() {
    is_refused_with("/predicate/fragments/0/raw/keyed_blake3", json!("1".repeat(64)));
}

#[test]
fn a_manifest_that_moves_a_fragment_to_the_annex_is_refused() {
    is_refused_with("/predicate/fragments/0/disclosure", json!("annex"));
}

#[test]
fn a_manifest_without_its_fragments_is_refused() {
    is_refused_with("/predicate/fragments", json!([]));
}

#[test]
fn a_manifest_that_hides_an_objection_is_refused() {
    is_refused_with("/predicate/objections", json!([]));
}

#[test]
fn a_manifest_that_calls_a_residual_withdrawn_is_refused() {
    is_refused_with("/predicate/objections/0/state", json!("withdrawn"));
}

#[test]
fn a_manifest_with_another_rationale_is_refused() {
    is_refused_with("/predicate/objections/0/rationale", json!("everybody agreed"));
}

#[test]
fn a_manifest_of_another_charter_is_refused() {
    is_refused_with("/predicate/charter/sha256", json!("1".repeat(64)));
}

#[test]
fn a_manifest_with_a_wider_boundary_is_refused() {
    is_refused_with("/predicate/boundaries/rung", json!("locals"));
}

#[test]
fn a_manifest_that_lasts_longer_is_refused() {
    is_refused_with("/predicate/not_after", json!("2999-01-01T00:00:00Z"));
}

#[test]
fn a_manifest_that_begins_earlier_is_refused() {
    is_refused_with("/predicate/not_before", json!("2001-01-01T00:00:00Z"));
}

#[test]
fn a_manifest_with_another_deadline_of_destruction_is_refused() {
    is_refused_with("/predicate/destroy_by", json!("2999-01-01T00:00:00Z"));
}

#[test]
fn a_manifest_with_findings_that_were_not_recorded_is_refused() {
    is_refused_with("/predicate/findings/counts", json!([{"class": "email", "open": 0}]));
}

#[test]
fn a_manifest_with_a_field_that_nobody_knows_is_refused() {
    is_refused_when_edited(&Sandbox::new(), |manifest| {
        manifest["predicate"]["note"] = json!("approved for vendors");
    });
}

#[test]
fn a_manifest_of_an_older_format_is_refused() {
    is_refused_with("/predicateType", json!("urn:packet:release:v0"));
}

#[test]
fn a_manifest_in_another_encoding_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let honest = forge.manifest(Forge::unchanged());
    let parsed: Value = serde_json::from_str(&honest).unwrap();
    let encodings = [
        serde_json::to_string_pretty(&parsed).unwrap() + "\n",
        honest.trim_end().to_owned(),
        honest.clone() + "\n",
        honest.replace('\n', "\r\n"),
        format!("\u{feff}{honest}"),
        honest.replacen('{', "{\"predicate\":{\"sources\":[]},", 1),
    ];
    for text in encodings {
        assert_ne!(text, honest);
        forge.draft(1, &text).refused("manifest-mismatch", "releases/1/manifest.json");
    }
    forge.draft(1, &honest).accepted();
}

#[test]
fn a_manifest_bound_to_an_older_head_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let honest = forge.manifest(Forge::unchanged());
    forge.section("privacy-lead", "summary").accepted();
    let draft = forge.draft(1, &honest);
    draft.refused("manifest-mismatch", "does not bind this packet at this head");
    forge.draft(1, &forge.manifest(Forge::unchanged())).accepted();
}

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
    for actor in crate::forge_release::SIGNERS {
        forge.signed(actor, 1, &honest).accepted();
    }
    let approval = forge.approval(1, &bound, &honest);
    forge.approved_with(&approval, &owners).refused("authority-signature", "did not sign these bytes");
    forge.approved(&approval, &honest).accepted();
}
