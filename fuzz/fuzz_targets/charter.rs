//! Charters and policies as people type them, charters as they are stored, and what a person is told about a bad one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::charter::Charter;
use packet::model::policy::Policy;
use packet::model::taxonomy::Taxonomy;
use packet::model::text::is_plain;
use packet::report;
use packet::work::open::read_charter;

fuzz_target!(|data: &[u8]| {
    if let Ok(charter) = Charter::decode(data) {
        assert_eq!(charter.encode().as_bytes(), data, "one charter, one encoding");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_charter("charter.toml", text) {
        Ok(charter) => {
            let stored = charter.encode();
            assert_eq!(Charter::decode(stored.as_bytes()).expect("what is stored is read"), charter);
            charter.warnings();
            charter.encode_lane();
            if let Ok(policy) = Policy::parse(text) {
                policy.looser(&charter, &Taxonomy::default());
            }
        }
        Err(refused) => {
            let shown = report::refused(&refused, false) + &report::json_refused("open", &[], &refused);
            assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || is_plain(c)), "{shown:?}");
        }
    }
    if let Ok(policy) = Policy::parse(text) {
        drop(policy);
    }
});
