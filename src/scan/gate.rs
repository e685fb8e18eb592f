//! The gate: where is text? Everything else is never looked at again.
//!
//! Most of a dump is zero or noise. One pass turns each 64 bytes into words of 64 bits (`lanes`), *printable* and *zero*
//! among them; runs are then found by shifting words. UTF-16 is the same question at stride two: printable bytes with
//! zeros between them, at either parity.

use std::ops::Range;

use super::base64;
use super::lanes::{Lanes, Set, places};

/// The shortest run of text that is looked at: no identifier is shorter.
pub(super) const SHORTEST: usize = 6;

/// Where text is in some bytes, and what else is asked of each.
#[derive(Debug, Default)]
pub(super) struct Masks {
    lanes: Lanes,
    length: usize,
}

impl Masks {
    /// Reads the bytes; what was there before is forgotten. Patterns begin with a word, or with one of the marks.
    pub(super) fn read(&mut self, bytes: &[u8], marks: Set) {
        self.lanes.read(bytes, marks);
        self.length = bytes.len();
    }

    /// The runs of at least [`SHORTEST`] printable bytes, in order.
    pub(super) fn runs(&self) -> Runs<'_, SHORTEST> {
        Runs { words: &self.lanes.printable, length: self.length, at: 0 }
    }

    /// The runs of at least [`base64::SHORTEST`] characters of base64 from a place on.
    pub(super) fn codes(&self, from: usize) -> Runs<'_, { base64::SHORTEST }> {
        Runs { words: &self.lanes.code, length: self.length, at: from }
    }

    /// The places in a range where a pattern may begin.
    pub(super) fn starts(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        places(&self.lanes.starts, range)
    }

    /// Whether there is a capital letter in a range.
    pub(super) fn has_capital(&self, range: Range<usize>) -> bool {
        places(&self.lanes.capital, range).next().is_some()
    }

    /// The first place in a range where a gzip, zlib or zip member may begin.
    pub(super) fn member(&self, range: Range<usize>) -> Option<usize> {
        places(&self.lanes.members, range.start + 1..range.end + 1).next().map(|second| second - 1)
    }

    /// The runs of UTF-16 text: at least [`SHORTEST`] printable bytes, every second, with zeros between. Each is given
    /// as the place of its first and the place of its last printable byte.
    pub(super) fn wide_runs(&self, found: &mut Vec<(usize, usize)>) {
        found.clear();
        // Runs do not overlap: what is followed is looked at once.
        let mut done = 0;
        let mut next = self.wide(0);
        for at in 0..self.lanes.printable.len() {
            let here = next;
            next = self.wide(at + 1);
            if here == 0 || done >= (at + 1) * 64 {
                continue;
            }
            let join = |bits: u64, more: u64, by: u32| (bits >> by) | (more << (64 - by));
            // Four in a row begin here; whether the run is long enough is asked when it is followed.
            let two = here & join(here, next, 2);
            let mut starts = two & join(two, next & (next >> 2), 4) & (u64::MAX << done.saturating_sub(at * 64));
            while starts != 0 {
                let first = at * 64 + starts.trailing_zeros() as usize;
                let last = self.follow(first);
                if (last - first) / 2 + 1 >= SHORTEST {
                    found.push((first, last));
                }
                done = last + 1;
                starts &= if done >= (at + 1) * 64 { 0 } else { u64::MAX << (done - at * 64) };
            }
        }
    }

    /// Printable here, zero behind.
    fn wide(&self, at: usize) -> u64 {
        let Lanes { printable, zero, .. } = &self.lanes;
        let (Some(text), Some(behind)) = (printable.get(at), zero.get(at)) else { return 0 };
        text & ((behind >> 1) | zero.get(at + 1).map_or(0, |next| next << 63))
    }

    /// From a printable byte with a zero behind to the last printable byte of its run.
    fn follow(&self, first: usize) -> usize {
        let every_second = 0x5555_5555_5555_5555 << (first % 2);
        let mut at = first / 64;
        let mut breaks = !self.wide(at) & every_second & (u64::MAX << (first % 64));
        while breaks == 0 {
            at += 1;
            breaks = !self.wide(at) & every_second;
        }
        let end = at * 64 + breaks.trailing_zeros() as usize;
        if self.is_text(end) { end } else { end - 2 }
    }

    /// Whether the byte is printable.
    fn is_text(&self, at: usize) -> bool {
        at < self.length && self.lanes.printable[at / 64] >> (at % 64) & 1 == 1
    }

    /// Which bytes are zero, 64 in a word.
    pub(super) fn zeros(&self) -> &[u64] {
        &self.lanes.zero
    }
}

