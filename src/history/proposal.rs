//! Proposals of content: made by any contributor, decided by a human who is somebody else.

use super::content::{ContentEffect, owns_section, with_changes};
use super::ledger::{check_text, signed_by_actor};
use super::replay::{Accepted, Case, Effect, Placed, Taken};
use super::{Wrong, wrong};
use crate::model::canonical::Stored;
use crate::model::digest::Blake3;
use crate::model::id::{ActorId, ProposalId};
use crate::model::namespace::Namespace;
use crate::model::objection::statement;
use crate::model::packet::Hands;
use crate::model::place::Place;
use crate::model::proposal::{
    Decision, DecisionKind, Endorsement, Filed, Proposal, ProposalKind, ProposalState, ProposedChange,
};
use crate::model::reason::ReasonCode;
use crate::model::target::Target;

pub(super) fn propose(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let proposal = new_proposal(case)?;
    let id = proposal.id.clone();
    let policy = |c: &Placed<'_>| matches!(&c.place, Place::Proposed(_, place) if place.is_policy());
    if proposal.kind() != ProposalKind::Content || case.changes.iter().any(policy) {
        return wrong(
            ReasonCode::WrongPlace,
            "`propose` may not touch charter, taxonomy or roster: governance amends them",
        );
    }
    lists_what_lies_beside_it(case, &proposal)?;
    let places: Vec<Place> = proposal.change.iter().filter_map(|c| Place::of(&c.path)).collect();
    with_changes(case, places.iter().map(|place| (place, proposed_bytes(case, &id, place))))?;
    let (text, made) = (proposal.text.clone(), Some(id.to_string()));
    let effect = Effect::Filed { filed: Box::new(filed(case, proposal, Vec::new())), taken: None };
    Ok(Accepted { effect, subject: String::new(), text, made })
}

/// A proposal as its entry files it.
pub(super) fn filed(case: &Case<'_>, proposal: Proposal, endorsements: Vec<Endorsement>) -> Filed {
    let digest = Blake3::of(proposal.encode().as_bytes());
    let charter = Blake3::of(case.charter().encode().as_bytes());
    let charter_since = case.packet.charter_since.clone();
    Filed { proposal, digest, charter, charter_since, endorsements, needs_another: false, effective: None }
}

/// The one new proposal of an entry: of its actor, made now, on this head, undecided; all that is new beside it is its.
pub(super) fn new_proposal(case: &Case<'_>) -> Result<Proposal, Wrong> {
    let mut found = None;
    let mut ids = Vec::new();
    for placed in case.changes.iter().filter(|c| c.place.proposal().is_some()) {
        if placed.change.existed {
            return wrong(ReasonCode::WrongPlace, format!("{} was there already", placed.change.path));
        }
        ids.extend(placed.place.proposal());
        if let Place::Proposal(_) = placed.place {
            found = Some(decode(placed)?);
        }
    }
    let proposal = match found {
        Some(proposal) if ids.iter().all(|id| **id == proposal.id) => proposal,
        _ => return wrong(ReasonCode::MalformedFile, "one proposal has one proposal.toml, called after its id"),
    };
    let Proposal { format, id, by, at, base, text, decision, .. } = &proposal;
    if *format != 1 || *by != case.actor.id || *at != case.time() || decision.is_some() {
        return wrong(
            ReasonCode::MalformedFile,
            "the proposal names another id, proposer or time than its entry, or is decided",
        );
    }
    if case.packet.proposals.contains_key(id) || *base != case.packet.head {
        return wrong(ReasonCode::WrongState, format!("proposal {id} is there already, or was made on another head"));
    }
    if !proposal.change.is_sorted_by(|a, b| a.path < b.path) {
        return wrong(ReasonCode::MalformedFile, "what a proposal changes is listed once each, sorted by path");
    }
    check_text(text)?;
    Ok(proposal)
}

fn decode(placed: &Placed<'_>) -> Result<Proposal, Wrong> {
    Proposal::decode(placed.bytes()?)
        .map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{}: {e}", placed.change.path)))
}

