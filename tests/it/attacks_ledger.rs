//! Attacks on objections: edited, cut, closed by another, accepted by another, and the confused deputy. A forged act is
//! well-formed and names everything rightly, but for the one wrong thing.

use std::process::Command;

use packet::model::canonical::Stored;
use packet::model::digest::Blake3;
use packet::model::id::{ActorId, CommitId};
use packet::model::namespace::Namespace;
use packet::model::objection::{Act, ActKind, Objection, statement};
use packet::model::time::Time;

use crate::forge::{Entry, Forge};
use crate::sandbox::Sandbox;

const OBJECTOR: &str = "privacy-lead";
const OWNER: &str = "release-owner";
const AGENT: &str = "triage-agent";
/// The human who answers for the agent.
const OPERATOR: &str = "forensics-lead";

/// A packet with one open objection.
struct Dispute {
    sandbox: Sandbox,
    genesis: String,
    id: String,
}

impl Dispute {
    fn by(actor: &str) -> Self {
        let sandbox = Sandbox::new();
        let genesis = sandbox.with_evidence();
        let id = sandbox.object(actor, "identifier-leakage", "fragment:stack@100+16");
        Self { sandbox, genesis, id }
    }

    fn forge(&self) -> Forge<'_> {
        Forge::on(&self.sandbox)
    }

    fn path(&self) -> String {
        path_of(&self.id)
    }

    fn objection(&self) -> Objection {
        Objection::decode(self.forge().file(&self.path()).as_bytes()).unwrap()
    }

    /// An act in good form, its authority signed with this key.
    fn act(&self, by: &str, kind: ActKind, key: &str) -> Act {
        let (text, stored) = ("it is fine now".to_owned(), self.forge().file(&self.path()));
        let objection = self.objection();
        let target = kind.is_authority().then_some(objection.target);
        let genesis = CommitId::new(self.genesis.clone()).unwrap();
        let signature = target.map(|target| {
            let message = statement(&genesis, &self.id, kind, &Blake3::of(stored.as_bytes()), &target, &text);
            self.forge().sign(key, Namespace::Ledger, &message)
        });
        let at = Time::from_seconds(self.forge().time()).unwrap();
        Act { target, signature, ..Act::plain(kind, ActorId::new(by).unwrap(), at, text) }
    }

    /// An entry by this actor that appends the act.
    fn entry(&self, actor: &str, act: Act) -> Entry<'_> {
        let mut objection = self.objection();
        let operation = act.act.as_str();
        objection.thread.push(act);
        self.forge().entry(actor, operation).file(&self.path(), objection.encode())
    }
}

fn path_of(id: &str) -> String {
    format!("ledger/{}/{id}.toml", &id[12..])
}

#[test]
fn an_objection_is_not_edited() {
    let dispute = Dispute::by(OBJECTOR);
    let forge = dispute.forge();
    let softer = forge.file(&dispute.path()).replace("it may still show", "it is harmless");
    let respond = |text: String| forge.entry(OBJECTOR, "respond").file(&dispute.path(), text);
    respond(softer.clone()).refused("malformed-file", "the thread was cut");
    let mut objection = Objection::decode(softer.as_bytes()).unwrap();
    objection.thread.push(dispute.act(OBJECTOR, ActKind::Respond, OBJECTOR));
    respond(objection.encode()).refused("malformed-file", "a thread only grows");
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Respond, OBJECTOR)).accepted();
}

#[test]
fn an_objection_is_not_removed() {
    let dispute = Dispute::by(OBJECTOR);
    let forge = dispute.forge();
    for operation in ["respond", "withdraw", "close"] {
        forge.entry(OBJECTOR, operation).remove(&dispute.path()).refused("wrong-place", "may not be removed");
    }
    let touches = format!("`commit` may not touch {}", dispute.path());
    forge.section(OBJECTOR, "summary").remove(&dispute.path()).refused("wrong-place", &touches);
    forge.section(OBJECTOR, "summary").accepted();
}

