//! Governance: amending charter and taxonomy, reassigning objections, endorsing either.
//!
//! The entry that reaches the threshold carries the effect; the same rule decides it here and at every replay
//! ([`missing_endorsements`]).

use super::load::Replay;
use super::open::wrong_charter;
use super::proposals::{as_proposed, proposal};
use super::seal::new_proposal;
use super::write::{Author, FileChange, NewEntry, Plan, Written, plan_once, write};
use super::{Desk, Refused, Verdict, ledger};
use crate::history::missing_endorsements;
use crate::model::canonical::Stored;
use crate::model::charter::Charter;
use crate::model::digest::Blake3;
use crate::model::id::{ActorId, CommitId, ObjectionId, ProposalId};
use crate::model::namespace::Namespace;
use crate::model::objection::{Act, ActKind};
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::proposal::{Endorsement, Filed, Proposal, ProposalKind, ProposedChange, Reassignment};
use crate::model::roster::allowed_signers;
use crate::model::succession::needs_another;
use crate::model::taxonomy::Taxonomy;
use crate::sign::Signer;

/// An amendment or reassignment after somebody endorsed it.
#[derive(Debug)]
pub struct Endorsed {
    /// It.
    pub id: ProposalId,
    /// The entry.
    pub commit: CommitId,
    /// Who has endorsed it.
    pub by: Vec<ActorId>,
    /// What it lacks to take effect; nothing when it has.
    pub missing: Option<String>,
}

/// A charter as somebody typed it.
#[derive(Debug)]
pub struct TypedCharter {
    /// The file's name.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub charter: Charter,
}

/// Proposes another charter, another taxonomy or both, and endorses that.
///
/// # Errors
/// When nothing changes, the charter may not follow the one in force, the actor may not, or the write fails.
pub fn amend(
    desk: &Desk,
    signer: &Signer,
    charter: Option<&TypedCharter>,
    taxonomy: Option<&Taxonomy>,
    text: &str,
) -> Result<Endorsed, Refused> {
    ledger::check_text(text)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let files = [
            charter.map(|typed| (Place::Charter, typed.charter.encode())),
            taxonomy.map(|taxonomy| (Place::Taxonomy, taxonomy.encode())),
        ];
        let files: Vec<(Place, String)> = files.into_iter().flatten().collect();
        let proposal = Proposal {
            change: files.iter().map(|(place, text)| proposed_change(packet, place, text)).collect(),
            ..new_proposal(packet, author, Operation::Amend, text)
        };
        plan_once(packet, author, Operation::Amend, (&proposal.subject(), text), || {
            changes_something(&proposal)?;
            may_follow(packet, charter)?;
            let mut changes = vec![(Place::Proposal(proposal.id.clone()), bytes_of(&proposal))];
            let beside = |place: &Place| Place::Proposed(proposal.id.clone(), Box::new(place.clone()));
            changes.extend(files.iter().map(|(place, text)| (beside(place), Some(text.clone().into_bytes()))));
            let in_force = files.iter().map(|(place, text)| (place.clone(), Some(text.clone().into_bytes())));
            let mut effect: Vec<FileChange> = in_force.collect();
            effect.extend(charter.map(|typed| roster(&typed.charter)));
            let proposed = charter.map(|typed| &typed.charter);
            let needs_another = needs_another(&packet.content.charter, proposed, taxonomy.is_some());
            let filed = Filed { needs_another, ..filed(packet, proposal.clone()) };
            let subject = format!("{} changes {}", proposal.id, paths(&proposal));
            endorse_with(packet, author, filed, changes, |_| Ok(effect))
                .map(|changes| entry(Operation::Amend, subject, changes))
        })
    })?;
    answer(&written, None)
}

fn proposed_change(packet: &Packet, place: &Place, text: &str) -> ProposedChange {
    let path = place.to_string();
    let was = packet.file_digest(&path);
    ProposedChange { path, was, now: Some(Blake3::of(text.as_bytes())) }
}

fn paths(proposal: &Proposal) -> String {
    proposal.change.iter().map(|c| c.path.as_str()).collect::<Vec<_>>().join(" and ")
}

