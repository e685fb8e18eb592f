//! What changed from one entry to the next.
//!
//! A merge of the two directories, descending only where ids differ. Both directories of the newest step at each path
//! are kept, so that a step along the branch, either way, reads exactly the trees and files that the entry wrote: three
//! trees and a file, however many thousand objections the ledger has.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::change::Change;

use super::object_id::ObjectId;
use super::read::{Kind, ReadError, ReadProblem, STEP_CAP};
use super::repo::Repo;
use super::tree::{DEPTH_CAP, EntryKind, Tree, TreeEntry, TreeProblem, join};
use crate::model::id::TreeId;

/// The most names that may differ between two entries.
pub const CHANGES_CAP: u64 = 100_000;

/// Names kept from earlier steps; beyond this many they are read again.
const KEPT_CAP: usize = 500_000;

/// Reads the changes of one entry after the other; see the module.
pub struct TreeReader<'repo> {
    repo: &'repo Repo,
    kept: HashMap<String, [Directory; 2]>,
    kept_names: usize,
}

/// One side of a step at one path: nothing there, or a directory with its id.
type Directory = Option<(ObjectId, Arc<Tree>)>;

/// What one step found, and how much it may still find.
struct Step {
    changes: Vec<Change>,
    names: u64,
    bytes: u64,
}

impl Repo {
    /// A reader of changes, best used along the branch.
    pub fn trees(&self) -> TreeReader<'_> {
        TreeReader { repo: self, kept: HashMap::new(), kept_names: 0 }
    }
}

impl TreeReader<'_> {
    /// The files that differ between two revisions, sorted by path; all of `new` when there is no `old`.
    ///
    /// # Errors
    /// When a tree or file that differs cannot be read or has a form that no packet has, or when the differences exceed
    /// [`CHANGES_CAP`] or [`STEP_CAP`].
    pub fn changes(&mut self, old: Option<&TreeId>, new: &TreeId) -> Result<Vec<Change>, ReadError> {
        let mut step = Step { changes: Vec::new(), names: 0, bytes: 0 };
        let new = ObjectId::from(new);
        self.compare(&mut step, "", old.map(ObjectId::from), Some(new)).map_err(|error| match error.problem {
            ReadProblem::TooMuch { .. } => error.problem.of(new),
            _ => error,
        })?;
        step.changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(step.changes)
    }

    fn compare(
        &mut self,
        step: &mut Step,
        path: &str,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<(), ReadError> {
        if old == new {
            return Ok(());
        }
        if let Some(id) = new.filter(|_| path.split('/').count() >= DEPTH_CAP) {
            return Err(ReadProblem::Tree { path: path.to_owned(), problem: TreeProblem::Depth }.of(id));
        }
        let new_tree = self.load(path, new)?;
        let old_tree = self.load(path, old)?;
        let side = |id: Option<ObjectId>, tree: &Arc<Tree>| id.map(|id| (id, Arc::clone(tree)));
        self.keep(path, [side(old, &old_tree), side(new, &new_tree)]);
        let (mut before, mut after) = (old_tree.entries.iter().peekable(), new_tree.entries.iter().peekable());
        while before.peek().is_some() || after.peek().is_some() {
            let order = match (before.peek(), after.peek()) {
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
                (Some(a), Some(b)) => a.key().cmp(b.key()),
            };
            let gone = if order.is_le() { before.next() } else { None };
            let here = if order.is_ge() { after.next() } else { None };
            self.entry(step, path, gone, here)?;
        }
        Ok(())
    }

    /// One name on either side or both, which then is of one kind.
    fn entry(
        &mut self,
        step: &mut Step,
        above: &str,
        old: Option<&TreeEntry>,
        new: Option<&TreeEntry>,
    ) -> Result<(), ReadError> {
        let (old_id, new_id) = (old.map(|entry| entry.id), new.map(|entry| entry.id));
        let Some(entry) = new.or(old).filter(|_| old_id != new_id) else { return Ok(()) };
        let id = entry.id;
        step.count(id)?;
        let mut path = above.to_owned();
        join(&mut path, &entry.name);
        if entry.kind == EntryKind::Directory {
            return self.compare(step, &path, old_id, new_id);
        }
        let blob = new_id.map(|id| self.repo.read(&id, Kind::Blob)).transpose()?;
        step.weigh(id, blob.as_ref().map_or(0, Vec::len))?;
        step.changes.push(Change { path, blob: blob.map(Arc::from), existed: old_id.is_some() });
        Ok(())
    }

    fn load(&self, path: &str, id: Option<ObjectId>) -> Result<Arc<Tree>, ReadError> {
        let Some(id) = id else { return Ok(Arc::default()) };
        let sides = self.kept.get(path).into_iter().flatten().flatten();
        match sides.into_iter().find(|(kept, _)| *kept == id) {
            Some((_, tree)) => Ok(Arc::clone(tree)),
            None => self.repo.directory(&id, path).map(Arc::new),
        }
    }

    fn keep(&mut self, path: &str, step: [Directory; 2]) {
        if self.kept_names > KEPT_CAP {
            self.kept.clear();
            self.kept_names = 0;
        }
        let names = |step: &[Directory; 2]| step.iter().flatten().map(|(_, tree)| tree.entries.len()).sum::<usize>();
        self.kept_names += names(&step);
        let replaced = self.kept.insert(path.to_owned(), step);
        self.kept_names = self.kept_names.saturating_sub(replaced.as_ref().map_or(0, names));
    }
}

