//! The ledger: raising objections and acting in their threads. An entry at once, no stage.

use super::load::Replay;
use super::write::{Author, NewEntry, Plan, plan_once, write};
use super::{Desk, Refused};
use crate::history::{LONGEST_TEXT, subject_of};
use crate::model::canonical::Stored;
use crate::model::id::{CommitId, ObjectionId, derived_hex};
use crate::model::ledger::Thread;
use crate::model::namespace::Namespace;
use crate::model::objection::{Act, ActKind, Objection, ObjectionKind, statement};
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::target::Target;
use crate::sign::Signer;

/// A line of the ledger that is in the history.
#[derive(Debug)]
pub struct Recorded {
    /// The objection.
    pub id: ObjectionId,
    /// The entry.
    pub commit: CommitId,
    /// Where the objection stands now.
    pub state: crate::model::objection::ObjectionState,
}

/// What somebody objects to.
#[derive(Debug, Clone)]
pub struct NewObjection {
    /// What kind of dispute.
    pub kind: ObjectionKind,
    /// About what.
    pub about: Target,
    /// Why.
    pub text: String,
    /// Whether it can never become residual.
    pub veto: bool,
}

/// Raises an objection.
///
/// # Errors
/// When the target is not there, the actor may not, or the write fails.
pub fn object(desk: &Desk, signer: &Signer, new: &NewObjection) -> Result<Recorded, Refused> {
    check_text(&new.text)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| {
        let packet = &snapshot.packet;
        if !packet.has_target(&new.about) {
            let message = format!("there is no {} in this packet", new.about);
            let help = match new.about {
                Target::Findings(..) => "packet coverage   lists fragments with the classes of what was found in them",
                _ => "packet status   lists sessions, fragments, symbols and sections",
            };
            return Err(Refused::usage(new.about.to_string(), message, help));
        }
        let objection = objection_of(packet, author, new);
        let subject = subject_of(&objection);
        plan_once(packet, author, Operation::Object, (&subject, &new.text), || {
            Ok(line(Operation::Object, &objection, format!("{subject} as {}", objection.id)))
        })
    })?;
    let id = written.made().and_then(|id| ObjectionId::new(id).ok()).expect("raising makes an objection");
    answer(&written.packet, id, written.entry)
}

fn answer(packet: &Packet, id: ObjectionId, commit: CommitId) -> Result<Recorded, Refused> {
    let state = packet.standing(thread(packet, &id)?).state;
    Ok(Recorded { id, commit, state })
}

/// Refuses a text that is empty or endless.
pub(super) fn check_text(text: &str) -> Result<(), Refused> {
    if text.trim().is_empty() || text.len() > LONGEST_TEXT {
        let message = format!("a text has 1 to {LONGEST_TEXT} bytes, this one has {}", text.len());
        return Err(Refused::usage("-m", message, "say why in a sentence or two"));
    }
    Ok(())
}

fn objection_of(packet: &Packet, author: &Author<'_>, new: &NewObjection) -> Objection {
    let by = &author.actor.id;
    let said = format!("{}\n{}\n{}\n{}", new.kind, new.about, new.veto, new.text);
    let parts = [packet.genesis.as_str(), packet.head.as_str(), by.as_str(), Operation::Object.as_str(), &said];
    Objection {
        format: 1,
        id: ObjectionId::new(format!("o-{}", derived_hex(&parts))).expect("12 hex digits make an objection id"),
        kind: new.kind,
        about: new.about.clone(),
        veto: new.veto,
        by: by.clone(),
        at: author.at,
        target: packet.target_digest(&new.about),
        text: new.text.clone(),
        thread: Vec::new(),
    }
}

fn line(operation: Operation, objection: &Objection, subject: String) -> NewEntry {
    let changes = vec![(Place::Objection(objection.id.clone()), Some(objection.encode().into_bytes()))];
    NewEntry { operation, subject, body: String::new(), stage: None, changes }
}

/// Acts in an objection's thread: respond, address, withdraw, close, accept-residual.
///
/// # Errors
/// When there is no such objection, its state does not allow it, the actor may not, or the write fails.
pub fn act(desk: &Desk, signer: &Signer, id: &ObjectionId, kind: ActKind, text: &str) -> Result<Recorded, Refused> {
    check_text(text)?;
    let operation = operation_of(kind);
    let written = write(desk, signer, Replay::Cached, |snapshot, author| -> Result<Plan, Refused> {
        let packet = &snapshot.packet;
        let thread = thread(packet, id)?;
        plan_once(packet, author, operation, (id.as_str(), text), || {
            let mut objection = stored(desk, packet, id)?;
            objection.thread.push(new_act(packet, author, thread, kind, text)?);
            Ok(line(operation, &objection, format!("{id}, {} about {}", thread.kind, thread.about)))
        })
    })?;
    answer(&written.packet, id.clone(), written.entry)
}

/// An objection of the packet.
///
/// # Errors
/// When there is none of that id.
pub(super) fn thread<'a>(packet: &'a Packet, id: &ObjectionId) -> Result<&'a Thread, Refused> {
    packet.ledger.get(id).ok_or_else(|| {
        let message = format!("there is no objection {id} in this packet");
        Refused::usage(format!("objection:{id}"), message, "packet objections   lists them")
    })
}

/// An objection as it is stored, with all its words.
///
/// # Errors
/// When the object cannot be read.
pub fn stored(desk: &Desk, packet: &Packet, id: &ObjectionId) -> Result<Objection, Refused> {
    let path = Place::Objection(id.clone()).to_string();
    let unreadable = |why: String| {
        let help = "git fsck   shows what is damaged; fetch again from a healthy clone";
        Refused::new(super::Verdict::Undecided, "unreadable", format!("objection:{id}"), why, help)
    };
    let bytes = desk.repo.blob_at(&packet.tree, &path)?.ok_or_else(|| unreadable(format!("{path} is missing")))?;
    Objection::decode(&bytes).map_err(|e| unreadable(format!("{path}: {e}")))
}

fn new_act(packet: &Packet, author: &Author<'_>, thread: &Thread, kind: ActKind, text: &str) -> Result<Act, Refused> {
    let mut act = Act::plain(kind, author.actor.id.clone(), author.at, text.to_owned());
    // Only who may act signs: a refused command must not leave a statement of authority anywhere.
    if kind.is_authority() && operation_of(kind).who().includes(&packet.content.charter, author.actor) {
        let target = packet.target_digest(&thread.about);
        let message = statement(&packet.genesis, thread.id.as_str(), kind, &thread.digest, &target, text);
        act.target = Some(target);
        act.signature = Some(author.signer.sign(Namespace::Ledger, &message)?.armour().to_owned());
    }
    Ok(act)
}

fn operation_of(act: ActKind) -> Operation {
    match act {
        ActKind::Respond => Operation::Respond,
        ActKind::Address => Operation::Address,
        ActKind::Withdraw => Operation::Withdraw,
        ActKind::Close => Operation::Close,
        ActKind::AcceptResidual => Operation::AcceptResidual,
        ActKind::Reassign => Operation::Reassign,
    }
}
