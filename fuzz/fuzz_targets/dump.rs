//! Dumps: whatever the bytes are, regions cover them exactly, addresses lead into them, and backtraces end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::dump::compare::{Side, compare};
use packet::dump::layout::layout;
use packet::dump::stacks::backtraces;

fuzz_target!(|data: &[u8]| {
    let layout = layout(&data).expect("bytes in memory can be read");
    let mut at = 0;
    for region in layout.regions.iter().filter(|region| region.length > 0) {
        assert_eq!(region.offset, at, "regions follow each other");
        at = region.end();
    }
    assert_eq!(at, data.len() as u64, "regions cover the file");
    for region in &layout.regions {
        assert!(region.name.len() <= 128 && region.name.bytes().all(|b| b.is_ascii_graphic()), "{region:?}");
        if let Some(va) = region.va {
            for extent in layout.captured_in(va, region.length) {
                assert!(extent.offset + extent.length <= data.len() as u64, "{extent:?}");
            }
        }
    }
    backtraces(&data, &layout).expect("bytes in memory can be read");
    let side = Side { bytes: &data, layout: &layout };
    let compared = compare(side, side, &|_| ()).expect("bytes in memory can be read");
    assert_eq!(compared.modules.changed, [], "a dump is as it is");
});
