//! Disputes: nothing open, nothing merely addressed, no residual whose target moved on.

use super::Case;
use crate::model::objection::ObjectionState;
use crate::model::reason::{Reason, ReasonCode};

pub(super) fn objections(case: &Case<'_>) -> Vec<Reason> {
    let threads = case.packet.ledger.values();
    threads
        .filter_map(|thread| {
            let standing = case.packet.standing(thread);
            let id = &thread.id;
            let closer = thread.speaker(&case.packet.content.charter).unwrap_or(&thread.by);
            let (code, message, help) = match standing.state {
                ObjectionState::Open if standing.residual_lapsed => (
                    ReasonCode::ResidualLapsed,
                    format!("{} changed after {id} ({}) was accepted", thread.about, thread.kind),
                    format!("packet accept-residual {id} --rationale TEXT   (release owner), or packet withdraw {id} -m TEXT"),
                ),
                ObjectionState::Open => (
                    ReasonCode::ObjectionOpen,
                    format!("{id} by {}: {} about {} is open", thread.by, thread.kind, thread.about),
                    format!("packet address {id} -m TEXT   then {closer} runs packet close {id} -m TEXT"),
                ),
                ObjectionState::Addressed => (
                    ReasonCode::ObjectionAddressed,
                    format!("{id} by {}: {} about {} is addressed, not closed", thread.by, thread.kind, thread.about),
                    format!("packet close {id} -m TEXT   (by {closer})"),
                ),
                ObjectionState::Withdrawn | ObjectionState::Closed | ObjectionState::Residual => return None,
            };
            Some(Reason::new(code, format!("objection:{id}"), message, help))
        })
        .collect()
}
