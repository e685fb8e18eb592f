//! One history while it is made: a repository of its own, the words that steps know things by, and a clock that stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use packet::model::canonical::Stored as _;
use packet::model::fragment::Fragment;
use packet::model::surroundings::Surroundings;
use packet::model::time::Time;

use super::format::Swap;
use crate::forge::Forge;
use crate::sandbox::{Answer, Sandbox};

/// The second at which every history begins: 2026-11-23T12:00:00Z.
pub const START: i64 = 1_795_435_200;

/// A history that grows.
pub struct Scene {
    /// Its repository, and the keys and the vault that all share.
    pub sandbox: Sandbox,
    /// What steps know things by.
    pub words: BTreeMap<String, String>,
    /// The clock, in seconds.
    pub clock: i64,
    /// The library that makes a program's clock stand.
    pub faketime: String,
    /// Entries made by hand that landed, each with the head before it and whether something is wrong in it.
    pub landed: Vec<(String, String, bool)>,
}

impl Scene {
    /// The forge of this history.
    pub fn forge(&self) -> Forge<'_> {
        Forge::on(&self.sandbox)
    }

    /// The same history in a directory of its own.
    pub fn copied(&self, dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        copy(&self.sandbox.repo(), &dir.join("repo"));
        Self {
            sandbox: self.sandbox.beside(dir),
            words: self.words.clone(),
            clock: self.clock,
            faketime: self.faketime.clone(),
            landed: Vec::new(),
        }
    }

    /// A program whose clock stands `ahead` seconds after the history's.
    pub fn at(&self, command: &mut Command, ahead: i64) {
        let when = Time::from_seconds(self.clock + ahead).unwrap().to_string().replace('T', " ").replace('Z', "");
        command.env("LD_PRELOAD", &self.faketime).env("FAKETIME", when).env("TZ", "UTC");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }

    /// The built program, by an actor.
    pub fn packet(&self, by: &str, arguments: &[String]) -> Answer {
        let mut command = self.sandbox.command(by);
        self.at(&mut command, 0);
        self.sandbox.answer(command.arg("--json").args(arguments))
    }

    /// Runs git in the repository, by the history's clock.
    pub fn git(&self, arguments: &[String]) -> String {
        let mut command = Command::new("git");
        self.sandbox.bare(&mut command).current_dir(self.sandbox.repo());
        let date = format!("{} +0000", self.clock);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The git directory.
    pub fn git_dir(&self) -> PathBuf {
        self.sandbox.repo()
    }

    /// Remembers a word.
    pub fn learn(&mut self, word: &str, means: impl Into<String>) {
        self.words.insert(word.to_owned(), means.into());
    }

    /// The file of a loose object.
    pub fn object_file(&self, id: &str) -> PathBuf {
        self.git_dir().join("objects").join(&id[..2]).join(&id[2..])
    }

    /// A text with its `{words}` replaced, innermost first. What stands in braces and is no word is left alone.
    pub fn say(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((start, end)) = innermost(&text) {
            let word = &text[start + 1..end];
            let means = self.word(word).unwrap_or_else(|| panic!("nobody knows the word {{{word}}}"));
            text.replace_range(start..=end, &means);
        }
        text
    }

    fn word(&self, word: &str) -> Option<String> {
        if let Some(means) = self.words.get(word) {
            return Some(means.clone());
        }
        let forge = self.forge();
        match word.split_once(':') {
            None => match word {
                "head" => Some(self.sandbox.head()),
                "time" => Some(forge.time().to_string()),
                "branch" => Some(forge.branch()),
                "repo" => Some(self.git_dir().display().to_string()),
                "dir" => Some(self.sandbox.path("").display().to_string()),
                "vault" => Some(self.sandbox.path("vault").display().to_string()),
                "clock" => Some(Time::from_seconds(self.clock).unwrap().to_string()),
                "esc" => Some("\u{1b}".to_owned()),
                "bell" => Some("\u{7}".to_owned()),
                "bom" => Some("\u{feff}".to_owned()),
                "rlo" => Some("\u{202e}".to_owned()),
                "vault-key" => forge.file("sources/vault.toml").split("key = \"").nth(1).map(|k| k[..16].to_owned()),
                "nul" => Some("\0".to_owned()),
                _ => None,
            },
            Some(("rev", name)) => Some(self.sandbox.git(&["rev-parse", name])),
            Some(("file", path)) => Some(forge.file(path)),
            Some(("raw", fragment)) => {
                let file = forge.file(&format!("fragments/{fragment}.toml"));
                file.split("keyed_blake3 = \"").nth(1).map(|commitment| commitment[..64].to_owned())
            }
            Some(("sanitized", fragment)) => {
                let file = forge.file(&format!("fragments/{fragment}.toml"));
                let section = file.split("[sanitized]").nth(1)?.split("blake3 = \"").nth(1);
                section.map(|digest| digest[..64].to_owned())
            }
            Some(("around", fragment)) => {
                let fragments = self.fragments();
                let of = fragments.iter().find(|f| f.id.as_str() == fragment)?;
                Some(Surroundings::of(fragments.iter()).around(of).to_string())
            }
            Some(("taxonomy", _)) => Some(blake3::hash(forge.file("taxonomy.toml").as_bytes()).to_string()),
            Some(("commit", id)) => Some(forge.commit(id) + "\n"),
            Some(("file-at", of)) => {
                of.split_once(',').map(|(id, path)| self.sandbox.git(&["show", &format!("{id}:{path}")]) + "\n")
            }
            Some(("key", name)) => Some(self.sandbox.public_key(name)),
            Some(("ledger", id)) => Some(format!("ledger/{}/{id}.toml", &id[id.len() - 2..])),
            Some(("later", by)) => Some(Time::from_seconds(self.clock + seconds(by)).unwrap().to_string()),
            Some(("at", by)) => Some(Time::from_seconds(forge.time() + seconds(by)).unwrap().to_string()),
            Some(("times", of)) => of.split_once(',').map(|(n, what)| what.repeat(n.parse().unwrap())),
            Some(("sign", of)) => self.signature_of(of),
            Some(_) => None,
        }
    }

    fn fragments(&self) -> Vec<Fragment> {
        let forge = self.forge();
        let listed = self.sandbox.git(&["ls-tree", "--name-only", &forge.branch(), "fragments/"]);
        listed.lines().map(|path| Fragment::decode(forge.file(path).as_bytes()).unwrap()).collect()
    }

    /// `KEY,NAMESPACE,TEXT`: a signature in passing.
    fn signature_of(&self, of: &str) -> Option<String> {
        let mut parts = of.splitn(3, ',');
        let (key, namespace, text) = (parts.next()?, parts.next()?, parts.next()?);
        Some(self.forge().sign(key, super::entry::namespace(namespace), text.as_bytes()))
    }

    /// What the history's directory holds, to tell whether a step did anything.
    pub fn fingerprint(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.sandbox.path(""), &mut found);
        found.sort();
        found
    }
}

