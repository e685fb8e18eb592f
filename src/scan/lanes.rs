//! 64 bytes → words of 64 bits, one for each question that is asked of every byte. The only file that names the SIMD crate.
//!
//! Every byte of a chunk is read once, here, with the widest vectors that the processor has: they are chosen as the
//! program runs, which is built for any x86-64. The question is always *is the byte in this set?*: the lower half of a
//! byte finds, in a table of sixteen, the upper halves with which it is in the set. All else in this room shifts words.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u8x64};

/// A set of bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Set {
    /// For the lower half of an ASCII byte, one bit for each upper half.
    ascii: [u8; 16],
    /// All bytes above ASCII, when one of them is in the set: whoever asks for such looks again.
    beyond: bool,
}

impl Set {
    pub(super) const EMPTY: Self = Self { ascii: [0; 16], beyond: false };

    pub(super) const fn with(mut self, byte: u8) -> Self {
        if byte < 128 {
            self.ascii[byte as usize % 16] |= 1 << (byte / 16);
        } else {
            self.beyond = true;
        }
        self
    }

    const fn range(mut self, first: u8, last: u8) -> Self {
        let mut byte = first;
        while byte <= last {
            self = self.with(byte);
            byte += 1;
        }
        self
    }
}

const PRINTABLE: Set = Set::EMPTY.range(b' ', b'~').range(b'\t', b'\n').with(b'\r');
/// The sign of degrees, in Latin-1 as in UTF-16: the one byte beyond ASCII that stands amid a value, a position.
const DEGREE: u8 = 0xB0;
const CAPITAL: Set = Set::EMPTY.range(b'A', b'Z');
const WORD: Set = CAPITAL.range(b'a', b'z').range(b'0', b'9');
/// The characters of both alphabets of base64.
const CODE: Set = WORD.with(b'+').with(b'/').with(b'-').with(b'_');

/// What is asked of every byte, 64 in a word.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Letters, digits, punctuation, the three controls that stand in text, and the sign of degrees.
    pub(super) printable: Vec<u64>,
    pub(super) zero: Vec<u64>,
    pub(super) capital: Vec<u64>,
    /// Base64, of either alphabet.
    pub(super) code: Vec<u64>,
    /// Where a pattern may begin: with a word, also one that begins with a capital within another or stands behind an
    /// escaped line end, and with one of the other bytes that patterns begin with.
    pub(super) starts: Vec<u64>,
    /// The second byte of what a gzip, zlib or zip member begins with.
    pub(super) members: Vec<u64>,
}

impl Lanes {
    /// Reads the bytes; what was there before is forgotten. Behind the last there is nothing of anything.
    pub(super) fn read(&mut self, bytes: &[u8], marks: Set) {
        let words = bytes.len() / 64 + 1;
        let Self { printable, zero, capital, code, starts, members } = self;
        for lane in [printable, zero, capital, code, starts, members] {
            lane.resize(words, 0);
        }
        dispatch!(Level::new(), simd => self.fill(simd, bytes, marks));
    }

    #[inline(always)]
    fn fill<S: Simd>(&mut self, simd: S, bytes: &[u8], marks: Set) {
        let tables = Tables::new(simd, marks);
        let mut behind = Behind::default();
        let (blocks, rest) = bytes.as_chunks::<64>();
        let mut last = [0xFF; 64];
        last[..rest.len()].copy_from_slice(rest);
        for (at, block) in blocks.iter().chain([&last]).enumerate() {
            let block = tables.halve(u8x64::simd_from(simd, *block));
            let capital = block.within(tables.capital);
            self.printable[at] = block.within(tables.printable) | block.is(DEGREE);
            self.zero[at] = block.is(0);
            self.capital[at] = capital;
            self.code[at] = block.within(tables.code);
            self.starts[at] = behind.starts(&tables, &block, capital);
            self.members[at] = behind.members(&block);
        }
    }
}

/// A set, as vectors ask for it.
type Table<S> = (u8x64<S>, u64);

/// The sets that are asked for.
struct Tables<S: Simd> {
    simd: S,
    /// The bit of each upper half; none above ASCII.
    upper: u8x64<S>,
    printable: Table<S>,
    capital: Table<S>,
    word: Table<S>,
    code: Table<S>,
    marks: Table<S>,
}

impl<S: Simd> Tables<S> {
    #[inline(always)]
    fn new(simd: S, marks: Set) -> Self {
        let splat = |table: [u8; 16]| u8x64::block_splat(u8x16::simd_from(simd, table));
        let table = |set: Set| (splat(set.ascii), if set.beyond { u64::MAX } else { 0 });
        Self {
            simd,
            upper: splat([1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]),
            printable: table(PRINTABLE),
            capital: table(CAPITAL),
            word: table(WORD),
            code: table(CODE),
            marks: table(marks),
        }
    }

    #[inline(always)]
    fn halve(&self, bytes: u8x64<S>) -> Halves<S> {
        let Self { simd, .. } = *self;
        let upper = self.upper.swizzle_dyn_within_blocks(bytes >> 4);
        Halves { simd, bytes, lower: bytes & 15, upper }
    }
}

/// 64 bytes, and their halves.
struct Halves<S: Simd> {
    simd: S,
    bytes: u8x64<S>,
    lower: u8x64<S>,
    upper: u8x64<S>,
}

impl<S: Simd> Halves<S> {
    #[inline(always)]
    fn within(&self, (table, beyond): Table<S>) -> u64 {
        let zero = u8x64::splat(self.simd, 0);
        let inside = (table.swizzle_dyn_within_blocks(self.lower) & self.upper).simd_ne(zero).to_bitmask();
        inside | self.upper.simd_eq(zero).to_bitmask() & beyond
    }

