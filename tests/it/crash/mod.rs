//! Dumps of a process that really crashes, with identifiers planted all over its memory (`examples/crasher`), and where
//! in each dump they lie.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use tempfile::TempDir;

use planted::{Encoding, PLANTED, Place, Planted};

pub mod bench;

#[path = "../../../examples/crasher/planted.rs"]
mod planted;

/// The dumps of one crash.
pub struct Dumps {
    dir: TempDir,
}

/// What took a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// An ELF core, by `gcore`.
    Core,
    /// A minidump with the stacks and the heap block as they were.
    Raw,
    /// A minidump whose writer sanitized the stacks.
    StacksSanitized,
}

/// One planted value where it lies in a dump.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// What was planted.
    pub class: &'static str,
    /// The decode path, outermost first, without a last `ascii`.
    pub encoding: &'static str,
    /// What stands there in plain text: to name it when it is missed.
    pub value: &'static str,
    /// Whether only the first bytes of the value are there.
    pub partial: bool,
    /// Where the bytes that hold the value begin.
    pub offset: usize,
    /// How many they are.
    pub length: usize,
}

/// The example as cargo built it beside these tests; built now when only some targets were.
fn crasher() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_packet")).parent().unwrap().join("examples/crasher");
    if !program.is_file() {
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--example", "crasher", "--manifest-path"]);
        build.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        build.args(if cfg!(debug_assertions) { &[][..] } else { &["--release"] });
        assert!(build.status().unwrap().success());
    }
    program
}

impl Dumps {
    /// Crashes the process and dumps it. What a vector register holds when a process stops depends on when it is stopped:
    /// where another value is in it, the process crashes again.
    pub fn take() -> Self {
        let planted = PLANTED.iter().find(|planted| planted.place == Place::VectorRegister).unwrap();
        let taken = (0..20).map(|_| Self::once()).find(|dumps| dumps.all_hold(planted.value.as_bytes()));
        taken.expect("in one of twenty crashes the register holds what was planted")
    }

    fn all_hold(&self, value: &[u8]) -> bool {
        let mut files =
            [Taken::Core, Taken::Raw, Taken::StacksSanitized].into_iter().filter_map(|taken| self.file(taken));
        let holds = |file: PathBuf| fs::read(file).unwrap().windows(value.len()).any(|window| window == value);
        files.all(holds)
    }

    fn once() -> Self {
        let dir = tempfile::Builder::new().prefix("packet-crash").tempdir().unwrap();
        let taken = Command::new(crasher()).arg(dir.path()).output().unwrap();
        assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
        Self { dir }
    }

    /// The file of a dump; says so when `gcore` is missing.
    pub fn file(&self, taken: Taken) -> Option<PathBuf> {
        let name = match taken {
            Taken::Core => "core",
            Taken::Raw => "raw.dmp",
            Taken::StacksSanitized => "stacks-sanitized.dmp",
        };
        let file = self.dir.path().join(name);
        if !file.exists() {
            println!("skipped: no {name}, gcore is not installed (apt-get install gdb)");
            return None;
        }
        Some(file)
    }
}

/// Whether a dump has the memory that a value lies in.
fn held(taken: Taken, place: Place) -> bool {
    let in_memory = matches!(place, Place::Heap(_) | Place::CrashingStack | Place::OtherStack);
    taken != Taken::StacksSanitized || !in_memory
}

