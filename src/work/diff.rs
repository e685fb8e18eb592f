//! Reading content: one file, or how two revisions differ.

use std::collections::BTreeMap;

use super::load::{self, Replay};
use super::stage;
use super::{Desk, Refused};
use crate::model::commit::Commit;
use crate::model::id::{ActorId, CommitId, TreeId};

/// A file as it is stored.
#[derive(Debug)]
pub struct Shown {
    /// Its path; none for the list of paths.
    pub path: Option<String>,
    /// Its text, or the list of paths.
    pub text: String,
    /// The paths, when no path was given.
    pub files: Vec<String>,
}

/// Shows a file of the packet, or lists them.
///
/// # Errors
/// When there is no such file, or the packet cannot be loaded.
pub fn show(desk: &Desk, path: Option<&str>) -> Result<Shown, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let tree = &snapshot.packet.tree;
    let Some(path) = path else {
        let files = all_files(desk, tree)?.into_keys().collect::<Vec<_>>();
        return Ok(Shown { path: None, text: files.join("\n"), files });
    };
    match desk.repo.blob_at(tree, path)? {
        Some(bytes) => {
            Ok(Shown { path: Some(path.to_owned()), text: String::from_utf8_lossy(&bytes).into_owned(), files: vec![] })
        }
        None => {
            Err(Refused::usage(path, format!("there is no file {path} in this packet"), "packet show   lists them"))
        }
    }
}

type Files = BTreeMap<String, std::sync::Arc<[u8]>>;

fn all_files(desk: &Desk, tree: &TreeId) -> Result<Files, Refused> {
    let changes = desk.repo.trees().changes(None, tree)?;
    Ok(changes.into_iter().filter_map(|c| c.blob.map(|blob| (c.path, blob))).collect())
}

/// What happened to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// Its text before, if it was there.
    pub before: Option<String>,
    /// Its text after, if it is there.
    pub after: Option<String>,
}

/// How the packet differs between two commits; without any, what the actor staged.
///
/// # Errors
/// When a commit is not on the branch, or objects cannot be read.
pub fn diff(
    desk: &Desk,
    actor: Option<&ActorId>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<Vec<FileDiff>, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    let packet = &snapshot.packet;
    let Some(from) = from else {
        let staged = actor.map(|id| stage::read(desk, id)).transpose()?.flatten();
        let before = |path: &str| packet.content_bytes(path).map(|b| String::from_utf8_lossy(b).into_owned());
        let diff = |c: &crate::model::stage::StagedChange| FileDiff {
            path: c.path.clone(),
            before: before(&c.path),
            after: c.text.clone(),
        };
        return Ok(staged.map(|s| s.change.iter().map(diff).collect()).unwrap_or_default());
    };
    let chain = desk.repo.chain(&packet.head, None)?;
    let old = all_files(desk, &tree_at(&chain, from)?)?;
    let new = match to {
        Some(to) => all_files(desk, &tree_at(&chain, to)?)?,
        None => all_files(desk, &packet.tree)?,
    };
    Ok(differences(&old, &new))
}

fn differences(old: &Files, new: &Files) -> Vec<FileDiff> {
    let text = |files: &Files, path: &str| files.get(path).map(|b| String::from_utf8_lossy(b).into_owned());
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let changed = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
    changed.map(|path| FileDiff { path: path.clone(), before: text(old, path), after: text(new, path) }).collect()
}

/// The tree of a revision, by its number or by its commit.
fn tree_at(chain: &[(CommitId, Vec<u8>)], name: &str) -> Result<TreeId, Refused> {
    let number: Option<u32> = name.parse().ok().filter(|_| name.len() < 10);
    let entries = chain.iter().filter_map(|(id, bytes)| Commit::parse(bytes).ok().map(|c| (id, c.unsigned)));
    let mut found = entries.filter(|(id, c)| match number {
        Some(n) => c.message.revision == n,
        None => name.len() >= 4 && id.as_str().starts_with(name),
    });
    let unknown = || {
        let message = format!("`{name}` is no revision or commit of this packet");
        Refused::usage(name, message, "packet log   lists entries with their revisions")
    };
    // Of a revision's entries the oldest made it.
    let (_, commit) = found.next().ok_or_else(unknown)?;
    if number.is_none() && found.next().is_some() {
        return Err(Refused::usage(name, format!("`{name}` names several commits"), "type more digits"));
    }
    Ok(commit.tree)
}
