//! Drift: do the sources still say what was pinned?

use super::Desk;
use super::load::{self, Replay};
use super::refused::Refused;
use super::write::{Author, NewEntry, Plan, write};
use crate::gate::CLOCK_SKEW;
use crate::history::{held_by_drift, hold_kind};
use crate::model::canonical::Stored;
use crate::model::id::CommitId;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::Hold;
use crate::model::source::{CheckState, RecordedCheck, SubjectCheck};
use crate::sign::Signer;
use crate::source::evidence::{self, Checked};

/// Tells how many bytes were just read.
pub type Progress<'a> = dyn Fn(u64) + Sync + 'a;

/// What a check found.
#[derive(Debug)]
pub struct DriftAnswer {
    /// Every subject.
    pub checks: Vec<SubjectCheck>,
    /// What is not as pinned, or could not be read.
    pub reasons: Vec<Reason>,
    /// The entry that recorded it.
    pub recorded: Option<CommitId>,
    /// The release that it holds.
    pub held: Option<u32>,
}

/// Checks every pin against its source.
///
/// # Errors
/// When the packet cannot be loaded.
pub fn drift(desk: &Desk, progress: impl FnOnce(u64) -> Box<Progress<'static>>) -> Result<DriftAnswer, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let checked = check(&snapshot.packet, progress);
    Ok(DriftAnswer { reasons: reasons(&checked.subjects), checks: checked.subjects, recorded: None, held: None })
}

/// Checks every pin and records what was found; what drifted holds the newest release that stands.
///
/// # Errors
/// When the actor may not, or the write fails.
pub fn record(
    desk: &Desk,
    signer: &Signer,
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<DriftAnswer, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let checked = check(&snapshot.packet, progress);
    let before = snapshot.packet.releases;
    let written = write(desk, signer, Replay::Cached, |now, author| {
        Ok(match just_recorded(&now.packet, author, &checked) {
            Some(entry) => Plan::Already(entry),
            None => Plan::Write(entry_of(&now.packet, author, &checked)),
        })
    })?;
    let held =
        written.packet.releases.values().find(|r| before.get(&r.number).is_some_and(|b| b.holds.len() < r.holds.len()));
    Ok(DriftAnswer {
        reasons: reasons(&checked.subjects),
        held: held.map(|r| r.number),
        checks: checked.subjects,
        recorded: Some(written.entry),
    })
}

fn check(packet: &Packet, progress: impl FnOnce(u64) -> Box<Progress<'static>>) -> Checked {
    let progress = progress(evidence::bytes_to_read(&packet.content));
    evidence::check_all(&packet.content, &*progress)
}

fn reasons(subjects: &[SubjectCheck]) -> Vec<Reason> {
    let found = subjects.iter().filter(|s| !matches!(s.state, CheckState::Same | CheckState::New));
    found
        .map(|s| {
            let code = match s.state {
                CheckState::Unreachable => ReasonCode::SourceUnreachable,
                CheckState::Missing => ReasonCode::SourceMissing,
                _ => ReasonCode::SourceDrifted,
            };
            let found = s.found.as_deref().unwrap_or("no detail");
            let message = format!("{} in source {} is {}: {found}", s.subject, s.source, s.state.as_str());
            Reason::new(
                code,
                s.subject.clone(),
                message,
                "packet drift --record   records it and holds the release that rests on it",
            )
        })
        .collect()
}

/// The actor's newest entry, if it recorded the very same moments ago: then the command ran before. A check that is
/// older is worth repeating, for what it says is how things are *now*.
fn just_recorded(packet: &Packet, author: &Author<'_>, checked: &Checked) -> Option<CommitId> {
    let newest = packet.newest.get(&author.actor.id).filter(|n| n.operation == Operation::Drift)?;
    let check = packet.checks.values().next_back().filter(|check| check.by == author.actor.id)?;
    let same = check.source == checked.sources && check.subject == notable(checked);
    (same && check.at.plus(CLOCK_SKEW) >= author.at).then(|| newest.entry.clone())
}

fn notable(checked: &Checked) -> Vec<SubjectCheck> {
    checked.subjects.iter().filter(|s| s.state != CheckState::Same).cloned().collect()
}

fn entry_of(packet: &Packet, author: &Author<'_>, checked: &Checked) -> NewEntry {
    let number = packet.next_check();
    let check = RecordedCheck {
        format: 1,
        by: author.actor.id.clone(),
        at: author.at,
        source: checked.sources.clone(),
        subject: notable(checked),
    };
    let mut changes = vec![(Place::Check(number), Some(check.encode().into_bytes()))];
    let drifted = check.drifted();
    if let (Some(source), Some(n)) = (drifted, held_by_drift(packet)) {
        let hold = Hold {
            format: 1,
            release: n,
            act: Operation::Drift,
            kind: hold_kind(source.kind),
            by: author.actor.id.clone(),
            at: author.at,
            text: format!("check {number}: source {} is {}", source.name, source.state.as_str()),
        };
        let file = Place::Hold(n, packet.releases[&n].hold_files + 1);
        changes.push((file, Some(hold.encode().into_bytes())));
    }
    let worst = check.source.iter().map(|s| s.state).max().unwrap_or(CheckState::Same);
    NewEntry {
        operation: Operation::Drift,
        subject: format!("check {number}: {}", worst.as_str()),
        body: String::new(),
        stage: None,
        changes,
    }
}
