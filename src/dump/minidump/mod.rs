//! Minidumps: an own walk of the raw directory, every stream of it.
//!
//! Libraries yield one stream of a type and prefer one list of memory; what they hide is in the file all the same. So each
//! stream is claimed, the second of a type as a duplicate, and the insides of every one are walked. Layouts are those of
//! Microsoft's `minidumpapiset.h` and of the Breakpad and Crashpad sources: all of them packed, little-endian.
//!
//! | file | walks |
//! |---|---|
//! | `streams` | which stream is what |
//! | `threads` | threads, their stacks and names, the exception |
//! | `context` | register contexts: general and vector parts |
//! | `modules` | modules loaded and unloaded, their identities |
//! | `memory` | both lists of memory, and which addresses were mapped |
//! | `handles` | handles and their names |
//! | `annotations` | what Crashpad, Breakpad and Mozilla add |

mod annotations;
mod context;
mod handles;
mod memory;
mod modules;
mod streams;
mod threads;

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::draft::Draft;
use super::fields::Fields;
use crate::model::fragment::Extent;
use crate::model::region::{Machine, Producer, RegionKind};

const HEADER: u64 = 32;
const DIRECTORY_ENTRY: u64 = 12;
/// Streams that are walked: an honest dump has some dozens.
const MOST_STREAMS: u64 = 4096;
/// `UNICODE_STRING` counts bytes in 16 bits; a longer name is a lie.
const LONGEST_NAME: u64 = 1 << 16;

/// One entry of the directory.
#[derive(Clone, Copy)]
struct Stream {
    kind: u32,
    offset: u64,
    length: u64,
}

/// A walk of one minidump.
struct Walk<'a, 'b> {
    fields: &'a Fields<'b>,
    draft: &'a mut Draft,
    machine: Machine,
    /// Where it ran: `VER_PLATFORM_WIN32_NT` and its kin.
    platform: Option<u32>,
    /// For each thread whose stack is not described: its stack pointer, which finds the memory.
    stack_pointers: Vec<(u32, u64)>,
    crashed: Option<u32>,
    exception_registers: Option<Extent>,
}

/// Walks a minidump.
pub(super) fn walk(fields: &Fields<'_>, draft: &mut Draft) {
    draft.claim(RegionKind::Header, "header", 0, HEADER);
    draft.profile.flags = fields.u64(24).map(|flags| format!("{flags:#x}"));
    let streams = directory(fields, draft);
    let mut walk = Walk {
        fields,
        draft,
        machine: Machine::Other,
        platform: None,
        stack_pointers: vec![],
        crashed: None,
        exception_registers: None,
    };
    walk.learn_system(&streams);
    let mut seen = BTreeSet::new();
    for stream in &streams {
        walk.stream(*stream, !seen.insert(stream.kind));
    }
    walk.find_stacks();
    walk.mark_crashed();
    walk.draft.profile.machine = Some(walk.machine);
    walk.draft.profile.producer = producer(&seen, walk.platform);
    walk.draft.profile.absent = streams::absent(&seen, walk.draft);
}

fn directory(fields: &Fields<'_>, draft: &mut Draft) -> Vec<Stream> {
    let count = u64::from(fields.u32(8).unwrap_or(0));
    let offset = u64::from(fields.u32(12).unwrap_or(0));
    draft.claim(RegionKind::Header, "directory", offset, count * DIRECTORY_ENTRY);
    draft.profile.limits_reached |= count > MOST_STREAMS;
    let block = fields.block(offset, count.min(MOST_STREAMS) * DIRECTORY_ENTRY);
    let entry = |at| {
        let (kind, length, offset) = (block.u32(at)?, block.u32(at + 4)?, block.u32(at + 8)?);
        Some(Stream { kind, offset: offset.into(), length: length.into() })
    };
    (0..block.len() / DIRECTORY_ENTRY).filter_map(|i| entry(i * DIRECTORY_ENTRY)).filter(|s| s.kind != 0).collect()
}

/// What took it: who adds streams of their own is known by them.
fn producer(streams: &BTreeSet<u32>, platform: Option<u32>) -> Option<Producer> {
    if streams.contains(&streams::CRASHPAD_INFO) {
        return Some(Producer::Crashpad);
    }
    if streams.iter().any(|kind| kind >> 16 == 0x4767 || kind >> 16 == 0x4d7a) {
        return Some(Producer::Breakpad);
    }
    (platform == Some(2)).then_some(Producer::Windows)
}

impl Walk<'_, '_> {
    fn mark_crashed(&mut self) {
        let crashed = self.draft.threads.iter_mut().find(|thread| Some(thread.id) == self.crashed);
        if let Some(thread) = crashed {
            thread.crashed = true;
            thread.registers = self.exception_registers.or(thread.registers);
        }
    }

    fn claim(&mut self, kind: RegionKind, name: impl Into<CompactString>, offset: u64, length: u64) {
        self.draft.claim(kind, name, offset, length);
    }

    /// Claims a `MINIDUMP_LOCATION_DESCRIPTOR` that stands in the file at `at`; gives its range.
    fn located(&mut self, kind: RegionKind, name: impl Into<CompactString>, at: u64) -> Option<(u64, u64)> {
        let (length, offset) = (self.fields.u32(at)?.into(), self.fields.u32(at + 4)?.into());
        if offset == 0 || length == 0 {
            return None;
        }
        self.claim(kind, name, offset, length);
        Some((offset, length))
    }

    /// Claims a `MINIDUMP_STRING`: its length in bytes, UTF-16, and a NUL that not everybody writes.
    fn utf16(&mut self, kind: RegionKind, name: impl Into<CompactString>, offset: u64) {
        self.string(kind, name, offset, 2);
    }

    /// Claims a `MINIDUMP_UTF8_STRING`.
    fn utf8(&mut self, kind: RegionKind, name: impl Into<CompactString>, offset: u64) {
        self.string(kind, name, offset, 1);
    }

    fn string(&mut self, kind: RegionKind, name: impl Into<CompactString>, offset: u64, unit: u64) {
        if offset == 0 {
            return;
        }
        let Some(length) = self.fields.u32(offset).map(u64::from) else { return };
        let end = offset + 4 + length;
        if length > LONGEST_NAME || end > self.fields.size() {
            return;
        }
        let nul = self.fields.block(end, unit);
        let ends = nul.len() == unit && nul.bytes().iter().all(|b| *b == 0);
        self.claim(kind, name, offset, 4 + length + if ends { unit } else { 0 });
    }
}
