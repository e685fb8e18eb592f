//! Histories whose release does not hold, each for one reason that an entry is.

use packet::model::namespace::Namespace;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

/// A name, and what makes a release of a sandbox fail.
pub type No = (&'static str, fn(&Sandbox));

/// What makes an approved release of [`Sandbox::release`] fail.
pub const NOS: [No; 8] = [
    ("an open objection after the approval", open_objection),
    ("a hold", held),
    ("a new revision", revised),
    ("a residual that lapsed", residual_lapsed),
    ("the owner superseded it", superseded),
    ("a draft without a signature", unsigned),
    ("an approval that the agent forged", forged_approval),
    ("an entry whose signature was altered", altered),
];

fn open_objection(sandbox: &Sandbox) {
    sandbox.object("triage-agent", "identifier-leakage", "fragment:stack");
}

fn held(sandbox: &Sandbox) {
    sandbox.packet("forensics-lead", &["hold", "--because", "audience", "-m", "who reads it?"]).exits(0);
}

fn revised(sandbox: &Sandbox) {
    let who = "reliability";
    let session = ["add-session", "s2", "--environment", "prod-eu", "--sensitivity", "internal"];
    sandbox.packet(who, &session).exits(0);
    sandbox.packet(who, &["commit", "-m", "a second session"]).exits(0);
}

/// Accepted about a packet that then changed: open again.
fn residual_lapsed(sandbox: &Sandbox) {
    let id = sandbox.object("privacy-lead", "other", "packet");
    sandbox.packet("release-owner", &["accept-residual", &id, "--rationale", "a small one"]).exits(0);
    let commit = sandbox.draft_and_sign();
    sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    revised(sandbox);
}

fn superseded(sandbox: &Sandbox) {
    sandbox.packet("release-owner", &["supersede", "--because", "other", "-m", "a better one follows"]).exits(0);
}

/// The release is voided, and what follows it lacks a signature.
fn unsigned(sandbox: &Sandbox) {
    revised(sandbox);
    sandbox.packet("reliability", &["draft"]).exits(0);
    sandbox.packet("privacy-lead", &["sign"]).exits(0);
}

/// In the owner's name, with the agent's key, on a release that everybody required signed.
fn forged_approval(sandbox: &Sandbox) {
    revised(sandbox);
    let bound = sandbox.draft_and_sign();
    let forge = Forge::on(sandbox);
    let manifest = forge.file("releases/2/manifest.json");
    let armour = forge.sign("triage-agent", Namespace::Release, manifest.as_bytes());
    forge.approved_with(&forge.approval(2, &bound, &manifest), &armour).key("triage-agent").land();
}

fn altered(sandbox: &Sandbox) {
    let forge = Forge::on(sandbox);
    forge.section("reliability", "summary").after_signing(|text| text.replace("forged", "altered")).land();
}
