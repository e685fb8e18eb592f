//! Base64, both alphabets.

/// What a character stands for; 64 and more for none.
const fn table() -> [u8; 256] {
    let mut table = [0xFF; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        table[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
}

/// What each byte stands for; 255 for none.
pub(super) const VALUE: [u8; 256] = table();

/// Decodes up to the first character that stands for nothing.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    decode_into(text, &mut out);
    out
}

/// Decodes onto the end of `out`.
pub(super) fn decode_into(text: &[u8], out: &mut Vec<u8>) {
    for four in text.chunks(4) {
        let mut bits = 0_u32;
        let mut count = 0_usize;
        for &byte in four {
            let value = VALUE[usize::from(byte)];
            if value == 0xFF {
                break;
            }
            bits = bits << 6 | u32::from(value);
            count += 1;
        }
        let bytes = (bits << (6 * (4 - count)) << 8).to_be_bytes();
        out.extend_from_slice(&bytes[..count.saturating_sub(1).min(3)]);
        if count < 4 {
            return;
        }
    }
}

/// The shortest code that is looked into: nine bytes.
pub(super) const SHORTEST: usize = 12;
/// The longest code that is decoded at once.
const LONGEST: usize = 2 << 20;

/// A stretch of base64 in a text: one line of characters, or lines of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The length of its lines, and of what parts them; it is one line when the first is zero.
    lines: (usize, usize),
}

fn is_code(byte: u8) -> bool {
    VALUE[usize::from(byte)] != 0xFF
}

/// What parts two lines, as it stands or as code writes it.
fn gap(rest: &[u8]) -> Option<&'static [u8]> {
    let gaps: [&[u8]; 4] = [b"\r\n", b"\n", b"\\r\\n", b"\\n"];
    gaps.into_iter().find(|gap| rest.starts_with(gap))
}

impl Code {
    /// The stretch that begins with a run of characters: with the lines that follow, when all are as long as the first; the
    /// last may be shorter.
    pub(super) fn new(text: &[u8], (start, end): (usize, usize)) -> Self {
        let line = end - start;
        let single = Self { start, end, lines: (0, 0) };
        if line < 40 || !line.is_multiple_of(4) {
            return single;
        }
        let Some(gap) = gap(&text[end..]) else { return single };
        let mut last = end;
        while last - start < LONGEST && text[last..].starts_with(gap) {
            let next = last + gap.len();
            let length = text[next..].iter().take(line).take_while(|b| is_code(**b)).count();
            last = if length == 0 { break } else { next + length };
            if length < line {
                break;
            }
        }
        Self { start, end: last, lines: (line, gap.len()) }
    }

    /// Its characters, without what parts its lines.
    pub(super) fn characters<'t>(&self, text: &'t [u8], joined: &'t mut Vec<u8>) -> &'t [u8] {
        let (line, gap) = self.lines;
        if line == 0 {
            return &text[self.start..self.end.min(self.start + LONGEST)];
        }
        joined.clear();
        for line in text[self.start..self.end].chunks(line + gap) {
            joined.extend_from_slice(&line[..line.len().min(self.lines.0)]);
        }
        joined
    }

    /// Where a character stands in the text.
    pub(super) fn place(&self, character: usize) -> usize {
        let (line, gap) = self.lines;
        self.start + character + character.checked_div(line).map_or(0, |lines| lines * gap)
    }
}

/// For each character the phases in which it would make a byte above 127: bit p when the first four characters begin at
/// p, for a character whose place is a multiple of four.
const fn high_bits() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = VALUE[byte];
        // First, second and third of four: the bit that is the top one of a byte.
        let tops = [value >> 5 & 1, value >> 3 & 1, value >> 1 & 1, 0];
        let mut phase = 0;
        while phase < 4 {
            table[byte] |= tops[(4 - phase) % 4] << phase;
            phase += 1;
        }
        byte += 1;
    }
    table
}
const HIGH: [u8; 256] = high_bits();

