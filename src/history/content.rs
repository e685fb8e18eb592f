//! Entries that change content, or propose to.

use super::replay::{Accepted, Case, Effect, Placed};
use super::{Wrong, wrong};
use crate::model::canonical::Stored;
use crate::model::change::Change;
use crate::model::charter::Charter;
use crate::model::content::Content;
use crate::model::digest::Blake3;
use crate::model::id::{ActorId, ProposalId};
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::proposal::{Proposal, ProposedChange};
use crate::model::reason::ReasonCode;

/// The content after an entry, and who changed it.
pub(super) struct ContentEffect {
    content: Content,
    author: ActorId,
}

impl ContentEffect {
    pub(super) fn apply(self, packet: &mut Packet) {
        packet.content = self.content;
        packet.current_checks.clear();
        if !packet.changed_by.contains(&self.author) {
            packet.changed_by.push(self.author);
        }
    }
}

/// The charter a genesis brings.
pub(super) fn charter_of(changes: &[Change]) -> Result<Charter, Wrong> {
    let bytes = changes.iter().find(|c| c.path == "charter.toml").and_then(|c| c.blob.as_ref());
    let Some(bytes) = bytes else { return wrong(ReasonCode::MalformedFile, "charter.toml is missing") };
    Charter::decode(bytes).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("charter.toml: {e}")))
}

pub(super) fn open(case: &Case<'_>) -> Result<Accepted, Wrong> {
    if !case.changes.iter().any(|c| c.place == Place::Taxonomy) {
        return wrong(ReasonCode::MalformedFile, "taxonomy.toml is missing");
    }
    accept_content(case)
}

pub(super) fn commit(case: &Case<'_>) -> Result<Accepted, Wrong> {
    for placed in &case.changes {
        owns_section(case, placed)?;
    }
    accept_content(case)
}

fn accept_content(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let content = with_changes(case, case.changes.iter().map(|c| (&c.place, c.change.blob.as_deref())))?;
    let message = &case.entry.commit().unsigned.message;
    let text = match message.body.is_empty() {
        true => message.subject.clone(),
        false => format!("{}\n\n{}", message.subject, message.body),
    };
    let effect = Effect::Content(Box::new(ContentEffect { content, author: case.actor.id.clone() }));
    Ok(Accepted { effect, subject: String::new(), text, made: None })
}

/// The content with the changes in their places, if all of it fits together.
fn with_changes<'a>(
    case: &Case<'_>,
    changes: impl Iterator<Item = (&'a Place, Option<&'a [u8]>)>,
) -> Result<Content, Wrong> {
    let mut content = case.packet.content.clone();
    let key_before = content.vault_key().cloned();
    for (place, bytes) in changes {
        content.put(place, bytes).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{place}: {e}")))?;
    }
    if key_before.is_some() && key_before.as_ref() != content.vault_key() {
        return wrong(ReasonCode::NotAllowed, "the vault's key is never another: every commitment names it");
    }
    content.problem().map_or(Ok(content), |problem| wrong(ReasonCode::MalformedFile, problem))
}

/// A section is changed by its owner. One without an owner may be taken by any contributor.
fn owns_section(case: &Case<'_>, placed: &Placed<'_>) -> Result<(), Wrong> {
    let (Place::SectionText(name) | Place::SectionHead(name)) = &placed.place else { return Ok(()) };
    match case.packet.content.sections.get(name).and_then(|section| section.owner()) {
        Some(owner) if *owner != case.actor.id => wrong(
            ReasonCode::NotAllowed,
            format!("section {name} belongs to {owner}; {} may propose a change", case.actor.id),
        ),
        _ => Ok(()),
    }
}

pub(super) fn propose(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (id, proposal) = proposal_of(case)?;
    if proposal.format != 1 || proposal.id != id || proposal.by != case.actor.id || proposal.at != case.time() {
        return wrong(ReasonCode::MalformedFile, "the proposal names another id, proposer or time than its entry");
    }
    if case.packet.proposals.contains_key(&id) || proposal.base != case.packet.head {
        return wrong(ReasonCode::WrongState, format!("proposal {id} is there already, or was made on another head"));
    }
    let given: Vec<ProposedChange> =
        proposal.change.iter().map(|c| as_given(case, &id, &c.path)).collect::<Result<_, _>>()?;
    let files = case.changes.iter().filter(|c| matches!(c.place, Place::Proposed(..))).count();
    if given != proposal.change || files != given.iter().filter(|c| c.now.is_some()).count() || given.is_empty() {
        return wrong(ReasonCode::MalformedFile, "the proposal does not list what lies beside it");
    }
    let places: Vec<Place> = proposal.change.iter().filter_map(|c| Place::of(&c.path)).collect();
    with_changes(case, places.iter().map(|place| (place, proposed_bytes(case, &id, place))))?;
    super::ledger::check_text(&proposal.text)?;
    let (text, made) = (proposal.text.clone(), Some(proposal.id.to_string()));
    Ok(Accepted { effect: Effect::Proposed(proposal), subject: String::new(), text, made })
}

fn proposal_of(case: &Case<'_>) -> Result<(ProposalId, Proposal), Wrong> {
    let mut found = None;
    let mut ids = Vec::new();
    for placed in &case.changes {
        if placed.change.existed {
            return wrong(ReasonCode::WrongPlace, format!("{} was there already", placed.change.path));
        }
        match &placed.place {
            Place::Proposal(id) => {
                ids.push(id);
                let proposal = Proposal::decode(placed.bytes()?);
                found = Some(
                    proposal.map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{}: {e}", placed.change.path)))?,
                );
            }
            Place::Proposed(id, place) if !place.is_policy() => ids.push(id),
            _ => return wrong(ReasonCode::WrongPlace, format!("`propose` may not touch {}", placed.change.path)),
        }
    }
    match found {
        Some(proposal) if ids.iter().all(|id| *id == ids[0]) => Ok((ids[0].clone(), proposal)),
        _ => wrong(ReasonCode::MalformedFile, "one proposal has one proposal.toml"),
    }
}

/// How the proposal must list a path, given what lies beside it and what the packet has.
fn as_given(case: &Case<'_>, id: &ProposalId, path: &str) -> Result<ProposedChange, Wrong> {
    let place = Place::of(path).filter(|p| p.is_content() && !p.is_policy());
    let Some(place) = place else { return wrong(ReasonCode::WrongPlace, format!("`propose` may not touch {path}")) };
    let was = case.packet.files.get(path).map(|file| file.blake3);
    let now = proposed_bytes(case, id, &place).map(Blake3::of);
    Ok(ProposedChange { path: path.to_owned(), was, now })
}

fn proposed_bytes<'a>(case: &'a Case<'_>, id: &ProposalId, place: &Place) -> Option<&'a [u8]> {
    let wanted = Place::Proposed(id.clone(), Box::new(place.clone()));
    case.changes.iter().find(|c| c.place == wanted).and_then(|c| c.change.blob.as_deref())
}
