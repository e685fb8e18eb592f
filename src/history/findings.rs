//! What scans found, and what people made of it. Findings only grow; a disposition binds the exact set it is about.

use std::cell::LazyCell;
use std::sync::Arc;

use super::ledger::{check_text, signed_by_actor};
use super::replay::{Accepted, Case, Effect, Placed};
use super::{Wrong, wrong};
use crate::model::actor::CUSTODIAN;
use crate::model::canonical::Stored;
use crate::model::digest::{Blake3, Sha256};
use crate::model::disposition::{Disposition, disposition_act, disposition_subject};
use crate::model::findings::{FindingsFile, LONGEST_SCANNED, RecordedFindings};
use crate::model::fragment::Fragment;
use crate::model::namespace::Namespace;
use crate::model::objection::statement;
use crate::model::place::Place;
use crate::model::reason::ReasonCode;
use crate::model::scanned::Complete;
use crate::model::surroundings::Surroundings;

pub(super) fn scan(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let mut findings = Vec::new();
    let mut adds = false;
    let surroundings = LazyCell::new(|| case.packet.content.surroundings());
    for placed in &case.changes {
        if placed.bytes()?.len() > LONGEST_SCANNED {
            let message = format!("{} leaves no room for what people make of it", placed.change.path);
            return wrong(ReasonCode::MalformedFile, message);
        }
        let file = decode(case, placed)?;
        let before = before(case, &file);
        if file.disposition != before.disposition || !file.holds(&before) {
            let message = format!("{} drops or judges findings; a scan only ever adds", placed.change.path);
            return wrong(ReasonCode::WrongState, message);
        }
        about_present_bytes(case, &file, &before, &surroundings)?;
        adds |= file.count() > before.count();
        findings.push(recorded(case, file, placed.bytes()?, None));
    }
    Ok(accepted(findings, adds, String::new(), String::new()))
}

pub(super) fn dispose(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let mut findings = Vec::new();
    let (mut subject, mut text) = (Vec::new(), String::new());
    for placed in &case.changes {
        let file = decode(case, placed)?;
        let before = before(case, &file);
        let [earlier @ .., new] = file.disposition.as_slice() else {
            return wrong(ReasonCode::MalformedFile, format!("{} gains no disposition", placed.change.path));
        };
        if file.scan != before.scan || earlier != before.disposition {
            let message = format!("{} changes findings or what was said of them before", placed.change.path);
            return wrong(ReasonCode::WrongState, message);
        }
        let point = judged(case, &file, new)?;
        subject.push(format!("{} {} {}", file.fragment, new.class, new.judgement));
        text.clone_from(&new.why);
        findings.push(recorded(case, file, placed.bytes()?, Some(point)));
    }
    // Sorted by fragment, however paths sort.
    subject.sort_unstable();
    Ok(accepted(findings, false, subject.join("\n"), text))
}

fn accepted(findings: Vec<RecordedFindings>, adds: bool, subject: String, text: String) -> Accepted {
    Accepted { effect: Effect::Found { findings, adds }, subject, text, made: None }
}

fn decode(case: &Case<'_>, placed: &Placed<'_>) -> Result<FindingsFile, Wrong> {
    let malformed = |why: String| Wrong(ReasonCode::MalformedFile, format!("{}: {why}", placed.change.path));
    let file = FindingsFile::decode(placed.bytes()?).map_err(|e| malformed(e.to_string()))?;
    let Place::Findings(id) = &placed.place else {
        return wrong(ReasonCode::WrongPlace, format!("{} holds no findings", placed.change.path));
    };
    if file.format != 1 || file.fragment != *id {
        return Err(malformed("it holds another format, or the findings of another fragment".to_owned()));
    }
    if Some(&file.key) != case.packet.content.vault_key() {
        return Err(malformed("it commits with another key than the vault's".to_owned()));
    }
    match file.problem() {
        Some(problem) => Err(malformed(problem)),
        None => Ok(file),
    }
}

fn before(case: &Case<'_>, file: &FindingsFile) -> FindingsFile {
    let recorded = case.packet.findings.get(&file.fragment);
    recorded.map_or_else(|| FindingsFile::new(file.fragment.clone(), file.key.clone()), |r| r.file.clone())
}

