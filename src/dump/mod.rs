//! Bytes on disk → commitments, digests and masked intervals.
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
//! | `blocks` | one range, block by block, with SHA-256 beside it |

mod blocks;
pub mod hash;
pub mod pair;
pub mod read;
pub mod snapshot;
