//! Use cases: one file each. Load one snapshot, decide, write once, return an answer.
//!
//! ```text
//! arguments ─ cli ─► work ──────────────────────────────────────────────► report
//!                     │ load     heads, root, replay (or its cache)        load.rs, cache.rs
//!                     │ decide   model, gate, history: pure
//!                     │ write    rehearse, sign, replay, compare-and-swap  write.rs
//!                     └ answer   a plain value
//! ```

pub mod cache;
pub mod choice;
pub mod content;
#[cfg(test)]
mod corpus_tests;
pub mod coverage;
pub mod diff;
pub mod dispose;
pub mod drift;
pub mod exact;
pub mod findings;
pub mod fragment;
pub mod governance;
mod inspect;
pub mod ledger;
pub mod load;
pub mod log;
mod looked;
pub mod open;
mod parts;
pub mod proposals;
pub mod refused;
pub mod regions;
pub mod release;
pub mod repair;
mod sanitized;
pub mod scan;
pub mod seal;
pub mod stage;
pub mod status;
mod steady;
mod typed;
pub mod verify;
pub mod whoami;
pub mod write;

use std::path::PathBuf;
use std::time::Duration;

use crate::model::id::{ClassId, PacketId};
use crate::model::time::Time;
use crate::store::{CloneDir, Repo};

pub use refused::{Refused, Verdict, Why};

/// Where a command works: one packet in one clone, at one moment.
pub struct Desk {
    /// The repository.
    pub repo: Repo,
    /// The packet.
    pub name: PacketId,
    /// The clock, read once.
    pub now: Time,
    /// The directory that relative paths start from.
    pub here: PathBuf,
    /// Classes of identifiers that texts of this command may hold.
    pub allow: Vec<ClassId>,
    /// How long a writer waits for another.
    pub wait: Duration,
}

impl Desk {
    /// This clone's own files of the packet.
    pub fn clone_dir(&self) -> CloneDir {
        self.repo.clone_dir(&self.name)
    }
}
