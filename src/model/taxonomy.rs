//! The taxonomy of identifier classes, as data: what is looked for, by which patterns and checks, and what a finding of
//! it stops.
//!
//! The packet pins it by digest, so that everybody scans for the same. Reading it here is structural only: the patterns
//! stay text. Whether they compile, stay small and do what their examples say is the scanner's lint, asked when a person
//! writes a taxonomy; a scanner refuses one that does not compile.

use serde::{Deserialize, Serialize};

use super::canonical::{Stored, is_false};
use super::digest::KeyedBlake3;
use super::finding::{Confidence, Finding};
use super::id::ClassId;
use super::kinds::kind_enum;

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

kind_enum!(
    /// How bad it is when a value of the class gets out.
    Severity {
        /// It tells little by itself.
        Low = "low",
        /// It points to a person or a machine.
        Medium = "medium",
        /// It names a person or opens a door.
        High = "high",
    }
);

kind_enum!(
    /// What makes two spellings the same value, before it is committed to.
    Normal {
        /// Nothing: the bytes as they are.
        Verbatim = "verbatim",
        /// Letters in lower case.
        Lower = "lower",
        /// The digits alone.
        Digits = "digits",
        /// Letters and digits alone, in upper case.
        Alnum = "alnum",
    }
);

kind_enum!(
    /// What may not stand beside a match.
    Boundary {
        /// A letter or a digit.
        Word = "word",
        /// A letter, a digit, or a point or hyphen with a digit behind it.
        Number = "number",
        /// A letter, a digit, or one of `_-+/.=~`: what long random tokens are made of.
        Token = "token",
        /// Everything may.
        Open = "open",
    }
);

kind_enum!(
    /// What the class's context words do for a pattern.
    ContextUse {
        /// One nearby raises the confidence.
        Raises = "raises",
        /// Without one nearby there is no finding.
        Required = "required",
    }
);

/// One class of identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub id: ClassId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether a finding that is uncovered or leaked stops a draft until a human disposed of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocks: bool,
    /// Whether its values are those of the vault's exact list, and not of a shape.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exact: bool,
    /// How bad it is when a value gets out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The longest match, in characters; 256 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// How values are compared; verbatim when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Normal>,
    /// Classes of one group compete for the same bytes: the surer, then the longer, then the earlier class keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Words that speak for the class when they stand nearby, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// How many bytes before a match are searched for them; 48 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// What stands in place of a value once it is masked: never a finding of the class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placeholders: Vec<String>,
    /// Texts in which the lint must find the class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finds: Vec<String>,
    /// Texts in which it must not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<String>,
    /// The shapes of its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pattern: Vec<Pattern>,
}

/// One shape of a class's values: a regular expression over bytes, and what else must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What must stand right before the value and is no part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// The value. Repeats are bounded; no look-around, no Unicode classes.
    pub regex: String,
    /// One character that every match holds, and that stands nowhere before its place in the match: where it is rare, the
    /// search begins there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pivot: Option<String>,
    /// What may not stand beside a match; `word` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// What context words do; they raise when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextUse>,
    /// The pattern's own context words, in place of the class's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// How sure a match is that nothing else speaks for; `medium` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// The checks that a match must pass, by name, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
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

impl Default for Taxonomy {
    fn default() -> Self {
        Self { format: 1, class: vec![], known: vec![] }
    }
}

impl Class {
    /// The longest match, in characters.
    pub fn longest(&self) -> usize {
        self.max_length.unwrap_or(256) as usize
    }

    /// How values are compared.
    pub fn normal(&self) -> Normal {
        self.normal.unwrap_or(Normal::Verbatim)
    }
}

impl Taxonomy {
    /// The classes whose findings stop a draft.
    pub fn blocking(&self) -> impl Iterator<Item = &Class> {
        self.class.iter().filter(|class| class.blocks)
    }

    /// Whether a finding stops a draft while it shows: of a class that blocks, and not known to be harmless.
    pub fn stops(&self, finding: &Finding) -> bool {
        self.blocking().any(|class| class.id == finding.class) && !self.is_known(finding)
    }

    /// Whether a finding's value is known to be harmless.
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.known.iter().any(|k| k.class == finding.class && Some(k.commitment) == finding.commitment)
    }
}