/// For each place modulo four and each character: a byte of ones for each phase in which it makes no byte above 127.
const KEEP: [[u32; 256]; 4] = {
    let mut keep = [[0; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut byte = 0;
        while byte < 256 {
            let mut phase = 0;
            while phase < 4 {
                if HIGH[byte] >> ((phase + 4 - place) % 4) & 1 == 0 {
                    keep[place][byte] |= 0xFF << (8 * phase);
                }
                phase += 1;
            }
            byte += 1;
        }
        place += 1;
    }
    keep
};

/// Whether [`texts`] would find any: four counters of characters since the last that makes a high byte, one a phase, in
/// the bytes of one word.
fn may_hold_text(code: &[u8]) -> bool {
    const ONE: u32 = 0x0101_0101;
    const SHORT: u32 = (0x80 - SHORTEST as u32) * ONE;
    let mut since = 0_u32;
    let mut long = 0;
    for sixteen in code.chunks(16) {
        for (at, &byte) in sixteen.iter().enumerate() {
            since = (since + ONE) & KEEP[at % 4][usize::from(byte)];
            long |= since + SHORT;
        }
        if long & (0x80 * ONE) != 0 {
            return true;
        }
    }
    false
}

/// Adds stretches of characters that decode to bytes below 128 alone: text, ASCII or UTF-16. Each begins four
/// characters with its first.
pub(super) fn texts(code: &[u8], found: &mut Vec<(usize, usize)>) {
    if !may_hold_text(code) {
        return;
    }
    let mut since = [0, 1, 2, 3];
    let mut close = |phase: usize, since: &mut usize, at: usize| {
        if at >= *since + SHORTEST {
            found.push((*since, at));
        }
        // The next four characters of this phase.
        *since = at + 1 + (phase + 4 - (at + 1) % 4) % 4;
    };
    for (at, &byte) in code.iter().enumerate() {
        let high = HIGH[usize::from(byte)];
        if high == 0 {
            continue;
        }
        for (phase, since) in since.iter_mut().enumerate() {
            // At place `at`, the table's phase is counted from a multiple of four.
            if high >> ((phase + 4 - at % 4) % 4) & 1 == 1 {
                close(phase, since, at);
            }
        }
    }
    for (phase, since) in since.iter_mut().enumerate() {
        close(phase, since, code.len());
    }
}

/// How gzip (`1F 8B 08`) and zlib headers begin, in base64.
const MEMBERS: [&[u8]; 5] = [b"H4sI", b"eJ", b"eN", b"eA", b"eF"];

/// Finds what may be a compressed member: gzip's mark at any place, zlib's shorter one at the beginning alone.
pub(super) fn members(code: &[u8], found: &mut Vec<(usize, usize)>) {
    let zlib = MEMBERS[1..].iter().any(|mark| code.starts_with(mark));
    let gzip = memchr::memchr_iter(b'H', code).find(|at| code[*at..].starts_with(MEMBERS[0]));
    found.extend(zlib.then_some((0, code.len())));
    found.extend(gzip.map(|at| (at, code.len())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_and_any_padding_decode() {
        for text in ["YWJj", "YWI=", "YWI", "YQ==", "YQ", "-_-_", "+/+/"] {
            let decoded = decode(text.as_bytes());
            assert_eq!(decoded.len(), text.trim_end_matches('=').len() * 3 / 4, "{text}");
        }
        assert_eq!(decode(b"YWJjZGU="), b"abcde");
        assert_eq!(decode(b"-_-_"), decode(b"+/+/"));
    }

    #[test]
    fn text_in_base64_is_found_at_every_phase() {
        let code = b"cmVsZWFzZS1vd25lckBleGFtcGxlLnRlc3Q";
        for shift in 0..9 {
            let mut all = b"_-_-_-_-_"[..shift].to_vec();
            all.extend(code);
            let mut found = Vec::new();
            texts(&all, &mut found);
            assert!(may_hold_text(&all));
            let whole =
                found.iter().find(|(start, end)| decode(&all[*start..*end]).ends_with(b"release-owner@example.test"));
            assert!(whole.is_some(), "{shift}: {found:?}");
        }
    }

    #[test]
    fn lines_of_one_length_are_one_code() {
        let line = "cmVs".repeat(19);
        let text = format!("x: {line}\r\n{line}\r\ncmVsZQ==\r\n");
        let code = Code::new(text.as_bytes(), (3, 3 + line.len()));
        let mut joined = Vec::new();
        assert_eq!(code.characters(text.as_bytes(), &mut joined), format!("{line}{line}cmVsZQ").as_bytes());
        assert_eq!((code.place(0), code.place(76), code.place(152)), (3, 81, 159));
    }
}
