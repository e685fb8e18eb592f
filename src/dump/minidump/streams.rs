//! Which stream is what.

use std::collections::BTreeSet;

use compact_str::format_compact;

use super::super::draft::Draft;
use super::{Stream, Walk};
use crate::model::region::{Machine, Part, RegionKind};

const THREAD_LIST: u32 = 3;
const MODULE_LIST: u32 = 4;
const MEMORY_LIST: u32 = 5;
const EXCEPTION: u32 = 6;
const SYSTEM_INFO: u32 = 7;
const THREAD_EX_LIST: u32 = 8;
const MEMORY64_LIST: u32 = 9;
const HANDLE_DATA: u32 = 12;
const UNLOADED_MODULE_LIST: u32 = 14;
const MEMORY_INFO_LIST: u32 = 16;
const THREAD_NAMES: u32 = 24;
const LINUX_CMD_LINE: u32 = 0x4767_0006;
const LINUX_ENVIRON: u32 = 0x4767_0007;
const LINUX_AUXV: u32 = 0x4767_0008;
const LINUX_MAPS: u32 = 0x4767_0009;
const LINUX_DSO_DEBUG: u32 = 0x4767_000a;
pub(super) const CRASHPAD_INFO: u32 = 0x4350_0001;
const MAC_CRASH_INFO: u32 = 0x4d7a_0001;
const MAC_BOOT_ARGS: u32 = 0x4d7a_0002;

/// The region that a stream of this type is, where its type is known.
fn known(kind: u32) -> Option<(&'static str, RegionKind)> {
    Some(match kind {
        THREAD_LIST => ("threads", RegionKind::Threads),
        MODULE_LIST => ("modules", RegionKind::Modules),
        MEMORY_LIST => ("memory-list", RegionKind::Header),
        EXCEPTION => ("exception", RegionKind::Exception),
        SYSTEM_INFO => ("system-info", RegionKind::SystemInfo),
        THREAD_EX_LIST => ("threads-ex", RegionKind::Threads),
        MEMORY64_LIST => ("memory64-list", RegionKind::Header),
        10 => ("comment", RegionKind::Annotations),
        11 => ("comment-utf16", RegionKind::Annotations),
        HANDLE_DATA => ("handles", RegionKind::Handles),
        13 => ("function-table", RegionKind::Modules),
        UNLOADED_MODULE_LIST => ("unloaded-modules", RegionKind::Modules),
        15 => ("misc-info", RegionKind::SystemInfo),
        MEMORY_INFO_LIST => ("memory-info", RegionKind::MemoryInfo),
        17 => ("thread-info", RegionKind::Threads),
        18 => ("handle-operations", RegionKind::Handles),
        19 => ("token", RegionKind::SystemInfo),
        21 => ("system-memory", RegionKind::SystemInfo),
        22 => ("process-counters", RegionKind::SystemInfo),
        THREAD_NAMES => ("thread-names", RegionKind::Threads),
        0x4767_0001 => ("breakpad-info", RegionKind::SystemInfo),
        0x4767_0002 => ("assertion", RegionKind::Annotations),
        0x4767_0003 => ("linux:cpuinfo", RegionKind::LinuxProc),
        0x4767_0004 => ("linux:status", RegionKind::LinuxProc),
        0x4767_0005 => ("linux:lsb-release", RegionKind::LinuxProc),
        LINUX_CMD_LINE => ("command-line", RegionKind::CommandLine),
        LINUX_ENVIRON => ("environment", RegionKind::Environment),
        LINUX_AUXV => ("auxv", RegionKind::Auxv),
        LINUX_MAPS => ("linux:maps", RegionKind::LinuxProc),
        LINUX_DSO_DEBUG => ("linux:dso-debug", RegionKind::LinuxProc),
        0x4d7a_0003 => ("linux:limits", RegionKind::LinuxProc),
        MAC_CRASH_INFO => ("mac:crash-info", RegionKind::Annotations),
        MAC_BOOT_ARGS => ("mac:boot-args", RegionKind::Annotations),
        0x4d7a_0004 => ("soft-errors", RegionKind::Annotations),
        CRASHPAD_INFO => ("annotations", RegionKind::Annotations),
        _ => return None,
    })
}

