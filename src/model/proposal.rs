//! Proposals: a change somebody may not make alone, stored beside the packet.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::digest::Blake3;
use super::id::{ActorId, CommitId, ProposalId};
use super::time::Time;

/// One file a proposal changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedChange {
    /// The file.
    pub path: String,
    /// Its BLAKE3 when the change was made; absent when it was not there. A base that moved shows here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Blake3>,
    /// Its BLAKE3 as proposed; absent when it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Blake3>,
}

/// `proposals/<id>/proposal.toml`: the files beside it are the changed ones as they would stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// 1.
    pub format: u32,
    /// Its name; the directory is called after it.
    pub id: ProposalId,
    /// Who proposes.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// The head it was made on.
    pub base: CommitId,
    /// Why.
    pub text: String,
    /// What it changes, sorted by path.
    pub change: Vec<ProposedChange>,
}

impl Stored for Proposal {}
