//! Entries: what is done, in whose name, with which key.

use crate::actor::{Actor, Key};
use crate::packet::Digest;

/// What an entry does. `respond`, `scan`, `dispose`, `supersede`, `handoff` and `receipt` are left out: the first
/// changes no state, the others end a release as `hold` does or come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Commit(Digest),
    Propose(Digest),
    Apply,
    Reject,
    Object {
        veto: bool,
    },
    Address(usize),
    Withdraw(usize),
    Close(usize),
    Accept(usize),
    Amend(Amends),
    Endorse(usize),
    Draft,
    Sign(usize),
    Approve(usize),
    Hold(usize),
    /// A recorded check of the sources; whether one drifted.
    Drift(bool),
}

/// What an amendment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Amends {
    /// The title: anybody at the threshold.
    Title,
    /// The lane.
    Lane,
    /// The threshold, down to one.
    Threshold,
    /// A key, to compromised.
    Compromised(Key),
    /// Who speaks for an objection: `reassign`.
    Speaker(usize, Actor),
}

impl Amends {
    /// Whether somebody other than the owner must endorse it (DESIGN.md, invariant 8).
    pub fn is_sensitive(self) -> bool {
        matches!(self, Self::Lane | Self::Threshold | Self::Compromised(_))
    }
}

/// An entry: signed by a key, in somebody's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    pub key: Key,
    pub names: Actor,
    pub op: Op,
}

/// The kinds of operation that only people may do, whoever operates an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Power {
    Commit,
    Apply,
    Reject,
    Address,
    Withdraw,
    Close,
    Accept,
    Amend,
    Endorse,
    Draft,
    Sign,
    Approve,
    Hold,
}

impl Power {
    pub const ALL: [Self; 13] = [
        Self::Commit,
        Self::Apply,
        Self::Reject,
        Self::Address,
        Self::Withdraw,
        Self::Close,
        Self::Accept,
        Self::Amend,
        Self::Endorse,
        Self::Draft,
        Self::Sign,
        Self::Approve,
        Self::Hold,
    ];
}

impl Op {
    /// Which of the powers of people it uses; none for what agents may do too.
    pub fn power(self) -> Option<Power> {
        Some(match self {
            Self::Commit(_) => Power::Commit,
            Self::Apply => Power::Apply,
            Self::Reject => Power::Reject,
            Self::Address(_) => Power::Address,
            Self::Withdraw(_) => Power::Withdraw,
            Self::Close(_) => Power::Close,
            Self::Accept(_) => Power::Accept,
            Self::Amend(_) => Power::Amend,
            Self::Endorse(_) => Power::Endorse,
            Self::Draft => Power::Draft,
            Self::Sign(_) => Power::Sign,
            Self::Approve(_) => Power::Approve,
            Self::Hold(_) => Power::Hold,
            Self::Propose(_) | Self::Object { .. } | Self::Drift(_) => return None,
        })
    }
}