    #[inline(always)]
    fn is(&self, byte: u8) -> u64 {
        self.bytes.simd_eq(u8x64::splat(self.simd, byte)).to_bitmask()
    }
}

/// What of the last block matters for the next: for each question, where its bytes were.
#[derive(Debug, Default)]
struct Behind {
    word: u64,
    capital: u64,
    backslash: u64,
    gzip: u64,
    zlib: u64,
    zip: u64,
}

/// The bits moved up by some places, and those that the last word kept filled in; keeps these bits.
#[inline(always)]
fn moved(kept: &mut u64, bits: u64, by: u32) -> u64 {
    bits << by | std::mem::replace(kept, bits) >> (64 - by)
}

impl Behind {
    #[inline(always)]
    fn starts<S: Simd>(&mut self, tables: &Tables<S>, block: &Halves<S>, capital: u64) -> u64 {
        let word = block.within(tables.word);
        let behind_word = moved(&mut self.word, word, 1);
        let behind_capital = moved(&mut self.capital, capital, 1);
        // `\n` in a text of code: the letter is not a part of the word that follows.
        let escaped = moved(&mut self.backslash, block.is(b'\\'), 2);
        word & (!behind_word | escaped) | capital & !behind_capital | block.within(tables.marks)
    }

    #[inline(always)]
    fn members<S: Simd>(&mut self, block: &Halves<S>) -> u64 {
        let gzip = moved(&mut self.gzip, block.is(0x1F), 1) & block.is(0x8B);
        let levels = block.is(0x01) | block.is(0x5E) | block.is(0x9C) | block.is(0xDA);
        let zlib = moved(&mut self.zlib, block.is(0x78), 1) & levels;
        let zip = moved(&mut self.zip, block.is(b'P'), 1) & block.is(b'K');
        gzip | zlib | zip
    }
}

/// The bits of a word that lie in a range.
#[inline(always)]
pub(super) fn mask(index: usize, start: usize, end: usize) -> u64 {
    let low = start.saturating_sub(index * 64).min(64);
    let high = end.saturating_sub(index * 64).min(64);
    if low >= high { 0 } else { (u64::MAX << low) & (u64::MAX >> (64 - high)) }
}

/// The places in a range whose bits are set.
#[inline(always)]
pub(super) fn places(words: &[u64], range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    let Range { start, end } = range;
    let first = start / 64;
    let within = words.get(first..end.div_ceil(64).min(words.len())).unwrap_or_default();
    within.iter().zip(first..).flat_map(move |(word, index)| {
        let mut bits = word & mask(index, start, end);
        std::iter::from_fn(move || {
            let place = (bits != 0).then(|| index * 64 + bits.trailing_zeros() as usize);
            bits &= bits.wrapping_sub(1);
            place
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_word(byte: u8) -> bool {
        byte.is_ascii_alphanumeric()
    }

    fn may_start(bytes: &[u8], at: usize) -> bool {
        let back = |by: usize| at.checked_sub(by).map_or(0, |place| bytes[place]);
        let byte = bytes[at];
        is_word(byte) && (!is_word(back(1)) || back(2) == b'\\')
            || byte.is_ascii_uppercase() && !back(1).is_ascii_uppercase()
            || byte == b'@'
            || byte >= 128
    }

    fn may_be_member(pair: &[u8]) -> bool {
        matches!(pair, [0x1F, 0x8B] | [0x78, 0x01 | 0x5E | 0x9C | 0xDA] | b"PK")
    }

    fn set(words: &[u64], length: usize) -> Vec<usize> {
        places(words, 0..length).collect()
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let telling =
            prop::sample::select(b"azAZ09 @\\n+/-_~\t\r\x0B\x00\x1F\x8B\x78\x9C\x01PK\x7F\x80\xB0\xFF".to_vec());
        prop::collection::vec(prop_oneof![telling, any::<u8>()], 0..300)
    }

    proptest! {
        #[test]
        fn every_byte_is_judged_as_a_plain_loop_does(bytes in bytes()) {
            let mut lanes = Lanes::default();
            lanes.read(b"what was there before is forgotten", Set::EMPTY);
            lanes.read(&bytes, Set::EMPTY.with(b'@').with(0xB0));
            let those = |test: &dyn Fn(usize) -> bool| (0..bytes.len()).filter(|at| test(*at)).collect::<Vec<_>>();
            let text = |b: u8| (b' '..=b'~').contains(&b) || b"\t\n\r\xB0".contains(&b);
            prop_assert_eq!(set(&lanes.printable, bytes.len()), those(&|at| text(bytes[at])));
            prop_assert_eq!(set(&lanes.zero, bytes.len()), those(&|at| bytes[at] == 0));
            prop_assert_eq!(set(&lanes.capital, bytes.len()), those(&|at| bytes[at].is_ascii_uppercase()));
            prop_assert_eq!(set(&lanes.code, bytes.len()), those(&|at| is_word(bytes[at]) || b"+/-_".contains(&bytes[at])));
            prop_assert_eq!(set(&lanes.starts, bytes.len()), those(&|at| may_start(&bytes, at)));
            prop_assert_eq!(set(&lanes.members, bytes.len()), those(&|at| at > 0 && may_be_member(&bytes[at - 1..=at])));
        }

        #[test]
        fn places_are_those_of_the_range(words in prop::collection::vec(any::<u64>(), 0..5), from in 0_usize..400, to in 0_usize..400) {
            let plain = (from..to).filter(|at| words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1));
            prop_assert_eq!(places(&words, from..to).collect::<Vec<_>>(), plain.collect::<Vec<_>>());
        }
    }
}
