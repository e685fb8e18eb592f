//! A stream, chunk by chunk: read with some bytes on either side, looked at, and what begins in the chunk kept.
//!
//! Each chunk is judged from its bytes and their neighbours alone, so it does not matter which thread reads it, nor when.

use std::io;
use std::ops::Range;

use super::lanes::mask;
use super::matcher::PAD;
use super::stream::Stream;
use super::view::{Found, Viewer};
use crate::dump::read::ReadAt;
use crate::model::finding::Account;

/// How much is read at a time.
pub(super) const CHUNK: u64 = 1 << 20;
/// What is read before a chunk: as far back as context words and pivots reach.
const BEFORE: u64 = 2 << 10;
/// What begins this far outside of a chunk still competes with what begins inside.
const NEAR: usize = 512;
/// What is read behind a chunk: the longest value, at two bytes a character.
const BEHIND: u64 = 12 << 10;
/// Steps that one chunk may take for each of its bytes, before it is given up.
const STEPS_PER_BYTE: usize = 24;
/// What may be unfolded in one chunk.
const UNFOLDS: usize = 16 << 20;

/// One thread's working memory.
#[derive(Debug)]
pub(super) struct Worker<'r> {
    viewer: Viewer<'r>,
    buffer: Vec<u8>,
    found: Vec<Found>,
    marks: Marks,
}

/// What a chunk came to.
#[derive(Debug)]
pub(super) struct Chunk<'w> {
    /// What begins in it, with places in the stream.
    pub(super) found: &'w [Found],
    /// The place in the stream that places are counted from.
    pub(super) base: u64,
    pub(super) account: Account,
    /// Whether something was not unfolded to its end for want of budget.
    pub(super) capped: bool,
}

impl<'r> Worker<'r> {
    pub(super) fn new(viewer: Viewer<'r>) -> Self {
        Self { viewer, buffer: Vec::new(), found: Vec::new(), marks: Marks::default() }
    }

    /// Looks at one chunk of a stream.
    pub(super) fn chunk(
        &mut self,
        source: &dyn ReadAt,
        stream: &Stream,
        own: Range<u64>,
    ) -> Result<Chunk<'_>, (u64, io::Error)> {
        let base = own.start.saturating_sub(BEFORE);
        let end = own.end.saturating_add(BEHIND).min(stream.length());
        let length = usize::try_from(end - base).expect("a chunk and its margins fit");
        self.buffer.resize(length + PAD, 0);
        stream.read(source, base, &mut self.buffer[..length])?;
        self.buffer[length..].fill(0);
        let within = |at: u64| usize::try_from(at - base).expect("within the buffer");
        let own = within(own.start)..within(own.end);
        self.found.clear();
        let region = own.start.saturating_sub(NEAR)..(own.end + NEAR).min(length);
        self.viewer.budget = (own.len() + (1 << 16)) * STEPS_PER_BYTE;
        self.viewer.unfolds = UNFOLDS;
        let mut failed = None;
        let mut more = |at: usize, buffer: &mut [u8]| {
            let from = base.saturating_add(at as u64);
            let length = buffer.len().min(usize::try_from(stream.length().saturating_sub(from)).unwrap_or(usize::MAX));
            match stream.read(source, from, &mut buffer[..length]) {
                Ok(()) => length,
                Err(error) => {
                    failed = Some(error);
                    0
                }
            }
        };
        self.viewer.look(&self.buffer, region, &mut more, &mut self.found);
        if let Some(failed) = failed {
            return Err(failed);
        }
        self.found.retain(|found| own.contains(&found.start));
        // One member may hold a value, and values of one class, many times over: it is one place.
        self.found.sort_unstable();
        self.found.dedup();
        let account = self.account(own);
        let capped = self.viewer.spans.capped;
        Ok(Chunk { found: &self.found, base, account, capped })
    }

    fn account(&mut self, own: Range<usize>) -> Account {
        let spans = &self.viewer.spans;
        let mut left = own.clone();
        let skipped = spans.skipped.map_or(0, |from| left.end - from.clamp(left.start, left.end));
        left.end -= skipped;
        self.marks.begin(self.buffer.len());
        let mut mark = |spans: &[(usize, usize)]| -> u64 {
            spans.iter().map(|&(start, end)| self.marks.fill(start.max(left.start), end.min(left.end))).sum()
        };
        let (decoded, truncated, text) = (mark(&spans.decoded), mark(&spans.truncated), mark(&spans.text));
        let zero = self.marks.zeros(self.viewer.zeros(), left);
        let (bytes, skipped) = (own.len() as u64, skipped as u64);
        let opaque = bytes - skipped - decoded - truncated - text - zero;
        Account { bytes, zero, text, opaque, decoded, truncated, skipped }
    }
}

/// Which bytes are accounted for.
#[derive(Debug, Default)]
struct Marks(Vec<u64>);

impl Marks {
    fn begin(&mut self, length: usize) {
        self.0.clear();
        self.0.resize(length / 64 + 1, 0);
    }

    /// Marks a range; tells how many of its bytes were not marked before.
    fn fill(&mut self, start: usize, end: usize) -> u64 {
        if start >= end {
            return 0;
        }
        let mut fresh = 0;
        for index in start / 64..=(end - 1) / 64 {
            let mask = mask(index, start, end);
            fresh += u64::from((mask & !self.0[index]).count_ones());
            self.0[index] |= mask;
        }
        fresh
    }

    /// How many bytes of a range are not marked, of the words of 64 zeros.
    fn zeros(&self, zero: &[u64], range: Range<usize>) -> u64 {
        let words = zero.iter().zip(&self.0).enumerate();
        let of = |(index, (zero, marked)): (usize, (&u64, &u64))| match *zero {
            u64::MAX => u64::from((mask(index, range.start, range.end) & !marked).count_ones()),
            _ => 0,
        };
        words.skip(range.start / 64).take(range.end.div_ceil(64) - range.start / 64).map(of).sum()
    }
}
