//! Backtraces without symbols: what a debugger could still tell of each thread.
//!
//! The walker is `minidump-unwind`, of minidump-processor. It is given registers, a bounded piece of each stack and the
//! modules' addresses, all taken from our own layout: so it serves minidumps and cores alike, whatever their size, and
//! never sees a path or a name.

use std::collections::HashMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use minidump::format::{CONTEXT_AMD64, CONTEXT_ARM, CONTEXT_ARM64, CONTEXT_X86};
use minidump::system_info::{Cpu, Os};
use minidump::{
    MinidumpContext, MinidumpMemory, MinidumpModule, MinidumpModuleList, MinidumpRawContext, UnifiedMemory,
};
use minidump_unwind::{CallStack, FrameTrust, StackFrame, Symbolizer, SystemInfo, string_symbol_supplier, walk_stack};

use super::fields::Fields;
use super::layout::{DumpError, format_of};
use super::read::ReadAt;
use crate::model::comparison::{Backtrace, Frame, Trust};
use crate::model::layout::Layout;
use crate::model::region::{DumpFormat, DumpedThread, Machine};

/// How much of a stack is walked, from the stack pointer on: the walker keeps every frame, a kilobyte each.
const DEEPEST: u64 = 512 << 10;
/// The ABI lets functions use this much below the stack pointer.
const RED_ZONE: u64 = 128;
/// Threads that are walked.
const MOST_THREADS: usize = 4096;

/// The registers that a walk begins with.
struct Registers {
    pc: u64,
    sp: u64,
    fp: u64,
    lr: u64,
}

/// Where these registers are in a record: the size of a word, then pc, sp, fp and lr in bytes.
type Places = (u64, [u64; 4]);

fn places(format: DumpFormat, machine: Machine) -> Option<Places> {
    Some(match (format, machine) {
        (DumpFormat::Minidump, Machine::X86_64) => (8, [248, 152, 160, 160]),
        (DumpFormat::Minidump, Machine::X86) => (4, [184, 196, 180, 180]),
        (DumpFormat::Minidump, Machine::Arm64) => (8, [264, 256, 240, 248]),
        (DumpFormat::Minidump, Machine::Arm) => (4, [64, 56, 48, 60]),
        (DumpFormat::ElfCore, Machine::X86_64) => (8, [128, 152, 32, 32]),
        (DumpFormat::ElfCore, Machine::X86) => (4, [48, 60, 20, 20]),
        (DumpFormat::ElfCore, Machine::Arm64) => (8, [256, 248, 232, 240]),
        (DumpFormat::ElfCore, Machine::Arm) => (4, [60, 52, 44, 56]),
        _ => return None,
    })
}

/// Walks every thread's stack; a thread whose registers are not there, or not known, has no frames.
///
/// # Errors
/// When the system cannot read the dump.
pub fn backtraces(source: &dyn ReadAt, layout: &Layout) -> Result<Vec<Backtrace>, DumpError> {
    let fields = Fields::new(source)?;
    let big = format_of(&fields).1;
    let fields = fields.big_endian(big);
    let modules = modules(layout);
    let threads = layout.threads.iter().take(MOST_THREADS);
    let walked = threads.map(|thread| Backtrace {
        thread: thread.id,
        frames: walk(&fields, big, layout, thread, &modules).unwrap_or_default(),
    });
    let walked = walked.collect();
    fields.finish()?;
    Ok(walked)
}

fn modules(layout: &Layout) -> MinidumpModuleList {
    let sound = layout.modules.iter().filter(|m| m.size > 0 && m.base.checked_add(m.size).is_some());
    let module = |m: &crate::model::region::DumpedModule| {
        let size = u32::try_from(m.size).unwrap_or(u32::MAX);
        // The walker hands a module back with each frame: its place in the list is all we want of it.
        MinidumpModule::new(m.base, size, &m.index.to_string())
    };
    MinidumpModuleList::from_modules(sound.map(module).collect())
}

