//! The stage: read, changed and written back under the lock, per clone and actor.

use super::load::{self, Replay, Snapshot};
use super::typed::{self, Typed};
use super::write::actor_of;
use super::{Desk, Refused, Verdict};
use crate::model::actor::Actor;
use crate::model::canonical::{LONGEST, Stored};
use crate::model::content::Content;
use crate::model::id::{ActorId, StageToken};
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::stage::Stage;
use crate::sign::Signer;

/// A packet and what one actor has staged on it.
#[derive(Debug)]
pub struct Staging {
    /// The packet as it stands.
    pub snapshot: Snapshot,
    /// Who stages.
    pub actor: Actor,
    /// What is staged.
    pub stage: Stage,
}

impl Staging {
    /// Loads the packet and the stage of the key's owner.
    ///
    /// # Errors
    /// When either cannot be read, or the key is nobody's.
    pub fn load(desk: &Desk, signer: &Signer) -> Result<Self, Refused> {
        let snapshot = load::load(desk, None, Replay::Cached)?;
        snapshot.sound()?;
        let actor = actor_of(&snapshot.packet.content.charter, signer)?;
        // A killed `commit` or `propose` may have left the stage that it sealed: what is staged now is another one.
        let sealed = snapshot.packet.newest.get(&actor.id).and_then(|newest| newest.stage.as_ref());
        let staged = read(desk, &actor.id)?.filter(|staged| sealed != Some(&staged.token));
        let stage = staged.map_or_else(new_stage, Ok)?;
        Ok(Self { snapshot, actor, stage })
    }

    /// The packet as it stands.
    pub fn packet(&self) -> &Packet {
        &self.snapshot.packet
    }

    /// Stages a file, or its removal.
    pub fn put(&mut self, place: &Place, text: Option<String>) {
        let path = place.to_string();
        let was = self.snapshot.packet.files.get(&path).map(|file| file.blake3);
        self.stage.put(path, was, text);
    }

    /// The content as it would be.
    ///
    /// # Errors
    /// When a staged file does not decode.
    pub fn content(&self) -> Result<Content, Refused> {
        let mut content = self.snapshot.packet.content.clone();
        for change in &self.stage.change {
            let place = Place::of(&change.path).ok_or_else(|| broken(&change.path, "it is no file of a packet"))?;
            let put = content.put(&place, change.text.as_ref().map(String::as_bytes));
            put.map_err(|why| broken(&change.path, &why))?;
        }
        Ok(content)
    }

    /// The bytes of a file as it would be.
    pub fn text_at(&self, path: &str) -> Option<String> {
        match self.stage.get(path) {
            Some(change) => change.text.clone(),
            None => self.snapshot.packet.content_bytes(path).map(|b| String::from_utf8_lossy(b).into_owned()),
        }
    }

    /// Refuses identifiers in what was not staged before.
    fn refuse_identifiers(&self, desk: &Desk, before: &Stage) -> Result<(), Refused> {
        let mut texts = Vec::new();
        for change in &self.stage.change {
            let stood = before.get(&change.path).map(|earlier| earlier.text.clone());
            let stood = stood.unwrap_or_else(|| {
                self.packet().content_bytes(&change.path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            });
            if let (Some(place), Some(text)) = (Place::of(&change.path), &change.text) {
                texts.extend(typed::texts_of(&place, text.as_bytes(), stood.as_deref().map(str::as_bytes)));
            }
        }
        let words = self.stage.removed.iter().filter(|line| !before.removed.contains(line));
        texts.extend(words.map(|line| Typed { place: "why".to_owned(), text: line.clone() }));
        let content = &self.packet().content;
        typed::refuse_identifiers(&content.charter, &content.taxonomy, &self.actor, &desk.allow, &texts).map(drop)
    }

    /// Refuses when the stage does not fit together, else writes it.
    ///
    /// # Errors
    /// With what does not fit.
    pub fn save(&self, desk: &Desk) -> Result<(), Refused> {
        if let Some(problem) = self.content()?.problem() {
            let help = "nothing was staged; packet status shows what is there";
            return Err(Refused::usage("stage", problem, help));
        }
        if self.stage.change.is_empty() {
            return discard(desk, &self.actor.id);
        }
        let encoded = self.stage.encode();
        if encoded.len() > LONGEST {
            let message = format!("what is staged would take {} bytes; a stage holds {LONGEST}", encoded.len());
            let help = "nothing was staged: packet commit what is there first; or take a dump in parts, with --region";
            return Err(Refused::usage("stage", message, help));
        }
        Ok(desk.clone_dir().write(&file(&self.actor.id), encoded.as_bytes())?)
    }
}

/// Changes the stage under the lock, so that two commands at once lose nothing.
///
/// # Errors
/// What the change refuses, or what does not fit together after it.
pub fn stage<T>(
    desk: &Desk,
    signer: &Signer,
    change: impl FnOnce(&mut Staging) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let _lock = desk.repo.lock(desk.wait)?;
    let mut staging = Staging::load(desk, signer)?;
    let before = staging.stage.clone();
    let answer = change(&mut staging)?;
    staging.refuse_identifiers(desk, &before)?;
    staging.save(desk)?;
    Ok(answer)
}

fn broken(path: &str, why: &str) -> Refused {
    let message = format!("the staged {path} does not hold: {why}");
    Refused::new(Verdict::Usage, "stage", path, message, "packet discard   drops what you staged")
}

fn file(actor: &ActorId) -> String {
    format!("stage/{actor}/stage.toml")
}

fn new_stage() -> Result<Stage, Refused> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| {
        let message = format!("the operating system gives no random bytes: {e}");
        Refused::new(Verdict::Undecided, "random", "random", message, "try again")
    })?;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    Ok(Stage::new(StageToken::new(hex).expect("32 hex digits are a token")))
}

/// What an actor has staged in this clone.
///
/// # Errors
/// When it cannot be read or is no stage.
pub fn read(desk: &Desk, actor: &ActorId) -> Result<Option<Stage>, Refused> {
    let Some(bytes) = desk.clone_dir().read(&file(actor))? else { return Ok(None) };
    Stage::decode(&bytes).map(Some).map_err(|e| broken("stage.toml", &e.to_string()))
}

/// Drops what an actor staged.
///
/// # Errors
/// When it cannot be removed.
pub fn discard(desk: &Desk, actor: &ActorId) -> Result<(), Refused> {
    Ok(desk.clone_dir().remove(&file(actor))?)
}

/// Drops what the key's owner staged; answers how many files that were.
///
/// # Errors
/// When the stage cannot be read or removed.
pub fn discard_own(desk: &Desk, signer: &Signer) -> Result<usize, Refused> {
    let _lock = desk.repo.lock(desk.wait)?;
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let actor = actor_of(&snapshot.packet.content.charter, signer)?;
    let staged = desk.clone_dir().read(&file(&actor.id))?.and_then(|bytes| Stage::decode(&bytes).ok());
    discard(desk, &actor.id)?;
    Ok(staged.map_or(0, |stage| stage.change.len()))
}
