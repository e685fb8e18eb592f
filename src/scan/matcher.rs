//! One text, matched: from candidates to hits.
//!
//! ```text
//! every byte of a run ─ eight table look-ups ─► automaton ─► ends, longest first ─► lead, boundary, placeholder,
//!                                                             checks, context ─► hit
//! ```
//!
//! A text is bytes that stand together once they are decoded: a stretch of a dump, UTF-16 with its zeros taken out, what
//! base64 or gzip held. Places here are places in the text; who made the text knows where that is in the dump.

use std::cmp::Reverse;
use std::ops::Range;

use super::automaton::Walker;
use super::check::{Candidate, Judgement};
use super::context::Context;
use super::doors::PIVOTS;
use super::exact::ExactList;
use super::gate::Masks;
use super::rules::{Rules, Shape, Shapes};
use super::value::Committer;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::Confidence;
use crate::model::taxonomy::{Boundary, ContextUse};

/// Zero bytes that must follow a text, so that looking ahead needs no question.
pub(super) const PAD: usize = 8;
/// How many ends of a pattern are tried.
const ENDS: usize = 12;
/// A walk that came this far for nothing counts against its pattern.
const FAR: usize = 96;
/// So many of them, each begun within the one before, keep the pattern from being entered again for half as far: else a
/// text in which a pattern begins everywhere and ends nowhere would be walked again and again. Not fewer: among a few values
/// that are masked or placeholders one may be none.
const IN_VAIN: u8 = 16;

/// How many hits on either side of one may compete with it.
const NEIGHBOURS: usize = 64;

/// A suspected identifier in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) class: u16,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) confidence: Confidence,
    pub(super) commitment: Option<KeyedBlake3>,
}

/// The last ends of each pattern in one walk.
#[derive(Debug, Default)]
struct Ends {
    ends: Vec<([usize; ENDS], usize)>,
    touched: Vec<usize>,
}

impl Ends {
    fn new(patterns: usize) -> Self {
        Self { ends: vec![([0; ENDS], 0); patterns], touched: Vec::new() }
    }

    fn clear(&mut self) {
        for pattern in self.touched.drain(..) {
            self.ends[pattern].1 = 0;
        }
    }

    fn push(&mut self, pattern: usize, end: usize) {
        let (ends, count) = &mut self.ends[pattern];
        if *count == 0 {
            self.touched.push(pattern);
        }
        ends[*count % ENDS] = end;
        *count += 1;
    }

    /// The ends of a pattern, the longest first.
    fn of(&self, pattern: usize) -> impl Iterator<Item = usize> + '_ {
        let (ends, count) = &self.ends[pattern];
        (count.saturating_sub(ENDS)..*count).rev().map(|at| ends[at % ENDS])
    }
}

/// What walks one set of shapes.
#[derive(Debug)]
struct Track<'r> {
    shapes: &'r Shapes,
    walker: Walker,
    ends: Ends,
    /// Up to where each shape has matched: it is not entered again before.
    claimed: Vec<usize>,
    /// How far the last walk came.
    reached: usize,
    /// For each shape how many far walks in a row were in vain, and how far the last of them came.
    vain: Vec<(u8, usize)>,
}

impl<'r> Track<'r> {
    fn new(shapes: &'r Shapes) -> Self {
        let leads = shapes.shapes.iter().filter(|s| s.lead.is_some()).count();
        let count = shapes.shapes.len();
        Self {
            shapes,
            walker: shapes.automaton.walker(),
            ends: Ends::new(count + leads),
            claimed: vec![0; count],
            reached: 0,
            vain: vec![(0, 0); count],
        }
    }

    fn begin(&mut self) {
        self.claimed.fill(0);
        self.vain.fill((0, 0));
    }

