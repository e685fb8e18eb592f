//! The vault: the directory where dumps lie, and where the tool keeps its key and the sanitized bytes.
//!
//! The tool writes exactly two things in it: `.packet/key`, made once, and `.packet/sanitized/<blake3>`. Both appear
//! whole or not at all. `.packet/exact` is people's own; raw bytes are read and never written anywhere.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use miette::Diagnostic;
use tempfile::NamedTempFile;
use thiserror::Error;
use url::Url;

use super::vault_key::VaultKey;
use crate::dump::hash;
use crate::model::digest::Blake3;

/// Why the vault cannot serve.
#[derive(Debug, Error, Diagnostic)]
pub enum VaultError {
    /// Not a URL of a kind this version reads.
    #[error("the vault `{url}` is not a file:// URL of a directory")]
    #[diagnostic(help("this version reads vaults that are directories: url = \"file:///path/to/vault\""))]
    Url {
        /// The URL.
        url: String,
    },
    /// The directory is not there.
    #[error("the vault {} is not a directory that can be read: {error}", .path.display())]
    #[diagnostic(help("mount it, or mkdir -p '{}'", .path.display()))]
    Absent {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A path that leads out of the vault.
    #[error("{} does not lie in the vault {}", .path.display(), .vault.display())]
    #[diagnostic(help("raw bytes never leave the vault: move the dump into it and name it there"))]
    Outside {
        /// What was named.
        path: PathBuf,
        /// The vault.
        vault: PathBuf,
    },
    /// A path that cannot be recorded.
    #[error("{} cannot be recorded as a dump: {why}", .path.display())]
    #[diagnostic(help("name a regular file in the vault, outside its .packet directory, with a UTF-8 path"))]
    Unfit {
        /// What was named.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The vault has no key.
    #[error("the vault has no commitment key at {}", .path.display())]
    #[diagnostic(help("restore it from the vault's backup; it is made once, by packet open, and never anew"))]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key file is not what the tool made.
    #[error("the vault's commitment key {} {why}", .path.display())]
    #[diagnostic(help("{help}"))]
    Key {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// What to do.
        help: String,
    },
    /// A file could not be read or written.
    #[error("{} in the vault: {error}", .path.display())]
    #[diagnostic(help("check that it is there and that you may read it: ls -l '{}'", .path.display()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// An open vault.
#[derive(Debug)]
pub struct Vault {
    root: PathBuf,
}

impl Vault {
    /// Opens the vault a charter names.
    ///
    /// # Errors
    /// When the URL is no `file://` URL, or the directory is not there.
    pub fn open(url: &str) -> Result<Self, VaultError> {
        let path = Url::parse(url).ok().filter(|u| u.scheme() == "file").and_then(|u| u.to_file_path().ok());
        let path = path.ok_or_else(|| VaultError::Url { url: url.to_owned() })?;
        let absent = |error| VaultError::Absent { path: path.clone(), error };
        let root = fs::canonicalize(&path).map_err(absent)?;
        if !root.is_dir() {
            return Err(absent(io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self { root })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn key_path(&self) -> PathBuf {
        self.root.join(".packet/key")
    }

    /// The commitment key: the one that is there, or a new one.
    ///
    /// Made whole under another name and linked into place: exclusive as `O_EXCL` is, and a crash leaves no torn key.
    ///
    /// # Errors
    /// When it cannot be made, or the one that is there is not a key this tool made.
    pub fn create_or_read_key(&self) -> Result<VaultKey, VaultError> {
        let path = self.key_path();
        let io = |error| VaultError::Io { path: path.clone(), error };
        let dir = self.own_directory(".packet")?;
        remove_orphans(&dir);
        if !path.exists() {
            let mut bytes = [0u8; 32];
            getrandom::fill(&mut bytes).map_err(|e| io(io::Error::other(e.to_string())))?;
            keep_new(&dir, &path, &bytes).map_err(io)?;
        }
        let key = self.read_key()?;
        // Also of a key that was there: who made it may have been killed before it was on the disk.
        sync_file(&path).map_err(io)?;
        Ok(key)
    }

    /// The commitment key that is there.
    ///
    /// # Errors
    /// When there is none, others may read it, or it is not 32 bytes.
    pub fn read_key(&self) -> Result<VaultKey, VaultError> {
        let path = self.key_path();
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(VaultError::KeyMissing { path }),
            opened => opened.map_err(|error| VaultError::Io { path: path.clone(), error })?,
        };
        let io = |error| VaultError::Io { path: path.clone(), error };
        let mode = file.metadata().map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            let help = format!("chmod 600 '{}'   and ask who could read it", path.display());
            return Err(VaultError::Key { path, why: format!("may be read by others (mode {mode:o})"), help });
        }
        let mut bytes = Vec::with_capacity(33);
        file.by_ref().take(33).read_to_end(&mut bytes).map_err(io)?;
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(VaultKey::new(key)),
            Err(_) => {
                let help = "restore it from the vault's backup; every commitment rests on it".to_owned();
                Err(VaultError::Key { path, why: "is not 32 bytes long".to_owned(), help })
            }
        }
    }

    /// The recorded name of a dump: its path relative to the vault. Takes `vault:KEY`, or a path from `here`.
    ///
    /// # Errors
    /// When it is not a regular file in the vault with a name that can be recorded.
    pub fn locate(&self, dump: &str, here: &Path) -> Result<String, VaultError> {
        let named = match dump.strip_prefix("vault:") {
            Some(key) => self.root.join(key),
            None => here.join(dump),
        };
        let path = fs::canonicalize(&named).map_err(|error| VaultError::Io { path: named.clone(), error })?;
        let Ok(key) = path.strip_prefix(&self.root) else {
            return Err(VaultError::Outside { path: named, vault: self.root.clone() });
        };
        let unfit = |why| VaultError::Unfit { path: named.clone(), why };
        if key.components().next() == Some(Component::Normal(".packet".as_ref())) {
            return Err(unfit("it belongs to the tool"));
        }
        if !path.is_file() {
            return Err(unfit("it is not a regular file"));
        }
        key.to_str().map(str::to_owned).ok_or_else(|| unfit("its path is not UTF-8"))
    }

    /// Opens a recorded dump.
    ///
    /// # Errors
    /// When it is gone, cannot be read, or its name leads out of the vault by now.
    pub fn open_capture(&self, key: &str) -> Result<(File, PathBuf), VaultError> {
        open(self.root.join(self.locate(&format!("vault:{key}"), &self.root)?))
    }

    /// Opens stored sanitized bytes.
    ///
    /// # Errors
    /// When they are gone or cannot be read.
    pub fn open_sanitized(&self, digest: &Blake3) -> Result<(File, PathBuf), VaultError> {
        open(self.sanitized_path(digest))
    }

    /// Opens the exact list, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn open_exact(&self) -> Result<Option<File>, VaultError> {
        let path = self.root.join(".packet/exact");
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(VaultError::Io { path, error }),
        }
    }

    fn sanitized_path(&self, digest: &Blake3) -> PathBuf {
        self.root.join(".packet/sanitized").join(digest.to_string())
    }

    /// A place to write sanitized bytes to before their digest is known.
    ///
    /// # Errors
    /// When the vault cannot be written to.
    pub fn receive(&self) -> Result<Incoming<'_>, VaultError> {
        let dir = self.own_directory(".packet/sanitized")?;
        remove_orphans(&dir);
        let file = incoming(&dir).map_err(|error| VaultError::Io { path: dir, error })?;
        Ok(Incoming { vault: self, file })
    }

