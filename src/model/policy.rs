//! A reader's own policy: what a charter must at least ask for, whoever wrote it.
//!
//! CI gives it with `verify --policy`: the packet's owners decide their charter, the reader decides what is enough.

use serde::{Deserialize, Serialize};

use super::charter::{Charter, RequiredSigners, Sensitivity};
use super::id::{ClassId, LaneId, Role};
use super::region::RegionKind;
use super::symbols::Rung;
use super::taxonomy::Taxonomy;
use super::time::Lifetime;

/// What a charter must at least ask for. Every field is optional; an absent one asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// 1.
    pub format: u32,
    /// The only lane that is accepted.
    pub lane: Option<LaneId>,
    /// The longest approval.
    pub approval_lifetime: Option<Lifetime>,
    /// The most sensitive session.
    pub max_sensitivity: Option<Sensitivity>,
    /// Whether the owner's key must be touched.
    pub presence: Option<bool>,
    /// Whether every session needs a deadline.
    pub require_retention: Option<bool>,
    /// The shortest fragment, in bytes.
    pub min_fragment: Option<u64>,
    /// The longest range that may go to the lane, in bytes.
    pub max_fragment: Option<u64>,
    /// The only kinds of regions that may go to the lane.
    #[serde(default)]
    pub regions: Vec<RegionKind>,
    /// The only roles that may dispose of findings.
    pub disposers: Option<Vec<Role>>,
    /// Classes that must be looked for, and must stop a draft.
    #[serde(default)]
    pub blocking: Vec<ClassId>,
    /// The highest rung of symbolization.
    pub rung: Option<Rung>,
    /// Distinct governance actors.
    pub threshold: Option<u32>,
    /// Roles that must sign.
    #[serde(default)]
    pub required_signers: Vec<RequiredSigners>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Not the error's whole text: that quotes the line, and the file may be another than was meant.
        let policy: Self = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        if policy.format == 1 { Ok(policy) } else { Err(format!("policy format {} is not known", policy.format)) }
    }

    /// How the charter asks for less, a line each.
    pub fn looser(&self, charter: &Charter, taxonomy: &Taxonomy) -> Vec<String> {
        let lane = &charter.lane;
        let rules = &charter.rules;
        let mut found = Vec::new();
        let mut check = |name: &str, holds: bool| {
            if !holds {
                found.push(format!("`{name}` is looser than the policy"));
            }
        };
        check("lane.id", self.lane.as_ref().is_none_or(|id| *id == lane.id));
        check("lane.approval_lifetime", self.approval_lifetime.is_none_or(|l| lane.approval_lifetime <= l));
        check("lane.max_sensitivity", self.max_sensitivity.is_none_or(|s| lane.max_sensitivity <= s));
        check("lane.presence", !self.presence.unwrap_or(false) || lane.presence);
        check("rules.require_retention", !self.require_retention.unwrap_or(false) || rules.require_retention);
        check("rules.min_fragment", self.min_fragment.is_none_or(|m| rules.min_fragment >= m));
        let short = |most| rules.max_fragment.is_some_and(|m| m <= most);
        check("rules.max_fragment", self.max_fragment.is_none_or(short));
        let few = !rules.regions.is_empty() && rules.regions.iter().all(|kind| self.regions.contains(kind));
        check("rules.regions", self.regions.is_empty() || few);
        let those = |allowed: &Vec<Role>| rules.disposers.iter().all(|role| allowed.contains(role));
        check("rules.disposers", self.disposers.as_ref().is_none_or(those));
        for class in &self.blocking {
            let blocks = taxonomy.blocking().any(|c| c.id == *class);
            check(&format!("taxonomy, class {class}"), blocks);
        }
        check("rules.boundary.rung", self.rung.is_none_or(|r| rules.boundary.rung <= r));
        check("governance.threshold", self.threshold.is_none_or(|t| charter.governance.threshold >= t));
        for wanted in &self.required_signers {
            let given = lane.required_signers.iter().any(|r| r.role == wanted.role && r.count >= wanted.count);
            check(&format!("lane.required_signers, role {}", wanted.role), given);
        }
        found
    }
}
