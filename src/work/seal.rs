//! Sealing a stage: as a revision (`commit`), or as a proposal for somebody else to apply (`propose`).

use super::load::Replay;
use super::stage;
use super::write::{ALLOWED, Author, FileChange, NewEntry, Plan, write};
use super::{Desk, Refused, Verdict};
use crate::model::canonical::Stored;
use crate::model::digest::Blake3;
use crate::model::id::{CommitId, ProposalId, derived_hex};
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::proposal::{Proposal, ProposedChange};
use crate::model::stage::{Stage, StagedChange};
use crate::sign::Signer;

/// A sealed revision.
#[derive(Debug)]
pub struct Sealed {
    /// Its number.
    pub revision: u32,
    /// Its entry.
    pub commit: CommitId,
}

/// Seals what the key's owner staged as one revision.
///
/// # Errors
/// When nothing is staged, the packet moved under a staged file, or the actor may not.
pub fn commit(desk: &Desk, signer: &Signer, text: &str) -> Result<Sealed, Refused> {
    let text = text.trim();
    let (subject, body) = split_message(text);
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let Some(staged) = staged_or_sealed(desk, author, packet, Operation::Commit, text)? else {
            return Ok(Plan::Already(packet.newest[&author.actor.id].entry.clone()));
        };
        unmoved(packet, &staged)?;
        let body = with_removals(&body, &staged);
        let changes = changes_of(&staged)?;
        let stage = Some(staged.token);
        Ok(Plan::Write(NewEntry { operation: Operation::Commit, subject: subject.clone(), body, stage, changes }))
    })?;
    Ok(Sealed { revision: written.packet.revision.number, commit: written.entry })
}

/// The stage to seal; none when the actor's newest entry sealed it already (DESIGN.md, invariant 12).
fn staged_or_sealed(
    desk: &Desk,
    author: &Author<'_>,
    packet: &Packet,
    operation: Operation,
    text: &str,
) -> Result<Option<Stage>, Refused> {
    let newest = packet.newest.get(&author.actor.id).filter(|n| n.operation == operation);
    match stage::read(desk, &author.actor.id)? {
        Some(staged) if newest.is_some_and(|n| n.stage.as_ref() == Some(&staged.token)) => Ok(None),
        Some(staged) => Ok(Some(staged)),
        None if newest.is_some_and(|n| says(&n.text, text)) => Ok(None),
        None => {
            let message = format!("{} has nothing staged", author.actor.id);
            let help =
                "packet add-session, packet add-fragment, packet section set … stage changes; packet status shows them";
            Err(Refused::usage("stage", message, help))
        }
    }
}

/// Whether a revision's message is what somebody typed, with what the tool adds.
fn says(message: &str, typed: &str) -> bool {
    let added = |rest: &str| rest.is_empty() || rest.starts_with("\n\nRemoved ") || rest.starts_with(ALLOWED);
    message.strip_prefix(typed).is_some_and(added)
}

fn split_message(text: &str) -> (String, String) {
    let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
    (subject.trim().to_owned(), body.trim_matches('\n').to_owned())
}

fn with_removals(body: &str, staged: &Stage) -> String {
    let removed: Vec<String> = staged.removed.iter().map(|line| format!("Removed {line}")).collect();
    let parts = [body.to_owned(), removed.join("\n")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Refuses when somebody changed a file since it was staged: what is sealed is what was seen.
fn unmoved(packet: &Packet, staged: &Stage) -> Result<(), Refused> {
    let moved = staged.change.iter().find(|c| packet.files.get(&c.path).map(|f| f.blake3) != c.was);
    match moved {
        None => Ok(()),
        Some(change) => {
            let message = format!("{} changed in the packet after you staged your version of it", change.path);
            let help = "packet discard   then stage it again on what is there now";
            Err(Refused::new(Verdict::No, "stage-moved", change.path.clone(), message, help))
        }
    }
}

fn changes_of(staged: &Stage) -> Result<Vec<FileChange>, Refused> {
    let place = |path: &str| {
        let message = format!("the staged {path} is no file of a packet");
        Place::of(path).ok_or_else(|| Refused::usage(path, message, "packet discard"))
    };
    staged.change.iter().map(|c| Ok((place(&c.path)?, c.text.clone().map(String::into_bytes)))).collect()
}

/// A stored proposal.
#[derive(Debug)]
pub struct Proposed {
    /// Its name.
    pub id: ProposalId,
    /// Its entry.
    pub commit: CommitId,
}

/// Stores what the key's owner staged as a proposal.
///
/// # Errors
/// As [`commit`].
pub fn propose(desk: &Desk, signer: &Signer, text: &str) -> Result<Proposed, Refused> {
    let text = text.trim();
    super::ledger::check_text(text)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let Some(staged) = staged_or_sealed(desk, author, packet, Operation::Propose, text)? else {
            return Ok(Plan::Already(packet.newest[&author.actor.id].entry.clone()));
        };
        unmoved(packet, &staged)?;
        let proposal =
            Proposal { change: changes_proposed(&staged), ..new_proposal(packet, author, Operation::Propose, text) };
        let mut changes = vec![(Place::Proposal(proposal.id.clone()), Some(proposal.encode().into_bytes()))];
        for (place, bytes) in changes_of(&staged)? {
            if let Some(bytes) = bytes {
                changes.push((Place::Proposed(proposal.id.clone(), Box::new(place)), Some(bytes)));
            }
        }
        Ok(Plan::Write(NewEntry {
            operation: Operation::Propose,
            subject: format!("{} changes as {}", proposal.change.len(), proposal.id),
            body: String::new(),
            stage: Some(staged.token),
            changes,
        }))
    })?;
    let id = written.made().and_then(|id| ProposalId::new(id).ok()).expect("proposing makes a proposal");
    Ok(Proposed { id, commit: written.entry })
}

fn changes_proposed(staged: &Stage) -> Vec<ProposedChange> {
    let change = |c: &StagedChange| ProposedChange {
        path: c.path.clone(),
        was: c.was,
        now: c.text.as_ref().map(|text| Blake3::of(text.as_bytes())),
    };
    staged.change.iter().map(change).collect()
}

/// A proposal that changes nothing yet, made on the packet as it stands.
pub(super) fn new_proposal(packet: &Packet, author: &Author<'_>, operation: Operation, text: &str) -> Proposal {
    let by = &author.actor.id;
    let parts = [packet.genesis.as_str(), packet.head.as_str(), by.as_str(), operation.as_str(), text];
    Proposal {
        format: 1,
        id: ProposalId::new(format!("p-{}", derived_hex(&parts))).expect("12 hex digits make a proposal id"),
        by: by.clone(),
        at: author.at,
        base: packet.head.clone(),
        text: text.to_owned(),
        change: Vec::new(),
        reassign: None,
        decision: None,
    }
}
