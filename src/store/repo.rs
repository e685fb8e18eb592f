//! One repository, opened without obeying it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use miette::Diagnostic;
use thiserror::Error;

use super::git::config::Config;
use super::git::objects::Objects;
use super::git::open::{self, Layout};
use super::object_id::ObjectFormat;
use super::refs::{RefError, is_absent};

/// Extensions that change nothing this room relies on, or that it reads: git refuses others, and so do we.
const KNOWN_EXTENSIONS: [&str; 7] =
    ["noop", "objectformat", "partialclone", "preciousobjects", "refstorage", "relativeworktrees", "worktreeconfig"];

/// A directory that cannot serve as a repository.
#[derive(Debug, Error, Diagnostic)]
pub enum OpenError {
    /// No repository there or above.
    #[error("no git repository at {}: {why}", path.display())]
    #[diagnostic(help("change to a clone, give one with `--repo DIR`, or make one with `git init`"))]
    NotARepository {
        /// Where the search began.
        path: PathBuf,
        /// What was looked for.
        why: String,
    },
    /// There is one, and it cannot be read: that is never *none*.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(help("check that it can be read and that the disk is sound: `ls -l '{}'`, `dmesg`", path.display()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// References are kept where git's files backend does not see them (F6).
    #[error("{} keeps its references as `{storage}`, not as files", path.display())]
    #[diagnostic(help("migrate it: `git refs migrate --ref-format=files`"))]
    RefStorage {
        /// The repository.
        path: PathBuf,
        /// The value of `extensions.refStorage`.
        storage: String,
    },
    /// A format of a later git.
    #[error("{} uses the repository extension `{extension}`, which this version does not know", path.display())]
    #[diagnostic(help("use a clone without it: `git clone --no-local {} COPY`", path.display()))]
    Extension {
        /// The repository.
        path: PathBuf,
        /// The extension's name.
        extension: String,
    },
    /// A branch `packet` leaves no room for `packet/<id>`.
    #[error("a branch named `packet` is in the way of every branch `packet/<id>`")]
    #[diagnostic(help("rename it: `git branch -m packet old-packet`"))]
    BranchNamedPacket,
    /// A reference could not be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ref(#[from] RefError),
}

/// A repository: SHA-1 or SHA-256, bare or not, main or linked work tree.
///
/// Opened isolated: of its configuration only the format is read; no environment, no hook and no program that it names
/// is ever used. Not for sharing between threads: each opens its own.
pub struct Repo {
    layout: Layout,
    config: Config,
    pub(super) objects: Objects,
}

impl Repo {
    /// Opens the repository that `start` is in, looking upwards.
    ///
    /// # Errors
    /// When there is none, or when it cannot hold packets; see [`OpenError`].
    pub fn discover(start: &Path) -> Result<Self, OpenError> {
        let dir = open::find(start).map_err(|why| not_opened(start, why))?;
        Self::open(&dir)
    }

    /// Opens the repository of a work tree or git directory, without looking upwards.
    ///
    /// # Errors
    /// When it is none, or when it cannot hold packets; see [`OpenError`].
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let none = |why| not_opened(dir, why);
        let layout = open::open(dir).map_err(none)?;
        let config = Config::read(&layout.common_dir.join("config")).map_err(none)?;
        refuse_unknown_format(&layout.common_dir, &config)?;
        let objects = Objects::open(&layout.common_dir, layout.format).map_err(none)?;
        let repo = Self { layout, config, objects };
        match repo.is_branch_named_packet()? {
            true => Err(OpenError::BranchNamedPacket),
            false => Ok(repo),
        }
    }

    /// The git directory of this work tree: `.git`, or `.git/worktrees/<name>` of a linked one.
    pub fn git_dir(&self) -> &Path {
        &self.layout.git_dir
    }

    /// The git directory that all work trees share.
    pub fn common_dir(&self) -> &Path {
        &self.layout.common_dir
    }

    /// The work tree, unless the repository is bare.
    pub fn work_dir(&self) -> Option<&Path> {
        self.layout.work_dir.as_deref()
    }

    /// Which hash names the objects.
    pub fn object_format(&self) -> ObjectFormat {
        self.layout.format
    }

    /// Whether the history was cut off when cloning: what it shows is then not all there is.
    pub fn is_shallow(&self) -> bool {
        fs::metadata(self.common_dir().join("shallow")).is_ok_and(|meta| meta.len() > 0)
    }

    /// Whether the repository's own configuration names a signing key. It is ignored: a clone must not choose who signs.
    pub fn sets_signing_key(&self) -> bool {
        self.config.text("user.signingkey").is_some()
    }

    /// Whether the shared git directory has no work tree of its own.
    pub(super) fn is_bare(&self) -> bool {
        let own = self.config.flag("extensions.worktreeconfig") == Some(true);
        let own = own.then(|| Config::read(&self.common_dir().join("config.worktree")).ok()).flatten();
        own.and_then(|config| config.flag("core.bare")).or(self.config.flag("core.bare")) == Some(true)
    }
}