#[test]
fn a_thread_is_not_cut_or_reordered() {
    let dispute = Dispute::by(OBJECTOR);
    let forge = dispute.forge();
    for text in ["one", "two", "three"] {
        dispute.sandbox.packet(AGENT, &["respond", &dispute.id, "-m", text]).exits(0);
    }
    let objection = dispute.objection();
    let respond = |objection: &Objection| forge.entry(AGENT, "respond").file(&dispute.path(), objection.encode());
    let mut cut = objection.clone();
    cut.thread.pop();
    respond(&cut).refused("malformed-file", "a thread only grows");
    cut.thread.push(dispute.act(AGENT, ActKind::Respond, AGENT));
    respond(&cut).refused("malformed-file", "a thread only grows");
    let mut swapped = objection.clone();
    swapped.thread.swap(0, 1);
    swapped.thread.push(dispute.act(AGENT, ActKind::Respond, AGENT));
    respond(&swapped).refused("malformed-file", "a thread only grows");
    let mut two = objection;
    two.thread.extend([dispute.act(AGENT, ActKind::Respond, AGENT), dispute.act(AGENT, ActKind::Respond, AGENT)]);
    respond(&two).refused("malformed-file", "a thread only grows");
    dispute.entry(AGENT, dispute.act(AGENT, ActKind::Respond, AGENT)).accepted();
}

#[test]
fn an_act_names_its_own_actor_operation_and_time() {
    let dispute = Dispute::by(OBJECTOR);
    let act = dispute.act(OBJECTOR, ActKind::Respond, OBJECTOR);
    let words = "another operation, actor or time";
    dispute.entry(AGENT, act.clone()).refused("malformed-file", words);
    let later = Act { at: Time::from_seconds(act.at.seconds() + 1).unwrap(), ..act.clone() };
    dispute.entry(OBJECTOR, later).refused("malformed-file", words);
    let mut objection = dispute.objection();
    objection.thread.push(act.clone());
    let address = dispute.forge().entry(OBJECTOR, "address").file(&dispute.path(), objection.encode());
    address.refused("malformed-file", words);
    dispute.entry(OBJECTOR, act).accepted();
}

#[test]
fn an_objection_is_withdrawn_by_its_objector_alone() {
    let dispute = Dispute::by(OBJECTOR);
    for actor in [OWNER, "reliability", OPERATOR, AGENT] {
        let entry = dispute.entry(actor, dispute.act(actor, ActKind::Withdraw, actor));
        entry.refused("not-allowed", "is for its objector (privacy-lead)");
    }
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR)).accepted();
}

#[test]
fn an_addressed_objection_is_closed_by_its_objector_alone() {
    let dispute = Dispute::by(OBJECTOR);
    let early = dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Close, OBJECTOR));
    early.refused("wrong-state", "is open: `close` does nothing");
    dispute.sandbox.packet("reliability", &["address", &dispute.id, "-m", "masked"]).exits(0);
    for actor in [OWNER, "reliability", AGENT] {
        let entry = dispute.entry(actor, dispute.act(actor, ActKind::Close, actor));
        entry.refused("not-allowed", "is for its objector (privacy-lead)");
    }
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Close, OBJECTOR)).accepted();
}

#[test]
fn a_closing_signed_with_another_actors_key_is_refused() {
    let dispute = Dispute::by(OBJECTOR);
    dispute.sandbox.packet("reliability", &["address", &dispute.id, "-m", "masked"]).exits(0);
    dispute.sandbox.new_key("stranger");
    for key in [OWNER, AGENT, "stranger"] {
        let entry = dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Close, key));
        entry.refused("authority-signature", "which is not theirs");
    }
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Close, OBJECTOR)).accepted();
}

