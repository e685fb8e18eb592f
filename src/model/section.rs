//! Sections: prose with an owner.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::id::{ActorId, SectionName};

/// The longest section that is stored, in bytes.
pub const LONGEST_SECTION: usize = 1 << 20;

/// `sections/<name>.toml`: whose section it is. The text lies beside it, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionHead {
    /// 1.
    pub format: u32,
    /// Its name; both files are called after it.
    pub name: SectionName,
    /// Who alone may change it; a section without an owner stops a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ActorId>,
}

impl Stored for SectionHead {}

/// What is wrong with a section's text, if anything: it is UTF-8 with LF line ends, and not endless.
pub fn text_problem(bytes: &[u8]) -> Option<String> {
    if bytes.len() > LONGEST_SECTION {
        return Some(format!("{} bytes; a section has at most {LONGEST_SECTION}", bytes.len()));
    }
    match std::str::from_utf8(bytes) {
        Err(error) => Some(format!("not UTF-8 at byte {}", error.valid_up_to())),
        Ok(text) if text.starts_with('\u{feff}') => Some("starts with a byte order mark".to_owned()),
        Ok(text) if text.contains('\r') => Some("has carriage returns; use LF line ends".to_owned()),
        Ok(text) if text.contains('\0') => Some("has NUL characters".to_owned()),
        Ok(_) => None,
    }
}