impl Step {
    fn count(&mut self, id: ObjectId) -> Result<(), ReadError> {
        self.names += 1;
        if self.names <= CHANGES_CAP {
            return Ok(());
        }
        Err(ReadProblem::TooMuch { what: "the names that one entry changes", cap: CHANGES_CAP }.of(id))
    }

    fn weigh(&mut self, id: ObjectId, bytes: usize) -> Result<(), ReadError> {
        self.bytes += bytes as u64;
        if self.bytes <= STEP_CAP {
            return Ok(());
        }
        Err(ReadProblem::TooMuch { what: "the bytes of files that one entry changes", cap: STEP_CAP }.of(id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sandbox::Sandbox;
    use super::*;

    fn shown(changes: &[Change]) -> Vec<String> {
        let sign = |change: &Change| match (&change.blob, change.existed) {
            (None, _) => "-",
            (Some(_), true) => "~",
            (Some(_), false) => "+",
        };
        changes.iter().map(|change| format!("{}{}", sign(change), change.path)).collect()
    }

    #[test]
    fn changes_are_told_by_path_in_both_directions() {
        let sandbox = Sandbox::new();
        let old = sandbox.tree(&[("a", "1"), ("b/x", "1"), ("b/y", "1"), ("c", "1"), ("d/e/f", "1")]);
        let new = sandbox.tree(&[("a", "1"), ("a.b", "1"), ("b/x", "2"), ("b/z", "1"), ("c/c", "1")]);
        let repo = sandbox.repo();
        let mut reader = repo.trees();
        let all = ["+a", "+b/x", "+b/y", "+c", "+d/e/f"];
        assert_eq!(shown(&reader.changes(None, &old).unwrap()), all);
        let step = ["+a.b", "~b/x", "-b/y", "+b/z", "-c", "+c/c", "-d/e/f"];
        assert_eq!(shown(&reader.changes(Some(&old), &new).unwrap()), step);
        assert_eq!(shown(&reader.changes(Some(&new), &old).unwrap()).len(), step.len());
        assert_eq!(shown(&repo.trees().changes(Some(&old), &new).unwrap()), step);
        assert!(reader.changes(Some(&old), &old).unwrap().is_empty());
    }

    #[test]
    fn hostile_trees_are_refused_where_they_are() {
        let sandbox = Sandbox::new();
        let blob = sandbox.hash_object("blob", b"x");
        let link = sandbox.raw_tree(&[("120000", "link", blob)]);
        let inner = sandbox.raw_tree(&[("40000", "sessions", link)]);
        let error = sandbox.repo().trees().changes(None, &inner.to_tree()).unwrap_err();
        assert!(
            matches!(&error.problem, ReadProblem::Tree { path, problem: TreeProblem::Mode { .. } } if path == "sessions")
        );
        assert_eq!(error.id, link);
        let module = sandbox.raw_tree(&[("160000", "sub", blob)]);
        let climbing = sandbox.raw_tree(&[("100644", "..", blob)]);
        let upper = sandbox.raw_tree(&[("100644", "Charter.toml", blob)]);
        let twice = sandbox.raw_tree(&[("100644", "a", blob), ("100644", "a", blob)]);
        let unsorted = sandbox.raw_tree(&[("100644", "b", blob), ("100644", "a", blob)]);
        let empty = sandbox.raw_tree(&[("40000", "d", sandbox.raw_tree(&[]))]);
        for tree in [module, climbing, upper, twice, unsorted, empty] {
            let error = sandbox.repo().trees().changes(None, &tree.to_tree()).unwrap_err();
            assert!(matches!(error.problem, ReadProblem::Tree { .. }), "{error}");
        }
    }

    #[test]
    fn a_directory_bomb_is_stopped_by_depth_and_count() {
        let sandbox = Sandbox::new();
        let mut tree = sandbox.raw_tree(&[("100644", "f", sandbox.hash_object("blob", b"x"))]);
        for level in 0..DEPTH_CAP {
            let names: Vec<String> = (0..30).map(|n| format!("d{n:02}")).collect();
            let entries: Vec<_> = names.iter().map(|name| ("40000", name.as_str(), tree)).collect();
            tree = sandbox.raw_tree(if level < 2 { &entries[..1] } else { &entries });
        }
        let error = sandbox.repo().trees().changes(None, &tree.to_tree()).unwrap_err();
        assert!(matches!(error.problem, ReadProblem::Tree { problem: TreeProblem::Depth, .. }), "{error}");
        let mut tree = sandbox.raw_tree(&[("100644", "f", sandbox.hash_object("blob", b"x"))]);
        for _ in 0..4 {
            let names: Vec<String> = (0..30).map(|n| format!("d{n:02}")).collect();
            tree = sandbox.raw_tree(&names.iter().map(|name| ("40000", name.as_str(), tree)).collect::<Vec<_>>());
        }
        let error = sandbox.repo().trees().changes(None, &tree.to_tree()).unwrap_err();
        assert!(matches!(error.problem, ReadProblem::TooMuch { .. }), "{error}");
    }

    #[test]
    fn a_file_is_found_by_its_path() {
        let sandbox = Sandbox::new();
        let tree = sandbox.tree(&[("a.toml", "1"), ("ledger/ab/o-1.toml", "2")]);
        let repo = sandbox.repo();
        assert_eq!(repo.blob_at(&tree, "ledger/ab/o-1.toml").unwrap().as_deref(), Some(&b"2"[..]));
        for absent in ["ledger", "ledger/ab", "a.toml/x", "ledger/ab/o-2.toml", "", "/a.toml", "../a.toml"] {
            assert_eq!(repo.blob_at(&tree, absent).unwrap(), None, "{absent}");
        }
    }
}
