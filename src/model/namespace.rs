//! What a signature is for.
//!
//! SSHSIG mixes the namespace into the signed bytes, so a signature made for one purpose never passes for another. That
//! is what keeps authorship and authority apart: whoever rebases somebody's entry re-signs it in `git`, and nothing else.

use std::fmt;

/// The purpose of one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Entries and the release tag: who wrote this. The only one that agents and services hold.
    Git,
    /// The manifest of a release: a required signer's or the owner's word.
    Release,
    /// One act in the ledger: withdraw, close, accept-residual, dispose, apply.
    Ledger,
    /// An endorsement of a change of the charter.
    Charter,
}

impl Namespace {
    /// Every namespace, in the order of a roster line.
    pub const ALL: [Self; 4] = [Self::Git, Self::Release, Self::Ledger, Self::Charter];

    /// The namespace as it is signed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Release => "packet.release.v1",
            Self::Ledger => "packet.ledger.v1",
            Self::Charter => "packet.charter.v1",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_roster_line() {
        assert_eq!(
            Namespace::ALL.map(Namespace::as_str).join(","),
            "git,packet.release.v1,packet.ledger.v1,packet.charter.v1"
        );
    }
}
