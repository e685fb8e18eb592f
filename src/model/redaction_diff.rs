//! Finds the masked intervals between raw and sanitized bytes, as a stream.
//!
//! 1. A *run* is a maximal stretch of bytes that differ; its fill is its one sanitized byte, if it has one.
//! 2. A run joins the interval before it when both have the same fill and the gap between them is short and holds
//!    nothing but that fill. The gap's bytes are equal in both files, so they were either left alone or masked with
//!    the value they had; splitting there would answer which, and so give away raw bytes: the zeros of a card number
//!    masked with `0`.
//! 3. Everything else stays as it is.
//!
//! What this cannot hide: raw bytes at an interval's *edge* that equalled the fill look unmasked, and so do stretches
//! of them longer than [`MAX_GAP`]. Mask with a byte that the raw range does not hold.
//!
//! A run is held back until it ends, because only then is its fill known; so the result does not depend on how the
//! stream was cut. Equal blocks are compared whole (`memcmp`) and only the others are looked into, eight bytes a step.

use super::redaction::{Interval, MAX_INTERVALS, Redaction, TooManyIntervals};

/// The longest gap of fill bytes that is counted as masked. Longer ones are more likely to be padding or zero pages.
pub const MAX_GAP: u64 = 64;

const BLOCK: usize = 4096;

/// The difference so far.
#[derive(Debug, Default)]
pub struct RedactionDiff {
    /// How many bytes were compared.
    at: u64,
    /// Finished intervals; the last may still grow over a gap.
    intervals: Vec<Interval>,
    /// The run that reaches up to `at`.
    run: Option<Interval>,
    /// The fill of the last interval, while everything since then is that fill and short enough.
    gap: Option<u8>,
}

impl RedactionDiff {
    /// Takes the next bytes of both sides.
    ///
    /// # Errors
    /// When there are more intervals than a redaction may list; nothing that follows makes them fewer.
    ///
    /// # Panics
    /// When the two lengths differ: the caller cuts both sides alike.
    pub fn compare(&mut self, raw: &[u8], sanitized: &[u8]) -> Result<(), TooManyIntervals> {
        assert_eq!(raw.len(), sanitized.len(), "both sides are cut alike");
        for (raw, sanitized) in raw.chunks(BLOCK).zip(sanitized.chunks(BLOCK)) {
            if raw == sanitized {
                self.same(sanitized)?;
            } else {
                self.narrow(raw, sanitized)?;
            }
        }
        Ok(())
    }

    /// What was masked.
    ///
    /// # Errors
    /// When there are more intervals than a redaction may list.
    pub fn finish(mut self) -> Result<Redaction, TooManyIntervals> {
        self.end_run()?;
        let masked_bytes = self.intervals.iter().map(|i| i.length).sum();
        Ok(Redaction { masked_bytes, elided: Vec::new(), interval: self.intervals })
    }

    fn narrow(&mut self, mut raw: &[u8], mut sanitized: &[u8]) -> Result<(), TooManyIntervals> {
        while !raw.is_empty() {
            let same = equal_prefix(raw, sanitized);
            self.same(&sanitized[..same])?;
            (raw, sanitized) = (&raw[same..], &sanitized[same..]);
            let masked = differing_prefix(raw, sanitized);
            self.differ(&sanitized[..masked]);
            (raw, sanitized) = (&raw[masked..], &sanitized[masked..]);
        }
        Ok(())
    }

    fn differ(&mut self, sanitized: &[u8]) {
        let Some(first) = sanitized.first() else { return };
        let length = sanitized.len() as u64;
        let fill = is_all(sanitized, *first).then_some(*first);
        let run = self.run.get_or_insert(Interval { offset: self.at, length: 0, fill });
        run.length += length;
        run.fill = run.fill.filter(|_| run.fill == fill);
        self.at += length;
    }

    fn same(&mut self, bytes: &[u8]) -> Result<(), TooManyIntervals> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.end_run()?;
        self.at += bytes.len() as u64;
        self.gap = self.gap.filter(|fill| self.since_last() <= MAX_GAP && is_all(bytes, *fill));
        Ok(())
    }

    fn since_last(&self) -> u64 {
        self.intervals.last().and_then(Interval::end).map_or(0, |end| self.at - end)
    }

    fn end_run(&mut self) -> Result<(), TooManyIntervals> {
        if let Some(run) = self.run.take() {
            let joins = self.gap.is_some() && self.gap == run.fill;
            self.gap = run.fill;
            self.add(run, joins);
        }
        if self.intervals.len() > MAX_INTERVALS { Err(TooManyIntervals) } else { Ok(()) }
    }

    /// One interval too many is kept, so that the refusal lasts; more would only take memory.
    fn add(&mut self, run: Interval, joins: bool) {
        let count = self.intervals.len();
        match self.intervals.last_mut() {
            Some(last) if joins => last.length = run.offset + run.length - last.offset,
            _ if count > MAX_INTERVALS => {}
            _ => self.intervals.push(run),
        }
    }
}

