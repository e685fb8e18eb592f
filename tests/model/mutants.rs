//! Which invariant each mutant breaks, and the smallest world in which that shows.

use crate::entry::Power;
use crate::invariants::{self as law, Invariant};
use crate::mutant::Mutant;
use crate::world::World;
use crate::worlds::{ALONE, AUTHORS, DISPUTE, GOVERNANCE, HANDOVER, HEADS, KEYS, RACES, RELEASES};

/// Every mutant but those of [`Power`].
pub const MUTANTS: [(Mutant, Invariant, World); 42] = [
    (Mutant::CommitVoidsNothing, law::NEVER_OUTLIVES, AUTHORS),
    (Mutant::ApplyVoidsNothing, law::NEVER_OUTLIVES, AUTHORS),
    (Mutant::ObjectVoidsNothing, law::NEVER_OUTLIVES, DISPUTE),
    (Mutant::AmendVoidsNothing, law::NEVER_OUTLIVES, ALONE),
    (Mutant::ApprovalIsCarriedOver, law::VERY_HEAD, RACES),
    (Mutant::ApprovalIsCarriedOver, law::IN_BETWEEN, RACES),
    (Mutant::NoCompareAndSwap, law::NOTHING_LOST, RACES),
    (Mutant::RevisionDropsObjections, law::NOTHING_LOST, DISPUTE),
    (Mutant::RevocationDropsObjections, law::NOTHING_LOST, KEYS),
    (Mutant::ThreadIsOverwritten, law::NOTHING_LOST, DISPUTE),
    (Mutant::TrailerIsBelieved, law::AGENTS, DISPUTE),
    (Mutant::AnybodyCloses, law::OBJECTOR, DISPUTE),
    (Mutant::AnybodyWithdraws, law::OBJECTOR, DISPUTE),
    (Mutant::ContributorsAccept, law::RESIDUAL, DISPUTE),
    (Mutant::VetoIsAccepted, law::VETO, DISPUTE),
    (Mutant::AnybodyVetoes, law::VETO_BY, DISPUTE),
    (Mutant::ClosingNeverReopens, law::DISPUTED, DISPUTE),
    (Mutant::ResidualNeverLapses, law::DISPUTED, DISPUTE),
    (Mutant::AddressedIsEnough, law::DISPUTED, DISPUTE),
    (Mutant::CompromisedClosingCounts, law::DISPUTED, KEYS),
    (Mutant::EverySignatureCounts, law::ONE_VOTE, RELEASES),
    (Mutant::OwnerFillsASeat, law::ONE_VOTE, RELEASES),
    (Mutant::NobodyNeedsToSign, law::ONE_VOTE, AUTHORS),
    (Mutant::CompromisedSignatureCounts, law::ONE_VOTE, KEYS),
    (Mutant::CompromisedApprovalCounts, law::ONE_VOTE, KEYS),
    (Mutant::AuthorsVouchForThemselves, law::INDEPENDENT, AUTHORS),
    (Mutant::AppliersAreForgotten, law::INDEPENDENT, AUTHORS),
    (Mutant::StaleAmendmentTakesEffect, law::CHARTER_FOLLOWS, GOVERNANCE),
    (Mutant::EndorsementsCountTwice, law::THRESHOLD, GOVERNANCE),
    (Mutant::OwnThresholdDecides, law::THRESHOLD, GOVERNANCE),
    (Mutant::OwnerAmendsAlone, law::NOT_ALONE, ALONE),
    (Mutant::OwnerCountsForReassignment, law::HANDED_OVER, HANDOVER),
    (Mutant::ReassignedToTheAuthor, law::HANDED_OVER, HANDOVER),
    (Mutant::ReassignedMeansWithdrawn, law::HANDED_OVER, HANDOVER),
    (Mutant::ProposerApplies, law::OTHERS_APPLY, AUTHORS),
    (Mutant::ConflictIsMerged, law::NO_MERGE, AUTHORS),
    (Mutant::CheckLiftsAHold, law::HELD, RELEASES),
    (Mutant::DriftHoldsNothing, law::HELD, RELEASES),
    (Mutant::NothingIsSuperseded, law::ONE_CURRENT, AUTHORS),
    (Mutant::AnchorIsNotAsked, law::NOT_FOOLED, HEADS),
    (Mutant::AnchorIsPulledBack, law::NOT_FOOLED, HEADS),
    (Mutant::LongerIsNewer, law::NOT_FOOLED, HEADS),
];

/// A world in which a power of people is used.
pub fn world_of(power: Power) -> World {
    match power {
        Power::Apply | Power::Reject => AUTHORS,
        Power::Amend | Power::Endorse => GOVERNANCE,
        Power::Hold => RELEASES,
        Power::Commit
        | Power::Address
        | Power::Withdraw
        | Power::Close
        | Power::Accept
        | Power::Draft
        | Power::Sign
        | Power::Approve => DISPUTE,
    }
}
