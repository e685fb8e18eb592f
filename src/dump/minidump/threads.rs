//! Threads, their stacks and names, and the exception.

use compact_str::format_compact;

use super::super::draft::MOST;
use super::{Stream, Walk};
use crate::model::fragment::Extent;
use crate::model::region::{DumpedThread, RegionKind};

impl Walk<'_, '_> {
    /// `MINIDUMP_THREAD_LIST`, or its longer form.
    pub(super) fn threads(&mut self, stream: Stream, entry: u64) {
        let (block, first, count) = self.list(stream, entry);
        for at in (0..count).map(|i| first + i * entry) {
            let (Some(id), Some(stack)) = (block.u32(at), block.u64(at + 24)) else { return };
            let (Some(length), Some(offset)) = (block.u32(at + 32), block.u32(at + 36)) else { return };
            let (Some(registers), Some(context)) = (block.u32(at + 40), block.u32(at + 44)) else { return };
            if self.draft.threads.len() < MOST {
                let record = Extent { offset: context.into(), length: registers.into() };
                self.draft.threads.push(DumpedThread { id, crashed: false, registers: Some(record) });
            }
            let pointer = self.context(id, "", context.into(), registers.into());
            let length = u64::from(length);
            if offset != 0 && length > 0 {
                self.draft.memory(stack, offset.into(), length, 0, false);
            }
            if length > 0 {
                self.draft.stack(id, stack, stack.saturating_add(length));
            } else if let Some(pointer) = pointer {
                self.stack_pointers.push((id, pointer));
            }
        }
    }

    /// A count, sometimes padded to 8 bytes, then entries: the block, where the entries begin, how many are in it.
    pub(super) fn list(&mut self, stream: Stream, entry: u64) -> (super::super::fields::Block, u64, u64) {
        let block = self.fields.block(stream.offset, stream.length);
        let count = u64::from(block.u32(0).unwrap_or(0));
        let first = if block.len() == 8 + count * entry { 8 } else { 4 };
        self.draft.profile.limits_reached |= count > MOST as u64;
        let there = block.len().saturating_sub(first) / entry;
        (block, first, count.min(there).min(MOST as u64))
    }

    /// A stack of which only the pointer is known is the memory that the pointer leads to.
    pub(super) fn find_stacks(&mut self) {
        let mut ranges: Vec<_> = self.draft.memory.iter().map(|(range, _)| *range).collect();
        ranges.sort_unstable();
        for (thread, pointer) in std::mem::take(&mut self.stack_pointers) {
            let before = ranges.partition_point(|range| range.va <= pointer);
            let range = before.checked_sub(1).and_then(|at| ranges.get(at)).copied();
            if let Some(range) = range.filter(|range| pointer < range.end()) {
                self.draft.stack(thread, range.va, range.end());
            }
        }
    }

    /// `MINIDUMP_EXCEPTION_STREAM`: its thread, the record, its own context.
    pub(super) fn exception(&mut self, stream: Stream) {
        let Some(thread) = self.fields.u32(stream.offset) else { return };
        self.crashed.get_or_insert(thread);
        let block = self.fields.block(stream.offset + 160, 8);
        if let (Some(length), Some(offset)) = (block.u32(0), block.u32(4)) {
            let record = Extent { offset: offset.into(), length: length.into() };
            self.exception_registers = Some(record).filter(|record| record.length > 0);
            self.context(thread, ":exception", record.offset, record.length);
        }
    }

    /// `MINIDUMP_THREAD_NAME_LIST`: entries of 12 bytes that lead to strings.
    pub(super) fn thread_names(&mut self, stream: Stream) {
        let (block, first, count) = self.list(stream, 12);
        for at in (0..count).map(|i| first + i * 12) {
            let (Some(id), Some(name)) = (block.u32(at), block.u64(at + 4)) else { return };
            if name < self.fields.size() {
                self.utf16(RegionKind::Name, format_compact!("name:thread:{id}"), name);
            }
        }
    }
}
