//! Where a branch is checked out: moving it under a work tree would make everything there look changed.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::refs::{RefError, branch};
use super::repo::Repo;
use crate::model::id::PacketId;

impl Repo {
    /// The work tree, main or linked, whose `HEAD` is the packet's branch. A bare repository's own `HEAD` is no work
    /// tree. A rebase under way detaches `HEAD` and is not seen.
    ///
    /// # Errors
    /// When a `HEAD` cannot be read.
    pub fn checked_out(&self, packet: &PacketId) -> Result<Option<PathBuf>, RefError> {
        let branch = branch(packet);
        if !self.is_bare() && head_names(self.common_dir(), &branch)? {
            return Ok(Some(self.main_work_tree()));
        }
        for git_dir in self.linked_git_dirs()? {
            if head_names(&git_dir, &branch)? {
                return Ok(Some(linked_work_tree(&git_dir)));
            }
        }
        Ok(None)
    }

    fn main_work_tree(&self) -> PathBuf {
        let beside = || self.common_dir().parent().unwrap_or(self.common_dir()).to_owned();
        let own = self.work_dir().filter(|_| self.git_dir().canonicalize().is_ok_and(|dir| dir == self.common_dir()));
        own.map_or_else(beside, Path::to_owned)
    }

    fn linked_git_dirs(&self) -> Result<Vec<PathBuf>, RefError> {
        let path = self.common_dir().join("worktrees");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(RefError::Io { path, source }),
        };
        let dirs: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        dirs.map_err(|source| RefError::Io { path, source })
    }
}

fn head_names(git_dir: &Path, branch: &str) -> Result<bool, RefError> {
    let path = git_dir.join("HEAD");
    match fs::read(&path) {
        Ok(head) => {
            let text = String::from_utf8_lossy(&head);
            Ok(text.strip_prefix("ref:").is_some_and(|name| name.trim() == branch))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(source) => Err(RefError::Io { path, source }),
    }
}

/// `gitdir` names the work tree's `.git` file; should it be unreadable, the git directory names the work tree well
/// enough for a message.
fn linked_work_tree(git_dir: &Path) -> PathBuf {
    let Ok(file) = fs::read_to_string(git_dir.join("gitdir")) else { return git_dir.to_owned() };
    let file = git_dir.join(file.trim_end_matches('\n'));
    file.parent().map_or(git_dir.to_owned(), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    #[test]
    fn main_and_linked_work_trees_are_seen_and_bare_heads_are_not() {
        let packet = PacketId::new("one").unwrap();
        let sandbox = Sandbox::new();
        let id = sandbox.commit_file("a.toml", "1");
        sandbox.git(&["update-ref", "refs/heads/packet/one", id.as_str()]);
        assert_eq!(sandbox.repo().checked_out(&packet).unwrap(), None);
        sandbox.git(&["checkout", "-q", "packet/one"]);
        assert_eq!(sandbox.repo().checked_out(&packet).unwrap().as_deref(), Some(sandbox.dir()));
        sandbox.git(&["checkout", "-q", "main"]);
        let linked = sandbox.outside("linked ö tree");
        sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "packet/one"]);
        assert_eq!(sandbox.repo().checked_out(&packet).unwrap().as_deref(), Some(&*linked));
        assert_eq!(Repo::open(&linked).unwrap().checked_out(&packet).unwrap().as_deref(), Some(&*linked));
        let bare = Sandbox::bare();
        bare.git(&["symbolic-ref", "HEAD", "refs/heads/packet/one"]);
        assert_eq!(bare.repo().checked_out(&packet).unwrap(), None);
    }
}
