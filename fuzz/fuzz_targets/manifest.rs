//! Manifests: the one part that is read from them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::manifest;

fuzz_target!(|data: &[u8]| {
    if let Ok(sources) = manifest::pinned_sources(data) {
        drop(sources);
    }
});