fn bytes_of(proposal: &Proposal) -> Option<Vec<u8>> {
    Some(proposal.encode().into_bytes())
}

fn roster(charter: &Charter) -> FileChange {
    (Place::AllowedSigners, Some(allowed_signers(charter).into_bytes()))
}

fn changes_something(proposal: &Proposal) -> Result<(), Refused> {
    let unchanged = proposal.change.iter().find(|c| c.was == c.now);
    let message = match (unchanged, proposal.change.is_empty()) {
        (_, true) => "neither --charter nor --taxonomy is given".to_owned(),
        (Some(change), _) => format!("{} is what is in force already", change.path),
        (None, _) => return Ok(()),
    };
    Err(Refused::usage("amend", message, "packet show charter.toml > charter.toml   to begin from the one in force"))
}

/// Refuses a charter that may not follow the one in force, each problem labelled in the text.
fn may_follow(packet: &Packet, charter: Option<&TypedCharter>) -> Result<(), Refused> {
    let Some(TypedCharter { file, text, charter }) = charter else { return Ok(()) };
    let problems = packet.past.problems(&packet.content.charter, charter);
    if problems.is_empty() { Ok(()) } else { Err(wrong_charter(file, text, problems)) }
}

fn filed(packet: &Packet, proposal: Proposal) -> Filed {
    let digest = Blake3::of(proposal.encode().as_bytes());
    let charter = packet.file_digest(&Place::Charter.to_string()).expect("a replayed packet has its charter");
    let charter_since = packet.charter_since.clone();
    Filed { proposal, digest, charter, charter_since, endorsements: Vec::new(), needs_another: false, effective: None }
}

/// Adds the author's endorsement, and the effect when that reaches the threshold.
fn endorse_with(
    packet: &Packet,
    author: &Author<'_>,
    mut filed: Filed,
    mut changes: Vec<FileChange>,
    effect: impl FnOnce(&Filed) -> Result<Vec<FileChange>, Refused>,
) -> Result<Vec<FileChange>, Refused> {
    let actor = author.actor;
    // Only who may endorse signs: a refused command must not leave an endorsement anywhere.
    if !Operation::Endorse.who().includes(&packet.content.charter, actor) {
        let message = format!("endorsing is for {}; {} is none", Operation::Endorse.who().describe(), actor.id);
        let help = "packet whoami   shows what is open to you";
        return Err(Refused::new(Verdict::No, "not-allowed", format!("actor:{}", actor.id), message, help));
    }
    let message = filed.endorsement_statement(&packet.genesis);
    let armour = author.signer.sign(Namespace::Charter, &message)?.armour().to_owned();
    changes.push((Place::Endorsement(filed.proposal.id.clone(), actor.id.clone()), Some(armour.into_bytes())));
    let point = *author.signer.public_key().ed25519();
    filed.endorsements.push(Endorsement { actor: actor.id.clone(), point });
    if missing_endorsements(packet, &filed).is_none() {
        changes.extend(effect(&filed)?);
    }
    Ok(changes)
}

fn entry(operation: Operation, subject: String, changes: Vec<FileChange>) -> NewEntry {
    NewEntry { operation, subject, body: String::new(), stage: None, changes }
}

fn answer(written: &Written, id: Option<&ProposalId>) -> Result<Endorsed, Refused> {
    let made = || written.made().and_then(|id| ProposalId::new(id).ok()).expect("amending makes a proposal");
    let id = id.cloned().unwrap_or_else(made);
    let filed = proposal(&written.packet, &id)?;
    let missing = match filed.effective {
        Some(_) => None,
        None => missing_endorsements(&written.packet, filed),
    };
    let by = filed.endorsements.iter().map(|e| e.actor.clone()).collect();
    Ok(Endorsed { id, commit: written.entry.clone(), by, missing })
}

