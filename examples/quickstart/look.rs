//! A look at what the vault holds, and a search of the repository for what was planted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::crash::PLANTED;
use super::mask::find;
use super::place::Place;
use super::{Outcome, say};

/// Lists every file of the vault with the number of planted texts in it.
pub(crate) fn at_the_vault(place: &Place) -> Outcome<()> {
    let vault = place.path("vault");
    say("\nThe vault holds the raw dump, its commitment key, and every sanitized range that was ever staged:");
    for file in files_below(&vault)? {
        let bytes = fs::read(&file)?;
        let name = file.strip_prefix(&vault)?.display().to_string();
        let hits = find(&bytes, &PLANTED).len();
        say(format_args!("  {hits} planted texts in {:>6} bytes of {name}", bytes.len()));
    }
    Ok(())
}

/// Searches every object and every file of the repository for the planted texts; one hit ends the story.
pub(crate) fn at_the_repository(place: &Place) -> Outcome<()> {
    let list = place.run(git(place).args(["cat-file", "--batch-all-objects", "--batch-check"]))?;
    let objects = list.iter().filter(|b| **b == b'\n').count();
    // Unpacked, with the unreachable ones: a compressed file alone would hide a text from the search.
    let contents = place.run(git(place).args(["cat-file", "--batch-all-objects", "--batch"]))?;
    let mut hits = find(&contents, &PLANTED).len();
    let files = files_below(&place.path("repo"))?;
    for file in &files {
        hits += find(&fs::read(file)?, &PLANTED).len();
    }
    say(format_args!("\nThe repository: {objects} git objects and {} files, {hits} planted texts", files.len()));
    if hits != 0 {
        return Err("a planted text reached the repository".into());
    }
    Ok(())
}

fn git(place: &Place) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(place.path("repo"));
    git
}

fn files_below(directory: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}
