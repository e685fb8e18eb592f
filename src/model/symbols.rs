//! Symbolization: what was asked for, and the boundary that was approved.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::digest::{Blake3, Sha256};
use super::id::SymbolsId;
use super::kinds::kind_enum;

kind_enum!(
    /// How much symbolization shows, in rising order.
    Rung {
        /// The module's name.
        Module = "module",
        /// Exported names.
        Public = "public",
        /// All function names.
        Private = "private",
        /// Lines.
        Line = "line",
        /// Inlined calls.
        Inline = "inline",
        /// Local variables: reads memory, a new disclosure.
        Locals = "locals",
        /// Source text.
        Source = "source",
    }
);

/// What symbolization may show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// The highest rung.
    pub rung: Rung,
    /// The modules, by name.
    pub modules: Vec<String>,
    /// The threads; all when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<u64>,
    /// The most frames of one request.
    pub max_frames: u32,
}

/// A symbol file, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolFile {
    /// Its BLAKE3.
    pub blake3: Blake3,
    /// Its SHA-256.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub bytes: u64,
}

/// `symbols/<id>.toml`: one symbolization request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolsRequest {
    /// 1.
    pub format: u32,
    /// Its name; the file is called after it.
    pub id: SymbolsId,
    /// The module to symbolize.
    pub module: String,
    /// Which build of it: the code identifier, hex.
    pub code_id: String,
    /// Its debug identifier, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug_id: Option<String>,
    /// How much to show.
    pub rung: Rung,
    /// How many frames; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Which thread; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<u64>,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The symbols it is to be made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<SymbolFile>,
}

impl Stored for SymbolsRequest {}

impl SymbolsRequest {
    /// How the request goes beyond the boundary, if it does. What a request leaves open ("all frames") is beyond any limit.
    pub fn exceeds(&self, boundary: &Boundary) -> Option<String> {
        if self.rung > boundary.rung {
            return Some(format!("rung `{}` is above `{}`", self.rung, boundary.rung));
        }
        if !boundary.modules.contains(&self.module) {
            return Some(format!("module `{}` is not in the boundary", self.module));
        }
        match self.thread {
            None if !boundary.threads.is_empty() => return Some("all threads are more than the boundary's".to_owned()),
            Some(thread) if !boundary.threads.is_empty() && !boundary.threads.contains(&thread) => {
                return Some(format!("thread {thread} is not in the boundary"));
            }
            _ => {}
        }
        match self.frames {
            None => Some(format!("all frames are more than {}", boundary.max_frames)),
            Some(frames) if frames > boundary.max_frames => {
                Some(format!("{frames} frames are more than {}", boundary.max_frames))
            }
            Some(_) => None,
        }
    }

    /// What is wrong with its form, if anything.
    pub fn problem(&self) -> Option<String> {
        let is_hex = |id: &str| !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hex(&self.code_id) {
            return Some(format!("code id `{}` is not hex", self.code_id));
        }
        self.debug_id.as_ref().filter(|id| !is_hex(id)).map(|id| format!("debug id `{id}` is not hex"))
    }
}
