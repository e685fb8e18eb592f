//! Moving the packet's branch: the one act that makes an entry exist.
//!
//! 1. Refuse when a work tree has the branch checked out.
//! 2. Write the new content aside, recorded (see [`super::lock`]).
//! 3. `syncfs`: objects and content are on disk before anything names them (F1).
//! 4. Lock the reference as git does, waiting for git.
//! 5. Read the reference from the disk, and compare it ourselves (F4, F8): while the lock is held, nobody moves it.
//! 6. Rename the lock over the reference: old before, new after, at any kill.
//! 7. `syncfs`, and only then report success.
//!
//! gix's transaction syncs nothing and compares with a `packed-refs` that it read before it locked. One reference at a
//! time, because several are not moved atomically (F5).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::lock::{WriteLock, remove_if_present};
use super::object_id::ObjectId;
use super::read::ReadError;
use super::refs::{RefError, branch, release_tag};
use crate::model::id::{CommitId, PacketId};

/// What the branch must be for it to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// There is no such branch.
    Absent,
    /// It is at this commit.
    Is(CommitId),
}

/// How a reference came to be where it was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// This call moved it.
    Moved,
    /// It was there already: another run of the same command, perhaps a killed one, had moved it. Now it is durable.
    AlreadyThere,
}

/// A reference that did not move.
#[derive(Debug, Error, Diagnostic)]
pub enum AdvanceError {
    /// Somebody else moved it first: what was decided was decided about something else.
    #[error("`{name}` moved meanwhile: it is {}", found.map_or("gone".to_owned(), |id| format!("at {id}")))]
    #[diagnostic(help("run the same command again: it will judge the new head"))]
    Moved {
        /// The reference.
        name: String,
        /// Where it is now.
        found: Option<ObjectId>,
    },
    /// git, or a git that was killed, holds the reference.
    #[error("{} is held by {by}", path.display())]
    #[diagnostic(help("when no git is running here, remove it: `rm '{}'`", path.display()))]
    Locked {
        /// git's lock file.
        path: PathBuf,
        /// Who has it open, as far as can be seen.
        by: String,
    },
    /// Moving it would make every file of a work tree look changed.
    #[error("the branch is checked out in {}", work_tree.display())]
    #[diagnostic(help("leave it: `git -C '{}' switch --detach`", work_tree.display()))]
    CheckedOut {
        /// The work tree.
        work_tree: PathBuf,
    },
    /// A reference cannot be read, or another is in the way.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ref(#[from] RefError),
    /// What the reference is to name is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Read(#[from] ReadError),
    /// It moved, and the disk did not confirm it: what was written may be lost in a power cut.
    #[error("`{name}` is written, but the disk did not confirm it: {source}")]
    #[diagnostic(help(
        "look at the disk (`dmesg`), then run the same command again: it writes nothing anew and asks the disk once more"
    ))]
    Unconfirmed {
        /// The reference.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file system said no: the reference may be old or new, and running the same command again settles it.
    #[error("cannot move `{name}`: {source}")]
    #[diagnostic(help(
        "check that the repository is writable and that its disk is not full (`df -h`), then run the same command again"
    ))]
    Io {
        /// The reference.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl WriteLock<'_> {
    /// Moves the packet's branch from `expected` to `new`, durably.
    ///
    /// When it returns, the move survives a power cut; when the process is killed before, the branch is old or new and
    /// the same call succeeds at once. Objects written before are durable with it.
    ///
    /// # Errors
    /// When the branch is elsewhere, checked out, or held by git until the deadline; when `new` is no readable commit;
    /// when the file system fails.
    pub fn advance(&mut self, packet: &PacketId, expected: &Expected, new: &CommitId) -> Result<Advance, AdvanceError> {
        if let Some(work_tree) = self.repo.checked_out(packet)? {
            return Err(AdvanceError::CheckedOut { work_tree });
        }
        self.repo.commit_bytes(new)?;
        let expected = match expected {
            Expected::Absent => None,
            Expected::Is(id) => Some(id.into()),
        };
        self.publish(&branch(packet), expected, new.into())
    }

    /// Makes the tag of release `n` name a tag object, durably. A tag never moves.
    ///
    /// # Errors
    /// As [`WriteLock::advance`]; [`AdvanceError::Moved`] when the tag names something else.
    pub fn set_tag(&mut self, packet: &PacketId, n: u32, tag: &ObjectId) -> Result<Advance, AdvanceError> {
        self.repo.tag_bytes(tag)?;
        self.publish(&release_tag(packet, n), None, *tag)
    }

    /// Makes durable what the packet's branch names now, whoever moved it.
    ///
    /// A command that finds its own entry there answers with it only after this: the run that wrote it may have been
    /// killed between the move and the sync.
    ///
    /// # Errors
    /// When the disk does not confirm it.
    pub fn settle(&self, packet: &PacketId) -> Result<(), AdvanceError> {
        self.confirm(&branch(packet))
    }

    fn publish(&mut self, name: &str, expected: Option<ObjectId>, new: ObjectId) -> Result<Advance, AdvanceError> {
        let io = |source| AdvanceError::Io { name: name.to_owned(), source };
        if self.is_there(name, expected, new)? {
            self.confirm(name)?;
            return Ok(Advance::AlreadyThere);
        }
        self.repo.refuse_collision(name)?;
        self.write_next(name, &format!("{new}\n")).map_err(io)?;
        self.sync().map_err(io)?;
        let advance = self.swap(name, expected, new)?;
        // Should this fail, the next writer removes it; the reference has moved all the same.
        let _ = remove_if_present(&self.next());
        self.confirm(name)?;
        Ok(advance)
    }

    fn confirm(&self, name: &str) -> Result<(), AdvanceError> {
        self.sync().map_err(|source| AdvanceError::Unconfirmed { name: name.to_owned(), source })
    }

    /// Steps 4 to 6: everything that happens while git's lock is held.
    fn swap(&self, name: &str, expected: Option<ObjectId>, new: ObjectId) -> Result<Advance, AdvanceError> {
        let io = |source| AdvanceError::Io { name: name.to_owned(), source };
        let path = self.repo.common_dir().join(name);
        let lock = self.repo.common_dir().join(format!("{name}.lock"));
        let Some(held) = self.lock_reference(&lock).map_err(io)? else {
            return Err(AdvanceError::Locked { by: who_has_open(&lock), path: lock });
        };
        if self.is_there(name, expected, new)? {
            return Ok(Advance::AlreadyThere);
        }
        remove_empty_dir(&path).map_err(io)?;
        held.commit(&path).map_err(io)?;
        Ok(Advance::Moved)
    }

    /// Whether the reference is at `new` already; an error unless it is that or `expected`.
    fn is_there(&self, name: &str, expected: Option<ObjectId>, new: ObjectId) -> Result<bool, AdvanceError> {
        let found = self.repo.target(name)?;
        if found != Some(new) && found != expected {
            return Err(AdvanceError::Moved { name: name.to_owned(), found });
        }
        Ok(found == Some(new))
    }

    /// Writes the repository's file systems to disk: gix and git sync nothing by themselves (F1, F2).
    fn sync(&self) -> io::Result<()> {
        let common = File::open(self.repo.common_dir())?;
        rustix::fs::syncfs(&common)?;
        let objects = File::open(self.repo.common_dir().join("objects"))?;
        if rustix::fs::fstat(&common)?.st_dev != rustix::fs::fstat(&objects)?.st_dev {
            rustix::fs::syncfs(&objects)?;
        }
        Ok(())
    }
}

