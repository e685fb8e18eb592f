//! Bytes on disk → commitments, digests, masked intervals and regions.
//!
//! Files here are as large as a machine's memory, so everything is read once, by position (`pread`), through a few
//! megabytes of buffers on two threads; nothing is mapped, because a file that shrinks under a map kills the process.
//!
//! | file | holds |
//! |---|---|
//! | [`snapshot`] | whether a file stayed as it was while it was read |
//! | [`hash`] | commitments and digests of one range |
//! | [`pair`] | a raw and a sanitized range, compared and hashed in one pass |
//! | [`read`] | bytes read by position, from a file or from memory |
//! | [`layout`] | every byte of a dump accounted for |
//! | [`compare`] | two dumps compared, by address and by name |
//! | [`stacks`] | backtraces, without symbols |
//! | `fields` | numbers and blocks at offsets of a hostile file |
//! | `minidump`, `elf` | the walks of the two formats; `ids` spells what identifies modules |
//! | `draft`, `account` | what a walk says, and whose each byte is then |
//! | `blocks` | one range, block by block, with SHA-256 beside it |

mod account;
mod blocks;
pub mod compare;
#[cfg(test)]
mod compare_tests;
mod draft;
mod elf;
mod fields;
#[cfg(test)]
mod fixture;
pub mod hash;
mod ids;
pub mod layout;
#[cfg(test)]
mod layout_tests;
mod minidump;
pub mod pair;
pub mod read;
pub mod snapshot;
pub mod stacks;
