//! The roster: people, agents and services, and what is asked of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{ActorId, Role};
use super::key::PublicKey;

/// What an actor is. Decides more than any role: only humans hold authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// A person, accountable for what they sign.
    Human,
    /// A program that acts for its operator; may object, respond and propose.
    Agent,
    /// A machine such as CI; has an operator as agents do.
    Service,
}

impl ActorKind {
    /// Its name with its article, for sentences.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Human => "a human",
            Self::Agent => "an agent",
            Self::Service => "a service",
        }
    }
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Service => "service",
        })
    }
}

/// One actor of the roster; changed only by an amendment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Never reused.
    pub id: ActorId,
    /// Person, agent or service.
    pub kind: ActorKind,
    /// The human who answers for an agent or service; absent for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<ActorId>,
    /// Free names; `governance`, `contributor` and `custodian` mean something to the tool.
    pub roles: Vec<Role>,
    /// Signing keys. However many, one actor has one vote.
    pub keys: Vec<PublicKey>,
    /// age or SSH recipients for hand-offs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
}

impl Actor {
    /// Whether this is a person.
    pub fn is_human(&self) -> bool {
        self.kind == ActorKind::Human
    }

    /// Whether the actor has the role, by name.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r.as_str() == role)
    }

    /// A person with the role.
    pub fn is_human_with(&self, role: &str) -> bool {
        self.is_human() && self.has_role(role)
    }
}

/// The role whose holders may open a packet and amend its charter.
pub const GOVERNANCE: &str = "governance";
/// The role whose holders may change content or propose changes.
pub const CONTRIBUTOR: &str = "contributor";
/// The role whose holders' recorded checks stand in for a source that cannot be read.
pub const CUSTODIAN: &str = "custodian";
