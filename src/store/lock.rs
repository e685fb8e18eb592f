//! One writer at a time, and nothing left behind that the next one cannot prove to be an orphan (F9).
//!
//! The outer lock is an `flock` on `<common>/packet/.lock`: the kernel releases it with the process, however that ends.
//! Everything else a killed writer can leave lies in two places that only the holder of this lock touches:
//!
//! - `<common>/packet/.objects/`: objects being encoded, before they are renamed to their place;
//! - `<common>/packet/.next`: the new content of a reference. git's own lock on the reference, `<ref>.lock`, is made as
//!   a *second name of this very file*. Whoever takes the outer lock and finds a `<ref>.lock` with the same inode as
//!   `.next` knows that its maker held the outer lock and is gone. No guess about processes is needed, which could
//!   not be right: git closes its lock files and leaves them empty while it still holds them, so that *empty and not
//!   open* describes a running `git pack-refs --prune` as well as a dead one.
//!
//! The lock file holds the writer's process id, for the message, and the name of the reference, written before `.next`.
//! Names begin with a dot because no packet id does.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use miette::Diagnostic;
use thiserror::Error;

use super::repo::Repo;

/// How long a writer waits for another unless told otherwise.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(10);

/// The right to write could not be had.
#[derive(Debug, Error, Diagnostic)]
pub enum LockError {
    /// Another writer holds it.
    #[error("another `packet` is writing here: process {holder} holds {}", path.display())]
    #[diagnostic(help("wait for it and run the same command again; `ps -p {holder}` shows it"))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The process id that the lock file names, or `unknown`.
        holder: String,
    },
    /// The file system said no.
    #[error("cannot lock {}: {source}", path.display())]
    #[diagnostic(help("check that the repository is writable and that its disk is not full: `df -h`"))]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The right to write to a repository, for as long as it lives: all writing goes through it.
///
/// It keeps out other writers of this program, in every work tree and container that shares the repository. git knows
/// nothing of it; against git each reference is locked as git does.
pub struct WriteLock<'repo> {
    pub(super) repo: &'repo Repo,
    file: File,
    dir: PathBuf,
    wait: Duration,
}

impl Repo {
    /// Takes the right to write, waiting for at most `wait`, and removes what a killed writer left.
    ///
    /// Locks that git has on a reference are waited for as long, counted from then: signing may take its time.
    ///
    /// # Errors
    /// When another process still holds it, or when the repository cannot be written.
    pub fn lock(&self, wait: Duration) -> Result<WriteLock<'_>, LockError> {
        let dir = self.common_dir().join("packet");
        let path = dir.join(".lock");
        let io = |source| LockError::Io { path: path.clone(), source };
        make_private_dir(&dir).map_err(io)?;
        let file = private().create(true).truncate(false).read(true).open(&path).map_err(io)?;
        await_flock(&file, &path, Instant::now() + wait)?;
        let mut lock = WriteLock { repo: self, file, dir, wait };
        lock.remove_orphans().and_then(|()| lock.record(&std::process::id().to_string())).map_err(io)?;
        Ok(lock)
    }
}

