//! Doors: where a pattern may be entered. Tables that keep nearly every byte of a text out of the automaton.
//!
//! A door is one bit. It is open at a place when each of the bytes from there on, taken by itself, may stand at its place
//! in some pattern behind the door; a few look-ups and `and`s tell that of all doors at once. Patterns that share a door
//! let in what none of them begins with (`a` of one, then `x` of the other), and a walk costs more than all look-ups: so
//! there are several rows of doors, told apart by the first byte, and only patterns that begin alike share one.

use super::automaton::{Automaton, LOOK};
use super::lanes::Set;
use super::rules::{Shape, Shapes};
use crate::model::taxonomy::Boundary;

/// The bits that stand for pivots: the first has one, the others share one.
pub(super) const PIVOTS: u64 = 0b11 << 62;
/// How many doors of a row lead to patterns.
const DOORS: usize = 62;
/// A pattern that may begin with more bytes than this has one door for all of them.
const MANY: usize = 6;
/// How many rows there are; a first byte tells the row.
const ROWS: usize = 5;
/// The row of digits: so many patterns begin with any that each has a door.
const DIGITS: u8 = 1;

const ROW: [u8; 256] = {
    let mut rows = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        rows[byte] = match (byte as u8).to_ascii_lowercase() {
            b'0'..=b'9' => DIGITS,
            b'a'..=b'c' => 2,
            b'd'..=b'n' => 3,
            b'o'..=b'z' => 4,
            _ => 0,
        };
        byte += 1;
    }
    rows
};

/// All doors, in rows.
#[derive(Debug)]
pub(super) struct Doors {
    rows: [Row; ROWS],
    /// The bytes other than letters and digits that something may begin with.
    pub(super) marks: Set,
}

/// What patterns behind one door have in common.
#[derive(Debug, PartialEq, Eq)]
enum Common {
    /// They are one pattern.
    Pattern(usize),
    /// How they begin, what may stand before, and how long they may be: a short one is not walked as far as a long one.
    Beginning(u8, Option<u8>, Boundary, usize),
}

/// Which patterns have which door while doors are given away.
type Given = [Vec<Common>; ROWS];

fn door(given: &mut Vec<Common>, common: Common) -> u64 {
    let known = given.iter().position(|known| *known == common).unwrap_or_else(|| {
        given.push(common);
        given.len() - 1
    });
    1 << (known % DOORS)
}

/// The bytes of a set, small and capital letters as one.
fn folded(set: &[bool; 256]) -> Vec<u8> {
    let is_twin = |byte: u8| byte.is_ascii_uppercase() && set[usize::from(byte.to_ascii_lowercase())];
    (0..=255).filter(|byte| set[usize::from(*byte)] && !is_twin(*byte)).collect()
}

/// Whether a pattern of this boundary may be entered behind a byte. Letters that escapes end with (`\n`) pass here, and
/// are looked at again.
fn may_follow(boundary: Boundary, byte: u8) -> bool {
    match boundary {
        Boundary::Open => true,
        Boundary::Token if b"_-+~".contains(&byte) => false,
        _ => !byte.is_ascii_alphanumeric() || b"nrt".contains(&byte),
    }
}

impl Doors {
    /// The doors of the patterns that are entered where they begin, and of those that are entered at a pivot.
    pub(super) fn new(plain: Option<&Shapes>, pivoted: Option<&Shapes>) -> Self {
        let mut doors = Self { rows: std::array::from_fn(|_| Row::closed()), marks: Set::EMPTY };
        let mut given = Given::default();
        if let Some(shapes) = plain {
            for (index, shape) in shapes.shapes.iter().enumerate() {
                doors.let_in(&mut given, &shapes.automaton, index, shape);
            }
        }
        let pivots = pivoted.iter().flat_map(|p| &p.shapes).filter_map(|shape| shape.pivot.as_ref());
        let first = pivots.clone().next().map(|(byte, _)| *byte);
        for (byte, before) in pivots {
            let door = if Some(*byte) == first { 1 << 63 } else { 1 << 62 };
            doors.rows[usize::from(ROW[usize::from(*byte)])].add_pivot(door, *byte, before);
        }
        let is_mark = |byte: &u8| !byte.is_ascii_alphanumeric() && doors.row(*byte).at[0][usize::from(*byte)] != 0;
        doors.marks = (0..=255).filter(is_mark).fold(Set::EMPTY, Set::with);
        doors
    }

    /// Gives doors to a pattern.
    fn let_in(&mut self, given: &mut Given, automaton: &Automaton, index: usize, shape: &Shape) {
        let entry = |begins: &dyn Fn(usize, u8) -> bool| automaton.entry(index, begins).bytes;
        for (row, given) in (0_u8..).zip(given) {
            let mut add = |given: &mut Vec<Common>, common: Common, bytes: &[[bool; 256]; LOOK]| {
                let before = |byte| may_follow(shape.boundary, byte);
                self.rows[usize::from(row)].add(door(given, common), (index, shape.longest), bytes, before);
            };
            let all = entry(&|place, byte| place > 0 || ROW[usize::from(byte)] == row);
            let firsts = folded(&all[0]);
            if !firsts.is_empty() && (row == DIGITS || firsts.len() > MANY) {
                add(given, Common::Pattern(index), &all);
                continue;
            }
            for first in firsts {
                let begun = entry(&|place, byte| place > 0 || byte.eq_ignore_ascii_case(&first));
                let seconds = folded(&begun[1]);
                let first_letter = first.to_ascii_lowercase();
                let common = |second| Common::Beginning(first_letter, second, shape.boundary, shape.longest);
                if seconds.len() > MANY {
                    add(given, common(None), &begun);
                    continue;
                }
                for second in seconds {
                    let begins = |place: usize, byte: u8| {
                        [first, second].get(place).is_none_or(|b| b.eq_ignore_ascii_case(&byte))
                    };
                    add(given, common(Some(second.to_ascii_lowercase())), &entry(&begins));
                }
            }
        }
    }

