//! Which references there are, and what they name. Always from the disk, never from memory (F4).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use miette::Diagnostic;
use thiserror::Error;

use super::object_id::ObjectId;
use super::packed_refs::PackedRefs;
use super::repo::Repo;
use crate::model::id::{CommitId, PacketId};

/// A reference that cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum RefError {
    /// It names another reference: who moves that moves this.
    #[error("`{name}` is a symbolic reference to `{target}`")]
    #[diagnostic(help("remove it: `git symbolic-ref --delete {name}`"))]
    Symbolic {
        /// The reference.
        name: String,
        /// What it names.
        target: String,
    },
    /// It holds no object id.
    #[error("`{name}` holds no object id")]
    #[diagnostic(help("see what is there with `git fsck`, then fetch the branch again"))]
    Garbage {
        /// The reference.
        name: String,
    },
    /// Another reference takes its place in the directory.
    #[error("`{name}` cannot exist beside `{by}`")]
    #[diagnostic(help("rename or delete the other: `git update-ref -d {by}`"))]
    Blocked {
        /// The reference that is wanted.
        name: String,
        /// The one that is there.
        by: String,
    },
    /// The file system said no.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(help("check that the repository is readable: `git for-each-ref`"))]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The packets that a repository has branches of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packets {
    /// Local or remote-tracking, sorted, each once.
    pub ids: Vec<PacketId>,
    /// References below `packet/` whose name is no packet id, as they stand there: untrusted text.
    pub skipped: Vec<String>,
}

/// The branch of a packet.
pub(super) fn branch(packet: &PacketId) -> String {
    format!("refs/heads/packet/{packet}")
}

/// The tag of a release.
pub(super) fn release_tag(packet: &PacketId, n: u32) -> String {
    format!("refs/tags/packet/{packet}/{n}")
}

impl Repo {
    /// The head of the packet's local branch.
    ///
    /// # Errors
    /// When the reference is symbolic, holds no id, or cannot be read; none of these is *absent*.
    pub fn local_head(&self, packet: &PacketId) -> Result<Option<CommitId>, RefError> {
        Ok(self.target(&branch(packet))?.map(ObjectId::to_commit))
    }

    /// The heads of the packet's remote-tracking branches, by the name of the remote, sorted.
    ///
    /// # Errors
    /// When one of them is symbolic, holds no id, or cannot be read.
    pub fn remote_heads(&self, packet: &PacketId) -> Result<Vec<(String, CommitId)>, RefError> {
        let tail = format!("/packet/{packet}");
        let names = self.names("refs/remotes/")?;
        // A remote may have any number of such branches: packed-refs is read once, not once for each.
        let packed = PackedRefs::read(self.common_dir())?;
        let packed = packed.by_name();
        let mut heads = Vec::new();
        for name in names.iter().filter(|name| name.ends_with(&tail)) {
            let remote = &name["refs/remotes/".len()..name.len() - tail.len()];
            let target = match (self.loose_target(name)?, packed.get(name.as_bytes())) {
                (None, Some(None)) => return Err(RefError::Garbage { name: name.clone() }),
                (None, packed) => packed.copied().flatten(),
                (loose, _) => loose,
            };
            if let Some(head) = target {
                heads.push((remote.to_owned(), head.to_commit()));
            }
        }
        Ok(heads)
    }

    /// The packets with a local or remote-tracking branch.
    ///
    /// # Errors
    /// When the references cannot be listed.
    pub fn packets(&self) -> Result<Packets, RefError> {
        let mut ids = BTreeSet::new();
        let mut skipped = Vec::new();
        let remote = self.names("refs/remotes/")?;
        let remote = remote.iter().filter_map(|name| name.split_once("/packet/").map(|(_, id)| (name, id)));
        let local = self.names("refs/heads/packet/")?;
        let local = local.iter().map(|name| (name, &name["refs/heads/packet/".len()..]));
        for (name, id) in local.chain(remote) {
            match PacketId::new(id) {
                Ok(id) => drop(ids.insert(id)),
                Err(_) => skipped.push(name.clone()),
            }
        }
        Ok(Packets { ids: ids.into_iter().collect(), skipped })
    }