impl WriteLock<'_> {
    /// Where objects are encoded before they have their place.
    pub(super) fn objects_dir(&self) -> PathBuf {
        self.dir.join(".objects")
    }

    /// The new content of a reference, and the file that its lock is another name of.
    pub(super) fn next(&self) -> PathBuf {
        self.dir.join(".next")
    }

    /// Writes `.next`, after recording whose lock it will be.
    pub(super) fn write_next(&mut self, reference: &str, content: &str) -> io::Result<()> {
        self.record(&format!("{}\n{reference}", std::process::id()))?;
        remove_if_present(&self.next())?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).open(self.next())?.write_all(content.as_bytes())
    }

    /// Takes git's lock on a reference by giving `.next` its name, waiting while git has it.
    pub(super) fn lock_reference(&self, lock: &Path) -> io::Result<Option<HeldReference>> {
        let parent = lock.parent().expect("a reference's lock lies below the git directory");
        let deadline = Instant::now() + self.wait;
        loop {
            let is_over = Instant::now() >= deadline;
            match in_dir(parent, || fs::hard_link(self.next(), lock)) {
                Ok(()) => return Ok(Some(HeldReference { lock: Some(lock.to_owned()) })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_over => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => sleep(POLL),
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes what the holder before left when it was killed; see the module for why that is proven.
    fn remove_orphans(&mut self) -> io::Result<()> {
        let mut record = String::new();
        (&self.file).take(4096).read_to_string(&mut record)?;
        if let Some(reference) = record.lines().nth(1).filter(|name| is_reference(name)) {
            let lock = self.repo.common_dir().join(format!("{reference}.lock"));
            if is_same_file(&lock, &self.next())? {
                fs::remove_file(lock)?;
            }
        }
        remove_if_present(&self.next())?;
        match fs::remove_dir_all(self.objects_dir()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn record(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

/// git's lock on one reference; dropping it gives the reference free, unchanged.
pub(super) struct HeldReference {
    lock: Option<PathBuf>,
}

impl HeldReference {
    /// Makes the lock's content the reference's, in one step.
    pub(super) fn commit(mut self, reference: &Path) -> io::Result<()> {
        let lock = self.lock.as_ref().expect("only a commit takes the lock's name away");
        fs::rename(lock, reference)?;
        self.lock = None;
        Ok(())
    }
}

impl Drop for HeldReference {
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            // Should this fail, the next writer finds the lock to be an orphan.
            let _ = fs::remove_file(lock);
        }
    }
}

fn await_flock(file: &File, path: &Path, deadline: Instant) -> Result<(), LockError> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(POLL),
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { path: path.to_owned(), holder: holder(path) });
            }
            Err(TryLockError::Error(source)) => return Err(LockError::Io { path: path.to_owned(), source }),
        }
    }
}

fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pid = text.lines().next().and_then(|line| line.parse::<u32>().ok());
    pid.map_or("unknown".to_owned(), |pid| pid.to_string())
}

/// The record is ours, and still: only a reference below the git directory is ever unlocked.
fn is_reference(name: &str) -> bool {
    name.starts_with("refs/") && !name.split('/').any(|part| matches!(part, "" | "." | ".."))
}

fn is_same_file(a: &Path, b: &Path) -> io::Result<bool> {
    let identity = |path| match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some((meta.dev(), meta.ino()))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    };
    Ok(identity(a)?.is_some_and(|a| identity(b).is_ok_and(|b| b == Some(a))))
}

/// Opening for writing, for the owner alone and never through a symbolic link.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    options
}

/// Makes a directory for the owner alone, with its parents.
pub(super) fn make_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes a directory and acts in it; again, when git removed the empty directory in between, as `pack-refs` and
/// `prune-packed` do.
pub(super) fn in_dir<T>(dir: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..100 {
        let acted = match fs::create_dir_all(dir) {
            // It was there when it was to be made, and gone when that was looked at.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !dir.is_file() => continue,
            made => made.and_then(|()| act()),
        };
        match acted {
            Err(error) if error.kind() == io::ErrorKind::NotFound => sleep(Duration::from_millis(1)),
            acted => return acted,
        }
    }
    act()
}

pub(super) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::sandbox::Sandbox;
    use super::*;

    const SHORT: Duration = Duration::from_millis(80);

    #[test]
    fn a_second_writer_waits_and_then_names_the_first() {
        let sandbox = Sandbox::new();
        let (first, second) = (sandbox.repo(), sandbox.repo());
        let held = first.lock(SHORT).unwrap();
        let path = sandbox.git_dir().join("packet/.lock");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let begun = Instant::now();
        let error = second.lock(SHORT).err().unwrap();
        assert!(begun.elapsed() >= SHORT);
        let me = std::process::id().to_string();
        assert!(matches!(&error, LockError::Held { holder, .. } if *holder == me), "{error}");
        drop(held);
        assert!(second.lock(SHORT).is_ok());
    }

    #[test]
    fn half_written_objects_of_a_killed_writer_are_removed() {
        let sandbox = Sandbox::new();
        let left = sandbox.git_dir().join("packet/.objects/ab");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("cd"), "half").unwrap();
        drop(sandbox.repo().lock(SHORT).unwrap());
        assert!(!left.exists());
    }

    #[test]
    fn a_record_that_climbs_unlocks_nothing() {
        assert!(is_reference("refs/heads/packet/a"));
        for bad in ["", "HEAD", "refs/../index", "refs//x", "/etc/x", "refs/heads/./x"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
