//! The stage: what one actor prepared in one clone, not yet in the packet.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::digest::Blake3;
use super::id::StageToken;

/// One staged file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedChange {
    /// Its path in the packet.
    pub path: String,
    /// Its BLAKE3 in the packet when it was first staged; absent when it was not there. A packet that moved shows here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Blake3>,
    /// Its text as it is to stand; absent when it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// `stage/<actor>/stage.toml` in the clone. Per clone *and actor*: a human's commit seals nothing an agent staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// 1.
    pub format: u32,
    /// Names this stage in the entry that seals it, so that the same command after a crash finds its entry.
    pub token: StageToken,
    /// Why things are removed, a line each: `TARGET: TEXT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// The files, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<StagedChange>,
}

impl Stored for Stage {}

impl Stage {
    /// An empty stage.
    pub fn new(token: StageToken) -> Self {
        Self { format: 1, token, removed: Vec::new(), change: Vec::new() }
    }

    /// Stages a file, or its removal. `was` counts only the first time: the stage is against the packet as it was then.
    pub fn put(&mut self, path: String, was: Option<Blake3>, text: Option<String>) {
        match self.change.binary_search_by(|c| c.path.cmp(&path)) {
            Ok(i) => self.change[i].text = text,
            Err(i) => self.change.insert(i, StagedChange { path, was, text }),
        }
        // What would stand as it stands already is no change: an entry that changes nothing is none.
        self.change.retain(|c| c.text.as_ref().map(|text| Blake3::of(text.as_bytes())) != c.was);
    }

    /// The staged file at a path, if there is one.
    pub fn get(&self, path: &str) -> Option<&StagedChange> {
        self.change.iter().find(|c| c.path == path)
    }
}
