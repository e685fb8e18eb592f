//! Sources: each one shown unchanged, or the answer stays open.

use super::Case;
use crate::model::charter::Source;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::source::{CheckState, SourceCheck, SubjectCheck};

pub(super) fn unchanged(case: &Case<'_>) -> Vec<Reason> {
    let Some(checks) = case.facts.sources else { return Vec::new() };
    let charter = &case.packet.content.charter;
    charter.source.iter().flat_map(|source| of_source(case, source, checks)).collect()
}

fn of_source(case: &Case<'_>, source: &Source, checks: &[SourceCheck]) -> Vec<Reason> {
    let subject = format!("source:{}", source.name);
    let Some(check) = checks.iter().find(|c| c.name == source.name && c.kind == source.kind) else {
        let message = format!("source {} was not checked", source.name);
        return vec![Reason::new(ReasonCode::SourceUnreachable, subject, message, "packet drift")];
    };
    match check.state {
        CheckState::Same | CheckState::New => Vec::new(),
        CheckState::Unreachable if stood_in(case, check) => Vec::new(),
        state => {
            let details: Vec<&SubjectCheck> =
                case.facts.subjects.iter().filter(|s| s.source == source.name && s.state != CheckState::Same).collect();
            match details.is_empty() {
                true => vec![reason(state, subject, format!("source {} is {}", source.name, state.as_str()))],
                false => details.iter().map(|d| reason(d.state, d.subject.clone(), describe(d))).collect(),
            }
        }
    }
}

/// A source that could not be read may be vouched for by a custodian's recorded check, if it is fresh enough.
fn stood_in(case: &Case<'_>, check: &SourceCheck) -> bool {
    check.stand_in.is_some_and(|k| case.packet.stand_in(k, &check.name, case.now))
}

fn reason(state: CheckState, subject: String, message: String) -> Reason {
    let (code, help) = match state {
        CheckState::Unreachable => (
            ReasonCode::SourceUnreachable,
            "make it readable and try again, or let a custodian who can read it run packet drift --record",
        ),
        CheckState::Missing => (
            ReasonCode::SourceMissing,
            "restore it from the vault's backup, or packet remove what is gone, then packet commit -m TEXT",
        ),
        _ => (
            ReasonCode::SourceDrifted,
            "restore what was pinned, or add the evidence anew with packet add-fragment, then packet commit -m TEXT",
        ),
    };
    Reason::new(code, subject, message, help)
}

fn describe(check: &SubjectCheck) -> String {
    let mut text = format!("{} in source {} is {}", check.subject, check.source, check.state.as_str());
    if let Some(found) = &check.found {
        text.push_str(&format!(": {found}"));
    }
    text
}