/// The bytes that a dump has of a planted value, and their encoding.
fn needle(taken: Taken, planted: &Planted) -> (Vec<u8>, &'static str) {
    let value = planted.value.as_bytes();
    match (planted.place, planted.encoding) {
        (Place::GeneralRegister, _) => (value[..8].to_vec(), "ascii"),
        (Place::ThreadName, _) if taken != Taken::Core => (utf16(planted.value, u16::to_le_bytes), "utf-16le"),
        (_, Encoding::Ascii) => (value.to_vec(), "ascii"),
        (_, Encoding::Utf16Le) => (utf16(planted.value, u16::to_le_bytes), "utf-16le"),
        (_, Encoding::Utf16Be) => (utf16(planted.value, u16::to_be_bytes), "utf-16be"),
        (_, Encoding::Base64) => (planted.bytes(), "base64"),
        (_, Encoding::Base64Url) => (planted.bytes(), "base64url"),
        (_, Encoding::Gzip) => (planted.bytes(), "gzip"),
        (_, Encoding::Zlib) => (planted.bytes(), "zlib"),
        (_, Encoding::GzipInBase64) => (planted.bytes(), "base64>gzip"),
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Every place in the dump where something planted stands by itself; fails when one is nowhere.
pub fn sightings(taken: Taken, dump: &Path) -> Vec<Sighting> {
    let bytes = fs::read(dump).unwrap();
    let expected = PLANTED.iter().filter(|planted| held(taken, planted.place));
    let found = expected.flat_map(|planted| {
        let (needle, encoding) = needle(taken, planted);
        let partial = planted.place == Place::GeneralRegister;
        let stands_alone = |at: &usize| match partial {
            true => !bytes[*at..].starts_with(planted.value.as_bytes()),
            false => ends(&bytes, *at, needle.len()),
        };
        let at: Vec<usize> = offsets(&bytes, &needle).filter(stands_alone).collect();
        assert!(!at.is_empty(), "{planted:?} is not in {}", dump.display());
        let sighting = move |offset| {
            let length = needle.len();
            Sighting { class: planted.class, encoding, value: planted.value, partial, offset, length }
        };
        at.into_iter().map(sighting)
    });
    found.collect()
}

/// Every planted value in plain text.
pub fn planted_values() -> impl Iterator<Item = &'static str> {
    PLANTED.iter().map(|planted| planted.value)
}

/// Whether neither a letter nor a digit goes on before or behind: a program's own constants stand without a gap, and two
/// registers may hold the same text one after the other. Nobody can tell there where a value ends.
fn ends(bytes: &[u8], at: usize, length: usize) -> bool {
    let goes_on = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    !goes_on(at.checked_sub(1)) && !goes_on(Some(at + length))
}

fn offsets<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = needle[0];
    let starts = bytes.iter().enumerate().filter(move |(_, byte)| **byte == first);
    starts.map(|(at, _)| at).filter(move |at| bytes[*at..].starts_with(needle))
}

#[test]
fn every_planted_value_is_in_the_core_and_in_the_raw_minidump() {
    let dumps = Dumps::take();
    for taken in [Taken::Core, Taken::Raw] {
        let Some(file) = dumps.file(taken) else { continue };
        let seen = sightings(taken, &file);
        assert!(seen.len() >= PLANTED.len(), "{taken:?}");
        assert!(seen.iter().all(|s| s.partial || s.length >= s.value.len()), "{taken:?}");
        let ways: BTreeSet<_> = seen.iter().map(|s| s.encoding).collect();
        let classes: BTreeSet<_> = seen.iter().map(|s| s.class).collect();
        assert!(ways.len() == 8 && classes.len() >= 5, "{taken:?}: {ways:?}, {classes:?}");
        assert!(seen.iter().any(|s| s.offset % 2 == 1 && s.encoding == "utf-16le"), "{taken:?}");
    }
}

#[test]
fn the_stack_sanitizer_of_the_writer_leaves_environment_command_line_names_and_registers() {
    let dumps = Dumps::take();
    let file = dumps.file(Taken::StacksSanitized).unwrap();
    assert!(sightings(Taken::StacksSanitized, &file).len() >= 5);
    let bytes = fs::read(&file).unwrap();
    let gone = PLANTED.iter().filter(|planted| !held(Taken::StacksSanitized, planted.place));
    for planted in gone {
        assert_eq!(offsets(&bytes, &planted.bytes()).next(), None, "{planted:?}: the stack sanitizer left it");
    }
}
