//! Entries of a release: draft, sign, approve, hold, supersede.

use super::ledger::signed_by_actor;
use super::replay::{Accepted, Case, Effect, Placed};
use super::{Signed, Wrong, drift, wrong};
use crate::gate::{self, Facts, Question};
use crate::model::canonical::Stored;
use crate::model::manifest::{self, DraftFacts, Span};
use crate::model::namespace::Namespace;
use crate::model::operation::Operation;
use crate::model::place::Place;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::{Approval, Approved, HoldKind, Presence, Release, ReleaseSignature};
use crate::model::source::SourceCheck;

/// The gate as it was when an entry was written: any reason then makes the entry none. That is decided, even where the
/// reason was that something could not be: nobody may draft or approve on what they could not see.
fn gate_held(case: &Case<'_>, question: Question<'_>, facts: Facts<'_>) -> Result<(), Wrong> {
    let reasons = gate::judge(case.packet, question, facts, case.time());
    let decided = reasons.iter().find(|r| !r.code.is_undecided());
    match decided.or(reasons.first()) {
        None => Ok(()),
        Some(Reason { code, message, .. }) => {
            let code = if code.is_undecided() { ReasonCode::WrongState } else { *code };
            wrong(code, format!("`{}` although {message}", case.operation()))
        }
    }
}

pub(super) fn draft(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (place, bytes) = case.only_new_file()?;
    let number = case.packet.next_release();
    if *place != Place::Manifest(number) {
        return wrong(ReasonCode::WrongPlace, format!("the next draft is releases/{number}/manifest.json"));
    }
    let mismatch = |e: String| Wrong(ReasonCode::ManifestMismatch, format!("releases/{number}/manifest.json: {e}"));
    let sources = manifest::pinned_sources(bytes).map_err(mismatch)?;
    let facts = DraftFacts { packet: case.name.clone(), at: case.time(), sources };
    let expected = manifest::encode(case.packet, &facts);
    if expected.as_bytes() != bytes {
        return Err(mismatch("it does not bind this packet at this head".to_owned()));
    }
    lists_sources(case, &facts.sources)?;
    gate_held(case, Question::Draft, Facts { sources: Some(&facts.sources), ..Facts::default() })?;
    let release = drafted(case, number, expected);
    Ok(Accepted {
        effect: Effect::Drafted(Box::new(release)),
        subject: number.to_string(),
        text: String::new(),
        made: None,
    })
}

/// What is said of sources is said of each one the charter names, once, in its order: a list with two answers for one
/// source would let a reader pick.
pub(super) fn lists_sources(case: &Case<'_>, checks: &[SourceCheck]) -> Result<(), Wrong> {
    let named = checks.iter().map(|c| (&c.name, c.kind));
    match named.eq(case.charter().source.iter().map(|s| (&s.name, s.kind))) {
        true => Ok(()),
        false => wrong(
            ReasonCode::MalformedFile,
            "the checks of sources do not name the charter's sources, once each, in order",
        ),
    }
}

fn drafted(case: &Case<'_>, number: u32, manifest: String) -> Release {
    let packet = case.packet;
    let span = Span::of(packet, case.time());
    Release {
        number,
        drafted: case.entry.id().clone(),
        by: case.actor.id.clone(),
        bound: packet.head.clone(),
        revision: packet.revision.number,
        manifest_sha256: manifest::sha256(&manifest),
        manifest,
        previous: packet.previous_approved(),
        not_before: span.not_before,
        not_after: span.not_after,
        destroy_by: span.destroy_by,
        changed_by: packet.changed_by.clone(),
        signatures: Vec::new(),
        approval: None,
        holds: Vec::new(),
        hold_files: 0,
        void: None,
        superseded: None,
    }
}

fn release_of<'a>(case: &'a Case<'_>, n: u32) -> Result<&'a Release, Wrong> {
    case.packet.releases.get(&n).ok_or_else(|| Wrong(ReasonCode::NoRelease, format!("there is no release {n}")))
}

/// The actor's own signature over the very manifest bytes, in namespace `packet.release.v1`.
fn manifest_signature(case: &Case<'_>, release: &Release, armour: &[u8]) -> Result<ReleaseSignature, Wrong> {
    let armour = std::str::from_utf8(armour)
        .map_err(|_| Wrong(ReasonCode::AuthoritySignature, "the signature is not text".to_owned()))?;
    let Signed { key, touched } = signed_by_actor(case, armour, Namespace::Release, release.manifest.as_bytes())?;
    Ok(ReleaseSignature {
        actor: case.actor.id.clone(),
        point: *key.ed25519(),
        fingerprint: key.fingerprint(),
        touched,
    })
}

