//! What a parser says of a dump, before it is decided whose each byte is.
//!
//! Three sorts of statements: a *claim* gives a range of the file a name and a kind; a *memory range* says which
//! addresses a range of the file holds; a *label* says what some addresses are, wherever their bytes lie. Claims may
//! overlap and lie; `account` settles them.

use compact_str::{CompactString, format_compact};

use crate::model::intervals::Interval;
use crate::model::layout::MemoryRange;
use crate::model::region::{CaptureProfile, DumpedModule, DumpedThread, Region, RegionKind};

/// Statements of each sort that are kept: more than any honest dump makes (the Linux kernel maps at most 65,530 ranges),
/// few enough for memory and time.
pub(super) const MOST: usize = 1 << 17;

/// One description of one range of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) name: CompactString,
    pub(super) kind: RegionKind,
    pub(super) inferred: bool,
    pub(super) thread: Option<u32>,
    pub(super) va: Option<u64>,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) elided: u64,
}

impl Claim {
    pub(super) fn interval(&self) -> Interval {
        Interval { start: self.offset, end: self.offset + self.length }
    }

    /// A region of this kind that is not placed yet.
    pub(super) fn region(&self) -> Region {
        Region {
            name: CompactString::default(),
            kind: self.kind,
            inferred: self.inferred,
            thread: self.thread,
            va: None,
            offset: 0,
            length: 0,
            elided: 0,
            aliases: vec![],
        }
    }
}

/// What some addresses are.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) name: CompactString,
    pub(super) kind: RegionKind,
    pub(super) inferred: bool,
    pub(super) thread: Option<u32>,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Everything a parser says.
pub(super) struct Draft {
    pub(super) size: u64,
    pub(super) profile: CaptureProfile,
    pub(super) claims: Vec<Claim>,
    /// With whether the range shall be a region of its own where no label says better.
    pub(super) memory: Vec<(MemoryRange, bool)>,
    pub(super) labels: Vec<Label>,
    pub(super) threads: Vec<DumpedThread>,
    pub(super) modules: Vec<DumpedModule>,
}

impl Draft {
    pub(super) fn new(size: u64, profile: CaptureProfile) -> Self {
        Self { size, profile, claims: vec![], memory: vec![], labels: vec![], threads: vec![], modules: vec![] }
    }

    /// Claims a range of the file; what lies past the end is counted as truncated.
    pub(super) fn claim(&mut self, kind: RegionKind, name: impl Into<CompactString>, offset: u64, length: u64) {
        self.thread_claim(kind, name, None, offset, length);
    }

    /// Claims a range of the file for a thread.
    pub(super) fn thread_claim(
        &mut self,
        kind: RegionKind,
        name: impl Into<CompactString>,
        thread: Option<u32>,
        offset: u64,
        length: u64,
    ) {
        let there = self.cut(offset, length);
        if there > 0 {
            let name = name.into();
            self.put(Claim { name, kind, inferred: false, thread, va: None, offset, length: there, elided: 0 });
        }
    }

    pub(super) fn put(&mut self, claim: Claim) {
        if self.room(self.claims.len()) {
            self.claims.push(claim);
        }
    }

    /// Says which addresses a range of the file holds.
    pub(super) fn memory(&mut self, va: u64, offset: u64, length: u64, elided: u64, named: bool) {
        let there = self.cut(offset, length);
        let elided = elided.saturating_add(length - there);
        // No process has memory past the last address.
        let (there, elided) = (there.min(u64::MAX - va), elided.min(u64::MAX - va.saturating_add(there)));
        if there.saturating_add(elided) > 0 && self.room(self.memory.len()) {
            let offset = offset.min(self.size);
            self.memory.push((MemoryRange { va, offset, length: there, elided }, named));
        }
    }

    /// Says what some addresses are.
    pub(super) fn label(&mut self, kind: RegionKind, name: impl Into<CompactString>, start: u64, end: u64) {
        self.put_label(Label { name: name.into(), kind, inferred: false, thread: None, start, end });
    }

    pub(super) fn put_label(&mut self, label: Label) {
        if label.start < label.end && self.room(self.labels.len()) {
            self.labels.push(label);
        }
    }

    /// Says that some addresses are a thread's stack.
    pub(super) fn stack(&mut self, thread: u32, start: u64, end: u64) {
        let name = format_compact!("stack:{thread}");
        self.put_label(Label { name, kind: RegionKind::Stack, inferred: false, thread: Some(thread), start, end });
    }

    fn room(&mut self, taken: usize) -> bool {
        self.profile.limits_reached |= taken >= MOST;
        taken < MOST
    }

    /// How many of these bytes are in the file; the others count as truncated.
    fn cut(&mut self, offset: u64, length: u64) -> u64 {
        let there = length.min(self.size.saturating_sub(offset));
        self.profile.truncated_bytes = self.profile.truncated_bytes.saturating_add(length - there);
        there
    }
}
