//! Modules, loaded and unloaded, and what identifies them.

use compact_str::format_compact;

use super::super::draft::MOST;
use super::super::fields::Block;
use super::super::ids::{self, Ids};
use super::{Stream, Walk};
use crate::model::region::{DumpedModule, RegionKind};

const MODULE: u64 = 108;
/// A record of identity is short, but for the path in it.
const LONGEST_RECORD: u64 = 1 << 16;

impl Walk<'_, '_> {
    /// `MINIDUMP_MODULE_LIST`: where each lay, its name and its identity, which lie elsewhere.
    pub(super) fn modules(&mut self, stream: Stream) {
        let (block, first, count) = self.list(stream, MODULE);
        for i in 0..count {
            let at = first + i * MODULE;
            let (Some(base), Some(size), Some(stamp)) = (block.u64(at), block.u32(at + 8), block.u32(at + 16)) else {
                return;
            };
            let index = self.draft.modules.len() as u32;
            self.utf16(
                RegionKind::Name,
                format_compact!("name:module:{index}"),
                block.u32(at + 20).unwrap_or(0).into(),
            );
            let identity = format_compact!("name:module:{index}:debug");
            let identity = self.located(RegionKind::Name, identity, stream.offset + at + 76);
            self.located(RegionKind::Name, format_compact!("name:module:{index}:misc"), stream.offset + at + 84);
            let ids = identity
                .and_then(|(offset, length)| identities(&self.fields.block(offset, length.min(LONGEST_RECORD))));
            let (code_id, debug_id) = ids.unwrap_or_default();
            let code_id = code_id.or_else(|| (stamp != 0).then(|| format!("{stamp:08X}{size:x}")));
            self.draft.label(
                RegionKind::Module,
                format_compact!("module:{index}"),
                base,
                base.saturating_add(size.into()),
            );
            if self.draft.modules.len() < MOST {
                self.draft.modules.push(DumpedModule { index, base, size: size.into(), code_id, debug_id });
            }
        }
    }

    /// `MINIDUMP_UNLOADED_MODULE_LIST`: names of modules that are gone.
    pub(super) fn unloaded_modules(&mut self, stream: Stream) {
        let block = self.fields.block(stream.offset, stream.length);
        let (Some(first), Some(entry), Some(count)) = (block.u32(0), block.u32(4), block.u32(8)) else { return };
        let (first, entry) = (u64::from(first), u64::from(entry.max(24)));
        let there = block.len().saturating_sub(first) / entry;
        for i in 0..u64::from(count).min(there).min(MOST as u64) {
            let Some(name) = block.u32(first + i * entry + 20) else { return };
            self.utf16(RegionKind::Name, format_compact!("name:unloaded:{i}"), name.into());
        }
    }
}

/// The code id and the debug id of a CodeView record.
fn identities(record: &Block) -> Option<Ids> {
    match &record.u32(0)?.to_le_bytes() {
        // CV_INFO_PDB70: a GUID and an age.
        b"RSDS" => {
            let age = record.u32(20)?;
            Some((None, Some(format!("{}{age:x}", ids::guid(record, 4)?))))
        }
        // CV_INFO_ELF: the build id. Its first 16 bytes, read as a GUID, are the debug id.
        b"LEpB" => Some(ids::of_build_id(record.bytes().get(4..)?)),
        // CV_INFO_PDB20: a time stamp and an age.
        b"NB10" => Some((None, Some(format!("{:08X}{:x}", record.u32(8)?, record.u32(12)?)))),
        _ => None,
    }
}
