//! Bytes → what is found in them: the runs of text, and what is encoded in text or bytes, a few layers deep.
//!
//! The same code looks at a chunk of a dump and at what a decoder made of a part of it: a decoder's output is bytes
//! again. What is found inside is told with its place in the *encoded* bytes.

use std::ops::Range;

use super::base64::{self, Code};
use super::exact::ExactList;
use super::gate::Masks;
use super::inflate::{self, End, Inflater, Input, More};
use super::matcher::{Hit, Matcher, PAD, settle};
use super::path::{Path, Step};
use super::rules::Rules;
use super::value::Committer;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::Confidence;

/// The most text that is matched before the budget is asked for.
const STRIDE: usize = 16 << 10;
/// How many decoders may stand inside one another. UTF-16 does not count: it holds no more than it shows.
const DEEPEST: usize = 2;
/// How much of a member is unfolded before it is looked at.
const WINDOW: usize = 256 << 10;
/// What of a window is looked at again with the next: the longest value.
const OVERLAP: usize = 9 << 10;
/// What stays before that, for context words.
const CONTEXT: usize = 1 << 10;
/// What beginning a member costs, in steps.
const MEMBER: usize = 1 << 10;
/// A member that breaks off is believed when this much of it made sense: noise seldom does for long.
const BELIEVED: usize = 512;

/// A suspected identifier in a view: where its encoded bytes are, and how they are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) class: u16,
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
    /// Whether something was not unfolded to its end for want of budget.
    pub(super) capped: bool,
    /// From where on nothing was looked at, because the budget was spent.
    pub(super) skipped: Option<usize>,
}

impl Spans {
    fn clear(&mut self) {
        self.text.clear();
        self.decoded.clear();
        self.truncated.clear();
        self.capped = false;
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
    joined: Vec<u8>,
    stretches: Vec<(usize, usize)>,
}

/// Where a layer stands: how many decoders are around it, and whether its places are the view's own.
#[derive(Debug, Clone, Copy)]
struct Depth {
    decoders: usize,
    outermost: bool,
}

impl Depth {
    fn decoded(self) -> Self {
        Self { decoders: self.decoders + 1, outermost: false }
    }

    fn may_decode(self) -> bool {
        self.decoders < DEEPEST
    }
}

/// Looks at views, one after another, on one thread.
#[derive(Debug)]
pub(super) struct Viewer<'r> {
    rules: &'r Rules,
    matcher: Matcher<'r>,
    layers: Vec<Layer>,
    inflaters: Vec<Inflater>,
    /// Steps that may still be taken.
    pub(super) budget: usize,
    /// Bytes that may still be unfolded.
    pub(super) unfolds: usize,
    pub(super) spans: Spans,
}

impl<'r> Viewer<'r> {
    pub(super) fn new(rules: &'r Rules, committer: Option<&'r Committer>, exact: Option<&'r ExactList>) -> Self {
        Self {
            rules,
            matcher: Matcher::new(rules, committer, exact),
            layers: Vec::new(),
            inflaters: Vec::new(),
            budget: usize::MAX,
            unfolds: usize::MAX,
            spans: Spans::default(),
        }
    }

    /// Looks at bytes that end with [`PAD`] zeros; `more` gives what follows them. Tells what begins within `region`, and
    /// sets [`Self::spans`].
    pub(super) fn look(&mut self, bytes: &[u8], region: Range<usize>, more: More<'_>, found: &mut Vec<Found>) {
        self.spans.clear();
        self.layer(bytes, region, more, Depth { decoders: 0, outermost: true }, found);
    }

    /// Which bytes of the view were zero, 64 in a word.
    pub(super) fn zeros(&self) -> &[u64] {
        self.layers.last().map_or(&[], |outermost| outermost.masks.zeros())
    }

