//! Objections: one dispute of one kind about one target; the thread only grows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::canonical::{Stored, is_false};
use super::digest::Blake3;
use super::id::{ActorId, CommitId, ObjectionId, ProposalId};
use super::kinds::kind_enum;
use super::target::Target;
use super::time::Time;

kind_enum!(
    /// What a dispute is about.
    ObjectionKind {
        /// A customer's identifier may still show.
        IdentifierLeakage = "identifier-leakage",
        /// More memory than needed.
        RegionMinimization = "region-minimization",
        /// Symbolization goes too deep or too wide.
        SymbolizationScope = "symbolization-scope",
        /// Deadlines contradict.
        RetentionConflict = "retention-conflict",
        /// A stack frame is not needed.
        FrameNecessity = "frame-necessity",
        /// A fragment is not needed.
        FragmentNecessity = "fragment-necessity",
        /// Where an attachment comes from.
        AttachmentLineage = "attachment-lineage",
        /// Who may see it.
        AudienceBoundary = "audience-boundary",
        /// Anything else.
        Other = "other",
    }
);

kind_enum!(
    /// What is done in an objection's thread.
    ActKind {
        /// Says something; changes nothing.
        Respond = "respond",
        /// A contributor says that it is dealt with.
        Address = "address",
        /// The objector takes it back.
        Withdraw = "withdraw",
        /// The objector agrees that it was addressed.
        Close = "close",
        /// The release owner accepts what remains.
        AcceptResidual = "accept-residual",
        /// Governance hands it to another human; its state stays.
        Reassign = "reassign",
    }
);

impl ActKind {
    /// Whether the act is one of authority, which carries its own signature and its target's digest. The authority of
    /// a reassignment lies in its endorsements.
    pub fn is_authority(self) -> bool {
        matches!(self, Self::Withdraw | Self::Close | Self::AcceptResidual)
    }

    /// The state after this act from `state`; nothing when it may not be done then.
    pub fn from_state(self, state: ObjectionState) -> Option<ObjectionState> {
        use ObjectionState::{Addressed, Closed, Open, Residual, Withdrawn};
        match (self, state) {
            (Self::Respond, state) => Some(state),
            (Self::Address, Open) => Some(Addressed),
            (Self::Close, Addressed) => Some(Closed),
            (Self::Withdraw, Open | Addressed | Residual) => Some(Withdrawn),
            (Self::AcceptResidual, Open | Addressed) => Some(Residual),
            (Self::Reassign, state @ (Open | Addressed)) => Some(state),
            _ => None,
        }
    }
}

kind_enum!(
    /// Where an objection stands.
    ObjectionState {
        /// Nobody dealt with it.
        Open = "open",
        /// A contributor says that it is dealt with; the objector has not agreed.
        Addressed = "addressed",
        /// The objector took it back.
        Withdrawn = "withdrawn",
        /// The objector agreed.
        Closed = "closed",
        /// The release owner accepted what remains.
        Residual = "residual",
    }
);

/// One act of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What was done.
    pub act: ActKind,
    /// By whom: the entry's actor.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// The words; the rationale of an accepted residual.
    pub text: String,
    /// Who speaks for the objection from now on; for a reassignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ActorId>,
    /// The proposal whose endorsements carry it; for a reassignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalId>,
    /// The target's digest then; for acts of authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Blake3>,
    /// The actor's own signature over [`statement`], in namespace `packet.ledger.v1`; for acts of authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// `ledger/<last two>/<id>.toml`: one objection and its thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// 1.
    pub format: u32,
    /// Its name; the file is called after it.
    pub id: ObjectionId,
    /// What kind of dispute.
    pub kind: ObjectionKind,
    /// About what.
    pub about: Target,
    /// Whether it can never become residual.
    #[serde(default, skip_serializing_if = "is_false")]
    pub veto: bool,
    /// Who objects.
    pub by: ActorId,
    /// Since when: the entry's time.
    pub at: Time,
    /// The target's digest when it was raised.
    pub target: Blake3,
    /// The words.
    pub text: String,
    /// What was said and done since, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<Act>,
}

impl Stored for Objection {}

impl Act {
    /// An act that is not one of authority: it carries neither target nor signature.
    pub fn plain(act: ActKind, by: ActorId, at: Time, text: String) -> Self {
        Self { act, by, at, text, to: None, proposal: None, target: None, signature: None }
    }
}

/// What an act of authority signs: the act, bound to this packet, this thread as it stood and this target as it was.
/// The subject is an objection, or a proposal that is applied.
///
/// A commit can be rebased or cherry-picked by somebody whose git signs everything (a confused deputy), so the entry's
/// own signature proves who wrote it, never that they meant this act. Lines are fixed and the words come last, so no
/// words can pose as another line.
pub fn statement(
    genesis: &CommitId,
    subject: &str,
    act: impl fmt::Display,
    thread: &Blake3,
    target: &Blake3,
    text: &str,
) -> Vec<u8> {
    format!(
        "packet.ledger.v1\ngenesis {genesis}\nsubject {subject}\nact {act}\nthread {thread}\ntarget {target}\n\n{text}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_transitions_happen() {
        let mut allowed = 0;
        for act in ActKind::ALL {
            for state in ObjectionState::ALL {
                allowed += usize::from(act.from_state(*state).is_some());
            }
        }
        let each = "respond anywhere; address 1, close 1, withdraw 3, accept-residual 2, reassign 2";
        assert_eq!(allowed, 5 + 1 + 1 + 3 + 2 + 2, "{each}");
        assert_eq!(ActKind::AcceptResidual.from_state(ObjectionState::Closed), None);
        assert_eq!(ActKind::Close.from_state(ObjectionState::Open), None);
    }

    #[test]
    fn an_appended_act_extends_the_bytes() {
        let mut objection = Objection {
            format: 1,
            id: ObjectionId::new("o-0123456789ab").unwrap(),
            kind: ObjectionKind::Other,
            about: Target::Packet,
            veto: false,
            by: ActorId::new("somebody").unwrap(),
            at: Time::from_seconds(0).unwrap(),
            target: Blake3::of(b""),
            text: "why?".into(),
            thread: vec![],
        };
        let before = objection.encode();
        let at = objection.at;
        let by = objection.by.clone();
        objection.thread.push(Act::plain(ActKind::Respond, by, at, "because".into()));
        assert!(objection.encode().starts_with(&before));
    }
}
