//! Dumps that tests make: minidumps by `minidump-synth`, which knows nothing of this crate, and ELF cores by hand.

use minidump_synth::{
    AnnotationValue, CrashpadInfo, DumpString, HandleDescriptor, Memory, MemoryInfo, Module, ModuleCrashpadInfo,
    SimpleStream, SynthMinidump, SystemInfo, Thread, ThreadName, UnloadedModule, amd64_context,
};
use test_assembler::{Endian, Section};

const LITTLE: Endian = Endian::Little;
/// The thread of these dumps.
pub(super) const TID: u32 = 4242;
/// Where its stack begins.
pub(super) const STACK: u64 = 0x7ffd_0000_0000;
/// How long its stack is.
pub(super) const STACK_LENGTH: usize = 2048;

fn text(text: &str) -> DumpString {
    DumpString::new(text, LITTLE)
}

fn memory(address: u64, length: usize) -> Memory {
    Memory::with_section(Section::with_endian(LITTLE).append_repeated(0x41, length), address)
}

fn stream(kind: u32, bytes: &[u8]) -> SimpleStream {
    SimpleStream { stream_type: kind, section: Section::with_endian(LITTLE).append_bytes(bytes) }
}

/// A minidump with a bit of everything: both lists of memory, names, handles, annotations, a stream twice, unknown ones.
pub(super) fn minidump() -> Vec<u8> {
    let stack = memory(STACK, STACK_LENGTH);
    let context = amd64_context(LITTLE, 0x1000, STACK + 64);
    let (module_name, thread_name) = (text("/opt/example.test/invented"), text("invented-thread"));
    let (type_name, object_name) = (text("File"), text("invented-object"));
    let (unloaded, debug) = (text("/opt/example.test/gone"), Section::with_endian(LITTLE).append_bytes(&rsds()));
    let module = Module::new(LITTLE, 0x40_0000, 0x2000, &module_name, 0x5555_aaaa, 0, None).cv_record(&debug);
    let annotations = ModuleCrashpadInfo::new(0, LITTLE)
        .add_list_annotation("listed")
        .add_simple_annotation("key", "value")
        .add_annotation_object("object", AnnotationValue::String("invented".to_owned()));
    let info = CrashpadInfo::new(LITTLE).add_simple_annotation("process", "invented").add_module(annotations);
    let private = MemoryInfo::new(LITTLE, 0x9_0000, 0x9_0000, 4, 0x1000, 0x1000, 4, 0x2_0000);
    let dump = SynthMinidump::with_endian(LITTLE)
        .add_system_info(SystemInfo::new(LITTLE).set_processor_architecture(9).set_platform_id(0x8201))
        .add_thread(Thread::new(LITTLE, TID, &stack, &context))
        .add_thread_name(ThreadName::new(LITTLE, TID, Some(&thread_name)))
        .add_module(module)
        .add_unloaded_module(UnloadedModule::new(LITTLE, 0x80_0000, 0x1000, &unloaded, 0, 0))
        .add_handle_descriptor(HandleDescriptor::new(LITTLE, 1, Some(&type_name), Some(&object_name), 0, 0, 0, 0))
        .add_memory_info(private)
        .add_crashpad_info(info)
        .add_memory(memory(0x40_0800, 512))
        .add_memory64(memory(0x9_0000, 256))
        .add_memory64(memory(0xa_0000, 128))
        .set_linux_environ(b"INVENTED=value\0")
        .add_stream(stream(0x4767_0006, b"invented\0--argument\0"))
        .add_stream(stream(0x4767_0007, b"INVENTED=again\0"))
        .add_stream(stream(0x1234_5678, b"nobody knows"))
        .add(context)
        .add(module_name)
        .add(thread_name)
        .add(type_name)
        .add(object_name)
        .add(unloaded)
        .add(debug)
        .add(Section::with_endian(LITTLE).append_repeated(7, 5))
        .add_memory(stack)
        .add(Section::with_endian(LITTLE).append_repeated(0, 12));
    dump.finish().expect("every label is bound")
}

/// A CodeView record with an invented GUID.
fn rsds() -> Vec<u8> {
    let mut record = b"RSDS".to_vec();
    record.extend(1..=16);
    record.extend([3, 0, 0, 0]);
    record.extend(b"c:\\invented\\example.pdb\0");
    record
}

/// A word of a core: its width and byte order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// 64 bits.
    pub(super) wide: bool,
    /// Big-endian.
    pub(super) big: bool,
}

impl Words {
    fn put(self, out: &mut Vec<u8>, bytes: usize, value: u64) {
        let value = value.to_le_bytes();
        let mut value: Vec<u8> = value[..bytes].to_vec();
        if self.big {
            value.reverse();
        }
        out.extend(value);
    }

    fn word(self, out: &mut Vec<u8>, value: u64) {
        self.put(out, if self.wide { 8 } else { 4 }, value);
    }

