//! The ledger as the replay keeps it: what every thread says of its objection's standing, without its words.

use serde::{Deserialize, Serialize};

use super::charter::{Charter, KeyStanding};
use super::digest::{Blake3, Sha256};
use super::id::{ActorId, ObjectionId};
use super::objection::{ActKind, ObjectionKind, ObjectionState};
use super::target::Target;
use super::time::Time;

/// One act of a thread, as far as standing goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadAct {
    /// What was done.
    pub act: ActKind,
    /// By whom.
    pub by: ActorId,
    /// The target's digest then; for acts of authority.
    pub target: Option<Blake3>,
    /// The Ed25519 point of the key that signed it; for acts of authority.
    pub point: Option<[u8; 32]>,
    /// The rationale of an accepted residual, which a manifest repeats.
    pub rationale: Option<String>,
}

/// One objection and what its thread makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The objection.
    pub id: ObjectionId,
    /// What kind of dispute.
    pub kind: ObjectionKind,
    /// About what.
    pub about: Target,
    /// Whether it can never become residual.
    pub veto: bool,
    /// Who objects.
    pub by: ActorId,
    /// Since when.
    pub at: Time,
    /// The target's digest when it was raised.
    pub raised: Blake3,
    /// What was done since.
    pub acts: Vec<ThreadAct>,
    /// BLAKE3 of the stored file: the digest of the thread so far.
    pub digest: Blake3,
    /// SHA-256 of the stored file, for the digest of the material.
    pub sha256: Sha256,
}

/// Where an objection stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: ObjectionState,
    /// Whether it is open because its target changed after the owner accepted it.
    pub residual_lapsed: bool,
}

impl Thread {
    /// Where the objection stands, by the charter and the target's digest *now*.
    ///
    /// Acts of authority count only while their key does, so that a compromised key's closings reopen. A closing
    /// lapses when the target is again what was objected to; a residual lapses when the target is no longer what was
    /// accepted (DESIGN.md, invariant 5).
    pub fn standing(&self, charter: &Charter, target_now: impl FnOnce() -> Blake3) -> Standing {
        let mut state = ObjectionState::Open;
        let mut bound_to = None;
        for act in self.acts.iter().filter(|act| counts(act, charter)) {
            match act.act {
                ActKind::Respond => continue,
                ActKind::Address => state = ObjectionState::Addressed,
                ActKind::Withdraw => state = ObjectionState::Withdrawn,
                ActKind::Close => state = ObjectionState::Closed,
                ActKind::AcceptResidual => state = ObjectionState::Residual,
            }
            bound_to = act.target;
        }
        let lapses = match (state, bound_to) {
            (ObjectionState::Withdrawn | ObjectionState::Closed, Some(then)) => {
                then != self.raised && target_now() == self.raised
            }
            (ObjectionState::Residual, Some(then)) => target_now() != then,
            _ => false,
        };
        match lapses {
            true => Standing { state: ObjectionState::Open, residual_lapsed: state == ObjectionState::Residual },
            false => Standing { state, residual_lapsed: false },
        }
    }

    /// The rationale of the residual in force, if that is its state.
    pub fn rationale(&self) -> Option<&str> {
        self.acts.iter().rev().find_map(|act| act.rationale.as_deref())
    }
}

fn counts(act: &ThreadAct, charter: &Charter) -> bool {
    let Some(point) = &act.point else { return true };
    match charter.standing_of_point(point) {
        KeyStanding::Signs(actor) | KeyStanding::Retired(actor) => actor.id == act.by,
        KeyStanding::Compromised | KeyStanding::Unknown => false,
    }
}