/// Endorses an amendment or reassignment; at the threshold it takes effect.
///
/// # Errors
/// When it is no open amendment or reassignment, was made for another charter, the actor may not or has endorsed it
/// already, or the write fails.
pub fn endorse(desk: &Desk, signer: &Signer, id: &ProposalId) -> Result<Endorsed, Refused> {
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        let filed = proposal(packet, id)?;
        plan_once(packet, author, Operation::Endorse, (id.as_str(), ""), || {
            endorsable(packet, filed, author)?;
            let effect = |filed: &Filed| effect_of(desk, packet, author, filed);
            let changes = endorse_with(packet, author, filed.clone(), Vec::new(), effect)?;
            let subject = format!("{id} by {}", filed.proposal.by);
            Ok(entry(Operation::Endorse, subject, changes))
        })
    })?;
    answer(&written, Some(id))
}

fn endorsable(packet: &Packet, filed: &Filed, author: &Author<'_>) -> Result<(), Refused> {
    let id = &filed.proposal.id;
    let state = packet.proposal_state(filed);
    let (message, help) = if filed.proposal.kind() == ProposalKind::Content {
        (
            format!("{id} changes content: it is applied or rejected"),
            format!("packet show {id}   then packet apply {id}"),
        )
    } else if filed.endorsements.iter().any(|e| e.actor == author.actor.id) {
        (format!("{} has endorsed {id} already; one actor, one vote", author.actor.id), "packet proposals".to_owned())
    } else if state == crate::model::proposal::ProposalState::Conflicting {
        let message = format!("{id} was made for a charter that is no longer in force");
        (message, "make it anew: packet amend, or packet reassign".to_owned())
    } else {
        return Ok(());
    };
    Err(Refused::new(Verdict::No, "wrong-state", format!("proposal:{id}"), message, help))
}

/// The files an amendment or reassignment changes when it takes effect.
fn effect_of(desk: &Desk, packet: &Packet, author: &Author<'_>, filed: &Filed) -> Result<Vec<FileChange>, Refused> {
    let proposal = &filed.proposal;
    if let Some(Reassignment { objection, to }) = &proposal.reassign {
        return handed_over(desk, packet, author, proposal, objection, to);
    }
    let mut changes = as_proposed(desk, packet, proposal)?;
    let charter = changes.iter().find(|(place, _)| *place == Place::Charter).and_then(|(_, bytes)| bytes.as_ref());
    if let Some(bytes) = charter {
        let charter = Charter::decode(bytes).expect("a replayed amendment proposes a charter");
        changes.push(roster(&charter));
    }
    Ok(changes)
}

fn handed_over(
    desk: &Desk,
    packet: &Packet,
    author: &Author<'_>,
    proposal: &Proposal,
    objection: &ObjectionId,
    to: &ActorId,
) -> Result<Vec<FileChange>, Refused> {
    let mut stored = ledger::stored(desk, packet, objection)?;
    stored.thread.push(Act {
        to: Some(to.clone()),
        proposal: Some(proposal.id.clone()),
        ..Act::plain(ActKind::Reassign, author.actor.id.clone(), author.at, proposal.text.clone())
    });
    Ok(vec![(Place::Objection(objection.clone()), Some(stored.encode().into_bytes()))])
}

/// Proposes to hand an objection to another human, and endorses that.
///
/// # Errors
/// When there is no such objection, it cannot be handed to them, the actor may not, or the write fails.
pub fn reassign(
    desk: &Desk,
    signer: &Signer,
    objection: &ObjectionId,
    to: &ActorId,
    text: &str,
) -> Result<Endorsed, Refused> {
    ledger::check_text(text)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| -> Result<Plan, Refused> {
        let packet = &snapshot.packet;
        ledger::thread(packet, objection)?;
        let reassign = Some(Reassignment { objection: objection.clone(), to: to.clone() });
        let proposal = Proposal { reassign, ..new_proposal(packet, author, Operation::Reassign, text) };
        plan_once(packet, author, Operation::Reassign, (&proposal.subject(), text), || {
            let changes = vec![(Place::Proposal(proposal.id.clone()), bytes_of(&proposal))];
            let effect = |filed: &Filed| effect_of(desk, packet, author, filed);
            let changes = endorse_with(packet, author, filed(packet, proposal.clone()), changes, effect)?;
            Ok(entry(Operation::Reassign, format!("{} hands {}", proposal.id, proposal.subject()), changes))
        })
    })?;
    answer(&written, None)
}
