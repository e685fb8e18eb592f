//! `packet` governs one production crash-dump redaction clarification packet: a git branch whose every commit is one
//! signed operation, and whose release binds one exact revision to one restricted review lane.
//!
//! Data flows one way: arguments → command → *load one snapshot* → *decide, purely* → *write once, by
//! compare-and-swap* → show. There is no second read, no write inside a decision, and no clock or environment below
//! [`cli`].
//!
//! | room | holds |
//! |---|---|
//! | [`model`] | pure values and rules: no I/O, no clock, no git |
//! | [`gate`] | (packet, facts, now) → reasons |
//! | [`history`] | raw entries → verified packet: the replay |
//! | [`sign`] | SSHSIG: sign and verify bytes |
//! | [`dump`] | bytes → regions; hashing of byte ranges, the redaction difference |
//! | [`scan`] | bytes → findings: suspected identifiers, never their text |
//! | [`source`] | the vault |
//! | [`store`] | values ↔ git; the only room that names gix |
//! | [`work`] | one file per use case: load, decide, write, answer |
//! | [`report`] | answers as text and JSON; decides nothing |
//! | [`cli`] | arguments → work → report |
//!
//! Imports go down only; `docs/architecture.md` has the map, and a test holds it.

#[cfg(not(target_os = "linux"))]
compile_error!("packet runs on Linux: it relies on syncfs, flock and /proc to keep what it acknowledged");

pub mod cli;
pub mod dump;
pub mod gate;
pub mod history;
pub mod model;
pub mod report;
pub mod scan;
pub mod sign;
pub mod source;
pub mod store;
pub mod work;
