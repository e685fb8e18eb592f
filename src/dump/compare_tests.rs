//! Comparing dumps that were made.

use super::compare::{Side, compare};
use super::fixture::{STACK, TID, Words, minidump};
use super::layout::layout;
use super::stacks::backtraces;
use crate::model::address::Address;
use crate::model::comparison::{Comparison, Trust, stacks};

const WIDE: Words = Words { wide: true, big: false };

fn compared(before: &[u8], after: &[u8]) -> Comparison {
    let layouts = [before, after].map(|bytes| layout(&bytes).unwrap());
    let (one, two) = (Side { bytes: &before, layout: &layouts[0] }, Side { bytes: &after, layout: &layouts[1] });
    compare(one, two, &|_| ()).unwrap()
}

/// The offset in the file of an address.
fn offset_of(bytes: &[u8], va: u64) -> usize {
    layout(&bytes).unwrap().extent_at(va, 1).unwrap().offset as usize
}

#[test]
fn a_dump_is_the_same_as_itself() {
    for bytes in [minidump(), WIDE.core(62, true)] {
        let comparison = compared(&bytes, &bytes);
        assert!(comparison.regions.changed.is_empty() && comparison.regions.gone.is_empty(), "{comparison:?}");
        assert!(comparison.regions.added.is_empty() && comparison.regions.same > 5, "{comparison:?}");
        assert_eq!((comparison.modules, comparison.threads), Default::default());
    }
}

#[test]
fn masked_bytes_are_changed_intervals_by_address() {
    let before = minidump();
    let mut after = before.clone();
    let at = offset_of(&before, STACK + 100);
    after[at..at + 16].fill(b'X');
    after[at + 20] = b'X';
    let comparison = compared(&before, &after);
    let [stack] = comparison.regions.changed.as_slice() else { panic!("{comparison:?}") };
    assert_eq!((stack.name.as_str(), stack.bytes, stack.interval_count), ("stack:4242", 17, 2));
    let first = stack.intervals[0];
    assert_eq!((first.va, first.offset, first.length), (Some(Address::new(STACK + 100)), 100, 16));
    assert_eq!((stack.intervals[1].offset, stack.intervals[1].length), (120, 1));
    assert_eq!(comparison.regions.gone, []);
}

#[test]
fn intervals_that_cross_blocks_are_one_and_lists_are_capped() {
    let before = WIDE.core(62, false);
    let mut after = before.clone();
    let heap = offset_of(&before, 0x60_0000);
    (heap..heap + 1024).for_each(|at| after[at] ^= 1);
    let comparison = compared(&before, &after);
    let changed = &comparison.regions.changed[0];
    assert_eq!((changed.bytes, changed.interval_count, changed.intervals[0].length), (1024, 1, 1024));
    let mut after = before.clone();
    (heap..heap + 1024).step_by(2).for_each(|at| after[at] ^= 1);
    let comparison = compared(&before, &after);
    let changed = &comparison.regions.changed[0];
    assert_eq!((changed.bytes, changed.interval_count, changed.intervals.len()), (512, 512, 256));
    assert!(changed.intervals.iter().all(|interval| interval.length == 1));
}

/// The same core, with its stack's segment not written: what lies behind it in the file moves.
#[test]
fn memory_that_was_left_out_is_gone_and_elided_and_nothing_else_changes() {
    let before = WIDE.core(62, false);
    let mut after = before.clone();
    // The fourth segment's program header: its length in the file.
    let heap = 64 + 3 * 56;
    after[heap + 32..heap + 40].copy_from_slice(&0_u64.to_le_bytes());
    let comparison = compared(&before, &after);
    let gone: Vec<_> = comparison.regions.gone.iter().map(|g| (g.name.as_str(), g.absent, g.elided)).collect();
    assert_eq!(gone, [("heap", 1024, 1024)]);
    let changed: Vec<_> = comparison.regions.changed.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(changed, ["program-headers"]);
    let added = compared(&after, &before).regions.added;
    assert_eq!(added.iter().map(|a| (a.name.as_str(), a.absent)).collect::<Vec<_>>(), [("heap", 1024)]);
}

#[test]
fn another_module_at_the_same_address_and_another_thread_are_told() {
    let before = minidump();
    let layout = layout(&before).unwrap();
    let mut after = before.clone();
    let record = layout.named("name:module:0:debug").unwrap().offset as usize;
    after[record + 4] ^= 0xff;
    let threads = layout.named("threads").unwrap().offset as usize;
    after[threads + 4] ^= 1;
    let comparison = compared(&before, &after);
    assert_eq!(comparison.modules.changed.len(), 1);
    assert_eq!((comparison.threads.gone, comparison.threads.added), (vec![TID], vec![TID ^ 1]));
}

/// A stack with return addresses into the module, and frame pointers that chain them.
fn with_frames(mut dump: Vec<u8>) -> Vec<u8> {
    let start = offset_of(&dump, STACK);
    let mut put = |va: u64, value: u64| {
        let at = start + (va - STACK) as usize;
        dump[at..at + 8].copy_from_slice(&value.to_le_bytes());
    };
    for (frame, next) in [(STACK + 128, STACK + 256), (STACK + 256, STACK + 384), (STACK + 384, 0)] {
        put(frame, next);
        put(frame + 8, 0x40_0000 + (frame - STACK));
    }
    dump
}

#[test]
fn masking_a_return_address_costs_frames_and_says_so() {
    for dump in [minidump(), WIDE.core(62, false)] {
        let before = with_frames(dump);
        let mut after = before.clone();
        let at = offset_of(&before, STACK + 256);
        after[at..at + 16].fill(0);
        let trace = |bytes: &Vec<u8>| backtraces(bytes, &layout(bytes).unwrap()).unwrap();
        let compared = stacks(&trace(&before), &trace(&after));
        let [thread] = compared.as_slice() else { panic!("{compared:?}") };
        assert_eq!(thread.frames_before[0].trust, Trust::Context);
        let found: Vec<_> = thread.frames_before.iter().filter_map(|frame| frame.offset).collect();
        // A walker tells where the call was, not where it returns to.
        assert!(found.contains(&(256 - 1)) && found.contains(&(384 - 1)), "{compared:?}");
        assert!(!thread.frames_after.iter().any(|frame| frame.offset == Some(256 - 1)), "{compared:?}");
        assert!(thread.same < thread.before.unwrap(), "{compared:?}");
    }
}
