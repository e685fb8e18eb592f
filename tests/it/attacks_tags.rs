//! Attacks on release tags. They only point: a missing one is a warning, any other than the branch calls for a reason.

use packet::model::namespace::Namespace;

use crate::forge::Forge;
use crate::forge_release::OWNER;
use crate::sandbox::Sandbox;

const TAG: &str = "refs/tags/packet/checkout/1";

fn released() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.release();
    Forge::on(&sandbox).verify().exits(0);
    sandbox
}

/// The payload of the good tag, edited, and signed by this key for this purpose.
fn retagged(sandbox: &Sandbox, key: &str, namespace: Namespace, edit: impl FnOnce(&str) -> String) -> String {
    let forge = Forge::on(sandbox);
    let text = sandbox.git(&["cat-file", "tag", TAG]) + "\n";
    let payload = edit(text.split_once("-----BEGIN").unwrap().0);
    let armour = forge.sign(key, namespace, payload.as_bytes());
    forge.object("tag", (payload + &armour).as_bytes())
}

#[test]
fn the_good_tag_made_by_hand_is_the_good_tag() {
    let sandbox = released();
    let again = retagged(&sandbox, OWNER, Namespace::Git, str::to_owned);
    assert_eq!(again, sandbox.git(&["rev-parse", TAG]));
}

#[test]
fn a_missing_tag_is_a_warning_and_the_owner_makes_it_again() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let good = sandbox.git(&["rev-parse", TAG]);
    sandbox.git(&["update-ref", "-d", TAG]);
    let json = forge.verify().exits(0).json();
    assert!(json["warnings"][0].as_str().unwrap().starts_with("tag-missing"), "{json}");
    let before = sandbox.head();
    sandbox.packet(OWNER, &["approve"]).exits(0);
    assert_eq!((sandbox.git(&["rev-parse", TAG]), sandbox.head()), (good, before));
    assert_eq!(forge.verify().exits(0).json()["warnings"].as_array().unwrap().len(), 0);
}

#[test]
fn stock_git_verifies_the_tag_by_the_packets_own_roster() {
    let sandbox = released();
    let roster = sandbox.path("allowed_signers");
    std::fs::write(&roster, Forge::on(&sandbox).file("allowed_signers")).unwrap();
    let setting = format!("gpg.ssh.allowedSignersFile={}", roster.display());
    sandbox.git(&["-c", &setting, "verify-tag", "packet/checkout/1"]);
    sandbox.git(&["-c", &setting, "verify-commit", "packet/checkout"]);
}
