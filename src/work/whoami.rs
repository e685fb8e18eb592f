//! Who am I here, and what may I do now?

use super::load::{self, Replay};
use super::status;
use super::write::actor_of;
use super::{Desk, Refused};
use crate::model::actor::Actor;
use crate::model::objection::ObjectionState;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::proposal::{Proposal, ProposalKind, ProposalState};
use crate::sign::Signer;

/// An actor and what is open to them.
#[derive(Debug)]
pub struct Whoami {
    /// Who the key belongs to.
    pub actor: Actor,
    /// The key's fingerprint.
    pub key: String,
    /// Operations open to them now.
    pub may: Vec<Operation>,
    /// Commands worth typing.
    pub next: Vec<String>,
}

/// Tells who the key belongs to.
///
/// # Errors
/// When the packet cannot be loaded, or the key is nobody's.
pub fn whoami(desk: &Desk, signer: &Signer) -> Result<Whoami, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let packet = &snapshot.packet;
    let actor = actor_of(&packet.content.charter, signer)?;
    let may: Vec<Operation> = Operation::ALL.iter().copied().filter(|op| open_to(packet, &actor, *op)).collect();
    let next = status::next_for(packet, &actor, desk.now);
    Ok(Whoami { actor, key: signer.public_key().fingerprint(), may, next })
}

/// Whether the table lets the actor do this, and there is something to do it to.
fn open_to(packet: &Packet, actor: &Actor, operation: Operation) -> bool {
    if !operation.who().includes(&packet.content.charter, actor) {
        return false;
    }
    let any = |states: &[ObjectionState]| packet.ledger.values().any(|t| states.contains(&packet.standing(t).state));
    match operation {
        Operation::Open => false,
        Operation::Respond => !packet.ledger.is_empty(),
        Operation::Address => any(&[ObjectionState::Open]),
        Operation::Close => any(&[ObjectionState::Addressed]),
        Operation::Withdraw => any(&[ObjectionState::Open, ObjectionState::Addressed, ObjectionState::Residual]),
        Operation::AcceptResidual => any(&[ObjectionState::Open, ObjectionState::Addressed]),
        Operation::Sign | Operation::Approve => packet.newest_draft().is_some_and(|r| r.stands()),
        Operation::Hold | Operation::Supersede => !packet.releases.is_empty(),
        Operation::Apply | Operation::Reject => {
            decidable(packet).any(|p| p.kind() == ProposalKind::Content && p.by != actor.id)
        }
        Operation::Endorse => decidable(packet).any(|p| p.kind() != ProposalKind::Content),
        Operation::Dispose => !packet.findings.is_empty(),
        Operation::Scan => !packet.content.fragments.is_empty(),
        Operation::Reassign => any(&[ObjectionState::Open, ObjectionState::Addressed]),
        Operation::Amend
        | Operation::Commit
        | Operation::Propose
        | Operation::Object
        | Operation::Drift
        | Operation::Draft => true,
    }
}

fn decidable(packet: &Packet) -> impl Iterator<Item = &Proposal> {
    let open = packet.proposals.values().filter(|filed| packet.proposal_state(filed) == ProposalState::Open);
    open.map(|filed| &filed.proposal)
}
