//! Parts of values: what stands broken off of a value that was found whole elsewhere.
//!
//! A register holds eight or sixteen bytes of a text that was being copied; where a dump has a gap, a text ends at its edge.
//! No pattern tells such a piece. So of the values that a scan found, each six bytes in a row are looked up in registers
//! and at severed edges. What is found is told as of the value's class, with its commitment and low confidence.

use std::collections::{BTreeMap, HashSet};
use std::io;

use compact_str::format_compact;

use super::stream::{Piece, Stream};
use crate::dump::read::ReadAt;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::{Confidence, Finding, PART};
use crate::model::id::ClassId;

/// The shortest part, in characters.
const SHORTEST: usize = 6;
/// How much of a value is looked for, in characters.
const LONGEST: usize = 256;
/// A window of more different values than this tells none of them: a domain, a scheme.
const SHARED: usize = 8;
/// The most windows that are kept.
const MOST_WINDOWS: usize = 1 << 19;
/// How far from a severed edge a part may reach, in bytes.
const EDGE: u64 = 128;

/// Where in a range a part may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Anywhere: registers.
    Anywhere,
    /// At its first byte: what came before was not captured.
    AtStart,
    /// At its last byte: what comes behind was not captured.
    AtEnd,
}

/// A range of a source in which parts are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlace {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// Where in it a part may stand.
    pub standing: Standing,
}

/// The edges of memory that is scanned where what lay beside it was not captured.
pub fn edges(pieces: &[Piece]) -> Vec<PartPlace> {
    let memory: Vec<Piece> = pieces.iter().copied().filter(|piece| piece.va.is_some()).collect();
    let edges = |stream: &Stream| {
        let (end, reach) = (stream.length(), EDGE.min(stream.length()));
        let place = |standing| move |(offset, length)| PartPlace { offset, length, standing };
        let start = stream.places(0, reach).next().map(place(Standing::AtStart));
        start
            .into_iter()
            .chain(stream.places(end - reach, reach).last().map(place(Standing::AtEnd)))
            .collect::<Vec<_>>()
    };
    Stream::join(&memory).iter().flat_map(edges).collect()
}

/// What is told of a part: its value's class and commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    class: ClassId,
    commitment: Option<KeyedBlake3>,
}

/// Values that were found whole, window by window.
#[derive(Debug, Default)]
pub struct Parts {
    wholes: Vec<Whole>,
    /// What was taken in already.
    seen: HashSet<blake3::Hash>,
    /// Six characters as a number, and whose they are; sorted.
    windows: Vec<(u64, u32)>,
}

/// Characters with a place each: a text as it stands, or UTF-16 without its zeros.
struct Laid {
    characters: Vec<u8>,
    first: usize,
    stride: usize,
    encoding: &'static str,
}

impl Laid {
    /// The ways to read some bytes. Registers are those of machines whose UTF-16 is little endian.
    fn all(bytes: &[u8]) -> [Self; 3] {
        let plain = Self { characters: bytes.to_vec(), first: 0, stride: 1, encoding: "ascii" };
        let wide = |first: usize| {
            let pairs = bytes.get(first..).unwrap_or_default().chunks(2);
            let characters = pairs.map(|pair| if pair.get(1).is_none_or(|b| *b == 0) { pair[0] } else { 0 });
            Self { characters: characters.collect(), first, stride: 2, encoding: "utf-16le" }
        };
        [plain, wide(0), wide(1)]
    }
}

/// Of `000000` and `ababab` there is some everywhere.
fn is_telling(window: &[u8; SHORTEST]) -> bool {
    let first = |at: usize| !window[..at].contains(&window[at]);
    (0..SHORTEST).filter(|at| first(*at)).count() > 2
}

fn number(window: &[u8; SHORTEST]) -> u64 {
    window.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The bytes that findings lie over, class by class: stretches that do not touch, in order.
#[derive(Default)]
struct Taken<'f>(BTreeMap<&'f ClassId, Vec<(u64, u64)>>);

impl<'f> Taken<'f> {
    fn by(found: &'f [Finding]) -> Self {
        let mut taken = Self::default();
        for finding in found {
            let end = finding.offset.saturating_add(finding.length);
            taken.0.entry(&finding.class).or_default().push((finding.offset, end));
        }
        for stretches in taken.0.values_mut() {
            stretches.sort_unstable();
            stretches.dedup_by(|next, kept| {
                let joins = next.0 <= kept.1;
                kept.1 = if joins { kept.1.max(next.1) } else { kept.1 };
                joins
            });
        }
        taken
    }

