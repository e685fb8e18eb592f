//! The table and the replay: is this an entry, and what does it make of the packet?

use crate::actor::Actor;
use crate::entry::{Entry, Op, Power};
use crate::governance;
use crate::ledger::{ACTS, Act, ActKind, Objection};
use crate::mutant::{Mutant, Rules};
use crate::packet::{Packet, Proposal, SLOTS, free};
use crate::release;

/// The packet after the entry; nothing when it is none.
pub fn accept(rules: Rules, packet: &Packet, entry: &Entry) -> Option<Packet> {
    signs(rules, packet, entry)?;
    may(rules, entry)?;
    let mut next = *packet;
    match entry.op {
        Op::Commit(content) => commit(rules, &mut next, content, entry.names),
        Op::Propose(content) => propose(&mut next, content, entry.names),
        Op::Apply => apply(rules, &mut next, entry.names),
        Op::Reject => reject(&mut next, entry.names),
        Op::Object { veto } => object(rules, &mut next, entry.names, veto),
        Op::Address(i) => act(rules, &mut next, entry, i, ActKind::Address),
        Op::Withdraw(i) => act(rules, &mut next, entry, i, ActKind::Withdraw),
        Op::Close(i) => act(rules, &mut next, entry, i, ActKind::Close),
        Op::Accept(i) => act(rules, &mut next, entry, i, ActKind::Accept),
        Op::Amend(amends) => governance::amend(rules, &mut next, entry.key, amends),
        Op::Endorse(i) => governance::endorse(rules, &mut next, entry.key, i),
        Op::Draft => release::draft(rules, &mut next),
        Op::Sign(n) => release::sign(&mut next, n, entry.key),
        Op::Approve(n) => release::approve(rules, &mut next, n, entry.key),
        Op::Hold(n) => release::hold(&mut next, n),
        Op::Drift(drifted) => release::drift(rules, &mut next, drifted),
    }?;
    Some(next)
}

/// The key is the named actor's, and signs by the parent's charter.
fn signs(rules: Rules, packet: &Packet, entry: &Entry) -> Option<()> {
    let named = entry.key.holder() == entry.names || rules.has(Mutant::TrailerIsBelieved);
    (named && packet.charter.counts(entry.key)).then_some(())
}

/// The table: who may. Being the objector or the proposer is judged with the packet.
fn may(rules: Rules, entry: &Entry) -> Option<()> {
    let who = entry.names;
    let Some(power) = entry.op.power() else {
        return (matches!(entry.op, Op::Object { .. }) || who.is_contributor()).then_some(());
    };
    let allowed = match power {
        Power::Commit | Power::Apply | Power::Reject | Power::Address => who.is_human() && who.is_contributor(),
        Power::Accept => who == Actor::Owner || (rules.has(Mutant::ContributorsAccept) && who.is_human()),
        Power::Approve => who == Actor::Owner,
        Power::Sign => who.is_human() && (who != Actor::Owner || rules.has(Mutant::OwnerFillsASeat)),
        Power::Withdraw | Power::Close | Power::Amend | Power::Endorse | Power::Draft | Power::Hold => who.is_human(),
    };
    (allowed || (rules.has(Mutant::AgentsMay(power)) && !who.is_human())).then_some(())
}

fn commit(rules: Rules, packet: &mut Packet, content: u8, who: Actor) -> Option<()> {
    packet.change(content, who, who);
    if rules.has(Mutant::RevisionDropsObjections) {
        packet.objections = [None; SLOTS];
    }
    if !rules.has(Mutant::CommitVoidsNothing) {
        release::void_bound(packet);
    }
    Some(())
}

fn propose(packet: &mut Packet, now: u8, by: Actor) -> Option<()> {
    let judged = packet.proposal.is_none_or(|p| p.judged);
    packet.proposal = Some(Proposal { by, was: packet.content, now, judged: false });
    judged.then_some(())
}

fn apply(rules: Rules, packet: &mut Packet, who: Actor) -> Option<()> {
    let proposal = packet.proposal.filter(|p| !p.judged)?;
    let other = proposal.by != who || rules.has(Mutant::ProposerApplies);
    let unmoved = proposal.was == packet.content || rules.has(Mutant::ConflictIsMerged);
    let applied = if rules.has(Mutant::AppliersAreForgotten) { proposal.by } else { who };
    packet.proposal = Some(Proposal { judged: true, ..proposal });
    packet.change(proposal.now, proposal.by, applied);
    if !rules.has(Mutant::ApplyVoidsNothing) {
        release::void_bound(packet);
    }
    (other && unmoved).then_some(())
}

fn reject(packet: &mut Packet, who: Actor) -> Option<()> {
    let proposal = packet.proposal.filter(|p| !p.judged && p.by != who)?;
    packet.proposal = Some(Proposal { judged: true, ..proposal });
    Some(())
}

fn object(rules: Rules, packet: &mut Packet, by: Actor, veto: bool) -> Option<()> {
    let may_veto = (by.is_human() && by != Actor::Owner) || rules.has(Mutant::AnybodyVetoes);
    let raised = packet.content;
    let objection = Objection { by, veto, raised, speaker: by.speaker(), acts: [None; ACTS] };
    packet.objections[free(&packet.objections)?] = Some(objection);
    if !rules.has(Mutant::ObjectVoidsNothing) {
        release::void_bound(packet);
    }
    (!veto || may_veto).then_some(())
}

fn act(rules: Rules, packet: &mut Packet, entry: &Entry, i: usize, kind: ActKind) -> Option<()> {
    let (charter, content) = (packet.charter, packet.content);
    let objection = packet.objections[i].as_mut()?;
    let state = objection.state(rules, &charter, content);
    let itself =
        |power| entry.names == objection.speaker || (rules.has(Mutant::AgentsMay(power)) && !entry.names.is_human());
    let may = match kind {
        ActKind::Address => true,
        ActKind::Withdraw => itself(Power::Withdraw) || rules.has(Mutant::AnybodyWithdraws),
        ActKind::Close => itself(Power::Close) || rules.has(Mutant::AnybodyCloses),
        ActKind::Accept => !objection.veto || rules.has(Mutant::VetoIsAccepted),
    };
    if rules.has(Mutant::ThreadIsOverwritten) {
        objection.acts = [None; ACTS];
    }
    objection.act(Act { kind, key: entry.key, target: content }, state)?;
    if kind == ActKind::Accept {
        release::void_bound(packet);
    }
    may.then_some(())
}
