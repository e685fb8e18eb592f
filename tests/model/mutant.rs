//! One wrong thing at a time: every mutant breaks one rule of the model, and with it one invariant.

use crate::entry::Power;

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutant {
    CommitVoidsNothing,
    ApplyVoidsNothing,
    ObjectVoidsNothing,
    AmendVoidsNothing,
    ApprovalIsCarriedOver,
    NoCompareAndSwap,
    AgentsMay(Power),
    TrailerIsBelieved,
    AnybodyCloses,
    AnybodyWithdraws,
    ContributorsAccept,
    VetoIsAccepted,
    AnybodyVetoes,
    RevisionDropsObjections,
    RevocationDropsObjections,
    ThreadIsOverwritten,
    EverySignatureCounts,
    OwnerFillsASeat,
    /// And amendments void nothing: else this would not show, because a revocation voids what the key signed.
    CompromisedSignatureCounts,
    NobodyNeedsToSign,
    /// And amendments void nothing, as above.
    CompromisedApprovalCounts,
    StaleAmendmentTakesEffect,
    EndorsementsCountTwice,
    OwnThresholdDecides,
    OwnerAmendsAlone,
    AuthorsVouchForThemselves,
    AppliersAreForgotten,
    AnchorIsNotAsked,
    AnchorIsPulledBack,
    LongerIsNewer,
    ClosingNeverReopens,
    ResidualNeverLapses,
    CompromisedClosingCounts,
    AddressedIsEnough,
    CheckLiftsAHold,
    DriftHoldsNothing,
    NothingIsSuperseded,
    ProposerApplies,
    ConflictIsMerged,
    OwnerCountsForReassignment,
    ReassignedToTheAuthor,
    ReassignedMeansWithdrawn,
}

/// The rules: those of DESIGN.md, or all but one.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How many distinct people must sign.
    pub required: u32,
    pub mutant: Option<Mutant>,
}

impl Rules {
    /// Whether amendments void what was bound before.
    pub fn amendments_void(self) -> bool {
        use Mutant::{AmendVoidsNothing, CompromisedApprovalCounts, CompromisedSignatureCounts};
        ![AmendVoidsNothing, CompromisedSignatureCounts, CompromisedApprovalCounts].iter().any(|m| self.has(*m))
    }

    pub fn has(self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