/// Why there is no repository: gix takes one whose files cannot be read for none.
fn not_opened(start: &Path, why: String) -> OpenError {
    let files =
        start.ancestors().flat_map(|dir| ["HEAD", "commondir", "config"].map(|name| dir.join(".git").join(name)));
    for path in files {
        match fs::read(&path) {
            Err(error) if !is_absent(&error) => return OpenError::Unreadable { path, source: error },
            _ => {}
        }
    }
    OpenError::NotARepository { path: start.to_owned(), why }
}

fn refuse_unknown_format(path: &Path, config: &Config) -> Result<(), OpenError> {
    let path = || path.to_owned();
    if let Some(storage) = config.text("extensions.refstorage").filter(|storage| storage != "files") {
        return Err(OpenError::RefStorage { path: path(), storage });
    }
    let unknown = config.keys("extensions").into_iter().find(|key| !KNOWN_EXTENSIONS.contains(&key.as_str()));
    match unknown {
        Some(extension) => Err(OpenError::Extension { path: path(), extension }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn every_shape_of_repository_opens() {
        for format in ["sha1", "sha256"] {
            let sandbox = Sandbox::with_format(format);
            let repo = sandbox.repo();
            assert_eq!(repo.object_format().id_bytes(), if format == "sha1" { 20 } else { 32 });
            assert_eq!(repo.work_dir(), Some(sandbox.dir()));
            assert!(!repo.is_bare() && !repo.is_shallow());
            sandbox.commit_file("a.toml", "1");
            let linked = sandbox.outside("linked tree");
            sandbox.git(&["worktree", "add", "-q", "-b", "other", linked.to_str().unwrap()]);
            let inside = Repo::open(&linked).unwrap();
            assert_eq!(inside.common_dir(), repo.common_dir());
            assert_ne!(inside.git_dir(), repo.git_dir());
            assert_eq!(inside.work_dir(), Some(&*linked));
        }
        let bare = Sandbox::bare();
        assert!(bare.repo().is_bare() && bare.repo().work_dir().is_none());
    }

    #[test]
    fn a_repository_is_found_from_below_and_not_elsewhere() {
        let sandbox = Sandbox::new();
        let below = sandbox.dir().join("ä b/c");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(Repo::discover(&below).unwrap().common_dir(), sandbox.git_dir());
        assert!(matches!(Repo::open(&below), Err(OpenError::NotARepository { .. })));
        let outside = tempfile::tempdir().unwrap();
        assert!(matches!(Repo::discover(outside.path()), Err(OpenError::NotARepository { .. })));
    }

    #[test]
    fn references_kept_elsewhere_than_in_files_are_refused() {
        let sandbox = Sandbox::init(&["--ref-format=reftable"]);
        let error = Repo::open(sandbox.dir()).err().unwrap();
        assert!(matches!(&error, OpenError::RefStorage { storage, .. } if storage == "reftable"), "{error}");
    }

    #[test]
    fn an_unknown_extension_is_refused() {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
        sandbox.git(&["config", "extensions.fancyNew", "true"]);
        let error = Repo::open(sandbox.dir()).err().unwrap();
        assert!(matches!(&error, OpenError::Extension { extension, .. } if extension == "fancynew"), "{error}");
    }

    #[test]
    fn a_branch_named_packet_is_refused_loose_or_packed() {
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        sandbox.git(&["branch", "packet", id.as_str()]);
        assert!(matches!(Repo::open(sandbox.dir()), Err(OpenError::BranchNamedPacket)));
        sandbox.git(&["pack-refs", "--all"]);
        assert!(matches!(Repo::open(sandbox.dir()), Err(OpenError::BranchNamedPacket)));
    }

    #[test]
    fn a_shallow_clone_says_so() {
        let sandbox = Sandbox::new();
        sandbox.commit_file("a.toml", "1");
        let head = sandbox.commit_file("a.toml", "2");
        let copy = sandbox.outside("shallow");
        let url = format!("file://{}", sandbox.git_dir().display());
        sandbox.git(&["clone", "-q", "--depth=1", &url, copy.to_str().unwrap()]);
        let repo = Repo::open(&copy).unwrap();
        assert!(repo.is_shallow());
        assert!(repo.chain(&head, None).is_err());
    }

    #[test]
    fn a_signing_key_of_the_repository_is_noticed() {
        let sandbox = Sandbox::new();
        assert!(!sandbox.repo().sets_signing_key());
        sandbox.git(&["config", "user.signingkey", "/tmp/evil"]);
        assert!(sandbox.repo().sets_signing_key());
    }
}
