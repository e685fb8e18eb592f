//! `NT_FILE`: which files were mapped where. Their names are evidence: compared with each other, never told.

use super::super::fields::Block;
use super::super::ids;
use super::{Segment, Walk};
use crate::model::region::{DumpedModule, Part, RegionKind};

/// The kernel writes at most this much.
const LONGEST: u64 = 4 << 20;
/// Modules whose identity is looked for in memory.
const MOST_LOOKED_INTO: usize = 4096;

/// One file, and the addresses it was mapped at.
#[derive(Debug, Clone)]
pub(super) struct MappedFile {
    pub(super) ranges: Vec<(u64, u64)>,
}

impl MappedFile {
    pub(super) fn base(&self) -> u64 {
        self.ranges.first().map_or(0, |(start, _)| *start)
    }

    pub(super) fn end(&self) -> u64 {
        self.ranges.last().map_or(0, |(_, end)| *end)
    }
}

impl Walk<'_, '_> {
    /// A count, the page size, three numbers for each mapping, then as many names.
    pub(super) fn mapped_files(&mut self, offset: u64, length: u64) {
        let block = self.fields.block(offset, length.min(LONGEST));
        let word: u64 = if self.wide { 8 } else { 4 };
        let count = block.word(0, self.wide).unwrap_or(0).min(block.len() / (3 * word));
        let table = (2 + 3 * count) * word;
        self.parts.insert(Part::Modules);
        self.draft.claim(RegionKind::Modules, "mapped-files", offset, table.min(length));
        self.draft.claim(
            RegionKind::Name,
            "name:mapped-files",
            offset + table.min(length),
            length.saturating_sub(table),
        );
        let names = block.bytes().get(table as usize..).unwrap_or_default();
        let mut last: Option<&[u8]> = None;
        for (i, name) in (0..count).zip(names.split(|byte| *byte == 0)) {
            let at = (2 + 3 * i) * word;
            let (Some(start), Some(end)) = (block.word(at, self.wide), block.word(at + word, self.wide)) else {
                return;
            };
            let in_file = block.word(at + 2 * word, self.wide).unwrap_or(0);
            match self.files.last_mut() {
                // The same file again from its beginning is another mapping of it.
                Some(file) if last == Some(name) && in_file != 0 => file.ranges.push((start, end)),
                _ => self.files.push(MappedFile { ranges: vec![(start, end)] }),
            }
            last = Some(name);
        }
        self.files.sort_by_key(MappedFile::base);
        self.mapped = self.files.iter().flat_map(|file| file.ranges.iter().copied()).collect();
        self.mapped.sort_unstable();
    }

    /// Lists the mapped files that are modules, as those with code are.
    pub(super) fn list_modules(&mut self) -> Vec<MappedFile> {
        let mut modules = std::mem::take(&mut self.files);
        modules.retain(|file| self.has_code(file));
        for (index, module) in modules.iter().enumerate() {
            let id = if index < MOST_LOOKED_INTO { self.build_id(module.base()) } else { None };
            let (code_id, debug_id) = id.map(|id| ids::of_build_id(&id)).unwrap_or_default();
            let (base, size) = (module.base(), module.end().saturating_sub(module.base()));
            self.draft.modules.push(DumpedModule { index: index as u32, base, size, code_id, debug_id });
        }
        modules
    }

    /// A debugger may leave code out, as it is in the file: then the image's header tells.
    fn has_code(&self, file: &MappedFile) -> bool {
        let magic = || self.memory_at(file.base(), 4).is_some_and(|head| head.bytes() == b"\x7fELF");
        file.ranges.iter().any(|&(start, end)| self.segments_in(start, end).any(Segment::executable)) || magic()
    }

    /// The segments that begin within a range.
    pub(super) fn segments_in(&self, start: u64, end: u64) -> impl Iterator<Item = Segment> {
        let first = self.segments.partition_point(|s| s.va < start);
        self.segments.get(first..).unwrap_or_default().iter().copied().take_while(move |s| s.va < end)
    }

    /// The build id in an image's first page, which cores keep for this.
    fn build_id(&self, base: u64) -> Option<Vec<u8>> {
        const PAGE: u64 = 4096;
        const NOTE: u32 = 4;
        const GNU_BUILD_ID: u32 = 3;
        let page = self.memory_at(base, PAGE)?;
        if !page.bytes().starts_with(b"\x7fELF") {
            return None;
        }
        let (table, counts, entry) = if self.wide { (page.u64(32)?, 54, 56) } else { (page.u32(28)?.into(), 42, 32) };
        let count = u64::from(page.u16(counts + 2)?);
        for at in (0..count).map(|i| table.saturating_add(i * entry)).take_while(|at| *at < PAGE) {
            if page.u32(at)? != NOTE {
                continue;
            }
            let (offset, length) = if self.wide { (16, 32) } else { (8, 16) };
            let (va, length) = (page.word(at + offset, self.wide)?, page.word(at + length, self.wide)?);
            // Notes lie near the beginning; addresses there are offsets from it, or from zero in what is not relocated.
            let va = if va < base { va } else { va - base };
            let mut note = va;
            while note.saturating_add(12) <= va.saturating_add(length).min(PAGE) {
                let (name, length, kind) = (page.u32(note)?, page.u32(note + 4)?, page.u32(note + 8)?);
                let starts = note + 12 + u64::from(name).next_multiple_of(4);
                let bytes =
                    |from: u64, length: u64| page.bytes().get(from as usize..from.checked_add(length)? as usize);
                if kind == GNU_BUILD_ID && bytes(note + 12, name.into())? == b"GNU\0" {
                    return bytes(starts, u64::from(length).min(64)).map(<[u8]>::to_vec);
                }
                note = starts + u64::from(length).next_multiple_of(4);
            }
        }
        None
    }

    /// The bytes at an address, as many of these as the file has in one piece.
    pub(super) fn memory_at(&self, va: u64, length: u64) -> Option<Block> {
        let segment = self.segment_at(va)?;
        let at = va - segment.va;
        (at < segment.length)
            .then(|| self.fields.block(segment.offset.saturating_add(at), length.min(segment.length - at)))
    }
}
