//! A dump's layout: its regions, which cover the file exactly, and where each address lies in the file.

use miette::Diagnostic;
use thiserror::Error;

use super::fragment::Extent;
use super::intervals::{Interval, sweep};
use super::region::{CaptureProfile, Coverage, DumpedModule, DumpedThread, Region, RegionKind};

/// A range of the process's memory that a dump describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryRange {
    /// Its first address.
    pub va: u64,
    /// Where its bytes lie in the file.
    pub offset: u64,
    /// How many of them are in the file.
    pub length: u64,
    /// How many, after those, are not.
    pub elided: u64,
}

impl MemoryRange {
    /// The first address after what is in the file.
    pub fn captured_end(&self) -> u64 {
        self.va.saturating_add(self.length)
    }

    /// The first address after all of it.
    pub fn end(&self) -> u64 {
        self.captured_end().saturating_add(self.elided)
    }
}

/// Why an address range is not one range of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum AddressError {
    /// The dump does not describe these addresses.
    #[error("{start:#x}+{length} was not captured: the dump describes no memory there")]
    #[diagnostic(help("packet regions DUMP   shows which addresses it holds"))]
    NotCaptured {
        /// The first such address.
        start: u64,
        /// How many.
        length: u64,
    },
    /// The dump describes these addresses and does not hold their bytes.
    #[error("{start:#x}+{length} is elided: it was mapped, and its bytes are not in the dump")]
    #[diagnostic(help("packet regions DUMP   shows which bytes of a region are in the file"))]
    Elided {
        /// The first such address.
        start: u64,
        /// How many.
        length: u64,
    },
    /// The bytes lie in several places of the file.
    #[error("the bytes of these addresses lie in {pieces} places of the file; the first ends at {breaks_at:#x}")]
    #[diagnostic(help("take each range by itself"))]
    Scattered {
        /// In how many.
        pieces: usize,
        /// The first address of the second piece.
        breaks_at: u64,
    },
    /// No address range: it is empty, or passes the last address.
    #[error("{start:#x}+{length} is no range of addresses")]
    #[diagnostic(help("write START+LENGTH, such as 0x7ffd0000+4096"))]
    NoRange {
        /// The first address.
        start: u64,
        /// How many.
        length: u64,
    },
}

/// What a file has of some addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Their bytes, from this offset on.
    InFile(u64),
    /// Only that they were mapped.
    Elided,
    /// Nothing.
    NotCaptured,
}

/// A piece of an address range, and what the file has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRange {
    /// Its first address.
    pub va: u64,
    /// How many.
    pub length: u64,
    /// What the file has.
    pub held: Held,
}

/// Addresses without overlap, and where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    va: u64,
    end: u64,
    /// Nothing when elided.
    offset: Option<u64>,
}

/// What a dump holds, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How it was taken.
    pub profile: CaptureProfile,
    /// The file's size.
    pub bytes: u64,
    /// Sorted by offset, disjoint, their lengths sum to `bytes`. Those with length 0 are elided.
    pub regions: Vec<Region>,
    /// The threads it lists.
    pub threads: Vec<DumpedThread>,
    /// The modules it lists.
    pub modules: Vec<DumpedModule>,
    /// Every range of memory it describes, by address; they may overlap.
    pub memory: Vec<MemoryRange>,
    spans: Vec<Span>,
}

impl Layout {
    /// Puts a layout together. The caller answers for `regions` covering the file.
    pub fn new(
        profile: CaptureProfile,
        bytes: u64,
        regions: Vec<Region>,
        threads: Vec<DumpedThread>,
        modules: Vec<DumpedModule>,
        memory: Vec<MemoryRange>,
    ) -> Self {
        let spans = spans(&memory);
        Self { profile, bytes, regions, threads, modules, memory, spans }
    }

    /// The region of this name, else the first that has it among its aliases.
    pub fn named(&self, name: &str) -> Option<&Region> {
        let own = self.regions.iter().find(|r| r.name == name);
        own.or_else(|| self.regions.iter().find(|r| r.aliases.iter().any(|alias| alias == name)))
    }

    /// The regions that a range of the file touches, in order.
    pub fn covering(&self, offset: u64, length: u64) -> impl Iterator<Item = &Region> {
        let end = offset.saturating_add(length);
        let first = self.regions.partition_point(|r| r.end() <= offset);
        let from = self.regions.get(first..).unwrap_or_default();
        from.iter().take_while(move |r| r.offset < end).filter(|r| r.length > 0)
    }

    /// How many bytes are attributed.
    pub fn coverage(&self) -> Coverage {
        let unattributed = self.regions.iter().filter(|r| r.kind == RegionKind::Unattributed).map(|r| r.length).sum();
        Coverage { bytes: self.bytes, attributed: self.bytes - unattributed, unattributed }
    }

