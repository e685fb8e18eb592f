//! The table of operations: who may, what they may touch, what it voids.
//!
//! **One table, used at the write and at every verification.** A second list of permissions, for the writer alone,
//! would sooner or later let the writer refuse what a verifier accepts, or worse.

use super::actor::{Actor, CONTRIBUTOR, GOVERNANCE};
use super::change::Change;
use super::charter::Charter;
use super::kinds::kind_enum;
use super::place::Place;

kind_enum!(
    /// What an entry does.
    Operation {
        /// Opens the packet.
        Open = "open",
        /// Seals a stage as one revision.
        Commit = "commit",
        /// Stores a change for somebody else to apply.
        Propose = "propose",
        /// Takes a proposal over: its changes become a revision.
        Apply = "apply",
        /// Turns a proposal down.
        Reject = "reject",
        /// Proposes another charter or taxonomy, with a first endorsement.
        Amend = "amend",
        /// Endorses an amendment or a reassignment.
        Endorse = "endorse",
        /// Proposes to hand an objection to somebody else, with a first endorsement.
        Reassign = "reassign",
        /// Raises an objection.
        Object = "object",
        /// Says something in an objection's thread.
        Respond = "respond",
        /// Says that an objection is dealt with.
        Address = "address",
        /// Takes an objection back.
        Withdraw = "withdraw",
        /// Agrees that an objection was addressed.
        Close = "close",
        /// Accepts what remains of an objection.
        AcceptResidual = "accept-residual",
        /// Records what a scan found.
        Scan = "scan",
        /// Judges an exact set of findings.
        Dispose = "dispose",
        /// Records a check of the sources.
        Drift = "drift",
        /// Binds a manifest to the head.
        Draft = "draft",
        /// Signs a manifest.
        Sign = "sign",
        /// Approves a release.
        Approve = "approve",
        /// Stops a release, for good.
        Hold = "hold",
        /// The owner ends a release.
        Supersede = "supersede",
    }
);

/// Who may do an operation, by the charter alone. What else is asked (being the objector, owning the section) is
/// judged with the packet, in `history`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A human with role `governance`.
    Governance,
    /// A human with role `contributor`.
    HumanContributor,
    /// A contributor of any kind.
    Contributor,
    /// Anybody in the roster.
    Anyone,
    /// Any human.
    Human,
    /// A human with a required role, other than the owner.
    RequiredSigner,
    /// A human with a role named in `rules.disposers`.
    Disposer,
    /// The release owner.
    ReleaseOwner,
    /// A human contributor, or the release owner.
    HumanContributorOrOwner,
}

impl Who {
    /// Whether the actor is one of them.
    pub fn includes(self, charter: &Charter, actor: &Actor) -> bool {
        let owner = actor.id == charter.lane.release_owner;
        match self {
            Self::Governance => actor.is_human_with(GOVERNANCE),
            Self::HumanContributor => actor.is_human_with(CONTRIBUTOR),
            Self::Contributor => actor.has_role(CONTRIBUTOR),
            Self::Anyone => true,
            Self::Human => actor.is_human(),
            Self::RequiredSigner => charter.is_required_signer(actor),
            Self::Disposer => charter.may_dispose(actor),
            Self::ReleaseOwner => actor.is_human() && owner,
            Self::HumanContributorOrOwner => actor.is_human() && (owner || actor.has_role(CONTRIBUTOR)),
        }
    }

    /// In words, for refusals.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Governance => "a human with role `governance`",
            Self::HumanContributor => "a human with role `contributor`",
            Self::Contributor => "an actor with role `contributor`",
            Self::Anyone => "anybody in the roster",
            Self::Human => "a human",
            Self::RequiredSigner => "a human with a required signer's role, other than the release owner",
            Self::Disposer => "a human with a role that the charter's `disposers` names",
            Self::ReleaseOwner => "the release owner",
            Self::HumanContributorOrOwner => "a human with role `contributor`, or the release owner",
        }
    }
}