#[test]
fn an_act_of_authority_without_its_own_signature_is_refused() {
    let dispute = Dispute::by(OBJECTOR);
    let act = dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR);
    let bare = Act { signature: None, ..act.clone() };
    dispute.entry(OBJECTOR, bare).refused("malformed-file", "carries too much or too little");
    let untargeted = Act { target: None, ..act.clone() };
    dispute.entry(OBJECTOR, untargeted).refused("malformed-file", "carries too much or too little");
    dispute.entry(OBJECTOR, act).accepted();
}

#[test]
fn an_authority_signature_is_bound_to_act_words_thread_target_objection_and_packet() {
    let dispute = Dispute::by(OBJECTOR);
    let good = dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR);
    let stored = dispute.forge().file(&dispute.path());
    let (thread, target) = (Blake3::of(stored.as_bytes()), dispute.objection().target);
    let here = CommitId::new(dispute.genesis.clone()).unwrap();
    let elsewhere = CommitId::new("1".repeat(40)).unwrap();
    let other = Blake3::of(b"other");
    let kind = ActKind::Withdraw;
    let wrong = [
        statement(&elsewhere, &dispute.id, kind, &thread, &target, &good.text),
        statement(&here, "o-000000000000", kind, &thread, &target, &good.text),
        statement(&here, &dispute.id, ActKind::Close, &thread, &target, &good.text),
        statement(&here, &dispute.id, kind, &other, &target, &good.text),
        statement(&here, &dispute.id, kind, &thread, &other, &good.text),
        statement(&here, &dispute.id, kind, &thread, &target, "other words"),
    ];
    for message in wrong {
        let signature = Some(dispute.forge().sign(OBJECTOR, Namespace::Ledger, &message));
        let entry = dispute.entry(OBJECTOR, Act { signature, ..good.clone() });
        entry.refused("authority-signature", "did not sign these bytes");
    }
    let message = statement(&here, &dispute.id, kind, &thread, &target, &good.text);
    let signature = Some(dispute.forge().sign(OBJECTOR, Namespace::Release, &message));
    let entry = dispute.entry(OBJECTOR, Act { signature, ..good.clone() });
    entry.refused("authority-signature", "signed for namespace");
    dispute.entry(OBJECTOR, good).accepted();
}

#[test]
fn a_withdrawal_of_another_target_than_stands_is_refused() {
    let dispute = Dispute::by(OBJECTOR);
    let good = dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR);
    let target = Some(Blake3::of(b"what it never was"));
    let entry = dispute.entry(OBJECTOR, Act { target, ..good.clone() });
    entry.refused("wrong-state", "is not what the act says it was");
    dispute.entry(OBJECTOR, good).accepted();
}

#[test]
fn a_withdrawal_is_not_made_again() {
    let dispute = Dispute::by(OBJECTOR);
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR)).accepted();
    let again = dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Withdraw, OBJECTOR));
    again.refused("wrong-state", "is withdrawn: `withdraw` does nothing");
    dispute.entry(OBJECTOR, dispute.act(OBJECTOR, ActKind::Respond, OBJECTOR)).accepted();
}

#[test]
fn a_residual_is_accepted_by_the_release_owner_alone() {
    let dispute = Dispute::by(AGENT);
    for actor in [OBJECTOR, "reliability", OPERATOR, AGENT] {
        let entry = dispute.entry(actor, dispute.act(actor, ActKind::AcceptResidual, actor));
        entry.refused("not-allowed", "is for the release owner");
    }
    dispute.entry(OWNER, dispute.act(OWNER, ActKind::AcceptResidual, OWNER)).accepted();
}