    /// The doors that something may open which begins with this byte.
    #[inline(always)]
    pub(super) fn row(&self, first: u8) -> &Row {
        &self.rows[usize::from(ROW[usize::from(first)])]
    }
}

/// The doors of what begins with some bytes.
#[derive(Debug)]
pub(super) struct Row {
    /// The doors that are open behind each byte.
    before: Box<[u64; 256]>,
    /// The doors that are open for each byte at each of the first places.
    at: Box<[[u64; 256]; LOOK]>,
    /// The doors that may be open behind a letter.
    open: u64,
    /// The patterns behind each door, and how long their matches may be.
    behind: [Vec<(usize, usize)>; 64],
}

impl Row {
    pub(super) fn closed() -> Self {
        Self { before: Box::new([0; 256]), at: Box::new([[0; 256]; LOOK]), open: 0, behind: [const { Vec::new() }; 64] }
    }

    /// Lets in a pattern, known by its place and its longest match, that begins with these bytes behind a byte that may
    /// stand before.
    pub(super) fn add(
        &mut self,
        door: u64,
        pattern: (usize, usize),
        bytes: &[[bool; 256]; LOOK],
        before: impl Fn(u8) -> bool,
    ) {
        self.behind[door.trailing_zeros() as usize].push(pattern);
        self.open |= if before(b'x') { door } else { 0 };
        for byte in 0..=255_u8 {
            let index = usize::from(byte);
            self.before[index] |= if before(byte) { door } else { 0 };
            for (place, allowed) in self.at.iter_mut().zip(bytes) {
                place[index] |= if allowed[index] { door } else { 0 };
            }
        }
    }

    /// Lets in a pivot behind what may stand before it.
    fn add_pivot(&mut self, door: u64, pivot: u8, before: &[bool; 256]) {
        self.open |= door;
        self.before.iter_mut().zip(before).filter(|(_, may)| **may).for_each(|(doors, _)| *doors |= door);
        self.at[0][usize::from(pivot)] |= door;
        self.at[1..].iter_mut().flatten().for_each(|doors| *doors |= door);
    }

    /// The doors that are open behind a byte, as far as four bytes tell.
    #[inline(always)]
    pub(super) fn glance(&self, before: u8, [a, b, c, d]: [u8; 4]) -> u64 {
        let [first, second, third, fourth, ..] = &*self.at;
        self.before[usize::from(before)]
            & first[usize::from(a)]
            & second[usize::from(b)]
            & third[usize::from(c)]
            & fourth[usize::from(d)]
    }

    /// Those of some doors that are open as far as the other bytes tell.
    #[inline(always)]
    pub(super) fn look(&self, mut doors: u64, rest: &[u8], is_apart: impl FnOnce() -> bool) -> u64 {
        for (place, &byte) in self.at[4..].iter().zip(rest) {
            doors &= place[usize::from(byte)];
        }
        if doors & !self.open != 0 && !is_apart() {
            doors &= self.open;
        }
        doors
    }

    /// The longest match behind any of some doors, of the patterns that may match here.
    pub(super) fn longest(&self, mut doors: u64, may_match: impl Fn(usize) -> bool) -> usize {
        let mut longest = 0;
        while doors != 0 {
            for &(pattern, length) in &self.behind[doors.trailing_zeros() as usize] {
                if length > longest && may_match(pattern) {
                    longest = length;
                }
            }
            doors &= doors - 1;
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::super::matcher::PAD;
    use super::super::rules::Rules;
    use super::*;
    use crate::model::taxonomy::Taxonomy;

    #[test]
    fn a_door_is_open_wherever_a_pattern_matches() {
        let taxonomy = Taxonomy::shipped();
        let rules = Rules::new(&taxonomy).unwrap();
        let shapes = rules.plain.as_ref().unwrap();
        let mut walker = shapes.automaton.walker();
        let mut entered = 0;
        for text in taxonomy.class.iter().flat_map(|class| class.finds.iter().chain(&class.ignores)) {
            let padded = [text.as_bytes(), &[0; PAD]].concat();
            for at in 0..text.len() {
                let before = at.checked_sub(1).map_or(0, |before| padded[before]);
                let mut matches = false;
                shapes.automaton.walk(&mut walker, &padded, at, padded.len(), |pattern, _| {
                    matches |= shapes.shapes.get(pattern).is_some_and(|shape| may_follow(shape.boundary, before));
                });
                let row = rules.doors.row(padded[at]);
                let glimpsed = row.glance(before, *padded[at..].first_chunk().unwrap());
                assert!(!matches || row.look(glimpsed, &padded[at + 4..], || true) != 0, "{text}: {at}");
                entered += usize::from(matches);
            }
        }
        assert!(entered > 200, "{entered}");
    }
}
