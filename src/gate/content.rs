//! Content: sensitivity, retention, symbolization and ownership.

use super::Case;
use crate::model::id::SessionId;
use crate::model::objection::{ObjectionKind, ObjectionState};
use crate::model::reason::{Reason, ReasonCode};
use crate::model::target::Target;

pub(super) fn sensitivity(case: &Case<'_>) -> Vec<Reason> {
    let content = &case.packet.content;
    let limit = content.charter.lane.max_sensitivity;
    let above = content.sessions.values().filter(|s| s.sensitivity > limit);
    above
        .map(|session| {
            let id = &session.id;
            let message =
                format!("session {id} is {:?}, the lane takes at most {limit:?}", session.sensitivity).to_lowercase();
            Reason::new(
                ReasonCode::SensitivityExceeded,
                format!("session:{id}"),
                message,
                format!("packet remove session:{id} --why TEXT   then packet commit -m TEXT"),
            )
        })
        .collect()
}

pub(super) fn retention(case: &Case<'_>) -> Vec<Reason> {
    case.packet.content.sessions.keys().filter_map(|session| retention_of(case, session)).collect()
}

fn retention_of(case: &Case<'_>, session: &SessionId) -> Option<Reason> {
    let content = &case.packet.content;
    let subject = format!("retention:{session}");
    let set = format!("packet retention set {session} --deadline TIME --basis TEXT   then packet commit -m TEXT");
    let Some(retention) = content.retention.get(session) else {
        let message = format!("session {session} has no deadline, and the charter demands one");
        let demanded = content.charter.rules.require_retention;
        return demanded.then(|| Reason::new(ReasonCode::RetentionMissing, subject, message, set));
    };
    if let Some(deadline) = retention.earliest().filter(|at| *at <= case.now) {
        let message = format!("the evidence of session {session} had to be gone by {deadline}");
        return Some(Reason::new(ReasonCode::RetentionPassed, subject, message, set));
    }
    let about = |target: &Target| match target {
        Target::Retention(id) | Target::Session(id) => id == session,
        _ => false,
    };
    if !retention.conflicts() || is_residual(case, ObjectionKind::RetentionConflict, about) {
        return None;
    }
    let named: Vec<String> = retention.deadline.iter().map(|d| format!("{} ({})", d.at, d.basis)).collect();
    let message = format!("session {session} has different deadlines: {}", named.join(", "));
    let help = format!(
        "{set}, or packet object --kind retention-conflict --about {subject} -m TEXT   for the owner to accept"
    );
    Some(Reason::new(ReasonCode::RetentionConflict, subject, message, help))
}

pub(super) fn boundary(case: &Case<'_>) -> Vec<Reason> {
    let content = &case.packet.content;
    let requests = content.symbols.values();
    requests
        .filter_map(|request| {
            let excess = request.exceeds(&content.charter.rules.boundary)?;
            let id = &request.id;
            // About the whole request: what was accepted of one frame excuses no other.
            let about = |target: &Target| matches!(target, Target::Symbols(about) if about == id);
            if is_residual(case, ObjectionKind::SymbolizationScope, about) {
                return None;
            }
            let message = format!("symbolization request {id} goes beyond the boundary: {excess}");
            let help = format!(
                "packet remove symbols:{id} --why TEXT, or packet object --kind symbolization-scope --about symbols:{id} -m TEXT   for the owner to accept"
            );
            Some(Reason::new(ReasonCode::BoundaryExceeded, format!("symbols:{id}"), message, help))
        })
        .collect()
}

pub(super) fn minimization(case: &Case<'_>) -> Vec<Reason> {
    let content = &case.packet.content;
    content
        .included()
        .filter_map(|fragment| {
            let why = content.charter.rules.excludes(fragment.range.length, fragment.kind)?;
            let id = &fragment.id;
            let help =
                format!("packet remove fragment:{id} --why TEXT, or take less: packet add-fragment … --region NAME");
            Some(Reason::new(
                ReasonCode::RegionExcluded,
                format!("fragment:{id}"),
                format!("fragment {id}: {why}"),
                help,
            ))
        })
        .collect()
}

fn is_residual(case: &Case<'_>, kind: ObjectionKind, about: impl Fn(&Target) -> bool) -> bool {
    let mut threads = case.packet.ledger.values().filter(|t| t.kind == kind && about(&t.about));
    threads.any(|thread| case.packet.standing(thread).state == ObjectionState::Residual)
}

pub(super) fn sections(case: &Case<'_>) -> Vec<Reason> {
    let content = &case.packet.content;
    let owned = |owner| content.charter.actor_by_id(owner).is_some_and(crate::model::actor::Actor::is_human);
    let ownerless = content.sections.iter().filter(|(_, section)| !section.owner().is_some_and(owned));
    ownerless
        .map(|(name, _)| {
            Reason::new(
                ReasonCode::SectionOwnerless,
                format!("section:{name}"),
                format!("section {name} has no owner among the people of the roster"),
                format!("packet section set {name} --file FILE --owner ACTOR   then packet commit -m TEXT"),
            )
        })
        .collect()
}