/// git leaves the directory of `packet/<id>/x` behind, and removes it when it is in the way; so do we.
fn remove_empty_dir(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir(path),
        _ => Ok(()),
    }
}

/// The processes of ours that have a file open: for the message alone, git closes its locks early.
fn who_has_open(path: &Path) -> String {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == path))
    };
    let found: Vec<String> = pids.filter(has).map(|pid| format!("process {pid}")).collect();
    if found.is_empty() { "git, or by a git that was killed".to_owned() } else { found.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use super::super::sandbox::Sandbox;
    use super::*;

    const SHORT: Duration = Duration::from_millis(80);

    struct Bench {
        sandbox: Sandbox,
        packet: PacketId,
        commits: Vec<CommitId>,
    }

    fn bench() -> Bench {
        let sandbox = Sandbox::new();
        let commits = (0..3).map(|n| sandbox.commit_file("a.toml", &n.to_string())).collect();
        Bench { sandbox, packet: PacketId::new("one").unwrap(), commits }
    }

    impl Bench {
        fn advance(&self, expected: &Expected, new: usize) -> Result<Advance, AdvanceError> {
            let repo = self.sandbox.repo();
            let mut lock = repo.lock(SHORT).unwrap();
            lock.advance(&self.packet, expected, &self.commits[new])
        }

        fn is(&self, n: usize) -> Expected {
            Expected::Is(self.commits[n].clone())
        }

        fn at(&self) -> Option<String> {
            self.sandbox.repo().local_head(&self.packet).unwrap().map(|id| id.to_string())
        }

        fn ref_path(&self) -> PathBuf {
            self.sandbox.git_dir().join("refs/heads/packet/one")
        }

        fn ref_lock(&self) -> PathBuf {
            self.sandbox.git_dir().join("refs/heads/packet/one.lock")
        }

        fn own_file(&self, name: &str) -> PathBuf {
            self.sandbox.git_dir().join("packet").join(name)
        }
    }

    #[test]
    fn the_branch_moves_only_from_where_it_was_expected() {
        let b = bench();
        assert!(matches!(b.advance(&b.is(0), 1), Err(AdvanceError::Moved { found: None, .. })));
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        assert!(matches!(b.advance(&Expected::Absent, 1), Err(AdvanceError::Moved { found: Some(_), .. })));
        b.sandbox.git(&["pack-refs", "--all"]);
        assert!(!b.ref_path().exists());
        assert!(matches!(b.advance(&b.is(1), 2), Err(AdvanceError::Moved { .. })));
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::Moved);
        assert_eq!(b.at().as_deref(), Some(b.commits[1].as_str()));
        assert_eq!(b.sandbox.git(&["rev-parse", "packet/one"]), b.commits[1].as_str());
        assert!(!b.ref_lock().exists() && !b.own_file(".next").exists());
    }

    #[test]
    fn a_lock_that_could_not_be_given_back_can_still_be_proven_ours() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        // A directory that is not empty stands where the reference is to be, and the rename fails.
        fs::remove_file(b.ref_path()).unwrap();
        b.sandbox.git(&["update-ref", "refs/heads/packet/one", b.commits[0].as_str()]);
        b.sandbox.git(&["pack-refs", "--all"]);
        fs::create_dir_all(b.ref_path().join("in-the-way")).unwrap();
        assert!(matches!(b.advance(&b.is(0), 1), Err(AdvanceError::Io { .. })));
        // What proves whose a lock is goes only when the lock is gone.
        assert!(b.own_file(".next").exists() && !b.ref_lock().exists());
        fs::remove_dir_all(b.ref_path()).unwrap();
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::Moved);
    }

    #[test]
    fn a_repeated_call_says_that_it_was_not_the_one_that_moved() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::AlreadyThere);
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::Moved);
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::AlreadyThere);
    }

    #[test]
    fn a_move_that_happens_between_the_look_and_the_lock_is_seen() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        // git holds the reference while we look, and moves and packs it before it lets go.
        fs::write(b.ref_lock(), "").unwrap();
        let found = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let repo = b.sandbox.repo();
                let mut lock = repo.lock(Duration::from_secs(10)).unwrap();
                lock.advance(&b.packet, &b.is(0), &b.commits[1])
            });
            let begun = Instant::now();
            while !b.own_file(".next").exists() && begun.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(100));
            let packed =
                format!("# pack-refs with: peeled fully-peeled sorted \n{} refs/heads/packet/one\n", b.commits[2]);
            fs::write(b.sandbox.git_dir().join("packed-refs"), packed).unwrap();
            fs::remove_file(b.ref_path()).unwrap();
            fs::remove_file(b.ref_lock()).unwrap();
            writer.join().unwrap()
        });
        assert!(matches!(found, Err(AdvanceError::Moved { found: Some(id), .. }) if id == (&b.commits[2]).into()));
        assert_eq!(b.at().as_deref(), Some(b.commits[2].as_str()));
    }

    #[test]
    fn no_write_is_lost_beside_pack_refs_and_repack() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        let tree = b.sandbox.git(&["rev-parse", "main^{tree}"]);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _ = b.sandbox.try_git(&["pack-refs", "--all", "--prune"]);
                    let _ = b.sandbox.try_git(&["repack", "-adq"]);
                }
            });
            let append = |writer| {
                scope.spawn({
                    let (b, tree) = (&b, &tree);
                    move || append(b, tree, writer, 60)
                })
            };
            let writers = [append(0), append(1)].map(|writer| writer.join());
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().for_each(Result::unwrap);
        });
        let count = b.sandbox.git(&["rev-list", "--count", "packet/one"]);
        assert_eq!(count, "121");
        b.sandbox.git(&["fsck", "--strict"]);
    }

    /// Appends commits to whatever the head is, as a command does that runs again when it lost the race.
    fn append(b: &Bench, tree: &str, writer: usize, count: usize) {
        let repo = b.sandbox.repo();
        for n in 0..count {
            loop {
                let head = repo.local_head(&b.packet).unwrap().unwrap();
                let mut lock = repo.lock(Duration::from_secs(60)).unwrap();
                let who = "a <a@packet.invalid> 1 +0000";
                let text = format!("tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n\n{writer} {n}\n");
                let new = lock.write_commit(text.as_bytes()).unwrap();
                match lock.advance(&b.packet, &Expected::Is(head), &new) {
                    Ok(Advance::Moved) => break,
                    Err(AdvanceError::Moved { .. }) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_lock_left_by_a_killed_writer_is_removed_at_once() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        // As killed between locking and renaming.
        fs::write(b.own_file(".lock"), "4194304\nrefs/heads/packet/one").unwrap();
        fs::write(b.own_file(".next"), format!("{}\n", b.commits[1])).unwrap();
        fs::hard_link(b.own_file(".next"), b.ref_lock()).unwrap();
        let begun = Instant::now();
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::Moved);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(!b.ref_lock().exists());
        // As killed after renaming: the branch and `.next` are one file.
        fs::hard_link(b.ref_path(), b.own_file(".next")).unwrap();
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::AlreadyThere);
        assert_eq!(b.at().as_deref(), Some(b.commits[1].as_str()));
    }

    #[test]
    fn a_lock_of_git_is_waited_for_and_never_removed() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        let same_content = format!("{}\n", b.commits[1]);
        for content in ["", &same_content] {
            // Also when a writer of ours was killed just before it would have locked.
            fs::write(b.own_file(".lock"), "4194304\nrefs/heads/packet/one").unwrap();
            fs::write(b.own_file(".next"), &same_content).unwrap();
            fs::write(b.ref_lock(), content).unwrap();
            let open = File::open(b.ref_lock()).unwrap();
            let begun = Instant::now();
            let error = b.advance(&b.is(0), 1).unwrap_err();
            assert!(begun.elapsed() >= SHORT);
            let me = format!("process {}", std::process::id());
            assert!(matches!(&error, AdvanceError::Locked { by, .. } if *by == me), "{error}");
            assert!(b.ref_lock().exists());
            assert_eq!(b.at().as_deref(), Some(b.commits[0].as_str()));
            drop(open);
            fs::remove_file(b.ref_lock()).unwrap();
        }
        assert_eq!(b.advance(&b.is(0), 1).unwrap(), Advance::Moved);
    }

    #[test]
    fn a_branch_that_is_checked_out_does_not_move() {
        let b = bench();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
        let linked = b.sandbox.outside("linked");
        b.sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "packet/one"]);
        let error = b.advance(&b.is(0), 1).unwrap_err();
        assert!(matches!(&error, AdvanceError::CheckedOut { work_tree } if *work_tree == linked), "{error}");
    }

    #[test]
    fn a_branch_in_the_way_is_named() {
        let b = bench();
        b.sandbox.git(&["update-ref", "refs/heads/packet/one/below", b.commits[0].as_str()]);
        for _ in 0..2 {
            let error = b.advance(&Expected::Absent, 0).unwrap_err();
            let below = "refs/heads/packet/one/below";
            assert!(matches!(&error, AdvanceError::Ref(RefError::Blocked { by, .. }) if by == below), "{error}");
            b.sandbox.git(&["pack-refs", "--all"]);
        }
        b.sandbox.git(&["update-ref", "-d", "refs/heads/packet/one/below"]);
        fs::create_dir_all(b.ref_path()).unwrap();
        assert_eq!(b.advance(&Expected::Absent, 0).unwrap(), Advance::Moved);
    }

    #[test]
    fn a_branch_never_names_what_is_not_there() {
        let b = bench();
        let repo = b.sandbox.repo();
        let mut lock = repo.lock(SHORT).unwrap();
        let absent = CommitId::new("ab".repeat(20)).unwrap();
        assert!(matches!(lock.advance(&b.packet, &Expected::Absent, &absent), Err(AdvanceError::Read(_))));
    }

    #[test]
    fn a_tag_is_set_once() {
        let b = bench();
        let repo = b.sandbox.repo();
        let mut lock = repo.lock(SHORT).unwrap();
        let tag = |message: &str| {
            format!("object {}\ntype commit\ntag packet/one/1\ntagger a <a@b> 1 +0000\n\n{message}\n", b.commits[0])
        };
        let first = lock.write_tag(tag("first").as_bytes()).unwrap();
        let other = lock.write_tag(tag("other").as_bytes()).unwrap();
        assert_eq!(lock.set_tag(&b.packet, 1, &first).unwrap(), Advance::Moved);
        assert_eq!(lock.set_tag(&b.packet, 1, &first).unwrap(), Advance::AlreadyThere);
        assert!(matches!(lock.set_tag(&b.packet, 1, &other), Err(AdvanceError::Moved { .. })));
        assert_eq!(repo.tag(&b.packet, 1).unwrap(), Some(first));
    }
}
