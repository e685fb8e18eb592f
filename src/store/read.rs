//! Reading objects, each under suspicion.
//!
//! For every object: what does its header claim (a megabyte inflates to a gigabyte), is that within the cap and the
//! kind that was asked for; only then its bytes; and do these hash to its name (F7)? A decision never rests on an
//! object that was not hashed after it was read.

use std::fmt;

use miette::Diagnostic;
use thiserror::Error;

use super::object_id::ObjectId;
use super::repo::Repo;
use super::tree::TreeProblem;
use crate::model::id::{CommitId, TreeId};

/// The largest commit that is read: a message, its trailers and one signature.
pub const COMMIT_CAP: u64 = 256 << 10;
/// The largest tree that is read: about 100,000 names.
pub const TREE_CAP: u64 = 4 << 20;
/// The largest file of a packet that is read.
pub const BLOB_CAP: u64 = 4 << 20;
/// The most bytes of commits that one [`Repo::chain`] returns.
pub const CHAIN_CAP: u64 = 128 << 20;
/// The most bytes of files that one entry may change.
pub const STEP_CAP: u64 = 64 << 20;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commit: an entry.
    Commit,
    /// A directory.
    Tree,
    /// A file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    pub(super) fn cap(self) -> u64 {
        match self {
            Self::Commit | Self::Tag => COMMIT_CAP,
            Self::Tree => TREE_CAP,
            Self::Blob => BLOB_CAP,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        })
    }
}

/// One object that could not be used, and why.
#[derive(Debug, Error, Diagnostic)]
#[error("object {id} cannot be used: {problem}")]
pub struct ReadError {
    /// The object.
    pub id: ObjectId,
    /// What is wrong with it.
    #[diagnostic_source]
    pub problem: ReadProblem,
}

/// What can be wrong with an object.
#[derive(Debug, Error, Diagnostic)]
pub enum ReadProblem {
    /// There is no such object: a shallow or partial clone, or a damaged one.
    #[error("it is not in this repository")]
    #[diagnostic(help(
        "fetch it: `git fetch --unshallow` for a shallow clone, else `git fsck` to see what else is missing"
    ))]
    Missing,
    /// Its bytes cannot be decoded.
    #[error("it is damaged: {why}")]
    #[diagnostic(help("`git fsck --full` lists the damage; fetch the object again from a healthy clone"))]
    Corrupt {
        /// What the decoder said.
        why: String,
    },
    /// Its bytes are those of another object (F7).
    #[error("its bytes are those of {actual}")]
    #[diagnostic(help("somebody put other bytes under this name: do not trust this clone; clone again and compare"))]
    Impostor {
        /// What the bytes hash to.
        actual: ObjectId,
    },
    /// It is larger than anything a packet holds.
    #[error("it is a {kind} of {size} bytes, more than {cap}")]
    #[diagnostic(help("no packet holds so large an object: the branch was not written by this program"))]
    TooLarge {
        /// What it is.
        kind: Kind,
        /// What its header claims.
        size: u64,
        /// The most that is read.
        cap: u64,
    },
    /// It is something else than its place demands.
    #[error("it is a {actual}, not a {wanted}")]
    #[diagnostic(help("the branch was not written by this program: `packet verify` says where it ends"))]
    WrongKind {
        /// What was asked for.
        wanted: Kind,
        /// What it is.
        actual: Kind,
    },
    /// A tree that no packet has.
    #[error("in the tree of `{path}`, {problem}")]
    #[diagnostic(help("the branch was not written by this program: `packet verify` says where it ends"))]
    Tree {
        /// The directory, empty for the root.
        path: String,
        /// What is wrong.
        problem: TreeProblem,
    },
    /// A commit whose first parent line is no id.
    #[error("its parent line names no commit")]
    #[diagnostic(help("the branch was not written by this program: `packet verify` says where it ends"))]
    Parent,
    /// One entry changes too much at once, or the branch is too long.
    #[error("{what} exceed {cap}")]
    #[diagnostic(help("no packet is so large: the branch was not written by this program"))]
    TooMuch {
        /// What was counted.
        what: &'static str,
        /// The most that is allowed.
        cap: u64,
    },
}

impl ReadProblem {
    pub(super) fn of(self, id: ObjectId) -> ReadError {
        ReadError { id, problem: self }
    }
}

