//! Files that are made to break a scanner: archives that swell, archives in archives, endless heads. Each scan ends, in
//! bounded memory, and says what it did not read.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::Value;

use crate::crash::bench::Bench;

const LETTER: &[u8] =
    b"{\"to\":\"someone-invented@example.test\",\"state\":\"the receipt could not be sent, it is tried again\"}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Scans in 768 MiB of addresses, threads' stacks and all; gives the answer and what it took.
#[track_caller]
fn scan_confined(bytes: &[u8]) -> (Value, Duration) {
    let bench = Bench::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let begun = Instant::now();
    let mut shell = bench.prepared("sh");
    shell.args(["-c", "ulimit -v 786432; exec \"$0\" --json scan \"$1\"", env!("CARGO_BIN_EXE_packet")]);
    let answer = bench.finish(shell.arg(file.path()));
    assert!([0, 1, 3].contains(&answer.code), "{answer:?}");
    let json = answer.json();
    let read = json["read"].as_object().unwrap();
    let parts: u64 = read.iter().filter(|(name, _)| *name != "bytes").map(|(_, bytes)| bytes.as_u64().unwrap()).sum();
    assert_eq!(parts, bytes.len() as u64, "every byte is accounted for: {read:?}");
    (json, begun.elapsed())
}

fn finds_the_letter(answer: &Value) -> bool {
    answer["findings"].as_array().unwrap().iter().any(|finding| finding["class"] == "email")
}

/// Generous: other tests run beside it, and a build without optimisation is slower.
const ENOUGH: Duration = Duration::from_secs(60);

#[test]
fn an_archive_that_swells_to_a_gibibyte_is_cut_short_and_said_to_be() {
    let zeros = vec![0; 1 << 30];
    let bomb = gzip(&zeros);
    let [twice, in_text] = [gzip(&bomb), Base64::encode_string(&bomb).into_bytes()];
    drop(zeros);
    for bomb in [bomb, twice, in_text] {
        let file = [b"before ", bomb.as_slice(), b" after ", LETTER].concat();
        let (answer, took) = scan_confined(&file);
        assert!(took < ENOUGH, "{took:?}");
        assert!(finds_the_letter(&answer), "what stands behind a bomb is still read");
        assert!(answer["read"]["truncated"].as_u64().unwrap() > 0, "{}", answer["read"]);
        assert_eq!(answer["verdict"], "no", "found something, and did not read everything");
    }
}

#[test]
fn an_identifier_two_archives_deep_is_found_and_deeper_ones_end() {
    let mut deep = LETTER.to_vec();
    for depth in 1..=9 {
        deep = if depth % 2 == 0 { Base64::encode_string(&deep).into_bytes() } else { gzip(&deep) };
        let (answer, took) = scan_confined(&[b"\0\0", deep.as_slice(), b"\0\0"].concat());
        assert!(took < ENOUGH, "{depth} deep: {took:?}");
        assert!(depth > 2 || finds_the_letter(&answer), "{depth} deep");
    }
}

#[test]
fn endless_heads_of_archives_take_no_endless_time() {
    let small = [
        gzip(b"x"),
        zlib(b"x"),
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
        vec![0x78, 0x9c],
        vec![0x78, 0x9c, 0, 0xff, 0xff, 0, 0],
    ];
    for head in small {
        let file = [head.repeat((1 << 20) / head.len()), LETTER.to_vec()].concat();
        let (answer, took) = scan_confined(&file);
        assert!(took < ENOUGH, "{head:02x?}: {took:?}");
        // Over budget it may stop; then it says so.
        assert!(finds_the_letter(&answer) || answer["read"]["skipped"].as_u64().unwrap() > 0, "{head:02x?}");
    }
}
