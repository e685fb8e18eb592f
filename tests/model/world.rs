//! The world: everybody does everything they can, within bounds, and an adversary does what they cannot.
//!
//! Every actor tries every operation with their own key, and somebody with the key of an agent tries every operation in
//! the name of every person. What the rules refuse leads nowhere. A world bounds *how often* things may happen, so that
//! it is explored to its end; together the worlds of `worlds.rs` cover every pair of features.

use stateright::{Model, Property};

use crate::actor::{Actor, Key};
use crate::entry::{Amends, Entry, Op};
use crate::invariants::{self, Invariant};
use crate::judge::accept;
use crate::mutant::{Mutant, Rules};
use crate::packet::{Packet, free};
use crate::release::{carry, holds};
use crate::truth::{Truth, Wrong};

/// What may happen in a world, and how often.
#[derive(Debug, Clone)]
pub struct World {
    pub name: &'static str,
    /// How many revisions there may be; the first is the genesis.
    pub revisions: u8,
    /// Who may object; each objection may be a veto.
    pub objectors: &'static [Actor],
    pub objections: usize,
    /// How many acts a thread may have, at most three.
    pub acts: usize,
    /// Whether there may be a proposal.
    pub proposals: bool,
    pub amends: &'static [Amends],
    pub amendments: usize,
    pub releases: usize,
    pub holds: bool,
    pub drifts: u8,
    /// Whether an approval is judged first and written later.
    pub races: bool,
    /// Whether there is a verifier with an anchor, and somebody who shows it older heads.
    pub shows: bool,
    pub required: u32,
    pub threshold: u32,
    pub mutant: Option<Mutant>,
    /// The one invariant that is checked, or all.
    pub only: Option<Invariant>,
}

/// An approval that was judged and is not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Race {
    judged: Packet,
    release: usize,
    moved: bool,
    objected: bool,
}

/// A verifier, and what is shown to it. Heads are numbered along the branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shown {
    head: u8,
    saved: Option<(Packet, u8)>,
    anchor: Option<u8>,
    seen: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub packet: Packet,
    pub truth: Truth,
    race: Option<Race>,
    shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Write(Entry),
    /// The owner judges release `n` and holds the pen.
    Judge(usize),
    /// The owner's approval reaches the branch.
    Land,
    /// The verifier sees the branch as it is.
    Look,
    /// The adversary keeps the branch as it is.
    Save,
    /// The adversary shows the verifier what was kept.
    Show,
    /// The adversary shows it with entries on top that an agent's key can make.
    ShowForked,
}

impl World {
    pub fn rules(&self) -> Rules {
        Rules { required: self.required, mutant: self.mutant }
    }

    fn ops(&self, packet: &Packet) -> Vec<Op> {
        let mut ops = Vec::new();
        let other = 1 - packet.content;
        if packet.revision < self.revisions {
            ops.push(Op::Commit(other));
            ops.extend((self.proposals && packet.proposal.is_none()).then_some(Op::Propose(other)));
            ops.extend(packet.proposal.iter().filter(|p| !p.judged).flat_map(|_| [Op::Apply, Op::Reject]));
        }
        let objections = packet.objections.iter().flatten().count();
        for (i, objection) in packet.objections.iter().flatten().enumerate() {
            if objection.acts.iter().flatten().count() == self.acts {
                continue;
            }
            ops.extend([Op::Address(i), Op::Withdraw(i), Op::Close(i), Op::Accept(i)]);
        }
        if objections < self.objections {
            ops.extend([Op::Object { veto: false }, Op::Object { veto: true }]);
        }
        self.governance(packet, &mut ops);
        self.releasing(packet, &mut ops);
        ops
    }

    fn governance(&self, packet: &Packet, ops: &mut Vec<Op>) {
        let amendments = free(&packet.amendments).unwrap_or(packet.amendments.len());
        if amendments < self.amendments {
            ops.extend(self.amends.iter().map(|amends| Op::Amend(*amends)));
        }
        ops.extend((0..amendments).map(Op::Endorse));
    }

    fn releasing(&self, packet: &Packet, ops: &mut Vec<Op>) {
        let releases = packet.releases.iter().flatten().count();
        ops.extend((releases < self.releases).then_some(Op::Draft));
        for n in 0..releases {
            ops.push(Op::Sign(n));
            ops.extend((!self.races).then_some(Op::Approve(n)));
            ops.extend(self.holds.then_some(Op::Hold(n)));
        }
        if packet.drifts < self.drifts {
            ops.extend([Op::Drift(true), Op::Drift(false)]);
        }
    }

    /// Whether it is worth trying: who objects, and what a second key is for, is bounded.
    fn tries(&self, entry: &Entry) -> bool {
        match entry.op {
            Op::Object { .. } => self.objectors.contains(&entry.names),
            Op::Sign(_) | Op::Endorse(_) => true,
            _ => entry.key != Key::PrivacySpare,
        }
    }

