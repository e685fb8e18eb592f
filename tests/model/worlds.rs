//! The worlds that are explored, and what each leaves out.

use crate::actor::{Actor, Key};
use crate::entry::Amends;
use crate::invariants::Invariant;
use crate::mutant::Mutant;
use crate::world::World;

const NOBODY: World = World {
    name: "",
    revisions: 1,
    objectors: &[],
    objections: 0,
    acts: 3,
    proposals: false,
    amends: &[],
    amendments: 0,
    releases: 0,
    holds: false,
    drifts: 0,
    races: false,
    shows: false,
    required: 1,
    threshold: 1,
    mutant: None,
    only: None,
};

/// One objection with a thread of three acts, and a release, over three revisions.
pub const DISPUTE: World = World {
    name: "dispute",
    revisions: 3,
    objectors: &[Actor::Owner, Actor::Privacy, Actor::PrivacyAgent],
    objections: 1,
    releases: 1,
    ..NOBODY
};

/// Two objections and a release, over two revisions.
pub const TWO_DISPUTES: World = World {
    name: "two disputes",
    revisions: 2,
    objectors: &[Actor::Privacy, Actor::PrivacyAgent],
    objections: 2,
    acts: 2,
    releases: 1,
    ..NOBODY
};

/// An objection and a key that is found to be compromised, over three revisions.
pub const KEYS: World = World {
    name: "keys",
    revisions: 3,
    objectors: &[Actor::Privacy],
    objections: 1,
    acts: 2,
    amends: &[
        Amends::Compromised(Key::Owner),
        Amends::Compromised(Key::Privacy),
        Amends::Compromised(Key::Reliability),
    ],
    amendments: 1,
    releases: 1,
    ..NOBODY
};

/// Two amendments at once at a threshold of two, and a release.
pub const GOVERNANCE: World = World {
    name: "governance",
    revisions: 2,
    amends: &[Amends::Title, Amends::Lane, Amends::Threshold, Amends::Compromised(Key::Privacy)],
    amendments: 2,
    releases: 1,
    threshold: 2,
    ..NOBODY
};

/// As [`GOVERNANCE`] with a threshold of one, where the owner alone could amend.
pub const ALONE: World = World { name: "alone", threshold: 1, ..GOVERNANCE };

/// An objection that is handed to somebody else, at a threshold of one, over two revisions.
pub const HANDOVER: World = World {
    name: "handover",
    revisions: 2,
    objectors: &[Actor::Privacy, Actor::PrivacyAgent],
    objections: 1,
    acts: 2,
    amends: &[
        Amends::Speaker(0, Actor::Owner),
        Amends::Speaker(0, Actor::Privacy),
        Amends::Speaker(0, Actor::Reliability),
        Amends::Speaker(0, Actor::ReliabilityAgent),
    ],
    amendments: 1,
    releases: 1,
    ..NOBODY
};

/// Two releases, holds and drifts, over three revisions; two people must sign.
pub const RELEASES: World =
    World { name: "releases", revisions: 3, releases: 2, holds: true, drifts: 2, required: 2, ..NOBODY };

/// Two releases and a proposal, where one signer suffices, so that who wrote and who applied decide.
pub const AUTHORS: World = World { name: "authors", revisions: 3, proposals: true, releases: 2, ..NOBODY };

/// An approval that is judged and lands later, beside everybody else.
pub const RACES: World = World {
    name: "races",
    revisions: 3,
    objectors: &[Actor::Reliability, Actor::PrivacyAgent],
    objections: 1,
    releases: 1,
    holds: true,
    races: true,
    ..NOBODY
};

/// A verifier with an anchor, and somebody who shows it an older head or a fork.
pub const HEADS: World = World {
    name: "heads",
    revisions: 2,
    objectors: &[Actor::PrivacyAgent],
    objections: 1,
    acts: 1,
    releases: 1,
    holds: true,
    shows: true,
    ..NOBODY
};

/// Everything at once, as far as a number of steps leads.
pub const TOGETHER: World = World {
    name: "together",
    revisions: 3,
    objectors: &[Actor::Privacy, Actor::PrivacyAgent],
    objections: 1,
    proposals: true,
    amends: &[Amends::Lane, Amends::Compromised(Key::Privacy), Amends::Speaker(0, Actor::Reliability)],
    amendments: 1,
    releases: 2,
    holds: true,
    drifts: 1,
    races: true,
    shows: true,
    ..NOBODY
};

/// The worlds that are explored to their end.
pub const WHOLE: [World; 10] =
    [DISPUTE, TWO_DISPUTES, KEYS, GOVERNANCE, ALONE, HANDOVER, RELEASES, AUTHORS, RACES, HEADS];

impl World {
    /// The world with one rule broken, asked for one invariant.
    pub fn broken(self, mutant: Mutant, invariant: Invariant) -> Self {
        Self { mutant: Some(mutant), only: Some(invariant), ..self }
    }
}

/// How many steps are made in [`TOGETHER`].
pub const TOGETHER_STEPS: usize = 5;
