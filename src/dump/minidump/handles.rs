//! Handles: their types' names, their objects' names, and what else was recorded of them.

use compact_str::format_compact;

use super::super::draft::MOST;
use super::{Stream, Walk};
use crate::model::region::RegionKind;

/// Records of one handle that are followed: each leads to the next, and a circle is easily written.
const MOST_RECORDS: u32 = 16;

impl Walk<'_, '_> {
    /// `MINIDUMP_HANDLE_DATA_STREAM`: descriptors of a length that its header gives.
    pub(super) fn handles(&mut self, stream: Stream) {
        let block = self.fields.block(stream.offset, stream.length);
        let (Some(first), Some(entry), Some(count)) = (block.u32(0), block.u32(4), block.u32(8)) else { return };
        let (first, entry) = (u64::from(first), u64::from(entry.max(32)));
        let there = block.len().saturating_sub(first) / entry;
        for i in 0..u64::from(count).min(there).min(MOST as u64) {
            let at = first + i * entry;
            let (Some(kind), Some(object)) = (block.u32(at + 8), block.u32(at + 12)) else { return };
            self.utf16(RegionKind::Name, format_compact!("name:handle:{i}:type"), kind.into());
            self.utf16(RegionKind::Name, format_compact!("name:handle:{i}:object"), object.into());
            if entry >= 40 {
                self.records(i, block.u32(at + 32).unwrap_or(0).into());
            }
        }
    }

    /// `MINIDUMP_HANDLE_OBJECT_INFORMATION`: 12 bytes, then as many as they say.
    fn records(&mut self, handle: u64, mut offset: u64) {
        for i in 0..MOST_RECORDS {
            let block = self.fields.block(offset, 12);
            let (Some(next), Some(length)) = (block.u32(0), block.u32(8)) else { return };
            if offset == 0 {
                return;
            }
            let name = format_compact!("handle:{handle}:{i}");
            self.claim(RegionKind::Handles, name, offset, 12 + u64::from(length));
            offset = next.into();
        }
        self.draft.profile.limits_reached = true;
    }
}
