//! Bytes → what is found in them: the runs of text, and what is encoded in text or bytes, a few layers deep.
//!
//! The same code looks at a chunk of a dump and at what a decoder made of a part of it: a decoder's output is bytes
//! again. What is found inside is told with its place in the *encoded* bytes.

use std::ops::Range;

use super::gate::Masks;
use super::matcher::{Hit, Matcher, PAD, settle};
use super::path::{Path, Step};
use super::rules::Rules;
use super::value::Committer;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::Confidence;

/// The most text that is matched before the budget is asked for.
const STRIDE: usize = 16 << 10;

/// A suspected identifier in a view: where its encoded bytes are, and how they are encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) class: u16,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) path: Path,
    pub(super) confidence: Confidence,
    pub(super) commitment: Option<KeyedBlake3>,
}

impl Found {
    fn plain(hit: &Hit) -> Self {
        let Hit { class, start, end, confidence, commitment } = *hit;
        Self { class, start, end, path: Path::default(), confidence, commitment }
    }
}

/// What became of stretches of a view.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) text: Vec<(usize, usize)>,
    pub(super) decoded: Vec<(usize, usize)>,
    pub(super) truncated: Vec<(usize, usize)>,
    /// From where on nothing was looked at, because the budget was spent.
    pub(super) skipped: Option<usize>,
}

impl Spans {
    fn clear(&mut self) {
        self.text.clear();
        self.decoded.clear();
        self.truncated.clear();
        self.skipped = None;
    }
}

/// A stretch of UTF-16, laid out without its zeros.
#[derive(Debug, Clone, Copy)]
struct Wide {
    /// Where it is in the text without zeros.
    at: usize,
    /// Its first printable byte in the view.
    first: usize,
    order: Step,
}

/// One layer's working memory.
#[derive(Debug, Default)]
struct Layer {
    masks: Masks,
    hits: Vec<Hit>,
    wide: Vec<(usize, usize)>,
    laid: Vec<Wide>,
    text: Vec<u8>,
}

/// Looks at views, one after another, on one thread.
#[derive(Debug)]
pub(super) struct Viewer<'r> {
    rules: &'r Rules,
    matcher: Matcher<'r>,
    layers: Vec<Layer>,
    /// Steps that may still be taken.
    pub(super) budget: usize,
    pub(super) spans: Spans,
}

impl<'r> Viewer<'r> {
    pub(super) fn new(rules: &'r Rules, committer: Option<&'r Committer>) -> Self {
        let matcher = Matcher::new(rules, committer);
        Self { rules, matcher, layers: Vec::new(), budget: usize::MAX, spans: Spans::default() }
    }

    /// Looks at bytes that end with [`PAD`] zeros. Tells what begins within `region`, and sets [`Self::spans`].
    pub(super) fn look(&mut self, bytes: &[u8], region: Range<usize>, found: &mut Vec<Found>) {
        self.spans.clear();
        self.layer(bytes, region, 0, found);
    }

    fn layer(&mut self, bytes: &[u8], region: Range<usize>, depth: usize, found: &mut Vec<Found>) {
        let mut layer = self.layers.pop().unwrap_or_default();
        layer.masks.read(&bytes[..bytes.len() - PAD]);
        self.narrow(&mut layer, bytes, region.clone(), depth, found);
        self.wide(&mut layer, bytes, region, depth, found);
        self.layers.push(layer);
    }

    /// Runs of text as it stands.
    fn narrow(&mut self, layer: &mut Layer, bytes: &[u8], region: Range<usize>, depth: usize, found: &mut Vec<Found>) {
        self.matcher.begin();
        layer.hits.clear();
        for (start, end) in layer.masks.runs() {
            let (start, end) = (start.max(region.start), end.min(region.end));
            if start >= region.end {
                break;
            }
            if start >= end {
                continue;
            }
            if depth == 0 {
                self.spans.text.push((start, end));
            }
            for from in (start..end).step_by(STRIDE) {
                if self.is_spent() {
                    self.spans.skipped.get_or_insert(from);
                    break;
                }
                self.matcher.search(bytes, from..end.min(from + STRIDE), &mut layer.hits);
            }
        }
        settle(self.rules, &mut layer.hits);
        found.extend(layer.hits.iter().map(Found::plain));
    }

    fn is_spent(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(self.matcher.take_steps());
        self.budget == 0
    }

    /// Runs of UTF-16: laid out without zeros, one after another, then looked at as one text.
    fn wide(&mut self, layer: &mut Layer, bytes: &[u8], region: Range<usize>, depth: usize, found: &mut Vec<Found>) {
        layer.masks.wide_runs(&mut layer.wide);
        layer.wide.retain(|(first, last)| *first < region.end && *last >= region.start);
        if layer.wide.is_empty() {
            return;
        }
        layer.text.clear();
        layer.laid.clear();
        for &(first, last) in &layer.wide {
            let order = byte_order(bytes, first, last);
            layer.laid.push(Wide { at: layer.text.len(), first, order });
            layer.text.extend(bytes[first..=last].iter().step_by(2));
            layer.text.extend([0, 0]);
            if depth == 0 {
                let start = first - usize::from(order == Step::Utf16Be);
                self.spans.text.push((start, start + (last - first) + 2));
            }
        }
        layer.text.extend([0; PAD]);
        let from = found.len();
        let text = std::mem::take(&mut layer.text);
        self.layer(&text, 0..text.len() - PAD, depth + 1, found);
        layer.text = text;
        for inner in &mut found[from..] {
            let run = layer.laid[layer.laid.partition_point(|run| run.at <= inner.start) - 1];
            let start = run.first + 2 * (inner.start - run.at) - usize::from(run.order == Step::Utf16Be);
            (inner.start, inner.end) = (start, start + 2 * (inner.end - inner.start));
            inner.path = inner.path.within(run.order);
        }
    }
}

/// Little endian has its zero behind each character, big endian before. With zeros on both sides, exactly two behind are
/// the end mark of a big endian text; else it is taken for the order of the machines that dumps come from.
fn byte_order(bytes: &[u8], first: usize, last: usize) -> Step {
    let behind = bytes[last + 1..].iter().take(3).take_while(|b| **b == 0).count();
    let before = first > 0 && bytes[first - 1] == 0;
    match behind {
        0 if before => Step::Utf16Be,
        2 if before && last + 3 < bytes.len() => Step::Utf16Be,
        _ => Step::Utf16Le,
    }
}