impl Repo {
    /// The raw bytes of a commit, which hash to its name.
    ///
    /// # Errors
    /// When it is missing, damaged, another object, larger than [`COMMIT_CAP`] or no commit.
    pub fn commit_bytes(&self, id: &CommitId) -> Result<Vec<u8>, ReadError> {
        self.read(&id.into(), Kind::Commit)
    }

    /// The raw bytes of a tree, which hash to its name. Nothing is said about its form.
    ///
    /// # Errors
    /// When it is missing, damaged, another object, larger than [`TREE_CAP`] or no tree.
    pub fn tree_bytes(&self, id: &TreeId) -> Result<Vec<u8>, ReadError> {
        self.read(&id.into(), Kind::Tree)
    }

    /// The bytes of a file, which hash to its name.
    ///
    /// # Errors
    /// When it is missing, damaged, another object, larger than [`BLOB_CAP`] or no blob.
    pub fn blob(&self, id: &ObjectId) -> Result<Vec<u8>, ReadError> {
        self.read(id, Kind::Blob)
    }

    /// The raw bytes of an annotated tag, which hash to its name.
    ///
    /// # Errors
    /// When it is missing, damaged, another object, larger than [`COMMIT_CAP`] or no tag: a lightweight tag names a
    /// commit.
    pub fn tag_bytes(&self, id: &ObjectId) -> Result<Vec<u8>, ReadError> {
        self.read(id, Kind::Tag)
    }

    /// The commits from the genesis, or from just after `until`, to `head`: oldest first, raw, each hashed.
    ///
    /// Follows the first `parent` line of each commit and judges nothing else; where `until` is no ancestor of `head`
    /// the chain begins with a commit that has no parent.
    ///
    /// # Errors
    /// When one of them cannot be read, or together they exceed [`CHAIN_CAP`].
    pub fn chain(&self, head: &CommitId, until: Option<&CommitId>) -> Result<Vec<(CommitId, Vec<u8>)>, ReadError> {
        let stop = until.map(ObjectId::from);
        let mut chain = Vec::new();
        let mut size = 0;
        let mut next = Some(ObjectId::from(head));
        while let Some(id) = next.filter(|id| Some(*id) != stop) {
            let bytes = self.read(&id, Kind::Commit)?;
            size += bytes.len() as u64;
            if size > CHAIN_CAP {
                return Err(ReadProblem::TooMuch { what: "the commits of the branch", cap: CHAIN_CAP }.of(id));
            }
            next = first_parent(&bytes).map_err(|problem| problem.of(id))?;
            chain.push((id.to_commit(), bytes));
        }
        chain.reverse();
        Ok(chain)
    }

    /// Reads an object that claims to be a `wanted`, within its cap, and hashes it.
    pub(super) fn read(&self, id: &ObjectId, wanted: Kind) -> Result<Vec<u8>, ReadError> {
        self.read_checked(id, wanted).map_err(|problem| problem.of(*id))
    }

    fn read_checked(&self, id: &ObjectId, wanted: Kind) -> Result<Vec<u8>, ReadProblem> {
        let corrupt = |why| ReadProblem::Corrupt { why };
        let (kind, size) = self.objects.header(id).map_err(corrupt)?.ok_or(ReadProblem::Missing)?;
        if kind != wanted {
            return Err(ReadProblem::WrongKind { wanted, actual: kind });
        }
        if size > kind.cap() {
            return Err(ReadProblem::TooLarge { kind, size, cap: kind.cap() });
        }
        let (kind, bytes) = self.objects.read(id).map_err(corrupt)?.ok_or(ReadProblem::Missing)?;
        let actual = self.objects.hash(kind, &bytes).map_err(corrupt)?;
        if actual != *id { Err(ReadProblem::Impostor { actual }) } else { Ok(bytes) }
    }
}

