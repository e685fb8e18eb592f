//! Crash sessions and the captures taken of them.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::charter::Sensitivity;
use super::id::{SessionId, SourceName};
use super::region::CaptureProfile;
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

/// A capture, and how it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The source it lies in: the vault.
    pub source: SourceName,
    /// Its path relative to the vault.
    pub key: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How it was taken, when it is a dump that the tool reads: what was not captured was not shown to be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<CaptureProfile>,
}

impl Taken {
    /// A capture as it is added to its session.
    pub fn new(capture: &Capture, profile: Option<CaptureProfile>) -> Self {
        Self { source: capture.source.clone(), key: capture.key.clone(), bytes: capture.bytes, profile }
    }

    /// Whether it is this capture.
    pub fn is(&self, capture: &Capture) -> bool {
        self.source == capture.source && self.key == capture.key && self.bytes == capture.bytes
    }
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
    pub capture: Vec<Taken>,
}

impl Stored for Session {}

impl Session {
    /// Whether the capture is one of its dumps.
    pub fn has(&self, capture: &Capture) -> bool {
        self.capture.iter().any(|taken| taken.is(capture))
    }
}
