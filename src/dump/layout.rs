//! A dump's layout: which format it is, then the walk of that format, then every byte accounted for.

use std::io;

use miette::Diagnostic;
use thiserror::Error;

use super::account::settle;
use super::draft::Draft;
use super::fields::Fields;
use super::read::ReadAt;
use super::{elf, minidump};
use crate::model::layout::Layout;
use crate::model::region::{CaptureProfile, DumpFormat};

/// Why a dump has no layout. What is wrong *inside* it is never an error: those bytes are unattributed.
#[derive(Debug, Error, Diagnostic)]
pub enum DumpError {
    /// The bytes cannot be read, or became fewer while they were.
    #[error("the dump cannot be read: {0}")]
    #[diagnostic(help("check that nothing writes it and that the disk is well"))]
    Unreadable(#[from] io::Error),
}

/// Accounts for every byte of a dump. Reads headers and lists only, however large the dump is.
///
/// # Errors
/// When the system cannot read it.
pub fn layout(source: &dyn ReadAt) -> Result<Layout, DumpError> {
    let fields = Fields::new(source)?;
    let (format, big) = format_of(&fields);
    let fields = fields.big_endian(big);
    let mut draft = Draft::new(fields.size(), CaptureProfile::of(format));
    match format {
        DumpFormat::Minidump => minidump::walk(&fields, &mut draft),
        DumpFormat::ElfCore => elf::walk(&fields, &mut draft),
        _ => {}
    }
    let layout = settle(&fields, draft);
    fields.finish()?;
    Ok(layout)
}

/// The format, and whether its numbers are in the other order.
pub(super) fn format_of(fields: &Fields<'_>) -> (DumpFormat, bool) {
    let head = fields.block(0, 32);
    let bytes = head.bytes();
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(b"\x7fELF") {
        return elf::format_of(bytes);
    }
    let known: &[(&[u8], DumpFormat)] = &[
        (b"MDMP", DumpFormat::Minidump),
        (b"PMDM", DumpFormat::MinidumpBigEndian),
        (b"\xcf\xfa\xed\xfe", DumpFormat::MachO),
        (b"\xce\xfa\xed\xfe", DumpFormat::MachO),
        (b"\xfe\xed\xfa\xcf", DumpFormat::MachO),
        (b"\xfe\xed\xfa\xce", DumpFormat::MachO),
        (b"KDUMP   ", DumpFormat::Kdump),
        (b"DISKDUMP", DumpFormat::Kdump),
        (b"makedumpfile", DumpFormat::Kdump),
        (b"PAGEDUMP", DumpFormat::WindowsKernel),
        (b"PAGEDU64", DumpFormat::WindowsKernel),
        (b"\x1f\x8b", DumpFormat::Compressed),
        (b"\x28\xb5\x2f\xfd", DumpFormat::Compressed),
        (b"\xfd7zXZ\0", DumpFormat::Compressed),
        (b"\x04\x22\x4d\x18", DumpFormat::Compressed),
        (b"BZh", DumpFormat::Compressed),
    ];
    let found = known.iter().find(|(magic, _)| begins(magic));
    (found.map_or(DumpFormat::Unknown, |(_, format)| *format), false)
}
