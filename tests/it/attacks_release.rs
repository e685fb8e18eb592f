//! Attacks on drafts, signatures and approvals. What is forged is in good form and signed by the right keys, but for the
//! one wrong thing; the neighbour without it is accepted.

use packet::model::id::{ActorId, CommitId};
use packet::model::manifest;
use packet::model::namespace::Namespace;
use packet::model::release::{Approval, Presence};
use packet::model::source::SourceCheck;
use packet::model::time::Time;
use serde_json::json;

use crate::forge::Forge;
use crate::forge_release::{DRAFTER, OWNER, SIGNERS};
use crate::sandbox::Sandbox;

/// Evidence, a draft of it, and everybody's signature: only the owner is awaited.
struct Signed {
    sandbox: Sandbox,
    bound: String,
    manifest: String,
}

impl Signed {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.with_evidence();
        Self::drafted(sandbox, &SIGNERS)
    }

    fn drafted(sandbox: Sandbox, signers: &[&str]) -> Self {
        let forge = Forge::on(&sandbox);
        let (bound, manifest) = (sandbox.head(), forge.manifest(Forge::unchanged()));
        forge.draft(1, &manifest).accepted();
        for actor in signers {
            forge.signed(actor, 1, &manifest).accepted();
        }
        Self { sandbox, bound, manifest }
    }

    fn forge(&self) -> Forge<'_> {
        Forge::on(&self.sandbox)
    }

    fn approval(&self) -> Approval {
        self.forge().approval(1, &self.bound, &self.manifest)
    }

    /// An approval now is refused for this reason.
    #[track_caller]
    fn is_not_approved(&self, code: &str, words: &str) {
        self.forge().approved(&self.approval(), &self.manifest).refused(code, words);
    }

    /// An approval now is accepted, and the release holds.
    #[track_caller]
    fn is_approved(&self) {
        self.forge().approved(&self.approval(), &self.manifest).accepted();
        self.forge().verify().exits(0);
    }
}

fn with_state(state: &str) -> Vec<SourceCheck> {
    let check = json!({"name": "vault", "kind": "evidence", "state": state, "subjects": 3});
    vec![serde_json::from_value(check).unwrap()]
}

#[test]
fn a_signature_given_twice_is_refused() {
    let signed = Signed::new();
    let forge = signed.forge();
    let again = || forge.signed("privacy-lead", 1, &signed.manifest);
    again().refused("wrong-place", "it changes nothing");
    let other = again().file("releases/1/signatures/privacy-lead.sig", "another").file("releases/1/x", "");
    other.refused("wrong-place", "is no file of a packet");
    let over = forge.entry("privacy-lead", "sign").file("releases/1/signatures/privacy-lead.sig", "another");
    over.refused("wrong-place", "adds exactly one file");
    let head = signed.sandbox.head();
    signed.sandbox.json("forensics-lead", &["sign", "1"]).exits(0);
    assert_eq!(signed.sandbox.head(), head, "the same command again answers with the entry that is there");
    signed.sandbox.packet("reliability", &["drift", "--record"]).exits(0);
    forge.command_refused("reliability", &["sign", "1"], "wrong-state");
    signed.is_approved();
}

#[test]
fn a_signature_copied_under_another_actors_name_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let signed = Signed::drafted(sandbox, &["privacy-lead", "reliability"]);
    let forge = signed.forge();
    let copied = forge.file("releases/1/signatures/privacy-lead.sig");
    let theirs = "releases/1/signatures/forensics-lead.sig";
    let entry = forge.entry("forensics-lead", "sign").file(theirs, &copied);
    entry.refused("authority-signature", "which is not theirs");
    let entry = forge.entry("privacy-lead", "sign").file(theirs, &copied);
    entry.refused("not-allowed", "privacy-lead may not sign for forensics-lead");
    signed.is_not_approved("signature-missing", "role forensics");
    forge.signed("forensics-lead", 1, &signed.manifest).accepted();
    signed.is_approved();
}

