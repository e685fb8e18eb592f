//! Dropping any object, reference or file never turns *no* into *yes*.

use std::fs;
use std::path::{Path, PathBuf};

use packet::model::id::CommitId;
use packet::model::reason::ReasonCode;
use packet::model::time::Time;
use proptest::collection::vec;
use proptest::prelude::*;

use super::cases;
use super::nos::NOS;
use crate::sandbox::Sandbox;
use crate::verdict::{has, is_yes, now, verified};

/// A clone in which the release does not hold.
struct Refused {
    sandbox: Sandbox,
    genesis: CommitId,
    name: &'static str,
    now: Time,
}

impl Refused {
    fn because_of((name, make): super::nos::No) -> Self {
        let sandbox = Sandbox::new();
        let genesis = CommitId::new(sandbox.release()).unwrap();
        make(&sandbox);
        let refused = Self { sandbox, genesis, name, now: now() };
        assert!(refused.yes().is_none(), "{name}");
        refused
    }

    /// Every file of the repository that a verifier might read.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(&self.sandbox.repo().join(".git"), &mut files);
        files.retain(|file| !file.components().any(|c| c.as_os_str() == "hooks"));
        files.sort();
        files
    }

    /// How yes is said, if it is: by what the clone knows, or with the genesis given.
    fn yes(&self) -> Option<&'static str> {
        let anchor = self.sandbox.repo().join(".git/packet/checkout/anchor");
        let before = fs::read(&anchor).ok();
        let own = verified(&self.sandbox, None, self.now).is_some_and(|said| is_yes(&said));
        let given = verified(&self.sandbox, Some(&self.genesis), self.now).is_some_and(|said| is_yes(&said));
        match before {
            Some(bytes) => fs::write(&anchor, bytes).unwrap(),
            None => drop(fs::remove_file(&anchor)),
        }
        own.then_some("by the clone's own files").or(given.then_some("by the given genesis"))
    }

    /// Sets these files aside, asks, and puts them back.
    fn without(&self, files: &[PathBuf]) -> Option<&'static str> {
        let aside = self.sandbox.path("aside");
        fs::create_dir_all(&aside).unwrap();
        let place = |i: usize| aside.join(i.to_string());
        let moved: Vec<usize> = (0..files.len()).filter(|i| fs::rename(&files[*i], place(*i)).is_ok()).collect();
        let said = self.yes();
        moved.into_iter().for_each(|i| fs::rename(place(i), &files[i]).unwrap());
        said
    }

    fn stays_no_without(&self, files: &[PathBuf]) {
        if let Some(how) = self.without(files) {
            panic!("{}: yes {how} without {files:#?}", self.name);
        }
    }

    fn pack(&self) {
        self.sandbox.git(&["repack", "-adq"]);
        self.sandbox.git(&["pack-refs", "--all"]);
    }
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => list(&entry.path(), files),
            false => files.push(entry.path()),
        }
    }
}

/// One at a time, every one: loose, then packed.
#[test]
fn no_stays_no_without_any_one_file() {
    let mut dropped = 0;
    for no in NOS {
        let refused = Refused::because_of(no);
        for _ in 0..2 {
            let files = refused.files();
            files.iter().for_each(|file| refused.stays_no_without(std::slice::from_ref(file)));
            dropped += files.len();
            refused.pack();
        }
    }
    println!("{dropped} files dropped, one at a time, from {} histories", NOS.len());
}

/// Any set of them: the small ones that matter most, and objects.
#[test]
fn no_stays_no_without_any_set_of_files() {
    let histories: Vec<Refused> = NOS.into_iter().map(Refused::because_of).collect();
    let listed: Vec<Vec<PathBuf>> = histories.iter().map(Refused::files).collect();
    let set = (0..histories.len(), vec(any::<prop::sample::Index>(), 2..12), any::<u8>());
    let mut runner = proptest::test_runner::TestRunner::new(cases(256));
    let law = runner.run(&set, |(which, picks, few)| {
        let files = &listed[which];
        let objects = |file: &&PathBuf| file.components().any(|c| c.as_os_str() == "objects");
        let (objects, others): (Vec<_>, Vec<_>) = files.iter().partition(objects);
        let from = if few % 2 == 0 { &objects } else { &others };
        let mut dropped: Vec<PathBuf> = picks.iter().map(|pick| (*pick.get(from)).clone()).collect();
        dropped.push(picks[0].get(files).clone());
        dropped.sort();
        dropped.dedup();
        histories[which].stays_no_without(&dropped);
        Ok(())
    });
    law.unwrap();
}

/// The one exception of DESIGN.md, invariant 4: hiding the newest entries. A loose reference that is gone uncovers an
/// older packed one, or somebody moves the branch; the anchor then says `rewound`, and only without it yes is said.
#[test]
fn hiding_the_newest_entries_is_a_rewind() {
    for (name, make) in NOS.into_iter().take(5).filter(|(name, _)| *name != "a residual that lapsed") {
        let sandbox = Sandbox::new();
        let genesis = CommitId::new(sandbox.release()).unwrap();
        sandbox.git(&["pack-refs", "--all"]);
        make(&sandbox);
        fs::remove_file(sandbox.repo().join(".git/refs/heads/packet/checkout")).unwrap();
        for root in [None, Some(&genesis)] {
            let said = verified(&sandbox, root, now()).unwrap();
            assert!(!is_yes(&said) && has(&said, ReasonCode::Rewound), "{name}: {:?}", said.reasons);
        }
        fs::remove_file(sandbox.repo().join(".git/packet/checkout/anchor")).unwrap();
        let said = verified(&sandbox, Some(&genesis), now()).unwrap();
        assert!(is_yes(&said), "{name}: the neighbour without an anchor");
        assert_eq!(said.freshness.as_str(), "unproven");
    }
}