/// Runs of at least `LEAST` set bits.
pub(super) struct Runs<'a, const LEAST: usize> {
    words: &'a [u64],
    length: usize,
    at: usize,
}

impl<const LEAST: usize> Runs<'_, LEAST> {
    /// Goes on behind what was looked at.
    pub(super) fn go_on(&mut self, at: usize) {
        self.at = self.at.max(at);
    }

    /// The first place from `at` on where enough set bits begin; the end when there is none.
    fn begin(&self, at: usize) -> usize {
        let mut keep = u64::MAX << (at % 64);
        for index in at / 64..self.words.len() {
            if self.words[index] != 0 {
                let next = self.words.get(index + 1).copied().unwrap_or(0);
                let begins = in_a_row::<LEAST>(self.words[index], next) & keep;
                if begins != 0 {
                    return (index * 64 + begins.trailing_zeros() as usize).min(self.length);
                }
            }
            keep = u64::MAX;
        }
        self.length
    }

    /// The first place from `at` on whose bit is not set; the end when there is none.
    fn end(&self, at: usize) -> usize {
        let mut keep = u64::MAX << (at % 64);
        for index in at / 64..self.words.len() {
            let unset = !self.words[index] & keep;
            if unset != 0 {
                return (index * 64 + unset.trailing_zeros() as usize).min(self.length);
            }
            keep = u64::MAX;
        }
        self.length
    }
}

/// Where in a word so many set bits in a row begin; the last of them may be in the next.
#[inline(always)]
fn in_a_row<const COUNT: usize>(word: u64, next: u64) -> u64 {
    let mut bits = u128::from(next) << 64 | u128::from(word);
    let mut known = 1;
    while known < COUNT {
        let more = known.min(COUNT - known);
        bits &= bits >> more;
        known += more;
    }
    bits as u64
}

impl<const LEAST: usize> Iterator for Runs<'_, LEAST> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.begin(self.at);
        if start >= self.length {
            return None;
        }
        self.at = self.end(start);
        Some((start, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masks(bytes: &[u8]) -> Masks {
        let mut masks = Masks::default();
        masks.read(bytes, Set::EMPTY);
        masks
    }

    fn is_printable(byte: u8) -> bool {
        (b' '..=b'~').contains(&byte) || b"\t\n\r\xB0".contains(&byte)
    }

    fn plain_runs(bytes: &[u8], test: impl Fn(u8) -> bool, least: usize) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let end = (at..bytes.len()).find(|&i| !test(bytes[i])).unwrap_or(bytes.len());
            if end - at >= least {
                runs.push((at, end));
            }
            at = end + 1;
        }
        runs
    }

    fn plain_wide(bytes: &[u8]) -> Vec<(usize, usize)> {
        let text = |i: usize| i < bytes.len() && is_printable(bytes[i]);
        let mut runs = Vec::new();
        for first in 0..bytes.len() {
            let before = first >= 2 && text(first - 2) && bytes[first - 1] == 0;
            if text(first) && !before {
                let mut last = first;
                while text(last + 2) && bytes[last + 1] == 0 {
                    last += 2;
                }
                if (last - first) / 2 + 1 >= SHORTEST {
                    runs.push((first, last));
                }
            }
        }
        runs
    }

    #[test]
    fn a_run_of_utf16_is_found_at_either_parity_and_across_words() {
        for shift in 0..70 {
            let mut bytes = vec![0xC3; shift];
            bytes.extend("exact-six".bytes().flat_map(|b| [b, 0]));
            bytes.push(0xC3);
            let mut found = Vec::new();
            masks(&bytes).wide_runs(&mut found);
            assert_eq!(found, [(shift, shift + 16)]);
        }
    }

    proptest! {
        #[test]
        fn runs_are_what_a_plain_loop_finds(bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 0, b'a', b'a', b'b', b'c', b' ', 0xB0, 0xFF]), 0..400)) {
            prop_assert_eq!(masks(&bytes).runs().collect::<Vec<_>>(), plain_runs(&bytes, is_printable, SHORTEST));
            let letters = plain_runs(&bytes, |b| b.is_ascii_alphabetic(), base64::SHORTEST);
            prop_assert_eq!(masks(&bytes).codes(0).collect::<Vec<_>>(), letters);
            let mut found = Vec::new();
            masks(&bytes).wide_runs(&mut found);
            found.sort_unstable();
            prop_assert_eq!(found, plain_wide(&bytes));
        }
    }
}