#[test]
fn two_keys_of_one_actor_are_one_vote() {
    let sandbox = Sandbox::new();
    sandbox.new_key("second-key");
    sandbox.new_key("privacy-two");
    let (first, second) = (sandbox.public_key("privacy-lead"), sandbox.public_key("second-key"));
    let two = sandbox.public_key("privacy-two");
    let charter = sandbox.charter().replace("role = \"privacy-lead\", count = 1", "role = \"privacy-lead\", count = 2");
    let charter = charter.replace(&format!("[\"{first}\"]"), &format!("[\"{first}\", \"{second}\"]"));
    let charter = charter.replace(
        "\n[[source]]",
        &format!("\n[[actor]]\nid = \"privacy-two\"\nkind = \"human\"\nroles = [\"privacy-lead\"]\nkeys = [\"{two}\"]\n\n[[source]]"),
    );
    sandbox.open_with(&charter);
    sandbox.add_evidence();
    let signed = Signed::drafted(sandbox, &SIGNERS);
    let forge = signed.forge();
    let head = signed.sandbox.head();
    signed.sandbox.json("second-key", &["sign", "1"]).exits(0);
    assert_eq!(signed.sandbox.head(), head, "the actor's signature is there already, by whichever key");
    let armour = forge.sign("second-key", Namespace::Release, signed.manifest.as_bytes());
    for name in ["privacy-lead", "privacy-two", "second-key"] {
        let entry = forge.entry("privacy-lead", "sign").key("second-key");
        let entry = entry.file(&format!("releases/1/signatures/{name}.sig"), &armour);
        let code = if name == "privacy-lead" { "wrong-place" } else { "not-allowed" };
        entry.refused(code, "");
    }
    signed.is_not_approved("signature-missing", "lacks 1 counting signature in role privacy-lead");
    forge.signed("privacy-two", 1, &signed.manifest).accepted();
    signed.is_approved();
}

#[test]
fn a_signature_over_other_bytes_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let signed = Signed::drafted(sandbox, &[]);
    let forge = signed.forge();
    let entry = forge.signed("privacy-lead", 1, signed.manifest.trim_end());
    entry.refused("authority-signature", "did not sign these bytes");
    let path = "releases/1/signatures/privacy-lead.sig";
    for namespace in [Namespace::Git, Namespace::Ledger, Namespace::Charter] {
        let armour = forge.sign("privacy-lead", namespace, signed.manifest.as_bytes());
        forge.entry("privacy-lead", "sign").file(path, armour).refused("authority-signature", "signed for namespace");
    }
    let good = forge.sign("privacy-lead", Namespace::Release, signed.manifest.as_bytes());
    for odd in [format!("{good}{good}"), format!("{good}\n"), good.replace('\n', "\r\n"), String::new()] {
        forge.entry("privacy-lead", "sign").file(path, odd).refused("authority-signature", "");
    }
    forge.entry("privacy-lead", "sign").file(path, good).accepted();
}

#[test]
fn an_approval_with_a_signature_missing_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let signed = Signed::drafted(sandbox, &["privacy-lead", "forensics-lead"]);
    signed.is_not_approved("signature-missing", "role reliability");
    signed.forge().command_refused(OWNER, &["approve", "--confirm", &signed.bound], "signature-missing");
    signed.forge().signed("reliability", 1, &signed.manifest).accepted();
    signed.is_approved();
}

#[test]
fn the_owner_fills_no_required_role() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter().replacen("\"governance\"", "\"governance\", \"forensics\"", 1);
    sandbox.open_with(&charter);
    sandbox.add_evidence();
    let signed = Signed::drafted(sandbox, &["privacy-lead", "reliability"]);
    let forge = signed.forge();
    forge.command_refused(OWNER, &["sign", "1"], "not-allowed");
    forge.signed(OWNER, 1, &signed.manifest).refused("not-allowed", "other than the release owner");
    signed.is_not_approved("signature-missing", "role forensics (open to: forensics-lead)");
    forge.signed("forensics-lead", 1, &signed.manifest).accepted();
    signed.is_approved();
}

#[test]
fn somebody_without_a_required_role_does_not_sign() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter().replace("\"forensics\", \"contributor\"", "\"contributor\"");
    let charter = charter.replace(", { role = \"forensics\", count = 1 }", "");
    sandbox.open_with(&charter);
    sandbox.add_evidence();
    let signed = Signed::drafted(sandbox, &["privacy-lead", "reliability"]);
    signed.forge().signed("forensics-lead", 1, &signed.manifest).refused("not-allowed", "`sign` is for");
    signed.is_approved();
}

#[test]
fn nobody_vouches_alone_for_their_own_work() {
    let sandbox = Sandbox::new();
    let charter = sandbox.charter().replace("{ role = \"privacy-lead\", count = 1 }, ", "");
    let charter = charter.replace(", { role = \"forensics\", count = 1 }", "");
    sandbox.open_with(&charter);
    sandbox.add_evidence();
    let signed = Signed::drafted(sandbox, &["reliability"]);
    signed.is_not_approved("no-independent-signer", "reliability wrote changes of release 1");
    signed.forge().command_refused(OWNER, &["approve", "--confirm", &signed.bound], "no-independent-signer");
}