    fn overlaps(&self, part: &Finding) -> bool {
        let Some(stretches) = self.0.get(&part.class) else { return false };
        let next = stretches.partition_point(|(_, end)| *end <= part.offset);
        stretches.get(next).is_some_and(|(start, _)| *start < part.offset + part.length)
    }
}

impl Parts {
    /// Takes in the values that were found, as ASCII or UTF-16, in a source.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn gather<'f>(&mut self, source: &dyn ReadAt, findings: impl Iterator<Item = &'f Finding>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for finding in findings.filter(|f| !f.encoding.contains('>')) {
            if self.windows.len() >= MOST_WINDOWS {
                break;
            }
            let stride = if finding.encoding == "ascii" { 1 } else { 2 };
            let length = usize::try_from(finding.length).unwrap_or(usize::MAX).min(LONGEST * stride);
            bytes.resize(length, 0);
            source.read_exact_at(&mut bytes, finding.offset)?;
            let idle = finding.idle_byte();
            let kept = bytes.iter().zip(0_u64..).filter(|(_, at)| idle.is_none_or(|idle| at % 2 != idle));
            self.take(&finding.class, finding.commitment, &kept.map(|(byte, _)| *byte).collect::<Vec<u8>>());
        }
        self.windows.sort();
        self.windows.dedup();
        Ok(())
    }

    fn take(&mut self, class: &ClassId, commitment: Option<KeyedBlake3>, value: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(class.as_str().as_bytes()).update(&[0]).update(value);
        if value.len() < SHORTEST || !self.seen.insert(hasher.finalize()) {
            return;
        }
        let index = u32::try_from(self.wholes.len()).expect("no more than findings are listed");
        self.wholes.push(Whole { class: class.clone(), commitment });
        let windows = value.windows(SHORTEST).filter_map(|window| window.first_chunk()).filter(|w| is_telling(w));
        self.windows.extend(windows.map(|window| (number(window), index)));
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.wholes.is_empty()
    }

    /// Looks for parts in places of a source, beside what was found there already.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn find(&self, source: &dyn ReadAt, places: &[PartPlace], found: &[Finding]) -> io::Result<Vec<Finding>> {
        let mut parts = Vec::new();
        let mut bytes = Vec::new();
        for place in places.iter().filter(|_| !self.is_empty()) {
            bytes.resize(usize::try_from(place.length).expect("registers and edges are short"), 0);
            source.read_exact_at(&mut bytes, place.offset)?;
            for laid in Laid::all(&bytes) {
                self.search(place, bytes.len(), &laid, &mut parts);
            }
        }
        let taken = Taken::by(found);
        parts.retain(|part| !taken.overlaps(part));
        parts.sort_unstable_by_key(|part| (part.offset, part.length));
        parts.dedup_by(|next, kept| next.class == kept.class && next.offset < kept.offset + kept.length);
        Ok(parts)
    }

    fn search(&self, place: &PartPlace, end: usize, laid: &Laid, parts: &mut Vec<Finding>) {
        let mut at = 0;
        while at < laid.characters.len() {
            let Some((whole, length)) = self.longest(&laid.characters[at..]) else {
                at += 1;
                continue;
            };
            let (start, stop) = (laid.first + at * laid.stride, laid.first + (at + length) * laid.stride);
            let stands = match place.standing {
                Standing::Anywhere => true,
                Standing::AtStart => start < laid.stride,
                Standing::AtEnd => stop + laid.stride > end,
            };
            at += length;
            if stands {
                parts.push(Finding {
                    class: whole.class.clone(),
                    offset: place.offset + start as u64,
                    length: (stop.min(end) - start) as u64,
                    encoding: format_compact!("{PART}>{}", laid.encoding),
                    confidence: Confidence::Low,
                    commitment: whole.commitment,
                });
            }
        }
    }

    /// The longest part that a text begins with, and whose it is.
    fn longest(&self, text: &[u8]) -> Option<(&Whole, usize)> {
        let values = self.values(text).filter(|values| values.len() <= SHARED)?;
        let goes_on = |value: u32, by: usize| {
            let values = text.get(by..).and_then(|text| self.values(text));
            values.is_some_and(|values| values.iter().any(|(_, other)| *other == value))
        };
        let length = |value: u32| SHORTEST + (1..).take_while(|by| goes_on(value, *by)).count();
        let longest = values.iter().map(|(_, value)| (length(*value), *value)).max_by_key(|(length, _)| *length);
        longest.map(|(length, value)| (&self.wholes[value as usize], length))
    }

    /// The values that have a text's first characters in a row.
    fn values(&self, text: &[u8]) -> Option<&[(u64, u32)]> {
        let window = number(text.first_chunk()?);
        let from = self.windows.partition_point(|(other, _)| *other < window);
        let count = self.windows[from..].iter().take_while(|(other, _)| *other == window).count();
        (count > 0).then(|| &self.windows[from..from + count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "whole.value@mail.example.test";

    fn finding(offset: u64, length: usize, encoding: &str) -> Finding {
        let (class, encoding) = (ClassId::new("email").unwrap(), encoding.into());
        Finding { class, offset, length: length as u64, encoding, confidence: Confidence::High, commitment: None }
    }

    fn knowing(values: &[&str]) -> Parts {
        let mut parts = Parts::default();
        for value in values {
            let found = finding(0, value.len(), "ascii");
            parts.gather(&value.as_bytes(), std::iter::once(&found)).unwrap();
        }
        parts
    }

    fn found(parts: &Parts, bytes: &[u8], standing: Standing) -> Vec<(u64, u64, String)> {
        let place = PartPlace { offset: 0, length: bytes.len() as u64, standing };
        let found = parts.find(&bytes, &[place], &[]).unwrap();
        found.into_iter().map(|f| (f.offset, f.length, f.encoding.into())).collect()
    }

    #[test]
    fn a_register_that_holds_a_part_of_a_value_shows_it() {
        let parts = knowing(&[VALUE]);
        let ascii = |offset, length| vec![(offset, length, "part>ascii".to_owned())];
        assert_eq!(found(&parts, b"\x80\x80whole.va\x80", Standing::Anywhere), ascii(2, 8));
        assert_eq!(found(&parts, b"@mail.ex", Standing::Anywhere), ascii(0, 8));
        assert_eq!(found(&parts, b"whole", Standing::Anywhere), []);
        assert_eq!(found(&parts, b"another.", Standing::Anywhere), []);
        let wide: Vec<u8> = "value@ma".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&parts, &wide, Standing::Anywhere), [(0, 16, "part>utf-16le".to_owned())]);
    }

    #[test]
    fn at_a_severed_edge_a_part_touches_the_edge() {
        let parts = knowing(&[VALUE]);
        for (text, at_start, at_end) in
            [("le.value@mail.example.test paid", 1, 0), ("sent to whole.value@ma", 0, 1), (" whole.value@ma ", 0, 0)]
        {
            assert_eq!(found(&parts, text.as_bytes(), Standing::AtStart).len(), at_start, "{text}");
            assert_eq!(found(&parts, text.as_bytes(), Standing::AtEnd).len(), at_end, "{text}");
        }
    }

    #[test]
    fn what_many_values_share_tells_none_of_them_and_what_was_found_whole_is_no_part() {
        let many: Vec<String> = (0..=SHARED).map(|at| format!("{at}-name-{at}@example.test")).collect();
        let parts = knowing(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found(&parts, b"@example.test", Standing::Anywhere), []);
        assert_eq!(found(&parts, b"me-3@example.test", Standing::Anywhere).len(), 1);
        assert_eq!(found(&knowing(&["acct 10000000007"]), b"000000", Standing::Anywhere), []);
        let bytes = VALUE.as_bytes();
        let place = PartPlace { offset: 0, length: bytes.len() as u64, standing: Standing::Anywhere };
        let whole = [finding(0, VALUE.len(), "ascii")];
        assert_eq!(knowing(&[VALUE]).find(&bytes, &[place], &whole).unwrap(), []);
    }

    #[test]
    fn a_value_that_was_found_in_utf_16_is_known_by_its_characters() {
        let wide: Vec<u8> = VALUE.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut parts = Parts::default();
        parts.gather(&wide, std::iter::once(&finding(0, wide.len(), "utf-16be"))).unwrap();
        assert_eq!(found(&parts, b"whole.va", Standing::Anywhere).len(), 1);
    }
}