    /// What the tag of release `n` names: an annotated tag, read with [`Repo::tag_bytes`], or whatever was put there.
    ///
    /// # Errors
    /// When the reference is symbolic, holds no id, or cannot be read.
    pub fn tag(&self, packet: &PacketId, n: u32) -> Result<Option<ObjectId>, RefError> {
        self.target(&release_tag(packet, n))
    }

    /// The object that a reference names directly: the loose file, else the packed line.
    ///
    /// In this order, because `git pack-refs` writes the packed line before it removes the loose file.
    pub(super) fn target(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        match self.loose_target(name)? {
            Some(id) => Ok(Some(id)),
            None => PackedRefs::read(self.common_dir())?.get(name),
        }
    }

    fn loose_target(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        let path = self.common_dir().join(name);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => return Err(symlinked(name, &path)),
            Ok(meta) if meta.is_dir() => return Ok(None),
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(source) => return Err(RefError::Io { path, source }),
        }
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(source) => return Err(RefError::Io { path, source }),
        };
        self.parse_loose(name, &text).map(Some)
    }

    fn parse_loose(&self, name: &str, text: &str) -> Result<ObjectId, RefError> {
        if let Some(target) = text.strip_prefix("ref:") {
            return Err(RefError::Symbolic { name: name.to_owned(), target: target.trim().to_owned() });
        }
        let id = ObjectId::from_hex(text.strip_suffix('\n').unwrap_or(text));
        let id = id.filter(|id| id.as_bytes().len() == self.object_format().id_bytes());
        id.ok_or_else(|| RefError::Garbage { name: name.to_owned() })
    }

    /// The names of all references below `prefix`, which ends in `/`: loose and packed, sorted, each once.
    pub(super) fn names(&self, prefix: &str) -> Result<BTreeSet<String>, RefError> {
        let mut names = BTreeSet::new();
        list_files(&self.common_dir().join(prefix), prefix, &mut names)?;
        names.extend(PackedRefs::read(self.common_dir())?.names(prefix));
        Ok(names)
    }

    /// Refuses a name that another reference takes: `a` beside `a/b`.
    pub(super) fn refuse_collision(&self, name: &str) -> Result<(), RefError> {
        let blocked = |by: &str| Err(RefError::Blocked { name: name.to_owned(), by: by.to_owned() });
        if let Some(below) = self.names(&format!("{name}/"))?.first() {
            return blocked(below);
        }
        let parents = name.match_indices('/').map(|(at, _)| &name[..at]).skip(2);
        for parent in parents {
            if self.target(parent)?.is_some() {
                return blocked(parent);
            }
        }
        Ok(())
    }

    pub(super) fn is_branch_named_packet(&self) -> Result<bool, RefError> {
        let loose = fs::symlink_metadata(self.common_dir().join("refs/heads/packet"));
        Ok(loose.is_ok_and(|meta| !meta.is_dir())
            || PackedRefs::read(self.common_dir())?.names("refs/heads/packet").iter().any(|n| n == "refs/heads/packet"))
    }
}

/// Whether an error says that there is no such file: also when a parent is a file or was removed meanwhile.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn symlinked(name: &str, path: &Path) -> RefError {
    let target = fs::read_link(path).map(|target| target.display().to_string()).unwrap_or_default();
    RefError::Symbolic { name: name.to_owned(), target }
}