/// The innermost braces that hold a word: letters, and after a colon anything but braces.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let mut open = None;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open = Some(at),
            '}' => match open {
                Some(start) if is_word(&text[start + 1..at]) => return Some((start, at)),
                _ => open = None,
            },
            _ => {}
        }
    }
    None
}

fn is_word(text: &str) -> bool {
    let head = text.split(':').next().unwrap_or_default();
    !head.is_empty()
        && head.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '^'))
}

/// Seconds of `+72h`, `-5m`, `+1s`.
pub fn seconds(text: &str) -> i64 {
    let unit = match text.chars().last() {
        Some('h') => 3600,
        Some('m') => 60,
        Some('s') => 1,
        _ => panic!("`{text}` is no length of time"),
    };
    text[..text.len() - 1].parse::<i64>().unwrap() * unit
}

/// Replaces in a text, words said first.
pub fn swapped(scene: &Scene, text: &str, swaps: &[Swap]) -> String {
    swaps.iter().fold(text.to_owned(), |text, [from, to]| swap(&text, &scene.say(from), &scene.say(to)))
}

/// Replaces the first; `*` before what is replaced means every one, `^` alone the start, `$` alone the end, `\\z` alone
/// the last line break. A replacement that does nothing is an error.
pub fn swap(text: &str, from: &str, to: &str) -> String {
    let after = match from {
        "^" => format!("{to}{text}"),
        "$" => format!("{text}{to}"),
        "\\z" => text.strip_suffix('\n').unwrap_or(text).to_owned() + to,
        every if every.len() > 1 && every.starts_with('*') => text.replace(&every[1..], to),
        first => text.replacen(first, to, 1),
    };
    assert_ne!(after, text, "`{from}` replaced by `{to}` does nothing");
    after
}

fn walk(dir: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => walk(&path, found),
            kind if kind.is_symlink() => {
                found.push((path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()));
            }
            _ if path.parent().unwrap().ends_with("pack") => found.push((path, Vec::new())),
            _ => {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
}

/// Copies a directory; links stay links.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&path, &target),
            kind if kind.is_symlink() => std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), &target).unwrap(),
            _ => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}
