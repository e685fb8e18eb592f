//! The trace: entries, newest first.

use super::load::{self, Replay};
use super::{Desk, Refused};
use crate::model::actor::ActorKind;
use crate::model::commit::Commit;
use crate::model::id::{ActorId, CommitId};
use crate::model::operation::Operation;
use crate::model::time::Time;

/// One entry, as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The entry.
    pub commit: CommitId,
    /// What it did.
    pub operation: Operation,
    /// Who.
    pub actor: ActorId,
    /// What they are, by the charter.
    pub kind: Option<ActorKind>,
    /// When.
    pub at: Time,
    /// The revision after it.
    pub revision: u32,
    /// Its one line.
    pub summary: String,
}

/// The log of a packet.
#[derive(Debug)]
pub struct Log {
    /// Newest first.
    pub entries: Vec<LogLine>,
    /// What is wrong with the branch; entries after the last valid one are not listed.
    pub warnings: Vec<String>,
}

/// The entries up to the packet's head, newest first.
///
/// # Errors
/// When the packet cannot be loaded.
pub fn log(desk: &Desk, limit: Option<usize>) -> Result<Log, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let chain = desk.repo.chain(&snapshot.packet.head, None)?;
    let charter = &snapshot.packet.content.charter;
    let newest = chain.iter().rev().take(limit.unwrap_or(usize::MAX));
    let entries = newest
        .filter_map(|(id, bytes)| {
            let message = Commit::parse(bytes).ok()?.unsigned;
            Some(LogLine {
                commit: id.clone(),
                operation: message.message.operation,
                kind: charter.actor_by_id(&message.message.actor).map(|a| a.kind),
                actor: message.message.actor,
                at: message.time,
                revision: message.message.revision,
                summary: message.message.subject,
            })
        })
        .collect();
    Ok(Log { entries, warnings: snapshot.faults.iter().map(|f| f.message.clone()).collect() })
}