#[test]
fn a_veto_never_becomes_residual() {
    let dispute = Dispute::by(OBJECTOR);
    let arguments = ["object", "--kind", "other", "--about", "packet", "-m", "never", "--veto"];
    let veto = dispute.sandbox.json(OBJECTOR, &arguments).exits(0).json()["id"].as_str().unwrap().to_owned();
    let (sandbox, genesis, plain) = (dispute.sandbox, dispute.genesis, dispute.id);
    let refused = Dispute { sandbox, genesis, id: veto.clone() };
    let entry = refused.entry(OWNER, refused.act(OWNER, ActKind::AcceptResidual, OWNER));
    entry.refused("not-allowed", "it cannot become residual");
    refused.forge().command_refused(OWNER, &["accept-residual", &veto, "--rationale", "x"], "not-allowed");
    let accepted = Dispute { id: plain, ..refused };
    accepted.entry(OWNER, accepted.act(OWNER, ActKind::AcceptResidual, OWNER)).accepted();
}

/// An objection file as the command would write it, taken back from the branch.
fn raised(sandbox: &Sandbox, actor: &str) -> (String, Objection) {
    let forge = Forge::on(sandbox);
    let before = sandbox.head();
    let id = sandbox.object(actor, "identifier-leakage", "fragment:stack");
    let objection = Objection::decode(forge.file(&path_of(&id)).as_bytes()).unwrap();
    forge.go_back(&before);
    (path_of(&id), objection)
}

#[test]
fn a_raised_objection_says_what_its_entry_and_its_target_say() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let (path, good) = raised(&sandbox, AGENT);
    let forge = Forge::on(&sandbox);
    let object = |actor: &str, objection: &Objection| {
        forge.entry(actor, "object").time(good.at.seconds()).file(&path, objection.encode())
    };
    let words = "another objector or time than its entry";
    object("reliability", &good).refused("malformed-file", words);
    let earlier = Time::from_seconds(good.at.seconds() - 1).unwrap();
    object(AGENT, &Objection { at: earlier, ..good.clone() }).refused("malformed-file", words);
    let target = Blake3::of(b"what it never was");
    let entry = object(AGENT, &Objection { target, ..good.clone() });
    entry.refused("malformed-file", "is not what the objection says it was");
    let about = "fragment:heap".parse().unwrap();
    object(AGENT, &Objection { about, ..good.clone() }).refused("wrong-state", "there is no fragment:heap");
    object(AGENT, &Objection { text: " ".into(), ..good.clone() }).refused("malformed-file", "a text has");
    object(AGENT, &Objection { format: 2, ..good.clone() }).refused("malformed-file", "another objection or format");
    let entry = object(AGENT, &Objection { veto: true, ..good.clone() });
    entry.refused("not-allowed", "a veto is for humans with a required role");
    let crlf = good.encode().replace('\n', "\r\n");
    forge.entry(AGENT, "object").time(good.at.seconds()).file(&path, crlf).refused("malformed-file", "canonical form");
    let doubled = good.encode() + "text = \"x\"\n";
    forge.entry(AGENT, "object").time(good.at.seconds()).file(&path, doubled).refused("malformed-file", "duplicate");
    object(AGENT, &good).accepted();
}

#[test]
fn an_objection_is_not_raised_over_another() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let (path, good) = raised(&sandbox, AGENT);
    let forge = Forge::on(&sandbox);
    let entry = || forge.entry(AGENT, "object").time(good.at.seconds()).file(&path, good.encode());
    entry().accepted();
    let other = Objection { text: "something milder".into(), ..good.clone() };
    let over = forge.entry(AGENT, "object").time(good.at.seconds()).file(&path, other.encode());
    over.refused("wrong-place", "adds exactly one file");
    let elsewhere =
        forge.entry(AGENT, "object").time(good.at.seconds()).file("ledger/00/o-000000000000.toml", other.encode());
    elsewhere.refused("malformed-file", "holds another objection");
}

/// A commit by an agent in a human's name, in the form the human's own git will give it when it signs.
fn deputised(dispute: &Dispute, human: &str, kind: ActKind, key: &str) -> String {
    dispute.entry(human, dispute.act(human, kind, key)).key(AGENT).store()
}

