//! What Crashpad, Breakpad and Mozilla add: dictionaries and lists that lead to strings all over the file.

use compact_str::{CompactString, format_compact};

use super::super::fields::Block;
use super::{Stream, Walk};
use crate::model::region::{Machine, RegionKind};

const KIND: RegionKind = RegionKind::Annotations;
/// Entries of one list that are followed.
const MOST_ENTRIES: u64 = 4096;
/// Records of macOS: Breakpad writes no more.
const MOST_RECORDS: u64 = 20;

impl Walk<'_, '_> {
    /// `MinidumpCrashpadInfo`: annotations of the process, and a list of modules with theirs.
    pub(super) fn crashpad(&mut self, stream: Stream) {
        self.dictionary("annotations:process", stream.offset + 36);
        let Some((modules, length)) = self.located(KIND, "annotations:modules", stream.offset + 44) else { return };
        let block = self.fields.block(modules, length);
        for i in 0..self.entries(&block, 12) {
            let Some(index) = block.u32(4 + i * 12) else { return };
            let name = format_compact!("annotations:module:{index}");
            let Some((info, _)) = self.located(KIND, name.clone(), modules + 4 + i * 12 + 4) else { continue };
            self.strings(&format_compact!("{name}:list"), info + 4);
            self.dictionary(&format_compact!("{name}:simple"), info + 12);
            self.objects(&format_compact!("{name}:object"), info + 20);
        }
    }

    /// How many entries a counted list really has.
    fn entries(&mut self, block: &Block, entry: u64) -> u64 {
        let count = u64::from(block.u32(0).unwrap_or(0)).min(block.len().saturating_sub(4) / entry);
        self.draft.profile.limits_reached |= count > MOST_ENTRIES;
        count.min(MOST_ENTRIES)
    }

    /// `MinidumpSimpleStringDictionary`: pairs of strings. `at` is where its location stands.
    fn dictionary(&mut self, name: &str, at: u64) {
        let Some((offset, length)) = self.located(KIND, name, at) else { return };
        let block = self.fields.block(offset, length);
        for i in 0..self.entries(&block, 8) {
            let (Some(key), Some(value)) = (block.u32(4 + i * 8), block.u32(8 + i * 8)) else { return };
            self.utf8(KIND, format_compact!("{name}:{i}:key"), key.into());
            self.utf8(KIND, format_compact!("{name}:{i}:value"), value.into());
        }
    }

    /// `MinidumpRVAList` of strings.
    fn strings(&mut self, name: &CompactString, at: u64) {
        let Some((offset, length)) = self.located(KIND, name.clone(), at) else { return };
        let block = self.fields.block(offset, length);
        for i in 0..self.entries(&block, 4) {
            let Some(text) = block.u32(4 + i * 4) else { return };
            self.utf8(KIND, format_compact!("{name}:{i}"), text.into());
        }
    }

    /// `MinidumpAnnotationList`: each a name, a type and a value, which is counted bytes.
    fn objects(&mut self, name: &CompactString, at: u64) {
        let Some((offset, length)) = self.located(KIND, name.clone(), at) else { return };
        let block = self.fields.block(offset, length);
        for i in 0..self.entries(&block, 12) {
            let (Some(key), Some(value)) = (block.u32(4 + i * 12), block.u32(12 + i * 12)) else { return };
            self.utf8(KIND, format_compact!("{name}:{i}:name"), key.into());
            self.utf8(KIND, format_compact!("{name}:{i}:value"), value.into());
        }
    }

    /// Breakpad's copy of the linker's list of modules: `MDRawDebug`, then the dynamic section, within the stream.
    pub(super) fn dso_debug(&mut self, stream: Stream) {
        let (Some(map), Some(count)) = (self.fields.u32(stream.offset + 4), self.fields.u32(stream.offset + 8)) else {
            return;
        };
        let (map, count) = (u64::from(map), u64::from(count));
        if map == 0 || count * 12 > self.fields.size() {
            return;
        }
        let (entry, name_at) = match self.machine {
            Machine::X86 | Machine::Arm => (12, 4),
            _ => (self.link_map_entry(map, count), 8),
        };
        self.claim(RegionKind::LinuxProc, "linux:link-map", map, count * entry);
        let block = self.fields.block(map, count.min(MOST_ENTRIES) * entry);
        for i in 0..block.len() / entry {
            let name = block.u32(i * entry + name_at).unwrap_or(0);
            self.utf16(RegionKind::Name, format_compact!("name:dso:{i}"), name.into());
        }
    }

    /// 20 bytes when packed, as documented; some writers aligned them to 24. The first name lies right after the last.
    fn link_map_entry(&self, map: u64, count: u64) -> u64 {
        let first_name = self.fields.u32(map + 8).map(u64::from);
        if first_name == Some(map + count * 24) { 24 } else { 20 }
    }

    /// Breakpad's copy of `__TEXT,__crash_info`: locations of records that hold messages.
    pub(super) fn mac_crash_info(&mut self, stream: Stream) {
        let count = u64::from(self.fields.u32(stream.offset + 4).unwrap_or(0)).min(MOST_RECORDS);
        for i in 0..count {
            self.located(KIND, format_compact!("mac:crash-info:{i}"), stream.offset + 12 + i * 8);
        }
    }
}
