//! The packet: what the branch folds into. Digests are small numbers.

use crate::actor::{Actor, Key};
use crate::bits::Bits;
use crate::entry::Amends;
use crate::ledger::Objection;

/// What content digests to.
pub type Digest = u8;

/// At most so many objections, amendments and releases.
pub const SLOTS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Charter {
    pub version: u8,
    pub lane: Digest,
    pub threshold: u32,
    pub compromised: Bits,
}

impl Charter {
    pub fn counts(&self, key: Key) -> bool {
        !self.compromised.has(key.bit())
    }
}

/// Changes of content since the last approval: who wrote each, and who applied it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Changes(Bits);

impl Changes {
    pub fn with(self, wrote: Actor, applied: Actor) -> Self {
        Self(self.0.with(Bits::one(wrote as u32 * 5 + applied as u32)))
    }

    pub fn each(self) -> impl Iterator<Item = (Actor, Actor)> {
        self.0.numbers().map(|n| (Actor::ALL[n as usize / 5], Actor::ALL[n as usize % 5]))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proposal {
    pub by: Actor,
    /// What the content was.
    pub was: Digest,
    pub now: Digest,
    pub judged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amendment {
    pub amends: Amends,
    /// The version of the charter it replaces.
    pub from: u8,
    /// The keys that endorsed it.
    pub endorsed: Bits,
    pub in_force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    /// Keys that signed the manifest.
    pub signed: Bits,
    /// What was changed since the release before.
    pub changes: Changes,
    /// The owner's key that approved it.
    pub approved: Option<Key>,
    pub void: bool,
    pub held: bool,
    pub superseded: bool,
}

impl Release {
    pub fn stands(&self) -> bool {
        !self.void && !self.held && !self.superseded
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet {
    pub revision: u8,
    pub content: Digest,
    pub charter: Charter,
    /// Everybody who ever wrote or applied content.
    pub authors: Bits,
    pub changes: Changes,
    pub objections: [Option<Objection>; SLOTS],
    pub proposal: Option<Proposal>,
    pub amendments: [Option<Amendment>; SLOTS],
    pub releases: [Option<Release>; SLOTS],
    pub drifts: u8,
}

impl Packet {
    /// The genesis: the owner opens an empty packet.
    pub fn genesis(threshold: u32) -> Self {
        Self {
            revision: 1,
            content: 0,
            charter: Charter { version: 1, lane: 0, threshold, compromised: Bits::default() },
            authors: Actor::Owner.bit(),
            changes: Changes::default().with(Actor::Owner, Actor::Owner),
            objections: [None; SLOTS],
            proposal: None,
            amendments: [None; SLOTS],
            releases: [None; SLOTS],
            drifts: 0,
        }
    }

    /// Content as somebody wrote and somebody, perhaps another, put it in.
    pub fn change(&mut self, content: Digest, wrote: Actor, applied: Actor) {
        self.content = content;
        self.revision += 1;
        self.authors = self.authors.with(wrote.bit()).with(applied.bit());
        self.changes = self.changes.with(wrote, applied);
    }
}

/// The first free slot.
pub fn free<T>(slots: &[Option<T>]) -> Option<usize> {
    slots.iter().position(Option::is_none)
}
