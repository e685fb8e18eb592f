//! The workshop: one set of keys and one vault for all histories, and the bases, each built once and then copied.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::format::{Base, Ready, read_bases, read_family};
use super::scene::{START, Scene};
use crate::sandbox::Sandbox;

/// Keys that some charters or attacks need beside everybody's own.
const MORE_KEYS: [&str; 6] = ["stranger", "second-key", "privacy-two", "old-key", "new-key", "governor"];

/// Where histories are made.
pub struct Workshop {
    root: Sandbox,
    bases: BTreeMap<String, Scene>,
}

/// The directory of the corpus.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every case and neighbour of every family, each history once.
pub fn all_cases() -> Vec<Ready> {
    let files = fs::read_dir(corpus()).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = files.filter(|f| f.extension().is_some_and(|e| e == "toml")).collect();
    files.retain(|f| f.file_stem().is_some_and(|s| s != "bases"));
    files.sort();
    let mut seen = std::collections::BTreeSet::new();
    files.iter().flat_map(|f| read_family(f)).filter(|ready| seen.insert(ready.essence.clone())).collect()
}

impl Workshop {
    /// An empty workshop in this directory, or in one that goes away with it.
    pub fn new(dir: Option<&Path>) -> Self {
        let root = Sandbox::workshop(dir);
        for key in MORE_KEYS {
            root.new_key(key);
        }
        Self { root, bases: BTreeMap::new() }
    }

    /// Where it is.
    pub fn dir(&self) -> PathBuf {
        self.root.path("")
    }

    /// Builds the bases that these cases start from.
    pub fn build(&mut self, cases: &[Ready]) {
        let bases = read_bases(&corpus().join("bases.toml"));
        let names: std::collections::BTreeSet<&str> = cases.iter().map(|c| c.case.base.as_str()).collect();
        for name in names {
            self.base(&bases, name);
        }
    }

    fn base(&mut self, bases: &[Base], name: &str) {
        if self.bases.contains_key(name) {
            return;
        }
        let (plain, sha256) = match name.strip_suffix("-sha256") {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let base = bases.iter().find(|b| b.name == plain).unwrap_or_else(|| panic!("no base `{plain}`"));
        let dir = self.root.path("bases").join(name);
        let mut scene = match &base.on {
            None => self.empty(&dir, sha256),
            Some(on) => {
                let on = if sha256 { format!("{on}-sha256") } else { on.clone() };
                self.base(bases, &on);
                self.bases[&on].copied(&dir)
            }
        };
        for step in &base.steps {
            scene.step(step, false);
        }
        scene.landed.clear();
        self.bases.insert(name.to_owned(), scene);
    }

    fn empty(&self, dir: &Path, sha256: bool) -> Scene {
        fs::create_dir_all(dir).unwrap();
        let sandbox = self.root.beside(dir);
        let format = if sha256 { "--object-format=sha256" } else { "--object-format=sha1" };
        let repo = sandbox.repo();
        sandbox.run(Command::new("git").args(["init", "-q", "--bare", "--template=", format]).arg(repo));
        let masked = self.root.path("a.dmp.masked").display().to_string();
        let words = BTreeMap::from([("masked".to_owned(), masked)]);
        Scene { sandbox, words, clock: START, faketime: faketime(&self.root), landed: Vec::new() }
    }

    /// A case's own history, at its beginning.
    pub fn scene(&self, ready: &Ready) -> Scene {
        let base = self.bases.get(&ready.case.base).expect("bases were built");
        base.copied(&self.root.path(&ready.family).join(&ready.case.name))
    }
}

/// The library that the faketime program preloads.
fn faketime(sandbox: &Sandbox) -> String {
    let said = sandbox.run(Command::new("faketime").args(["-f", "2026-11-23 12:00:00", "env"]));
    said.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).expect("faketime preloads").to_owned()
}