    /// What the file has of an address range: pieces in order of address, which cover it exactly.
    pub fn held(&self, start: u64, length: u64) -> Vec<HeldRange> {
        let end = start.saturating_add(length);
        let first = self.spans.partition_point(|s| s.end <= start);
        let mut pieces = vec![];
        let mut at = start;
        for span in self.spans.get(first..).unwrap_or_default().iter().take_while(|s| s.va < end) {
            let (from, to) = (span.va.max(start), span.end.min(end));
            if at < from {
                pieces.push(HeldRange { va: at, length: from - at, held: Held::NotCaptured });
            }
            let held = span.offset.map_or(Held::Elided, |offset| Held::InFile(offset + (from - span.va)));
            pieces.push(HeldRange { va: from, length: to - from, held });
            at = to;
        }
        if at < end {
            pieces.push(HeldRange { va: at, length: end - at, held: Held::NotCaptured });
        }
        pieces
    }

    /// Where the bytes of an address range lie in the file, in order of address; neighbours in both are one extent.
    ///
    /// # Errors
    /// When a part of the range is not in the file; the first such part is named.
    pub fn at_address(&self, start: u64, length: u64) -> Result<Vec<Extent>, AddressError> {
        if length == 0 || start.checked_add(length).is_none() {
            return Err(AddressError::NoRange { start, length });
        }
        let mut extents: Vec<Extent> = vec![];
        for HeldRange { va, length, held } in self.held(start, length) {
            match held {
                Held::InFile(offset) => push(&mut extents, Extent { offset, length }),
                Held::Elided => return Err(AddressError::Elided { start: va, length }),
                Held::NotCaptured => return Err(AddressError::NotCaptured { start: va, length }),
            }
        }
        Ok(extents)
    }

    /// The one range of the file that holds an address range.
    ///
    /// # Errors
    /// When a part of it is not in the file, or its parts lie apart.
    pub fn extent_at(&self, start: u64, length: u64) -> Result<Extent, AddressError> {
        let extents = self.at_address(start, length)?;
        match extents.as_slice() {
            [one] => Ok(*one),
            several => {
                let breaks_at = start + several.first().map_or(0, |e| e.length);
                Err(AddressError::Scattered { pieces: several.len(), breaks_at })
            }
        }
    }

    /// Every range of the file that holds a byte of an address range, copies included, in order of address.
    pub fn captured_in(&self, start: u64, length: u64) -> Vec<Extent> {
        let end = start.saturating_add(length);
        let touched = self.memory.iter().take_while(|m| m.va < end).filter(|m| m.captured_end() > start);
        let mut extents: Vec<Extent> = vec![];
        for range in touched {
            let (from, to) = (range.va.max(start), range.captured_end().min(end));
            push(&mut extents, Extent { offset: range.offset + (from - range.va), length: to - from });
        }
        extents
    }

    /// The addresses at which bytes of a range of the file lay, as (address, length), copies included.
    pub fn addresses_of(&self, offset: u64, length: u64) -> Vec<(u64, u64)> {
        let end = offset.saturating_add(length);
        let overlap = |m: &MemoryRange| {
            let (from, to) = (m.offset.max(offset), (m.offset + m.length).min(end));
            (from < to).then(|| (m.va.saturating_add(from - m.offset), to - from))
        };
        self.memory.iter().filter_map(overlap).collect()
    }
}

fn push(extents: &mut Vec<Extent>, next: Extent) {
    match extents.last_mut() {
        Some(last) if last.offset.checked_add(last.length) == Some(next.offset) => last.length += next.length,
        _ => extents.push(next),
    }
}

/// Where two ranges describe the same address, the first with bytes wins.
fn spans(memory: &[MemoryRange]) -> Vec<Span> {
    let mut parts = vec![];
    let captured = memory.iter().filter(|m| m.length > 0);
    parts.extend(captured.map(|m| (Interval { start: m.va, end: m.captured_end() }, Some(m.offset))));
    let elided = memory.iter().filter(|m| m.elided > 0);
    parts.extend(elided.map(|m| (Interval { start: m.captured_end(), end: m.end() }, None)));
    let intervals: Vec<Interval> = parts.iter().map(|(interval, _)| *interval).collect();
    let mut spans: Vec<Span> = vec![];
    sweep(
        &intervals,
        |_| (),
        |piece, owners| {
            let Some(owner) = owners.next() else { return };
            let (interval, offset) = parts[owner];
            let offset = offset.map(|offset| offset + (piece.start - interval.start));
            let next = Span { va: piece.start, end: piece.end, offset };
            match spans.last_mut() {
                Some(last) if follows(last, &next) => last.end = next.end,
                _ => spans.push(next),
            }
        },
    );
    spans
}

fn follows(last: &Span, next: &Span) -> bool {
    last.end == next.va && last.offset.map(|offset| offset + (last.end - last.va)) == next.offset
}
