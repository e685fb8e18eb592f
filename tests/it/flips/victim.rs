//! A repository with one release, and what is said of it after each piece of damage.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use packet::model::id::CommitId;
use packet::model::time::Time;

use crate::sandbox::Sandbox;
use crate::verdict::{PATIENCE, is_yes, now, verified};

/// What is said of a damaged release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// No, or could not decide.
    Refused,
    /// Yes; the whole answer, and whether the tag is missing.
    Yes { verdict: String, tag_is_missing: bool },
}

/// How many pieces of damage there were, and what was said.
#[derive(Debug, Default)]
pub struct Tally {
    pub cases: usize,
    pub refused: usize,
    pub identical: usize,
    pub without_tag: usize,
}

/// A release that holds, and the one answer about it that may be repeated.
pub struct Victim {
    pub sandbox: Sandbox,
    pub genesis: CommitId,
    pub now: Time,
    whole: String,
}

impl Victim {
    /// A release with an accepted residual, a withdrawn objection, a proposal and a check beside it: every kind of file.
    pub fn released(format: &str) -> Self {
        let sandbox = Sandbox::with_git_init(&["-b", "main", &format!("--object-format={format}")]);
        let genesis = sandbox.with_evidence();
        let accepted = sandbox.object("triage-agent", "identifier-leakage", "fragment:stack@100+16");
        let accept = ["accept-residual", &accepted, "--rationale", "masked; its length is accepted"];
        sandbox.packet("release-owner", &accept).exits(0);
        let withdrawn = sandbox.object("privacy-lead", "audience-boundary", "lane");
        sandbox.packet("privacy-lead", &["withdraw", &withdrawn, "-m", "the lane is right"]).exits(0);
        sandbox.packet("reliability", &["drift", "--record"]).exits(0);
        let commit = sandbox.draft_and_sign();
        sandbox.packet("release-owner", &["approve", "--confirm", &commit]).exits(0);
        Self::of(sandbox, &genesis)
    }

    /// The release that a sandbox has.
    pub fn of(sandbox: Sandbox, genesis: &str) -> Self {
        let mut victim = Self { sandbox, genesis: CommitId::new(genesis).unwrap(), now: now(), whole: String::new() };
        let Said::Yes { verdict, tag_is_missing: false } = victim.says() else { panic!("the release does not hold") };
        victim.whole = verdict;
        victim
    }

    pub fn git_dir(&self) -> PathBuf {
        self.sandbox.repo().join(".git")
    }

    /// What a verifier says who knows the genesis and saw no head before: an anchor would only add reasons.
    pub fn says(&self) -> Said {
        fs::remove_file(self.git_dir().join("packet/checkout/anchor")).ok();
        match verified(&self.sandbox, Some(&self.genesis), self.now) {
            Some(mut said) if is_yes(&said) => {
                let tag_is_missing = said.warnings.iter().any(|w| w.starts_with("tag-missing"));
                said.warnings.retain(|w| !w.starts_with("tag-missing"));
                Said::Yes { verdict: format!("{said:?}"), tag_is_missing }
            }
            _ => Said::Refused,
        }
    }

    /// What the built program says.
    pub fn program_says(&self) -> i32 {
        fs::remove_file(self.git_dir().join("packet/checkout/anchor")).ok();
        let root = self.genesis.to_string();
        self.sandbox.json("ci-service", &["-p", self.sandbox.packet, "verify", "--root", &root]).code
    }

    /// Puts each of these bytes in the place of a file, one after the other, and the file back at the end.
    pub fn damage(&self, file: &Path, tally: &mut Tally, pieces: impl Iterator<Item = (String, Vec<u8>)>) {
        let before = fs::read(file).unwrap();
        for (what, bytes) in pieces {
            put(file, &bytes);
            let started = Instant::now();
            let said = catch_unwind(AssertUnwindSafe(|| self.says()));
            let said = said.unwrap_or_else(|_| panic!("a panic: {what} of {}", file.display()));
            let took = started.elapsed();
            assert!(took < PATIENCE, "{took:?}: {what} of {}", file.display());
            self.count(tally, said, &format!("{what} of {}", file.display()));
        }
        put(file, &before);
    }

    /// Refused, or the very same answer. That the tag is gone is a warning, whoever removed it (FORMAT.md).
    pub fn count(&self, tally: &mut Tally, said: Said, what: &str) {
        tally.cases += 1;
        match said {
            Said::Refused => tally.refused += 1,
            Said::Yes { verdict, tag_is_missing } => {
                assert_eq!(verdict, self.whole, "another verdict: {what}");
                if tag_is_missing {
                    tally.without_tag += 1;
                } else {
                    tally.identical += 1;
                }
            }
        }
    }

    /// Every object that branch and tag reach, with its kind and bytes.
    pub fn objects(&self) -> BTreeMap<String, (String, Vec<u8>)> {
        let listed = self.sandbox.git(&["rev-list", "--objects", "--no-object-names", "--all"]);
        listed.lines().map(|id| (id.to_owned(), self.object(id))).collect()
    }

    fn object(&self, id: &str) -> (String, Vec<u8>) {
        let kind = self.sandbox.git(&["cat-file", "-t", id]);
        let mut git = Command::new("git");
        self.sandbox.bare(&mut git).current_dir(self.sandbox.repo()).stdin(Stdio::null());
        let bytes = git.args(["cat-file", &kind, id]).output().unwrap().stdout;
        (kind, bytes)
    }

    /// The file of a loose object.
    pub fn loose(&self, id: &str) -> PathBuf {
        self.git_dir().join("objects").join(&id[..2]).join(&id[2..])
    }
}

/// Objects are read-only files: another takes its place.
fn put(file: &Path, bytes: &[u8]) {
    fs::remove_file(file).ok();
    fs::write(file, bytes).unwrap();
}
