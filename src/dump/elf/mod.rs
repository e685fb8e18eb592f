//! ELF cores: written by the Linux kernel or a debugger, 32 and 64 bits, either byte order.
//!
//! A core is a list of segments: notes say what the threads and the process were, the others hold memory, of which the file
//! may have less than was mapped. Layouts are those of the System V ABI and of Linux's `elfcore.h`.
//!
//! | file | walks |
//! |---|---|
//! | `notes` | notes: registers, process, signal, auxiliary vector |
//! | `mapped` | the list of mapped files, and which of them are modules |
//! | `initial_stack` | environment and command line, as the kernel laid them out for the program |
//! | `label` | stacks, modules and heap among the segments |

mod initial_stack;
mod label;
mod mapped;
mod notes;

use std::collections::BTreeSet;

use super::draft::{Draft, MOST};
use super::fields::Fields;
use crate::model::region::{DumpFormat, Machine, Part, Producer, RegionKind};
use mapped::MappedFile;

const LOAD: u32 = 1;
const NOTE: u32 = 4;
/// What `e_phnum` says when the count did not fit: it is in the first section header.
const XNUM: u64 = 0xffff;
/// Segments that are read: the kernel maps at most 65,530 ranges.
const MOST_SEGMENTS: u64 = MOST as u64;

/// Which ELF file this is, and whether its numbers are big-endian.
pub(super) fn format_of(head: &[u8]) -> (DumpFormat, bool) {
    let big = head.get(5) == Some(&2);
    let kind = head.get(16..18).map(|kind| if big { [kind[1], kind[0]] } else { [kind[0], kind[1]] });
    let sound = matches!(head.get(4), Some(1 | 2)) && matches!(head.get(5), Some(1 | 2));
    match kind {
        Some([4, 0]) if sound => (DumpFormat::ElfCore, big),
        _ => (DumpFormat::Elf, big),
    }
}

/// One segment of memory.
#[derive(Debug, Clone, Copy)]
struct Segment {
    va: u64,
    end: u64,
    flags: u32,
    /// Where its bytes are in the file, and how many.
    offset: u64,
    length: u64,
}

impl Segment {
    fn executable(self) -> bool {
        self.flags & 1 != 0
    }

    fn writable_data(self) -> bool {
        self.flags & 3 == 2
    }
}

/// A thread as its notes say.
#[derive(Debug, Clone, Copy)]
struct NotedThread {
    id: u32,
    stack_pointer: Option<u64>,
}

/// A walk of one core.
struct Walk<'a, 'b> {
    fields: &'a Fields<'b>,
    draft: &'a mut Draft,
    /// 64 bits.
    wide: bool,
    machine: Machine,
    segments: Vec<Segment>,
    threads: Vec<NotedThread>,
    files: Vec<MappedFile>,
    /// The ranges of all mapped files, by address.
    mapped: Vec<(u64, u64)>,
    /// The auxiliary vector: its bytes, and its pairs.
    auxv_bytes: Vec<u8>,
    auxv: Vec<(u64, u64)>,
    /// The first note, which tells who wrote the core.
    first_note: Option<u32>,
    parts: BTreeSet<Part>,
}

/// Where the tables of a core are.
struct Tables {
    programs: (u64, u64),
    sections: (u64, u64),
    names: u64,
}

/// Walks a core.
pub(super) fn walk(fields: &Fields<'_>, draft: &mut Draft) {
    let wide = fields.block(4, 1).bytes() == [2];
    let mut walk = Walk {
        fields,
        draft,
        wide,
        machine: machine(fields.u16(18), wide),
        segments: vec![],
        threads: vec![],
        files: vec![],
        mapped: vec![],
        auxv_bytes: vec![],
        auxv: vec![],
        first_note: None,
        parts: BTreeSet::new(),
    };
    let tables = walk.tables();
    walk.segments(&tables);
    walk.label();
    walk.conclude(&tables);
}

fn machine(machine: Option<u16>, wide: bool) -> Machine {
    match (machine, wide) {
        (Some(3), false) => Machine::X86,
        (Some(62), true) => Machine::X86_64,
        (Some(40), false) => Machine::Arm,
        (Some(183), true) => Machine::Arm64,
        _ => Machine::Other,
    }
}

impl Walk<'_, '_> {
    fn word(&self, offset: u64) -> u64 {
        self.fields.block(offset, 8).word(0, self.wide).unwrap_or(0)
    }

    fn half(&self, offset: u64) -> u64 {
        self.fields.u16(offset).unwrap_or(0).into()
    }