    /// Up to where a shape is not entered again after a walk from `at` that led to nothing.
    fn in_vain(&mut self, index: usize, at: usize) -> usize {
        let walked = self.reached - at;
        if walked <= FAR {
            return at;
        }
        let (count, reached) = self.vain[index];
        let count = if at < reached { (count + 1).min(IN_VAIN) } else { 1 };
        self.vain[index] = (count, self.reached);
        if count < IN_VAIN { at } else { at + walked / 2 }
    }

    fn walk(&mut self, text: &[u8], at: usize, longest: usize) {
        self.ends.clear();
        let end = text.len().min(at + longest);
        let ends = &mut self.ends;
        let before = self.walker.steps;
        self.shapes.automaton.walk(&mut self.walker, text, at, end, |pattern, end| ends.push(pattern, end));
        self.reached = at + (self.walker.steps - before);
    }
}

/// Matches texts, one after another, on one thread.
#[derive(Debug)]
pub(super) struct Matcher<'r> {
    rules: &'r Rules,
    committer: Option<&'r Committer>,
    exact: Option<&'r ExactList>,
    plain: Option<Box<Track<'r>>>,
    pivoted: Option<Box<Track<'r>>>,
    context: Option<Context<'r>>,
    /// Bytes that checks looked at.
    checked: usize,
}

impl<'r> Matcher<'r> {
    pub(super) fn new(rules: &'r Rules, committer: Option<&'r Committer>, exact: Option<&'r ExactList>) -> Self {
        Self {
            rules,
            committer,
            exact,
            plain: rules.plain.as_ref().map(|shapes| Box::new(Track::new(shapes))),
            pivoted: rules.pivoted.as_ref().map(|shapes| Box::new(Track::new(shapes))),
            context: rules.words.as_ref().map(Context::new),
            checked: 0,
        }
    }

    /// Another text begins.
    pub(super) fn begin(&mut self) {
        for track in [&mut self.plain, &mut self.pivoted].into_iter().flatten() {
            track.begin();
        }
        if let Some(context) = &mut self.context {
            context.reset();
        }
    }

    /// The steps taken since this was last asked: the measure of work.
    pub(super) fn take_steps(&mut self) -> usize {
        let tracks = [&mut self.plain, &mut self.pivoted].into_iter().flatten();
        let walked: usize = tracks.map(|t| std::mem::take(&mut t.walker.steps)).sum();
        walked + std::mem::take(&mut self.checked) + self.context.as_mut().map_or(0, Context::take_steps)
    }

    /// Finds what begins within `run` of the text; the text goes on for at least [`PAD`] bytes behind the run.
    pub(super) fn search(&mut self, text: &[u8], masks: &Masks, run: Range<usize>, hits: &mut Vec<Hit>) {
        // Not a loop: an iterator that is nested runs faster from within.
        masks.starts(run.clone()).for_each(|at| self.consider(text, at, hits));
        self.checked += self.exact.map_or(0, |exact| exact.search(text, run, hits));
    }

    #[inline(always)]
    fn consider(&mut self, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        let Some(ahead) = text[at..].first_chunk::<4>() else { return };
        let before = at.checked_sub(1).map_or(0, |before| text[before]);
        let doors = self.rules.doors.row(ahead[0]).glance(before, *ahead);
        if doors != 0 {
            self.enter(text, at, doors, hits);
        }
    }

    #[inline(never)]
    fn enter(&mut self, text: &[u8], at: usize, doors: u64, hits: &mut Vec<Hit>) {
        let row = self.rules.doors.row(text[at]);
        let doors = row.look(doors, &text[at + 4..], || is_apart(text, at));
        if doors & !PIVOTS != 0
            && let Some(mut track) = self.plain.take()
        {
            let longest = row.longest(doors & !PIVOTS, |pattern| track.claimed[pattern] <= at);
            if longest > 0 {
                track.walk(text, at, longest);
                self.judge(&mut track, text, at, hits);
            }
            self.plain = Some(track);
        }
        if doors & PIVOTS != 0
            && let Some(mut track) = self.pivoted.take()
        {
            self.turn(&mut track, text, at, hits);
            self.pivoted = Some(track);
        }
    }