/// A proposal lists every file beside it, and no other; at least one.
pub(super) fn lists_what_lies_beside_it(case: &Case<'_>, proposal: &Proposal) -> Result<(), Wrong> {
    let listed = proposal.change.iter();
    let given: Vec<ProposedChange> = listed.map(|c| as_given(case, &proposal.id, &c.path)).collect::<Result<_, _>>()?;
    let files = case.changes.iter().filter(|c| matches!(c.place, Place::Proposed(..))).count();
    if given != proposal.change || files != given.iter().filter(|c| c.now.is_some()).count() || given.is_empty() {
        return wrong(ReasonCode::MalformedFile, "the proposal does not list what lies beside it");
    }
    Ok(())
}

/// How the proposal must list a path, given what lies beside it and what the packet has.
fn as_given(case: &Case<'_>, id: &ProposalId, path: &str) -> Result<ProposedChange, Wrong> {
    let Some(place) = Place::of(path).filter(Place::is_content) else {
        return wrong(ReasonCode::WrongPlace, format!("`{}` may not touch {path}", case.operation()));
    };
    let was = case.packet.file_digest(path);
    let now = proposed_bytes(case, id, &place).map(Blake3::of);
    Ok(ProposedChange { path: path.to_owned(), was, now })
}

pub(super) fn proposed_bytes<'a>(case: &'a Case<'_>, id: &ProposalId, place: &Place) -> Option<&'a [u8]> {
    let wanted = Place::Proposed(id.clone(), Box::new(place.clone()));
    case.changes.iter().find(|c| c.place == wanted).and_then(|c| c.change.blob.as_deref())
}

/// An open proposal of this packet.
pub(super) fn open_proposal<'a>(case: &'a Case<'_>, id: &ProposalId) -> Result<&'a Filed, Wrong> {
    let Some(filed) = case.packet.proposals.get(id) else {
        return wrong(ReasonCode::WrongState, format!("there is no proposal {id}"));
    };
    match case.packet.proposal_state(filed) {
        ProposalState::Open => Ok(filed),
        state => wrong(
            ReasonCode::WrongState,
            format!("proposal {id} is {state}: `{}` does nothing to it", case.operation()),
        ),
    }
}

pub(super) fn apply(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (filed, decided, decision) = decided(case)?;
    let proposal = &filed.proposal;
    open_proposal(case, &proposal.id)?;
    exactly_as_proposed(case, &proposal.change)?;
    for placed in case.content_changes() {
        owns_section(case, placed)?;
    }
    let (Some(target), Some(signature)) = (&decision.target, &decision.signature) else {
        return wrong(ReasonCode::MalformedFile, "`apply` names what it is applied to, and is signed");
    };
    if decision.because.is_some() || decision.text.is_some() {
        return wrong(ReasonCode::MalformedFile, "`apply` carries no reason");
    }
    if *target != case.packet.target_digest(&Target::Packet) {
        return wrong(ReasonCode::WrongState, "the content is not what the application says it was");
    }
    let act = DecisionKind::Apply;
    let message = statement(&case.packet.genesis, proposal.id.as_str(), act, &filed.digest, target, "");
    signed_by_actor(case, signature, Namespace::Ledger, &message)?;
    let taken = ContentEffect::of(case, hands(case, proposal))?;
    let subject = proposal.id.to_string();
    let filed = Box::new(Filed { proposal: decided, ..filed.clone() });
    let effect = Effect::Filed { filed, taken: Some(Taken::Content(Box::new(taken))) };
    Ok(Accepted { effect, subject, text: String::new(), made: None })
}

/// Who is behind an applied proposal: its writer, who applied it, and the human who answers for an agent's work.
fn hands(case: &Case<'_>, proposal: &Proposal) -> Hands {
    let answers = case.charter().actor_by_id(&proposal.by).and_then(|actor| actor.operator.clone());
    [Some(proposal.by.clone()), Some(case.actor.id.clone()), answers].into_iter().flatten().collect()
}

