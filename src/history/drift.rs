//! Recorded checks of the sources. What drifted holds the newest release that still stands.

use super::replay::{Accepted, Case, Effect};
use super::{Wrong, wrong};
use crate::model::canonical::Stored;
use crate::model::charter::SourceKind;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::reason::ReasonCode;
use crate::model::release::{Hold, HoldKind};
use crate::model::source::RecordedCheck;

/// The release a drift holds: the newest that still stands, drafted or approved.
pub fn held_by_drift(packet: &Packet) -> Option<u32> {
    packet.releases.values().rev().find(|r| r.stands()).map(|r| r.number)
}

/// The kind of hold that a drift of a source makes.
pub fn hold_kind(kind: SourceKind) -> HoldKind {
    match kind {
        SourceKind::Evidence | SourceKind::Environments => HoldKind::Evidence,
        SourceKind::Symbols => HoldKind::Symbols,
        SourceKind::Retention => HoldKind::Retention,
        SourceKind::Rules => HoldKind::Rules,
        SourceKind::Reviewers => HoldKind::Reviewers,
    }
}

pub(super) fn record(case: &Case<'_>) -> Result<Accepted, Wrong> {
    let (check, number) = recorded(case)?;
    super::release::lists_sources(case, &check.source)?;
    let drifted = check.drifted().map(|s| hold_kind(s.kind));
    let holds = drifted.and(held_by_drift(case.packet));
    let files = 1 + usize::from(holds.is_some());
    if case.changes.len() != files {
        return wrong(
            ReasonCode::WrongPlace,
            "a check that drifted holds the newest release that stands, any other holds none",
        );
    }
    if let (Some(n), Some(kind)) = (holds, drifted) {
        super::release::check_hold(case, n, Operation::Drift, Some(kind))?;
    }
    Ok(Accepted {
        effect: Effect::Checked { check, number, holds },
        subject: String::new(),
        text: String::new(),
        made: None,
    })
}

fn recorded(case: &Case<'_>) -> Result<(RecordedCheck, u32), Wrong> {
    let next = case.packet.next_check();
    let placed = case.changes.iter().find(|c| c.place == Place::Check(next) && !c.change.existed);
    let Some(placed) = placed else {
        return wrong(ReasonCode::WrongPlace, format!("the next check is checks/{next}.toml"));
    };
    let malformed = |e: String| Wrong(ReasonCode::MalformedFile, format!("{}: {e}", placed.change.path));
    let check = RecordedCheck::decode(placed.bytes()?).map_err(|e| malformed(e.to_string()))?;
    if check.format != 1 || check.by != case.actor.id || check.at != case.time() {
        return Err(malformed("it names another checker or time than its entry".to_owned()));
    }
    Ok((check, next))
}

/// Reads a hold file.
pub(super) fn decode_hold(path: &str, bytes: &[u8]) -> Result<Hold, Wrong> {
    Hold::decode(bytes).map_err(|e| Wrong(ReasonCode::MalformedFile, format!("{path}: {e}")))
}
