//! Environment and command line, as the kernel laid them out for the program.
//!
//! ```text
//! argc │ argv… 0 │ envp… 0 │ auxiliary vector │ random bytes, platform │ argv texts │ envp texts │ file name │ 0
//! ```
//!
//! The auxiliary vector is also a note, so its copy can be found on the stack; the pointers are read backwards from it.
//! Nothing is searched for by what it looks like: either the structure is there, or nothing is said. What the program put
//! elsewhere since (`setenv`) is not found this way.

use super::super::draft::Label;
use super::Walk;
use crate::model::region::{Part, RegionKind};

const AT_PLATFORM: u64 = 15;
const AT_BASE_PLATFORM: u64 = 24;
const AT_RANDOM: u64 = 25;
const AT_EXECFN: u64 = 31;
/// The vector lies this close below what it points to.
const NEAR: u64 = 16 << 10;
/// Pointers that are read: the kernel's limit is a quarter of the stack.
const MOST_POINTERS: u64 = 4 << 20;

impl Walk<'_, '_> {
    /// Labels what the kernel put on the first thread's stack.
    pub(super) fn initial_stack(&mut self) {
        // Nothing is said of what does not have the kernel's order.
        _ = self.label_initial_stack();
    }

    fn label_initial_stack(&mut self) -> Option<()> {
        let word: u64 = if self.wide { 8 } else { 4 };
        let above = [AT_RANDOM, AT_PLATFORM, AT_BASE_PLATFORM].iter().filter_map(|key| self.auxiliary(*key));
        let program = self.auxiliary(AT_EXECFN)?;
        let stack = self.segment_at(program)?;
        let above = above.filter(|at| (stack.va..stack.end).contains(at)).min()?;
        let auxv = self.find_auxv(stack.va, above)?;
        let auxv_end = auxv + self.auxv_bytes.len() as u64;
        let texts = auxv_end..program;
        let environment = self.pointers_before(auxv, word)?;
        let arguments = self.pointers_before(environment.start, word)?;
        if self.stack_word(arguments.start - word)? != arguments.count {
            return None;
        }
        let inside = |first: Option<u64>| first.filter(|first| texts.contains(first));
        let environment_texts = inside(environment.first).unwrap_or(program);
        let argument_texts = inside(arguments.first).unwrap_or(environment_texts);
        self.part(Part::CommandLine, RegionKind::CommandLine, "command-line", argument_texts, environment_texts);
        self.part(Part::Environment, RegionKind::Environment, "environment", environment_texts, program);
        self.draft.label(RegionKind::Auxv, "auxv:stack", auxv, auxv_end);
        self.label_program(program, stack.end);
        Some(())
    }

    fn part(&mut self, part: Part, kind: RegionKind, name: &str, start: u64, end: u64) {
        if start < end {
            self.parts.insert(part);
            self.draft.put_label(Label { name: name.into(), kind, inferred: false, thread: None, start, end });
        }
    }

    /// The program's file name, to its NUL.
    fn label_program(&mut self, start: u64, end: u64) {
        const LONGEST: u64 = 4096;
        let Some(text) = self.memory_at(start, LONGEST.min(end - start)) else { return };
        if let Some(length) = text.bytes().iter().position(|byte| *byte == 0) {
            self.draft.label(RegionKind::Name, "name:program", start, start + length as u64 + 1);
        }
    }

    fn find_auxv(&self, stack: u64, above: u64) -> Option<u64> {
        let from = above.saturating_sub(NEAR).max(stack);
        let block = self.memory_at(from, above - from)?;
        let wanted = self.auxv_bytes.as_slice();
        if wanted.len() < 16 {
            return None;
        }
        let at = block.bytes().windows(wanted.len()).rposition(|window| window == wanted)?;
        Some(from + at as u64)
    }

    /// A list of pointers that ends with a zero right before `end`, read backwards to what is no pointer upwards.
    fn pointers_before(&self, end: u64, word: u64) -> Option<Pointers> {
        let stack = self.segment_at(end)?;
        let mut at = end.checked_sub(word).filter(|at| *at >= stack.va && self.stack_word(*at) == Some(0))?;
        let mut pointers = Pointers { start: at, count: 0, first: None };
        let from = at.saturating_sub(MOST_POINTERS).max(stack.va);
        let block = self.memory_at(from, at - from)?;
        while at - from >= word {
            let value = block.word(at - word - from, self.wide)?;
            if !(end..stack.end).contains(&value) {
                break;
            }
            at -= word;
            pointers = Pointers { start: at, count: pointers.count + 1, first: Some(value) };
        }
        (at >= stack.va + word).then_some(pointers)
    }

    fn stack_word(&self, va: u64) -> Option<u64> {
        self.memory_at(va, 8)?.word(0, self.wide)
    }
}

/// A list of pointers: where it starts, how many there are, and the first.
struct Pointers {
    start: u64,
    count: u64,
    first: Option<u64>,
}
