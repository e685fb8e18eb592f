//! The scanner: a taxonomy made ready, and sources scanned with it on two threads.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use compact_str::ToCompactString;
use miette::Diagnostic;
use thiserror::Error;

use super::chunk::{CHUNK, Chunk, Worker};
use super::exact::ExactList;
use super::matcher::PAD;
use super::path::Path;
use super::rules::{Rules, TaxonomyError};
use super::stream::{Piece, Stream};
use super::value::Committer;
use super::view::{Found, Viewer};
use crate::dump::read::ReadAt;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::{Account, Confidence, Finding};
use crate::model::taxonomy::Taxonomy;

/// The most findings that one scan lists; all are counted.
pub const MAX_FINDINGS: usize = 100_000;
/// How many threads scan.
const THREADS: usize = 2;

/// A source that cannot be scanned to its end.
#[derive(Debug, Error, Diagnostic)]
pub enum ScanError {
    /// The source cannot be read, or ends before it should.
    #[error("cannot read at byte {offset}: {error}")]
    #[diagnostic(help("the file may have been cut or changed while it was scanned: leave it alone and scan again"))]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        error: io::Error,
    },
}

/// Why a scan did not look at everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Incomplete {
    /// A chunk asked for more work than it is allowed.
    Work,
    /// What was encoded unfolded to more than a chunk may decode, or too deep.
    Decoded,
}

impl Incomplete {
    /// What to tell people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Work => "matching some parts would take more work than a part is allowed",
            Self::Decoded => "some encoded parts unfold to more than a part may decode",
        }
    }
}

/// What a scan found, and what it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Sorted by place, without doubles; the first [`MAX_FINDINGS`]. Places are in the source.
    pub findings: Vec<Finding>,
    /// How many there are, listed or not.
    pub found: u64,
    /// What became of every byte.
    pub account: Account,
    /// Why not everything was looked at.
    pub incomplete: Option<Incomplete>,
}

/// Looks for the classes of one taxonomy.
#[derive(Debug)]
pub struct Scanner {
    rules: Rules,
    committer: Option<Committer>,
    exact: Option<ExactList>,
}

/// A finding before it is listed: a few words each, since there may be many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    offset: u64,
    length: u64,
    class: u16,
    path: Path,
    confidence: Confidence,
    commitment: Option<KeyedBlake3>,
}

/// What the threads gathered.
#[derive(Debug, Default)]
struct Gathered {
    records: Vec<Record>,
    found: u64,
    account: Account,
    capped: bool,
    /// The last of those that are kept, when as many are kept as are listed.
    last: Option<Record>,
}

/// The work of one scan, shared by its threads.
struct Job<'j> {
    source: &'j dyn ReadAt,
    streams: &'j [Stream],
    /// The number of the first chunk of each stream.
    first: Vec<u64>,
    chunks: u64,
    next: AtomicU64,
    failed: AtomicBool,
    gathered: Mutex<Gathered>,
    progress: &'j (dyn Fn(u64) + Sync),
}

impl Scanner {
    /// Makes a taxonomy ready.
    ///
    /// # Errors
    /// When a pattern does not compile, is too large, or names what there is not.
    pub fn new(taxonomy: &Taxonomy) -> Result<Self, TaxonomyError> {
        Ok(Self { rules: Rules::new(taxonomy)?, committer: None, exact: None })
    }

    /// Commits to what it finds, with the vault's key.
    #[must_use]
    pub fn with_key(self, vault_key: &[u8; 32]) -> Self {
        Self { committer: Some(Committer::new(vault_key)), ..self }
    }

    /// Looks for the values of the vault's exact list too, if there is one; it was read for the same taxonomy.
    #[must_use]
    pub fn with_exact(self, list: Option<ExactList>) -> Self {
        Self { exact: list.filter(|list| !list.is_empty()), ..self }
    }

