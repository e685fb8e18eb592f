//! Entries of governance: amendments of policy, and reassignments of objections.
//!
//! ```text
//! amend, reassign   files the proposal with its author's endorsement
//! endorse           adds one
//! either            takes effect in the very entry that reaches the threshold of the charter in force, and in no other:
//!                   an entry that reaches it must carry the effect, one that does not may carry none
//! ```
//!
//! Endorsements are over the charter they replace. Once that charter went on, a proposal made for it is conflicting and
//! can only be made anew: N to N+1, never back.

use super::content::{ContentEffect, with_changes};
use super::ledger::{appended, grown, signed_by_actor};
use super::proposal::{
    exactly_as_proposed, filed, lists_what_lies_beside_it, new_proposal, open_proposal, proposed_bytes,
};
use super::replay::{Accepted, Case, Effect, Placed, Taken};
use super::{Wrong, wrong};
use crate::model::actor::GOVERNANCE;
use crate::model::charter::{Charter, KeyStanding};
use crate::model::id::ProposalId;
use crate::model::ledger::{Reassigned, ThreadAct};
use crate::model::namespace::Namespace;
use crate::model::objection::{Act, ActKind};
use crate::model::operation::Operation;
use crate::model::packet::{Hands, Packet};
use crate::model::place::Place;
use crate::model::proposal::{Endorsement, Filed, Proposal, ProposalKind, ProposedChange, Reassignment};
use crate::model::reason::ReasonCode;
use crate::model::roster::allowed_signers;
use crate::model::succession::needs_another;

pub(super) fn amend(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let proposal = new_proposal(case)?;
    let policy = |c: &ProposedChange| matches!(Place::of(&c.path), Some(Place::Charter | Place::Taxonomy));
    if proposal.reassign.is_some() || !proposal.change.iter().all(policy) {
        return wrong(ReasonCode::WrongPlace, "`amend` changes charter.toml and taxonomy.toml alone");
    }
    lists_what_lies_beside_it(case, &proposal)?;
    if let Some(unchanged) = proposal.change.iter().find(|c| c.was == c.now || c.now.is_none()) {
        return wrong(ReasonCode::MalformedFile, format!("the amendment does not change {}", unchanged.path));
    }
    let needs_another = follows_the_charter(case, &proposal)?;
    let filed = Filed { needs_another, ..filed(case, proposal, Vec::new()) };
    endorsed(case, filed)
}

/// Whether what is proposed may follow what is in force, and whether somebody other than the owner must endorse it.
fn follows_the_charter(case: &Case<'_>, proposal: &Proposal) -> Result<bool, Wrong> {
    let bytes = |place| proposed_bytes(case, &proposal.id, place).map(|bytes| (place.clone(), bytes.to_vec()));
    let mut changes: Vec<(Place, Vec<u8>)> = [Place::Charter, Place::Taxonomy].iter().filter_map(bytes).collect();
    let Some((Place::Charter, charter)) = changes.first() else {
        with_changes(case, changes.iter().map(|(place, bytes)| (place, Some(bytes.as_slice()))))?;
        return Ok(needs_another(case.charter(), None, !changes.is_empty()));
    };
    let charter =
        Charter::decode(charter).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("the proposed charter: {e}")))?;
    if let Some(problem) = case.packet.past.problems(case.charter(), &charter).first() {
        return wrong(ReasonCode::NotAllowed, problem.message.clone());
    }
    changes.push((Place::AllowedSigners, allowed_signers(&charter).into_bytes()));
    with_changes(case, changes.iter().map(|(place, bytes)| (place, Some(bytes.as_slice()))))?;
    let taxonomy = changes.iter().any(|(place, _)| *place == Place::Taxonomy);
    Ok(needs_another(case.charter(), Some(&charter), taxonomy))
}

pub(super) fn reassign(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let proposal = new_proposal(case)?;
    let Some(reassignment) = proposal.reassign.clone().filter(|_| proposal.change.is_empty()) else {
        return wrong(
            ReasonCode::MalformedFile,
            "`reassign` names an objection and who is to speak for it, and no file",
        );
    };
    may_be_handed(case, &reassignment)?;
    endorsed(case, filed(case, proposal, Vec::new()))
}

