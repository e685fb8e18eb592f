//! Dumps cut at every length: whatever is left is laid out and scanned to its end, every byte accounted for.

use std::fs;

use packet::dump;
use packet::model::taxonomy::Taxonomy;
use packet::scan::{Piece, Scanner};

use crate::crash::{Dumps, Taken};

/// Lays out and scans the first bytes of a dump, alone and as the pieces its layout names.
fn look(scanner: &Scanner, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    drop(dump::layout::layout(&bytes));
    let whole = [Piece { offset: 0, length: bytes.len() as u64, va: None }];
    let scan = scanner.scan(&bytes, &whole, &|_| ()).unwrap();
    let read = scan.account;
    let parts = read.zero + read.text + read.opaque + read.decoded + read.truncated + read.skipped;
    assert_eq!((read.bytes, parts), (bytes.len() as u64, bytes.len() as u64));
}

/// A core of one thread and one segment, by hand: small enough to be cut everywhere.
fn small_core() -> Vec<u8> {
    let memory = b"\0\0to: someone-invented@example.test\0c\0a\0r\0d\0=\x004\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\0\0\0";
    let mut note = Vec::new();
    for word in [5u32, 336, 1] {
        note.extend(word.to_le_bytes());
    }
    note.extend(b"CORE\0\0\0\0");
    note.extend([7; 336]);
    let mut core = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
    core.extend([0u64, 64, 0].map(u64::to_le_bytes).concat());
    core.extend([0u16, 0, 64, 56, 2, 0, 0, 0].map(u16::to_le_bytes).concat());
    let at = 64 + 2 * 56;
    for (kind, offset, va, length) in
        [(4u64, at, 0, note.len()), (1, at + note.len(), 0x7f00_0000_1000u64, memory.len())]
    {
        let fields = [kind | 6 << 32, offset as u64, va, 0, length as u64, length as u64, 1];
        core.extend(fields.map(u64::to_le_bytes).concat());
    }
    [core, note, memory.to_vec()].concat()
}

fn cut_everywhere(bytes: &[u8]) {
    let scanner = Scanner::new(&Taxonomy::shipped()).unwrap();
    for length in 0..=bytes.len() {
        look(&scanner, &bytes[..length]);
    }
}

#[test]
fn a_core_cut_at_every_length_is_read_to_its_end() {
    cut_everywhere(&small_core());
}

#[test]
fn packed_text_cut_at_every_length_is_read_to_its_end() {
    let memory = fs::read(Dumps::take().file(Taken::Raw).unwrap()).unwrap();
    let packed = memory.windows(4).position(|four| four == [0x1f, 0x8b, 8, 0]).unwrap();
    cut_everywhere(&memory[packed - 600..packed + 1200]);
}

#[test]
fn a_minidump_cut_at_every_length_is_read_to_its_end() {
    let dump = fs::read(Dumps::take().file(Taken::StacksSanitized).unwrap()).unwrap();
    cut_everywhere(&dump[..4096]);
    let scanner = Scanner::new(&Taxonomy::shipped()).unwrap();
    for length in (4096..dump.len()).step_by(509).chain(dump.len() - 64..=dump.len()) {
        look(&scanner, &dump[..length]);
    }
}