    fn own_directory(&self, name: &str) -> Result<PathBuf, VaultError> {
        let path = self.root.join(name);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| VaultError::Io { path: path.clone(), error })?;
        Ok(path)
    }
}

const INCOMING: &str = ".incoming-";

/// Sanitized bytes on their way into the vault. Dropped, they leave nothing behind.
#[derive(Debug)]
pub struct Incoming<'a> {
    vault: &'a Vault,
    file: NamedTempFile,
}

impl Incoming<'_> {
    /// Where to write.
    pub fn writer(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Stores what was written under its digest, durably.
    ///
    /// What lies there already is hashed before it is trusted: a crash or a fault of the disk may have left other bytes.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn keep(self, digest: &Blake3, bytes: u64) -> Result<(), VaultError> {
        let path = self.vault.sanitized_path(digest);
        let io = |error| VaultError::Io { path: path.clone(), error };
        if let Ok(there) = File::open(&path) {
            let same = there.metadata().is_ok_and(|m| m.len() == bytes)
                && hash::plain(&there, 0, bytes, &|_| ()).is_ok_and(|found| found.blake3 == *digest);
            if same {
                // Who stored it may have been killed before it was on the disk.
                return sync_file(&path).map_err(io);
            }
        }
        self.file.as_file().sync_all().map_err(io)?;
        self.file.persist(&path).map_err(|e| io(e.error))?;
        sync_directories(&path).map_err(io)
    }
}

