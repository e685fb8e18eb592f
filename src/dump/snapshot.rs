//! Guards against a file that changes while it is read.
//!
//! A lock would ask every other program to honour it, and a copy would double the disk; so the file's identity and
//! times are taken before the first byte is read and compared after the last. What this cannot see: a write in the same
//! tick of the kernel's clock as the snapshot (a few milliseconds), and a program that sets the clock back. Digests
//! still say exactly which bytes were read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file it was, how long, and when it last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Snapshot {
    /// Takes the snapshot of an open file.
    ///
    /// # Errors
    /// When the system cannot say (`fstat`).
    pub fn take(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            // Set by the kernel alone: catches a writer who restores the modification time.
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The file's length in bytes when the snapshot was taken.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the open file is unchanged and the path still leads to it. A path that leads nowhere does not.
    ///
    /// # Errors
    /// When the system cannot say for another reason, such as a directory that may not be searched.
    pub fn still_holds(&self, file: &File, path: &Path) -> io::Result<bool> {
        if Self::take(file)? != *self {
            return Ok(false);
        }
        match std::fs::metadata(path) {
            Ok(metadata) => Ok(Self::of(&metadata) == *self),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    fn dump() -> (tempfile::TempDir, std::path::PathBuf, File, Snapshot) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dump");
        std::fs::write(&path, b"raw bytes").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        let snapshot = Snapshot::take(&file).unwrap();
        (dir, path, file, snapshot)
    }

    #[test]
    fn an_untouched_file_holds() {
        let (_dir, path, file, snapshot) = dump();
        assert_eq!(snapshot.size(), 9);
        assert!(snapshot.still_holds(&file, &path).unwrap());
    }

    #[test]
    fn a_write_or_a_truncation_does_not_hold() {
        let (_dir, path, file, snapshot) = dump();
        std::fs::write(&path, b"RAW bytes").unwrap();
        assert!(!snapshot.still_holds(&file, &path).unwrap());
        let snapshot = Snapshot::take(&file).unwrap();
        file.set_len(3).unwrap();
        assert!(!snapshot.still_holds(&file, &path).unwrap());
    }

    #[test]
    fn a_write_that_restores_the_modification_time_does_not_hold() {
        let (_dir, path, file, snapshot) = dump();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, b"RAW bytes").unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        assert!(!snapshot.still_holds(&file, &path).unwrap());
    }

    #[test]
    fn a_replaced_or_removed_path_does_not_hold() {
        let (dir, path, file, snapshot) = dump();
        let other = dir.path().join("other");
        std::fs::write(&other, b"raw bytes").unwrap();
        assert!(!snapshot.still_holds(&file, &other).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!snapshot.still_holds(&file, &path).unwrap());
    }
}
