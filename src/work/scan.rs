//! Scan: suspected identifiers in files, by class and place. Never their text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use compact_str::CompactString;

use super::Desk;
use super::drift::Progress;
use super::findings::{self, Scanned};
use super::inspect::pieces_of;
use super::load::{self, Replay};
use super::parts;
use super::refused::{Refused, Verdict, Why};
use crate::dump::layout::layout;
use crate::dump::read::ReadAt;
use crate::dump::snapshot::Snapshot;
use crate::gate;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::{Account, Confidence, Finding};
use crate::model::id::{ClassId, CommitId, FragmentId};
use crate::model::layout::Layout;
use crate::model::region::RegionKind;
use crate::model::scanned::Side;
use crate::model::taxonomy::{Class, Taxonomy};
use crate::scan::parts::Parts;
use crate::scan::{Incomplete, MAX_FINDINGS, Scan, Scanner, lint};
use crate::sign::Signer;

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
    /// The entry that recorded it, if anything was new.
    pub recorded: Option<CommitId>,
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
    /// Which of its bytes, when it is a fragment.
    pub side: Option<Side>,
    /// The kind of region that each finding lies in, in their order.
    pub kinds: Vec<Option<RegionKind>>,
    /// What was found.
    pub scan: Scan,
}

/// How many of a class's values are told one by one.
const FREQUENT: usize = 10;

/// The findings of one class.
#[derive(Debug)]
pub struct ClassSummary {
    /// The class.
    pub class: Class,
    /// Its findings, of those that are listed.
    pub count: u64,
    /// Its different values; none without a vault's key.
    pub values: Option<u64>,
    /// The values found most often, and how often: a few of them are most of what a heap holds.
    pub frequent: Vec<(KeyedBlake3, u64)>,
    /// How many lie in each kind of region.
    pub regions: BTreeMap<RegionKind, u64>,
    /// How they are encoded.
    pub encodings: BTreeSet<CompactString>,
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
        match scan_file(&taxonomy, &scanner, &here.join(file), &progress) {
            Ok((scan, layout)) => {
                let kinds = scan.findings.iter().map(|f| kind_at(&layout, f)).collect();
                targets.push(ScannedTarget { name, side: None, kinds, scan });
            }
            Err((code, why)) => reasons.push(unread(code, &name, &why)),
        }
    }
    Ok(answer(&taxonomy, targets, reasons))
}

/// Scans fragments where their bytes lie, raw and sanitized, by the packet's taxonomy; all of them when none is named. With
/// a `recorder`, what is new goes on record.
///
/// # Errors
/// When there is no such fragment, or what is new cannot be recorded.
pub fn scan_fragments(
    desk: &Desk,
    named: &[FragmentId],
    recorder: Option<&Signer>,
    progress: impl Fn(u64) -> Box<Progress<'static>>,
) -> Result<ScanAnswer, Refused> {
    let Scanned { packet, inspection, recorded, too_many } = match recorder {
        Some(signer) => findings::record(desk, signer, named, progress)?,
        None => findings::scan(desk, named, progress)?,
    };
    let mut targets = Vec::new();
    let mut reasons = too_many;
    for fragment_scan in &inspection.scans {
        let name = fragment_scan.fragment.to_string();
        let kind = packet.content.fragments.get(&fragment_scan.fragment).and_then(|fragment| fragment.kind);
        for side in &fragment_scan.scanned {
            let findings: Vec<Finding> = side.findings().collect();
            let (found, kinds) = (findings.len() as u64, vec![kind; findings.len()]);
            let scan = Scan { findings, found, account: Account::default(), incomplete: None };
            targets.push(ScannedTarget { name: name.clone(), side: Some(side.of), kinds, scan });
        }
        reasons.extend(gate::incomplete(fragment_scan).map(Why::from));
    }
    let answer = answer(&packet.content.taxonomy, targets, reasons);
    Ok(ScanAnswer { read: inspection.account, recorded, ..answer })
}

/// Whether there is such a fragment in the packet here, if there is one.
pub fn is_fragment(desk: Result<Desk, Refused>, id: &FragmentId) -> bool {
    let packet = desk.and_then(|desk| Ok(load::load(&desk, None, Replay::Cached)?.packet));
    packet.is_ok_and(|packet| packet.content.fragments.contains_key(id))
}