/// The human's git, which signs whatever it commits.
fn their_git(dispute: &Dispute, human: &str, arguments: &[&str]) {
    let sandbox = &dispute.sandbox;
    let key = sandbox.key(human);
    let email = format!("user.email={human}@packet.invalid");
    let mut git = Command::new("git");
    for setting in [
        "gpg.format=ssh",
        "commit.gpgsign=true",
        &format!("user.signingkey={}", key.display()),
        &format!("user.name={human}"),
        &email,
    ] {
        git.args(["-c", setting]);
    }
    // A cherry-pick keeps the author's date; the agent dates its commit so that the committer's comes out the same.
    let date = format!("{} +0000", dispute.forge().time());
    git.args(arguments).current_dir(sandbox.path("theirs"));
    let output = sandbox.bare(&mut git).env("TZ", "UTC").env("GIT_COMMITTER_DATE", date).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The human rebases the agent's commit in a work tree of their own, and the result becomes the branch.
fn rebased(dispute: &Dispute, human: &str, commit: &str) -> String {
    let sandbox = &dispute.sandbox;
    let (head, theirs) = (sandbox.head(), sandbox.path("theirs"));
    sandbox.git(&["worktree", "add", "-q", "--detach", theirs.to_str().unwrap(), commit]);
    their_git(dispute, human, &["rebase", "-q", "--force-rebase", "--committer-date-is-author-date", &head]);
    let commit = sandbox.run(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&theirs));
    sandbox.git(&["worktree", "remove", "--force", theirs.to_str().unwrap()]);
    dispute.forge().put(&commit);
    commit
}

#[track_caller]
fn a_rebase_gives_no_authority(dispute: &Dispute, human: &str, kind: ActKind) {
    let forge = dispute.forge();
    let head = dispute.sandbox.head();
    let planted = deputised(dispute, human, kind, AGENT);
    let signed = rebased(dispute, human, &planted);
    assert_ne!(signed, planted);
    forge.ends_before(&signed, &head, 1, "authority-signature", "which is not theirs");
    forge.put(&head);
    let meant = deputised(dispute, human, kind, human);
    rebased(dispute, human, &meant);
    forge.history().exits(0);
}

#[test]
fn a_withdrawal_an_agent_wrote_and_its_operator_rebased_is_refused() {
    a_rebase_gives_no_authority(&Dispute::by(AGENT), OPERATOR, ActKind::Withdraw);
}

#[test]
fn a_residual_an_agent_wrote_and_the_owner_rebased_is_refused() {
    a_rebase_gives_no_authority(&Dispute::by(OBJECTOR), OWNER, ActKind::AcceptResidual);
}

#[test]
fn a_withdrawal_an_agent_wrote_and_its_operator_cherry_picked_is_refused() {
    let dispute = Dispute::by(AGENT);
    let sandbox = &dispute.sandbox;
    let head = sandbox.head();
    let planted = deputised(&dispute, OPERATOR, ActKind::Withdraw, AGENT);
    let theirs = sandbox.path("theirs");
    sandbox.git(&["worktree", "add", "-q", "--detach", theirs.to_str().unwrap(), &head]);
    their_git(&dispute, OPERATOR, &["cherry-pick", "--no-ff", &planted]);
    let picked = sandbox.run(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&theirs));
    assert_ne!(picked, planted);
    dispute.forge().put(&picked);
    dispute.forge().ends_before(&picked, &head, 1, "authority-signature", "which is not theirs");
}

#[test]
fn a_withdrawal_an_agent_wrote_and_its_operator_committed_again_is_refused() {
    let dispute = Dispute::by(AGENT);
    let entry = dispute.entry(OPERATOR, dispute.act(OPERATOR, ActKind::Withdraw, AGENT));
    entry.refused("authority-signature", "which is not theirs");
    dispute.entry(OPERATOR, dispute.act(OPERATOR, ActKind::Withdraw, OPERATOR)).accepted();
}
