//! Overlapping intervals, cut into disjoint pieces.

use std::collections::BTreeSet;

/// From `start` up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first.
    pub start: u64,
    /// The first after it.
    pub end: u64,
}

impl Interval {
    /// Whether another one holds all of this one and more.
    pub fn is_within(self, outer: Self) -> bool {
        outer != self && outer.start <= self.start && self.end <= outer.end
    }
}

/// Calls `piece` with every stretch over which the same intervals lie, in order, and with those intervals' indices: the
/// one of lowest rank first, then the one given first. Stretches without any are left out, and so are empty intervals.
///
/// One pass over the sorted ends: n log n, however they overlap, as long as the caller takes few of the indices.
pub fn sweep<R: Ord>(
    intervals: &[Interval],
    rank: impl Fn(usize) -> R,
    mut piece: impl FnMut(Interval, &mut dyn Iterator<Item = usize>),
) {
    let real = || intervals.iter().enumerate().filter(|(_, i)| i.start < i.end);
    let mut ends: Vec<(u64, usize)> = real().map(|(at, i)| (i.start, at)).collect();
    ends.extend(real().map(|(at, i)| (i.end, at)));
    ends.sort_unstable();
    let mut over: BTreeSet<(R, usize)> = BTreeSet::new();
    let mut from = 0;
    for (position, at) in ends {
        if from < position && !over.is_empty() {
            piece(Interval { start: from, end: position }, &mut over.iter().map(|(_, at)| *at));
        }
        from = position;
        let key = (rank(at), at);
        if !over.remove(&key) {
            over.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_strongest_comes_first_and_gaps_are_left_out() {
        let intervals = [(0, 10), (2, 4), (2, 4), (20, 30), (5, 5)].map(|(start, end)| Interval { start, end });
        let mut seen = vec![];
        sweep(
            &intervals,
            |at| u8::from(at == 0),
            |piece, owners| seen.push((piece.start, piece.end, owners.collect())),
        );
        assert_eq!(seen, [(0, 2, vec![0]), (2, 4, vec![1, 2, 0]), (4, 10, vec![0]), (20, 30, vec![3])]);
    }

    proptest! {
        #[test]
        fn every_point_has_exactly_its_intervals(ends in prop::collection::vec((0_u64..60, 0_u64..60), 0..12)) {
            let intervals: Vec<Interval> = ends.iter().map(|&(start, end)| Interval { start, end }).collect();
            let mut points = vec![vec![]; 60];
            sweep(&intervals, |_| 0, |piece, owners| {
                let owners: Vec<usize> = owners.collect();
                for point in piece.start..piece.end {
                    assert!(points[point as usize].is_empty());
                    points[point as usize] = owners.clone();
                }
            });
            for (point, owners) in (0..).zip(points) {
                let expected: Vec<usize> = (0..intervals.len())
                    .filter(|&at| intervals[at].start <= point && point < intervals[at].end).collect();
                assert_eq!(owners, expected);
            }
        }
    }
}