fn is_all(bytes: &[u8], value: u8) -> bool {
    match bytes {
        [] => true,
        [first, rest @ ..] => *first == value && rest == &bytes[..rest.len()],
    }
}

const WORD: usize = size_of::<u64>();

/// How many bytes from the start are equal.
fn equal_prefix(a: &[u8], b: &[u8]) -> usize {
    prefix(a, b, |xor| xor, |x, y| x == y)
}

/// How many bytes from the start differ, each from its counterpart.
fn differing_prefix(a: &[u8], b: &[u8]) -> usize {
    prefix(a, b, zero_bytes, |x, y| x != y)
}

/// Steps over whole words until `stop` of their exclusive or is not zero (its lowest set bit lies in the first byte that
/// ends the prefix), then over the odd bytes at the end.
fn prefix(a: &[u8], b: &[u8], stop: impl Fn(u64) -> u64, goes_on: impl Fn(u8, u8) -> bool) -> usize {
    let mut at = 0;
    for (a, b) in a.chunks_exact(WORD).zip(b.chunks_exact(WORD)) {
        let stopped = stop(word(a) ^ word(b));
        if stopped != 0 {
            return at + stopped.trailing_zeros() as usize / 8;
        }
        at += WORD;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(x, y)| goes_on(**x, **y)).count()
}