    /// From a pivot back to where its pattern may begin, and from there forward.
    fn turn(&mut self, track: &mut Track<'r>, text: &[u8], pivot: usize, hits: &mut Vec<Hit>) {
        let mut tried = [usize::MAX; 4];
        for index in 0..track.shapes.shapes.len() {
            let shape = &track.shapes.shapes[index];
            let Some((_, before)) = shape.pivot.as_ref().filter(|(byte, _)| *byte == text[pivot]) else { continue };
            let back = text[pivot.saturating_sub(shape.longest)..pivot].iter().rev();
            let length = back.take_while(|b| before[usize::from(**b)]).count();
            // What is already a part of a value begins no other: `a@example.test/b@example.test` holds two.
            let from = (pivot - length).max(track.claimed[index]).min(pivot);
            let start =
                from + text[from..pivot].iter().take_while(|b| !b.is_ascii_alphanumeric() && **b != b'_').count();
            if start == pivot || tried.contains(&start) {
                continue;
            }
            tried.rotate_right(1);
            tried[0] = start;
            track.walk(text, start, shape.longest);
            self.judge(track, text, start, hits);
        }
    }

    /// Every pattern that matched from `at` on: is it a hit?
    fn judge(&mut self, track: &mut Track<'r>, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        for touched in 0..track.ends.touched.len() {
            let index = track.ends.touched[touched];
            let Some(shape) = track.shapes.shapes.get(index) else { continue };
            if at < track.claimed[index] || !may_begin(shape.boundary, text, at) {
                continue;
            }
            let lead_end = |end: usize| match shape.lead {
                Some(lead) => track.ends.of(lead).find(|lead_end| *lead_end < end),
                None => Some(at),
            };
            let found = track.ends.of(index).find_map(|end| {
                let start = lead_end(end)?;
                (end - at <= shape.longest).then(|| self.hit(shape, Candidate { text, start, end })).flatten()
            });
            track.claimed[index] = match &found {
                Some(hit) => hit.end,
                None => track.in_vain(index, at),
            };
            hits.extend(found);
        }
    }

    fn hit(&mut self, shape: &Shape, mut candidate: Candidate<'_>) -> Option<Hit> {
        let text = candidate.text;
        if !may_end(shape.boundary, text, candidate.end) || shape.boundary == Boundary::Number && goes_on(&candidate) {
            return None;
        }
        let mut confidence = shape.confidence;
        self.checked += shape.checks.len() * (candidate.end - candidate.start) + 16;
        for check in &shape.checks {
            match check(&mut candidate) {
                Judgement::No => return None,
                Judgement::Fits => {}
                Judgement::Sure(sure) => confidence = sure,
            }
        }
        let rule = &self.rules.rules[shape.class];
        let value = candidate.value();
        if value.is_empty() || rule.placeholders.iter().any(|p| p.as_slice() == value) {
            return None;
        }
        let span = (candidate.start, candidate.end);
        let near = self.context.as_mut().is_some_and(|c| c.is_near(text, span, shape.words, rule.window));
        confidence = match (near, shape.context, confidence) {
            (false, ContextUse::Required, _) => return None,
            (true, ContextUse::Raises, Confidence::Low) => Confidence::Medium,
            (true, ContextUse::Raises, _) => Confidence::High,
            (_, _, confidence) => confidence,
        };
        let commitment = self.committer.map(|c| c.commit(&rule.id, rule.normal, value));
        let class = u16::try_from(shape.class).expect("at most 64 classes");
        Some(Hit { class, start: candidate.start, end: candidate.end, confidence, commitment })
    }
}

/// Whether no letter and no digit stands before. `\\n` in a text of code ends with a letter that is none.
fn is_apart(text: &[u8], at: usize) -> bool {
    let back = |by: usize| at.checked_sub(by).map_or(0, |place| text[place]);
    !back(1).is_ascii_alphanumeric() || back(2) == b'\\' && b"nrt".contains(&back(1))
}

