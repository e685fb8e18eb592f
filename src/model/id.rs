//! Names of things. A newtype per kind, so that a fragment is never looked up as a session.
//!
//! Every id that people choose has one grammar, `[a-z0-9][a-z0-9-]{0,62}`: lower-case ASCII, so that no two ids look
//! alike, clash on a case-folding file system or climb out of a directory (`..`).

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A name that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct InvalidId {
    /// The kind of id that was wanted, with its article.
    pub what: &'static str,
    /// What was given.
    pub text: String,
    /// The grammar.
    pub rule: &'static str,
}

const NAME_RULE: &str = "use 1 to 63 of a-z, 0-9 and `-`, starting with a letter or digit";

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes[0] != b'-'
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "CompactString", into = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            /// Reads the id from text.
            ///
            /// # Errors
            /// When the text does not follow the grammar.
            pub fn new(text: impl Into<CompactString>) -> Result<Self, InvalidId> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { what: $what, text: text.into(), rule: $rule })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<CompactString> for $name {
            type Error = InvalidId;
            fn try_from(text: CompactString) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for CompactString {
            fn from(id: $name) -> CompactString {
                id.0
            }
        }
    };
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        id_type!($(#[$doc])* $name, $what, NAME_RULE, is_name);
    };
}

name_type!(
    /// Names a packet within its repository: the branch is `packet/<id>`. Its *identity* is its genesis, not this name.
    PacketId, "a packet id"
);
name_type!(
    /// One person, agent or service of the roster. Never reused, whoever holds the keys.
    ActorId, "an actor id"
);
name_type!(
    /// The review-intake lane a packet is written for.
    LaneId, "a lane id"
);
name_type!(
    /// A role of the roster, such as `privacy-lead`. `governance`, `contributor` and `custodian` mean something here.
    Role, "a role"
);
name_type!(
    /// One crash session.
    SessionId, "a session id"
);
name_type!(
    /// One fragment: an exact range of one capture.
    FragmentId, "a fragment id"
);
name_type!(
    /// One symbolization request.
    SymbolsId, "a symbolization request id"
);
name_type!(
    /// One attachment.
    AttachmentId, "an attachment id"
);
name_type!(
    /// One section of prose.
    SectionName, "a section name"
);
name_type!(
    /// One external system that the charter names.
    SourceName, "a source name"
);
name_type!(
    /// One class of identifiers, such as `email`, of the taxonomy.
    ClassId, "a class id"
);
id_type!(
    /// One objection. Derived from what was said when it was raised and kept when its entry is re-made on a new head.
    ObjectionId, "an objection id", "use `o-` and 12 hex digits, as `packet objections` prints it",
    |t| t.len() == 14 && t.starts_with("o-") && is_lower_hex(&t[2..])
);
id_type!(
    /// One proposal. Derived as an objection's id is.
    ProposalId, "a proposal id", "use `p-` and 12 hex digits, as `packet proposals` prints it",
    |t| t.len() == 14 && t.starts_with("p-") && is_lower_hex(&t[2..])
);
id_type!(
    /// One commit: 40 hex digits in a SHA-1 repository, 64 in a SHA-256 one.
    CommitId, "a commit id", "use 40 or 64 lower-case hex digits",
    |t| matches!(t.len(), 40 | 64) && is_lower_hex(t)
);
id_type!(
    /// One tree, spelled like a commit.
    TreeId, "a tree id", "use 40 or 64 lower-case hex digits",
    |t| matches!(t.len(), 40 | 64) && is_lower_hex(t)
);
id_type!(
    /// Names the vault's commitment key without giving it away: 16 hex digits derived from it.
    KeyId, "a vault key id", "use 16 lower-case hex digits",
    |t| t.len() == 16 && is_lower_hex(t)
);
id_type!(
    /// Ties an entry to the stage it sealed: 128 random bits, so that the same command run again finds its entry.
    StageToken, "a stage token", "use 32 lower-case hex digits",
    |t| t.len() == 32 && is_lower_hex(t)
);

impl CommitId {
    /// The first 12 digits, as shown to people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// Derives the 12 hex digits of an objection's or proposal's id: BLAKE3 over the parts, each with its length before it,
/// so that no two lists of parts run together to the same bytes.
pub fn derived_hex(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_to_their_grammar() {
        for good in ["a", "0", "checkout-2026", &"a".repeat(63)] {
            assert!(SessionId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "..", "a/b", "ä", "a b", &"a".repeat(64)] {
            assert!(SessionId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn derived_ids_depend_on_where_parts_end() {
        assert_ne!(derived_hex(&["ab", "c"]), derived_hex(&["a", "bc"]));
        assert!(ObjectionId::new(format!("o-{}", derived_hex(&["x"]))).is_ok());
    }
}
