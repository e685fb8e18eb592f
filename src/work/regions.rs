//! `regions` and `compare`: what is in a dump, and what differs between two. Neither needs a repository, unless a dump is
//! named by its key in the vault.

use std::path::Path;

use super::drift::Progress;
use super::load::{self, Replay};
use super::steady::{Steady, unreadable};
use super::{Desk, Refused};
use crate::dump::compare::Side;
use crate::dump::{self, layout, stacks};
use crate::model::comparison::{self, Comparison};
use crate::model::layout::Layout;
use crate::source::Vault;

/// A dump, and what it holds.
#[derive(Debug)]
pub struct RegionsAnswer {
    /// As it was named.
    pub dump: String,
    /// What it holds.
    pub layout: Layout,
}

/// Accounts for every byte of a dump: a file, or `vault:KEY` in the vault of the packet at `desk`.
///
/// # Errors
/// When the dump cannot be read, or changes while it is.
pub fn regions(
    dump: &str,
    here: &Path,
    desk: impl FnOnce() -> Result<Desk, Refused>,
) -> Result<RegionsAnswer, Refused> {
    let file = open(dump, here, desk)?;
    let layout = layout_of(&file)?;
    Ok(RegionsAnswer { dump: dump.to_owned(), layout })
}

/// Two dumps, and what differs.
#[derive(Debug)]
pub struct CompareAnswer {
    /// The first, as it was named.
    pub before: String,
    /// The second.
    pub after: String,
    /// What differs.
    pub comparison: Comparison,
}

/// Whether backtraces are compared too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacks {
    /// They are.
    Compared,
    /// They are not.
    Left,
}

/// Compares two dumps, each a file or `vault:KEY`.
///
/// # Errors
/// When a dump cannot be read, or changes while it is.
pub fn compare(
    [before, after]: [&str; 2],
    stacks: Stacks,
    here: &Path,
    desk: impl Fn() -> Result<Desk, Refused>,
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<CompareAnswer, Refused> {
    let files = [open(before, here, &desk)?, open(after, here, &desk)?];
    let layouts = [layout_of(&files[0])?, layout_of(&files[1])?];
    let side = |at: usize| Side { bytes: &files[at].file, layout: &layouts[at] };
    let progress = progress(files[0].bytes());
    // Which of the two could not be read, the system does not say.
    let failed = |error| match error {
        layout::DumpError::Unreadable(error) => unreadable(&files[0].path, &error),
    };
    let mut comparison = dump::compare::compare(side(0), side(1), &*progress).map_err(failed)?;
    if stacks == Stacks::Compared {
        let trace = |at: usize| stacks::backtraces(&files[at].file, &layouts[at]).map_err(failed);
        comparison.stacks = Some(comparison::stacks(&trace(0)?, &trace(1)?));
    }
    files.iter().try_for_each(Steady::still_holds)?;
    Ok(CompareAnswer { before: before.to_owned(), after: after.to_owned(), comparison })
}

/// Opens a dump that is to be looked at and not recorded.
pub(super) fn open(dump: &str, here: &Path, desk: impl FnOnce() -> Result<Desk, Refused>) -> Result<Steady, Refused> {
    let Some(key) = dump.strip_prefix("vault:") else { return Steady::open(&here.join(dump)) };
    let packet = load::load(&desk()?, None, Replay::Cached)?.packet;
    let (file, path) = Vault::open(&packet.content.charter.vault().url)?.open_capture(key)?;
    Steady::of(file, path)
}

/// The layout of a file that stays as it is meanwhile.
pub(super) fn layout_of(file: &Steady) -> Result<Layout, Refused> {
    let layout = layout::layout(&file.file).map_err(|error| match error {
        layout::DumpError::Unreadable(error) => unreadable(&file.path, &error),
    });
    file.still_holds()?;
    layout
}
