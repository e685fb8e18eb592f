//! The crash handler: takes three dumps of the process while it waits in its crash, then lets it die.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use minidump_writer::app_memory::AppMemory;
use minidump_writer::minidump_writer::MinidumpWriterConfig;

use super::planted::{PLANTED, Place};
use super::service::planted_in;
use super::{HIDDEN_ARGUMENT, Outcome, say};

const SIGABRT: i32 = 6;

/// Starts the process, dumps it, and waits for its end; says what was planted and what was written.
pub(crate) fn take_dumps(directory: &Path) -> Outcome<()> {
    fs::create_dir_all(directory)?;
    for planted in PLANTED {
        say(format_args!("planted {} as {:?} in {:?}", planted.class, planted.encoding, planted.place));
    }
    let arguments = planted_in(Place::CommandLine).map(|planted| format!("{}{}", planted.before, planted.value));
    // This very program, even if a build replaced its file meanwhile.
    let mut process = Command::new("/proc/self/exe")
        .arg(HIDDEN_ARGUMENT)
        .args(arguments)
        .env_clear()
        // One heap for all threads: each of its own would reserve 64 MiB, and the core would hold them.
        .env("MALLOC_ARENA_MAX", "1")
        .envs(planted_in(Place::Environment).map(|planted| ("CUSTOMER", planted.value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the service could not be started: {e}"))?;
    let dumped = dump(&mut process, directory);
    if dumped.is_err() {
        process.kill()?;
    }
    drop(process.stdin.take());
    let status = process.wait()?;
    dumped?;
    match status.signal() {
        Some(SIGABRT) => Ok(()),
        _ => Err(format!("the service should have died of signal {SIGABRT}; it ended with {status}").into()),
    }
}

fn dump(process: &mut Child, directory: &Path) -> Outcome<()> {
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().ok_or("the service has no standard output")?).read_line(&mut line)?;
    let (address, length) = line.trim().split_once(' ').ok_or("the service did not say where it crashed")?;
    let heap = AppMemory { ptr: address.parse()?, length: length.parse()? };
    let pid = i32::try_from(process.id())?;
    minidump(&directory.join("raw.dmp"), MinidumpWriterConfig::new(pid, pid).set_app_memory(vec![heap]))?;
    minidump(&directory.join("stacks-sanitized.dmp"), MinidumpWriterConfig::new(pid, pid).sanitize_stack())?;
    core(pid, directory)
}

fn minidump(file: &Path, writer: &mut MinidumpWriterConfig) -> Outcome<()> {
    let writer = std::mem::replace(writer, MinidumpWriterConfig::new(0, 0));
    writer.write(&mut File::create(file)?).map_err(|e| {
        format!("no minidump could be taken: {e}; a container may forbid ptrace (docker run --cap-add SYS_PTRACE)")
    })?;
    say(file.display());
    Ok(())
}

/// An ELF core, by gdb's `gcore`, where it is installed.
fn core(pid: i32, directory: &Path) -> Outcome<()> {
    let prefix = directory.join("core");
    let taken = Command::new("gcore").arg("-o").arg(&prefix).arg(pid.to_string()).output();
    let Ok(taken) = taken else {
        say("no core: gcore is not installed (apt-get install gdb)");
        return Ok(());
    };
    let written = directory.join(format!("core.{pid}"));
    if !taken.status.success() || !written.exists() {
        return Err(format!("gcore: {}", String::from_utf8_lossy(&taken.stderr)).into());
    }
    fs::rename(written, &prefix)?;
    say(prefix.display());
    Ok(())
}
