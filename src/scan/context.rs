//! Context: which words stand near a match.
//!
//! Words are looked for only around matches that need them, and no byte is looked at twice however close the matches
//! stand: what was seen is kept for as far back as any window reaches.

use std::collections::VecDeque;

use super::automaton::Walker;
use super::rules::Words;

/// The longest context word.
const WORD: usize = 32;
/// How far behind a match words are looked for.
pub(super) const BEHIND: usize = 24;

/// The words seen in one text.
#[derive(Debug)]
pub(super) struct Context<'r> {
    words: &'r Words,
    walker: Walker,
    seen: VecDeque<(usize, u64)>,
    from: usize,
    to: usize,
}

impl<'r> Context<'r> {
    pub(super) fn new(words: &'r Words) -> Self {
        Self { words, walker: words.automaton.walker(), seen: VecDeque::new(), from: 0, to: 0 }
    }

    /// Forgets the text before.
    pub(super) fn reset(&mut self) {
        self.seen.clear();
        (self.from, self.to) = (0, 0);
    }

    /// The steps taken since this was last asked.
    pub(super) fn take_steps(&mut self) -> usize {
        std::mem::take(&mut self.walker.steps)
    }

    /// Whether a word of the set stands within `window` before a match, or shortly behind it.
    pub(super) fn is_near(&mut self, text: &[u8], (start, end): (usize, usize), set: usize, window: usize) -> bool {
        let (low, high) = (start.saturating_sub(window), (end + BEHIND).min(text.len()));
        let reach = start.saturating_sub(self.words.widest);
        if reach > self.to || low < self.from {
            self.seen.clear();
            (self.from, self.to) = (reach, reach);
        }
        self.read(text, high);
        while self.seen.front().is_some_and(|(at, _)| *at + self.words.widest < start) {
            let (at, _) = self.seen.pop_front().expect("it is there");
            self.from = at + 1;
        }
        let outside = |at: usize| (low..start).contains(&at) || (end..high).contains(&at);
        self.seen.iter().any(|(at, sets)| sets >> set & 1 == 1 && outside(*at))
    }

    fn read(&mut self, text: &[u8], high: usize) {
        let doors = &self.words.doors;
        while self.to < high {
            let at = self.to;
            self.to += 1;
            // Few bytes begin a word, and that is soon told.
            if !begins(text, at) {
                continue;
            }
            let four = std::array::from_fn(|ahead| text.get(at + ahead).copied().unwrap_or(0));
            if doors.glance(0, four) == 0 {
                continue;
            }
            let mut sets = 0;
            let end = (at + WORD + 1).min(text.len());
            let known = &self.words.sets;
            self.words.automaton.walk(&mut self.walker, text, at, end, |word, end| {
                if ends(text, end) {
                    sets |= known[word];
                }
            });
            if sets != 0 {
                self.seen.push_back((at, sets));
            }
        }
    }
}

/// Whether a word begins here: behind no letter, or a capital behind a small one.
fn begins(text: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|before| text[before]) {
        Some(before) if before.is_ascii_alphabetic() => before.is_ascii_lowercase() && text[at].is_ascii_uppercase(),
        _ => true,
    }
}

/// Whether a word ends here: before no small letter, but for the `s` of a plural; nor amid capitals, but for the last of
/// them, with which another word may begin.
fn ends(text: &[u8], end: usize) -> bool {
    let at = |place: usize| text.get(place).copied().unwrap_or(0);
    let small = |b: u8| b.is_ascii_lowercase();
    let capitals = at(end).is_ascii_uppercase() && end > 0 && at(end - 1).is_ascii_uppercase() && !small(at(end + 1));
    !capitals && (!small(at(end)) || at(end) == b's' && !small(at(end + 1)))
}