/// The first `parent` line of a commit's header; the strict parse is made by the history.
fn first_parent(commit: &[u8]) -> Result<Option<ObjectId>, ReadProblem> {
    let header = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let Some(parent) = header.filter_map(|line| line.strip_prefix(b"parent ")).next() else { return Ok(None) };
    let id = std::str::from_utf8(parent).ok().and_then(ObjectId::from_hex);
    id.map(Some).ok_or(ReadProblem::Parent)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::sandbox::Sandbox;
    use super::*;

    fn problem<T: fmt::Debug>(result: Result<T, ReadError>) -> ReadProblem {
        result.unwrap_err().problem
    }

    #[test]
    fn a_chain_is_oldest_first_and_stops_after_until() {
        for format in ["sha1", "sha256"] {
            let sandbox = Sandbox::with_format(format);
            let ids: Vec<_> = (0..4).map(|n| sandbox.commit_file("a.toml", &n.to_string())).collect();
            sandbox.git(&["repack", "-adq"]);
            let repo = sandbox.repo();
            let chain = repo.chain(&ids[3], None).unwrap();
            assert_eq!(chain.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), ids);
            let rest = repo.chain(&ids[3], Some(&ids[1])).unwrap();
            assert_eq!(rest.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), ids[2..]);
            assert!(repo.chain(&ids[3], Some(&ids[3])).unwrap().is_empty());
        }
    }

    #[test]
    fn replace_references_and_grafts_are_ignored() {
        let sandbox = Sandbox::new();
        let first = sandbox.commit_file("a.toml", "1");
        let second = sandbox.commit_file("a.toml", "2");
        let third = sandbox.commit_file("a.toml", "3");
        sandbox.git(&["replace", second.as_str(), first.as_str()]);
        fs::create_dir_all(sandbox.git_dir().join("info")).unwrap();
        fs::write(sandbox.git_dir().join("info/grafts"), format!("{third}\n")).unwrap();
        let repo = sandbox.repo();
        assert_eq!(repo.chain(&third, None).unwrap().len(), 3);
        assert!(repo.commit_bytes(&second).unwrap().windows(7).any(|w| w == b"parent "));
    }

    #[test]
    fn bytes_of_another_object_are_refused() {
        let sandbox = Sandbox::new();
        let good = sandbox.hash_object("blob", b"good");
        let evil = sandbox.hash_object("blob", b"evil");
        sandbox.replace_loose(&good, &fs::read(sandbox.loose(&evil)).unwrap());
        let found = problem(sandbox.repo().blob(&good));
        assert!(matches!(found, ReadProblem::Impostor { actual } if actual == evil), "{found:?}");
    }

    #[test]
    fn missing_damaged_and_wrong_kind_are_told_apart() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let absent = ObjectId::from_hex(&"ab".repeat(20)).unwrap();
        assert!(matches!(problem(repo.blob(&absent)), ReadProblem::Missing));
        let other_format = ObjectId::from_hex(&"ab".repeat(32)).unwrap();
        assert!(matches!(problem(repo.blob(&other_format)), ReadProblem::Missing));
        let blob = sandbox.hash_object("blob", b"x");
        let wrong = problem(repo.tag_bytes(&blob));
        assert!(matches!(wrong, ReadProblem::WrongKind { wanted: Kind::Tag, actual: Kind::Blob }));
        sandbox.replace_loose(&blob, b"");
        assert!(matches!(problem(repo.blob(&blob)), ReadProblem::Corrupt { .. }));
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let sandbox = Sandbox::new();
        let bomb = sandbox.hash_object("blob", &vec![0; 64 << 20]);
        // What follows the header is not even valid: it was never inflated.
        let mut bytes = fs::read(sandbox.loose(&bomb)).unwrap();
        bytes.truncate(60);
        sandbox.replace_loose(&bomb, &bytes);
        let found = problem(sandbox.repo().blob(&bomb));
        assert!(matches!(found, ReadProblem::TooLarge { size: 67_108_864, .. }), "{found:?}");
        let packed = Sandbox::new();
        let bomb = packed.hash_object("blob", &vec![0; 64 << 20]);
        packed.git(&["update-ref", "refs/keep/bomb", &bomb.to_string()]);
        packed.git(&["repack", "-adq"]);
        assert!(matches!(problem(packed.repo().blob(&bomb)), ReadProblem::TooLarge { .. }));
    }

    #[test]
    fn objects_of_alternates_are_read_and_rehashed() {
        let other = Sandbox::new();
        let id = other.commit_file("a.toml", "1");
        let sandbox = Sandbox::new();
        let alternate = format!("{}\n", other.git_dir().join("objects").display());
        fs::write(sandbox.git_dir().join("objects/info/alternates"), alternate).unwrap();
        assert_eq!(sandbox.repo().chain(&id, None).unwrap().len(), 1);
    }

    #[test]
    fn a_parent_line_that_is_no_id_is_refused() {
        assert!(matches!(first_parent(b"tree x\nparent HEAD\n\nm"), Err(ReadProblem::Parent)));
        assert!(matches!(first_parent(b"tree x\n\nparent HEAD\n"), Ok(None)));
    }
}
