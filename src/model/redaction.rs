//! What was masked between raw and sanitized bytes: intervals, never the bytes themselves.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fragment::Extent;

/// The most intervals one redaction may list. More says that the files do not belong together (or that one was
/// compressed or encrypted), and would fill the packet's history with offsets nobody reads.
pub const MAX_INTERVALS: usize = 32_768;

/// One masked interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// From the fragment's first byte.
    pub offset: u64,
    /// How long; at least one.
    pub length: u64,
    /// The byte it was masked with; absent when its sanitized bytes differ among themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<u8>,
}

impl Interval {
    /// The offset after its last byte; none when it overflows, as it may in a stored file.
    pub fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.length)
    }
}

/// Every interval masked in one fragment, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// The sum of the intervals' lengths.
    pub masked_bytes: u64,
    /// What the sanitized dump does not hold at all, sorted and disjoint; zeros stand for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elided: Vec<Extent>,
    /// The intervals, sorted and disjoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interval: Vec<Interval>,
}

/// More intervals than a redaction may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more than {MAX_INTERVALS} masked intervals: check that the two files are the same range, masked in place")]
pub struct TooManyIntervals;

/// What is wrong with a redaction that was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRedaction {
    /// More intervals than allowed.
    #[error(transparent)]
    TooMany(#[from] TooManyIntervals),
    /// An interval masks nothing.
    #[error("the interval at {offset} is empty")]
    Empty {
        /// Its offset.
        offset: u64,
    },
    /// An interval reaches past the fragment.
    #[error("the interval {offset}+{length} does not lie in a fragment of {bytes} bytes")]
    Outside {
        /// Its offset.
        offset: u64,
        /// Its length.
        length: u64,
        /// The fragment's bytes.
        bytes: u64,
    },
    /// An interval begins before the one listed before it ends.
    #[error("the interval at {offset} begins before {end}, where the one listed before it ends")]
    Unsorted {
        /// Its offset.
        offset: u64,
        /// The end of the one before.
        end: u64,
    },
    /// Two intervals are really one: one value must have one encoding.
    #[error("the interval at {offset} continues the one before it and has the same fill: write them as one")]
    Continued {
        /// Its offset.
        offset: u64,
    },
    /// A part that is said to be absent is empty, outside the fragment, or not after the one before it.
    #[error("the elided part at {offset} is empty, out of order or not in the fragment")]
    Elided {
        /// Its offset.
        offset: u64,
    },
    /// The sum is not the sum.
    #[error("`masked_bytes` is {stated}, but the intervals add up to {sum}")]
    Sum {
        /// What the file says.
        stated: u64,
        /// What the intervals add up to.
        sum: u64,
    },
}

impl Redaction {
    /// Whether every byte of a range is masked that says something. `idle` names the byte of each pair, from the range's
    /// first one, that plain UTF-16 text leaves zero: it may be left as it is, its neighbour may not.
    pub fn masks(&self, offset: u64, length: u64, idle: Option<u64>) -> bool {
        let Some(end) = offset.checked_add(length) else { return false };
        let may_show = |from: u64, to: u64| match to.saturating_sub(from) {
            0 => true,
            1 => idle == Some((from - offset) % 2),
            _ => false,
        };
        let first = self.interval.partition_point(|i| i.end().is_some_and(|e| e <= offset));
        let mut shown_from = offset;
        for interval in self.interval[first..].iter().take_while(|i| i.offset < end) {
            if !may_show(shown_from, interval.offset) {
                return false;
            }
            shown_from = interval.end().unwrap_or(u64::MAX);
        }
        may_show(shown_from, end) || self.elides(offset, end)
    }

    /// Whether the sanitized dump holds nothing of a range.
    fn elides(&self, offset: u64, end: u64) -> bool {
        let before = self.elided.partition_point(|e| e.offset <= offset);
        let last = before.checked_sub(1).and_then(|at| self.elided.get(at));
        last.is_some_and(|e| end <= e.offset.saturating_add(e.length))
    }

    /// What is wrong with the list of what is not there, if anything.
    fn elided_problem(&self, fragment_bytes: u64) -> Option<InvalidRedaction> {
        let mut reached = None;
        self.elided.iter().find_map(|extent| {
            let end = extent.offset.checked_add(extent.length).filter(|end| *end <= fragment_bytes);
            // Two that touch are one.
            let sorted = reached.is_none_or(|reached| extent.offset > reached);
            reached = end;
            (end.is_none() || extent.length == 0 || !sorted)
                .then_some(InvalidRedaction::Elided { offset: extent.offset })
        })
    }

    /// Checks a redaction of a fragment of so many bytes; stored files are written by others.
    ///
    /// # Errors
    /// When intervals are too many, empty, outside the fragment, out of order, overlapping or needlessly split, or do
    /// not add up: a reader who trusts `masked_bytes` or the first interval found must not be misled.
    pub fn check(&self, fragment_bytes: u64) -> Result<(), InvalidRedaction> {
        if self.interval.len() > MAX_INTERVALS {
            return Err(TooManyIntervals.into());
        }
        if self.elided.len() > MAX_INTERVALS {
            return Err(TooManyIntervals.into());
        }
        if let Some(problem) = self.elided_problem(fragment_bytes) {
            return Err(problem);
        }
        let mut before = None;
        let mut sum = 0;
        for interval in &self.interval {
            before = Some((interval.follows(before, fragment_bytes)?, interval.fill));
            sum += interval.length; // disjoint and inside the fragment, so this cannot overflow
        }
        if sum == self.masked_bytes { Ok(()) } else { Err(InvalidRedaction::Sum { stated: self.masked_bytes, sum }) }
    }
}

