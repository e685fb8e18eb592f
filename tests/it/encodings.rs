//! The ways in which bytes can be written down, and a search for all of them at once.

use std::collections::HashMap;
use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Every way to write a secret of ASCII characters: the name of the encoding, and what would be found.
pub fn encodings(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let each = |form: &dyn Fn(u8) -> String, between: &str| {
        bytes.iter().map(|byte| form(*byte)).collect::<Vec<_>>().join(between).into_bytes()
    };
    let wide = |form: &dyn Fn(u32) -> Vec<u8>| bytes.iter().flat_map(|byte| form(u32::from(*byte))).collect::<Vec<_>>();
    let mut found = vec![
        ("plain", bytes.to_vec()),
        ("lower case", bytes.to_ascii_lowercase()),
        ("upper case", bytes.to_ascii_uppercase()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("UTF-16LE", wide(&|c| (c as u16).to_le_bytes().to_vec())),
        ("UTF-16BE", wide(&|c| (c as u16).to_be_bytes().to_vec())),
        ("UTF-32LE", wide(&|c| c.to_le_bytes().to_vec())),
        ("UTF-32BE", wide(&|c| c.to_be_bytes().to_vec())),
        ("hex", each(&|b| format!("{b:02x}"), "")),
        ("HEX", each(&|b| format!("{b:02X}"), "")),
        ("hex dump", each(&|b| format!("{b:02x}"), " ")),
        ("C escapes", each(&|b| format!("\\x{b:02x}"), "")),
        ("C array", each(&|b| format!("0x{b:02x}"), ", ")),
        ("percent", each(&|b| format!("%{b:02X}"), "")),
        ("JSON escapes", each(&|b| format!("\\u{b:04x}"), "")),
        ("TOML escapes", each(&|b| format!("\\U{b:08X}"), "")),
        ("Rust escapes", each(&|b| format!("\\u{{{b:x}}}"), "")),
        ("octal escapes", each(&|b| format!("\\{b:03o}"), "")),
        ("octal dump", each(&|b| format!("{b:03o}"), " ")),
        ("quoted-printable", each(&|b| format!("={b:02X}"), "")),
        ("HTML entities", each(&|b| format!("&#{b};"), "")),
        ("decimal list", each(&|b| b.to_string(), ", ")),
        ("decimal dump", each(&|b| b.to_string(), " ")),
        ("decimal array", each(&|b| b.to_string(), ",")),
        ("binary", each(&|b| format!("{b:08b}"), "")),
        ("spaced", each(&|b| char::from(b).to_string(), " ")),
        ("in a column", each(&|b| char::from(b).to_string(), "\n")),
        ("ROT13", bytes.iter().map(|b| rot13(*b)).collect()),
        ("words swapped", swapped(bytes, 2)),
        ("long words swapped", swapped(bytes, 4)),
        ("complement", bytes.iter().map(|b| !b).collect()),
        ("7 bits set high", bytes.iter().map(|b| b | 0x80).collect()),
    ];
    found.extend((0..3).map(|skip| ("base64", packed(bytes, skip, 6, 3, BASE64))));
    found.extend((0..3).map(|skip| ("base64url", url_safe(packed(bytes, skip, 6, 3, BASE64)))));
    found.extend((0..5).map(|skip| ("base32", packed(bytes, skip, 5, 5, BASE32))));
    found
}

fn rot13(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    }
}

fn swapped(bytes: &[u8], width: usize) -> Vec<u8> {
    bytes.chunks_exact(width).flat_map(|word| word.iter().rev().copied().collect::<Vec<_>>()).collect()
}

