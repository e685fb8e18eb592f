//! `regions`: every byte of a dump accounted for. Needs no repository, unless the dump is named by its key in the vault.

use std::path::Path;

use super::load::{self, Replay};
use super::steady::{Steady, unreadable};
use super::{Desk, Refused};
use crate::dump::layout;
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
