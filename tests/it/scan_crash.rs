//! `packet scan` on dumps of a process that really crashed: everything that was planted is found, where it lies, as what it
//! is; and what was found is nowhere in what is printed.

use std::time::Duration;
use std::{env, fs, thread};

use serde_json::Value;

use crate::crash::bench::Bench;
use crate::crash::{Dumps, Sighting, Taken, sightings};
use crate::sandbox::can_trace;

/// A decode path without its last `ascii`, with one word for both kinds of base64, and for both orders of UTF-16: between
/// zeros, text in one order is text in the other, one byte further on.
fn path(encoding: &str) -> String {
    let encoding = encoding.strip_suffix(">ascii").unwrap_or(encoding);
    let encoding = if encoding == "part" { "ascii" } else { encoding };
    encoding.replace("base64url", "base64").replace("utf-16be", "utf-16").replace("utf-16le", "utf-16")
}

/// Whether a finding of its class, in its encoding, lies over at least half of what was planted.
fn is_found(findings: &[Value], sighting: &Sighting) -> bool {
    let number = |finding: &Value, name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
    findings.iter().any(|finding| {
        let (offset, length) = (number(finding, "offset"), number(finding, "length"));
        let end = (offset + length).min(sighting.offset + sighting.length);
        let shared = end.saturating_sub(offset.max(sighting.offset));
        finding["class"] == sighting.class
            && path(finding["encoding"].as_str().unwrap()) == path(sighting.encoding)
            && (2 * shared >= sighting.length || shared == length)
    })
}

#[track_caller]
fn everything_is_found(taken: Taken, judged: fn(&Sighting) -> bool) {
    let dumps = Dumps::take();
    let Some(file) = dumps.file(taken) else { return };
    let answer = Bench::new().scan(&file);
    let findings = answer["findings"].as_array().unwrap();
    let sightings = sightings(taken, &file);
    let missed: Vec<_> = sightings.iter().filter(|s| judged(s) && !is_found(findings, s)).collect();
    assert!(missed.is_empty(), "{} of {} findings: {missed:#?}", missed.len(), findings.len());
    let read = answer["read"].as_object().unwrap();
    let parts: u64 = read.iter().filter(|(name, _)| *name != "bytes").map(|(_, bytes)| bytes.as_u64().unwrap()).sum();
    assert_eq!(read["bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
    assert_eq!(parts, read["bytes"].as_u64().unwrap(), "every byte is accounted for");
}

#[test]
fn scan_finds_everything_planted_in_a_core() {
    everything_is_found(Taken::Core, |sighting| !sighting.partial);
}

#[test]
fn scan_finds_the_part_of_a_value_that_a_register_holds() {
    let dumps = Dumps::take();
    for taken in [Taken::Raw, Taken::Core] {
        let Some(file) = dumps.file(taken) else { continue };
        let answer = Bench::new().scan(&file);
        let findings = answer["findings"].as_array().unwrap();
        let part = |f: &&Value| f["encoding"] == "part>ascii" && f["region"] == "registers" && f["confidence"] == "low";
        let parts: Vec<Value> = findings.iter().filter(part).cloned().collect();
        let held = |sighting: &Sighting| sighting.partial && is_found(&parts, sighting);
        assert!(sightings(taken, &file).iter().any(held), "{taken:?}: {parts:?}");
    }
}

#[test]
fn scan_finds_everything_planted_in_a_minidump() {
    everything_is_found(Taken::Raw, |sighting| !sighting.partial);
}

#[test]
fn scan_shows_what_the_stack_sanitizer_of_the_writer_left() {
    everything_is_found(Taken::StacksSanitized, |sighting| !sighting.partial);
}

#[test]
fn scan_regions_and_compare_never_show_what_they_read() {
    let dumps = Dumps::take();
    let bench = Bench::new();
    let [raw, less] = [Taken::Raw, Taken::StacksSanitized].map(|taken| dumps.file(taken).unwrap());
    let cut = dumps.file(Taken::Raw).unwrap().with_extension("cut");
    let bytes = fs::read(&raw).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let core = dumps.file(Taken::Core);
    let [raw, less, cut] = [&raw, &less, &cut].map(|file| file.to_str().unwrap());
    let mut files = vec![raw, less, cut, "absent", "."];
    files.extend(core.as_ref().map(|core| core.to_str().unwrap()));
    for command in ["scan", "regions", "coverage", "compare", "add-fragment"] {
        for file in &files {
            for more in [&[][..], &["--json"], &[raw], &["--json", less], &["--no-such-option"]] {
                let answer = bench.packet(&[&[command, file], more].concat());
                assert!((0..=3).contains(&answer.code), "{answer:?}");
            }
        }
    }
}

#[test]
fn scan_and_regions_survive_a_dump_that_cannot_be_read_or_is_cut_while_it_is_read() {
    if !can_trace() {
        return;
    }
    let dumps = Dumps::take();
    let bench = Bench::new();
    let raw = dumps.file(Taken::Raw).unwrap();
    let name = raw.to_str().unwrap();
    for command in ["scan", "regions"] {
        bench.injected("openat:error=EACCES", &raw, &[command, name]).exits(3);
        bench.injected("pread64:error=EIO", &raw, &[command, name]).exits(3);
        bench.injected("pread64:error=EIO", &raw, &["--json", command, name]).exits(3);
    }
    // As if the dump had been cut off while it was read: what is missing was not scanned, and the answer says so.
    bench.injected("pread64:retval=0", &raw, &["scan", name]).exits(3);
    bench.injected("pread64:retval=0", &raw, &["--json", "scan", name]).exits(3);
    bench.injected("pread64:error=EINTR:when=1", &raw, &["scan", name]).exits(1);
}

#[test]
fn scan_gives_an_error_and_no_signal_when_the_file_shrinks_under_it() {
    let dumps = Dumps::take();
    let bench = Bench::new();
    let dump = fs::read(dumps.file(Taken::Raw).unwrap()).unwrap();
    let file = dumps.file(Taken::Raw).unwrap().with_extension("shrinks");
    let whole = dump.repeat((48 << 20) / dump.len());
    let mut cut_short = 0;
    for turn in 1..=8u64 {
        fs::write(&file, &whole).unwrap();
        let answer = thread::scope(|scope| {
            let cutting = scope.spawn(|| {
                thread::sleep(Duration::from_millis(turn * turn));
                fs::File::options().write(true).open(&file).unwrap().set_len(turn * dump.len() as u64).unwrap();
            });
            let mut command = bench.prepared(env!("CARGO_BIN_EXE_packet"));
            let answer = bench.finish(command.args(["--json", "scan", file.to_str().unwrap()]));
            cutting.join().unwrap();
            answer
        });
        // What is left holds identifiers, whether it was cut before, while or after it was read.
        assert!([1, 3].contains(&answer.code), "{}: {}", answer.code, answer.err);
        cut_short += u32::from(answer.code == 3);
    }
    println!("{cut_short} of 8 scans noticed that the file shrank");
}
