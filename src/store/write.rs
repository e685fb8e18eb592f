//! Writing objects.
//!
//! An object that is there already is read and hashed: a crash leaves empty files under the right name, git and gix
//! call that *exists*, and the next writer's success would rest on nothing (F3).

use std::path::{Path, PathBuf};
use std::{fs, io};

use miette::Diagnostic;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use thiserror::Error;

use super::lock::{WriteLock, in_dir, make_private_dir};
use super::object_id::ObjectId;
use super::read::{Kind, ReadError, ReadProblem};
use super::tree::TreeProblem;
use crate::model::id::CommitId;

/// An object that could not be written.
#[derive(Debug, Error, Diagnostic)]
pub enum WriteError {
    /// The object database refused it.
    #[error("cannot write a {kind}: {why}")]
    #[diagnostic(help("check that the repository is writable and that its disk is not full: `df -h`"))]
    Encode {
        /// What was to be written.
        kind: Kind,
        /// What it said.
        why: String,
    },
    /// It is larger than what would be read back.
    #[error("a {kind} of {size} bytes is more than {cap}")]
    #[diagnostic(help("keep large evidence in the vault: a packet names it by digest (`packet add-attachment`)"))]
    TooLarge {
        /// What was to be written.
        kind: Kind,
        /// How large it is.
        size: u64,
        /// The most that is read.
        cap: u64,
    },
    /// The file system said no.
    #[error("cannot write {}: {source}", path.display())]
    #[diagnostic(help("check that the repository is writable and that its disk is not full: `df -h`"))]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A tree to build on cannot be read, or what was written cannot be read back.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Read(#[from] ReadError),
    /// A path that no packet has.
    #[error("`{path}` cannot be a path of a packet: {problem}")]
    #[diagnostic(help("report this: it is a fault of this program"))]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: TreeProblem,
    },
}