/// What an entry ends of what was bound before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voids {
    /// Nothing.
    Nothing,
    /// Every draft and approval bound before it.
    Bound,
    /// Drafts that were not approved.
    Drafts,
    /// Older releases, which it supersedes.
    Older,
    /// The release it names.
    Named,
    /// Every draft and approval bound before it, when something drifted; the newest that stands is held for it.
    WhenDrifted,
    /// Every draft and approval bound before it, when it adds findings.
    WhenFound,
    /// Every draft and approval bound before it, when endorsements reached the threshold and it took effect.
    WhenInEffect,
}

impl Operation {
    /// Who may.
    pub fn who(self) -> Who {
        match self {
            Self::Open | Self::Amend | Self::Endorse | Self::Reassign => Who::Governance,
            Self::Commit | Self::Apply | Self::Reject | Self::Address => Who::HumanContributor,
            Self::Propose | Self::Drift | Self::Scan => Who::Contributor,
            Self::Dispose => Who::Disposer,
            Self::Object | Self::Respond | Self::Withdraw | Self::Close => Who::Anyone,
            Self::AcceptResidual | Self::Approve | Self::Supersede => Who::ReleaseOwner,
            Self::Draft => Who::HumanContributorOrOwner,
            Self::Sign => Who::RequiredSigner,
            Self::Hold => Who::Human,
        }
    }

    /// Whether an entry of this operation may touch the place at all.
    pub fn touches(self, place: &Place) -> bool {
        match self {
            Self::Open => place.is_content(),
            Self::Commit => place.is_content() && !place.is_policy(),
            Self::Propose => matches!(place, Place::Proposal(_) | Place::Proposed(..)),
            Self::Apply => matches!(place, Place::Proposal(_)) || (place.is_content() && !place.is_policy()),
            Self::Reject => matches!(place, Place::Proposal(_)),
            Self::Amend => {
                matches!(place, Place::Proposal(_) | Place::Proposed(..) | Place::Endorsement(..)) || place.is_policy()
            }
            Self::Endorse => matches!(place, Place::Endorsement(..) | Place::Objection(_)) || place.is_policy(),
            Self::Reassign => matches!(place, Place::Proposal(_) | Place::Endorsement(..) | Place::Objection(_)),
            Self::Object | Self::Respond | Self::Address | Self::Withdraw | Self::Close | Self::AcceptResidual => {
                matches!(place, Place::Objection(_))
            }
            Self::Scan | Self::Dispose => matches!(place, Place::Findings(_)),
            Self::Drift => matches!(place, Place::Check(_) | Place::Hold(..)),
            Self::Draft => matches!(place, Place::Manifest(_)),
            Self::Sign => matches!(place, Place::Signature(..)),
            Self::Approve => matches!(place, Place::Signature(..) | Place::Approval(_)),
            Self::Hold | Self::Supersede => matches!(place, Place::Hold(..)),
        }
    }

    /// What it voids.
    pub fn voids(self) -> Voids {
        match self {
            Self::Commit | Self::Apply | Self::Object | Self::AcceptResidual | Self::Dispose => Voids::Bound,
            Self::Scan => Voids::WhenFound,
            Self::Amend | Self::Endorse | Self::Reassign => Voids::WhenInEffect,
            Self::Draft => Voids::Drafts,
            Self::Approve => Voids::Older,
            Self::Hold | Self::Supersede => Voids::Named,
            Self::Drift => Voids::WhenDrifted,
            Self::Open
            | Self::Propose
            | Self::Reject
            | Self::Respond
            | Self::Address
            | Self::Withdraw
            | Self::Close
            | Self::Sign => Voids::Nothing,
        }
    }

    /// Whether an entry that does this to these files makes a new revision: an amendment does when it takes effect,
    /// which shows in what it changes.
    pub fn is_revision(self, changes: &[Change]) -> bool {
        match self {
            Self::Open | Self::Commit | Self::Apply => true,
            Self::Amend | Self::Endorse => changes.iter().any(Change::is_of_content),
            _ => false,
        }
    }
}
