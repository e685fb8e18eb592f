//! The replay: raw entries → verified packet.
//!
//! ```text
//! for every entry, oldest first
//!   form       the bytes are the one form of an entry                       entry.rs
//!   signature  its key signed it, in namespace `git`                        entry.rs
//!   sequence   it follows its parent: revision, time                        replay.rs
//!   actor      the key signs for the trailer's actor, by the parent's charter
//!   table      the operation allows this actor and these places             model/operation.rs
//!   meaning    what it stores is what the operation may store, given the packet so far
//!                content              content.rs
//!                proposals            proposal.rs
//!                amendments           governance.rs
//!                objections           ledger.rs
//!                releases             release.rs
//!                findings             findings.rs
//!                checks of sources    drift.rs
//!   apply      fold it in, void what it voids                               replay.rs
//! ```
//!
//! It is pure: entries and a way to verify signatures come in, a packet or a [`Fault`] comes out. Writers run the very
//! same replay over the entry they are about to write, so nothing can be written that a verifier refuses.

#[cfg(test)]
mod begin_tests;
mod content;
mod drift;
mod entry;
mod findings;
mod governance;
mod ledger;
mod proposal;
mod release;
mod replay;

use thiserror::Error;

use crate::model::id::CommitId;
use crate::model::key::PublicKey;
use crate::model::namespace::Namespace;
use crate::model::reason::{Reason, ReasonCode};

pub use drift::{held_by_drift, hold_kind};
pub use entry::SignedEntry;
pub use governance::missing_endorsements;
pub use ledger::{LONGEST_TEXT, subject_of};
pub use replay::{begin, rehearse, step};

/// A signature that holds: who made it, and whether a hardware key says that it was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key.
    pub key: PublicKey,
    /// The presence flag; false for keys without one.
    pub touched: bool,
}

/// A way to verify an SSHSIG armour over a message in a namespace; strictly, and over exactly one block.
pub type Verify<'a> = dyn Fn(&str, Namespace, &[u8]) -> Result<Signed, String> + Sync + 'a;

/// Why an entry is none: the packet ends before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("entry {}: {message}", .entry.short())]
pub struct Fault {
    /// The entry.
    pub entry: CommitId,
    /// The kind of fault.
    pub code: ReasonCode,
    /// What is the matter.
    pub message: String,
}

impl Fault {
    /// The fault as a reason against the whole packet.
    pub fn reason(&self, help: &str) -> Reason {
        Reason::new(self.code, format!("entry:{}", self.entry), self.message.clone(), help)
    }
}

/// What is wrong, before it is known with which entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong(ReasonCode, String);

fn wrong<T>(code: ReasonCode, message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(code, message.into()))
}