/// Adds the files below a directory, without locks and without following links; a `prefix` ends in `/`.
fn list_files(dir: &Path, prefix: &str, names: &mut BTreeSet<String>) -> Result<(), RefError> {
    let io = |source| RefError::Io { path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(source) => return Err(io(source)),
    };
    for entry in entries {
        let entry = entry.map_err(io)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list_files(&entry.path(), &format!("{name}/"), names)?,
            Ok(_) if !name.ends_with(".lock") => drop(names.insert(name)),
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(io(source)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    fn packet(id: &str) -> PacketId {
        PacketId::new(id).unwrap()
    }

    #[test]
    fn heads_are_found_loose_and_packed_local_and_remote() {
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        for name in ["heads/packet/one", "remotes/origin/packet/one", "remotes/a/b/packet/two", "heads/packet/No"] {
            sandbox.git(&["update-ref", &format!("refs/{name}"), id.as_str()]);
        }
        sandbox.git(&["update-ref", "refs/tags/refs/heads/packet/ghost", id.as_str()]);
        for _ in 0..2 {
            let repo = sandbox.repo();
            assert_eq!(repo.local_head(&packet("one")).unwrap(), Some(id.clone()));
            assert_eq!(repo.local_head(&packet("ghost")).unwrap(), None);
            assert_eq!(repo.remote_heads(&packet("one")).unwrap(), [("origin".to_owned(), id.clone())]);
            assert_eq!(repo.remote_heads(&packet("two")).unwrap(), [("a/b".to_owned(), id.clone())]);
            let packets = repo.packets().unwrap();
            assert_eq!(packets.ids, [packet("one"), packet("two")]);
            assert_eq!(packets.skipped, ["refs/heads/packet/No"]);
            sandbox.git(&["pack-refs", "--all", "--prune"]);
        }
    }

    /// A remote names as many branches as it likes. Reading `packed-refs` for each took six minutes for these: a test
    /// that ends says it is one pass.
    #[test]
    fn thirty_thousand_branches_of_a_remote_are_read_in_one_pass() {
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        let lines = (0..30_000).map(|i| format!("{id} refs/remotes/origin/{i:05}/packet/one\n"));
        fs::write(sandbox.git_dir().join("packed-refs"), lines.collect::<String>()).unwrap();
        assert_eq!(sandbox.repo().remote_heads(&packet("one")).unwrap().len(), 30_000);
    }

    #[test]
    fn a_symbolic_branch_is_refused() {
        let sandbox = Sandbox::new();
        sandbox.commit_file("a.toml", "1");
        sandbox.git(&["symbolic-ref", "refs/heads/packet/one", "refs/heads/main"]);
        let error = sandbox.repo().local_head(&packet("one")).unwrap_err();
        assert!(matches!(error, RefError::Symbolic { .. }), "{error}");
        let path = sandbox.git_dir().join("refs/heads/packet/two");
        std::os::unix::fs::symlink("../main", path).unwrap();
        let error = sandbox.repo().local_head(&packet("two")).unwrap_err();
        assert!(matches!(error, RefError::Symbolic { .. }), "{error}");
    }

    #[test]
    fn garbage_is_never_absence() {
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        fs::create_dir_all(sandbox.git_dir().join("refs/heads/packet")).unwrap();
        let other_format = "ab".repeat(32);
        for text in ["", "\n", "zz\n", &id.as_str()[1..], &format!("{id} x\n"), &format!("{id}\n\n"), &other_format] {
            fs::write(sandbox.git_dir().join("refs/heads/packet/one"), text).unwrap();
            let found = sandbox.repo().local_head(&packet("one"));
            assert!(matches!(found, Err(RefError::Garbage { .. })), "{text:?}: {found:?}");
        }
    }

    #[test]
    fn the_tag_of_a_release_is_its_target() {
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        sandbox.git(&["tag", "-a", "-m", "r", "packet/one/1", id.as_str()]);
        let repo = sandbox.repo();
        let tag = repo.tag(&packet("one"), 1).unwrap().unwrap();
        assert!(repo.tag_bytes(&tag).unwrap().starts_with(b"object "));
        assert_eq!(repo.tag(&packet("one"), 2).unwrap(), None);
    }
}