/// Marks zero bytes; the lowest mark is exact, higher ones may be borrowed (Warren, *Hacker's Delight*, 6-1).
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("chunks_exact gives whole words"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn diff(raw: &[u8], sanitized: &[u8], cut: usize) -> Redaction {
        let mut diff = RedactionDiff::default();
        for (raw, sanitized) in raw.chunks(cut).zip(sanitized.chunks(cut)) {
            diff.compare(raw, sanitized).unwrap();
        }
        diff.finish().unwrap()
    }

    /// The module head's rules, one byte at a time over the whole.
    fn naive(raw: &[u8], sanitized: &[u8]) -> Redaction {
        let mut spans: Vec<(usize, usize)> = vec![];
        for at in (0..raw.len()).filter(|at| raw[*at] != sanitized[*at]) {
            match spans.last_mut() {
                Some((_, end)) if *end == at => *end += 1,
                _ => spans.push((at, at + 1)),
            }
        }
        let fill = |(from, to): (usize, usize)| {
            sanitized[from..to].iter().all(|b| *b == sanitized[from]).then(|| sanitized[from])
        };
        let mut joined: Vec<(usize, usize)> = vec![];
        for span in spans {
            match joined.last_mut() {
                Some(last) if span.0 - last.1 <= 64 && fill(span).is_some() && fill((last.0, span.1)).is_some() => {
                    last.1 = span.1;
                }
                _ => joined.push(span),
            }
        }
        let interval = |span: (usize, usize)| Interval {
            offset: span.0 as u64,
            length: (span.1 - span.0) as u64,
            fill: fill(span),
        };
        let masked_bytes = joined.iter().map(|(from, to)| (to - from) as u64).sum();
        Redaction { masked_bytes, elided: vec![], interval: joined.into_iter().map(interval).collect() }
    }

    /// Pieces of (raw, sanitized) that meet all the joining rules' borders, over a two-letter alphabet.
    fn sides() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        let piece = (0_u8..6, prop_oneof![1_usize..5, 55_usize..75, 4000_usize..4200]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| {
            let (mut raw, mut sanitized) = (vec![], vec![]);
            for (kind, length) in pieces {
                let (r, s) = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1)][usize::from(kind)];
                raw.extend(std::iter::repeat_n(r, length));
                sanitized.extend(std::iter::repeat_n(s, length));
            }
            (raw, sanitized)
        })
    }

    proptest! {
        #[test]
        fn the_stream_follows_the_rules_however_it_is_cut((raw, sanitized) in sides(), cut in 1_usize..9000) {
            let expected = naive(&raw, &sanitized);
            prop_assert_eq!(&diff(&raw, &sanitized, cut), &expected);
            prop_assert_eq!(&diff(&raw, &sanitized, 1 << 20), &expected);
            prop_assert_eq!(expected.check(raw.len() as u64), Ok(()));
        }

        #[test]
        fn noise_follows_the_rules(
            sides in prop::collection::vec((0_u8..3, 0_u8..3), 0..3000), cut in 1_usize..100,
        ) {
            let (raw, sanitized): (Vec<u8>, Vec<u8>) = sides.into_iter().unzip();
            prop_assert_eq!(diff(&raw, &sanitized, cut), naive(&raw, &sanitized));
        }

        #[test]
        fn intervals_hold_every_difference_and_have_differing_edges((raw, sanitized) in sides(), cut in 1_usize..9000) {
            let mut rest = 0;
            for Interval { offset, length, .. } in diff(&raw, &sanitized, cut).interval {
                let (from, to) = (offset as usize, (offset + length) as usize);
                prop_assert_eq!(&raw[rest..from], &sanitized[rest..from]);
                prop_assert!(raw[from] != sanitized[from] && raw[to - 1] != sanitized[to - 1]);
                rest = to;
            }
            prop_assert_eq!(&raw[rest..], &sanitized[rest..]);
        }

        #[test]
        fn prefixes_are_exact(sides in prop::collection::vec((0_u8..2, 0_u8..2), 0..40)) {
            let (a, b): (Vec<u8>, Vec<u8>) = sides.iter().copied().unzip();
            prop_assert_eq!(equal_prefix(&a, &b), sides.iter().take_while(|(x, y)| x == y).count());
            prop_assert_eq!(differing_prefix(&a, &b), sides.iter().take_while(|(x, y)| x != y).count());
        }
    }

    fn interval(offset: u64, length: u64, fill: impl Into<Option<u8>>) -> Interval {
        Interval { offset, length, fill: fill.into() }
    }

    #[test]
    fn a_masked_card_number_does_not_show_its_zeros() {
        let redaction = diff(b"pan=4000056655665556;", b"pan=0000000000000000;", 7);
        assert_eq!(redaction.interval, [interval(4, 16, b'0')]);
    }

    #[test]
    fn separators_and_other_fills_stay_apart() {
        assert_eq!(diff(b"41-42", b"00-00", 2).interval, [interval(0, 2, b'0'), interval(3, 2, b'0')]);
        assert_eq!(diff(b"410x", b"000#", 2).interval, [interval(0, 2, b'0'), interval(3, 1, b'#')]);
        assert_eq!(diff(b"4142", b"0#0#", 2).interval, [interval(0, 4, None)]);
    }

    #[test]
    fn a_run_that_turns_out_mixed_never_joins() {
        assert_eq!(diff(b"4044", b"000#", 3).interval, [interval(0, 1, b'0'), interval(2, 2, None)]);
    }

    #[test]
    fn a_gap_of_fill_joins_up_to_its_limit() {
        for (gap, count) in [(1, 1), (64, 1), (65, 2), (5000, 2)] {
            let raw = [&b"4"[..], &vec![b'0'; gap], b"4"].concat();
            let found = diff(&raw, &vec![b'0'; gap + 2], 3);
            assert_eq!(found.interval.len(), count, "{gap}");
            assert_eq!(found.masked_bytes, if count == 1 { gap as u64 + 2 } else { 2 });
        }
    }

    #[test]
    fn empty_and_equal_sides_mask_nothing() {
        assert_eq!(diff(b"", b"", 1), Redaction { masked_bytes: 0, elided: vec![], interval: vec![] });
        assert_eq!(diff(b"same", b"same", 1), Redaction { masked_bytes: 0, elided: vec![], interval: vec![] });
    }

    #[test]
    fn every_difference_in_one_interval_counts_once() {
        let (raw, sanitized) = (vec![1; 3 * BLOCK + 5], vec![2; 3 * BLOCK + 5]);
        assert_eq!(diff(&raw, &sanitized, 999).interval, [interval(0, raw.len() as u64, 2)]);
    }

    #[test]
    fn a_comb_masked_with_the_byte_between_its_teeth_is_one_interval() {
        let raw = b"a#".repeat(2 * MAX_INTERVALS);
        let sanitized = b"##".repeat(2 * MAX_INTERVALS);
        assert_eq!(diff(&raw, &sanitized, 5000).interval, [interval(0, raw.len() as u64 - 1, b'#')]);
    }

    #[test]
    fn more_intervals_than_allowed_are_refused_and_stay_refused() {
        let raw = b"ab".repeat(MAX_INTERVALS);
        let sanitized = b"a#".repeat(MAX_INTERVALS);
        assert_eq!(diff(&raw, &sanitized, 5000).interval.len(), MAX_INTERVALS);
        let mut more = RedactionDiff::default();
        more.compare(&raw, &sanitized).unwrap();
        more.compare(b"ab", b"a#").unwrap();
        assert_eq!(more.compare(b"ab", b"a#"), Err(TooManyIntervals));
        assert_eq!(more.compare(b"a", b"a"), Err(TooManyIntervals));
        assert_eq!(more.finish(), Err(TooManyIntervals));
    }

    #[test]
    #[should_panic(expected = "both sides are cut alike")]
    fn sides_of_different_length_are_a_mistake() {
        let _ = RedactionDiff::default().compare(b"a", b"");
    }
}
