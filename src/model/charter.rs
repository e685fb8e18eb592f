//! The charter: who may do what, for which lane, by which rules.
//!
//! A person writes it as any TOML; [`RawCharter::verified`] turns it into a [`Charter`], and only a `Charter` can be
//! stored or judged by. What is stored, hashed and endorsed is its canonical form.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::actor::{Actor, CUSTODIAN, GOVERNANCE};
use super::canonical::{self, NotCanonical, is_false};
use super::id::{ActorId, LaneId, Role, SourceName};
use super::key::PublicKey;
use super::kinds::kind_enum;
use super::region::RegionKind;
use super::symbols::Boundary;
use super::time::Lifetime;

kind_enum!(
    /// How sensitive an environment's data is, in rising order.
    Sensitivity {
        /// May be read by anybody.
        Public = "public",
        /// For the company.
        Internal = "internal",
        /// For named teams.
        Confidential = "confidential",
        /// For named people.
        Restricted = "restricted",
    }
);

/// What the packet is about, in its authors' words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// One line.
    pub title: String,
    /// Why the packet exists.
    pub purpose: String,
}

/// How the charter itself changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Distinct governance actors needed to amend the charter.
    pub threshold: u32,
}

/// One role that must sign a release, and how many distinct people must fill it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredSigners {
    /// The role.
    pub role: Role,
    /// Distinct people, at least one.
    pub count: u32,
}

/// The one review-intake lane a release is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Its name.
    pub id: LaneId,
    /// What its audience may use the packet for.
    pub allowed_use: String,
    /// What they may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_for: Vec<String>,
    /// Who may receive a release.
    pub audience: Vec<ActorId>,
    /// The one human who approves.
    pub release_owner: ActorId,
    /// How long an approval lasts.
    pub approval_lifetime: Lifetime,
    /// The most sensitive session the lane takes.
    pub max_sensitivity: Sensitivity,
    /// Whether the owner's signature needs a touched hardware key.
    #[serde(default, skip_serializing_if = "is_false")]
    pub presence: bool,
    /// Whether the hand-off carries the sanitized bytes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sanitized: bool,
    /// Who must sign before the owner.
    pub required_signers: Vec<RequiredSigners>,
}

/// The rules content is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The shortest raw range a fragment may commit to, in bytes: a shorter one can be guessed.
    pub min_fragment: u64,
    /// The longest range that may go to the lane, in bytes; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_fragment: Option<u64>,
    /// Whether every session needs a deadline.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_retention: bool,
    /// How long before a deadline `status` warns; 48 hours when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_warning: Option<Lifetime>,
    /// How old a custodian's recorded check may be; 24 hours when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_age: Option<Lifetime>,
    /// Roles that may dispose of findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disposers: Vec<Role>,
    /// What may go to the lane of a dump; anything when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionKind>,
    /// What symbolization may show without an accepted objection.
    pub boundary: Boundary,
}

impl Rules {
    /// How long before a deadline `status` warns.
    pub fn retention_warning(&self) -> Lifetime {
        self.retention_warning.unwrap_or(Lifetime::hours(48))
    }

    /// Why a range must not go to the lane, if so (minimization). One of which nobody knows what it is may hold anything.
    pub fn excludes(&self, bytes: u64, kind: Option<RegionKind>) -> Option<String> {
        if let Some(most) = self.max_fragment.filter(|most| bytes > *most) {
            return Some(format!("{bytes} bytes are more than the charter's max_fragment, {most}"));
        }
        if self.regions.is_empty() || kind.is_some_and(|kind| self.regions.contains(&kind)) {
            return None;
        }
        let what = kind.map_or("bytes of no one region", RegionKind::as_str);
        let allowed: Vec<&str> = self.regions.iter().map(|kind| kind.as_str()).collect();
        Some(format!("{what} may not go to the lane; the charter's regions are {}", allowed.join(", ")))
    }

    /// How old a custodian's recorded check may be.
    pub fn check_age(&self) -> Lifetime {
        self.check_age.unwrap_or(Lifetime::hours(24))
    }
}

/// Terms that flag a proposal for the human who judges it, by the drift they hint at. They never reject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scope {
    /// Terms of adjudicating the incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incident_adjudication: Vec<String>,
    /// Terms of enabling debugger access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debugger_enablement: Vec<String>,
    /// Terms of contacting customers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_communication: Vec<String>,
    /// Terms of sharing beyond the lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wider_sharing: Vec<String>,
    /// Terms of deciding what the lane decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub downstream_decision: Vec<String>,
}

