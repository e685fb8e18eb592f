//! A charter that demands a touched hardware key: the token says in its signature whether it was touched, which the stock
//! ssh-keygen does not ask.

use std::fs;
use std::process::Command;

use ed25519_dalek::{Signer as _, SigningKey};
use packet::model::namespace::Namespace;
use packet::model::release::{Approval, Presence};
use sha2::{Digest as _, Sha256};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

use crate::forge::Forge;
use crate::forge_release::{OWNER, SIGNERS};
use crate::sandbox::Sandbox;

/// A hardware key made of software: it answers with the flags the test wants.
struct Token(SigningKey);

impl Token {
    const APPLICATION: &'static str = "ssh:";
    const TOUCHED: u8 = 1;

    fn new() -> Self {
        Self(SigningKey::from_bytes(&[7; 32]))
    }

    fn key_data(&self) -> KeyData {
        let point = Ed25519PublicKey::from(self.0.verifying_key());
        KeyData::SkEd25519(SkEd25519::new(point, Self::APPLICATION))
    }

    fn public_key(&self) -> String {
        ssh_key::PublicKey::from(self.key_data()).to_openssh().unwrap()
    }

    fn sign(&self, namespace: Namespace, message: &[u8], flags: u8) -> String {
        let asked = SshSig::signed_data(namespace.as_str(), HashAlg::Sha512, message).unwrap();
        let state = [&[flags][..], &41_u32.to_be_bytes()].concat();
        let seen = [&Sha256::digest(Self::APPLICATION)[..], &state, &Sha256::digest(asked)[..]].concat();
        let raw = [&self.0.sign(&seen).to_bytes()[..], &state].concat();
        let raw = ssh_key::Signature::new(Algorithm::SkEd25519, raw).unwrap();
        let blob = SshSig::new(self.key_data(), namespace.as_str(), HashAlg::Sha512, raw).unwrap();
        blob.to_pem(LineEnding::LF).unwrap()
    }
}

/// A packet whose owner has a plain key and a token; gives the bound commit and the manifest, signed by everybody else.
fn signed(token: &Token, presence: bool) -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    let plain = format!("[\"{}\"]", sandbox.public_key(OWNER));
    let both = format!("[\"{}\", \"{}\"]", sandbox.public_key(OWNER), token.public_key());
    let charter = sandbox.charter().replace(&plain, &both);
    let demand = format!("presence = {presence}\n\n[rules]");
    sandbox.open_with(&charter.replace("\n[rules]", &demand));
    sandbox.add_evidence();
    let forge = Forge::on(&sandbox);
    let (bound, manifest) = (sandbox.head(), forge.manifest(Forge::unchanged()));
    forge.draft(1, &manifest).accepted();
    for actor in SIGNERS {
        forge.signed(actor, 1, &manifest).accepted();
    }
    (sandbox, bound, manifest)
}

/// Whether the stock ssh-keygen accepts the owner's signature, by the packet's own roster.
fn stock_accepts(sandbox: &Sandbox, manifest: &str, armour: &str) -> bool {
    let (roster, signature) = (sandbox.path("allowed_signers"), sandbox.path("owner.sig"));
    fs::write(&roster, Forge::on(sandbox).file("allowed_signers")).unwrap();
    fs::write(&signature, armour).unwrap();
    fs::write(sandbox.path("manifest.json"), manifest).unwrap();
    let mut keygen = Command::new("ssh-keygen");
    sandbox.bare(&mut keygen).args(["-Y", "verify", "-I", OWNER, "-n", "packet.release.v1", "-f"]).arg(roster);
    keygen.arg("-s").arg(signature).stdin(fs::File::open(sandbox.path("manifest.json")).unwrap());
    keygen.output().unwrap().status.success()
}

#[test]
fn an_approval_by_an_untouched_hardware_key_is_refused_where_a_touch_is_demanded() {
    let token = Token::new();
    let (sandbox, bound, manifest) = signed(&token, true);
    let forge = Forge::on(&sandbox);
    let approval = forge.approval(1, &bound, &manifest);
    let untouched = token.sign(Namespace::Release, manifest.as_bytes(), 0);
    let touched = token.sign(Namespace::Release, manifest.as_bytes(), Token::TOUCHED);
    assert!(stock_accepts(&sandbox, &manifest, &untouched));
    assert!(stock_accepts(&sandbox, &manifest, &touched));
    assert!(!stock_accepts(&sandbox, &manifest.replace("prod-eu", "prod-us"), &touched));
    forge.approved_with(&approval, &untouched).refused("presence-missing", "demands a touched hardware key");
    let claimed = Approval { presence: Presence::Touched, ..approval.clone() };
    forge.approved_with(&claimed, &untouched).refused("malformed-file", "whether a key was touched");
    forge.approved_with(&approval, &touched).refused("malformed-file", "whether a key was touched");
    forge.approved_with(&claimed, &touched).accepted();
    let verified = forge.verify().exits(0).json();
    assert_eq!(verified["state"], "approved");
}

#[test]
fn an_approval_by_a_key_file_is_refused_where_a_touch_is_demanded() {
    let token = Token::new();
    let (sandbox, bound, manifest) = signed(&token, true);
    let forge = Forge::on(&sandbox);
    forge.command_refused(OWNER, &["approve", "--confirm", &bound], "presence-missing");
    let approval = forge.approval(1, &bound, &manifest);
    forge.approved(&approval, &manifest).refused("presence-missing", "demands a touched hardware key");
    let touched = Approval { presence: Presence::Touched, ..approval };
    let armour = token.sign(Namespace::Release, manifest.as_bytes(), Token::TOUCHED);
    forge.approved_with(&touched, &armour).accepted();
}

#[test]
fn an_untouched_hardware_key_approves_where_no_touch_is_demanded() {
    let token = Token::new();
    let (sandbox, bound, manifest) = signed(&token, false);
    let forge = Forge::on(&sandbox);
    let untouched = token.sign(Namespace::Release, manifest.as_bytes(), 0);
    forge.approved_with(&forge.approval(1, &bound, &manifest), &untouched).accepted();
    forge.verify().exits(0);
}

#[test]
fn a_touch_for_another_purpose_or_manifest_is_no_approval() {
    let token = Token::new();
    let (sandbox, bound, manifest) = signed(&token, true);
    let forge = Forge::on(&sandbox);
    let approval = Approval { presence: Presence::Touched, ..forge.approval(1, &bound, &manifest) };
    for (namespace, message) in [(Namespace::Git, manifest.as_bytes()), (Namespace::Release, b"another")] {
        let armour = token.sign(namespace, message, Token::TOUCHED);
        forge.approved_with(&approval, &armour).refused("authority-signature", "");
    }
    let armour = token.sign(Namespace::Release, manifest.as_bytes(), Token::TOUCHED);
    let entry = forge.approved_with(&approval, &armour);
    entry.signature(move |payload| Token::new().sign(Namespace::Git, payload, 0)).accepted();
}