impl WriteLock<'_> {
    /// Writes a file's bytes.
    ///
    /// Durable only when a reference has been advanced to a commit that reaches it; so are the other writers.
    ///
    /// # Errors
    /// When it cannot be written, or cannot be read back where a damaged copy stands before it.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, WriteError> {
        self.write(Kind::Blob, bytes)
    }

    /// Writes a commit from its raw bytes, signature and all.
    ///
    /// # Errors
    /// As [`WriteLock::write_blob`].
    pub fn write_commit(&self, bytes: &[u8]) -> Result<CommitId, WriteError> {
        self.write(Kind::Commit, bytes).map(ObjectId::to_commit)
    }

    /// Writes an annotated tag from its raw bytes, signature and all.
    ///
    /// # Errors
    /// As [`WriteLock::write_blob`].
    pub fn write_tag(&self, bytes: &[u8]) -> Result<ObjectId, WriteError> {
        self.write(Kind::Tag, bytes)
    }

    pub(super) fn write(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, WriteError> {
        let (size, cap) = (bytes.len() as u64, kind.cap());
        if size > cap {
            return Err(WriteError::TooLarge { kind, size, cap });
        }
        let id = self.repo.objects.hash(kind, bytes).map_err(|why| WriteError::Encode { kind, why })?;
        match self.repo.read(&id, kind) {
            Ok(_) => {
                freshen(&self.loose_path(&id));
                Ok(id)
            }
            Err(ReadError { problem: ReadProblem::Missing, .. }) => self.put(id, kind, bytes),
            Err(_) => {
                self.put(id, kind, bytes)?;
                // A damaged copy in a pack or an alternate is still found first: then this says so.
                self.repo.read(&id, kind)?;
                Ok(id)
            }
        }
    }

    fn loose_path(&self, id: &ObjectId) -> PathBuf {
        let hex = id.to_string();
        self.repo.common_dir().join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// Encodes aside and renames into place, over whatever is there.
    fn put(&self, id: ObjectId, kind: Kind, bytes: &[u8]) -> Result<ObjectId, WriteError> {
        let aside = self.objects_dir();
        make_private_dir(&aside).map_err(|source| WriteError::Io { path: aside.clone(), source })?;
        let encoded = self.repo.objects.encode(&aside, kind, bytes).map_err(|why| WriteError::Encode { kind, why })?;
        let place = self.loose_path(&id);
        let parent = place.parent().expect("an object lies in a directory of objects");
        in_dir(parent, || fs::rename(&encoded, &place)).map_err(|source| WriteError::Io { path: place, source })?;
        Ok(id)
    }
}

/// Makes a loose object young again, as git does: `git gc` removes what no reference reaches once it is old, and this
/// one may have been left weeks ago by a command that was killed.
fn freshen(path: &Path) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    // A packed or borrowed object has no such file, and needs none.
    let _ = utimensat(CWD, path, &times, AtFlags::empty());
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn an_object_left_empty_or_damaged_by_a_crash_is_written_anew() {
        for format in ["sha1", "sha256"] {
            let sandbox = Sandbox::with_format(format);
            let repo = sandbox.repo();
            let lock = repo.lock(Duration::ZERO).unwrap();
            let blob = lock.write_blob(b"text").unwrap();
            let tree = ObjectId::from(&lock.write_tree(None, &[("a".to_owned(), Some(b"text".to_vec()))]).unwrap());
            let author = "a <a@packet.invalid> 1 +0000";
            let commit = format!("tree {tree}\nauthor {author}\ncommitter {author}\n\nm\n");
            let commit_id = lock.write_commit(commit.as_bytes()).unwrap();
            for damage in [&b""[..], b"garbage", &fs::read(sandbox.loose(&blob)).unwrap()] {
                for id in [tree, (&commit_id).into(), blob] {
                    sandbox.replace_loose(&id, damage);
                }
                assert_eq!(lock.write_blob(b"text").unwrap(), blob);
                lock.write_tree(None, &[("a".to_owned(), Some(b"text".to_vec()))]).unwrap();
                lock.write_commit(commit.as_bytes()).unwrap();
                sandbox.git(&["fsck", "--strict", "--full"]);
                assert_eq!(repo.commit_bytes(&commit_id).unwrap(), commit.as_bytes());
            }
        }
    }

    #[test]
    fn a_damaged_copy_in_a_pack_is_no_success() {
        let sandbox = Sandbox::new();
        sandbox.commit_file("a.toml", &"text ".repeat(2000));
        let blob = sandbox.hash_object("blob", "text ".repeat(2000).as_bytes());
        sandbox.git(&["repack", "-adq"]);
        let pack = sandbox.packs().pop().unwrap();
        let mut bytes = fs::read(&pack).unwrap();
        bytes[12..].fill(0xff);
        fs::remove_file(&pack).unwrap();
        fs::write(&pack, bytes).unwrap();
        let repo = sandbox.repo();
        assert!(repo.blob(&blob).is_err());
        let lock = repo.lock(Duration::ZERO).unwrap();
        assert!(lock.write_blob("text ".repeat(2000).as_bytes()).is_err());
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        let mut bytes = vec![0; super::super::BLOB_CAP as usize];
        let id = lock.write_blob(&bytes).unwrap();
        assert_eq!(repo.blob(&id).unwrap(), bytes);
        bytes.push(0);
        assert!(matches!(lock.write_blob(&bytes), Err(WriteError::TooLarge { .. })));
    }

    #[test]
    fn an_old_object_that_is_written_again_is_young() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        let blob = lock.write_blob(b"text").unwrap();
        let modified = || fs::metadata(sandbox.loose(&blob)).unwrap().modified().unwrap();
        let written = modified();
        let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::set_permissions(sandbox.loose(&blob), PermissionsExt::from_mode(0o644)).unwrap();
        let file = fs::OpenOptions::new().write(true).open(sandbox.loose(&blob)).unwrap();
        file.set_modified(old).unwrap();
        assert_eq!(modified(), old);
        lock.write_blob(b"text").unwrap();
        assert!(modified() >= written);
    }

    #[test]
    fn nothing_stays_aside() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        let blob = lock.write_blob(b"text").unwrap();
        assert!(sandbox.loose(&blob).is_file());
        let left = fs::read_dir(lock.objects_dir()).unwrap();
        assert!(left.flatten().all(|dir| fs::read_dir(dir.path()).unwrap().next().is_none()));
    }
}
