//! Entries: what is read is the one encoding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::commit::Commit;
use packet::work::load::verify_signature;

fuzz_target!(|data: &[u8]| {
    let Ok(commit) = Commit::parse(data) else { return };
    assert_eq!(commit.encode(), data, "one entry, one encoding");
    let payload = commit.unsigned.payload();
    if let Ok(signed) = verify_signature(&commit.armour, packet::model::namespace::Namespace::Git, &payload) {
        drop(signed);
    }
});
