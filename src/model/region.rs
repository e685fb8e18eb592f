//! Regions: what each byte range of a dump is.
//!
//! A region's name comes from structure alone (a thread's number, an address, an offset), never from what the dump says
//! in words: module paths, thread names and variables are evidence, and evidence does not become a label.

use std::collections::BTreeSet;

use compact_str::CompactString;
use serde::{Deserialize, Serialize, Serializer};

use super::address::Address;
use super::canonical;
use super::fragment::Extent;
use super::kinds::kind_enum;

kind_enum! {
    /// What a byte range of a dump is. Where two descriptions cover the same bytes, the earlier kind here names them.
    RegionKind {
        /// The environment block.
        Environment = "environment",
        /// The command line.
        CommandLine = "command-line",
        /// A name that somebody or something was given: of a module, thread, handle, program or system.
        Name = "name",
        /// What the program attached for its crash reports, comments and assertions.
        Annotations = "annotations",
        /// The auxiliary vector.
        Auxv = "auxv",
        /// General registers of a thread.
        Registers = "registers",
        /// Floating point and vector registers of a thread.
        VectorRegisters = "vector-registers",
        /// A thread's stack.
        Stack = "stack",
        /// The image of a module, as it lay in memory.
        Module = "module",
        /// Heap: always inferred, no dump says so.
        Heap = "heap",
        /// Memory of which nothing better is known.
        Memory = "memory",
        /// What the kernel said of the process and machine in `/proc` and `/etc`.
        LinuxProc = "linux-proc",
        /// The exception or signal.
        Exception = "exception",
        /// Which addresses were mapped, and how.
        MemoryInfo = "memory-info",
        /// Lists of threads.
        Threads = "threads",
        /// Lists of modules.
        Modules = "modules",
        /// Lists of handles.
        Handles = "handles",
        /// System and process: versions, numbers, times.
        SystemInfo = "system-info",
        /// Headers and tables that say where the rest is.
        Header = "header",
        /// The second stream of a type.
        Duplicate = "duplicate",
        /// A stream whose inside the tool does not know.
        UnknownStream = "unknown-stream",
        /// Zeros between structures.
        Padding = "padding",
        /// Bytes that nothing in the dump describes.
        Unattributed = "unattributed",
    }
}

kind_enum! {
    /// What kind of file a dump is.
    DumpFormat {
        /// A minidump: Windows, Breakpad, Crashpad.
        Minidump = "minidump",
        /// An ELF core file.
        ElfCore = "elf-core",
        /// A minidump with its bytes in the other order; not read.
        MinidumpBigEndian = "minidump-big-endian",
        /// An ELF file that is no core; not read.
        Elf = "elf",
        /// A Mach-O core; not read.
        MachO = "mach-o",
        /// A compressed kernel dump; not read.
        Kdump = "kdump",
        /// A Windows kernel dump; not read.
        WindowsKernel = "windows-kernel",
        /// A compressed file; not read.
        Compressed = "compressed",
        /// Anything else; not read.
        Unknown = "unknown",
    }
}

kind_enum! {
    /// The machine whose registers a dump holds.
    Machine {
        /// 32-bit x86.
        X86 = "x86",
        /// 64-bit x86.
        X86_64 = "x86-64",
        /// 32-bit ARM.
        Arm = "arm",
        /// 64-bit ARM.
        Arm64 = "arm64",
        /// Another one, whose registers are not told apart.
        Other = "other",
    }
}

kind_enum! {
    /// What took a dump, as far as its structure tells.
    Producer {
        /// Windows' own writer, or one that looks like it.
        Windows = "windows",
        /// Breakpad, or one of its descendants.
        Breakpad = "breakpad",
        /// Crashpad.
        Crashpad = "crashpad",
        /// The Linux kernel.
        LinuxKernel = "linux-kernel",
        /// A debugger: `gcore` or `generate-core-file`.
        Gcore = "gcore",
    }
}