#[test]
fn a_release_is_approved_by_its_owner_alone() {
    let signed = Signed::new();
    let forge = signed.forge();
    for actor in ["privacy-lead", "triage-agent"] {
        let approval = Approval { by: ActorId::new(actor).unwrap(), ..signed.approval() };
        let armour = forge.sign(actor, Namespace::Release, signed.manifest.as_bytes());
        for name in [actor, OWNER] {
            let entry = forge.entry(actor, "approve").file(&format!("releases/1/signatures/{name}.sig"), &armour);
            let approval = packet::model::canonical::encode(&approval);
            let entry = entry.file("releases/1/approval.toml", approval);
            entry.refused("not-allowed", "`approve` is for the release owner");
        }
        forge.approved_with(&signed.approval(), &armour).refused("authority-signature", "which is not theirs");
    }
    forge.approved(&signed.approval(), &signed.manifest).key("privacy-lead").refused("entry-key", "release-owner");
    signed.is_approved();
}

#[test]
fn an_approval_is_whole() {
    let signed = Signed::new();
    let forge = signed.forge();
    let words = "`approve` adds the owner's signature and approval.toml";
    let toml = packet::model::canonical::encode(&signed.approval());
    let alone = forge.entry(OWNER, "approve").file("releases/1/approval.toml", &toml);
    alone.refused("wrong-place", words);
    let armour = forge.sign(OWNER, Namespace::Release, signed.manifest.as_bytes());
    let alone = forge.entry(OWNER, "approve").file("releases/1/signatures/release-owner.sig", armour);
    alone.refused("wrong-place", words);
    let more = forge.approved(&signed.approval(), &signed.manifest).remove("releases/1/signatures/reliability.sig");
    more.refused("wrong-place", words);
    signed.is_approved();
}

#[test]
fn an_approval_names_its_release_commit_manifest_owner_and_time() {
    let signed = Signed::new();
    let (forge, good) = (signed.forge(), signed.approval());
    let later = Time::from_seconds(good.at.seconds() + 1).unwrap();
    let wrong = [
        Approval { commit: CommitId::new("1".repeat(40)).unwrap(), ..good.clone() },
        Approval { manifest_sha256: manifest::sha256("another"), ..good.clone() },
        Approval { by: ActorId::new("privacy-lead").unwrap(), ..good.clone() },
        Approval { format: 2, ..good.clone() },
    ];
    for approval in wrong {
        forge.approved(&approval, &signed.manifest).refused("manifest-mismatch", "names something else");
    }
    let dated = forge.approved(&Approval { at: later, ..good.clone() }, &signed.manifest).time(good.at.seconds());
    dated.refused("manifest-mismatch", "names something else");
    let numbered = packet::model::canonical::encode(&Approval { release: 2, ..good.clone() });
    let entry = forge.approved(&good, &signed.manifest).file("releases/1/approval.toml", numbered);
    entry.refused("manifest-mismatch", "names something else");
    let boasting = Approval { presence: Presence::Touched, ..good };
    forge.approved(&boasting, &signed.manifest).refused("malformed-file", "whether a key was touched");
    signed.is_approved();
}

#[test]
fn an_approval_with_a_source_that_drifted_is_refused() {
    let signed = Signed::new();
    for (state, code) in [("drifted", "source-drifted"), ("missing", "source-missing"), ("expired", "source-drifted")] {
        let approval = Approval { source: with_state(state), ..signed.approval() };
        signed.forge().approved(&approval, &signed.manifest).refused(code, state);
    }
    signed.is_approved();
}

#[test]
fn a_draft_with_a_source_that_drifted_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    for (state, code) in [("drifted", "source-drifted"), ("missing", "source-missing"), ("expired", "source-drifted")] {
        forge.draft(1, &forge.manifest(with_state(state))).refused(code, state);
    }
    forge.draft(1, &forge.manifest(Forge::unchanged())).accepted();
}

#[test]
fn a_draft_although_an_objection_is_open_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let id = sandbox.object("triage-agent", "other", "packet");
    let draft = || forge.draft(1, &forge.manifest(Forge::unchanged()));
    draft().refused("objection-open", &id);
    forge.command_refused(DRAFTER, &["draft"], "objection-open");
    sandbox.packet(DRAFTER, &["address", &id, "-m", "done"]).exits(0);
    draft().refused("objection-addressed", &id);
    forge.command_refused(DRAFTER, &["draft"], "objection-addressed");
    sandbox.packet("forensics-lead", &["close", &id, "-m", "agreed"]).exits(0);
    draft().accepted();
}

