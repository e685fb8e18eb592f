//! Proposals: listed, looked at, and decided by a human who is somebody else than the proposer.

use super::diff::FileDiff;
use super::load::{self, Replay};
use super::write::{Author, FileChange, NewEntry, plan_once, write};
use super::{Desk, Refused, Verdict};
use crate::history::missing_endorsements;
use crate::model::canonical::Stored;
use crate::model::id::{CommitId, ProposalId};
use crate::model::namespace::Namespace;
use crate::model::objection::statement;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::proposal::{Decision, DecisionKind, Filed, Proposal, ProposalKind, ProposalState, RejectKind};
use crate::model::target::Target;
use crate::sign::Signer;

/// A proposal as it stands now.
#[derive(Debug)]
pub struct Looked {
    /// It.
    pub filed: Filed,
    /// Where it stands.
    pub state: ProposalState,
    /// The drifts that terms of the charter's `[scope]` hint at, while it is undecided.
    pub flags: Vec<RejectKind>,
    /// What its endorsements lack, while it waits for them.
    pub missing: Option<String>,
    /// What it would change now; empty in a list.
    pub changes: Vec<FileDiff>,
}

/// Every proposal.
///
/// # Errors
/// When the packet cannot be loaded, or what was proposed cannot be read.
pub fn list(desk: &Desk) -> Result<Vec<Looked>, Refused> {
    let packet = load::load(desk, None, Replay::Cached)?.packet;
    let looked = packet.proposals.values().map(|filed| look(desk, &packet, filed));
    looked.map(|looked| Ok(Looked { changes: Vec::new(), ..looked? })).collect()
}

/// One proposal, with what it would change.
///
/// # Errors
/// When there is none of that id, or it cannot be read.
pub fn show(desk: &Desk, id: &ProposalId) -> Result<Looked, Refused> {
    let packet = load::load(desk, None, Replay::Cached)?.packet;
    look(desk, &packet, proposal(&packet, id)?)
}

/// A proposal of the packet.
///
/// # Errors
/// When there is none of that id.
pub(super) fn proposal<'a>(packet: &'a Packet, id: &ProposalId) -> Result<&'a Filed, Refused> {
    packet.proposals.get(id).ok_or_else(|| {
        let message = format!("there is no proposal {id} in this packet");
        Refused::usage(format!("proposal:{id}"), message, "packet proposals   lists them")
    })
}

fn look(desk: &Desk, packet: &Packet, filed: &Filed) -> Result<Looked, Refused> {
    let state = packet.proposal_state(filed);
    let undecided = matches!(state, ProposalState::Open | ProposalState::Conflicting);
    let changes = changes(desk, packet, &filed.proposal)?;
    let said = changes.iter().filter_map(|c| c.after.as_deref()).chain([filed.proposal.text.as_str()]);
    let said = said.collect::<Vec<_>>().join("\n");
    let flags = if undecided { packet.content.charter.scope.flags(&said) } else { Vec::new() };
    let waits = state == ProposalState::Open && filed.proposal.kind() != ProposalKind::Content;
    let missing = waits.then(|| missing_endorsements(packet, filed)).flatten();
    Ok(Looked { filed: filed.clone(), state, flags, missing, changes })
}

/// What a proposal would change: the packet's files now, and the proposed ones.
fn changes(desk: &Desk, packet: &Packet, proposal: &Proposal) -> Result<Vec<FileDiff>, Refused> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let listed = proposal.change.iter();
    listed
        .map(|change| {
            let after = match change.now {
                Some(_) => Some(text(&proposed(desk, packet, &proposal.id, &change.path)?)),
                None => None,
            };
            let before = packet.content_bytes(&change.path).map(|bytes| text(bytes));
            Ok(FileDiff { path: change.path.clone(), before, after })
        })
        .collect()
}

/// A file as it lies beside a proposal.
///
/// # Errors
/// When it cannot be read.
pub(super) fn proposed(desk: &Desk, packet: &Packet, id: &ProposalId, path: &str) -> Result<Vec<u8>, Refused> {
    let path = format!("proposals/{id}/{path}");
    desk.repo.blob_at(&packet.tree, &path)?.map(|bytes| bytes.to_vec()).ok_or_else(|| {
        let help = "git fsck   shows what is damaged; fetch again from a healthy clone";
        Refused::new(Verdict::Undecided, "unreadable", format!("proposal:{id}"), format!("{path} is missing"), help)
    })
}

/// The changes of content that a proposal makes, each at its place.
///
/// # Errors
/// When what was proposed cannot be read.
pub(super) fn as_proposed(desk: &Desk, packet: &Packet, proposal: &Proposal) -> Result<Vec<FileChange>, Refused> {
    let change = |path: &str, there: bool| {
        let place = Place::of(path).expect("a replayed proposal lists content");
        let bytes = there.then(|| proposed(desk, packet, &proposal.id, path)).transpose()?;
        Ok((place, bytes))
    };
    proposal.change.iter().map(|c| change(&c.path, c.now.is_some())).collect()
}

