//! What differs between two dumps: places, never bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::address::Address;
use super::kinds::kind_enum;
use super::region::{DumpedModule, RegionKind};

/// A region of which one dump has bytes that the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneSided {
    /// Its name in the dump that has it.
    pub name: String,
    /// What it is.
    pub kind: RegionKind,
    /// Where it lay in memory.
    pub va: Option<Address>,
    /// How many bytes of it there are.
    pub length: u64,
    /// How many of them the other dump has not.
    pub absent: u64,
    /// How many of those the other dump says were mapped.
    pub elided: u64,
}

/// Bytes that differ, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The first address, in memory.
    pub va: Option<Address>,
    /// The first byte, from the region's beginning.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// A region that both dumps have, with other bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its name in the first dump.
    pub name: String,
    /// What it is.
    pub kind: RegionKind,
    /// Where it lay in memory.
    pub va: Option<Address>,
    /// Its length in the first dump.
    pub length: u64,
    /// Its length in the second, where that is another.
    pub other_length: Option<u64>,
    /// How many bytes differ.
    pub bytes: u64,
    /// Where, as many as are listed.
    pub intervals: Vec<Difference>,
    /// How many intervals there are.
    pub interval_count: u64,
}

/// The regions of two dumps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RegionsCompared {
    /// What the second has not.
    pub gone: Vec<OneSided>,
    /// What the first has not.
    pub added: Vec<OneSided>,
    /// What both have, with other bytes.
    pub changed: Vec<Changed>,
    /// How many regions are the same.
    pub same: u64,
}

/// A module at one address, with another identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherModule {
    /// In the first dump.
    pub before: DumpedModule,
    /// In the second.
    pub after: DumpedModule,
}

/// The modules of two dumps, by address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModulesCompared {
    /// What the second has not.
    pub gone: Vec<DumpedModule>,
    /// What the first has not.
    pub added: Vec<DumpedModule>,
    /// Other size or identity at the same address.
    pub changed: Vec<OtherModule>,
}

/// The threads of two dumps, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ThreadsCompared {
    /// What the second has not.
    pub gone: Vec<u32>,
    /// What the first has not.
    pub added: Vec<u32>,
}

kind_enum! {
    /// How a frame of a backtrace was found; the surest first.
    Trust {
        /// From the registers.
        Context = "context",
        /// From unwinding rules.
        CallFrameInfo = "call-frame-info",
        /// From the chain of frame pointers.
        FramePointer = "frame-pointer",
        /// By scanning the stack for what could be a return address.
        Scan = "scan",
        /// Another way.
        Other = "other",
    }
}

/// A frame: where in which module. Outside all modules its address might be data, and is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The module.
    pub module: Option<u32>,
    /// From the module's beginning.
    pub offset: Option<u64>,
    /// How it was found.
    pub trust: Trust,
}

/// One thread's backtrace, the innermost frame first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backtrace {
    /// The thread.
    pub thread: u32,
    /// Its frames.
    pub frames: Vec<Frame>,
}

/// One thread's backtraces in two dumps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StacksCompared {
    /// The thread.
    pub thread: u32,
    /// How many frames the first has; nothing when it has no such thread.
    pub before: Option<usize>,
    /// How many the second has.
    pub after: Option<usize>,
    /// How many are the same, from the innermost on.
    pub same: usize,
    /// The first's frames, as many as are listed.
    pub frames_before: Vec<Frame>,
    /// The second's.
    pub frames_after: Vec<Frame>,
}

/// Two dumps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// By address where they have one, else by name.
    pub regions: RegionsCompared,
    /// By address.
    pub modules: ModulesCompared,
    /// By number.
    pub threads: ThreadsCompared,
    /// Thread by thread, when asked for.
    pub stacks: Option<Vec<StacksCompared>>,
}

/// Frames of one backtrace that are listed.
const LISTED: usize = 64;

/// Compares backtraces, thread by thread.
pub fn stacks(before: &[Backtrace], after: &[Backtrace]) -> Vec<StacksCompared> {
    let find = |traces: &'_ [Backtrace], thread| traces.iter().find(|t| t.thread == thread).map(|t| t.frames.clone());
    let mut threads: Vec<u32> = before.iter().chain(after).map(|trace| trace.thread).collect();
    let mut seen = BTreeSet::new();
    threads.retain(|thread| seen.insert(*thread));
    let compared = threads.into_iter().map(|thread| {
        let (before, after) = (find(before, thread), find(after, thread));
        let lengths = [&before, &after].map(|frames| frames.as_ref().map(Vec::len));
        let (mut frames_before, mut frames_after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let same = frames_before.iter().zip(&frames_after).take_while(|(a, b)| a == b).count();
        frames_before.truncate(LISTED);
        frames_after.truncate(LISTED);
        let [before, after] = lengths;
        StacksCompared { thread, before, after, same, frames_before, frames_after }
    });
    compared.collect()
}

/// Compares lists of modules.
pub fn modules(before: &[DumpedModule], after: &[DumpedModule]) -> ModulesCompared {
    let by_base = |modules: &[DumpedModule]| -> BTreeMap<u64, DumpedModule> {
        modules.iter().rev().map(|module| (module.base, module.clone())).collect()
    };
    let (mut others, mut compared) = (by_base(after), ModulesCompared::default());
    for (base, before) in by_base(before) {
        let identity = |m: &DumpedModule| (m.size, m.code_id.clone(), m.debug_id.clone());
        match others.remove(&base) {
            None => compared.gone.push(before),
            Some(after) if identity(&before) != identity(&after) => {
                compared.changed.push(OtherModule { before, after });
            }
            Some(_) => {}
        }
    }
    compared.added = others.into_values().collect();
    compared
}

/// Compares sets of threads.
pub fn threads(before: impl Iterator<Item = u32>, after: impl Iterator<Item = u32>) -> ThreadsCompared {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (before.collect(), after.collect());
    ThreadsCompared {
        gone: before.difference(&after).copied().collect(),
        added: after.difference(&before).copied().collect(),
    }
}