    fn note(self, out: &mut Vec<u8>, owner: &str, kind: u32, what: &[u8]) {
        self.put(out, 4, owner.len() as u64 + 1);
        self.put(out, 4, what.len() as u64);
        self.put(out, 4, kind.into());
        for part in [owner.as_bytes(), &[0][..]].concat().chunks(4).chain(what.chunks(4)) {
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }

    fn status(self, machine: u16) -> Vec<u8> {
        let (id, registers, words, pointer) = match (self.wide, machine) {
            (true, 62) => (32, 112, 27, 19),
            (true, _) => (32, 112, 34, 31),
            (false, 3) => (24, 72, 17, 15),
            (false, _) => (24, 72, 18, 13),
        };
        let mut status = vec![0; 12];
        self.put(&mut status, 2, 11);
        status.resize(id, 0);
        self.put(&mut status, 4, TID.into());
        status.resize(registers, 0);
        (0..words).for_each(|word| self.word(&mut status, if word == pointer { self.stack() + 64 } else { 0 }));
        status.extend([0; 8]);
        status
    }

    /// Where the stack of these cores begins.
    pub(super) fn stack(self) -> u64 {
        if self.wide { STACK } else { 0xbf00_0000 }
    }

    /// `NT_FILE` of one program with two mappings.
    fn files(self) -> Vec<u8> {
        let mut files = vec![];
        [2, 4096, 0x40_0000, 0x40_1000, 0, 0x40_1000, 0x40_2000, 1]
            .into_iter()
            .for_each(|word| self.word(&mut files, word));
        files.extend(b"/opt/example.test/invented\0".repeat(2));
        files
    }

    /// A core: notes, then memory of a program, a heap, an elided range and a stack. `many` puts the count of segments
    /// into the first section header.
    pub(super) fn core(self, machine: u16, many: bool) -> Vec<u8> {
        let (header, program, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let mut notes = vec![];
        self.note(&mut notes, "CORE", 1, &self.status(machine));
        self.note(&mut notes, "CORE", 3, &[7; 136]);
        self.note(&mut notes, "CORE", 0x5349_4749, &[0; 128]);
        self.note(&mut notes, "CORE", 6, &[0; 32]);
        self.note(&mut notes, "CORE", 0x4649_4c45, &self.files());
        self.note(&mut notes, "CORE", 2, &[0; 64]);
        self.note(&mut notes, "LINUX", 0x202, &[0; 96]);
        // Address, flags, bytes in the file, bytes mapped.
        let segments = [
            (0x40_0000, 5, 256, 4096),
            (0x40_1000, 6, 512, 512),
            (0x60_0000, 6, 1024, 1024),
            (0x70_0000, 6, 0, 8192),
            (self.stack(), 6, STACK_LENGTH as u64, STACK_LENGTH as u64),
        ];
        let sections = if many { section } else { 0 };
        let mut at = header + 6 * program + sections;
        let mut programs = vec![];
        self.program(&mut programs, 4, 4, (at, 0, notes.len() as u64, 0));
        at += notes.len() as u64;
        for (va, flags, length, mapped) in segments {
            self.program(&mut programs, 1, flags, (at, va, length, mapped));
            at += length;
        }
        let mut core = self.header(machine, many, header, program);
        core.extend(&programs);
        if many {
            let mut first = vec![0; section as usize];
            let mut count = vec![];
            self.put(&mut count, 4, 6);
            let info = if self.wide { 44 } else { 28 };
            first[info..info + 4].copy_from_slice(&count);
            core.extend(first);
        }
        core.extend(&notes);
        core.resize(at as usize, 0x42);
        core
    }

    fn header(self, machine: u16, many: bool, header: u64, program: u64) -> Vec<u8> {
        let mut out = b"\x7fELF".to_vec();
        out.extend([1 + u8::from(self.wide), 1 + u8::from(self.big), 1]);
        out.resize(16, 0);
        self.put(&mut out, 2, 4);
        self.put(&mut out, 2, machine.into());
        self.put(&mut out, 4, 1);
        self.word(&mut out, 0);
        self.word(&mut out, header);
        self.word(&mut out, if many { header + 6 * program } else { 0 });
        self.put(&mut out, 4, 0);
        let halves = [header, program, if many { 0xffff } else { 6 }, 0, u64::from(many), 0];
        halves.into_iter().for_each(|half| self.put(&mut out, 2, half));
        out
    }

    fn program(self, out: &mut Vec<u8>, kind: u64, flags: u64, (at, va, length, mapped): (u64, u64, u64, u64)) {
        self.put(out, 4, kind);
        if self.wide {
            self.put(out, 4, flags);
        }
        [at, va, 0, length, mapped].into_iter().for_each(|word| self.word(out, word));
        if !self.wide {
            self.put(out, 4, flags);
        }
        self.word(out, 0);
    }
}
