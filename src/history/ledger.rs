//! Entries of the ledger: raising objections, and acts in their threads.

use super::replay::{Accepted, Case, Effect, Placed};
use super::{Wrong, wrong};
use crate::model::canonical::Stored;
use crate::model::charter::KeyStanding;
use crate::model::digest::{Blake3, Sha256};
use crate::model::id::ActorId;
use crate::model::ledger::{Thread, ThreadAct};
use crate::model::namespace::Namespace;
use crate::model::objection::{Act, ActKind, Objection, statement};
use crate::model::place::Place;
use crate::model::reason::ReasonCode;

/// The longest text of an objection or act, in bytes.
pub const LONGEST_TEXT: usize = 64 << 10;

pub(super) fn check_text(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() || text.len() > LONGEST_TEXT {
        return wrong(
            ReasonCode::MalformedFile,
            format!("a text has 1 to {LONGEST_TEXT} bytes, this one {}", text.len()),
        );
    }
    Ok(())
}

pub(super) fn object(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (place, bytes) = case.only_new_file()?;
    let objection = decode(place, bytes)?;
    check_text(&objection.text)?;
    if objection.by != case.actor.id || objection.at != case.time() || !objection.thread.is_empty() {
        return wrong(
            ReasonCode::MalformedFile,
            "the objection names another objector or time than its entry, or has a thread",
        );
    }
    if !case.packet.has_target(&objection.about) {
        return wrong(ReasonCode::WrongState, format!("there is no {} to object to", objection.about));
    }
    if objection.target != case.packet.target_digest(&objection.about) {
        return wrong(ReasonCode::MalformedFile, format!("{} is not what the objection says it was", objection.about));
    }
    if objection.veto && !case.charter().is_required_signer(case.actor) {
        return wrong(
            ReasonCode::NotAllowed,
            format!("a veto is for humans with a required role; {} has none", case.actor.id),
        );
    }
    let subject = subject_of(&objection);
    let text = objection.text.clone();
    let thread = Thread {
        id: objection.id,
        kind: objection.kind,
        about: objection.about,
        veto: objection.veto,
        by: objection.by,
        at: objection.at,
        raised: objection.target,
        acts: Vec::new(),
        digest: Blake3::of(bytes),
        sha256: Sha256::of(bytes),
    };
    let made = Some(thread.id.to_string());
    Ok(Accepted { effect: Effect::Thread(thread), subject, text, made })
}

/// What an objection is known by when the same command runs again.
pub fn subject_of(objection: &Objection) -> String {
    format!("{} {}{}", objection.kind, objection.about, if objection.veto { " veto" } else { "" })
}

fn decode(place: &Place, bytes: &[u8]) -> Result<Objection, Wrong> {
    let objection = Objection::decode(bytes).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{place}: {e}")))?;
    match place {
        Place::Objection(id) if *id == objection.id && objection.format == 1 => Ok(objection),
        _ => wrong(ReasonCode::MalformedFile, format!("{place} holds another objection or format")),
    }
}

pub(super) fn act(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let [placed] = case.changes.as_slice() else {
        return wrong(ReasonCode::WrongPlace, format!("`{}` touches exactly one objection", case.operation()));
    };
    let (thread, act) = appended(case, placed)?;
    check_text(&act.text)?;
    if act.to.is_some() || act.proposal.is_some() {
        return wrong(ReasonCode::MalformedFile, format!("`{}` hands an objection to nobody", act.act));
    }
    if act.act.as_str() != case.operation().as_str() || act.by != case.actor.id || act.at != case.time() {
        return wrong(ReasonCode::MalformedFile, "the act names another operation, actor or time than its entry");
    }
    may_act(case, &thread, act.act)?;
    let state = case.packet.standing(&thread).state;
    if act.act.from_state(state).is_none() {
        return wrong(ReasonCode::WrongState, format!("{} is {state}: `{}` does nothing to it", thread.id, act.act));
    }
    let point = authority(case, &thread, &act)?;
    let rationale = (act.act == ActKind::AcceptResidual).then(|| act.text.clone());
    let kept = ThreadAct { act: act.act, by: act.by, target: act.target, point, rationale, reassigned: None };
    let thread = grown(thread, kept, placed.bytes()?);
    let subject = thread.id.to_string();
    Ok(Accepted { effect: Effect::Thread(thread), subject, text: act.text, made: None })
}

