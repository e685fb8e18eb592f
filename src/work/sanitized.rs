//! The sanitized copy of a dump, and which of its bytes answer for a range of the raw one.
//!
//! A copy that was masked in place is as long as the dump, or as the range. Sanitizers that drop pages or streams write a
//! shorter dump: its bytes are matched by address, what has no address by its region's name, and bytes that it does not
//! hold are elided. They stand as zeros among the sanitized bytes, and the redaction lists them.

use std::io;
use std::path::Path;

use super::choice::Chosen;
use super::refused::Refused;
use super::regions::layout_of;
use super::steady::Steady;
use crate::dump::read::ReadAt;
use crate::model::fragment::Extent;
use crate::model::layout::Layout;
use crate::model::region::DumpFormat;

/// An open sanitized copy.
pub(super) struct SanitizedDump {
    file: Steady,
    layout: Layout,
}

/// The sanitized bytes of one range: pieces of the copy, and zeros where it holds none.
pub(super) struct Counterpart<'s> {
    file: &'s Steady,
    length: u64,
    /// Where each piece begins in the range, where it lies in the copy, and how long it is; sorted, disjoint.
    pieces: Vec<(u64, u64, u64)>,
}

impl SanitizedDump {
    /// Opens a copy.
    pub(super) fn open(path: &Path) -> Result<Self, Refused> {
        let file = Steady::open(path)?;
        let layout = layout_of(&file)?;
        Ok(Self { file, layout })
    }

    /// Refuses when it changed since it was opened.
    pub(super) fn still_holds(&self) -> Result<(), Refused> {
        self.file.still_holds()
    }

    /// The bytes that answer for a range of a dump of `raw` bytes.
    pub(super) fn counterpart(&self, raw: u64, chosen: &Chosen) -> Result<Counterpart<'_>, Refused> {
        let length = chosen.range.length;
        let whole = |offset| Counterpart { file: &self.file, length, pieces: vec![(0, offset, length)] };
        match self.file.bytes() {
            bytes if bytes == raw => Ok(whole(chosen.range.offset)),
            bytes if bytes == length => Ok(whole(0)),
            bytes => self.matched(raw, bytes, chosen),
        }
    }

    fn matched(&self, raw: u64, bytes: u64, chosen: &Chosen) -> Result<Counterpart<'_>, Refused> {
        let is_dump = matches!(self.layout.profile.format, DumpFormat::Minidump | DumpFormat::ElfCore);
        let length = chosen.range.length;
        let pieces = match (is_dump, chosen.va, &chosen.region) {
            (true, Some(va), _) => self.at_addresses(va.get(), length),
            (true, None, Some(name)) => {
                let region = self.layout.named(name).filter(|region| region.length == length);
                region.map(|region| (0, region.offset, length)).into_iter().collect()
            }
            _ => {
                let name = self.file.path.display();
                let message = format!("{name} is {bytes} bytes long; the dump has {raw}, the range {length}");
                let help = "mask bytes in place, so that none is added or taken away; of a dump that holds less, take --region or --va";
                return Err(Refused::usage("--sanitized", message, help));
            }
        };
        Ok(Counterpart { file: &self.file, length, pieces })
    }

    /// What the copy holds of an address range.
    fn at_addresses(&self, start: u64, length: u64) -> Vec<(u64, u64, u64)> {
        let end = start.saturating_add(length);
        let mut pieces = Vec::new();
        let mut at = start;
        let mut memory: Vec<_> = self.layout.memory.iter().filter(|m| m.va < end && m.captured_end() > start).collect();
        memory.sort_unstable();
        for range in memory {
            let (from, to) = (range.va.max(at), range.captured_end().min(end));
            if from < to {
                pieces.push((from - start, range.offset + (from - range.va), to - from));
                at = to;
            }
        }
        pieces
    }
}

impl Counterpart<'_> {
    /// The parts of the range that the copy does not hold.
    pub(super) fn absent(&self) -> Vec<Extent> {
        let mut absent = Vec::new();
        let mut at = 0;
        for (start, _, length) in &self.pieces {
            if at < *start {
                absent.push(Extent { offset: at, length: start - at });
            }
            at = start + length;
        }
        if at < self.length {
            absent.push(Extent { offset: at, length: self.length - at });
        }
        absent
    }
}

impl ReadAt for Counterpart<'_> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        buffer.fill(0);
        let end = offset.saturating_add(buffer.len() as u64);
        for (start, place, length) in &self.pieces {
            let (from, to) = (offset.max(*start), end.min(start + length));
            if from < to {
                let part = (from - offset) as usize..(to - offset) as usize;
                self.file.file.read_exact_at(&mut buffer[part], place + (from - start))?;
            }
        }
        Ok(())
    }
}