/// The digits of base 2^`bits` that depend on these bytes alone, when `skip` unknown bytes stand before them in a group.
fn packed(bytes: &[u8], skip: usize, bits: usize, group: usize, alphabet: &[u8]) -> Vec<u8> {
    let known: Vec<u8> = std::iter::repeat_n(0, skip).chain(bytes.iter().copied()).collect();
    let whole = &known[..known.len() / group * group];
    let bit = |i: usize| usize::from(whole[i / 8] >> (7 - i % 8) & 1);
    let digits = whole.len() * 8 / bits;
    let digit = |d: usize| alphabet[(d * bits..(d + 1) * bits).fold(0, |value, i| value << 1 | bit(i))];
    ((skip * 8).div_ceil(bits)..digits).map(digit).collect()
}

fn url_safe(text: Vec<u8>) -> Vec<u8> {
    let safe = |byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    };
    text.into_iter().map(safe).collect()
}

/// Many needles at once, by their first two bytes.
pub struct Needles {
    by_head: HashMap<[u8; 2], Vec<(String, Vec<u8>)>>,
    heads: Vec<bool>,
}

impl Needles {
    /// Looks for these, each with the name to report it under.
    pub fn new(needles: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut by_head: HashMap<[u8; 2], Vec<(String, Vec<u8>)>> = HashMap::new();
        let mut heads = vec![false; 1 << 16];
        for (name, needle) in needles {
            assert!(needle.len() >= 6, "{name} is too short to mean anything");
            let head = [needle[0], needle[1]];
            heads[usize::from(u16::from_be_bytes(head))] = true;
            by_head.entry(head).or_default().push((name, needle));
        }
        Self { by_head, heads }
    }

    /// The names of the needles in the bytes, and in what is compressed in them.
    pub fn find(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = self.find_plain(bytes);
        if let Some(inner) = inflated(bytes) {
            found.extend(self.find_plain(&inner));
        }
        found
    }

    fn find_plain(&self, bytes: &[u8]) -> Vec<&str> {
        let starts = bytes.windows(2).enumerate();
        let starts = starts.filter(|(_, two)| self.heads[usize::from(u16::from_be_bytes([two[0], two[1]]))]);
        let hits = starts.flat_map(|(at, two)| {
            let here = self.by_head[&[two[0], two[1]]].iter();
            here.filter(move |(_, needle)| bytes[at..].starts_with(needle)).map(|(name, _)| name.as_str())
        });
        hits.collect()
    }
}

/// As much as can be had of a zlib or gzip stream, whole or cut off.
fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let limit = 16 << 20;
    match bytes {
        [0x1f, 0x8b, ..] => drop(GzDecoder::new(bytes).take(limit).read_to_end(&mut out)),
        [0x78, ..] => drop(ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out)),
        _ => return None,
    }
    Some(out)
}

#[test]
fn every_encoding_is_found_at_every_alignment_and_inside_a_compressed_file() {
    use std::io::Write as _;
    let secret = "Invented7Canary9";
    let named = |(name, needle): (&str, Vec<u8>)| (name.to_owned(), needle);
    let needles = Needles::new(encodings(secret).into_iter().map(named));
    assert!(encodings(secret).iter().map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>().len() >= 30);
    for (name, needle) in encodings(secret) {
        let hidden = [b"before ", needle.as_slice(), b" after"].concat();
        assert!(needles.find(&hidden).contains(&name), "{name}");
    }
    // By coreutils: printf 'xInvented7Canary9y' | base64, and so on.
    for text in ["eEludmVudGVkN0NhbmFyeTl5", "SW52ZW50ZWQ3Q2FuYXJ5OXk=", "PBEW45TFNZ2GKZBXINQW4YLSPE4XS==="] {
        assert!(!needles.find(text.as_bytes()).is_empty(), "{text}");
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(secret.repeat(9).as_bytes()).unwrap();
    let zlib = zlib.finish().unwrap();
    assert!(needles.find_plain(&zlib).is_empty());
    assert!(!needles.find(&zlib).is_empty());
    assert!(!needles.find(&zlib[..zlib.len() - 6]).is_empty(), "a stream that was cut off is looked into");
}
