//! Reasons: why the answer is *no*, or why there is none. Codes are listed in `docs/reasons.md` and never renamed.

use serde::Serialize;

use super::kinds::kind_enum;

kind_enum!(
    /// A stable code for one kind of reason.
    ReasonCode {
        /// An objection is open.
        ObjectionOpen = "objection-open",
        /// An objection is addressed, and its objector has not agreed.
        ObjectionAddressed = "objection-addressed",
        /// A residual's target changed since it was accepted.
        ResidualLapsed = "residual-lapsed",
        /// A session has no deadline, and the rules demand one.
        RetentionMissing = "retention-missing",
        /// A session's deadline has passed.
        RetentionPassed = "retention-passed",
        /// A session has two different deadlines.
        RetentionConflict = "retention-conflict",
        /// A session is more sensitive than the lane takes.
        SensitivityExceeded = "sensitivity-exceeded",
        /// A symbolization request goes beyond the boundary.
        BoundaryExceeded = "boundary-exceeded",
        /// A fragment goes to the lane that the charter's rules keep back.
        RegionExcluded = "region-excluded",
        /// A section has no owner in the roster.
        SectionOwnerless = "section-ownerless",
        /// A finding of a blocking class shows, and nobody disposed of it.
        LeakUnresolved = "leak-unresolved",
        /// What a sanitizer claims to mask does not fit what was found.
        ClaimMismatch = "claim-mismatch",
        /// Not everything that goes to the lane was scanned.
        ScanIncomplete = "scan-incomplete",
        /// A source no longer says what was pinned.
        SourceDrifted = "source-drifted",
        /// What was pinned is gone from its source.
        SourceMissing = "source-missing",
        /// A source could not be read.
        SourceUnreachable = "source-unreachable",
        /// There is no such release.
        NoRelease = "no-release",
        /// The release was approved before.
        AlreadyApproved = "already-approved",
        /// The release is not approved.
        NotApproved = "not-approved",
        /// A required signature is missing or does not count.
        SignatureMissing = "signature-missing",
        /// The owner's signature does not count.
        ApprovalNotCounting = "approval-not-counting",
        /// The owner's key was not touched, and the charter demands it.
        PresenceMissing = "presence-missing",
        /// Every signer wrote a change that is released.
        NoIndependentSigner = "no-independent-signer",
        /// Something was recorded after the bound commit.
        Void = "void",
        /// Somebody stopped the release.
        Held = "held",
        /// A newer release or the owner ended it.
        Superseded = "superseded",
        /// Its time is over.
        Lapsed = "lapsed",
        /// Its time has not begun.
        NotYetValid = "not-yet-valid",
        /// The charter is looser than the policy.
        PolicyLooser = "policy-looser",
        /// The release tag is not the one the branch calls for.
        TagWrong = "tag-wrong",
        /// A commit that is no entry stands on the branch.
        ForeignEntry = "foreign-entry",
        /// An entry's signature does not hold.
        EntrySignature = "entry-signature",
        /// An entry is signed by a key that may not sign, or for another actor.
        EntryKey = "entry-key",
        /// An entry does what its actor may not.
        NotAllowed = "not-allowed",
        /// An entry touches a file it may not, or a file that is no place.
        WrongPlace = "wrong-place",
        /// An entry stores a malformed file.
        MalformedFile = "malformed-file",
        /// An entry does what the packet's state does not allow.
        WrongState = "wrong-state",
        /// An entry's time, revision or parent does not follow.
        WrongSequence = "wrong-sequence",
        /// An act of authority is not signed by its actor.
        AuthoritySignature = "authority-signature",
        /// A manifest does not bind what it must.
        ManifestMismatch = "manifest-mismatch",
        /// The branch does not begin at the pinned genesis.
        RootMismatch = "root-mismatch",
        /// The branch does not descend from the newest head seen here.
        Rewound = "rewound",
        /// Two branches of the packet diverge.
        Forked = "forked",
        /// No genesis is pinned in this clone.
        NoRoot = "no-root",
        /// There is no such packet here.
        NoPacket = "no-packet",
        /// The repository is shallow.
        Shallow = "shallow",
        /// An object cannot be read.
        Unreadable = "unreadable",
        /// An entry is ahead of this clock.
        FutureEntry = "future-entry",
        /// The remote has another head.
        NotNewest = "not-newest",
        /// Freshness was not proven.
        NotFresh = "not-fresh",
    }
);

impl ReasonCode {
    /// Whether this leaves the answer open rather than making it *no*. Fails closed: neither is *yes*.
    pub fn is_undecided(self) -> bool {
        matches!(
            self,
            Self::SourceUnreachable
                | Self::ScanIncomplete
                | Self::NoRoot
                | Self::NoPacket
                | Self::Shallow
                | Self::Unreadable
                | Self::FutureEntry
                | Self::NotNewest
                | Self::NotFresh
        )
    }
}

/// One reason why the answer is not *yes*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The kind.
    pub code: ReasonCode,
    /// The thing it is about, such as `objection:o-…` or a commit.
    pub subject: String,
    /// What is the matter, naming the value.
    pub message: String,
    /// What to do, preferably the command to type.
    pub help: String,
}

impl Reason {
    /// A reason.
    pub fn new(
        code: ReasonCode,
        subject: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, subject: subject.into(), message: message.into(), help: help.into() }
    }
}

/// The answer to a question that reasons decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It could not be decided.
    Undecided,
}

impl Verdict {
    /// The answer that reasons give: *no* outweighs *could not decide*, and either outweighs *yes*.
    pub fn of(reasons: &[Reason]) -> Self {
        if reasons.iter().any(|r| !r.code.is_undecided()) {
            Self::No
        } else if reasons.is_empty() {
            Self::Yes
        } else {
            Self::Undecided
        }
    }
}
