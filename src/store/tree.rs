//! One directory of a packet, parsed strictly from raw bytes.
//!
//! git accepts many spellings of a directory; a packet has one. Modes are `100644` and `40000`, names are lower-case
//! ASCII, the order is git's, nothing comes twice and no directory is empty. Whatever passes re-encodes to the very
//! same bytes, so that the files determine the tree's name.

use thiserror::Error;

use super::object_id::{ObjectFormat, ObjectId};
use super::read::{Kind, ReadError, ReadProblem};
use super::repo::Repo;
use crate::model::id::TreeId;

/// The deepest path, counted in names.
pub const DEPTH_CAP: usize = 8;

const NAME_CAP: usize = 255;
const FILE_MODE: &[u8] = b"100644";
const TREE_MODE: &[u8] = b"40000";

/// What no directory of a packet has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeProblem {
    /// Bytes that are no tree.
    #[error("an entry is cut short")]
    CutShort,
    /// A symbolic link, a submodule, an executable or an unusual spelling.
    #[error("`{name}` has mode {mode}, not 100644 or 40000")]
    Mode {
        /// The entry.
        name: String,
        /// Its mode as it stands there.
        mode: String,
    },
    /// A name that could climb, hide or clash.
    #[error("`{name}` is no name: use a-z, 0-9, `.`, `_` and `-`, and not `.`, `..` or `.git`")]
    Name {
        /// The name.
        name: String,
    },
    /// Entries out of git's order.
    #[error("`{name}` is out of order")]
    Order {
        /// The later entry.
        name: String,
    },
    /// Two entries of one name.
    #[error("`{name}` comes twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A directory without a file.
    #[error("it is an empty directory")]
    Empty,
    /// Directories nested too deep.
    #[error("it is more than {DEPTH_CAP} levels deep")]
    Depth,
}

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Directory,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry {
    pub(super) name: Box<str>,
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

impl TreeEntry {
    /// git's order: by bytes, a directory as if its name ended in `/`.
    pub(super) fn order<'a>(name: &'a str, kind: EntryKind) -> impl Iterator<Item = u8> + use<'a> {
        name.bytes().chain((kind == EntryKind::Directory).then_some(b'/'))
    }

    pub(super) fn key(&self) -> impl Iterator<Item = u8> + '_ {
        Self::order(&self.name, self.kind)
    }
}

/// One directory, in git's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) entries: Vec<TreeEntry>,
}

impl Tree {
    /// Parses the raw bytes of a tree; only the canonical form passes.
    pub(super) fn parse(mut raw: &[u8], format: ObjectFormat) -> Result<Self, TreeProblem> {
        let mut entries: Vec<TreeEntry> = Vec::new();
        while !raw.is_empty() {
            let (entry, rest) = parse_entry(raw, format)?;
            if entries.last().is_some_and(|last| last.name == entry.name) {
                return Err(TreeProblem::Duplicate { name: entry.name.into() });
            }
            if entries.last().is_some_and(|last| !last.key().lt(entry.key())) {
                return Err(TreeProblem::Order { name: entry.name.into() });
            }
            entries.push(entry);
            raw = rest;
        }
        let tree = Self { entries };
        tree.refuse_file_and_directory_of_one_name()?;
        Ok(tree)
    }

    /// `a`, `a.b`, `a/` is in git's order, and yet `a` comes twice.
    fn refuse_file_and_directory_of_one_name(&self) -> Result<(), TreeProblem> {
        let directories = self.entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
        match directories.into_iter().find(|entry| self.find(&entry.name, EntryKind::File).is_ok()) {
            Some(entry) => Err(TreeProblem::Duplicate { name: entry.name.to_string() }),
            None => Ok(()),
        }
    }

    /// Where the entry is, or where it would be.
    pub(super) fn find(&self, name: &str, kind: EntryKind) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.key().cmp(TreeEntry::order(name, kind)))
    }

    /// The raw bytes of the tree.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(self.entries.len() * 48);
        for entry in &self.entries {
            raw.extend_from_slice(if entry.kind == EntryKind::File { FILE_MODE } else { TREE_MODE });
            raw.push(b' ');
            raw.extend_from_slice(entry.name.as_bytes());
            raw.push(0);
            raw.extend_from_slice(entry.id.as_bytes());
        }
        raw
    }
}

fn parse_entry(raw: &[u8], format: ObjectFormat) -> Result<(TreeEntry, &[u8]), TreeProblem> {
    let (mode, rest) = split_at_byte(raw, b' ')?;
    let (name, rest) = split_at_byte(rest, 0)?;
    let (id, rest) = rest.split_at_checked(format.id_bytes()).ok_or(TreeProblem::CutShort)?;
    let text = || String::from_utf8_lossy(name).into_owned();
    let kind = match mode {
        FILE_MODE => EntryKind::File,
        TREE_MODE => EntryKind::Directory,
        _ => return Err(TreeProblem::Mode { name: text(), mode: String::from_utf8_lossy(mode).into_owned() }),
    };
    let name = std::str::from_utf8(name).ok().filter(|name| is_name(name));
    let name = name.ok_or_else(|| TreeProblem::Name { name: text() })?.into();
    let id = ObjectId::from_bytes(id).expect("a format's length is 20 or 32");
    Ok((TreeEntry { name, kind, id }, rest))
}

