//! A new revision's tree from the old one and what changes: only the directories on the way to a change are rewritten.

use std::collections::BTreeMap;

use super::lock::WriteLock;
use super::object_id::ObjectId;
use super::read::Kind;
use super::tree::{DEPTH_CAP, EntryKind, Tree, TreeEntry, TreeProblem, is_name, join};
use super::write::WriteError;
use crate::model::id::TreeId;

/// What changes below one directory: a file by its name, or a directory by what changes in it.
#[derive(Default)]
struct Edits<'a> {
    files: BTreeMap<&'a str, Option<&'a [u8]>>,
    directories: BTreeMap<&'a str, Edits<'a>>,
}

impl WriteLock<'_> {
    /// Writes the tree that `base` becomes by the changes: a path with its new bytes, or with `None` to remove it.
    ///
    /// A directory goes with its last file. Removing what is not there changes nothing; of two changes of one path the
    /// later counts. A file takes the place of a directory of its name, and the other way round.
    ///
    /// # Errors
    /// When a path is none that a packet has, a tree of the base cannot be read, or an object cannot be written.
    pub fn write_tree(
        &self,
        base: Option<&TreeId>,
        changes: &[(String, Option<Vec<u8>>)],
    ) -> Result<TreeId, WriteError> {
        let mut edits = Edits::default();
        for (path, bytes) in changes {
            edits.add(path, bytes.as_deref())?;
        }
        let root = self.rewrite(base.map(ObjectId::from), "", &edits)?;
        let root = root.map_or_else(|| self.write(Kind::Tree, b""), Ok)?;
        Ok(root.to_tree())
    }

    /// Rewrites one directory; `None` when nothing is left in it.
    fn rewrite(&self, base: Option<ObjectId>, path: &str, edits: &Edits<'_>) -> Result<Option<ObjectId>, WriteError> {
        let mut tree = base.map(|id| self.repo.directory(&id, path)).transpose()?.unwrap_or_default();
        for (name, bytes) in &edits.files {
            let blob = bytes.map(|bytes| self.write_blob(bytes)).transpose()?;
            tree.set(name, EntryKind::File, blob);
        }
        for (name, inner) in &edits.directories {
            let mut below = path.to_owned();
            join(&mut below, name);
            let old = tree.find(name, EntryKind::Directory).ok().map(|at| tree.entries[at].id);
            let new = self.rewrite(old, &below, inner)?;
            tree.set(name, EntryKind::Directory, new);
        }
        if tree.entries.is_empty() {
            return Ok(None);
        }
        self.write(Kind::Tree, &tree.encode()).map(Some)
    }
}

impl Tree {
    /// Puts an entry in its place, or removes it. A name stands for one thing: putting one kind removes the other.
    fn set(&mut self, name: &str, kind: EntryKind, id: Option<ObjectId>) {
        let place = self.find(name, kind);
        match (place, id) {
            (Ok(at), Some(id)) => self.entries[at].id = id,
            (Ok(at), None) => drop(self.entries.remove(at)),
            (Err(at), Some(id)) => self.entries.insert(at, TreeEntry { name: name.into(), kind, id }),
            (Err(_), None) => {}
        }
        let other = if kind == EntryKind::File { EntryKind::Directory } else { EntryKind::File };
        if let (Some(_), Ok(at)) = (id, self.find(name, other)) {
            self.entries.remove(at);
        }
    }
}

impl<'a> Edits<'a> {
    fn add(&mut self, path: &'a str, bytes: Option<&'a [u8]>) -> Result<(), WriteError> {
        let refuse = |problem| Err(WriteError::Path { path: path.to_owned(), problem });
        let names: Vec<&str> = path.split('/').collect();
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return refuse(TreeProblem::Name { name: (*name).to_owned() });
        }
        if names.len() > DEPTH_CAP {
            return refuse(TreeProblem::Depth);
        }
        let (file, directories) = names.split_last().expect("splitting yields at least one name");
        let inner = directories.iter().fold(self, |edits, name| edits.directories.entry(name).or_default());
        inner.files.insert(file, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sandbox::Sandbox;
    use super::*;

    fn change(path: &str, text: Option<&str>) -> (String, Option<Vec<u8>>) {
        (path.to_owned(), text.map(|text| text.as_bytes().to_vec()))
    }

    #[test]
    fn the_tree_is_the_one_that_git_writes() {
        for format in ["sha1", "sha256"] {
            let sandbox = Sandbox::with_format(format);
            let files = [("a", "1"), ("a.b", "1"), ("ledger/ab/o-1.toml", "x"), ("z", "2")];
            let expected = sandbox.tree(&files);
            let repo = sandbox.repo();
            let lock = repo.lock(Duration::ZERO).unwrap();
            let changes: Vec<_> = files.iter().map(|(path, text)| change(path, Some(text))).collect();
            assert_eq!(lock.write_tree(None, &changes).unwrap(), expected);
            assert_eq!(lock.write_tree(Some(&expected), &[]).unwrap(), expected);
            let without = [change("ledger/ab/o-1.toml", None), change("nothing/here", None)];
            let expected_without = sandbox.tree(&[files[0], files[1], files[3]]);
            assert_eq!(lock.write_tree(Some(&expected), &without).unwrap(), expected_without);
        }
    }

    #[test]
    fn a_name_stands_for_one_thing() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        let file = lock.write_tree(None, &[change("a", Some("1")), change("a.b", Some("1"))]).unwrap();
        let directory = lock.write_tree(Some(&file), &[change("a/b", Some("1"))]).unwrap();
        assert_eq!(repo.blob_at(&directory, "a").unwrap(), None);
        assert_eq!(directory, sandbox.tree(&[("a/b", "1"), ("a.b", "1")]));
        assert_eq!(lock.write_tree(Some(&directory), &[change("a", Some("1"))]).unwrap(), file);
        assert!(lock.write_tree(Some(&file), &[change("a", None), change("a.b", None)]).is_ok());
    }

    #[test]
    fn paths_that_no_packet_has_are_not_written() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        for path in ["", "/a", "a/", "a//b", "../a", ".git/config", "A", "a/b/c/d/e/f/g/h/i"] {
            let error = lock.write_tree(None, &[change(path, Some("1"))]).unwrap_err();
            assert!(matches!(error, WriteError::Path { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn one_change_writes_as_many_objects_as_it_has_names() {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let lock = repo.lock(Duration::ZERO).unwrap();
        let many: Vec<_> = (0..64).map(|n| change(&format!("ledger/{n:02x}/o.toml"), Some(&n.to_string()))).collect();
        let base = lock.write_tree(None, &many).unwrap();
        let before = sandbox.count_loose();
        lock.write_tree(Some(&base), &[change("ledger/07/p.toml", Some("new"))]).unwrap();
        assert_eq!(sandbox.count_loose() - before, 4);
    }
}