fn may_begin(boundary: Boundary, text: &[u8], at: usize) -> bool {
    let back = |by: usize| at.checked_sub(by).map_or(0, |place| text[place]);
    let (before, second) = (back(1), back(2));
    let apart = is_apart(text, at);
    match boundary {
        Boundary::Open => true,
        Boundary::Word => apart,
        Boundary::Number => apart && !(b".-".contains(&before) && second.is_ascii_digit()),
        Boundary::Token => apart && !b"_-+~".contains(&before),
    }
}

fn may_end(boundary: Boundary, text: &[u8], end: usize) -> bool {
    let ahead = |by: usize| text.get(end + by).copied().unwrap_or(0);
    let (next, second) = (ahead(0), ahead(1));
    match boundary {
        Boundary::Open => true,
        Boundary::Word => !next.is_ascii_alphanumeric(),
        Boundary::Number => !(next.is_ascii_alphanumeric() || b".-".contains(&next) && second.is_ascii_digit()),
        Boundary::Token => !next.is_ascii_alphanumeric() && !b"_-+/".contains(&next),
    }
}

/// Whether a number in groups goes on with another group: then it is a part of a longer one.
fn goes_on(candidate: &Candidate<'_>) -> bool {
    let apart = |b: &&u8| b" -.".contains(b);
    let Some(&parted) = candidate.value().iter().find(apart) else { return false };
    let before = matches!(candidate.before(2), [digit, gap] if *gap == parted && digit.is_ascii_digit());
    let after = matches!(candidate.after(2), [gap, digit] if *gap == parted && digit.is_ascii_digit());
    before || after
}

/// Of hits whose classes compete, one keeps the bytes: the surer, then the longer, then the earlier class. A hit yields to
/// one that stands, not to one that had to yield itself.
pub(super) fn settle(rules: &Rules, hits: &mut Vec<Hit>) {
    hits.sort_unstable_by_key(|hit| (hit.start, hit.end, hit.class, Reverse(hit.confidence)));
    hits.dedup_by_key(|hit| (hit.start, hit.end, hit.class));
    let mut stands = vec![true; hits.len()];
    let mut order = Vec::new();
    let mut from = 0;
    while from < hits.len() {
        // Those that hang together, each overlapping some other.
        let (mut to, mut end) = (from + 1, hits[from].end);
        while let Some(next) = hits.get(to).filter(|next| next.start < end) {
            end = end.max(next.end);
            to += 1;
        }
        if to - from > 1 {
            contest(rules, &hits[from..to], &mut order, &mut stands[from..to]);
        }
        from = to;
    }
    let mut stands = stands.into_iter();
    hits.retain(|_| stands.next().unwrap_or(false));
}

/// Which of some hits stand, the strongest asked first; `order` is working memory.
fn contest(rules: &Rules, hits: &[Hit], order: &mut Vec<usize>, stands: &mut [bool]) {
    let group = |hit: &Hit| rules.rules[usize::from(hit.class)].group;
    order.clear();
    order.extend(0..hits.len());
    order.sort_unstable_by_key(|at| {
        let hit = &hits[*at];
        Reverse((hit.confidence, hit.end - hit.start, Reverse(hit.class), Reverse(hit.start)))
    });
    stands.fill(false);
    for &at in &*order {
        let hit = &hits[at];
        let beats = |other: &Hit| {
            let overlaps = other.start < hit.end && hit.start < other.end;
            overlaps && (other.class == hit.class || group(hit).is_some() && group(other) == group(hit))
        };
        let near = at.saturating_sub(NEIGHBOURS)..hits.len().min(at + NEIGHBOURS);
        let beaten = hits[near.clone()].iter().zip(&stands[near]).any(|(other, stands)| *stands && beats(other));
        stands[at] = !beaten;
    }
}
