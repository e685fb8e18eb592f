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

/// Puts this object under the tag's name, expects `tag-wrong` with these words, and puts the good one back.
#[track_caller]
fn is_wrong(sandbox: &Sandbox, object: &str, words: &str) {
    let forge = Forge::on(sandbox);
    let good = sandbox.git(&["rev-parse", TAG]);
    assert_ne!(object, good);
    sandbox.git(&["update-ref", TAG, object]);
    let answer = forge.verify().exits(1);
    assert_eq!(answer.reasons(), ["tag-wrong"], "{answer:?}");
    let json = answer.json();
    let message = json["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains(words), "no `{words}` in: {message}");
    sandbox.git(&["update-ref", TAG, &good]);
    forge.verify().exits(0);
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
fn a_tag_moved_to_another_entry_is_wrong() {
    let sandbox = released();
    let (head, parent) = (sandbox.head(), sandbox.git(&["rev-parse", "packet/checkout^"]));
    let moved = retagged(&sandbox, OWNER, Namespace::Git, |text| text.replace(&head, &parent));
    is_wrong(&sandbox, &moved, "names another target");
}

#[test]
fn a_tag_without_an_object_of_its_own_is_wrong() {
    let sandbox = released();
    let head = sandbox.head();
    is_wrong(&sandbox, &head, "it is a commit, not a tag");
}

#[test]
fn a_nested_tag_is_wrong() {
    let sandbox = released();
    let (head, tag) = (sandbox.head(), sandbox.git(&["rev-parse", TAG]));
    let nested =
        retagged(&sandbox, OWNER, Namespace::Git, |text| text.replace(&head, &tag).replace("type commit", "type tag"));
    is_wrong(&sandbox, &nested, "names another target");
}

#[test]
fn a_tag_that_names_another_packet_number_tagger_or_time_is_wrong() {
    let sandbox = released();
    let time = Forge::on(&sandbox).time();
    let other = (time + 1).to_string();
    let edits: [(&str, &str); 5] = [
        ("tag packet/checkout/1", "tag packet/checkout/2"),
        ("tag packet/checkout/1", "tag packet/payment/1"),
        ("tagger release-owner", "tagger privacy-lead"),
        (&time.to_string(), &other),
        ("approved", "approved for vendors"),
    ];
    for (from, to) in edits {
        let odd = retagged(&sandbox, OWNER, Namespace::Git, |text| text.replace(from, to));
        is_wrong(&sandbox, &odd, "is not the tag of this release");
    }
}

#[test]
fn a_tag_signed_by_another_is_wrong() {
    let sandbox = released();
    sandbox.new_key("stranger");
    for key in ["privacy-lead", "triage-agent", "stranger"] {
        let signed = retagged(&sandbox, key, Namespace::Git, str::to_owned);
        is_wrong(&sandbox, &signed, "not by release-owner");
    }
}

#[test]
fn a_tag_signed_for_another_purpose_is_wrong() {
    let sandbox = released();
    let signed = retagged(&sandbox, OWNER, Namespace::Release, str::to_owned);
    is_wrong(&sandbox, &signed, "its signature does not hold");
}

#[test]
fn an_unsigned_or_doubly_signed_tag_is_wrong() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let text = sandbox.git(&["cat-file", "tag", TAG]) + "\n";
    let (payload, armour) = text.split_at(text.find("-----BEGIN").unwrap());
    for odd in [payload.to_owned(), format!("{text}{armour}"), format!("{text}\n"), format!("{text}more\n")] {
        let object = forge.object("tag", odd.as_bytes());
        is_wrong(&sandbox, &object, "its signature does not hold");
    }
}

#[test]
fn a_tag_renamed_to_another_release_is_wrong() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let first = sandbox.git(&["rev-parse", TAG]);
    sandbox.packet("reliability", &["draft"]).exits(0);
    sandbox.git(&["update-ref", "refs/tags/packet/checkout/2", &first]);
    let unapproved = sandbox.json("ci-service", &["verify", "2"]).exits(1);
    assert!(unapproved.reasons().contains(&"tag-wrong".to_owned()), "{unapproved:?}");
    for actor in crate::forge_release::SIGNERS {
        sandbox.packet(actor, &["sign", "2"]).exits(0);
    }
    let bound = forge.newest().bound.to_string();
    sandbox.packet(OWNER, &["approve", "2", "--confirm", &bound]).exits(0);
    assert_eq!(forge.verify().exits(1).reasons(), ["tag-wrong"]);
    sandbox.git(&["update-ref", "-d", "refs/tags/packet/checkout/2"]);
    sandbox.packet(OWNER, &["approve", "2"]).exits(0);
    forge.verify().exits(0);
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