/// An objection goes to another human, who is neither the owner nor behind what is disputed (DESIGN.md, invariant 5).
fn may_be_handed(case: &Case<'_>, reassignment: &Reassignment) -> Result<(), Wrong> {
    let Reassignment { objection, to } = reassignment;
    let Some(thread) = case.packet.ledger.get(objection) else {
        return wrong(ReasonCode::WrongState, format!("there is no objection {objection}"));
    };
    let state = case.packet.standing(thread).state;
    if ActKind::Reassign.from_state(state).is_none() {
        return wrong(ReasonCode::WrongState, format!("{objection} is {state}: there is nothing to hand over"));
    }
    let charter = case.charter();
    let signs = |key| matches!(charter.standing(key), KeyStanding::Signs(_));
    let why = match charter.actor_by_id(to) {
        None => "is not in the roster",
        Some(actor) if !actor.is_human() => "is no human",
        Some(actor) if !actor.keys.iter().any(signs) => "has no key that signs",
        Some(_) if *to == charter.lane.release_owner => "is the release owner",
        Some(_) if thread.speaker(charter) == Some(to) => "speaks for it already",
        Some(_) if case.packet.is_author_of(to, &thread.about) => "is behind what is disputed",
        Some(_) => return Ok(()),
    };
    wrong(ReasonCode::NotAllowed, format!("{objection} cannot be handed to {to}, who {why}"))
}

pub(super) fn endorse(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (id, _) = endorsement_file(case)?;
    let filed = open_proposal(case, id)?;
    if filed.proposal.kind() == ProposalKind::Content {
        return wrong(
            ReasonCode::WrongState,
            format!("{id} changes content: a human contributor applies or rejects it"),
        );
    }
    endorsed(case, filed.clone())
}

/// The one endorsement an entry adds: its own actor's, new.
fn endorsement_file<'a>(case: &'a Case<'_>) -> Result<(&'a ProposalId, &'a Placed<'a>), Wrong> {
    let mut files = case.changes.iter().filter(|c| matches!(c.place, Place::Endorsement(..)));
    match (files.next(), files.next()) {
        (Some(placed), None) if !placed.change.existed => match &placed.place {
            Place::Endorsement(id, actor) if *actor == case.actor.id => Ok((id, placed)),
            _ => wrong(ReasonCode::NotAllowed, format!("{} may not endorse for somebody else", case.actor.id)),
        },
        _ => wrong(ReasonCode::WrongPlace, format!("`{}` adds exactly one endorsement", case.operation())),
    }
}

/// Adds the entry's endorsement, and what follows from it.
fn endorsed(case: &Case<'_>, mut filed: Filed) -> Result<Accepted, Wrong> {
    let (id, placed) = endorsement_file(case)?;
    let armour = std::str::from_utf8(placed.bytes()?)
        .map_err(|_| Wrong(ReasonCode::AuthoritySignature, "the endorsement is not text".to_owned()))?;
    if *id != filed.proposal.id {
        return wrong(ReasonCode::WrongPlace, format!("the endorsement is of {id}, not of {}", filed.proposal.id));
    }
    let message = filed.endorsement_statement(&case.packet.genesis);
    let signed = signed_by_actor(case, armour, Namespace::Charter, &message)?;
    filed.endorsements.push(Endorsement { actor: case.actor.id.clone(), point: *signed.key.ed25519() });
    let taken = taken(case, &filed)?;
    filed.effective = taken.as_ref().map(|_| case.entry.id().clone());
    let (subject, text, made) = known_by(case, &filed.proposal);
    Ok(Accepted { effect: Effect::Filed { filed: Box::new(filed), taken }, subject, text, made })
}

/// What the same command run again would be known by: subject, text, and what it made.
fn known_by(case: &Case<'_>, proposal: &Proposal) -> (String, String, Option<String>) {
    let id = proposal.id.to_string();
    match case.operation() {
        Operation::Endorse => (id, String::new(), None),
        _ => (proposal.subject(), proposal.text.clone(), Some(id)),
    }
}

