//! Arbitrary bytes, scanned: no panic, no hang; every byte accounted for; every finding within the source; and what is
//! found does not depend on how the bytes are cut into pieces that touch.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use packet::model::taxonomy::Taxonomy;
use packet::scan::{Piece, Scan, Scanner};

static SCANNER: LazyLock<Scanner> =
    LazyLock::new(|| Scanner::new(&Taxonomy::shipped()).expect("a test makes it ready").with_key(&[7; 32]));

fn scan(bytes: &[u8], pieces: &[Piece]) -> Scan {
    let scan = SCANNER.scan(&bytes, pieces, &|_| ()).expect("memory can be read");
    let a = scan.account;
    assert_eq!(a.bytes, bytes.len() as u64);
    assert_eq!(a.zero + a.text + a.opaque + a.decoded + a.truncated + a.skipped, a.bytes);
    for finding in &scan.findings {
        assert!(finding.length > 0 && finding.offset + finding.length <= a.bytes);
    }
    scan
}

fuzz_target!(|data: &[u8]| {
    let length = data.len() as u64;
    let whole = scan(data, &[Piece { offset: 0, length, va: None }]);
    let cut = data.first().map_or(0, |first| length * u64::from(*first) / 256);
    let pieces =
        [Piece { offset: 0, length: cut, va: Some(0) }, Piece { offset: cut, length: length - cut, va: Some(cut) }];
    let cut = scan(data, &pieces);
    assert!(cut.found >= whole.found, "a finding on the cut is two");
    SCANNER.scan_text(data);
});