/// What a dump with these streams does not hold.
pub(super) fn absent(streams: &BTreeSet<u32>, draft: &Draft) -> BTreeSet<Part> {
    let has = |kinds: &[u32]| kinds.iter().any(|kind| streams.contains(kind));
    let claims = |kind| draft.claims.iter().any(|c| c.kind == kind);
    let labels = |kind| draft.labels.iter().any(|l| l.kind == kind);
    let parts = [
        (Part::Threads, has(&[THREAD_LIST, THREAD_EX_LIST])),
        (Part::Registers, claims(RegionKind::Registers)),
        (Part::Stacks, labels(RegionKind::Stack)),
        (Part::Modules, has(&[MODULE_LIST])),
        (Part::Memory, draft.memory.iter().any(|(range, _)| range.length > 0)),
        (Part::FullMemory, has(&[MEMORY64_LIST])),
        (Part::Exception, has(&[EXCEPTION])),
        (Part::ThreadNames, has(&[THREAD_NAMES])),
        (Part::Handles, has(&[HANDLE_DATA])),
        (Part::MemoryInfo, has(&[MEMORY_INFO_LIST, LINUX_MAPS])),
        (Part::Environment, has(&[LINUX_ENVIRON])),
        (Part::CommandLine, has(&[LINUX_CMD_LINE])),
        (Part::Auxv, has(&[LINUX_AUXV])),
    ];
    parts.into_iter().filter(|(_, there)| !there).map(|(part, _)| part).collect()
}

impl Walk<'_, '_> {
    /// Machine and platform, before contexts are cut by them.
    pub(super) fn learn_system(&mut self, streams: &[Stream]) {
        let Some(system) = streams.iter().find(|s| s.kind == SYSTEM_INFO) else { return };
        self.machine = match self.fields.u16(system.offset) {
            Some(0) => Machine::X86,
            Some(5) => Machine::Arm,
            Some(9) => Machine::X86_64,
            Some(12 | 0x8003) => Machine::Arm64,
            _ => Machine::Other,
        };
        self.platform = self.fields.u32(system.offset + 20);
    }

    /// Claims a stream and walks what it leads to.
    pub(super) fn stream(&mut self, stream: Stream, again: bool) {
        let Stream { kind, offset, length } = stream;
        match known(kind) {
            _ if again => self.claim(RegionKind::Duplicate, format_compact!("duplicate:{kind:#x}"), offset, length),
            Some((name, region)) => self.claim(region, name, offset, length),
            None => self.claim(RegionKind::UnknownStream, format_compact!("stream:{kind:#x}"), offset, length),
        }
        match kind {
            THREAD_LIST => self.threads(stream, 48),
            THREAD_EX_LIST => self.threads(stream, 64),
            MODULE_LIST => self.modules(stream),
            MEMORY_LIST => self.memory_list(stream),
            EXCEPTION => self.exception(stream),
            SYSTEM_INFO => {
                let name = self.fields.u32(offset + 24).unwrap_or(0);
                self.utf16(RegionKind::Name, "name:system", name.into());
            }
            MEMORY64_LIST => self.memory64_list(stream),
            HANDLE_DATA => self.handles(stream),
            UNLOADED_MODULE_LIST => self.unloaded_modules(stream),
            MEMORY_INFO_LIST => self.memory_info(stream),
            THREAD_NAMES => self.thread_names(stream),
            LINUX_MAPS => self.linux_maps(stream),
            LINUX_DSO_DEBUG => self.dso_debug(stream),
            CRASHPAD_INFO => self.crashpad(stream),
            MAC_CRASH_INFO => self.mac_crash_info(stream),
            MAC_BOOT_ARGS => {
                let text = self.fields.u64(offset + 4).unwrap_or(0);
                self.utf16(RegionKind::Annotations, "mac:boot-args:text", text);
            }
            _ => {}
        }
    }
}