kind_enum! {
    /// A part that a dump may hold. One that is absent was not captured: that does not say it was not there.
    Part {
        /// A list of threads.
        Threads = "threads",
        /// Registers.
        Registers = "registers",
        /// Stacks.
        Stacks = "stacks",
        /// A list of modules.
        Modules = "modules",
        /// Any memory.
        Memory = "memory",
        /// All of the process's memory.
        FullMemory = "full-memory",
        /// An exception or signal.
        Exception = "exception",
        /// Names of threads.
        ThreadNames = "thread-names",
        /// Handles.
        Handles = "handles",
        /// Which addresses were mapped.
        MemoryInfo = "memory-info",
        /// The environment, as a part of its own.
        Environment = "environment",
        /// The command line, as a part of its own.
        CommandLine = "command-line",
        /// The auxiliary vector.
        Auxv = "auxv",
    }
}

/// One byte range of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Unique in its dump, the same whenever this dump is read: printable ASCII, at most 128 characters.
    pub name: CompactString,
    /// What it is.
    pub kind: RegionKind,
    /// Whether the kind is a guess from the surroundings.
    pub inferred: bool,
    /// The thread it belongs to.
    pub thread: Option<u32>,
    /// Where it lay in memory.
    #[serde(serialize_with = "hexadecimal")]
    pub va: Option<u64>,
    /// Where it lies in the file.
    pub offset: u64,
    /// How many bytes of it are in the file.
    pub length: u64,
    /// How many bytes of it, after those, are not: left out when the dump was taken, or cut off since.
    pub elided: u64,
    /// Other names for (some of) these bytes, at most [`Region::ALIASES`].
    pub aliases: Vec<CompactString>,
}

impl Region {
    /// How many other names are kept.
    pub const ALIASES: usize = 8;

    /// The first offset after it.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// Addresses do not fit the integers that every JSON reader keeps exact.
fn hexadecimal<S: Serializer>(va: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    va.map(Address::new).serialize(serializer)
}

/// How many of a dump's bytes are attributed to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The file's size: the sum of the two others.
    pub bytes: u64,
    /// Bytes of which the tool knows what they are.
    pub attributed: u64,
    /// Bytes of which it does not.
    pub unattributed: u64,
}

/// A thread that a dump lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DumpedThread {
    /// Its number.
    pub id: u32,
    /// Whether it raised the exception or got the signal.
    pub crashed: bool,
    /// Where the record of its registers lies: the exception's, for the thread that raised it.
    #[serde(skip)]
    pub registers: Option<Extent>,
}

/// A module that a dump lists. Its path is evidence and stays in the dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DumpedModule {
    /// Its place in the list: what `module:3` means.
    pub index: u32,
    /// Where it lay.
    #[serde(serialize_with = "hexadecimal_always")]
    pub base: u64,
    /// How long it was.
    pub size: u64,
    /// The image's identity: a build id, or time stamp and size.
    pub code_id: Option<String>,
    /// Its debug information's identity.
    pub debug_id: Option<String>,
}

fn hexadecimal_always<S: Serializer>(va: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    Address::new(*va).serialize(serializer)
}

/// How a dump was taken, as far as it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureProfile {
    /// What kind of file it is.
    pub format: DumpFormat,
    /// Whose registers it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// What took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Producer>,
    /// A minidump's own flags, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<String>,
    /// Bytes of mapped memory that the dump names and does not hold.
    pub elided_bytes: u64,
    /// Bytes that the dump says it holds and that lie past its end.
    pub truncated_bytes: u64,
    /// Whether there was more to walk than the tool walks.
    pub limits_reached: bool,
    /// What was not captured.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub absent: BTreeSet<Part>,
}

impl CaptureProfile {
    /// As a session records it, where the tool reads such dumps at all.
    pub fn recorded(&self) -> Option<Self> {
        let read = matches!(self.format, DumpFormat::Minidump | DumpFormat::ElfCore);
        // A hostile dump may claim any number of bytes; what does not fit into a stored integer is told as the largest.
        let fit = |bytes: u64| bytes.min(canonical::LARGEST.unsigned_abs());
        let (elided_bytes, truncated_bytes) = (fit(self.elided_bytes), fit(self.truncated_bytes));
        read.then(|| Self { elided_bytes, truncated_bytes, ..self.clone() })
    }

    /// The profile of a file of which nothing is known yet.
    pub fn of(format: DumpFormat) -> Self {
        Self {
            format,
            machine: None,
            producer: None,
            flags: None,
            elided_bytes: 0,
            truncated_bytes: 0,
            limits_reached: false,
            absent: BTreeSet::new(),
        }
    }
}
