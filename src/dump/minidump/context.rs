//! Register contexts: which part is general, which is floating point and vectors.
//!
//! The parts are told apart because they leak differently: copying code leaves text in vector registers, which sanitizers
//! of stacks do not look at.

use compact_str::format_compact;

use super::Walk;
use crate::model::region::{Machine, RegionKind};

/// From its first byte up to and without its last.
type Part = (u64, u64);

/// The documented layout of one context.
struct ContextLayout {
    /// The first is where most general registers are.
    general: &'static [Part],
    /// Where the stack pointer is, and whether it has 8 bytes.
    stack_pointer: (u64, bool),
}

/// All that is not general, up to the end however long it is (`XSTATE`), is floating point and vectors.
fn layout_of(machine: Machine, length: u64) -> Option<ContextLayout> {
    Some(match machine {
        // CONTEXT of winnt.h for x86: FloatSave at 28, ExtendedRegisters at 204.
        Machine::X86 => ContextLayout { general: &[(140, 204), (0, 28)], stack_pointer: (196, false) },
        // For x64: FltSave at 256, VectorRegister and VectorControl up to 1192, then debug control.
        Machine::X86_64 => ContextLayout { general: &[(0, 256), (1192, 1232)], stack_pointer: (152, true) },
        // For ARM as Breakpad has it: float_save at 72.
        Machine::Arm => ContextLayout { general: &[(0, 72)], stack_pointer: (56, false) },
        // Breakpad's first ARM64: 64 bits of flags before, floats at the end.
        Machine::Arm64 if length == 796 => ContextLayout { general: &[(0, 276)], stack_pointer: (256, true) },
        // For ARM64: V at 272, Fpcr and Fpsr up to 792, then breakpoints.
        Machine::Arm64 => ContextLayout { general: &[(0, 272), (792, 912)], stack_pointer: (256, true) },
        Machine::Other => return None,
    })
}

impl Walk<'_, '_> {
    /// Claims a context in its two parts; gives the stack pointer.
    pub(super) fn context(&mut self, thread: u32, suffix: &str, offset: u64, length: u64) -> Option<u64> {
        let general = format_compact!("registers:{thread}{suffix}");
        let vector = format_compact!("vector-registers:{thread}{suffix}");
        let Some(layout) = layout_of(self.machine, length) else {
            self.draft.thread_claim(RegionKind::Registers, general, Some(thread), offset, length);
            return None;
        };
        for (start, end) in layout.general.iter().map(|(start, end)| (*start.min(&length), *end.min(&length))) {
            self.draft.thread_claim(RegionKind::Registers, general.clone(), Some(thread), offset + start, end - start);
        }
        let mut parts = layout.general.to_vec();
        parts.sort_unstable();
        let mut at = 0;
        for (start, after) in parts.into_iter().chain([(length, length)]) {
            let end = start.min(length);
            if at < end {
                let kind = RegionKind::VectorRegisters;
                self.draft.thread_claim(kind, vector.clone(), Some(thread), offset + at, end - at);
            }
            at = at.max(after);
        }
        let (at, wide) = layout.stack_pointer;
        self.fields.block(offset + at, 8).word(0, wide).filter(|_| at + 8 <= length)
    }
}