    fn viewer(&self) -> Viewer<'_> {
        Viewer::new(&self.rules, self.committer.as_ref(), self.exact.as_ref())
    }

    /// Scans pieces of a source; `progress` is told of bytes as they are done.
    ///
    /// # Errors
    /// When the source cannot be read, or ends early.
    pub fn scan(
        &self,
        source: &dyn ReadAt,
        pieces: &[Piece],
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Scan, ScanError> {
        let streams = Stream::join(pieces);
        let job = Job::new(source, &streams, progress);
        match THREADS.min(usize::try_from(job.chunks).unwrap_or(THREADS)) {
            0 => {}
            1 => self.work(&job)?,
            threads => self.share(&job, threads)?,
        }
        Ok(self.listed(job.gathered.into_inner().expect("the threads have ended")))
    }

    fn share(&self, job: &Job<'_>, threads: usize) -> Result<(), ScanError> {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work(job))).collect();
            let results = workers.into_iter().map(|worker| worker.join().expect("a scan does not panic"));
            // All of them are waited for, whichever failed.
            results.collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn work(&self, job: &Job<'_>) -> Result<(), ScanError> {
        let mut worker = Worker::new(self.viewer());
        while let Some((stream, own)) = job.take() {
            let length = own.end - own.start;
            let chunk = worker.chunk(job.source, stream, own).map_err(|(offset, error)| {
                job.failed.store(true, Ordering::Relaxed);
                ScanError::Read { offset, error }
            })?;
            job.gathered.lock().expect("no thread panics while it holds this").add(&chunk, stream);
            (job.progress)(length);
        }
        Ok(())
    }

    /// Scans a text that somebody typed or a dump names: short, and whole in memory.
    pub fn scan_text(&self, text: &[u8]) -> Vec<Finding> {
        let mut padded = text.to_vec();
        padded.extend([0; PAD]);
        let mut found = Vec::new();
        self.viewer().look(&padded, 0..text.len(), &mut |_, _| 0, &mut found);
        let mut records: Vec<_> =
            found.iter().map(|f| Record::new(f, f.start as u64, (f.end - f.start) as u64)).collect();
        records.sort_unstable();
        records.dedup();
        records.iter().map(|record| self.finding(record)).collect()
    }

    fn finding(&self, record: &Record) -> Finding {
        Finding {
            class: self.rules.rules[usize::from(record.class)].id.clone(),
            offset: record.offset,
            length: record.length,
            encoding: record.path.to_compact_string(),
            confidence: record.confidence,
            commitment: record.commitment,
        }
    }

    fn listed(&self, mut all: Gathered) -> Scan {
        all.trim();
        let incomplete = match all.account {
            Account { skipped: 1.., .. } => Some(Incomplete::Work),
            _ => all.capped.then_some(Incomplete::Decoded),
        };
        let findings = all.records.iter().map(|record| self.finding(record)).collect();
        Scan { findings, found: all.found, account: all.account, incomplete }
    }
}

impl Record {
    fn new(found: &Found, offset: u64, length: u64) -> Self {
        let Found { class, path, confidence, commitment, .. } = *found;
        Self { offset, length, class, path, confidence, commitment }
    }
}

impl Gathered {
    fn add(&mut self, chunk: &Chunk<'_>, stream: &Stream) {
        self.account = self.account.plus(&chunk.account);
        self.capped |= chunk.capped;
        for found in chunk.found {
            let (start, length) = (chunk.base + found.start as u64, (found.end - found.start) as u64);
            for (offset, length) in stream.places(start, length) {
                self.push(Record::new(found, offset, length));
            }
        }
    }

    fn push(&mut self, record: Record) {
        self.found += 1;
        // What lies behind all that is kept is not listed.
        if self.last.is_none_or(|last| record < last) {
            self.records.push(record);
        }
        if self.records.len() == MAX_FINDINGS + MAX_FINDINGS / 4 {
            self.trim();
        }
    }

    /// Keeps the first in the order of places, however the threads ran.
    fn trim(&mut self) {
        self.records.sort_unstable();
        self.records.truncate(MAX_FINDINGS);
        self.last = self.records.get(MAX_FINDINGS - 1).copied();
    }
}

impl<'j> Job<'j> {
    fn new(source: &'j dyn ReadAt, streams: &'j [Stream], progress: &'j (dyn Fn(u64) + Sync)) -> Self {
        let mut chunks = 0;
        let mut first = Vec::with_capacity(streams.len());
        for stream in streams {
            first.push(chunks);
            chunks += stream.length().div_ceil(CHUNK);
        }
        let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { source, streams, first, chunks, next, failed, gathered: Mutex::default(), progress }
    }

    /// The next chunk that nobody took.
    fn take(&self) -> Option<(&'j Stream, std::ops::Range<u64>)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.chunks || self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let index = self.first.partition_point(|first| *first <= number) - 1;
        let stream = &self.streams[index];
        let start = (number - self.first[index]) * CHUNK;
        Some((stream, start..(start + CHUNK).min(stream.length())))
    }
}
