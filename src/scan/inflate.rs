//! gzip (RFC 1952), zlib (RFC 1950) and zip members: where one may begin, and what its deflate (RFC 1951) unfolds to.
//!
//! A dump holds the two bytes of a zlib header by chance every few kilobytes. So before anything is unfolded the first
//! block must make sense: a stored block repeats its length inverted, a dynamic one describes a complete code.

use flate2::{Decompress, FlushDecompress, Status};

use super::path::Step;

/// How much compressed input is read at a time, where a member goes on behind the buffer.
const INPUT: usize = 64 << 10;
/// The longest member that is read, compressed.
const LONGEST: usize = 8 << 20;

/// Where a member's deflate begins, counted from the member's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) step: Step,
    pub(super) header: usize,
}

impl Member {
    /// How long the checksum behind the deflate is, of what there is.
    pub(super) fn trailer(self, most: usize) -> usize {
        let length: usize = match self.step {
            Step::Gzip => 8,
            Step::Zlib => 4,
            _ => 0,
        };
        length.min(most)
    }
}

/// The member that begins with these bytes, if they are one's.
pub(super) fn member(bytes: &[u8]) -> Option<Member> {
    let (step, header) = match bytes {
        [0x1F, 0x8B, 8, flags, ..] if flags & 0xE0 == 0 => (Step::Gzip, gzip_header(bytes)?),
        [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => (Step::Zlib, 2),
        [b'P', b'K', 3, 4, _, _, _, _, 8, 0, ..] => (Step::Deflate, zip_header(bytes)?),
        _ => return None,
    };
    is_block(bytes.get(header..)?).then_some(Member { step, header })
}

fn gzip_header(bytes: &[u8]) -> Option<usize> {
    let flags = bytes[3];
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        at += bytes.get(at..)?.iter().take(1024).position(|b| *b == 0)? + 1;
    }
    Some(at + if flags & 2 == 0 { 0 } else { 2 })
}

fn zip_header(bytes: &[u8]) -> Option<usize> {
    let size = |at: usize| Some(usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    Some(30 + size(26)? + size(28)?)
}

/// Whether a deflate block may begin with these bytes.
fn is_block(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else { return false };
    match first >> 1 & 3 {
        0 => bytes.get(1..5).is_some_and(|b| b[0] == !b[2] && b[1] == !b[3] && (b[0], b[1]) != (0, 0)),
        1 => bytes.len() > 2,
        2 => is_complete_code(bytes),
        _ => false,
    }
}

/// Whether the lengths that describe a dynamic block's codes make one complete code (RFC 1951, 3.2.7).
fn is_complete_code(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<12>() else { return false };
    let bits = head.iter().rev().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte)) >> 3;
    let (literals, distances, count) = (bits & 31, bits >> 5 & 31, (bits >> 10 & 15) + 4);
    if literals > 29 || distances > 29 {
        return false;
    }
    let lengths = (0..count).map(|at| (bits >> (14 + 3 * at) & 7) as u32);
    lengths.filter(|length| *length > 0).map(|length| 128 >> length).sum::<u32>() == 128
}

/// How a member ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Whole,
    /// In bytes that are no deflate.
    Damaged,
    /// Before its end: there are no more bytes.
    Cut,
    /// Before its end: it is longer than is unfolded.
    Capped,
}

/// More compressed bytes from a place on: fills some of the buffer, and says how much.
pub(super) type More<'m> = &'m mut dyn FnMut(usize, &mut [u8]) -> usize;

/// Unfolds one member piece by piece.
pub(super) struct Inflater {
    state: Decompress,
    input: Vec<u8>,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

/// Where the compressed bytes of one member come from.
pub(super) struct Input<'i> {
    /// What is at hand.
    pub(super) bytes: &'i [u8],
    /// How many bytes were taken, with what came from elsewhere.
    pub(super) taken: usize,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(false), input: Vec::new() }
    }

    /// Another member begins.
    pub(super) fn begin(&mut self) {
        self.state.reset(false);
    }

    /// Appends what is unfolded to `out`, up to its capacity; none when there is room for more output and more input to
    /// come.
    pub(super) fn step(&mut self, input: &mut Input<'_>, more: More<'_>, out: &mut Vec<u8>) -> Option<End> {
        while out.len() < out.capacity() {
            let rest = match input.bytes.get(input.taken..) {
                Some(rest) if !rest.is_empty() => rest,
                _ if input.taken >= LONGEST => return Some(End::Capped),
                _ => {
                    self.input.resize(INPUT, 0);
                    let read = more(input.taken, &mut self.input);
                    &self.input[..read]
                }
            };
            let none_left = rest.is_empty();
            let (before_in, before_out) = (self.state.total_in(), out.len());
            let status = self.state.decompress_vec(rest, out, FlushDecompress::None);
            let taken = usize::try_from(self.state.total_in() - before_in).expect("no more than was given");
            input.taken += taken;
            match status {
                Ok(Status::StreamEnd) => return Some(End::Whole),
                // All was taken, and what was held back is told too.
                Ok(_) if taken == 0 && out.len() == before_out => {
                    return Some(if none_left { End::Cut } else { End::Damaged });
                }
                Ok(_) => {}
                Err(_) => return Some(End::Damaged),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write as _;

    fn unfold(bytes: &[u8]) -> (Vec<u8>, End) {
        let found = member(bytes).expect("a member");
        let mut inflater = Inflater::new();
        inflater.begin();
        let mut all = Vec::new();
        let mut input = Input { bytes: &bytes[found.header..], taken: 0 };
        loop {
            let mut out = Vec::with_capacity(100);
            let end = inflater.step(&mut input, &mut |_, _| 0, &mut out);
            all.extend(out);
            if let Some(end) = end {
                return (all, end);
            }
        }
    }

    #[test]
    fn members_of_each_kind_and_level_unfold() {
        let text = "release-owner@example.test, again and again. ".repeat(40);
        for level in [0, 1, 6, 9] {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::new(level));
            gzip.write_all(text.as_bytes()).unwrap();
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::new(level));
            zlib.write_all(text.as_bytes()).unwrap();
            let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0n".to_vec();
            let mut raw = DeflateEncoder::new(Vec::new(), Compression::new(level));
            raw.write_all(text.as_bytes()).unwrap();
            zip.extend(raw.finish().unwrap());
            for bytes in [gzip.finish().unwrap(), zlib.finish().unwrap(), zip] {
                let (unfolded, end) = unfold(&bytes);
                assert!(unfolded == text.as_bytes() && end == End::Whole, "{level}");
                assert_eq!(unfold(&bytes[..bytes.len() - 9]).1, End::Cut);
            }
        }
    }

    #[test]
    fn noise_is_seldom_taken_for_a_member() {
        let mut noise = blake3::Hasher::new().finalize_xof();
        let mut bytes = [0; 64];
        let taken = (0..4000).filter(|_| {
            noise.fill(&mut bytes);
            (bytes[0], bytes[1]) = (0x78, 0x9C);
            member(&bytes).is_some()
        });
        let taken = taken.count();
        assert!(taken < 1200, "{taken}: a quarter are fixed blocks, few others pass");
    }
}
