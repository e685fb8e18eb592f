//! Numbers and blocks at offsets of a hostile file.
//!
//! What lies past the end is `None` or cut short, never an error: dumps lie about their lengths. A failing disk is an
//! error, remembered here and told once at the end, so that walking code does not carry it through every field.

use std::cell::RefCell;
use std::io;

use super::read::ReadAt;

/// The longest table that is read at once.
pub(super) const LONGEST_BLOCK: u64 = 8 << 20;

/// A file as fields.
pub(super) struct Fields<'a> {
    source: &'a dyn ReadAt,
    size: u64,
    big: bool,
    failed: RefCell<Option<io::Error>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> io::Result<Self> {
        Ok(Self { size: source.size()?, source, big: false, failed: RefCell::new(None) })
    }

    /// The same file, numbers in the other order.
    pub(super) fn big_endian(mut self, big: bool) -> Self {
        self.big = big;
        self
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The first error of the system, if there was one.
    pub(super) fn finish(self) -> io::Result<()> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    /// As many of these bytes as there are, and no more than [`LONGEST_BLOCK`].
    pub(super) fn block(&self, offset: u64, length: u64) -> Block {
        let there = self.size.saturating_sub(offset).min(length).min(LONGEST_BLOCK);
        let mut bytes = vec![0; there as usize];
        if !self.fill(&mut bytes, offset) {
            bytes.clear();
        }
        Block { bytes, big: self.big }
    }

    fn fill(&self, bytes: &mut [u8], offset: u64) -> bool {
        if bytes.is_empty() || self.failed.borrow().is_some() {
            return false;
        }
        let read = self.source.read_exact_at(bytes, offset);
        read.map_err(|error| _ = self.failed.borrow_mut().insert(error)).is_ok()
    }

    pub(super) fn u16(&self, offset: u64) -> Option<u16> {
        self.block(offset, 2).u16(0)
    }

    pub(super) fn u32(&self, offset: u64) -> Option<u32> {
        self.block(offset, 4).u32(0)
    }

    pub(super) fn u64(&self, offset: u64) -> Option<u64> {
        self.block(offset, 8).u64(0)
    }
}

/// Bytes of the file, as fields.
pub(super) struct Block {
    bytes: Vec<u8>,
    big: bool,
}

impl Block {
    /// Bytes that were taken out of another block.
    pub(super) fn little(bytes: Vec<u8>) -> Self {
        Self { bytes, big: false }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn array<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let start = usize::try_from(at).ok()?;
        self.bytes.get(start..start.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(&self, at: u64) -> Option<u16> {
        self.array(at).map(|b| if self.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    pub(super) fn u32(&self, at: u64) -> Option<u32> {
        self.array(at).map(|b| if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    pub(super) fn u64(&self, at: u64) -> Option<u64> {
        self.array(at).map(|b| if self.big { u64::from_be_bytes(b) } else { u64::from_le_bytes(b) })
    }

    /// A number of 4 or 8 bytes.
    pub(super) fn word(&self, at: u64, wide: bool) -> Option<u64> {
        if wide { self.u64(at) } else { self.u32(at).map(u64::from) }
    }
}
