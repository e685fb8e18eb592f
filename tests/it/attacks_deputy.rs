//! The confused deputy, with real git: what an agent wrote in a person's name, and the person's git rebased, cherry-picked
//! and signed. The corpus holds what such commits look like; here they are made.

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
