//! Files that must stay as they are while they are read.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Refused, Verdict};
use crate::dump::snapshot::Snapshot;

/// An open file that must not change while it is read: a commitment to bytes that nobody can find again is worse than none.
pub(super) struct Steady {
    /// Open for reading.
    pub(super) file: File,
    /// Where it lies.
    pub(super) path: PathBuf,
    snapshot: Snapshot,
}

impl Steady {
    /// An open file.
    pub(super) fn of(file: File, path: PathBuf) -> Result<Self, Refused> {
        let snapshot = Snapshot::take(&file).map_err(|e| unreadable(&path, &e))?;
        Ok(Self { file, path, snapshot })
    }

    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> Result<Self, Refused> {
        let file = File::open(path).map_err(|e| unreadable(path, &e))?;
        if !file.metadata().is_ok_and(|m| m.is_file()) {
            let message = format!("{} is not a regular file", path.display());
            return Err(Refused::usage(path.display().to_string(), message, "copy it into a file first"));
        }
        Self::of(file, path.to_owned())
    }

    /// Its length.
    pub(super) fn bytes(&self) -> u64 {
        self.snapshot.size()
    }

    /// Refuses when it changed since it was opened.
    pub(super) fn still_holds(&self) -> Result<(), Refused> {
        match self.snapshot.still_holds(&self.file, &self.path) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let message = format!("{} changed while it was read", self.path.display());
                let help = "wait until nothing writes it, then run the same command again; nothing was staged";
                Err(Refused::new(Verdict::No, "file-changed", self.path.display().to_string(), message, help))
            }
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }
}

/// Says that a file cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Refused {
    let subject = path.display().to_string();
    Refused::new(
        Verdict::Undecided,
        "unreadable",
        &subject,
        format!("{subject}: {error}"),
        format!("ls -l '{subject}'"),
    )
}
