//! Scan: suspected identifiers in files, by class and place. Never their text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use super::drift::Progress;
use super::refused::{Refused, Verdict, Why};
use crate::dump::read::ReadAt;
use crate::dump::snapshot::Snapshot;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::{Account, Confidence, Finding};
use crate::model::taxonomy::{Class, Taxonomy};
use crate::scan::{Incomplete, Piece, Scan, Scanner, lint};

pub use crate::scan::NOT_ASSESSED;

/// What a scan of some targets found.
#[derive(Debug)]
pub struct ScanAnswer {
    /// Each target that was read.
    pub targets: Vec<ScannedTarget>,
    /// What was found in all of them, class by class, in the taxonomy's order.
    pub classes: Vec<ClassSummary>,
    /// What became of every byte of all of them.
    pub read: Account,
    /// Findings, listed or not.
    pub found: u64,
    /// What was found, and what could not be read or was not read to its end.
    pub reasons: Vec<Why>,
    /// The answer.
    pub verdict: Verdict,
}

/// One target and what was found in it.
#[derive(Debug)]
pub struct ScannedTarget {
    /// As it was named.
    pub name: String,
    /// What was found.
    pub scan: Scan,
}

/// The findings of one class.
#[derive(Debug)]
pub struct ClassSummary {
    /// The class.
    pub class: Class,
    /// Its findings, of those that are listed.
    pub count: u64,
    /// Its different values; none without a vault's key.
    pub values: Option<u64>,
    /// How they are encoded.
    pub encodings: BTreeSet<String>,
    /// How many there are of each confidence, the surest first.
    pub confidence: BTreeMap<std::cmp::Reverse<Confidence>, u64>,
}

/// Scans files with the taxonomy that the tool carries. Needs no repository, and commits to nothing.
///
/// # Errors
/// When the taxonomy does not compile, or no target is named.
pub fn scan_files(
    here: &Path,
    files: &[PathBuf],
    progress: impl Fn(u64) -> Box<Progress<'static>>,
) -> Result<ScanAnswer, Refused> {
    let taxonomy = Taxonomy::shipped();
    let scanner = Scanner::new(&taxonomy).map_err(|e| wrong_taxonomy("the default taxonomy", &e))?;
    let mut targets = Vec::new();
    let mut reasons = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match scan_file(&scanner, &here.join(file), &progress) {
            Ok(scan) => targets.push(ScannedTarget { name, scan }),
            Err((code, why)) => reasons.push(unread(code, &name, &why)),
        }
    }
    Ok(answer(&taxonomy, targets, reasons))
}

/// Judges a taxonomy that a person wrote.
///
/// # Errors
/// What is wrong with it.
pub fn check_taxonomy(name: &str, taxonomy: &Taxonomy) -> Result<(), Refused> {
    lint::lint(taxonomy).map(drop).map_err(|e| wrong_taxonomy(name, &e))
}

fn wrong_taxonomy(name: &str, error: &crate::scan::TaxonomyError) -> Refused {
    let help = miette::Diagnostic::help(error).map(|help| help.to_string()).unwrap_or_default();
    Refused::usage(name, error.to_string(), help)
}

/// Reads a whole file that stays as it is meanwhile; else the code of a reason, and why.
fn scan_file(
    scanner: &Scanner,
    path: &Path,
    progress: impl Fn(u64) -> Box<Progress<'static>>,
) -> Result<Scan, (&'static str, String)> {
    let unreadable = |e: std::io::Error| ("unreadable", e.to_string());
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(("unreadable", "it is no file".to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let before = Snapshot::take(&file).map_err(unreadable)?;
    let length = ReadAt::size(&file).map_err(unreadable)?;
    let whole = Piece { offset: 0, length, va: None };
    let scan = scanner.scan(&file, &[whole], &*progress(length));
    match before.still_holds(&file, path) {
        Ok(true) => scan.map_err(|e| ("unreadable", e.to_string())),
        _ => Err(("file-changed", "it changed while it was scanned".to_owned())),
    }
}

fn unread(code: &str, name: &str, why: &str) -> Why {
    let help = match code {
        "file-changed" => "wait until nothing writes it, then scan again",
        _ => "name a file that can be read",
    };
    Why { code: code.to_owned(), subject: name.to_owned(), message: format!("{name}: {why}"), help: help.to_owned() }
}

fn answer(taxonomy: &Taxonomy, targets: Vec<ScannedTarget>, mut reasons: Vec<Why>) -> ScanAnswer {
    let scans = || targets.iter().map(|target| &target.scan);
    let read = scans().fold(Account::default(), |sum, scan| sum.plus(&scan.account));
    let found = scans().map(|scan| scan.found).sum();
    let findings = || scans().flat_map(|scan| &scan.findings);
    let classes = taxonomy.class.iter().filter_map(|class| summary(class, findings())).collect();
    let undecided = !reasons.is_empty() || scans().any(|scan| scan.incomplete.is_some());
    for target in &targets {
        reasons.extend(target.scan.incomplete.map(|why| incomplete(&target.name, why)));
        reasons.extend((target.scan.found > 0).then(|| identifiers(&target.name, target.scan.found)));
    }
    let verdict = match (found, undecided) {
        (1.., _) => Verdict::No,
        (0, true) => Verdict::Undecided,
        (0, false) => Verdict::Yes,
    };
    ScanAnswer { targets, classes, read, found, reasons, verdict }
}

fn incomplete(name: &str, why: Incomplete) -> Why {
    Why {
        code: "scan-incomplete".to_owned(),
        subject: name.to_owned(),
        message: format!("{name} was not scanned to its end: {}", why.as_str()),
        help: "`read` says how many bytes were left out; scan them by smaller fragments, or look at them by hand"
            .to_owned(),
    }
}

fn identifiers(name: &str, found: u64) -> Why {
    Why {
        code: "identifiers-found".to_owned(),
        subject: name.to_owned(),
        message: format!("{found} suspected identifiers in {name}"),
        help: "mask them, then scan again; the list says where each one is".to_owned(),
    }
}

fn summary<'f>(class: &Class, findings: impl Iterator<Item = &'f Finding>) -> Option<ClassSummary> {
    let mut values: BTreeSet<KeyedBlake3> = BTreeSet::new();
    let mut all = ClassSummary {
        class: class.clone(),
        count: 0,
        values: None,
        encodings: BTreeSet::new(),
        confidence: BTreeMap::new(),
    };
    for finding in findings.filter(|finding| finding.class == class.id) {
        all.count += 1;
        values.extend(finding.commitment);
        if !all.encodings.contains(&finding.encoding) {
            all.encodings.insert(finding.encoding.clone());
        }
        *all.confidence.entry(std::cmp::Reverse(finding.confidence)).or_default() += 1;
    }
    all.values = (!values.is_empty()).then_some(values.len() as u64);
    (all.count > 0).then_some(all)
}
