//! Repair: the local branch back to its last valid entry. No entry is written; only a reference of this clone moves.

use super::load::{self, Replay};
use super::write::actor_of;
use super::{Desk, Refused, Verdict};
use crate::model::actor::CONTRIBUTOR;
use crate::model::id::CommitId;
use crate::model::reason::ReasonCode;
use crate::sign::Signer;
use crate::store::{AdvanceError, Expected};

/// What a repair would do, or did.
#[derive(Debug)]
pub struct Repair {
    /// Where the local branch stands.
    pub from: CommitId,
    /// Its last valid entry.
    pub to: CommitId,
    /// What is wrong after it.
    pub why: String,
}

/// Looks for what stands after the last valid entry of the local branch; nothing when the branch is whole.
///
/// # Errors
/// When the packet cannot be loaded, or the key belongs to no human contributor.
pub fn plan(desk: &Desk, signer: &Signer) -> Result<Option<Repair>, Refused> {
    let snapshot = load::load(desk, None, Replay::Full)?;
    let actor = actor_of(&snapshot.packet.content.charter, signer)?;
    if !actor.is_human_with(CONTRIBUTOR) {
        let message = format!("repair is for a human with role `contributor`; {} is not one", actor.id);
        return Err(Refused::new(
            Verdict::No,
            "not-allowed",
            format!("actor:{}", actor.id),
            message,
            "ask a contributor",
        ));
    }
    let ends = |code: ReasonCode| code.is_undecided() || matches!(code, ReasonCode::Rewound | ReasonCode::Forked);
    let fault = snapshot.faults.iter().find(|f| f.subject.starts_with("entry:") && !ends(f.code));
    match (fault, snapshot.local) {
        (Some(fault), Some(local))
            if load::descends(desk, &local, &snapshot.packet.head)? && local != snapshot.packet.head =>
        {
            Ok(Some(Repair { from: local, to: snapshot.packet.head, why: fault.message.clone() }))
        }
        (Some(fault), Some(local)) if local == snapshot.packet.head => Err(not_here(&fault.message, &local)),
        _ => Ok(None),
    }
}

/// The local branch is whole, and a remote-tracking one is not: no reference of this clone mends that.
fn not_here(why: &str, last_valid: &CommitId) -> Refused {
    let message =
        format!("the local branch is whole; a remote-tracking branch goes on after {}: {why}", last_valid.short());
    let help = "ask who pushed it; the remote's keeper moves its branch back to that entry, then git fetch --prune";
    Refused::new(Verdict::No, "foreign-remote", "remote", message, help)
}

/// Moves the local branch back, if it still stands where the person saw it.
///
/// # Errors
/// When it moved since, is checked out, or cannot be written.
pub fn carry_out(desk: &Desk, repair: &Repair) -> Result<(), Refused> {
    if let Some(work_tree) = desk.repo.checked_out(&desk.name)? {
        return Err(AdvanceError::CheckedOut { work_tree }.into());
    }
    let mut lock = desk.repo.lock(desk.wait)?;
    lock.advance(&desk.name, &Expected::Is(repair.from.clone()), &repair.to)?;
    Ok(())
}
