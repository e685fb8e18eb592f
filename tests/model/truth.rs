//! The truth: what really happened, kept beside the packet and judged by the words of DESIGN.md §4.
//!
//! The packet is what the rules make of the branch; a mutant's packet may be wrong. The truth is never mutated: it
//! remembers who did what, and what there was to see when a release was bound, and flags an entry that should have been
//! none. Invariants compare the two.

use crate::actor::{Actor, Key};
use crate::bits::Bits;
use crate::entry::{Amends, Entry, Op};
use crate::ledger::{ActKind, Objection};
use crate::packet::{Amendment, Changes, Charter, Digest, Packet, SLOTS};

/// What should not have been accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    AgentActed,
    NotItsObjector,
    NotTheOwner,
    VetoAccepted,
    VetoByOther,
    CharterSkipped,
    BelowThreshold,
    OwnerAlone,
    OwnProposal,
    MergedOver,
    HandedOver,
    JudgedElsewhere,
    ObjectedBetween,
    Fooled,
}

/// What a release binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bound {
    pub content: Digest,
    pub charter: Charter,
    pub objections: usize,
    pub residual: Bits,
}

/// What somebody was told is in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Raised {
    pub by: Actor,
    pub veto: bool,
    pub acts: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    wrongs: Bits,
    changes: Changes,
    pub bound: [Option<(Bound, Changes)>; SLOTS],
    pub signed: [Bits; SLOTS],
    pub held: Bits,
    pub raised: [Option<Raised>; SLOTS],
}

impl Truth {
    pub fn at(genesis: &Packet) -> Self {
        Self { changes: genesis.changes, ..Self::default() }
    }

    pub fn has(&self, wrong: Wrong) -> bool {
        self.wrongs.has(Bits::one(wrong as u32))
    }

    pub fn note(&mut self, wrong: Wrong, happened: bool) {
        if happened {
            self.wrongs = self.wrongs.with(Bits::one(wrong as u32));
        }
    }

    /// Remembers an accepted entry, and what is wrong with it.
    pub fn record(&mut self, before: &Packet, entry: &Entry, after: &Packet) {
        let hands = [entry.key.holder(), entry.names];
        self.note(Wrong::AgentActed, entry.op.power().is_some() && hands.iter().any(|a| !a.is_human()));
        match entry.op {
            Op::Commit(_) => self.changes = self.changes.with(entry.names, entry.names),
            Op::Apply => self.applied(before, entry.names),
            Op::Object { veto } => self.raised(entry.names, veto),
            Op::Address(i) => self.acted(i),
            Op::Withdraw(i) | Op::Close(i) => {
                let speaker = before.objections[i].map(|o| o.speaker);
                self.note(Wrong::NotItsObjector, speaker != Some(entry.names));
                self.acted(i);
            }
            Op::Accept(i) => {
                self.note(Wrong::NotTheOwner, entry.names != Actor::Owner);
                self.note(Wrong::VetoAccepted, before.objections[i].is_some_and(|o| o.veto));
                self.acted(i);
            }
            Op::Amend(_) | Op::Endorse(_) => self.amended(before, after),
            Op::Draft => self.drafted(before, after),
            Op::Sign(n) => self.signed[n] = self.signed[n].with(entry.key.bit()),
            Op::Approve(_) => self.changes = Changes::default(),
            Op::Hold(n) => self.held = self.held.with(Bits::one(n as u32)),
            Op::Drift(drifted) => self.drifted(before, drifted),
            Op::Propose(_) | Op::Reject => {}
        }
    }

    fn applied(&mut self, before: &Packet, who: Actor) {
        let Some(proposal) = before.proposal else { return };
        self.note(Wrong::OwnProposal, proposal.by == who);
        self.note(Wrong::MergedOver, proposal.was != before.content);
        self.changes = self.changes.with(proposal.by, who);
    }

    fn raised(&mut self, by: Actor, veto: bool) {
        self.note(Wrong::VetoByOther, veto && (!by.is_human() || by == Actor::Owner));
        if let Some(slot) = self.raised.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(Raised { by, veto, acts: 0 });
        }
    }

    fn acted(&mut self, i: usize) {
        self.raised[i].iter_mut().for_each(|raised| raised.acts += 1);
    }

    fn drafted(&mut self, before: &Packet, after: &Packet) {
        let n = (0..SLOTS).find(|n| before.releases[*n].is_none() && after.releases[*n].is_some());
        if let Some(n) = n {
            self.bound[n] = Some((Bound::of(before), self.changes));
        }
    }

    fn drifted(&mut self, before: &Packet, drifted: bool) {
        let newest = (0..SLOTS).rev().find(|n| before.releases[*n].is_some_and(|r| r.stands()));
        if let Some(n) = newest.filter(|_| drifted) {
            self.held = self.held.with(Bits::one(n as u32));
        }
    }

    /// An amendment that came into force: by whom, on which charter.
    fn amended(&mut self, before: &Packet, after: &Packet) {
        let in_force = |slot: &Option<Amendment>| slot.is_some_and(|a| a.in_force);
        let new = (0..SLOTS).find(|i| in_force(&after.amendments[*i]) && !in_force(&before.amendments[*i]));
        let Some(amendment) = new.and_then(|i| after.amendments[i]) else { return };
        let keys = Key::ALL.into_iter().filter(|k| amendment.endorsed.has(k.bit()) && before.charter.counts(*k));
        let people = keys.fold(Bits::default(), |people, key| people.with(key.holder().bit()));
        let alone = amendment.amends.is_sensitive() && people == Actor::Owner.bit();
        let reassigns = matches!(amendment.amends, Amends::Speaker(..));
        let follows = before.charter.version == amendment.from;
        let next = before.charter.version + u8::from(!reassigns);
        self.note(Wrong::BelowThreshold, people.count() < before.charter.threshold);
        self.note(Wrong::OwnerAlone, alone);
        self.note(Wrong::CharterSkipped, !follows || after.charter.version != next);
        if let Amends::Speaker(i, to) = amendment.amends {
            let without_owner = people.count() - u32::from(people.has(Actor::Owner.bit()));
            let few = without_owner < before.charter.threshold;
            let ended = before.objections[i].map(|o| o.acts) != after.objections[i].map(|o| o.acts);
            self.note(Wrong::HandedOver, few || ended || before.authors.has(to.bit()) || !to.is_human());
        }
    }
}

impl Bound {
    pub fn of(packet: &Packet) -> Self {
        let mut residual = Bits::default();
        for (i, objection) in packet.objections.iter().enumerate() {
            let ended = objection.and_then(|o| ended_by(&o, &packet.charter, packet.content));
            if ended == Some(ActKind::Accept) {
                residual = residual.with(Bits::one(i as u32));
            }
        }
        let objections = packet.objections.iter().flatten().count();
        Self { content: packet.content, charter: packet.charter, objections, residual }
    }
}

/// The act that ended an objection, in the words of DESIGN.md: the newest that counts, unless the target is again what
/// was objected to, or is no longer what was accepted.
pub fn ended_by(objection: &Objection, charter: &Charter, content: Digest) -> Option<ActKind> {
    let counting = |act: &&crate::ledger::Act| act.kind == ActKind::Address || charter.counts(act.key);
    let newest = objection.acts.iter().flatten().rev().find(counting)?;
    let ended = match newest.kind {
        ActKind::Address => false,
        ActKind::Withdraw | ActKind::Close => newest.target == objection.raised || content != objection.raised,
        ActKind::Accept => newest.target == content,
    };
    ended.then_some(newest.kind)
}
