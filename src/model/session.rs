//! Crash sessions and the captures taken of them.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::charter::Sensitivity;
use super::id::{SessionId, SourceName};
use super::time::Time;

/// One dump as taken. The same process dumped twice is two captures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The source it lies in: the vault.
    pub source: SourceName,
    /// Its path relative to the vault.
    pub key: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// `sessions/<id>.toml`: one crash session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// 1.
    pub format: u32,
    /// Its name; the file is called after it.
    pub id: SessionId,
    /// Where the process ran.
    pub environment: String,
    /// How sensitive that environment's data is.
    pub sensitivity: Sensitivity,
    /// Whether customers met it.
    pub customer_facing: bool,
    /// The crash's name in other systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash_id: Option<String>,
    /// What crashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Time>,
    /// Its dumps, in the order they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capture: Vec<Capture>,
}

impl Stored for Session {}
