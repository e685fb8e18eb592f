//! Proposals: a change somebody may not make alone, stored beside the packet.
//!
//! Three kinds share one form: a change of *content*, which a human contributor applies or rejects; a change of
//! *policy* (charter, taxonomy) and a *reassignment* of an objection, which take effect when enough of governance has
//! endorsed them.

use serde::{Deserialize, Serialize};

use super::canonical::Stored;
use super::charter::Scope;
use super::digest::Blake3;
use super::id::{ActorId, CommitId, ObjectionId, ProposalId};
use super::kinds::kind_enum;
use super::place::Place;
use super::time::Time;

kind_enum!(
    /// What a human did with a proposed change of content.
    DecisionKind {
        /// Took it over.
        Apply = "apply",
        /// Turned it down.
        Reject = "reject",
    }
);

kind_enum!(
    /// Why a proposal was turned down: the drift beyond scope that it was, else its quality. Counted by kind.
    RejectKind {
        /// It judges the incident.
        IncidentAdjudication = "incident-adjudication",
        /// It enables debugger access.
        DebuggerEnablement = "debugger-enablement",
        /// It contacts customers.
        CustomerCommunication = "customer-communication",
        /// It shares beyond the lane.
        WiderSharing = "wider-sharing",
        /// It decides what the lane decides.
        DownstreamDecision = "downstream-decision",
        /// It is not good enough.
        Quality = "quality",
    }
);

kind_enum!(
    /// Where a proposal stands.
    ProposalState {
        /// It waits for somebody to decide, or for endorsements.
        Open = "open",
        /// What it was made on has changed: it can take no effect as it is.
        Conflicting = "conflicting",
        /// Its changes are content now.
        Applied = "applied",
        /// It was turned down.
        Rejected = "rejected",
        /// Its endorsements reached the threshold.
        Effective = "effective",
    }
);

/// What a proposal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// Content: for a human contributor to decide.
    Content,
    /// Charter or taxonomy: for governance to endorse.
    Policy,
    /// Who speaks for an objection: for governance to endorse, the owner not counting.
    Reassignment,
}

/// One file a proposal changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedChange {
    /// The file.
    pub path: String,
    /// Its BLAKE3 when the change was made; absent when it was not there. A base that moved shows here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Blake3>,
    /// Its BLAKE3 as proposed; absent when it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Blake3>,
}

/// Whom an objection is to be handed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reassignment {
    /// The objection.
    pub objection: ObjectionId,
    /// Who is to speak for it.
    pub to: ActorId,
}

/// What became of a proposed change of content. Written once, after everything that was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Applied or rejected.
    pub act: DecisionKind,
    /// By whom: the entry's actor.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// Why it was rejected, in a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<RejectKind>,
    /// Why it was rejected, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The digest of all content it was applied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Blake3>,
    /// The applier's own signature in namespace `packet.ledger.v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// `proposals/<id>/proposal.toml`: the files beside it are the changed ones as they would stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// 1.
    pub format: u32,
    /// Its name; the directory is called after it.
    pub id: ProposalId,
    /// Who proposes.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// The head it was made on.
    pub base: CommitId,
    /// Why.
    pub text: String,
    /// What it changes, sorted by path; nothing for a reassignment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<ProposedChange>,
    /// Whom an objection is to be handed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reassign: Option<Reassignment>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl Stored for Proposal {}

impl Proposal {
    /// What it is about.
    pub fn kind(&self) -> ProposalKind {
        let policy = |c: &ProposedChange| Place::of(&c.path).is_some_and(|place| place.is_policy());
        match &self.reassign {
            Some(_) => ProposalKind::Reassignment,
            None if self.change.iter().any(policy) => ProposalKind::Policy,
            None => ProposalKind::Content,
        }
    }

    /// What an amendment or reassignment is known by when the same command runs again.
    pub fn subject(&self) -> String {
        let change = |c: &ProposedChange| c.now.map_or_else(|| c.path.clone(), |now| format!("{} {now}", c.path));
        match &self.reassign {
            Some(Reassignment { objection, to }) => format!("{objection} to {to}"),
            None => self.change.iter().map(change).collect::<Vec<_>>().join(", "),
        }
    }
}

