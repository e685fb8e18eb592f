//! Whole scans of bytes in memory: encodings, borders, accounts. What each class finds and ignores stands with the class,
//! in `taxonomy.toml`, and the lint runs it.

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::{MAX_FINDINGS, Piece, Scan, Scanner};
use crate::dump::read::ReadAt;
use crate::model::finding::Finding;
use crate::model::taxonomy::Taxonomy;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&Taxonomy::shipped()).unwrap().with_key(&[7; 32]));

const EMAIL: &str = "release-owner@example.test";

fn scan(bytes: &[u8]) -> Scan {
    pieces(bytes, &[Piece { offset: 0, length: bytes.len() as u64, va: None }])
}

fn pieces(bytes: &[u8], pieces: &[Piece]) -> Scan {
    let scan = SCANNER.scan(&bytes, pieces, &|_| ()).unwrap();
    let a = scan.account;
    assert_eq!(a.bytes, pieces.iter().map(|piece| piece.length).sum::<u64>());
    assert_eq!(a.zero + a.text + a.opaque + a.decoded + a.truncated + a.skipped, a.bytes, "{a:?}");
    scan
}

/// (class, encoding, offset, length) of everything found.
fn places(scan: &Scan) -> Vec<(String, String, u64, u64)> {
    let place = |f: &Finding| (f.class.to_string(), f.encoding.to_string(), f.offset, f.length);
    scan.findings.iter().map(place).collect()
}

fn one(class: &str, encoding: &str, offset: u64, length: usize) -> Vec<(String, String, u64, u64)> {
    vec![(class.to_owned(), encoding.to_owned(), offset, length as u64)]
}