    /// Claims the header and the tables it leads to.
    fn tables(&mut self) -> Tables {
        let (header, program, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let (program_at, section_at, counts) = match self.wide {
            true => (self.word(32), self.word(40), 56),
            false => (self.word(28), self.word(32), 44),
        };
        let (mut programs, mut sections, mut names) = (self.half(counts), self.half(counts + 4), self.half(counts + 6));
        if section_at != 0 {
            // The first section header holds what did not fit the header.
            let (size, link, info) = if self.wide { (32, 40, 44) } else { (20, 24, 28) };
            let number = |at| self.fields.u32(section_at.saturating_add(at)).map_or(0, u64::from);
            programs = if programs == XNUM { number(info) } else { programs };
            names = if names == XNUM { number(link) } else { names };
            sections = if sections == 0 { self.word(section_at.saturating_add(size)) } else { sections };
        }
        self.draft.claim(RegionKind::Header, "header", 0, header);
        self.draft.claim(RegionKind::Header, "program-headers", program_at, programs * program);
        if section_at != 0 && sections > 0 {
            let length = sections.min(u64::from(u32::MAX)) * section;
            self.draft.claim(RegionKind::Header, "section-headers", section_at, length);
        }
        Tables { programs: (program_at, programs), sections: (section_at, sections), names }
    }

    /// Claims notes and memory. Notes come first, whatever the order: they name the memory.
    fn segments(&mut self, tables: &Tables) {
        let entry: u64 = if self.wide { 56 } else { 32 };
        let (at, count) = tables.programs;
        self.draft.profile.limits_reached |= count > MOST_SEGMENTS;
        let block = self.fields.block(at, count.min(MOST_SEGMENTS) * entry);
        for at in (0..block.len() / entry).map(|i| i * entry) {
            let number = |wide_at, narrow_at| block.word(at + if self.wide { wide_at } else { narrow_at }, self.wide);
            let (Some(kind), Some(flags)) = (block.u32(at), block.u32(at + if self.wide { 4 } else { 24 })) else {
                continue;
            };
            let (Some(offset), Some(va)) = (number(8, 4), number(16, 8)) else { continue };
            let (Some(length), Some(mapped)) = (number(32, 16), number(40, 20)) else { continue };
            match kind {
                NOTE => self.notes(offset, length),
                LOAD => {
                    self.draft.memory(va, offset, length, mapped.saturating_sub(length), true);
                    let end = va.saturating_add(mapped.max(length));
                    self.segments.push(Segment { va, end, flags, offset, length });
                }
                _ => {}
            }
        }
        self.segments.sort_by_key(|segment| segment.va);
        self.section_names(tables);
    }

    /// A debugger's core has sections with names of their own.
    fn section_names(&mut self, tables: &Tables) {
        let (at, count) = tables.sections;
        if at == 0 || tables.names == 0 || tables.names >= count {
            return;
        }
        let entry: u64 = if self.wide { 64 } else { 40 };
        let at = at.saturating_add(tables.names.saturating_mul(entry));
        let (offset, length) = if self.wide { (24, 32) } else { (16, 20) };
        let (offset, length) = (self.word(at.saturating_add(offset)), self.word(at.saturating_add(length)));
        let is_strings = self.fields.u32(at.saturating_add(4)) == Some(3);
        if is_strings && length < self.fields.size() {
            self.draft.claim(RegionKind::Header, "section-names", offset, length);
        }
    }

    fn conclude(&mut self, tables: &Tables) {
        const NT_PRSTATUS: u32 = 1;
        let profile = &mut self.draft.profile;
        profile.machine = Some(self.machine);
        // The kernel needs sections only for a count that does not fit, and begins with the thread that crashed.
        profile.producer = match (tables.sections.1, self.first_note) {
            (0 | 1, Some(NT_PRSTATUS)) => Some(Producer::LinuxKernel),
            (2.., Some(_)) => Some(Producer::Gcore),
            _ => None,
        };
        self.parts.extend(self.draft.memory.iter().any(|(range, _)| range.length > 0).then_some(Part::Memory));
        let whole = self.draft.memory.iter().all(|(range, _)| range.elided == 0);
        self.parts.extend((whole && self.parts.contains(&Part::Memory)).then_some(Part::FullMemory));
        self.parts.extend(self.draft.labels.iter().any(|l| l.kind == RegionKind::Stack).then_some(Part::Stacks));
        let segments = [Part::MemoryInfo].into_iter().filter(|_| !self.segments.is_empty());
        self.parts.extend(segments);
        let absent = Part::ALL.iter().filter(|part| !self.parts.contains(part)).copied();
        self.draft.profile.absent = absent.collect();
    }
}
