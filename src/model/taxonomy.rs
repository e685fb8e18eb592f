//! The taxonomy of identifier classes. Scanning comes later; until then the default holds no class.

use serde::{Deserialize, Serialize};

use super::canonical::{Stored, is_false};
use super::digest::KeyedBlake3;
use super::finding::Finding;
use super::id::ClassId;

/// `taxonomy.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// 1.
    pub format: u32,
    /// The classes, in the order they are reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<Class>,
    /// Values that are known to be harmless, by commitment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
}

/// One class of identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub id: ClassId,
    /// Whether a finding that is uncovered or leaked stops a draft until a human disposed of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocks: bool,
}

/// One value that is known to be harmless, such as the product's own support address. Counted apart, never hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its class.
    pub class: ClassId,
    /// Its commitment, as a scan of the same vault prints it.
    pub commitment: KeyedBlake3,
    /// Why it is harmless.
    pub why: String,
}

impl Stored for Taxonomy {}

impl Taxonomy {
    /// The classes whose findings stop a draft.
    pub fn blocking(&self) -> impl Iterator<Item = &Class> {
        self.class.iter().filter(|class| class.blocks)
    }

    /// Whether a finding's value is known to be harmless.
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.known.iter().any(|k| k.class == finding.class && Some(k.commitment) == finding.commitment)
    }
}

impl Default for Taxonomy {
    fn default() -> Self {
        Self { format: 1, class: vec![], known: vec![] }
    }
}
