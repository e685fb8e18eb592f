//! A release and its life: draft → signed → approved → handed off; void, held, superseded and lapsed end it.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::digest::Sha256;
use super::id::{ActorId, CommitId};
use super::kinds::kind_enum;
use super::operation::Operation;
use super::packet::Hands;
use super::source::SourceCheck;
use super::time::Time;

kind_enum!(
    /// Why a release is held.
    HoldKind {
        /// New or changed crash evidence.
        Evidence = "evidence",
        /// Changed symbol maps.
        Symbols = "symbols",
        /// Shifted deadlines.
        Retention = "retention",
        /// Updated sanitization rules.
        Rules = "rules",
        /// Changed reviewer assignments.
        Reviewers = "reviewers",
        /// People disagree.
        Disagreement = "disagreement",
        /// Nobody answers for a part.
        Ownership = "ownership",
        /// The audience is wrong.
        Audience = "audience",
        /// It drifts beyond what the lane is for.
        Scope = "scope",
        /// Anything else.
        Other = "other",
    }
);

kind_enum!(
    /// How the owner's approval was given.
    Presence {
        /// A hardware key was touched.
        Touched = "touched",
        /// The commit was typed at a terminal.
        Terminal = "terminal",
        /// `--confirm` was given by a script.
        Unattended = "unattended",
    }
);

kind_enum!(
    /// Where a release stands.
    ReleaseState {
        /// Its manifest is bound; signatures are awaited.
        Draft = "draft",
        /// Everybody required has signed; the owner is awaited.
        Signed = "signed",
        /// The owner approved it, and nothing ended it since.
        Approved = "approved",
        /// Something was recorded after the bound commit that it does not cover.
        Void = "void",
        /// Somebody stopped it, for good.
        Held = "held",
        /// A newer release or the owner ended it.
        Superseded = "superseded",
        /// Its time is over.
        Lapsed = "lapsed",
    }
);

/// `releases/<n>/approval.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// 1.
    pub format: u32,
    /// The release.
    pub release: u32,
    /// The bound commit.
    pub commit: CommitId,
    /// SHA-256 of the manifest's bytes.
    pub manifest_sha256: Sha256,
    /// The release owner.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// How.
    pub presence: Presence,
    /// What the sources said then.
    pub source: Vec<SourceCheck>,
}

impl Stored for Approval {}

/// `releases/<n>/hold-<k>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// 1.
    pub format: u32,
    /// The release it stops.
    pub release: u32,
    /// `hold`, `supersede` or `drift`.
    pub act: Operation,
    /// Why, in a word.
    pub kind: HoldKind,
    /// Who.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// Why, in their words.
    pub text: String,
}

impl Stored for Hold {}

/// What ended a release: the entry and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The entry.
    pub entry: CommitId,
    /// What it did.
    pub operation: Operation,
    /// Who.
    pub by: ActorId,
}

/// A signature over a manifest, verified when its entry was replayed. Whether it counts is judged now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSignature {
    /// Who.
    pub actor: ActorId,
    /// The Ed25519 point of the key.
    pub point: [u8; 32],
    /// The key's fingerprint.
    pub fingerprint: String,
    /// Whether a hardware key says that it was touched.
    pub touched: bool,
}

/// The owner's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The approving entry.
    pub entry: CommitId,
    /// When.
    pub at: Time,
    /// The owner's signature over the manifest.
    pub signature: ReleaseSignature,
    /// How it was given.
    pub presence: Presence,
}

/// One release, as the replay knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number: each draft takes the next.
    pub number: u32,
    /// The drafting entry.
    pub drafted: CommitId,
    /// Who drafted it.
    pub by: ActorId,
    /// The bound commit: the parent of the drafting entry, the very head that was judged.
    pub bound: CommitId,
    /// The revision at the bound commit.
    pub revision: u32,
    /// The manifest's bytes.
    pub manifest: String,
    /// SHA-256 of the manifest's bytes.
    pub manifest_sha256: Sha256,
    /// The release it replaces.
    pub previous: Option<u32>,
    /// The drafting entry's time.
    pub not_before: Time,
    /// From then on it has lapsed.
    pub not_after: Time,
    /// The earliest deadline of its sessions.
    pub destroy_by: Option<Time>,
    /// The hands behind each change of content since the last approved release.
    pub changed_by: Vec<Hands>,
    /// Signatures of required signers.
    pub signatures: Vec<ReleaseSignature>,
    /// The approval, when there is one.
    pub approval: Option<Approved>,
    /// What stopped it.
    pub holds: Vec<Ended>,
    /// How many hold files it has, for the number of the next.
    pub hold_files: u32,
    /// What voided it.
    pub void: Option<Ended>,
    /// What superseded it.
    pub superseded: Option<Ended>,
}

impl Release {
    /// Whether nothing recorded ended it. Time may have.
    pub fn stands(&self) -> bool {
        self.void.is_none() && self.holds.is_empty() && self.superseded.is_none()
    }

    /// Whether its time is over: `now < not_after` no longer holds, so exactly then it has lapsed.
    pub fn has_lapsed(&self, now: Time) -> bool {
        now >= self.not_after
    }
}