/// Why a key no longer signs; the stricter last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// Put aside in good order: what it signed before still counts.
    Retired,
    /// In somebody else's hands: what it signed counts for nothing.
    Compromised,
}

/// A key that signs no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedKey {
    /// The key; its actor still lists it.
    pub key: PublicKey,
    /// Why.
    #[serde(rename = "as")]
    pub revocation: Revocation,
}

/// What an external system is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// The vault: raw and sanitized bytes.
    Evidence,
    /// A symbol server.
    Symbols,
    /// The retention registry.
    Retention,
    /// Redaction rules and taxonomy.
    Rules,
    /// Reviewer assignments.
    Reviewers,
    /// The inventory of environments.
    Environments,
}

impl SourceKind {
    /// Its name, as the charter spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Symbols => "symbols",
            Self::Retention => "retention",
            Self::Rules => "rules",
            Self::Reviewers => "reviewers",
            Self::Environments => "environments",
        }
    }
}

/// An external system the packet draws from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name here.
    pub name: SourceName,
    /// What it is for.
    pub kind: SourceKind,
    /// Where it is.
    pub url: String,
}

/// A charter as typed: right in form, not yet in meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCharter {
    /// The version of this format; 1.
    pub format: u32,
    /// What the packet is about.
    pub packet: Heading,
    /// How the charter changes.
    pub governance: Governance,
    /// The one lane.
    pub lane: Lane,
    /// The rules.
    pub rules: Rules,
    /// Flag terms.
    #[serde(default, skip_serializing_if = "is_no_scope")]
    pub scope: Scope,
    /// The roster.
    pub actor: Vec<Actor>,
    /// Keys that sign no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<RevokedKey>,
    /// External systems; exactly one is the vault.
    pub source: Vec<Source>,
}

fn is_no_scope(scope: &Scope) -> bool {
    *scope == Scope::default()
}

/// A charter that is right in form and meaning. Obtained from [`RawCharter::verified`] or [`Charter::decode`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter(RawCharter);

impl Deref for Charter {
    type Target = RawCharter;
    fn deref(&self) -> &RawCharter {
        &self.0
    }
}

impl RawCharter {
    /// Checks the meaning.
    ///
    /// # Errors
    /// Every problem found, each with the place in the file.
    pub fn verified(self) -> Result<Charter, Vec<super::charter_check::Problem>> {
        let problems = super::charter_check::check(&self);
        if problems.is_empty() { Ok(Charter(self)) } else { Err(problems) }
    }
}

