//! The reader's own policy.

use super::Case;
use crate::model::reason::{Reason, ReasonCode};

pub(super) fn looser(case: &Case<'_>) -> Vec<Reason> {
    let Some(policy) = case.facts.policy else { return Vec::new() };
    let found = policy.looser(&case.packet.content.charter, &case.packet.content.taxonomy);
    let help = "the reader's policy decides: amend the charter, or verify with another --policy";
    found.into_iter().map(|message| Reason::new(ReasonCode::PolicyLooser, "charter", message, help)).collect()
}