impl Interval {
    /// Its end, when it may stand after the interval that ended `before` with that fill.
    fn follows(&self, before: Option<(u64, Option<u8>)>, bytes: u64) -> Result<u64, InvalidRedaction> {
        let &Self { offset, length, fill } = self;
        if length == 0 {
            return Err(InvalidRedaction::Empty { offset });
        }
        match before {
            Some((end, _)) if offset < end => return Err(InvalidRedaction::Unsorted { offset, end }),
            Some((end, was)) if offset == end && fill == was => return Err(InvalidRedaction::Continued { offset }),
            _ => {}
        }
        let end = self.end().filter(|end| *end <= bytes);
        end.ok_or(InvalidRedaction::Outside { offset, length, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(masked_bytes: u64, intervals: &[(u64, u64, Option<u8>)]) -> Redaction {
        let interval = |&(offset, length, fill): &_| Interval { offset, length, fill };
        Redaction { masked_bytes, elided: vec![], interval: intervals.iter().map(interval).collect() }
    }

    #[test]
    fn intervals_in_order_inside_the_fragment_are_fine() {
        assert_eq!(redaction(0, &[]).check(0), Ok(()));
        assert_eq!(redaction(10, &[(0, 10, None)]).check(10), Ok(()));
        assert_eq!(redaction(5, &[(0, 2, Some(0)), (2, 2, Some(1)), (9, 1, Some(1))]).check(10), Ok(()));
        assert_eq!(redaction(u64::MAX, &[(0, u64::MAX, None)]).check(u64::MAX), Ok(()));
    }

    #[test]
    fn a_range_is_masked_when_no_byte_of_it_shows() {
        let masks = |intervals: &[_], offset, length| redaction(0, intervals).masks(offset, length, None);
        assert!(masks(&[(10, 16, None)], 10, 16) && masks(&[(8, 4, None), (12, 20, None)], 10, 16));
        for shows in [&[][..], &[(0, 10, None)], &[(26, 9, None)], &[(11, 15, None)], &[(10, 15, None)]] {
            assert!(!masks(shows, 10, 16), "{shows:?}");
        }
        assert!(!masks(&[(10, 8, None), (19, 7, None)], 10, 16), "one byte in the middle");
        assert!(!redaction(0, &[(0, 9, None)]).masks(u64::MAX, 2, None));
    }

    #[test]
    fn what_the_sanitized_dump_does_not_hold_is_masked() {
        let extent = |(offset, length)| Extent { offset, length };
        let elided = |parts: &[(u64, u64)]| Redaction {
            elided: parts.iter().copied().map(extent).collect(),
            ..redaction(0, &[])
        };
        assert!(elided(&[(0, 8), (16, 8)]).masks(16, 8, None) && elided(&[(16, 8)]).masks(18, 2, None));
        assert!(!elided(&[(0, 8), (16, 8)]).masks(12, 8, None) && !elided(&[(16, 8)]).masks(18, 7, None));
        assert_eq!(elided(&[(0, 8), (16, 8)]).check(24), Ok(()));
        for wrong in [&[(0, 0)][..], &[(17, 8)], &[(8, 8), (0, 8)], &[(0, 8), (8, 8)], &[(u64::MAX, 2)]] {
            assert!(elided(wrong).check(24).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn of_utf_16_only_the_idle_byte_of_a_pair_may_show() {
        let every_second = |from: u64| (0..8).map(|i| (from + 2 * i, 1, None)).collect::<Vec<_>>();
        for (idle, masked) in [(1, 10), (0, 11)] {
            assert!(redaction(0, &every_second(masked)).masks(10, 16, Some(idle)), "{idle}");
            assert!(!redaction(0, &every_second(masked)).masks(10, 16, None), "{idle}");
            assert!(!redaction(0, &every_second(21 - masked)).masks(10, 16, Some(idle)), "the letters show: {idle}");
        }
        assert!(!redaction(0, &[(10, 6, None), (18, 8, None)]).masks(10, 16, Some(1)), "a whole letter shows");
    }

    #[test]
    fn crafted_intervals_are_refused() {
        let refused = |masked, intervals: &[_]| redaction(masked, intervals).check(10).unwrap_err();
        assert_eq!(refused(0, &[(3, 0, None)]), InvalidRedaction::Empty { offset: 3 });
        assert_eq!(refused(2, &[(9, 2, None)]), InvalidRedaction::Outside { offset: 9, length: 2, bytes: 10 });
        let wraps = InvalidRedaction::Outside { offset: u64::MAX, length: 2, bytes: 10 };
        assert_eq!(refused(2, &[(u64::MAX, 2, None)]), wraps);
        assert_eq!(refused(4, &[(4, 2, None), (0, 2, None)]), InvalidRedaction::Unsorted { offset: 0, end: 6 });
        assert_eq!(refused(4, &[(0, 2, None), (1, 2, None)]), InvalidRedaction::Unsorted { offset: 1, end: 2 });
        assert_eq!(refused(4, &[(0, 2, Some(1)), (2, 2, Some(1))]), InvalidRedaction::Continued { offset: 2 });
        assert_eq!(refused(4, &[(0, 2, None), (2, 2, None)]), InvalidRedaction::Continued { offset: 2 });
        assert_eq!(refused(3, &[(0, 2, None)]), InvalidRedaction::Sum { stated: 3, sum: 2 });
    }

    #[test]
    fn one_interval_more_than_allowed_is_refused() {
        let comb = |teeth: u64| (0..teeth).map(|at| (2 * at, 1, None)).collect::<Vec<_>>();
        let most = MAX_INTERVALS as u64;
        assert_eq!(redaction(most, &comb(most)).check(u64::MAX), Ok(()));
        assert_eq!(redaction(most + 1, &comb(most + 1)).check(u64::MAX), Err(TooManyIntervals.into()));
    }
}
