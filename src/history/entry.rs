//! One entry, read and its signature checked: everything that needs no packet, so that entries are checked in parallel.

use super::{Fault, Verify};
use crate::model::commit::{Commit, UnsignedCommit};
use crate::model::id::CommitId;
use crate::model::key::PublicKey;
use crate::model::namespace::Namespace;
use crate::model::reason::ReasonCode;

/// An entry whose signature holds. Whether its key may sign is not known yet.
#[derive(Debug, Clone)]
pub struct SignedEntry {
    id: CommitId,
    commit: Commit,
    signer: PublicKey,
}

impl SignedEntry {
    /// Reads an entry's bytes strictly and verifies its signature.
    ///
    /// # Errors
    /// When the bytes are no entry (`foreign-entry`), or its signature does not hold (`entry-signature`).
    pub fn check(id: &CommitId, bytes: &[u8], verify: &Verify<'_>) -> Result<Self, Fault> {
        let fault = |code, message| Fault { entry: id.clone(), code, message };
        let commit = Commit::parse(bytes).map_err(|e| fault(ReasonCode::ForeignEntry, format!("not an entry: {e}")))?;
        let payload = commit.unsigned.payload();
        let signed = verify(&commit.armour, Namespace::Git, &payload)
            .map_err(|why| fault(ReasonCode::EntrySignature, format!("its signature does not hold: {why}")))?;
        Ok(Self { id: id.clone(), commit, signer: signed.key })
    }

    /// An entry that is not written yet, to be judged before it is: it has no name and no signature, and never leaves
    /// the rehearsal.
    pub(super) fn unwritten(id: CommitId, unsigned: UnsignedCommit, signer: PublicKey) -> Self {
        Self { id, commit: unsigned.signed(String::new()), signer }
    }

    /// Its commit.
    pub fn id(&self) -> &CommitId {
        &self.id
    }

    /// What it says.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// Who signed it.
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }
}