fn split_at_byte(raw: &[u8], byte: u8) -> Result<(&[u8], &[u8]), TreeProblem> {
    let end = raw.iter().position(|b| *b == byte).ok_or(TreeProblem::CutShort)?;
    Ok((&raw[..end], &raw[end + 1..]))
}

/// Whether a name may stand in a packet's directory.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    (1..=NAME_CAP).contains(&name.len()) && name.bytes().all(plain) && !matches!(name, "." | ".." | ".git")
}

impl Repo {
    /// The file at a path of a revision, without walking the rest; `None` when there is none.
    ///
    /// # Errors
    /// When one of the trees on the way, or the file, cannot be used.
    pub fn blob_at(&self, tree: &TreeId, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let mut id = ObjectId::from(tree);
        let mut names = path.split('/').peekable();
        let mut above = String::new();
        while let Some(name) = names.next() {
            let kind = if names.peek().is_some() { EntryKind::Directory } else { EntryKind::File };
            let tree = self.directory(&id, &above)?;
            let Ok(at) = tree.find(name, kind) else { return Ok(None) };
            id = tree.entries[at].id;
            join(&mut above, name);
        }
        self.blob(&id).map(Some)
    }

    /// Reads and parses the tree of the directory `path`.
    pub(super) fn directory(&self, id: &ObjectId, path: &str) -> Result<Tree, ReadError> {
        let raw = self.read(id, Kind::Tree)?;
        let parsed = match Tree::parse(&raw, self.object_format()) {
            Ok(tree) if tree.entries.is_empty() && !path.is_empty() => Err(TreeProblem::Empty),
            parsed => parsed,
        };
        parsed.map_err(|problem| ReadProblem::Tree { path: path.to_owned(), problem }.of(*id))
    }
}

/// Appends a name to a path.
pub(super) fn join(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut raw = Vec::new();
        for (mode, name) in entries {
            raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            raw.extend_from_slice(&[7; 20]);
        }
        raw
    }

    fn parse(entries: &[(&str, &str)]) -> Result<Tree, TreeProblem> {
        Tree::parse(&raw(entries), ObjectFormat::Sha1)
    }

    #[test]
    fn what_passes_re_encodes_to_the_same_bytes() {
        let good = [("100644", "a.toml"), ("100644", "a_b"), ("40000", "ledger"), ("100644", "x-1")];
        assert_eq!(parse(&good).unwrap().encode(), raw(&good));
        assert_eq!(parse(&[]).unwrap().encode(), Vec::<u8>::new());
    }

    #[test]
    fn only_plain_files_and_directories_pass() {
        for mode in ["120000", "160000", "100755", "100664", "040000", "0100644", "644", ""] {
            assert!(matches!(parse(&[(mode, "a")]), Err(TreeProblem::Mode { .. })), "{mode}");
        }
    }

    #[test]
    fn names_that_climb_hide_or_clash_are_refused() {
        for name in ["", ".", "..", ".git", "A", "a/b", "ä", "a b", "a\\b", "a:b", &"a".repeat(256)] {
            assert!(matches!(parse(&[("100644", name)]), Err(TreeProblem::Name { .. })), "{name}");
        }
    }

    #[test]
    fn order_and_uniqueness_are_gits() {
        assert!(parse(&[("100644", "a.b"), ("40000", "a")]).is_ok());
        assert!(parse(&[("100644", "a"), ("100644", "a.b")]).is_ok());
        let unsorted = parse(&[("100644", "b"), ("100644", "a")]);
        assert!(matches!(unsorted, Err(TreeProblem::Order { .. })), "{unsorted:?}");
        let directory_first = parse(&[("40000", "a"), ("100644", "a.b")]);
        assert!(matches!(directory_first, Err(TreeProblem::Order { .. })));
        for twice in [&[("100644", "a"), ("100644", "a")][..], &[("100644", "a"), ("100644", "a.b"), ("40000", "a")]] {
            assert!(matches!(parse(twice), Err(TreeProblem::Duplicate { .. })));
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_has_one_spelling(at in 0usize..112, byte in any::<u8>()) {
            let mut raw = raw(&[("100644", "a.toml"), ("40000", "ledger"), ("100644", "z")]);
            let at = at.min(raw.len() - 1);
            raw[at] = byte;
            if let Ok(tree) = Tree::parse(&raw, ObjectFormat::Sha1) {
                prop_assert_eq!(tree.encode(), raw);
            }
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = raw(&[("100644", "a.toml"), ("40000", "ledger")]);
        let first = 7 + 7 + 20;
        for len in (1..whole.len()).filter(|len| *len != first) {
            assert_eq!(Tree::parse(&whole[..len], ObjectFormat::Sha1), Err(TreeProblem::CutShort), "{len}");
        }
    }
}