/// A new file for the owner alone, whose name says which process fills it.
fn incoming(dir: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{INCOMING}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).permissions(Permissions::from_mode(0o600)).tempfile_in(dir)
}

/// Removes what killed commands left: their files name their process, and it is gone.
fn remove_orphans(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(INCOMING)).and_then(|n| n.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Best effort: a leftover is untidy, never wrong.
            fs::remove_file(entry.path()).ok();
        }
    }
}

fn keep_new(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = incoming(dir)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        // Somebody else made it at the same time: theirs stands.
        Err(e) if e.error.kind() != io::ErrorKind::AlreadyExists => Err(e.error),
        _ => Ok(()),
    }
}

/// A file open for reading, and where it lies.
fn open(path: PathBuf) -> Result<(File, PathBuf), VaultError> {
    match File::open(&path) {
        Ok(file) => Ok((file, path)),
        Err(error) => Err(VaultError::Io { path, error }),
    }
}

/// Puts a file that is there, and its name, on the disk.
fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_directories(path)
}

/// Puts the name of a file on the disk, and the name of the directory it lies in.
fn sync_directories(path: &Path) -> io::Result<()> {
    path.ancestors().skip(1).take(2).try_for_each(sync_directory)
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn vault() -> (tempfile::TempDir, Vault) {
        let dir = tempfile::Builder::new().prefix("väult with space ").tempdir().unwrap();
        let url = Url::from_directory_path(dir.path()).unwrap();
        let vault = Vault::open(url.as_str()).unwrap();
        (dir, vault)
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let (_dir, vault) = vault();
        assert!(matches!(vault.read_key(), Err(VaultError::KeyMissing { .. })));
        let made = vault.create_or_read_key().unwrap();
        assert_eq!(fs::metadata(vault.key_path()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(vault.create_or_read_key().unwrap().id(), made.id());
        fs::set_permissions(vault.key_path(), Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(vault.read_key(), Err(VaultError::Key { .. })));
    }

    #[test]
    fn a_torn_key_is_refused_never_made_anew() {
        let (_dir, vault) = vault();
        vault.create_or_read_key().unwrap();
        fs::write(vault.key_path(), b"short").unwrap();
        assert!(matches!(vault.create_or_read_key(), Err(VaultError::Key { .. })));
        assert_eq!(fs::read(vault.key_path()).unwrap(), b"short");
    }

    #[test]
    fn only_regular_files_inside_are_dumps() {
        let (dir, vault) = vault();
        vault.create_or_read_key().unwrap();
        let here = dir.path();
        fs::create_dir(here.join("sub")).unwrap();
        fs::write(here.join("sub/a b.dmp"), b"x").unwrap();
        assert_eq!(vault.locate("vault:sub/a b.dmp", Path::new("/")).unwrap(), "sub/a b.dmp");
        assert_eq!(vault.locate("a b.dmp", &here.join("sub")).unwrap(), "sub/a b.dmp");
        let outside = NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), here.join("link")).unwrap();
        for bad in ["vault:link", "vault:../x", "vault:.packet/key", "vault:sub", outside.path().to_str().unwrap()] {
            assert!(vault.locate(bad, here).is_err(), "{bad}");
        }
    }

    #[test]
    fn sanitized_bytes_appear_whole_under_their_digest() {
        let (_dir, vault) = vault();
        let digest = Blake3::of(b"masked");
        for _ in 0..2 {
            let mut incoming = vault.receive().unwrap();
            incoming.writer().write_all(b"masked").unwrap();
            incoming.keep(&digest, 6).unwrap();
            let mut text = String::new();
            vault.open_sanitized(&digest).unwrap().0.read_to_string(&mut text).unwrap();
            assert_eq!(text, "masked");
            fs::write(vault.sanitized_path(&digest), b"broken").unwrap();
        }
    }

    #[test]
    fn leftovers_of_dead_processes_go() {
        let (_dir, vault) = vault();
        drop(vault.receive().unwrap());
        let left = vault.root.join(".packet/sanitized/.incoming-4194999-x");
        fs::write(&left, b"x").unwrap();
        drop(vault.receive().unwrap());
        assert!(!left.exists());
    }
}