/// The kind of region that a finding begins in; none where nothing is known of the file.
fn kind_at(layout: &Layout, finding: &Finding) -> Option<RegionKind> {
    let region = layout.covering(finding.offset, 1).next()?;
    (region.kind != RegionKind::Unattributed).then_some(region.kind)
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
    taxonomy: &Taxonomy,
    scanner: &Scanner,
    path: &Path,
    progress: impl Fn(u64) -> Box<Progress<'static>>,
) -> Result<(Scan, Layout), (&'static str, String)> {
    let unreadable = |e: std::io::Error| ("unreadable", e.to_string());
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(("unreadable", "it is no file".to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let before = Snapshot::take(&file).map_err(unreadable)?;
    let length = ReadAt::size(&file).map_err(unreadable)?;
    let layout = layout(&file).map_err(|e| ("unreadable", e.to_string()))?;
    let scan = scanner.scan(&file, &pieces_of(&layout, 0, length), &*progress(length)).map_err(|e| e.to_string());
    let scan = scan.and_then(|scan| with_parts(taxonomy, &file, &layout, scan).map_err(|e| e.to_string()));
    match before.still_holds(&file, path) {
        Ok(true) => scan.map(|scan| (scan, layout)).map_err(|why| ("unreadable", why)),
        _ => Err(("file-changed", "it changed while it was scanned".to_owned())),
    }
}

/// Adds what stands in registers and at severed edges of values that were found whole.
fn with_parts(taxonomy: &Taxonomy, file: &File, layout: &Layout, mut scan: Scan) -> std::io::Result<Scan> {
    let places = parts::of_dump(layout);
    if places.is_empty() {
        return Ok(scan);
    }
    let mut known = Parts::default();
    known.gather(file, scan.findings.iter().filter(|finding| taxonomy.stops(finding)))?;
    let found = known.find(file, &places, &scan.findings)?;
    scan.found += found.len() as u64;
    scan.findings.extend(found);
    scan.findings.sort_by_key(|finding| (finding.offset, finding.length));
    scan.findings.truncate(MAX_FINDINGS);
    Ok(scan)
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
    let classes = summaries(taxonomy, &targets);
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
    ScanAnswer { targets, classes, read, found, recorded: None, reasons, verdict }
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

fn summaries(taxonomy: &Taxonomy, targets: &[ScannedTarget]) -> Vec<ClassSummary> {
    let mut found: BTreeMap<&ClassId, Vec<(&Finding, Option<RegionKind>)>> = BTreeMap::new();
    for (finding, kind) in targets.iter().flat_map(|t| t.scan.findings.iter().zip(&t.kinds)) {
        found.entry(&finding.class).or_default().push((finding, *kind));
    }
    taxonomy.class.iter().filter_map(|class| Some(summary(class, found.get(&class.id)?))).collect()
}

fn summary(class: &Class, found: &[(&Finding, Option<RegionKind>)]) -> ClassSummary {
    let mut values: BTreeMap<KeyedBlake3, u64> = BTreeMap::new();
    let mut all = ClassSummary {
        class: class.clone(),
        count: found.len() as u64,
        values: None,
        frequent: Vec::new(),
        regions: BTreeMap::new(),
        encodings: BTreeSet::new(),
        confidence: BTreeMap::new(),
    };
    for (finding, kind) in found {
        if let Some(kind) = kind {
            *all.regions.entry(*kind).or_default() += 1;
        }
        if let Some(commitment) = finding.commitment {
            *values.entry(commitment).or_default() += 1;
        }
        if !all.encodings.contains(&finding.encoding) {
            all.encodings.insert(finding.encoding.clone());
        }
        *all.confidence.entry(std::cmp::Reverse(finding.confidence)).or_default() += 1;
    }
    all.values = (!values.is_empty()).then_some(values.len() as u64);
    all.frequent = values.into_iter().collect();
    all.frequent.sort_by_key(|(commitment, count)| (std::cmp::Reverse(*count), *commitment));
    all.frequent.truncate(FREQUENT);
    all
}
