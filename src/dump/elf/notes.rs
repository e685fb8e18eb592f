//! Notes: what the threads and the process were.

use compact_str::{CompactString, format_compact};

use super::super::draft::MOST;
use super::{NotedThread, Walk};
use crate::model::fragment::Extent;
use crate::model::region::{DumpedThread, Machine, Part, RegionKind};

/// Notes of a process, by the owner `CORE`.
mod core {
    pub(super) const PRSTATUS: u32 = 1;
    pub(super) const FPREGSET: u32 = 2;
    pub(super) const PRPSINFO: u32 = 3;
    pub(super) const AUXV: u32 = 6;
    pub(super) const SIGINFO: u32 = 0x5349_4749;
    pub(super) const FILE: u32 = 0x4649_4c45;
}

/// One note.
struct Note {
    kind: u32,
    offset: u64,
    length: u64,
}

/// Where `elf_prstatus` has the thread's number and its registers, of which this one is the stack pointer.
struct Status {
    id: u64,
    registers: u64,
    stack_pointer: u64,
}

impl Walk<'_, '_> {
    /// Walks one segment of notes: each a header, its owner's name, and what it says, to 4 bytes.
    pub(super) fn notes(&mut self, offset: u64, length: u64) {
        self.draft.claim(RegionKind::Header, "notes", offset, length);
        let end = offset.saturating_add(length).min(self.fields.size());
        let mut at = offset;
        for _ in 0..MOST {
            if at >= end || end - at < 12 {
                return;
            }
            let head = self.fields.block(at, 32);
            let (Some(name), Some(length), Some(kind)) = (head.u32(0), head.u32(4), head.u32(8)) else { return };
            let starts = at + 12 + padded(name);
            let owner = head.bytes().get(12..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
            let there = u64::from(length).min(end.saturating_sub(starts));
            self.first_note.get_or_insert(kind);
            self.note(owner, &Note { kind, offset: starts, length: there });
            at = starts + padded(length);
        }
        self.draft.profile.limits_reached = true;
    }

    fn note(&mut self, owner: &[u8], note: &Note) {
        match (owner, note.kind) {
            (b"CORE", core::PRSTATUS) => self.status(note),
            (b"CORE", core::FPREGSET) => self.of_thread(RegionKind::VectorRegisters, "vector-registers", note),
            (b"CORE", core::PRPSINFO) => self.process(note),
            (b"CORE", core::AUXV) => self.auxv(note),
            (b"CORE", core::SIGINFO) => {
                self.parts.insert(Part::Exception);
                self.of_thread(RegionKind::Exception, "exception", note);
            }
            (b"CORE", core::FILE) => self.mapped_files(note.offset, note.length),
            (b"LINUX", kind) if is_vector(kind) => {
                self.of_thread(RegionKind::VectorRegisters, "vector-registers", note);
            }
            (b"LINUX", 0x205) => self.draft.claim(RegionKind::SystemInfo, "xsave-layout", note.offset, note.length),
            (b"LINUX", _) => self.of_thread(RegionKind::Registers, "registers", note),
            (b"GDB", _) => self.draft.claim(RegionKind::SystemInfo, "target-description", note.offset, note.length),
            (b"VMCOREINFO" | b"QEMU", _) => {
                self.draft.claim(RegionKind::SystemInfo, "machine", note.offset, note.length);
            }
            (_, kind) => {
                let name = format_compact!("note:{kind:#x}");
                self.draft.claim(RegionKind::UnknownStream, name, note.offset, note.length);
            }
        }
    }

    /// Notes of a thread follow its status.
    fn of_thread(&mut self, kind: RegionKind, name: &str, note: &Note) {
        let thread = self.threads.last().map(|thread| thread.id);
        let name = thread.map_or_else(|| CompactString::from(name), |id| format_compact!("{name}:{id}"));
        self.draft.thread_claim(kind, name, thread, note.offset, note.length);
    }

    /// `NT_PRSTATUS`: the thread's number, its signal and its general registers.
    fn status(&mut self, note: &Note) {
        let layout = status_layout(self.machine, self.wide);
        let Some(id) = self.fields.u32(note.offset + layout.id).filter(|_| note.length >= layout.id + 4) else {
            return self.draft.claim(RegionKind::Registers, "registers", note.offset, note.length);
        };
        let word = if self.wide { 8 } else { 4 };
        let pointer_at = layout.registers + layout.stack_pointer * word;
        let known = self.machine != Machine::Other && note.length >= pointer_at + word;
        let stack_pointer = known.then(|| self.word(note.offset + pointer_at));
        self.parts.extend([Part::Threads, Part::Registers]);
        if self.threads.len() < MOST {
            // The thread that got the signal comes first; a debugger may have stopped it without one.
            let signalled = self.fields.u16(note.offset + 12).is_some_and(|signal| signal != 0);
            let length = note.length.saturating_sub(layout.registers);
            let registers = Some(Extent { offset: note.offset + layout.registers, length });
            let crashed = signalled && self.threads.is_empty();
            self.draft.threads.push(DumpedThread { id, crashed, registers });
            self.threads.push(NotedThread { id, stack_pointer });
        }
        self.of_thread(RegionKind::Registers, "registers", note);
    }

    /// `NT_PRPSINFO`: numbers, then the program's name and the beginning of its command line, in 16 and 80 bytes.
    fn process(&mut self, note: &Note) {
        const NAME: u64 = 16;
        const ARGUMENTS: u64 = 80;
        let Some(numbers) = note.length.checked_sub(NAME + ARGUMENTS) else {
            return self.draft.claim(RegionKind::CommandLine, "command-line:psargs", note.offset, note.length);
        };
        self.parts.insert(Part::CommandLine);
        self.draft.claim(RegionKind::SystemInfo, "process", note.offset, numbers);
        self.draft.claim(RegionKind::Name, "name:process", note.offset + numbers, NAME);
        self.draft.claim(RegionKind::CommandLine, "command-line:psargs", note.offset + numbers + NAME, ARGUMENTS);
    }

    fn auxv(&mut self, note: &Note) {
        const LONGEST: u64 = 4096;
        self.parts.insert(Part::Auxv);
        self.draft.claim(RegionKind::Auxv, "auxv", note.offset, note.length);
        let block = self.fields.block(note.offset, note.length.min(LONGEST));
        let word: u64 = if self.wide { 8 } else { 4 };
        let pair = |at| Some((block.word(at, self.wide)?, block.word(at + word, self.wide)?));
        self.auxv = (0..block.len() / (2 * word)).map_while(|i| pair(i * 2 * word)).collect();
        self.auxv_bytes = block.bytes().to_vec();
    }

    /// A value of the auxiliary vector.
    pub(super) fn auxiliary(&self, key: u64) -> Option<u64> {
        self.auxv.iter().find(|(k, _)| *k == key).map(|(_, value)| *value).filter(|value| *value != 0)
    }
}

fn padded(length: u32) -> u64 {
    u64::from(length).next_multiple_of(4)
}

/// `elf_prstatus`: signal, masks, four numbers, four times, registers.
fn status_layout(machine: Machine, wide: bool) -> Status {
    let stack_pointer = match machine {
        Machine::X86 => 15,
        Machine::X86_64 => 19,
        Machine::Arm => 13,
        _ => 31,
    };
    match wide {
        true => Status { id: 32, registers: 112, stack_pointer },
        false => Status { id: 24, registers: 72, stack_pointer },
    }
}

/// Floating point, vectors, matrices: `NT_PRXFPREG`, `NT_X86_XSTATE`, VFP, SVE, SME.
fn is_vector(kind: u32) -> bool {
    matches!(kind, 0x46e6_2b7f | 0x202 | 0x400 | 0x405 | 0x40b | 0x40c | 0x40d | 0x40e | 0x100 | 0x102)
}
