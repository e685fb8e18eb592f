//! Laws of layouts, over dumps that were made, cut and damaged.

use proptest::prelude::*;

use super::fixture::{STACK, STACK_LENGTH, TID, Words, minidump};
use super::layout::layout;
use super::stacks::backtraces;
use crate::model::layout::{AddressError, Layout};
use crate::model::region::{DumpFormat, Part, Producer, Region, RegionKind};

const WIDE: Words = Words { wide: true, big: false };
const NARROW: Words = Words { wide: false, big: false };

/// The layout of some bytes, which holds what every layout promises.
#[track_caller]
fn lawful(bytes: &[u8]) -> Layout {
    let layout = layout(&bytes).unwrap();
    let mut at = 0;
    let mut names = std::collections::BTreeSet::new();
    for region in &layout.regions {
        assert!(region.length > 0 || region.elided > 0, "{region:?}");
        if region.length > 0 {
            assert_eq!(region.offset, at, "{region:?}");
            at = region.end();
        }
        assert!(names.insert(&region.name), "twice: {region:?}");
        assert!(region.name.len() <= 128 && region.name.bytes().all(|b| b.is_ascii_graphic()), "{region:?}");
        assert!(region.aliases.len() <= Region::ALIASES);
    }
    assert_eq!(at, bytes.len() as u64);
    let coverage = layout.coverage();
    assert_eq!(coverage.attributed + coverage.unattributed, bytes.len() as u64);
    layout
}

fn named<'a>(layout: &'a Layout, name: &str) -> &'a Region {
    layout.named(name).unwrap_or_else(|| panic!("{name}: {:?}", layout.regions))
}

#[test]
fn a_minidump_is_accounted_for() {
    let bytes = minidump();
    let layout = lawful(&bytes);
    for (name, kind) in [
        ("header", RegionKind::Header),
        ("directory", RegionKind::Header),
        ("registers:4242", RegionKind::Registers),
        ("vector-registers:4242", RegionKind::VectorRegisters),
        ("stack:4242", RegionKind::Stack),
        ("name:thread:4242", RegionKind::Name),
        ("name:module:0", RegionKind::Name),
        ("name:module:0:debug", RegionKind::Name),
        ("name:unloaded:0", RegionKind::Name),
        ("name:handle:0:type", RegionKind::Name),
        ("name:handle:0:object", RegionKind::Name),
        ("module:0", RegionKind::Module),
        ("heap:0x90000", RegionKind::Heap),
        ("memory:0xa0000", RegionKind::Memory),
        ("memory-info", RegionKind::MemoryInfo),
        ("environment", RegionKind::Environment),
        ("command-line", RegionKind::CommandLine),
        ("duplicate:0x47670007", RegionKind::Duplicate),
        ("stream:0x12345678", RegionKind::UnknownStream),
        ("annotations:process:0:value", RegionKind::Annotations),
        ("annotations:module:0:object:0:value", RegionKind::Annotations),
    ] {
        assert_eq!(named(&layout, name).kind, kind, "{name}");
    }
    assert!(named(&layout, "heap:0x90000").inferred);
    let stack = named(&layout, "stack:4242");
    assert_eq!((stack.va, stack.length, stack.thread), (Some(STACK), STACK_LENGTH as u64, Some(TID)));
    assert_eq!(named(&layout, "memory:0x7ffd00000000"), stack, "both names are kept");
    let module = &layout.modules[0];
    assert_eq!(module.code_id.as_deref(), Some("5555AAAA2000"));
    assert_eq!(module.debug_id.as_deref(), Some("0403020106050807090A0B0C0D0E0F103"));
    assert_eq!(layout.profile.producer, Some(Producer::Crashpad));
    assert_eq!(layout.profile.absent, [Part::Exception, Part::Auxv].into());
    let unattributed: Vec<_> = layout.regions.iter().filter(|r| r.kind == RegionKind::Unattributed).collect();
    assert!(unattributed.iter().all(|r| r.length == 5), "only what the fixture strews in: {unattributed:?}");
}

#[test]
fn cores_of_every_width_order_and_machine_are_accounted_for() {
    for (words, machine) in [(WIDE, 62), (WIDE, 183), (NARROW, 3), (NARROW, 40), (Words { big: true, ..WIDE }, 183)] {
        for many in [false, true] {
            let layout = lawful(&words.core(machine, many));
            let stack = named(&layout, "stack:4242");
            assert_eq!((stack.va, stack.length), (Some(words.stack()), STACK_LENGTH as u64), "{words:?} {machine}");
            assert_eq!(named(&layout, "registers:4242").kind, RegionKind::Registers);
            assert_eq!(named(&layout, "vector-registers:4242").kind, RegionKind::VectorRegisters);
            assert_eq!(named(&layout, "command-line:psargs").length, 80);
            let program = named(&layout, "module:0");
            assert_eq!((program.length, program.elided), (256, 4096 - 256));
            let heap = named(&layout, "heap");
            assert!(heap.inferred && heap.va == Some(0x60_0000));
            let elided = named(&layout, "memory:0x700000");
            assert_eq!((elided.length, elided.elided), (0, 8192));
            assert_eq!(layout.profile.elided_bytes, 8192 + 4096 - 256);
            assert_eq!(layout.coverage().unattributed, 0, "{:?}", layout.regions);
            assert!(layout.threads[0].crashed);
        }
    }
}

