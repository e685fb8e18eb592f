//! The ledger as the replay keeps it: what every thread says of its objection's standing, without its words.

use serde::{Deserialize, Serialize};

use super::charter::Charter;
use super::digest::{Blake3, Sha256};
use super::id::{ActorId, ObjectionId};
use super::objection::{ActKind, ObjectionKind, ObjectionState};
use super::proposal::Endorsement;
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
    /// What carries a reassignment.
    pub reassigned: Option<Reassigned>,
}

/// Who an objection was handed to, and by whose endorsements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassigned {
    /// Who speaks for it from then on.
    pub to: ActorId,
    /// The endorsements that reached the threshold.
    pub endorsements: Vec<Endorsement>,
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
        for act in self.counting(charter) {
            match act.act {
                ActKind::Respond | ActKind::Reassign => continue,
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

    /// The acts that count by this charter. Where a reassignment does not, neither does what was closed or withdrawn
    /// on the strength of it.
    fn counting(&self, charter: &Charter) -> impl Iterator<Item = &ThreadAct> {
        let mut rests = true;
        self.acts.iter().filter(move |act| {
            let counts = counts(act, charter);
            match act.act {
                ActKind::Reassign => rests = counts,
                ActKind::Withdraw | ActKind::Close => return counts && rests,
                _ => {}
            }
            counts
        })
    }

    /// Who the objection was handed to, while the endorsements of that count.
    pub fn reassigned_to(&self, charter: &Charter) -> Option<&ActorId> {
        self.counting(charter).filter_map(|act| act.reassigned.as_ref()).last().map(|r| &r.to)
    }

    /// Who may withdraw or close it: the human who speaks for its objector, or whom governance handed it to.
    pub fn speaker<'a>(&'a self, charter: &'a Charter) -> Option<&'a ActorId> {
        charter.speaker_for(self.reassigned_to(charter).unwrap_or(&self.by))
    }

    /// The rationale of the residual in force, if that is its state.
    pub fn rationale(&self) -> Option<&str> {
        self.acts.iter().rev().find_map(|act| act.rationale.as_deref())
    }
}

fn counts(act: &ThreadAct, charter: &Charter) -> bool {
    let signed = |by: &ActorId, point| charter.counts_for(point).is_some_and(|actor| actor.id == *by);
    let endorsed = act.reassigned.iter().flat_map(|r| &r.endorsements).all(|e| signed(&e.actor, &e.point));
    endorsed && act.point.as_ref().is_none_or(|point| signed(&act.by, point))
}