pub(super) fn sign(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (place, armour) = case.only_new_file()?;
    let Place::Signature(n, actor) = place else { return wrong(ReasonCode::WrongPlace, "`sign` stores a signature") };
    let n = *n;
    if *actor != case.actor.id {
        return wrong(ReasonCode::NotAllowed, format!("{} may not sign for {actor}", case.actor.id));
    }
    let release = release_of(case, n)?;
    if !release.stands() || release.approval.is_some() || release.has_lapsed(case.time()) {
        return wrong(ReasonCode::WrongState, format!("release {n} is not an open draft"));
    }
    let signature = manifest_signature(case, release, armour)?;
    Ok(Accepted {
        effect: Effect::Signed { release: n, signature },
        subject: n.to_string(),
        text: String::new(),
        made: None,
    })
}

pub(super) fn approve(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (n, signature_file, approval_file) = approval_files(case)?;
    let release = release_of(case, n)?;
    let signature = manifest_signature(case, release, signature_file.bytes()?)?;
    let approval = Approval::decode(approval_file.bytes()?)
        .map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{}: {e}", approval_file.change.path)))?;
    check_approval(case, release, &approval, &signature)?;
    lists_sources(case, &approval.source)?;
    let facts = Facts { sources: Some(&approval.source), owner_touched: Some(signature.touched), ..Facts::default() };
    gate_held(case, Question::Approve(release), facts)?;
    let approved = Approved { entry: case.entry.id().clone(), at: case.time(), signature, presence: approval.presence };
    Ok(Accepted {
        effect: Effect::Approved { release: n, approved },
        subject: n.to_string(),
        text: String::new(),
        made: None,
    })
}

fn approval_files<'a>(case: &'a Case<'_>) -> Result<(u32, &'a Placed<'a>, &'a Placed<'a>), Wrong> {
    let new = |placed: &&Placed<'_>| !placed.change.existed;
    let approval = case.changes.iter().filter(new).find(|c| matches!(c.place, Place::Approval(_)));
    let signature = case.changes.iter().filter(new).find(|c| matches!(c.place, Place::Signature(..)));
    match (approval, signature) {
        (Some(approval), Some(signature)) if case.changes.len() == 2 => match (&approval.place, &signature.place) {
            (Place::Approval(n), Place::Signature(m, actor)) if n == m && *actor == case.actor.id => {
                Ok((*n, signature, approval))
            }
            _ => wrong(ReasonCode::WrongPlace, "an approval and the owner's signature are of one release"),
        },
        _ => wrong(ReasonCode::WrongPlace, "`approve` adds the owner's signature and approval.toml"),
    }
}

fn check_approval(
    case: &Case<'_>,
    release: &Release,
    approval: &Approval,
    signature: &ReleaseSignature,
) -> Result<(), Wrong> {
    let Approval { format, release: n, commit, manifest_sha256, by, at, presence, source: _ } = approval;
    let says_touched = *presence == Presence::Touched;
    let same = *format == 1
        && *n == release.number
        && *commit == release.bound
        && *manifest_sha256 == release.manifest_sha256
        && *by == case.actor.id
        && *at == case.time();
    if !same {
        return wrong(
            ReasonCode::ManifestMismatch,
            format!("the approval of release {} names something else", release.number),
        );
    }
    if says_touched != signature.touched {
        return wrong(
            ReasonCode::MalformedFile,
            "the approval says otherwise than the signature whether a key was touched",
        );
    }
    Ok(())
}

pub(super) fn hold(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (place, bytes) = case.only_new_file()?;
    let Place::Hold(n, _) = place else { return wrong(ReasonCode::WrongPlace, "a hold is stored as hold-<k>.toml") };
    let hold = drift::decode_hold(&place.to_string(), bytes)?;
    check_hold(case, *n, case.operation(), None)?;
    let subject = format!("{n} {}", hold.kind);
    Ok(Accepted { effect: Effect::Held { release: *n }, subject, text: hold.text, made: None })
}

/// A hold file is the next of its release, and says what its entry does.
pub(super) fn check_hold(case: &Case<'_>, n: u32, act: Operation, kind: Option<HoldKind>) -> Result<(), Wrong> {
    let release = release_of(case, n)?;
    let next = Place::Hold(n, release.hold_files + 1);
    let placed = case.changes.iter().find(|c| c.place == next && !c.change.existed);
    let Some(placed) = placed else { return wrong(ReasonCode::WrongPlace, format!("the next hold is {next}")) };
    let hold = drift::decode_hold(&placed.change.path, placed.bytes()?)?;
    let says =
        hold.format == 1 && hold.release == n && hold.act == act && hold.by == case.actor.id && hold.at == case.time();
    if !says || kind.is_some_and(|kind| kind != hold.kind) || hold.text.trim().is_empty() {
        return wrong(ReasonCode::MalformedFile, format!("{next} does not say what its entry does"));
    }
    Ok(())
}