/// Bytes in which nothing is to be found.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new_derive_key("noise").finalize_xof().fill(&mut bytes);
    bytes.iter_mut().for_each(|byte| *byte |= 0x80);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let four = |three: &[u8]| {
        let bits = three.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let character = move |at: usize| alphabet[(bits >> (18 - 6 * at)) as usize & 63];
        (0..=three.len()).map(character).collect::<Vec<_>>()
    };
    bytes.chunks(3).flat_map(four).collect()
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn wide(text: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn every_encoding_is_told_with_its_place_in_the_encoded_bytes() {
    let plain = EMAIL.as_bytes();
    let coded = base64(plain, STANDARD);
    for (encoding, bytes) in [
        ("ascii", plain.to_vec()),
        ("utf-16le", wide(EMAIL, u16::to_le_bytes)),
        ("utf-16be", wide(EMAIL, u16::to_be_bytes)),
        ("base64>ascii", coded.clone()),
        ("base64>ascii", base64(plain, URL_SAFE)),
        ("gzip>ascii", gzip(plain)),
        ("zlib>ascii", zlib(plain)),
        ("base64>gzip>ascii", base64(&gzip(plain), STANDARD)),
        ("base64>base64>ascii", base64(&coded, STANDARD)),
        ("gzip>base64>ascii", gzip(&coded)),
        ("gzip>utf-16le", gzip(&wide(EMAIL, u16::to_le_bytes))),
        ("zlib>gzip>ascii", zlib(&gzip(plain))),
    ] {
        for shift in 0..5 {
            let mut all = noise(200 + shift);
            all.extend(&bytes);
            all.extend(noise(100));
            let found = places(&scan(&all));
            let [(class, path, offset, length)] = &found[..] else { panic!("{encoding} {shift}: {found:?}") };
            assert_eq!((class.as_str(), path.as_str(), *offset), ("email", encoding, 200 + shift as u64));
            assert_eq!(*length, bytes.len() as u64, "{encoding}");
        }
    }
}

#[test]
fn coordinates_with_signs_of_degrees_are_found_in_utf16() {
    let position = "at 48\u{B0}51'29.9\"N 2\u{B0}17'40.2\"E now";
    for (encoding, unit) in [("utf-16le", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("utf-16be", u16::to_be_bytes)] {
        let bytes = [noise(333), wide(position, unit), noise(50)].concat();
        assert_eq!(places(&scan(&bytes)), one("gps", encoding, 333 + 2 * 3, 2 * 24), "{encoding}");
    }
}

#[test]
fn a_value_within_base64_is_told_by_the_characters_that_cover_it() {
    let text = format!("{{\"contact\":\"{EMAIL}\",\"x\":1}}");
    let at = text.find(EMAIL).unwrap();
    let (first, last) = (at * 4 / 3, ((at + EMAIL.len()) * 4).div_ceil(3));
    let found = scan(&base64(text.as_bytes(), STANDARD));
    assert_eq!(places(&found), one("email", "base64>ascii", first as u64, last - first));
}

#[test]
fn an_address_that_stands_against_other_text_is_found() {
    for (before, behind) in [
        ("out of range..", ""),
        ("", "..documentation"),
        ("", "-.documentation"),
        ("", ".-documentation"),
        ("", "Failed to send"),
        ("...", "..."),
    ] {
        let found = scan(format!("{before}{EMAIL}{behind}").as_bytes());
        assert_eq!(places(&found), one("email", "ascii", before.len() as u64, EMAIL.len()), "{before}{EMAIL}{behind}");
    }
    for none in
        ["a.@example.test", "@example.test", "a@.test", "icon@image.pngFailed", "user@Some.ThingElse", "a@example"]
    {
        assert_eq!(scan(none.as_bytes()).found, 0, "{none}");
    }
}

#[test]
fn a_short_address_is_one_as_people_write_them_and_not_as_noise_happens_to() {
    for value in ["bo@ab.de", "BO@AB.DE", "Bo@Ab.Com", "bo@intra.lan", "o@mail.intra.lan", "Role@Mail.Example.De"] {
        assert_eq!(places(&scan(value.as_bytes())), one("email", "ascii", 0, value.len()), "{value}");
    }
    for noise in ["ER@4T.Fo", "My@B.Hm", "sr5@5.Pt", ")b/@1t.Fj", "I$@G.UMJ", "f@eXz.DKC", "o!@f.iiz"] {
        assert_eq!(places(&scan(noise.as_bytes())), [], "{noise}");
    }
}

#[test]
fn addresses_one_after_the_other_are_told_apart() {
    for between in ["/", "|", "=", "--customer=", ";", ",", "+", "&to="] {
        let found = places(&scan(format!("{EMAIL}{between}{EMAIL}").as_bytes()));
        let starts: Vec<_> = found.iter().map(|(.., offset, _)| *offset).collect();
        let ends: Vec<_> = found.iter().map(|(.., offset, length)| offset + length).collect();
        let both = 2 * EMAIL.len() as u64 + between.len() as u64;
        assert!(starts.len() == 2 && starts[1] >= EMAIL.len() as u64 && ends[1] == both, "{between}: {found:?}");
    }
}

#[test]
fn three_decoders_are_one_too_many() {
    let thrice = base64(&base64(&base64(EMAIL.as_bytes(), STANDARD), STANDARD), STANDARD);
    assert_eq!(scan(&thrice).found, 0);
}

#[test]
fn a_value_across_the_border_of_chunks_is_found_once_wherever_the_border_cuts_it() {
    let border = 1 << 20;
    let mut bytes = noise(border + 4096);
    let clean = bytes.clone();
    for (value, encoding) in [(EMAIL.as_bytes().to_vec(), "ascii"), (wide(EMAIL, u16::to_le_bytes), "utf-16le")] {
        for cut in (0..=value.len()).step_by(3) {
            let at = border - cut;
            bytes[at..at + value.len()].copy_from_slice(&value);
            assert_eq!(places(&scan(&bytes)), one("email", encoding, at as u64, value.len()), "{cut}");
            bytes.copy_from_slice(&clean);
        }
    }
}

#[test]
fn a_value_across_pieces_whose_addresses_touch_is_two_findings_of_one_value() {
    for cut in 1..EMAIL.len() {
        // The second half lies first in the file.
        let (front, back) = EMAIL.split_at(cut);
        let bytes = [back.as_bytes(), &noise(64), front.as_bytes()].concat();
        let start = (back.len() + 64) as u64;
        let order = [
            Piece { offset: start, length: front.len() as u64, va: Some(0x7000) },
            Piece { offset: 0, length: back.len() as u64, va: Some(0x7000 + front.len() as u64) },
        ];
        let found = pieces(&bytes, &order);
        let expected = [one("email", "ascii", 0, back.len()), one("email", "ascii", start, front.len())].concat();
        assert_eq!(places(&found), expected);
        assert!(found.findings[0].commitment.is_some());
        assert_eq!(found.findings[0].commitment, found.findings[1].commitment);
    }
}

#[test]
fn the_same_value_has_the_same_commitment_in_every_spelling_and_encoding() {
    let bytes = [b"4111 1111 1111 1111\0".to_vec(), wide("4111-1111-1111-1111", u16::to_be_bytes), b"\xFF".to_vec()];
    let found = scan(&bytes.concat());
    assert_eq!(found.findings.len(), 2);
    assert_eq!(found.findings[0].commitment, found.findings[1].commitment);
}

#[test]
fn a_source_that_ends_early_is_an_error() {
    struct Cut(Vec<u8>);
    impl ReadAt for Cut {
        fn size(&self) -> std::io::Result<u64> {
            Ok(3 << 20)
        }
        fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
            self.0.read_exact_at(buffer, offset)
        }
    }
    let whole = Piece { offset: 0, length: 3 << 20, va: None };
    assert!(SCANNER.scan(&Cut(noise(1 << 20)), &[whole], &|_| ()).is_err());
}

#[test]
fn findings_beyond_the_most_that_are_listed_are_counted() {
    let bytes = b"a1@b.co ".repeat(MAX_FINDINGS + 100);
    let found = scan(&bytes);
    assert_eq!((found.findings.len(), found.found), (MAX_FINDINGS, MAX_FINDINGS as u64 + 100));
    assert!(found.findings.is_sorted_by_key(|f| f.offset));
}

#[test]
fn a_bomb_is_given_up_and_said_to_be() {
    let bomb = gzip(&vec![0; 64 << 20]);
    let found = scan(&bomb);
    assert!(found.account.truncated > 0 && found.incomplete.is_some());
    let nested = gzip(&gzip(&vec![0; 64 << 20]));
    assert!(scan(&nested).incomplete.is_some());
    let in_text = scan(&base64(&bomb, STANDARD));
    assert!(in_text.account.truncated > 0 && in_text.incomplete.is_some(), "{:?}", in_text.account);
}

#[test]
fn noise_and_zeros_are_accounted_for_and_nothing_is_found() {
    let found = scan(&[noise(3000), vec![0; 5000], noise(500)].concat());
    assert_eq!(found.found, 0);
    assert!(found.account.zero > 4800 && found.account.opaque >= 3500);
    assert_eq!(found.incomplete, None);
}

fn parts() -> impl Strategy<Value = Vec<u8>> {
    let texts =
        ["ssn 123-45-6788", EMAIL, " 4111111111111111 ", "\0\0\0", "{\"a\":\"", "password=", "\u{1f}", "x\u{9c}"];
    prop_oneof![
        3 => prop::sample::select(texts.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(texts.to_vec()).prop_map(|text| wide(text, u16::to_le_bytes)),
        1 => prop::sample::select(texts.to_vec()).prop_map(|text| base64(text.as_bytes(), STANDARD)),
        1 => prop::sample::select(texts.to_vec()).prop_map(|text| gzip(text.as_bytes())),
        2 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_are_judged_the_same_wherever_the_chunks_begin(many in prop::collection::vec(parts(), 0..20), back in 0..400_usize) {
        let bytes = many.concat();
        let at = (1 << 20) - back.min(bytes.len());
        let mut moved = noise(at);
        moved.extend(&bytes);
        let shifted = |scan: &Scan, by: u64| -> Vec<_> { places(scan).into_iter().map(|(c, e, o, l)| (c, e, o - by, l)).collect() };
        // What follows noise, here and there.
        let mut alone = noise(64);
        alone.extend(&bytes);
        prop_assert_eq!(shifted(&scan(&alone), 64), shifted(&scan(&moved), at as u64));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        scan(&bytes);
        SCANNER.scan_text(&bytes);
    }
}

#[test]
fn a_secret_among_masked_ones_is_found() {
    let masked = "=[REDACTED]&";
    for before in [1, 3, 8] {
        let fields = format!("password{masked}").repeat(before);
        let text = format!("{fields}user=joe&password=Tr0ub4dor3x9Q&c{masked}d{masked}e{masked}f{masked}g{masked}h=1");
        let found = scan(text.as_bytes());
        let is_secret = |f: &&Finding| f.class.as_str() == "env-secret" && f.offset > fields.len() as u64;
        assert!(found.findings.iter().any(|f| is_secret(&f)), "{before}: {:?}", places(&found));
    }
}

#[test]
fn what_is_packed_twice_and_not_seen_to_its_end_is_said_to_be_incomplete() {
    // Text that hardly packs, so that the inner member is longer than what is unfolded at a time.
    let text: Vec<u8> = noise(900_000).iter().map(|byte| b"0123456789abcdef"[usize::from(byte % 16)]).collect();
    let whole = scan(&gzip(&[b"mail ", EMAIL.as_bytes(), b" end"].concat()));
    assert_eq!((whole.found, whole.incomplete), (1, None));
    let inner = gzip(&[&text[..], b" mail ", EMAIL.as_bytes()].concat());
    let found = scan(&gzip(&inner));
    let is_seen = found.findings.iter().any(|f| f.class.as_str() == "email");
    assert!(is_seen || found.incomplete.is_some(), "{:?} {:?}", places(&found), found.account);
}
