//! What one clone keeps beside git: root, anchor, stages, caches. Never fetched, never pushed, for the owner alone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::lock::{make_private_dir, private, remove_if_present};
use super::refs::is_absent;
use super::repo::Repo;
use crate::model::id::PacketId;

/// The largest file that is read.
const FILE_CAP: u64 = 64 << 20;

/// A file of the clone's own that could not be read or written.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot {act} {}: {source}", path.display())]
#[diagnostic(help("check that the repository is readable and writable and that its disk is not full: `df -h`"))]
pub struct CloneDirError {
    /// What was tried.
    pub act: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The files of one packet in one clone, `<common>/packet/<id>/`: directories 0700, files 0600.
///
/// Names are relative paths of plain names, such as `stage/alice/stage.toml`. A file appears whole or not at all; of two
/// writers at once one is the later, and neither's file is torn.
pub struct CloneDir {
    dir: PathBuf,
}

enum Durability {
    Synced,
    Unsynced,
}

impl Repo {
    /// The clone's own files of a packet. Nothing is made until something is written.
    pub fn clone_dir(&self, packet: &PacketId) -> CloneDir {
        CloneDir { dir: self.common_dir().join("packet").join(packet.as_str()) }
    }
}

impl CloneDir {
    /// Where the files are.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// A file's bytes; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is a symbolic link, or is larger than 64 MiB.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CloneDirError> {
        let path = self.place(name);
        let result = fs::symlink_metadata(&path).and_then(|meta| match meta.is_file() && meta.len() <= FILE_CAP {
            true => fs::read(&path),
            false => Err(io::Error::other("it is no plain file of at most 64 MiB")),
        });
        match result {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(CloneDirError { act: "read", path, source }),
        }
    }

    /// Writes a file, durably.
    ///
    /// # Errors
    /// When it cannot be written; then the old one stays.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CloneDirError> {
        self.replace(name, bytes, &Durability::Synced)
    }

    /// Writes a file that can be made again: after a power cut it is old, new, or empty.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_unsynced(&self, name: &str, bytes: &[u8]) -> Result<(), CloneDirError> {
        self.replace(name, bytes, &Durability::Unsynced)
    }

    /// Writes a file, durably, unless what is there is to stay; nobody else writes it between the look and the write.
    ///
    /// # Errors
    /// When it cannot be read or written, or when `stays` cannot tell; then the old one stays.
    pub fn write_unless<E: From<CloneDirError>>(
        &self,
        name: &str,
        bytes: &[u8],
        stays: impl FnOnce(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let path = self.place(name);
        let parent = path.parent().expect("a file lies in a directory");
        let failed = |source| CloneDirError { act: "write", path: path.clone(), source };
        let dir = make_dirs(parent).and_then(|()| locked(parent)).map_err(failed)?;
        if stays(self.read(name)?.as_deref())? {
            return Ok(());
        }
        Ok(replace_file(&dir, &path, bytes, &Durability::Synced).map_err(failed)?)
    }

    /// Removes a file, durably, and what a killed writer left aside; that there is none is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), CloneDirError> {
        let path = self.place(name);
        let parent = path.parent().expect("a file lies in a directory");
        let removed = match locked(parent) {
            Ok(dir) => [&path, &parent.join(ASIDE)]
                .into_iter()
                .try_for_each(|path| remove_if_present(path))
                .and_then(|()| dir.sync_all()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|source| CloneDirError { act: "remove", path, source })
    }

    /// The names in a directory, sorted; none when there is no such directory. The empty name is the packet's own.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn list(&self, dir: &str) -> Result<Vec<String>, CloneDirError> {
        let path = if dir.is_empty() { self.dir.clone() } else { self.place(dir) };
        let names = fs::read_dir(&path).and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()
        });
        match names {
            Ok(mut names) => {
                names.retain(|name| !name.starts_with('.'));
                names.sort();
                Ok(names)
            }
            Err(error) if is_absent(&error) => Ok(Vec::new()),
            Err(source) => Err(CloneDirError { act: "list", path, source }),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8], durability: &Durability) -> Result<(), CloneDirError> {
        let path = self.place(name);
        let parent = path.parent().expect("a file lies in a directory");
        let written = make_dirs(parent)
            .and_then(|()| locked(parent))
            .and_then(|dir| replace_file(&dir, &path, bytes, durability));
        written.map_err(|source| CloneDirError { act: "write", path, source })
    }

    /// Where a name lies. Names come from this program, or are ids by their grammar; none climbs.
    fn place(&self, name: &str) -> PathBuf {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\0');
        assert!(name.split('/').all(plain), "`{name}` is no name of a clone's own file");
        self.dir.join(name)
    }
}

