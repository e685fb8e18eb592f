//! Sources: what the packet remembers of external systems, and what a check of them said.

use serde::{Deserialize, Serialize};

use super::actor::CUSTODIAN;
use super::canonical::Stored;
use super::charter::{Charter, SourceKind};
use super::id::{ActorId, KeyId, SourceName};
use super::time::Time;

/// `sources/<name>.toml`: what is pinned about one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePin {
    /// 1.
    pub format: u32,
    /// Its name in the charter.
    pub name: SourceName,
    /// What it is for.
    pub kind: SourceKind,
    /// The id of the vault's commitment key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
}

impl Stored for SourcePin {}

/// What a check of one subject said, the worst last: what is decided outweighs what could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// As it was pinned.
    Same,
    /// There, and not pinned.
    New,
    /// Could not be read: undecided, never fine.
    Unreachable,
    /// Its time is over.
    Expired,
    /// Pinned, and gone.
    Missing,
    /// Not as it was pinned.
    Drifted,
}

impl CheckState {
    /// Its name, as files and JSON spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Drifted => "drifted",
            Self::New => "new",
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether this holds a release. `new` and `unreachable` are only recorded.
    pub fn holds(self) -> bool {
        matches!(self, Self::Drifted | Self::Missing | Self::Expired)
    }
}

/// What a check said of one subject: a fragment's raw or sanitized bytes, what is recorded of them, or the vault's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectCheck {
    /// The source.
    pub source: SourceName,
    /// What it is for.
    pub kind: SourceKind,
    /// What was checked, such as `fragment:stack raw`.
    pub subject: String,
    /// What was found.
    pub state: CheckState,
    /// What the packet pins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
    /// What the source says; never bytes of evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// `checks/<k>.toml`: one recorded drift check. Subjects that were as pinned are counted, others listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCheck {
    /// 1.
    pub format: u32,
    /// Who checked.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// One line a source: what it said as a whole.
    pub source: Vec<SourceCheck>,
    /// The subjects that were not as pinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<SubjectCheck>,
}

impl Stored for RecordedCheck {}

/// What a check said of one source as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceCheck {
    /// The source.
    pub name: SourceName,
    /// What it is for.
    pub kind: SourceKind,
    /// The worst state of its subjects.
    pub state: CheckState,
    /// How many subjects were checked.
    pub subjects: u64,
    /// The recorded check that stands in for a source that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<u32>,
}

impl RecordedCheck {
    /// The first source that no longer says what was pinned, if there is one.
    pub fn drifted(&self) -> Option<&SourceCheck> {
        self.source.iter().find(|s| s.state.holds())
    }

    /// Whether this check may stand in for a source that cannot be read: a custodian made it, at most `check_age` before `now`.
    pub fn stands_in(&self, source: &SourceName, charter: &Charter, now: Time) -> bool {
        let custodian = charter.actor_by_id(&self.by).is_some_and(|a| a.is_human_with(CUSTODIAN));
        let fresh = self.at.plus(charter.rules.check_age()) >= now;
        let same = self.source.iter().any(|s| s.name == *source && s.state == CheckState::Same);
        custodian && fresh && same
    }
}