/// What the endorsements amount to: at the threshold, and only then, the entry carries what was proposed.
fn taken(case: &Case<'_>, filed: &Filed) -> Result<Option<Taken>, Wrong> {
    let carries = case.changes.iter().any(|c| c.place.is_content() || matches!(c.place, Place::Objection(_)));
    let missing = missing_endorsements(case.packet, filed);
    match (missing, carries) {
        (None, false) => {
            wrong(ReasonCode::WrongState, format!("{} is endorsed, and the entry carries no effect", filed.proposal.id))
        }
        (Some(missing), true) => {
            wrong(ReasonCode::NotAllowed, format!("{} cannot take effect yet: it lacks {missing}", filed.proposal.id))
        }
        (Some(_), false) => Ok(None),
        (None, true) => match &filed.proposal.reassign {
            Some(reassignment) => handed_over(case, filed, reassignment).map(Some),
            None => in_force(case, filed).map(Some),
        },
    }
}

/// What endorsements lack for the proposal to take effect by the charter in force, in words; nothing when they reach it.
///
/// One actor, one vote; an endorsement counts while its key signs for a governance actor now. The release owner's does
/// not count for a reassignment, and is not enough where somebody else is needed.
pub fn missing_endorsements(packet: &Packet, filed: &Filed) -> Option<String> {
    let charter = &packet.content.charter;
    let owner = &charter.lane.release_owner;
    let governs = |e: &&Endorsement| {
        let KeyStanding::Signs(actor) = charter.standing_of_point(&e.point) else { return false };
        actor.id == e.actor && actor.is_human_with(GOVERNANCE)
    };
    let counting: Hands = filed.endorsements.iter().filter(governs).map(|e| e.actor.clone()).collect();
    let others = counting.iter().filter(|actor| *actor != owner).count();
    let threshold = charter.governance.threshold as usize;
    let reassigns = filed.proposal.kind() == ProposalKind::Reassignment;
    let have = if reassigns { others } else { counting.len() };
    if have < threshold {
        let not_owner = if reassigns { " (the release owner's does not count)" } else { "" };
        return Some(format!("{} more endorsements of {threshold}{not_owner}", threshold - have));
    }
    (filed.needs_another && others == 0).then(|| "an endorsement by somebody other than the release owner".to_owned())
}

fn in_force(case: &Case<'_>, filed: &Filed) -> Result<Taken, Wrong> {
    if case.changes.iter().any(|c| matches!(c.place, Place::Objection(_))) {
        return wrong(ReasonCode::WrongPlace, "an amendment touches no objection");
    }
    exactly_as_proposed(case, &filed.proposal.change)?;
    let hands = Hands::from([filed.proposal.by.clone()]);
    Ok(Taken::Content(Box::new(ContentEffect::of(case, hands)?)))
}

fn handed_over(case: &Case<'_>, filed: &Filed, reassignment: &Reassignment) -> Result<Taken, Wrong> {
    let mut files = case.changes.iter().filter(|c| c.place.is_content() || matches!(c.place, Place::Objection(_)));
    let (Some(placed), None) = (files.next(), files.next()) else {
        return wrong(ReasonCode::WrongPlace, "a reassignment touches exactly one objection");
    };
    may_be_handed(case, reassignment)?;
    let (thread, act) = appended(case, placed)?;
    let proposal = &filed.proposal;
    let expected = Act {
        to: Some(reassignment.to.clone()),
        proposal: Some(proposal.id.clone()),
        ..Act::plain(ActKind::Reassign, case.actor.id.clone(), case.time(), proposal.text.clone())
    };
    if thread.id != reassignment.objection || act != expected {
        return wrong(ReasonCode::MalformedFile, format!("the thread does not say what {} does", proposal.id));
    }
    let reassigned = Reassigned { to: reassignment.to.clone(), endorsements: filed.endorsements.clone() };
    let act = ThreadAct {
        act: act.act,
        by: act.by,
        target: None,
        point: None,
        rationale: None,
        reassigned: Some(reassigned),
    };
    Ok(Taken::Thread(Box::new(grown(thread, act, placed.bytes()?))))
}
