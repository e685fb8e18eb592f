//! The taxonomy of identifier classes. Scanning comes later; until then the default holds no class.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;

/// `taxonomy.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// 1.
    pub format: u32,
}

impl Stored for Taxonomy {}

impl Default for Taxonomy {
    fn default() -> Self {
        Self { format: 1 }
    }
}