/// What is new is about the bytes that the fragment has now: nobody scanned any others.
fn about_present_bytes(
    case: &Case<'_>,
    file: &FindingsFile,
    before: &FindingsFile,
    surroundings: &LazyCell<Surroundings, impl FnOnce() -> Surroundings>,
) -> Result<(), Wrong> {
    let fragment = fragment(case, file)?;
    let bytes = crate::model::scanned::bytes_of(fragment);
    for scanned in file.scan.iter().filter(|s| !before.scan.contains(s)) {
        if !bytes.iter().any(|(side, bytes)| *side == scanned.of && *bytes == scanned.bytes) {
            let message = format!("{} bytes {} are not fragment {}'s", scanned.of, scanned.bytes, fragment.id);
            return wrong(ReasonCode::WrongState, message);
        }
        let earlier = before.scan.iter().find(|s| s.of == scanned.of && s.bytes == scanned.bytes);
        let mut new = scanned.complete.iter().filter(|c| !earlier.is_some_and(|e| e.complete.contains(c)));
        let is_own = |c: &Complete| c.by == case.actor.id && case.actor.is_human_with(CUSTODIAN);
        if new.any(|c| !is_own(c) || c.around != surroundings.around(fragment)) {
            let message = "that all was scanned is for a custodian to say, of their own scan, where the bytes are now";
            return wrong(ReasonCode::NotAllowed, message);
        }
        if scanned.findings().any(|f| f.offset + f.length > fragment.range.length) {
            let message =
                format!("a finding does not lie in fragment {} of {} bytes", fragment.id, fragment.range.length);
            return wrong(ReasonCode::MalformedFile, message);
        }
    }
    Ok(())
}

fn fragment<'a>(case: &'a Case<'_>, file: &FindingsFile) -> Result<&'a Arc<Fragment>, Wrong> {
    let found = case.packet.content.fragments.get(&file.fragment);
    found.ok_or_else(|| Wrong(ReasonCode::WrongState, format!("there is no fragment {}", file.fragment)))
}

/// A disposition binds the very set that is recorded now, by its author's own signature.
fn judged(case: &Case<'_>, file: &FindingsFile, new: &Disposition) -> Result<[u8; 32], Wrong> {
    check_text(&new.why)?;
    if new.by != case.actor.id || new.at != case.time() {
        return wrong(ReasonCode::MalformedFile, "the disposition names another actor or time than its entry");
    }
    fragment(case, file)?;
    let set = case.packet.finding_set(&file.fragment, new.class.as_str());
    if set.count == 0 || (set.count, set.digest) != (new.count, new.set) {
        let message = format!(
            "{} findings of class {} are recorded in {}, the disposition is about another set of {}",
            set.count, new.class, file.fragment, new.count
        );
        return wrong(ReasonCode::WrongState, message);
    }
    let thread = case.packet.findings.get(&file.fragment).map_or_else(|| Blake3::of(b""), |r| r.digest);
    let subject = disposition_subject(&file.fragment, &new.class);
    let act = disposition_act(new.judgement);
    let message = statement(&case.packet.genesis, &subject, act, &thread, &new.set, &new.why);
    signed_by_actor(case, &new.signature, Namespace::Ledger, &message).map(|signed| *signed.key.ed25519())
}

fn recorded(case: &Case<'_>, file: FindingsFile, bytes: &[u8], point: Option<[u8; 32]>) -> RecordedFindings {
    let before = case.packet.findings.get(&file.fragment);
    let mut points = before.map(|r| r.points.clone()).unwrap_or_default();
    points.extend(point);
    let mut scanners = before.map(|r| r.scanners.clone()).unwrap_or_default();
    for scanned in &file.scan {
        for complete in &scanned.complete {
            // By the key that said so first, of these bytes: no later key vouches for what it did not say.
            let saying = (scanned.bytes.clone(), complete.clone());
            scanners.entry(saying).or_insert_with(|| *case.entry.signer().ed25519());
        }
    }
    RecordedFindings { file, points, scanners, digest: Blake3::of(bytes), sha256: Sha256::of(bytes) }
}
