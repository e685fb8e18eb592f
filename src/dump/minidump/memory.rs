//! Both lists of memory, and which addresses were mapped.

use compact_str::format_compact;

use super::super::draft::{Label, MOST};
use super::{Stream, Walk};
use crate::model::region::RegionKind;

impl Walk<'_, '_> {
    /// `MINIDUMP_MEMORY_LIST`: each range says where its bytes are.
    pub(super) fn memory_list(&mut self, stream: Stream) {
        let (block, first, count) = self.list(stream, 16);
        for at in (0..count).map(|i| first + i * 16) {
            let (Some(va), Some(length), Some(offset)) = (block.u64(at), block.u32(at + 8), block.u32(at + 12)) else {
                return;
            };
            self.draft.memory(va, offset.into(), length.into(), 0, true);
        }
    }

    /// `MINIDUMP_MEMORY64_LIST`: the bytes of all ranges follow each other from one offset on.
    pub(super) fn memory64_list(&mut self, stream: Stream) {
        let block = self.fields.block(stream.offset, stream.length);
        let (Some(count), Some(mut offset)) = (block.u64(0), block.u64(8)) else { return };
        self.draft.profile.limits_reached |= count > MOST as u64;
        for at in (0..count.min(MOST as u64)).map(|i| 16 + i * 16) {
            let (Some(va), Some(length)) = (block.u64(at), block.u64(at + 8)) else { return };
            self.draft.memory(va, offset, length, 0, true);
            let Some(next) = offset.checked_add(length) else { return };
            offset = next;
        }
    }

    /// `MINIDUMP_MEMORY_INFO_LIST`: committed, private and writable memory may be heap.
    pub(super) fn memory_info(&mut self, stream: Stream) {
        const COMMITTED: u32 = 0x1000;
        const PRIVATE: u32 = 0x2_0000;
        const READ_WRITE: u32 = 0x04;
        let block = self.fields.block(stream.offset, stream.length);
        let (Some(first), Some(entry), Some(count)) = (block.u32(0), block.u32(4), block.u64(8)) else { return };
        let (first, entry) = (u64::from(first), u64::from(entry.max(48)));
        let there = block.len().saturating_sub(first) / entry;
        for at in (0..count.min(there).min(MOST as u64)).map(|i| first + i * entry) {
            let (Some(va), Some(length), Some(state)) = (block.u64(at), block.u64(at + 24), block.u32(at + 32)) else {
                return;
            };
            let (Some(protection), Some(kind)) = (block.u32(at + 36), block.u32(at + 40)) else { return };
            if state == COMMITTED && kind == PRIVATE && protection == READ_WRITE {
                self.heap(va, va.saturating_add(length));
            }
        }
    }

    /// The kernel's own list of mappings, of which one line may say `[heap]`.
    pub(super) fn linux_maps(&mut self, stream: Stream) {
        let block = self.fields.block(stream.offset, stream.length);
        for line in block.bytes().split(|byte| *byte == b'\n').filter(|line| line.ends_with(b"[heap]")) {
            let range = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' ')?.0.split_once('-'));
            let number = |text| u64::from_str_radix(text, 16).ok();
            if let Some((Some(start), Some(end))) = range.map(|(start, end)| (number(start), number(end))) {
                self.heap(start, end);
            }
        }
    }

    fn heap(&mut self, start: u64, end: u64) {
        let name = format_compact!("heap:{start:#x}");
        self.draft.put_label(Label { name, kind: RegionKind::Heap, inferred: true, thread: None, start, end });
    }
}
