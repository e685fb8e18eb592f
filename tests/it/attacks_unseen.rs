//! Drafting on what nobody could see: decidedly no entry, and `repair` takes it off again.

use packet::model::source::SourceCheck;
use serde_json::json;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

fn vault_said(state: &str) -> Vec<SourceCheck> {
    let check = json!({"name": "vault", "kind": "evidence", "state": state, "subjects": 3});
    vec![serde_json::from_value(check).unwrap()]
}

#[test]
fn a_draft_over_an_unreadable_source_is_refused_and_repaired() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let good = sandbox.head();
    forge.draft(1, &forge.manifest(vault_said("unreachable"))).land();
    assert_eq!(forge.history().exits(1).reasons(), ["wrong-state"]);
    sandbox.packet("reliability", &["repair", "--confirm", &good]).exits(0);
    assert_eq!(sandbox.head(), good);
    forge.history().exits(0);
}

#[test]
fn a_foreign_commit_on_a_remote_tracking_branch_is_named_as_the_remotes() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let head = sandbox.head();
    let web = ["-c", "user.name=web", "-c", "user.email=web@example.test"];
    let edit = ["commit-tree", "packet/checkout^{tree}", "-p", "packet/checkout", "-m", "edit in the browser"];
    let foreign = sandbox.git(&[&web[..], &edit[..]].concat());
    sandbox.git(&["update-ref", "refs/remotes/origin/packet/checkout", &foreign]);
    assert_eq!(sandbox.json("ci-service", &["verify"]).exits(1).reasons()[0], "foreign-entry");
    assert_eq!(sandbox.json("reliability", &["repair"]).exits(1).reasons(), ["foreign-remote"]);
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/packet/checkout"]);
    sandbox.packet("reliability", &["repair"]).exits(0);
    assert_eq!(sandbox.head(), head);
}