#[test]
fn a_draft_over_a_residual_whose_target_changed_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let id = sandbox.object("triage-agent", "other", "packet");
    sandbox.packet(OWNER, &["accept-residual", &id, "--rationale", "known"]).exits(0);
    let draft = || forge.draft(1, &forge.manifest(Forge::unchanged()));
    let before = sandbox.head();
    draft().accepted();
    forge.go_back(&before);
    forge.section("privacy-lead", "summary").accepted();
    draft().refused("residual-lapsed", &id);
    forge.command_refused(DRAFTER, &["draft"], "residual-lapsed");
}

#[test]
fn a_draft_takes_the_next_number_alone() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let manifest = forge.manifest(Forge::unchanged());
    forge.draft(2, &manifest).refused("wrong-place", "the next draft is releases/1/manifest.json");
    let more = forge.draft(1, &manifest).file("releases/2/manifest.json", &manifest);
    more.refused("wrong-place", "adds exactly one file");
    forge.draft(1, &manifest).accepted();
    let over = forge.draft(1, &manifest.replace("prod-eu", "prod-us"));
    over.refused("wrong-place", "adds exactly one file");
}

#[test]
fn an_approval_after_an_objection_arrived_is_refused() {
    let signed = Signed::new();
    let id = signed.sandbox.object("triage-agent", "other", "packet");
    signed.is_not_approved("void", "object by triage-agent");
    signed.sandbox.packet("forensics-lead", &["withdraw", &id, "-m", "sorry"]).exits(0);
    signed.is_not_approved("void", "object by triage-agent");
}

#[test]
fn an_approval_after_another_revision_is_refused() {
    let signed = Signed::new();
    let forge = signed.forge();
    let head = signed.sandbox.head();
    forge.section("privacy-lead", "summary").accepted();
    signed.is_not_approved("void", "commit by privacy-lead");
    forge.signed("privacy-lead", 1, &signed.manifest).refused("wrong-place", "it changes nothing");
    forge.go_back(&head);
    signed.is_approved();
}

#[test]
fn an_approval_of_a_held_release_is_refused() {
    let signed = Signed::new();
    signed.sandbox.packet("privacy-lead", &["hold", "1", "--because", "scope", "-m", "wait"]).exits(0);
    signed.is_not_approved("held", "hold by privacy-lead");
}

#[test]
fn a_signature_on_a_release_that_ended_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let signed = Signed::drafted(sandbox, &["privacy-lead"]);
    let forge = signed.forge();
    let sign = || forge.signed("reliability", 1, &signed.manifest);
    sign().accepted();
    let head = signed.sandbox.head();
    forge.signed("forensics-lead", 1, &signed.manifest).accepted();
    forge.go_back(&head);
    forge.section("privacy-lead", "summary").accepted();
    let late = forge.signed("forensics-lead", 1, &signed.manifest);
    late.refused("wrong-state", "release 1 is not an open draft");
    forge.signed("forensics-lead", 2, &signed.manifest).refused("no-release", "there is no release 2");
}

#[test]
fn a_key_that_was_retired_or_compromised_signs_nothing_new() {
    for standing in ["retired", "compromised"] {
        let sandbox = Sandbox::new();
        sandbox.new_key("old-key");
        let (key, old) = (sandbox.public_key("privacy-lead"), sandbox.public_key("old-key"));
        let charter = sandbox.charter().replace(&format!("[\"{key}\"]"), &format!("[\"{key}\", \"{old}\"]"));
        let revoked = format!("\n[[revoked]]\nkey = \"{old}\"\nas = \"{standing}\"\n\n[[source]]");
        sandbox.open_with(&charter.replace("\n[[source]]", &revoked));
        sandbox.add_evidence();
        let signed = Signed::drafted(sandbox, &["reliability", "forensics-lead"]);
        let forge = signed.forge();
        assert!(!forge.file("allowed_signers").contains(&old), "stock git is not told of it");
        forge.section("privacy-lead", "summary").key("old-key").refused("entry-key", standing);
        let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
        forge.command_refused("old-key", &object, "entry-key");
        let armour = forge.sign("old-key", Namespace::Release, signed.manifest.as_bytes());
        let entry = forge.entry("privacy-lead", "sign").file("releases/1/signatures/privacy-lead.sig", armour);
        entry.refused("authority-signature", "which is not theirs");
        forge.signed("privacy-lead", 1, &signed.manifest).accepted();
        signed.is_approved();
    }
}
