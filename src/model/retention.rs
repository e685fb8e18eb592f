//! Retention: until when a session's evidence may be kept, and on what basis.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::id::SessionId;
use super::time::Time;

/// One deadline and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The rule, contract or registry entry; one deadline a basis.
    pub basis: String,
    /// When the evidence must be gone.
    pub at: Time,
}

/// `retention/<session>.toml`: the deadlines of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// 1.
    pub format: u32,
    /// The session.
    pub session: SessionId,
    /// Its deadlines, sorted by basis.
    pub deadline: Vec<Deadline>,
}

impl Stored for Retention {}

impl Retention {
    /// No deadline yet.
    pub fn new(session: SessionId) -> Self {
        Self { format: 1, session, deadline: Vec::new() }
    }

    /// Adds the deadline, or replaces the one of the same basis.
    pub fn set(&mut self, deadline: Deadline) {
        self.deadline.retain(|d| d.basis != deadline.basis);
        self.deadline.push(deadline);
        self.deadline.sort_by(|a, b| a.basis.cmp(&b.basis));
    }

    /// The earliest deadline: the one that counts.
    pub fn earliest(&self) -> Option<Time> {
        self.deadline.iter().map(|d| d.at).min()
    }

    /// Whether two bases name different times.
    pub fn conflicts(&self) -> bool {
        self.deadline.iter().any(|d| d.at != self.deadline[0].at)
    }

    /// What is wrong with its form, if anything.
    pub fn problem(&self) -> Option<String> {
        if self.deadline.is_empty() {
            return Some("no deadline".to_owned());
        }
        let sorted = self.deadline.windows(2).all(|pair| pair[0].basis < pair[1].basis);
        (!sorted).then(|| "deadlines are not sorted by basis, one each".to_owned())
    }
}