/// One endorsement of an amendment or reassignment, verified when its entry was replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endorsement {
    /// Who.
    pub actor: ActorId,
    /// The Ed25519 point of the key.
    pub point: [u8; 32],
}

/// A proposal as the replay keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// What was proposed, and what was decided.
    pub proposal: Proposal,
    /// BLAKE3 of its file as it was proposed: what endorsements and an application are over.
    pub digest: Blake3,
    /// BLAKE3 of the charter that was in force then.
    pub charter: Blake3,
    /// The entry that had put it in force: endorsements count for no other.
    pub charter_since: CommitId,
    /// Who endorsed it.
    pub endorsements: Vec<Endorsement>,
    /// Whether somebody other than the release owner must be among them.
    pub needs_another: bool,
    /// The entry with which it took effect.
    pub effective: Option<CommitId>,
}

impl Filed {
    /// What an endorsement of it signs.
    pub fn endorsement_statement(&self, genesis: &CommitId) -> Vec<u8> {
        endorsement_statement(genesis, &self.proposal.id, (&self.charter, &self.charter_since), &self.digest)
    }
}

/// What an endorsement signs, in namespace `packet.charter.v1`: these exact bytes, in this packet, for the charter they
/// replace and no other. That is named by its bytes and by the entry that put it in force, so that no endorsement lives
/// again when the same charter comes back (N to N+1, never back).
pub fn endorsement_statement(
    genesis: &CommitId,
    id: &ProposalId,
    (charter, since): (&Blake3, &CommitId),
    proposed: &Blake3,
) -> Vec<u8> {
    format!(
        "packet.charter.v1\ngenesis {genesis}\nproposal {id}\ncharter {charter}\nsince {since}\nproposed {proposed}\n"
    )
    .into_bytes()
}

impl Scope {
    /// The drifts that terms of the charter's `[scope]` hint at in a text. They flag for a human; they never reject.
    pub fn flags(&self, text: &str) -> Vec<RejectKind> {
        let text = text.to_lowercase();
        let hinted = |terms: &[String]| terms.iter().any(|term| text.contains(&term.to_lowercase()));
        let terms = [
            (RejectKind::IncidentAdjudication, &self.incident_adjudication),
            (RejectKind::DebuggerEnablement, &self.debugger_enablement),
            (RejectKind::CustomerCommunication, &self.customer_communication),
            (RejectKind::WiderSharing, &self.wider_sharing),
            (RejectKind::DownstreamDecision, &self.downstream_decision),
        ];
        terms.into_iter().filter(|(_, terms)| hinted(terms)).map(|(kind, _)| kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_extends_the_bytes() {
        let by = ActorId::new("somebody").unwrap();
        let at = Time::from_seconds(0).unwrap();
        let change = ProposedChange { path: "sections/a.md".into(), was: None, now: Some(Blake3::of(b"a")) };
        let mut proposal = Proposal {
            format: 1,
            id: ProposalId::new("p-0123456789ab").unwrap(),
            by: by.clone(),
            at,
            base: CommitId::new("0".repeat(40)).unwrap(),
            text: "why".into(),
            change: vec![change],
            reassign: None,
            decision: None,
        };
        let before = proposal.encode();
        let because = Some(RejectKind::Quality);
        let text = Some("no".to_owned());
        let act = DecisionKind::Reject;
        proposal.decision = Some(Decision { act, by, at, because, text, target: None, signature: None });
        assert!(proposal.encode().starts_with(&before));
    }

    #[test]
    fn terms_flag_in_any_case_and_nothing_else_does() {
        let scope = Scope { wider_sharing: vec!["Send to Vendor".into()], ..Scope::default() };
        assert_eq!(scope.flags("please send to vendor now"), [RejectKind::WiderSharing]);
        assert!(scope.flags("please send").is_empty());
    }
}