#[test]
fn addresses_lead_to_the_file_or_say_why_not() {
    let layout = lawful(&WIDE.core(62, false));
    let stack = named(&layout, "stack:4242").clone();
    let extent = layout.extent_at(STACK + 16, 32).unwrap();
    assert_eq!((extent.offset, extent.length), (stack.offset + 16, 32));
    assert_eq!(layout.extent_at(0x40_0000, 512), Err(AddressError::Elided { start: 0x40_0100, length: 256 }));
    assert_eq!(layout.extent_at(1, 16), Err(AddressError::NotCaptured { start: 1, length: 16 }));
    let past = STACK + STACK_LENGTH as u64;
    assert_eq!(layout.extent_at(past - 8, 16), Err(AddressError::NotCaptured { start: past, length: 8 }));
    assert!(matches!(layout.extent_at(u64::MAX, 2), Err(AddressError::NoRange { .. })));
    assert!(matches!(layout.extent_at(STACK, 0), Err(AddressError::NoRange { .. })));
    assert_eq!(layout.addresses_of(stack.offset + 8, 4), [(STACK + 8, 4)]);
    let covering: Vec<_> = layout.covering(stack.offset - 1, 2).map(|r| r.name.as_str()).collect();
    assert_eq!(covering, ["heap", "stack:4242"]);
    let captured = layout.captured_in(0x40_0000, 0x1000);
    assert_eq!(captured.iter().map(|e| e.length).sum::<u64>(), 256);
}

#[test]
fn other_files_are_bytes_whose_format_is_named_where_it_is_known() {
    for (bytes, format) in [
        (&b""[..], DumpFormat::Unknown),
        (b"text", DumpFormat::Unknown),
        (b"PMDM and more", DumpFormat::MinidumpBigEndian),
        (b"\xcf\xfa\xed\xfe and more", DumpFormat::MachO),
        (b"KDUMP   and more", DumpFormat::Kdump),
        (b"PAGEDU64 and more", DumpFormat::WindowsKernel),
        (b"\x1f\x8b and more", DumpFormat::Compressed),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0", DumpFormat::Elf),
    ] {
        let layout = lawful(bytes);
        assert_eq!(layout.profile.format, format);
        assert_eq!(layout.coverage().unattributed, bytes.len() as u64);
    }
}

#[test]
fn dumps_cut_anywhere_are_accounted_for() {
    for bytes in [minidump(), WIDE.core(62, true), NARROW.core(3, false)] {
        let whole = lawful(&bytes);
        for length in 0..bytes.len() {
            let cut = lawful(&bytes[..length]);
            let said = cut.profile.truncated_bytes > 0 || cut.profile.format == DumpFormat::Unknown;
            let end = whole.regions.iter().find(|r| r.end() > length as u64).map(|r| r.kind);
            let told = said || matches!(end, Some(RegionKind::Padding | RegionKind::Unattributed));
            assert!(told || cut.profile != whole.profile || cut.regions != whole.regions, "{length}");
        }
    }
}

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole =
        prop::sample::select(vec![minidump(), WIDE.core(62, true), WIDE.core(183, false), NARROW.core(40, false)]);
    let interesting = prop::sample::select(vec![0_u64, 1, 4, 0x7fff_ffff, 0xffff_ffff, 0xffff, u64::MAX, u64::MAX - 8]);
    // Damage falls into headers and tables more often than into memory.
    let near = (prop_oneof![0_usize..600, 0_usize..16_384], interesting, 1_usize..9);
    (whole, prop::collection::vec(near, 1..8)).prop_map(|(mut bytes, damages)| {
        for (at, value, width) in damages {
            let at = at % bytes.len();
            let end = bytes.len().min(at + width);
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn damaged_dumps_are_accounted_for_and_walked(bytes in damaged()) {
        let layout = lawful(&bytes);
        let traces = backtraces(&bytes, &layout).unwrap();
        assert_eq!(traces.len(), layout.threads.len());
    }

    #[test]
    fn bytes_that_only_begin_like_a_dump_are_accounted_for(
        magic in prop::sample::select(vec![&b"MDMP\x93\xa7\0\0\x04\0\0\0\x20\0\0\0"[..], b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0"]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        lawful(&[magic, &rest].concat());
    }
}
