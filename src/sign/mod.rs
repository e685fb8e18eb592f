//! SSHSIG: sign and verify bytes, in the format of `ssh-keygen -Y` (OpenSSH, PROTOCOL.sshsig).
//!
//! What people sign can be checked with the stock program, and what the stock program signs is accepted here: a recipient
//! never has to trust this tool's word. Verification happens in process all the same, because the stock one is laxer than
//! an approval may be: it ignores what follows the first block (F13), does not ask whether a hardware key was touched, and
//! reads authority from a file at some chosen time (F10).
//!
//! | file | holds |
//! |---|---|
//! | [`sshsig`] | one signature: the strict reader, and the only way to a [`Verified`] |
//! | [`signer`] | who signs: a plain key file in process, every other key through `ssh-keygen` |
//! | `keygen` | runs `ssh-keygen`, in an environment that only `cli` can make |
//!
//! Who *may* sign what is no business of this room: it answers "which key, over these bytes, for this purpose, touched or
//! not", and the charter decides.

mod keygen;
pub mod signer;
pub mod sshsig;

#[cfg(test)]
mod blob_fixture;
#[cfg(test)]
mod interop_tests;
#[cfg(test)]
mod sk_fixture;

pub use keygen::ChildEnv;
pub use signer::{KeyChoice, KeyError, Signer};
pub use sshsig::{InvalidSignature, Presence, Signature, Verified};
