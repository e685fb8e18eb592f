//! A taxonomy that somebody wrote: read, linted, and, when it passes, scanned with. No panic, no hang, and what is stored
//! reads back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::canonical::{Stored, fits};
use packet::model::taxonomy::Taxonomy;
use packet::scan::lint;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(taxonomy) = toml::from_str::<Taxonomy>(text) else { return };
    if !fits(&taxonomy) {
        return;
    }
    assert_eq!(Taxonomy::decode(taxonomy.encode().as_bytes()).as_ref(), Ok(&taxonomy));
    match lint::lint(&taxonomy) {
        Ok(scanner) => drop(scanner.scan_text(data)),
        Err(error) => drop(error.to_string()),
    }
});