/// The thread with one more act, stored as these bytes.
pub(super) fn grown(mut thread: Thread, act: ThreadAct, bytes: &[u8]) -> Thread {
    thread.acts.push(act);
    (thread.digest, thread.sha256) = (Blake3::of(bytes), Sha256::of(bytes));
    thread
}

/// The thread as the packet has it, and the one act that the entry appends to its file: what was there stays, byte by byte.
pub(super) fn appended(case: &Case<'_>, placed: &Placed<'_>) -> Result<(Thread, Act), Wrong> {
    let mut objection = decode(&placed.place, placed.bytes()?)?;
    let Some(thread) = case.packet.ledger.get(&objection.id) else {
        return wrong(ReasonCode::WrongState, format!("there is no objection {}", objection.id));
    };
    let Some(act) = objection.thread.pop() else {
        return wrong(ReasonCode::MalformedFile, "the thread was cut");
    };
    if Blake3::of(objection.encode().as_bytes()) != thread.digest {
        return wrong(
            ReasonCode::MalformedFile,
            format!("{} changes what was said before; a thread only grows", objection.id),
        );
    }
    Ok((thread.clone(), act))
}

fn may_act(case: &Case<'_>, thread: &Thread, act: ActKind) -> Result<(), Wrong> {
    let id = &thread.id;
    match act {
        ActKind::Withdraw | ActKind::Close => {
            let objector = thread.speaker(case.charter());
            if objector != Some(&case.actor.id) {
                let who = objector.map_or("nobody in the roster", ActorId::as_str);
                return wrong(
                    ReasonCode::NotAllowed,
                    format!("`{act}` of {id} is for its objector ({who}), not {}", case.actor.id),
                );
            }
        }
        ActKind::AcceptResidual if thread.veto => {
            return wrong(
                ReasonCode::NotAllowed,
                format!("{id} is a veto by {}: it cannot become residual", thread.by),
            );
        }
        _ => {}
    }
    Ok(())
}

/// An act of authority names its target's digest and carries its actor's own signature; other acts carry neither.
fn authority(case: &Case<'_>, thread: &Thread, act: &Act) -> Result<Option<[u8; 32]>, Wrong> {
    let (target, signature) = match (act.act.is_authority(), &act.target, &act.signature) {
        (false, None, None) => return Ok(None),
        (true, Some(target), Some(signature)) => (target, signature),
        _ => return wrong(ReasonCode::MalformedFile, format!("`{}` carries too much or too little", act.act)),
    };
    if *target != case.packet.target_digest(&thread.about) {
        return wrong(ReasonCode::WrongState, format!("{} is not what the act says it was", thread.about));
    }
    let message = statement(&case.packet.genesis, thread.id.as_str(), act.act, &thread.digest, target, &act.text);
    signed_by_actor(case, signature, Namespace::Ledger, &message).map(|signed| Some(*signed.key.ed25519()))
}

/// Verifies a signature of authority: it must be the entry's own actor's.
pub(super) fn signed_by_actor(
    case: &Case<'_>,
    armour: &str,
    namespace: Namespace,
    message: &[u8],
) -> Result<super::Signed, Wrong> {
    let code = ReasonCode::AuthoritySignature;
    let signed = (case.verify)(armour, namespace, message)
        .map_err(|why| Wrong(code, format!("`{}` is not signed in {}: {why}", case.operation(), namespace.as_str())))?;
    match case.charter().standing(&signed.key) {
        KeyStanding::Signs(actor) if actor.id == case.actor.id => Ok(signed),
        _ => {
            let key = signed.key.fingerprint();
            wrong(
                code,
                format!("`{}` by {} is signed with key {key}, which is not theirs", case.operation(), case.actor.id),
            )
        }
    }
}
