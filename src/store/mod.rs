//! Values ↔ git: objects, the packet's branch, and the files beside it in a clone. The only room that names gix.
//!
//! # Decisions
//!
//! **gix reads and encodes objects; references are ours.** The files backend is a directory of one-line files plus
//! `packed-refs`, and reading both afresh each time removes four traps at once: gix looks for `refs/tags/refs/heads/x`
//! when `refs/heads/x` is absent, compares with a stale `packed-refs` (F4), calls a reference that already has the new
//! target created (F8), and takes `packed-refs.lock` to *compare*, so that a kill leaves a lock nobody can prove
//! orphaned: a running `git pack-refs` keeps that very file empty and closed, too (F9).
//!
//! **Whatever a crash leaves is provably ours** because it has a second name that only the holder of the write lock
//! makes: see [`WriteLock`].
//!
//! **Nothing is believed.** Sizes are looked at before bytes, every object is hashed again after it was read (F7), trees
//! are parsed strictly, configuration, replace references, grafts and hooks of the repository are not used.

mod advance;
mod clone_dir;
mod git;
mod identity;
mod lock;
mod object_id;
mod packed_refs;
mod read;
mod refs;
mod repo;
#[cfg(test)]
mod sandbox;
mod tree;
mod tree_reader;
mod work_trees;
mod write;
mod write_tree;

pub use advance::{Advance, AdvanceError, Expected};
pub use clone_dir::{CloneDir, CloneDirError};
pub use identity::{GitEnvironment, IdentityError, SigningKeySetting, user_signing_key};
pub use lock::{DEFAULT_WAIT, LockError, WriteLock};
pub use object_id::{ObjectFormat, ObjectId};
pub use read::{BLOB_CAP, CHAIN_CAP, COMMIT_CAP, Kind, ReadError, ReadProblem, STEP_CAP, TREE_CAP};
pub use refs::{Packets, RefError};
pub use repo::{OpenError, Repo};
pub use tree::{DEPTH_CAP, TreeProblem};
pub use tree_reader::{CHANGES_CAP, TreeReader};
pub use write::WriteError;