/// A decided proposal.
#[derive(Debug)]
pub struct Decided {
    /// It.
    pub id: ProposalId,
    /// What was done.
    pub act: DecisionKind,
    /// The entry.
    pub commit: CommitId,
    /// The revision after it.
    pub revision: u32,
}

/// Applies a proposal: its changes become a revision, as they were proposed, on the packet as it stands.
///
/// # Errors
/// When its paths changed since, what it changes does not fit any more, the actor may not, or the write fails.
pub fn apply(desk: &Desk, signer: &Signer, id: &ProposalId) -> Result<Decided, Refused> {
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let filed = proposal(packet, id)?;
        plan_once(packet, author, Operation::Apply, (id.as_str(), ""), || {
            undecided(packet, filed)?;
            unmoved(packet, &filed.proposal)?;
            let mut decision = decision(author, DecisionKind::Apply);
            // Only who may apply signs: a refused command must not leave a statement of authority anywhere.
            if Operation::Apply.who().includes(&packet.content.charter, author.actor)
                && filed.proposal.by != author.actor.id
            {
                let target = packet.target_digest(&Target::Packet);
                let act = DecisionKind::Apply;
                let message = statement(&packet.genesis, id.as_str(), act, &filed.digest, &target, "");
                decision.target = Some(target);
                decision.signature = Some(author.signer.sign(Namespace::Ledger, &message)?.armour().to_owned());
            }
            let mut changes = as_proposed(desk, packet, &filed.proposal)?;
            changes.push(decided_file(&filed.proposal, decision));
            let subject = format!("{id} by {}", filed.proposal.by);
            Ok(NewEntry { operation: Operation::Apply, subject, body: String::new(), stage: None, changes })
        })
    })?;
    Ok(Decided {
        id: id.clone(),
        act: DecisionKind::Apply,
        revision: written.packet.revision.number,
        commit: written.entry,
    })
}

/// Turns a proposal down, saying why.
///
/// # Errors
/// When it is decided already, the actor may not, or the write fails.
pub fn reject(
    desk: &Desk,
    signer: &Signer,
    id: &ProposalId,
    because: RejectKind,
    text: &str,
) -> Result<Decided, Refused> {
    super::ledger::check_text(text)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let filed = proposal(packet, id)?;
        plan_once(packet, author, Operation::Reject, (&format!("{id} {because}"), text), || {
            undecided(packet, filed)?;
            let decision = Decision {
                because: Some(because),
                text: Some(text.to_owned()),
                ..decision(author, DecisionKind::Reject)
            };
            let changes = vec![decided_file(&filed.proposal, decision)];
            let subject = format!("{id} by {}, {because}", filed.proposal.by);
            Ok(NewEntry { operation: Operation::Reject, subject, body: String::new(), stage: None, changes })
        })
    })?;
    Ok(Decided {
        id: id.clone(),
        act: DecisionKind::Reject,
        revision: written.packet.revision.number,
        commit: written.entry,
    })
}

fn decision(author: &Author<'_>, act: DecisionKind) -> Decision {
    let (by, at) = (author.actor.id.clone(), author.at);
    Decision { act, by, at, because: None, text: None, target: None, signature: None }
}

fn decided_file(proposal: &Proposal, decision: Decision) -> FileChange {
    let decided = Proposal { decision: Some(decision), ..proposal.clone() };
    (Place::Proposal(proposal.id.clone()), Some(decided.encode().into_bytes()))
}

fn undecided(packet: &Packet, filed: &Filed) -> Result<(), Refused> {
    let id = &filed.proposal.id;
    let subject = format!("proposal:{id}");
    if filed.proposal.kind() != ProposalKind::Content {
        let message = format!("{id} is for governance to endorse, not to apply or reject");
        return Err(Refused::new(Verdict::No, "wrong-state", subject, message, format!("packet endorse {id}")));
    }
    match packet.proposal_state(filed) {
        ProposalState::Open | ProposalState::Conflicting => Ok(()),
        state => {
            let help = "packet proposals   lists them; packet propose   makes another";
            Err(Refused::new(Verdict::No, "wrong-state", subject, format!("{id} is {state} already"), help))
        }
    }
}

/// Refuses when a file it changes is not what it was made on: nothing is merged silently.
fn unmoved(packet: &Packet, proposal: &Proposal) -> Result<(), Refused> {
    let moved = proposal.change.iter().filter(|c| packet.file_digest(&c.path) != c.was);
    let moved: Vec<&str> = moved.map(|c| c.path.as_str()).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let id = &proposal.id;
    let message = format!("{} changed since {id} was proposed; nothing is merged silently", moved.join(", "));
    let help = format!(
        "packet show {id}   shows both; packet reject {id} --because quality -m TEXT   and {} proposes it anew",
        proposal.by
    );
    Err(Refused::new(Verdict::No, "proposal-conflict", format!("proposal:{id}"), message, help))
}
