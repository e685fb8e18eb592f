//! Entries that change content.

use super::replay::{Accepted, Case, Effect, Placed};
use super::{Wrong, wrong};
use crate::model::change::Change;
use crate::model::charter::Charter;
use crate::model::content::Content;
use crate::model::packet::{Hands, Packet};
use crate::model::place::Place;
use crate::model::reason::ReasonCode;

/// The content after an entry, which files it changed, and the hands behind that.
pub(super) struct ContentEffect {
    content: Content,
    paths: Vec<String>,
    hands: Hands,
}

impl ContentEffect {
    /// The content with what the entry changes of it, if all of it fits together.
    pub(super) fn of(case: &Case<'_>, hands: Hands) -> Result<Self, Wrong> {
        let changed: Vec<&Placed<'_>> = case.content_changes().collect();
        let content = with_changes(case, changed.iter().map(|c| (&c.place, c.change.blob.as_deref())))?;
        let paths = changed.iter().map(|c| c.change.path.clone()).collect();
        Ok(Self { content, paths, hands })
    }

    pub(super) fn apply(self, packet: &mut Packet) {
        packet.content = self.content;
        packet.past.remember(&packet.content.charter);
        packet.current_checks.clear();
        for path in self.paths {
            packet.authors.entry(path).or_default().extend(self.hands.iter().cloned());
        }
        if !packet.changed_by.contains(&self.hands) {
            packet.changed_by.push(self.hands);
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
    let effect = ContentEffect::of(case, Hands::from([case.actor.id.clone()]))?;
    let message = &case.entry.commit().unsigned.message;
    let text = match message.body.is_empty() {
        true => message.subject.clone(),
        false => format!("{}\n\n{}", message.subject, message.body),
    };
    Ok(Accepted { effect: Effect::Content(Box::new(effect)), subject: String::new(), text, made: None })
}

/// The content with the changes in their places, if all of it fits together. The charter goes first: the roster beside
/// it follows from it.
pub(super) fn with_changes<'a>(
    case: &Case<'_>,
    changes: impl Iterator<Item = (&'a Place, Option<&'a [u8]>)>,
) -> Result<Content, Wrong> {
    let mut content = case.packet.content.clone();
    let key_before = content.vault_key().cloned();
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by_key(|(place, _)| **place != Place::Charter);
    for (place, bytes) in changes {
        content.put(place, bytes).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{place}: {e}")))?;
    }
    if key_before.is_some() && key_before.as_ref() != content.vault_key() {
        return wrong(ReasonCode::NotAllowed, "the vault's key is never another: every commitment names it");
    }
    content.problem().map_or(Ok(content), |problem| wrong(ReasonCode::MalformedFile, problem))
}

/// A section is changed by its owner. One without an owner may be taken by any contributor.
pub(super) fn owns_section(case: &Case<'_>, placed: &Placed<'_>) -> Result<(), Wrong> {
    let (Place::SectionText(name) | Place::SectionHead(name)) = &placed.place else { return Ok(()) };
    match case.packet.content.sections.get(name).and_then(|section| section.owner()) {
        Some(owner) if *owner != case.actor.id => wrong(
            ReasonCode::NotAllowed,
            format!("section {name} belongs to {owner}; {} may propose a change", case.actor.id),
        ),
        _ => Ok(()),
    }
}
