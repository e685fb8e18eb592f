//! Objections and where they stand.

use crate::actor::{Actor, Key};
use crate::mutant::{Mutant, Rules};
use crate::packet::{Charter, Digest};

/// At most so many acts in a thread.
pub const ACTS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActKind {
    Address,
    Withdraw,
    Close,
    Accept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Act {
    pub kind: ActKind,
    pub key: Key,
    pub target: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Objection {
    pub by: Actor,
    pub veto: bool,
    /// The target's digest when it was raised.
    pub raised: Digest,
    /// The human who may close it: the objector, an agent's operator, or whom governance handed it to.
    pub speaker: Actor,
    pub acts: [Option<Act>; ACTS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Open,
    Addressed,
    Withdrawn,
    Closed,
    Residual,
}

impl Objection {
    /// Where it stands, by the charter and the target as they are now.
    pub fn state(&self, rules: Rules, charter: &Charter, content: Digest) -> State {
        let mut state = State::Open;
        let mut then = content;
        for act in self.acts.iter().flatten() {
            let authority = act.kind != ActKind::Address;
            if authority && !charter.counts(act.key) && !rules.has(Mutant::CompromisedClosingCounts) {
                continue;
            }
            then = act.target;
            state = match act.kind {
                ActKind::Address => State::Addressed,
                ActKind::Withdraw => State::Withdrawn,
                ActKind::Close => State::Closed,
                ActKind::Accept => State::Residual,
            };
        }
        let reopened = !rules.has(Mutant::ClosingNeverReopens)
            && matches!(state, State::Withdrawn | State::Closed)
            && then != self.raised
            && content == self.raised;
        let lapsed = !rules.has(Mutant::ResidualNeverLapses) && state == State::Residual && then != content;
        if reopened || lapsed { State::Open } else { state }
    }

    /// Appends an act, if it does something to an objection in this state and the thread has room.
    pub fn act(&mut self, act: Act, state: State) -> Option<()> {
        let from = match act.kind {
            ActKind::Address => [State::Open].as_slice(),
            ActKind::Close => &[State::Addressed],
            ActKind::Withdraw => &[State::Open, State::Addressed, State::Residual],
            ActKind::Accept => &[State::Open, State::Addressed],
        };
        let slot = self.acts.iter_mut().find(|slot| slot.is_none())?;
        from.contains(&state).then(|| *slot = Some(act))
    }
}
