//! Stacks, modules and heap among the segments.

use std::collections::{BTreeSet, HashMap};

use compact_str::format_compact;

use super::super::draft::Label;
use super::mapped::MappedFile;
use super::{Segment, Walk};
use crate::model::region::RegionKind;

const AT_SYSINFO_EHDR: u64 = 33;
/// Allocators take at least this much at once (glibc maps what is larger, and its arenas are larger).
const SMALLEST_HEAP: u64 = 128 << 10;

impl Walk<'_, '_> {
    /// Says what addresses are.
    pub(super) fn label(&mut self) {
        self.label_stacks();
        self.initial_stack();
        let modules = self.list_modules();
        for (index, module) in modules.iter().enumerate() {
            for &(start, end) in &module.ranges {
                self.draft.label(RegionKind::Module, format_compact!("module:{index}"), start, end);
            }
            self.label_zeroed_data(index, module);
        }
        if let Some(vdso) = self.auxiliary(AT_SYSINFO_EHDR).and_then(|at| self.segment_at(at)) {
            self.draft.label(RegionKind::Module, "vdso", vdso.va, vdso.end);
        }
        if !modules.is_empty() {
            self.label_heap(&modules);
        }
    }

    /// A thread's stack is the segment its stack pointer leads to. Where several lead to one, its kind is a guess.
    fn label_stacks(&mut self) {
        let pointers = self.threads.clone();
        let found: Vec<(u32, Segment)> =
            pointers.iter().filter_map(|thread| Some((thread.id, self.segment_at(thread.stack_pointer?)?))).collect();
        let mut stacks_in: HashMap<u64, usize> = HashMap::new();
        found.iter().for_each(|(_, segment)| *stacks_in.entry(segment.va).or_default() += 1);
        for (thread, segment) in found {
            self.draft.put_label(Label {
                name: format_compact!("stack:{thread}"),
                kind: RegionKind::Stack,
                inferred: stacks_in[&segment.va] > 1,
                thread: Some(thread),
                start: segment.va,
                end: segment.end,
            });
        }
    }

    /// Data that a module's file does not hold, because it begins as zeros, lies right after it.
    fn label_zeroed_data(&mut self, index: usize, module: &MappedFile) {
        let end = module.end();
        let after = self.segments_in(end, end.saturating_add(1)).find(|s| s.writable_data() && !self.is_mapped(*s));
        if let Some(segment) = after {
            self.guess(RegionKind::Module, format_compact!("module:{index}"), segment);
        }
    }

    /// Heap is writable memory that is nothing else: what follows the program, and what is as large as allocators take.
    fn label_heap(&mut self, modules: &[MappedFile]) {
        let program = modules.first().map_or(0, MappedFile::end);
        let next = modules.get(1).map_or(u64::MAX, MappedFile::base);
        let ends: BTreeSet<u64> = modules.iter().map(MappedFile::end).collect();
        let stacks: BTreeSet<u64> =
            self.threads.iter().filter_map(|t| Some(self.segment_at(t.stack_pointer?)?.va)).collect();
        let mut first = true;
        for segment in self.segments.clone() {
            let data = segment.writable_data() && !self.is_mapped(segment) && !ends.contains(&segment.va);
            let data = data && !stacks.contains(&segment.va);
            let after_program = segment.va >= program && segment.va < next;
            if data && after_program && std::mem::take(&mut first) {
                self.guess(RegionKind::Heap, "heap".into(), segment);
            } else if data && segment.end - segment.va >= SMALLEST_HEAP {
                self.guess(RegionKind::Heap, format_compact!("heap:{:#x}", segment.va), segment);
            }
        }
    }

    fn guess(&mut self, kind: RegionKind, name: compact_str::CompactString, segment: Segment) {
        let Segment { va: start, end, .. } = segment;
        self.draft.put_label(Label { name, kind, inferred: true, thread: None, start, end });
    }

    fn is_mapped(&self, segment: Segment) -> bool {
        let labelled = self.mapped.partition_point(|(start, _)| *start <= segment.va);
        labelled.checked_sub(1).and_then(|at| self.mapped.get(at)).is_some_and(|(_, end)| segment.va < *end)
    }

    /// The segment that holds an address.
    pub(super) fn segment_at(&self, va: u64) -> Option<Segment> {
        let before = self.segments.partition_point(|segment| segment.va <= va);
        self.segments.get(before.checked_sub(1)?).copied().filter(|segment| va < segment.end)
    }
}