    fn entries(&self, packet: &Packet) -> impl Iterator<Item = Entry> {
        let ops = self.ops(packet);
        let own = Key::ALL.into_iter().map(|key| (key, key.holder()));
        let forged = Actor::PEOPLE.into_iter().map(|who| (Key::PrivacyAgent, who));
        let hands: Vec<(Key, Actor)> = own.chain(forged).collect();
        ops.into_iter().flat_map(move |op| hands.clone().into_iter().map(move |(key, names)| Entry { key, names, op }))
    }

    fn write(&self, state: &State, entry: &Entry) -> Option<State> {
        let packet = accept(self.rules(), &state.packet, entry)?;
        let mut next = state.clone();
        next.packet = packet;
        next.truth.record(&state.packet, entry, &packet);
        if let Some(race) = &mut next.race {
            race.moved = true;
            race.objected |= matches!(entry.op, Op::Object { .. });
        }
        next.shown.head += u8::from(self.shows);
        Some(next)
    }

    /// The owner sees a release that may be approved.
    fn judge(&self, state: &State, release: usize) -> Option<State> {
        let entry = approval(release);
        accept(self.rules(), &state.packet, &entry)?;
        let race = Race { judged: state.packet, release, moved: false, objected: false };
        Some(State { race: Some(race), ..state.clone() })
    }

    /// The approval is written if the head is the one that was judged; else it fails and is typed again.
    fn land(&self, state: &State) -> Option<State> {
        let race = state.race?;
        let entry = approval(race.release);
        let mut next = State { race: None, ..state.clone() };
        let mut packet = state.packet;
        if !race.moved || self.rules().has(Mutant::NoCompareAndSwap) {
            packet = accept(self.rules(), &race.judged, &entry)?;
        } else if self.rules().has(Mutant::ApprovalIsCarriedOver) {
            carry(self.rules(), &mut packet, race.release, Key::Owner);
        } else {
            return Some(next);
        }
        next.packet = packet;
        next.truth.record(&state.packet, &entry, &packet);
        next.truth.note(Wrong::JudgedElsewhere, race.moved);
        next.truth.note(Wrong::ObjectedBetween, race.objected);
        Some(next)
    }

    /// The verifier is shown a packet whose head is number `head` of the branch, or a fork from there: entries on top
    /// that change no release, as many as the adversary likes. They are no newer than what they stand on.
    fn show(&self, state: &State, packet: &Packet, head: u8, forked: bool) -> State {
        let mut next = state.clone();
        let anchor = state.shown.anchor.filter(|_| !self.rules().has(Mutant::AnchorIsNotAsked));
        let longer = forked && self.rules().has(Mutant::LongerIsNewer);
        let descends = longer || anchor.is_none_or(|anchor| head >= anchor);
        let yes = packet.releases.iter().flatten().any(|release| holds(self.rules(), packet, release));
        let newer = state.shown.seen.is_some_and(|seen| seen > head);
        next.truth.note(Wrong::Fooled, descends && yes && newer);
        if !forked && (descends || self.rules().has(Mutant::AnchorIsPulledBack)) {
            next.shown.anchor = Some(head);
        }
        next.shown.seen = state.shown.seen.max(Some(head));
        next
    }
}

fn approval(release: usize) -> Entry {
    Entry { key: Key::Owner, names: Actor::Owner, op: Op::Approve(release) }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let packet = Packet::genesis(self.threshold);
        vec![State { packet, truth: Truth::at(&packet), race: None, shown: Shown::default() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.entries(&state.packet).filter(|entry| self.tries(entry)).map(Action::Write));
        if self.races {
            actions.extend(match state.race {
                Some(_) => vec![Action::Land],
                None => (0..self.releases).map(Action::Judge).collect(),
            });
        }
        if self.shows {
            actions.extend([Action::Look, Action::Save, Action::Show, Action::ShowForked]);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Write(entry) => self.write(state, &entry),
            Action::Judge(n) => self.judge(state, n),
            Action::Land => self.land(state),
            Action::Look => Some(self.show(state, &state.packet, state.shown.head, false)),
            Action::Save => {
                let saved = Some((state.packet, state.shown.head));
                let shown = Shown { saved, ..state.shown };
                state.shown.saved.is_none().then(|| State { shown, ..state.clone() })
            }
            Action::Show => state.shown.saved.map(|(packet, head)| self.show(state, &packet, head, false)),
            Action::ShowForked => state.shown.saved.map(|(packet, head)| self.show(state, &packet, head, true)),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let checked = invariants::ALL.into_iter().filter(|(name, _)| self.only.is_none_or(|(only, _)| only == *name));
        checked.map(|(name, holds)| Property::always(name, holds)).collect()
    }
}