    fn layer(&mut self, bytes: &[u8], region: Range<usize>, more: More<'_>, depth: Depth, found: &mut Vec<Found>) {
        let mut layer = self.layers.pop().unwrap_or_default();
        layer.masks.read(&bytes[..bytes.len() - PAD], self.rules.doors.marks);
        self.narrow(&mut layer, bytes, &region, depth, found);
        self.wide(&mut layer, bytes, &region, depth, found);
        if depth.may_decode() {
            self.codes(&mut layer, bytes, &region, depth, found);
            self.members(&layer, bytes, &region, more, depth, found);
        }
        self.layers.push(layer);
    }

    /// Runs of text as it stands.
    fn narrow(&mut self, layer: &mut Layer, bytes: &[u8], region: &Range<usize>, depth: Depth, found: &mut Vec<Found>) {
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
            if depth.outermost {
                self.spans.text.push((start, end));
            }
            for from in (start..end).step_by(STRIDE) {
                if self.is_spent() {
                    self.give_up(depth, from);
                    break;
                }
                self.matcher.search(bytes, &layer.masks, from..end.min(from + STRIDE), &mut layer.hits);
            }
        }
        settle(self.rules, &mut layer.hits);
        found.extend(layer.hits.iter().map(Found::plain));
    }

    /// What is left of the outermost layer is skipped; of what is encoded, some was not looked at.
    fn give_up(&mut self, depth: Depth, from: usize) {
        if depth.outermost {
            self.spans.skipped.get_or_insert(from);
        } else {
            self.spans.capped = true;
        }
    }

    fn is_spent(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(self.matcher.take_steps());
        self.budget == 0
    }

    /// Base64 in runs of text.
    fn codes(&mut self, layer: &mut Layer, bytes: &[u8], region: &Range<usize>, depth: Depth, found: &mut Vec<Found>) {
        let mut decoded = Vec::new();
        let mut joined = std::mem::take(&mut layer.joined);
        let mut stretches = std::mem::take(&mut layer.stretches);
        let whole = &bytes[..bytes.len() - PAD];
        let mut runs = layer.masks.codes(region.start);
        while let Some(run) = runs.next().filter(|(start, _)| *start < region.end) {
            let code = Code::new(whole, run);
            runs.go_on(code.end);
            // Most long names have no capital. Of base64 of text hardly one stretch in ten thousand has none, and what
            // members begin with has one.
            if !layer.masks.has_capital(code.start..code.end) {
                continue;
            }
            let characters = code.characters(bytes, &mut joined);
            stretches.clear();
            base64::members(characters, &mut stretches);
            base64::texts(characters, &mut stretches);
            for &(first, last) in &stretches {
                if code.place(first) >= region.end {
                    continue;
                }
                let span = (code.place(first), code.place(last - 1) + 1);
                if self.unfolds == 0 || self.budget == 0 {
                    self.account(depth, span, false);
                    self.spans.capped = true;
                    break;
                }
                decoded.clear();
                base64::decode_into(&characters[first..last], &mut decoded);
                self.unfolds = self.unfolds.saturating_sub(decoded.len());
                self.budget = self.budget.saturating_sub(decoded.len());
                decoded.extend([0; PAD]);
                let before = found.len();
                let capped = std::mem::take(&mut self.spans.capped);
                self.layer(&decoded, 0..decoded.len() - PAD, &mut |_, _| 0, depth.decoded(), found);
                for inner in &mut found[before..] {
                    let (start, end) = (first + inner.start * 4 / 3, first + (inner.end * 4).div_ceil(3));
                    inner.start = code.place(start);
                    inner.end = code.place(end - 1) + 1;
                    inner.path = inner.path.within(Step::Base64);
                }
                self.account(depth, span, true);
                self.spans.capped |= capped;
            }
        }
        (layer.joined, layer.stretches) = (joined, stretches);
    }

    /// gzip, zlib and zip members.
    fn members(
        &mut self,
        layer: &Layer,
        bytes: &[u8],
        region: &Range<usize>,
        more: More<'_>,
        depth: Depth,
        found: &mut Vec<Found>,
    ) {
        let mut from = region.start;
        let whole = &bytes[..bytes.len() - PAD];
        while let Some(at) = layer.masks.member(from..region.end) {
            from = at + 1;
            let Some(member) = inflate::member(&whole[at..]) else { continue };
            self.budget = self.budget.saturating_sub(MEMBER);
            if self.unfolds == 0 || self.budget == 0 {
                self.spans.capped = true;
                break;
            }
            let begins = at + member.header;
            let mut input = Input { bytes: &whole[begins..], taken: 0 };
            let before = found.len();
            let mut behind = |taken: usize, buffer: &mut [u8]| more(begins + taken, buffer);
            let capped = std::mem::take(&mut self.spans.capped);
            let end = self.unfold(&mut input, &mut behind, depth, found);
            if end != End::Whole && input.taken < BELIEVED {
                found.truncate(before);
                self.spans.capped |= capped;
                continue;
            }
            let trailer =
                if end == End::Whole { member.trailer(whole.len().saturating_sub(begins + input.taken)) } else { 0 };
            let span = (at, begins + input.taken + trailer);
            for inner in &mut found[before..] {
                (inner.start, inner.end) = span;
                inner.path = inner.path.within(member.step);
            }
            from = span.1.max(from);
            // What is encoded is given as far as it was decoded: what follows is not to be had here.
            self.spans.capped |= end == End::Cut && !depth.outermost;
            self.account(depth, span, end == End::Whole);
            self.spans.capped |= capped;
        }
    }

    /// What was decoded is decoded when it came to its end, and all that was encoded within it did.
    fn account(&mut self, depth: Depth, span: (usize, usize), whole: bool) {
        if depth.outermost {
            let whole = whole && !self.spans.capped;
            let spans = if whole { &mut self.spans.decoded } else { &mut self.spans.truncated };
            spans.push(span);
        }
    }

    /// Unfolds a member window by window and looks at each; tells how it ended.
    fn unfold(&mut self, input: &mut Input<'_>, more: More<'_>, depth: Depth, found: &mut Vec<Found>) -> End {
        let mut inflater = self.inflaters.pop().unwrap_or_else(Inflater::new);
        inflater.begin();
        let mut window: Vec<u8> = Vec::with_capacity(8 << 10);
        let (mut from, mut length) = (0, 0);
        let end = loop {
            let before = window.len();
            let mut end = inflater.step(input, more, &mut window);
            let fresh = window.len() - before;
            length += fresh;
            if end.is_none() && window.len() < WINDOW {
                window.reserve(window.capacity());
                continue;
            }
            if self.unfolds < length || self.budget == 0 {
                end = end.or(Some(End::Capped));
            }
            let to = if end.is_some() { window.len() } else { window.len() - OVERLAP };
            window.extend([0; PAD]);
            self.layer(&window, from..to, &mut |_, _| 0, depth.decoded(), found);
            if let Some(end) = end {
                break end;
            }
            window.truncate(window.len() - PAD);
            window.drain(..to - CONTEXT);
            from = CONTEXT;
        };
        self.unfolds = self.unfolds.saturating_sub(length);
        self.inflaters.push(inflater);
        self.spans.capped |= end == End::Capped;
        end
    }

    /// Runs of UTF-16: laid out without zeros, one after another, then looked at as one text.
    fn wide(&mut self, layer: &mut Layer, bytes: &[u8], region: &Range<usize>, depth: Depth, found: &mut Vec<Found>) {
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
            layer.text.extend(bytes[first..last].as_chunks::<2>().0.iter().map(|pair| pair[0]));
            layer.text.push(bytes[last]);
            layer.text.extend([0, 0]);
            if depth.outermost {
                let start = first - usize::from(order == Step::Utf16Be);
                self.spans.text.push((start, start + (last - first) + 2));
            }
        }
        layer.text.extend([0; PAD]);
        let from = found.len();
        let text = std::mem::take(&mut layer.text);
        let inside = Depth { outermost: false, ..depth };
        self.layer(&text, 0..text.len() - PAD, &mut |_, _| 0, inside, found);
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
