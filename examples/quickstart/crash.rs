//! A process that really crashes, and the minidump its handler takes of it.
//!
//! As crash reporters do: the crashing process tells its handler (here, its parent) where it stands and waits; the
//! handler reads its memory from outside; then the process dies of its signal.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use minidump_writer::app_memory::AppMemory;
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::Outcome;

/// With this argument the example is the process that crashes.
pub(crate) const HIDDEN_ARGUMENT: &str = "--be-the-service-that-crashes";

/// A card number that is reserved for tests and belongs to nobody.
pub(crate) const CARD: &str = "4000056655665556";
/// An address below a domain that can never exist (RFC 6761).
pub(crate) const EMAIL: &str = "user@example.test";
/// A session token that nobody issued.
pub(crate) const SESSION: &str = "session=INVENTED-0000-TOKEN-OF-NOBODY";
/// Everything that must not leave the vault.
pub(crate) const PLANTED: [&str; 3] = [CARD, EMAIL, SESSION];

const SIGABRT: i32 = 6;

/// Where the request's heap block lies: address and length, for the handler.
static HEAP_BLOCK: OnceLock<(usize, usize)> = OnceLock::new();

/// The crashing process: handles one request whose length field lies.
pub(crate) fn serve_until_the_crash() -> Outcome<()> {
    // The dump that the handler takes is enough: the kernel shall not write a second one.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    std::panic::set_hook(Box::new(|_| die_when_dumped()));
    handle_request();
    Err("the request should have crashed the process".into())
}

/// Card and session token lie on the stack, card and address on the heap; the claimed length runs past the buffer.
fn handle_request() {
    let mut on_stack = [b' '; 1024];
    plant(&mut on_stack[400..], &format_args!("POST /checkout card={CARD} {SESSION}").to_string());
    let mut on_heap = vec![b' '; 1024];
    plant(&mut on_heap[400..], &format_args!("receipt to {EMAIL}, paid with {CARD}").to_string());
    HEAP_BLOCK.get_or_init(|| (on_heap.as_ptr().addr(), on_heap.len()));
    let claimed_length = black_box(4096);
    let request = &black_box(&on_stack)[..claimed_length];
    black_box((request, &on_heap));
}

fn plant(memory: &mut [u8], text: &str) {
    memory[..text.len()].copy_from_slice(text.as_bytes());
    black_box(memory);
}

/// Tells the handler where to look, waits until it has dumped this process, and dies of SIGABRT.
fn die_when_dumped() {
    let (address, length) = HEAP_BLOCK.get().copied().unwrap_or_default();
    let told = writeln!(std::io::stdout(), "{address} {length}");
    let waited = told.and_then(|()| std::io::stdin().lock().read_line(&mut String::new()));
    drop(waited);
    std::process::abort();
}

/// How it ended.
pub(crate) struct Crash {
    /// The process.
    pub(crate) pid: u32,
    /// The signal it died of.
    pub(crate) signal: i32,
}

/// Starts the process, dumps it while it crashes, and waits for its end.
pub(crate) fn crash_and_dump(into: &Path, directory: &Path) -> Outcome<Crash> {
    // This very program, even if a build replaced its file meanwhile.
    let mut process = Command::new("/proc/self/exe")
        .arg(HIDDEN_ARGUMENT)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the service could not be started: {e}"))?;
    let pid = process.id();
    let dumped = dump(&mut process, into);
    if dumped.is_err() {
        process.kill()?;
    }
    drop(process.stdin.take());
    let status = process.wait()?;
    dumped?;
    match status.signal() {
        Some(signal @ SIGABRT) => Ok(Crash { pid, signal }),
        _ => Err(format!("the service should have died of signal {SIGABRT}; it ended with {status}").into()),
    }
}

/// Writes a minidump of the process, which is waiting in its crash: all stacks, and the request's heap block.
fn dump(process: &mut Child, into: &Path) -> Outcome<()> {
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().ok_or("the service has no standard output")?).read_line(&mut line)?;
    let (address, length) = line.trim().split_once(' ').ok_or("the service did not say where it crashed")?;
    let pid = i32::try_from(process.id())?;
    let mut writer = MinidumpWriterConfig::new(pid, pid);
    writer.set_app_memory(vec![AppMemory { ptr: address.parse()?, length: length.parse()? }]);
    writer.write(&mut File::create(into)?).map_err(|e| {
        format!("no minidump could be taken: {e}; a container may forbid ptrace (docker run --cap-add SYS_PTRACE)")
    })?;
    Ok(())
}
