//! The gate: where is text? Everything else is never looked at again.
//!
//! Most of a dump is zero or noise. One pass turns each 64 bytes into two words of 64 bits, *printable* and *zero*, with
//! loops that compile to vector instructions; runs are then found by shifting words. UTF-16 is the same question at
//! stride two: printable bytes with zeros between them, at either parity.

/// The shortest run of text that is looked at: no identifier is shorter.
pub(super) const SHORTEST: usize = 6;

/// Which bytes are printable and which are zero, one bit each.
#[derive(Debug, Default)]
pub(super) struct Masks {
    printable: Vec<u64>,
    zero: Vec<u64>,
    length: usize,
}

/// The bit of each byte of 64 that `test` holds for.
#[inline(always)]
pub(super) fn pack(block: &[u8; 64], test: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0_u8; 64];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(test(byte));
    }
    let mut bits = 0;
    for (at, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Eight flags of one byte each, moved into the top byte by one multiplication.
        let packed = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= packed << (8 * at);
    }
    bits
}

/// Letters, digits, punctuation, and the three controls that stand in text.
#[inline(always)]
fn is_printable(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5F || byte.wrapping_sub(9) < 2 || byte == b'\r'
}

impl Masks {
    /// Reads the bytes; what was there before is forgotten.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.printable.clear();
        self.zero.clear();
        self.length = bytes.len();
        let (blocks, rest) = bytes.as_chunks::<64>();
        for block in blocks {
            self.printable.push(pack(block, is_printable));
            self.zero.push(pack(block, |byte| byte == 0));
        }
        let mut last = [0xFF; 64];
        last[..rest.len()].copy_from_slice(rest);
        self.printable.push(pack(&last, is_printable));
        self.zero.push(pack(&last, |byte| byte == 0));
    }

    /// The runs of at least [`SHORTEST`] printable bytes, in order.
    pub(super) fn runs(&self) -> Runs<'_> {
        Runs { words: &self.printable, length: self.length, at: 0 }
    }

    /// The runs of UTF-16 text: at least [`SHORTEST`] printable bytes, every second, with zeros between. Each is given
    /// as the place of its first and the place of its last printable byte.
    pub(super) fn wide_runs(&self, found: &mut Vec<(usize, usize)>) {
        found.clear();
        // Runs do not overlap: what is followed is looked at once.
        let mut done = 0;
        let mut next = self.wide(0);
        for at in 0..self.printable.len() {
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
        let (Some(printable), Some(zero)) = (self.printable.get(at), self.zero.get(at)) else { return 0 };
        printable & ((zero >> 1) | self.zero.get(at + 1).map_or(0, |next| next << 63))
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
    pub(super) fn is_text(&self, at: usize) -> bool {
        at < self.length && self.printable[at / 64] >> (at % 64) & 1 == 1
    }

    /// Which bytes are zero, 64 in a word.
    pub(super) fn zeros(&self) -> &[u64] {
        &self.zero
    }
}

/// Runs of set bits.
pub(super) struct Runs<'a> {
    words: &'a [u64],
    length: usize,
    at: usize,
}

impl Runs<'_> {
    /// The first place from `at` on whose bit is `set`; the end when there is none.
    fn next(&self, at: usize, set: bool) -> usize {
        let flip = if set { 0 } else { u64::MAX };
        let mut index = at / 64;
        let Some(word) = self.words.get(index) else { return self.length };
        let mut word = (word ^ flip) & (u64::MAX << (at % 64));
        while word == 0 {
            index += 1;
            let Some(next) = self.words.get(index) else { return self.length };
            word = next ^ flip;
        }
        (index * 64 + word.trailing_zeros() as usize).min(self.length)
    }

    /// The first place from `at` on where [`SHORTEST`] set bits begin; the end when there is none.
    fn next_long(&self, at: usize) -> usize {
        let mut index = at / 64;
        let mut keep = u64::MAX << (at % 64);
        while let Some(&word) = self.words.get(index) {
            if word != 0 {
                let next = self.words.get(index + 1).copied().unwrap_or(0);
                let join = |bits: u64, more: u64, by: u32| (bits >> by) | (more << (64 - by));
                let two = word & join(word, next, 1);
                let next_two = next & (next >> 1);
                let six = two & join(two, next_two, 2) & join(two, next_two, 4) & keep;
                if six != 0 {
                    return (index * 64 + six.trailing_zeros() as usize).min(self.length);
                }
            }
            keep = u64::MAX;
            index += 1;
        }
        self.length
    }
}

impl Iterator for Runs<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.next_long(self.at);
        if start >= self.length {
            return None;
        }
        self.at = Runs::next(self, start, false);
        Some((start, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masks(bytes: &[u8]) -> Masks {
        let mut masks = Masks::default();
        masks.read(bytes);
        masks
    }

    fn plain_runs(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let end = (at..bytes.len()).find(|&i| !is_printable(bytes[i])).unwrap_or(bytes.len());
            if end - at >= SHORTEST {
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
        fn runs_are_what_a_plain_loop_finds(bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 0, b'a', b'a', b'b', b' ', 0xFF]), 0..400)) {
            prop_assert_eq!(masks(&bytes).runs().collect::<Vec<_>>(), plain_runs(&bytes));
            let mut found = Vec::new();
            masks(&bytes).wide_runs(&mut found);
            found.sort_unstable();
            prop_assert_eq!(found, plain_wide(&bytes));
        }

        #[test]
        fn every_byte_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let masks = masks(&bytes);
            for (at, &byte) in bytes.iter().enumerate() {
                prop_assert_eq!(masks.is_text(at), is_printable(byte));
                prop_assert_eq!(masks.zeros()[at / 64] >> (at % 64) & 1 == 1, byte == 0);
            }
        }
    }
}
