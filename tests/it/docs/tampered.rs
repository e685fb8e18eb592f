//! The check without `packet` notices what was altered: each test breaks one thing and names the step that stops.
//!
//! What is altered is signed again by somebody of the roster, as a colluding insider would, so that it is the step in
//! question that fails and not the first one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Page, Reader};

/// The script of the page, run over a reader's repository, stops where this is said.
#[track_caller]
fn stops_at(reader: &Reader, step: &str) {
    let (script, _) = Page::named("docs/verify-without-packet.md").script();
    let answer = reader.types(&script);
    assert_eq!(answer.code, 1, "it should stop at `{step}`: {}{}", answer.out, answer.err);
    let last = answer.err.lines().rfind(|l| l.starts_with("does not hold: ")).unwrap_or(&answer.err);
    assert!(last.contains(step), "it should stop at `{step}`: {}", answer.err);
}

/// An insider with the keys of everybody, and a work tree of the packet's branch.
struct Insider<'a> {
    reader: &'a Reader,
    tree: PathBuf,
}

impl<'a> Insider<'a> {
    fn of(reader: &'a Reader) -> Self {
        let tree = reader.sandbox.path("insider");
        let repo = reader.sandbox.repo();
        let clone = ["clone", "-q", "-b", "packet/checkout", repo.to_str().unwrap(), tree.to_str().unwrap()];
        reader.sandbox.run(Command::new("git").args(clone));
        Self { reader, tree }
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.reader.sandbox.run(Command::new("git").arg("-C").arg(&self.tree).args(arguments))
    }

    /// git with an actor's name and key.
    fn git_as(&self, actor: &str, arguments: &[&str]) -> String {
        let key = self.reader.sandbox.key(actor);
        let settings = [
            format!("user.name={actor}"),
            format!("user.email={actor}@packet.invalid"),
            "gpg.format=ssh".to_owned(),
            format!("user.signingkey={}", key.display()),
        ];
        let settings = settings.iter().flat_map(|s| ["-c", s.as_str()]);
        self.git(&settings.chain(arguments.iter().copied()).collect::<Vec<_>>())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.tree.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Changes one letter of a file, `at` bytes from its start.
    fn alter(&self, path: &str, at: usize) {
        let mut bytes = self.read(path).into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        self.write(path, &String::from_utf8(bytes).unwrap());
    }

    /// Commits everything as an entry of this operation, signed by `signer` in the name of `actor`.
    fn records_as(&self, signer: &str, actor: &str, operation: &str) {
        self.git(&["add", "-A"]);
        let trailers = format!("Packet-Operation: {operation}\nPacket-Actor: {actor}\nPacket-Revision: 2");
        let message = format!("{operation}: by hand\n\n{trailers}");
        self.git_as(signer, &["commit", "-q", "--allow-empty", "-S", "-m", &message]);
    }

    fn records(&self, actor: &str, operation: &str) {
        self.records_as(actor, actor, operation);
    }

    fn pushes(&self) {
        self.git(&["push", "-q", "--force", "origin", "HEAD:packet/checkout"]);
    }

    /// A signature over a file in the namespace of releases.
    fn signature(&self, actor: &str, path: &Path) -> String {
        let key = self.reader.sandbox.key(actor);
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-Y", "sign", "-n", "packet.release.v1", "-f"]).arg(key).arg(path);
        self.reader.sandbox.run(&mut sign);
        let file = PathBuf::from(format!("{}.sig", path.display()));
        let text = fs::read_to_string(&file).unwrap();
        fs::remove_file(file).unwrap();
        text
    }

    /// From the bound commit on, drafts, signs, approves and tags this manifest by hand, with everybody's keys.
    fn releases(&self, manifest: &str) {
        let commit = self.git(&["log", "-1", "--format=%P", "--", "releases/1/manifest.json"]);
        self.git(&["reset", "-q", "--hard", &commit]);
        self.write("releases/1/manifest.json", manifest);
        self.records("reliability", "draft");
        let file = self.tree.join("releases/1/manifest.json");
        for signer in ["privacy-lead", "reliability", "forensics-lead", "release-owner"] {
            self.write(&format!("releases/1/signatures/{signer}.sig"), &self.signature(signer, &file));
        }
        let digest = self.reader.sandbox.run(Command::new("sha256sum").arg(&file));
        let digest = digest.split(' ').next().unwrap().to_owned();
        let approval = format!("commit = \"{commit}\"\nmanifest_sha256 = \"{digest}\"\nby = \"release-owner\"\n");
        self.write("releases/1/approval.toml", &approval);
        self.records("release-owner", "approve");
        self.git_as("release-owner", &["tag", "-f", "-s", "-m", "approved", "packet/checkout/1"]);
        self.git(&["push", "-q", "--force", "origin", "packet/checkout/1"]);
        self.pushes();
    }
}

#[test]
fn a_release_made_by_hand_passes_when_nothing_is_altered() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    insider.releases(&insider.read("releases/1/manifest.json"));
    let (script, _) = Page::named("docs/verify-without-packet.md").script();
    let answer = reader.types(&script);
    assert_eq!(answer.code, 0, "the tests below alter one thing of this: {}{}", answer.out, answer.err);
}

