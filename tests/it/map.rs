//! The map of the rooms holds: imports go down only, and what one room alone may name, no other names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may know, as docs/architecture.md says.
const MAP: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("gate", &["model"]),
    ("history", &["model", "gate"]),
    ("sign", &["model"]),
    ("store", &["model"]),
    ("dump", &["model"]),
    ("scan", &["model", "dump"]),
    ("source", &["model", "dump"]),
    ("work", &["model", "gate", "history", "sign", "store", "dump", "scan", "source"]),
    ("report", &["model", "work"]),
    ("cli", &["model", "sign", "store", "work", "report"]),
];

fn sources(room: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(room).unwrap().map(|e| e.unwrap().path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs"));
    let mut found: Vec<_> = rust.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect();
    found.extend(dirs.iter().flat_map(|dir| sources(dir)));
    found
}

/// The code of a file that runs: without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let running = text.split("#[cfg(test)]").next().unwrap_or_default();
    running.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn rooms_named(code: &str) -> BTreeSet<&str> {
    let names = code.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap());
    names.filter(|name| MAP.iter().any(|(room, _)| room == name)).collect()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn imports_go_down_only() {
    let rooms: BTreeSet<_> = fs::read_dir(src()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    assert_eq!(rooms.len(), MAP.len(), "every room is on the map: {rooms:?}");
    for (room, may_know) in MAP {
        for (file, text) in sources(&src().join(room)) {
            for named in rooms_named(&code(&text)) {
                assert!(named == *room || may_know.contains(&named), "{} names {named}", file.display());
            }
        }
    }
}

#[test]
fn only_the_git_room_names_gix() {
    for (file, text) in sources(&src()).iter().filter(|(file, _)| !file.starts_with(src().join("store/git"))) {
        assert!(!code(text).contains("gix::") && !code(text).contains("use gix"), "{}", file.display());
    }
}