pub(super) fn reject(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (filed, decided, decision) = decided(case)?;
    let id = &filed.proposal.id;
    let (Some(because), Some(text), None, None) =
        (decision.because, &decision.text, &decision.target, &decision.signature)
    else {
        return wrong(ReasonCode::MalformedFile, "`reject` says why, in a word and in words, and nothing else");
    };
    check_text(text)?;
    if let Some(owner) = foreign_owner(case, &filed.proposal) {
        return wrong(ReasonCode::NotAllowed, format!("{id} changes a section of {owner}: it is theirs to reject"));
    }
    let (subject, text) = (format!("{id} {because}"), text.clone());
    let effect = Effect::Filed { filed: Box::new(Filed { proposal: decided, ..filed.clone() }), taken: None };
    Ok(Accepted { effect, subject, text, made: None })
}

/// An owner of a section that a proposal changes, when the actor owns none of these.
fn foreign_owner<'a>(case: &'a Case<'_>, proposal: &Proposal) -> Option<&'a ActorId> {
    let sections = proposal.change.iter().filter_map(|c| match Place::of(&c.path) {
        Some(Place::SectionText(name) | Place::SectionHead(name)) => case.packet.content.sections.get(&name),
        _ => None,
    });
    let owners: Vec<&ActorId> = sections.filter_map(|section| section.owner()).collect();
    owners.first().copied().filter(|_| !owners.contains(&&case.actor.id))
}

/// The proposal an entry decides, as it was filed and as it is now: the decision is new, and every byte before it stands.
fn decided<'a>(case: &'a Case<'_>) -> Result<(&'a Filed, Proposal, Decision), Wrong> {
    let mut files = case.changes.iter().filter(|c| !c.place.is_content());
    let (Some(placed), None) = (files.next(), files.next()) else {
        return wrong(ReasonCode::WrongPlace, format!("`{}` decides exactly one proposal", case.operation()));
    };
    let proposal = decode(placed)?;
    let Some(filed) = case.packet.proposals.get(&proposal.id).filter(|_| placed.change.existed) else {
        return wrong(ReasonCode::WrongState, format!("there is no proposal {}", proposal.id));
    };
    let Some(decision) = proposal.decision.clone() else {
        return wrong(ReasonCode::MalformedFile, "the proposal is not decided");
    };
    let before = Proposal { decision: None, ..proposal.clone() };
    if placed.place != Place::Proposal(proposal.id.clone()) || Blake3::of(before.encode().as_bytes()) != filed.digest {
        return wrong(ReasonCode::MalformedFile, format!("{} changes what was proposed", placed.change.path));
    }
    let state = case.packet.proposal_state(filed);
    let undecided = matches!(state, ProposalState::Open | ProposalState::Conflicting);
    if filed.proposal.kind() != ProposalKind::Content || !undecided {
        return wrong(ReasonCode::WrongState, format!("{} is {state}, or is governance's to endorse", proposal.id));
    }
    if decision.act.as_str() != case.operation().as_str() || decision.by != case.actor.id || decision.at != case.time()
    {
        return wrong(ReasonCode::MalformedFile, "the decision names another act, actor or time than its entry");
    }
    if filed.proposal.by == case.actor.id {
        return wrong(
            ReasonCode::NotAllowed,
            format!("{} proposed {}: somebody else decides", case.actor.id, proposal.id),
        );
    }
    Ok((filed, proposal, decision))
}

/// What an entry does to content is what was proposed, byte by byte, and nothing else. What follows from the charter
/// (the roster) comes along when it changes.
pub(super) fn exactly_as_proposed(case: &Case<'_>, proposed: &[ProposedChange]) -> Result<(), Wrong> {
    let given = case.content_changes().filter(|c| c.place != Place::AllowedSigners);
    let given = given.map(|c| (c.change.path.as_str(), c.change.blob.as_deref().map(Blake3::of)));
    match given.eq(proposed.iter().map(|c| (c.path.as_str(), c.now))) {
        true => Ok(()),
        false => wrong(ReasonCode::WrongPlace, "the entry changes something else than what was proposed"),
    }
}