#[test]
fn another_genesis_is_noticed() {
    let mut reader = Reader::with_release();
    reader.genesis = reader.sandbox.head();
    stops_at(&reader, "test");
}

#[test]
fn an_entry_that_nobody_of_the_roster_signed_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    reader.sandbox.new_key("stranger");
    insider.records_as("stranger", "reliability", "respond");
    insider.pushes();
    stops_at(&reader, "verify-commit");
}

#[test]
fn an_entry_in_somebody_elses_name_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    insider.records_as("triage-agent", "reliability", "respond");
    insider.pushes();
    stops_at(&reader, "test triage-agent = reliability");
}

#[test]
fn one_byte_of_a_manifest_signature_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    insider.alter("releases/1/signatures/privacy-lead.sig", 200);
    insider.records("reliability", "respond");
    insider.pushes();
    stops_at(&reader, "ssh-keygen -Y verify");
}

#[test]
fn a_missing_required_signature_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    fs::remove_file(insider.tree.join("releases/1/signatures/forensics-lead.sig")).unwrap();
    insider.records("reliability", "respond");
    insider.pushes();
    stops_at(&reader, "test 0 -ge 1");
}

#[test]
fn a_manifest_that_was_touched_again_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    insider.alter("releases/1/manifest.json", 10);
    insider.records("reliability", "draft");
    insider.pushes();
    stops_at(&reader, "test 2 = 1");
}

#[test]
fn a_manifest_with_another_digest_of_the_material_is_noticed_though_everybody_signed_it() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    let manifest = insider.read("releases/1/manifest.json");
    let (before, after) = manifest.rsplit_once("\"sha256\":\"").unwrap();
    let other = if after.starts_with('0') { "1" } else { "0" };
    insider.releases(&format!("{before}\"sha256\":\"{other}{}", &after[1..]));
    let material = after.split('"').next().unwrap();
    stops_at(&reader, &format!("test {material} = {other}{}", &material[1..]));
}

#[test]
fn a_manifest_for_another_owner_is_noticed_though_everybody_signed_it() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    let manifest = insider.read("releases/1/manifest.json");
    insider.releases(&manifest.replace("\"release_owner\":\"release-owner\"", "\"release_owner\":\"reliability\""));
    stops_at(&reader, "test reliability = release-owner");
}

#[test]
fn one_byte_of_the_material_after_the_bound_commit_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    let fragment = insider.read("fragments/stack.toml");
    insider.alter("fragments/stack.toml", fragment.find("sha256 = \"").unwrap() + 10);
    insider.records("reliability", "respond");
    insider.pushes();
    stops_at(&reader, "test -z fragments/stack.toml");
}

#[test]
fn an_objection_after_the_approval_is_noticed() {
    let reader = Reader::with_release();
    reader.sandbox.object("triage-agent", "identifier-leakage", "fragment:stack");
    stops_at(&reader, "test 1 = 0");
}

#[test]
fn a_hold_is_noticed() {
    let reader = Reader::with_release();
    reader.sandbox.packet("reliability", &["hold", "--because", "disagreement", "-m", "it still shows"]).exits(0);
    stops_at(&reader, "test -z releases/1/hold-1.toml");
}

#[test]
fn a_newer_release_is_noticed() {
    let reader = Reader::with_release();
    let commit = reader.sandbox.draft_and_sign();
    reader.sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
    stops_at(&reader, "test 2 -le 1");
}

#[test]
fn a_tag_that_was_moved_is_noticed() {
    let reader = Reader::with_release();
    let insider = Insider::of(&reader);
    let commit = insider.git(&["rev-parse", "HEAD~1"]);
    insider.git_as("release-owner", &["tag", "-f", "-s", "-m", "approved", "packet/checkout/1", &commit]);
    insider.git(&["push", "-q", "--force", "origin", "packet/checkout/1"]);
    stops_at(&reader, &format!("test object {commit}"));
}

#[test]
fn a_release_whose_time_is_over_is_noticed() {
    let reader = Reader::with_release();
    let date = "#!/bin/sh\necho 2999-01-01T00:00:00Z\n";
    let file = reader.sandbox.path("bin/date");
    fs::write(&file, date).unwrap();
    reader.sandbox.run(Command::new("chmod").arg("+x").arg(&file));
    stops_at(&reader, "test 0 = 1");
}
