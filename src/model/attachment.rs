//! Attachments: files beside the dumps, by digest, with their lineage.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::fragment::{Disclosure, RawCommitment};
use super::id::{AttachmentId, FragmentId, SessionId};

/// `attachments/<id>.toml`: one file that belongs to a session. Its bytes are committed to, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// 1.
    pub format: u32,
    /// Its name; the file is called after it.
    pub id: AttachmentId,
    /// The session it belongs to.
    pub session: SessionId,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The tool that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The fragments it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<FragmentId>,
    /// Whether it goes to the lane.
    pub disclosure: Disclosure,
    /// Its bytes, by commitment.
    pub raw: RawCommitment,
}

impl Stored for Attachment {}