/// Whether a key's signatures count, by this charter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding<'a> {
    /// It signs for this actor.
    Signs(&'a Actor),
    /// It signed for this actor; old signatures count, new ones do not.
    Retired(&'a Actor),
    /// Nothing it signed counts.
    Compromised,
    /// No actor has it.
    Unknown,
}

impl Charter {
    /// The canonical bytes.
    pub fn encode(&self) -> String {
        canonical::encode(&self.0)
    }

    /// Reads a stored charter: canonical form, and every rule a new one must meet.
    ///
    /// # Errors
    /// When the bytes are not the canonical form of a charter that would be accepted today.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotCanonical> {
        let raw: RawCharter = canonical::decode(bytes)?;
        raw.verified().map_err(|problems| NotCanonical::Parse(problems[0].message.clone()))
    }

    /// The canonical `[lane]` table, which the target `lane` is the digest of.
    pub fn encode_lane(&self) -> String {
        #[derive(Serialize)]
        struct OnlyLane<'a> {
            lane: &'a Lane,
        }
        canonical::encode(&OnlyLane { lane: &self.lane })
    }

    /// The actor with this id.
    pub fn actor_by_id(&self, id: &ActorId) -> Option<&Actor> {
        self.actor.iter().find(|a| a.id == *id)
    }

    /// What a key's signatures are worth.
    pub fn standing(&self, key: &PublicKey) -> KeyStanding<'_> {
        // By its point: the private half of a stolen key signs for a hardware key of the same point too.
        let revocation = self.revoked.iter().find(|r| r.key.ed25519() == key.ed25519()).map(|r| r.revocation);
        let holder = self.actor.iter().find(|a| a.keys.contains(key));
        match (holder, revocation) {
            (_, Some(Revocation::Compromised)) => KeyStanding::Compromised,
            (Some(actor), Some(Revocation::Retired)) => KeyStanding::Retired(actor),
            (Some(actor), None) => KeyStanding::Signs(actor),
            (None, _) => KeyStanding::Unknown,
        }
    }

    /// What signatures by the key with this Ed25519 point are worth; a point names one key of a verified charter.
    pub fn standing_of_point(&self, point: &[u8; 32]) -> KeyStanding<'_> {
        let key = self.actor.iter().flat_map(|a| &a.keys).chain(self.revoked.iter().map(|r| &r.key));
        key.into_iter().find(|k| k.ed25519() == point).map_or(KeyStanding::Unknown, |key| self.standing(key))
    }

    /// The actor an old signature counts for: its key signs now, or was retired.
    pub fn counts_for(&self, point: &[u8; 32]) -> Option<&Actor> {
        match self.standing_of_point(point) {
            KeyStanding::Signs(actor) | KeyStanding::Retired(actor) => Some(actor),
            KeyStanding::Compromised | KeyStanding::Unknown => None,
        }
    }

    /// The human who speaks for an objector: themselves, or an agent's operator.
    pub fn speaker_for(&self, objector: &ActorId) -> Option<&ActorId> {
        let actor = self.actor_by_id(objector)?;
        if actor.is_human() { Some(&actor.id) } else { actor.operator.as_ref() }
    }

    /// The one evidence source.
    pub fn vault(&self) -> &Source {
        self.source.iter().find(|s| s.kind == SourceKind::Evidence).expect("a verified charter has one evidence source")
    }

    /// Whether the actor is a person with a role that must sign, other than the owner.
    pub fn is_required_signer(&self, actor: &Actor) -> bool {
        actor.is_human()
            && actor.id != self.lane.release_owner
            && self.lane.required_signers.iter().any(|r| actor.has_role(r.role.as_str()))
    }

    /// Whether the actor is a person who may dispose of findings.
    pub fn may_dispose(&self, actor: &Actor) -> bool {
        actor.is_human() && self.rules.disposers.iter().any(|role| actor.has_role(role.as_str()))
    }

    /// Things that are allowed and probably not meant.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for id in &self.lane.audience {
            if self.actor_by_id(id).is_none() {
                warnings.push(format!("audience `{id}` is not in the roster: it can record no receipt"));
            }
        }
        for source in self.source.iter().filter(|s| s.kind != SourceKind::Evidence) {
            let kind = source.kind.as_str();
            warnings.push(format!(
                "source `{}`: this version reads no {kind}, and a release waits for every source",
                source.name
            ));
        }
        for actor in self
            .actor
            .iter()
            .filter(|a| a.keys.is_empty() && (self.is_required_signer(a) || a.id == self.lane.release_owner))
        {
            warnings.push(format!("`{}` has no key and cannot sign", actor.id));
        }
        warnings.extend(self.governance_warnings());
        if !self.actor.iter().any(|a| a.is_human_with(CUSTODIAN)) {
            warnings.push(
                "no human has the role `custodian`: when the vault cannot be read, nobody can stand in".to_owned(),
            );
        }
        warnings
    }

    /// How governance could end: by losing one key, or because nobody but the owner holds it.
    fn governance_warnings(&self) -> Vec<String> {
        let signing = |a: &&Actor| a.keys.iter().filter(|k| matches!(self.standing(k), KeyStanding::Signs(_))).count();
        let owner = &self.lane.release_owner;
        let governors: Vec<&Actor> =
            self.actor.iter().filter(|a| a.is_human_with(GOVERNANCE) && signing(a) > 0).collect();
        if governors.iter().all(|a| a.id == *owner) {
            let nobody = "nobody but the release owner can govern: lane, audience, signers, keys and threshold can never change, \
                          and a lost owner key ends the packet";
            return vec![nobody.to_owned()];
        }
        let ends_with = |lost: &&&Actor| {
            let left = governors.iter().filter(|a| a.id != lost.id);
            let enough = left.clone().count() >= self.governance.threshold as usize;
            signing(lost) == 1 && !(enough && left.clone().any(|a| a.id != *owner))
        };
        let fragile = governors.iter().filter(ends_with);
        fragile
            .map(|a| format!("losing the one key of `{}` would leave nobody able to amend this charter's keys", a.id))
            .collect()
    }
}