/// The name of a file before it is whole.
const ASIDE: &str = ".new";

/// The directory, locked until it is dropped: what lies aside in it is then nobody's.
fn locked(dir: &Path) -> io::Result<File> {
    let dir = File::open(dir)?;
    dir.lock()?;
    Ok(dir)
}

/// Writes aside, in the locked directory; what a killed writer left aside is replaced.
fn replace_file(dir: &File, path: &Path, bytes: &[u8], durability: &Durability) -> io::Result<()> {
    let aside = path.with_file_name(ASIDE);
    remove_if_present(&aside)?;
    let mut file = private().create_new(true).open(&aside)?;
    file.write_all(bytes)?;
    if let Durability::Synced = durability {
        file.sync_all()?;
    }
    fs::rename(&aside, path)?;
    match durability {
        Durability::Synced => dir.sync_all(),
        Durability::Unsynced => Ok(()),
    }
}

/// Makes the missing directories, each durable in its parent.
fn make_dirs(dir: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.is_dir()).collect();
    for dir in missing.iter().rev() {
        make_private_dir(dir)?;
        let parent = dir.parent().expect("a directory that is missing has a parent");
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn files_are_private_replaced_whole_and_removed() {
        let sandbox = Sandbox::new();
        let dir = sandbox.repo().clone_dir(&PacketId::new("lock").unwrap());
        assert_eq!(dir.read("stage/alice/stage.toml").unwrap(), None);
        assert!(!dir.path().exists());
        dir.write("stage/alice/stage.toml", b"1").unwrap();
        dir.write_unsynced("stage/alice/stage.toml", b"2").unwrap();
        assert_eq!(dir.read("stage/alice/stage.toml").unwrap().as_deref(), Some(&b"2"[..]));
        let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("stage/alice/stage.toml"), mode("stage/alice"), mode("")), (0o600, 0o700, 0o700));
        assert_eq!(dir.list("stage").unwrap(), ["alice"]);
        assert_eq!(dir.list("stage/alice").unwrap(), ["stage.toml"]);
        dir.remove("stage/alice/stage.toml").unwrap();
        dir.remove("stage/alice/stage.toml").unwrap();
        dir.remove("none/such").unwrap();
        assert_eq!(dir.read("stage/alice/stage.toml").unwrap(), None);
    }

    #[test]
    fn what_a_killed_writer_left_is_replaced_and_never_listed() {
        let sandbox = Sandbox::new();
        let dir = sandbox.repo().clone_dir(&PacketId::new("one").unwrap());
        dir.write("anchor", b"1").unwrap();
        fs::write(dir.path().join(".new"), "half").unwrap();
        assert_eq!(dir.list("").unwrap(), ["anchor"]);
        dir.write("anchor", b"2").unwrap();
        assert!(!dir.path().join(".new").exists());
        fs::write(dir.path().join(".new"), "half").unwrap();
        dir.remove("anchor").unwrap();
        assert!(!dir.path().join(".new").exists());
    }

    #[test]
    fn a_file_that_is_to_stay_stays() {
        let sandbox = Sandbox::new();
        let dir = sandbox.repo().clone_dir(&PacketId::new("one").unwrap());
        let write = |bytes: &[u8]| dir.write_unless("n", bytes, |there| Ok::<_, CloneDirError>(there >= Some(bytes)));
        write(b"2").unwrap();
        write(b"1").unwrap();
        assert_eq!(dir.read("n").unwrap().as_deref(), Some(&b"2"[..]));
        write(b"3").unwrap();
        assert_eq!(dir.read("n").unwrap().as_deref(), Some(&b"3"[..]));
    }

    #[test]
    fn a_link_is_not_followed() {
        let sandbox = Sandbox::new();
        let dir = sandbox.repo().clone_dir(&PacketId::new("one").unwrap());
        dir.write("anchor", b"1").unwrap();
        symlink("anchor", dir.path().join("root")).unwrap();
        assert!(dir.read("root").is_err());
        symlink("/nonexistent/x", dir.path().join(".new")).unwrap();
        dir.write("root", b"2").unwrap();
        assert_eq!(dir.read("root").unwrap().as_deref(), Some(&b"2"[..]));
        assert_eq!(dir.read("anchor").unwrap().as_deref(), Some(&b"1"[..]));
    }

    #[test]
    #[should_panic(expected = "no name of a clone's own file")]
    fn a_name_that_climbs_is_a_fault() {
        let sandbox = Sandbox::new();
        let _ = sandbox.repo().clone_dir(&PacketId::new("one").unwrap()).read("../../config");
    }
}