fn walk(
    fields: &Fields<'_>,
    big: bool,
    layout: &Layout,
    thread: &DumpedThread,
    modules: &MinidumpModuleList,
) -> Option<Vec<Frame>> {
    let machine = layout.profile.machine?;
    let registers = registers(fields, layout.profile.format, machine, thread)?;
    let context = MinidumpContext::from_raw(raw_context(machine, &registers)?);
    let mut stack = CallStack::with_context(context);
    let (base, bytes) = stack_bytes(fields, layout, registers.sp);
    let endian = if big { minidump::Endian::Big } else { minidump::Endian::Little };
    let size = bytes.len() as u64;
    let memory = MinidumpMemory { desc: Default::default(), base_address: base, size, bytes: &bytes, endian };
    let memory = Some(UnifiedMemory::Memory(&memory)).filter(|_| size > 0);
    let symbols = Symbolizer::new(string_symbol_supplier(HashMap::new()));
    let system = system(machine);
    finish(walk_stack(0, (), &mut stack, memory, modules, &system, &symbols))?;
    Some(stack.frames.iter().map(frame).collect())
}

fn registers(fields: &Fields<'_>, format: DumpFormat, machine: Machine, thread: &DumpedThread) -> Option<Registers> {
    const LONGEST: u64 = 4096;
    let (word, places) = places(format, machine)?;
    let record = thread.registers?;
    let block = fields.block(record.offset, record.length.min(LONGEST));
    let [pc, sp, fp, lr] = places.map(|at| block.word(at, word == 8));
    Some(Registers { pc: pc?, sp: sp?, fp: fp?, lr: lr? })
}

fn raw_context(machine: Machine, registers: &Registers) -> Option<MinidumpRawContext> {
    let Registers { pc, sp, fp, lr } = *registers;
    let narrow = |value: u64| value as u32;
    Some(match machine {
        Machine::X86_64 => MinidumpRawContext::Amd64(CONTEXT_AMD64 { rip: pc, rsp: sp, rbp: fp, ..Default::default() }),
        Machine::X86 => MinidumpRawContext::X86(CONTEXT_X86 {
            eip: narrow(pc),
            esp: narrow(sp),
            ebp: narrow(fp),
            ..Default::default()
        }),
        Machine::Arm64 => {
            let mut context = CONTEXT_ARM64 { pc, sp, ..Default::default() };
            context.iregs[29] = fp;
            context.iregs[30] = lr;
            MinidumpRawContext::Arm64(context)
        }
        Machine::Arm => {
            let mut context = CONTEXT_ARM::default();
            for (register, value) in [(11, fp), (13, sp), (14, lr), (15, pc)] {
                context.iregs[register] = narrow(value);
            }
            MinidumpRawContext::Arm(context)
        }
        Machine::Other => return None,
    })
}

/// The stack from a bit below its pointer on, as far as it is walked.
fn stack_bytes(fields: &Fields<'_>, layout: &Layout, sp: u64) -> (u64, Vec<u8>) {
    let holds = |m: &&crate::model::layout::MemoryRange| m.va <= sp && sp < m.captured_end();
    let Some(range) = layout.memory.iter().find(holds) else { return (0, vec![]) };
    let base = sp.saturating_sub(RED_ZONE).max(range.va);
    let length = (range.captured_end() - base).min(DEEPEST);
    (base, fields.block(range.offset + (base - range.va), length).bytes().to_vec())
}

fn system(machine: Machine) -> SystemInfo {
    let cpu = match machine {
        Machine::X86 => Cpu::X86,
        Machine::X86_64 => Cpu::X86_64,
        Machine::Arm => Cpu::Arm,
        Machine::Arm64 => Cpu::Arm64,
        Machine::Other => Cpu::Unknown(0),
    };
    SystemInfo {
        os: Os::Linux,
        os_version: None,
        os_build: None,
        cpu,
        cpu_info: None,
        cpu_microcode_version: None,
        cpu_count: 1,
    }
}

fn frame(frame: &StackFrame) -> Frame {
    let module = frame.module.as_ref().and_then(|module| {
        let index = minidump::Module::code_file(module).parse().ok()?;
        Some((index, frame.instruction.checked_sub(minidump::Module::base_address(module))?))
    });
    let trust = match frame.trust {
        FrameTrust::Context => Trust::Context,
        FrameTrust::CallFrameInfo => Trust::CallFrameInfo,
        FrameTrust::FramePointer => Trust::FramePointer,
        FrameTrust::Scan => Trust::Scan,
        _ => Trust::Other,
    };
    Frame { module: module.map(|(index, _)| index), offset: module.map(|(_, offset)| offset), trust }
}

/// Runs what is `async` for the sake of fetching symbols: there are none to wait for.
fn finish<T>(walk: impl Future<Output = T>) -> Option<T> {
    const MOST_TURNS: usize = 1 << 20;
    let mut walk = pin!(walk);
    let mut context = Context::from_waker(Waker::noop());
    (0..MOST_TURNS).find_map(|_| match walk.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}
