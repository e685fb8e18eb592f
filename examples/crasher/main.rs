//! A process that crashes with invented identifiers all over its memory, and dumps of it:
//! `cargo run --release --example crasher -- DIR` writes `DIR/raw.dmp`, `DIR/stacks-sanitized.dmp` and, where `gcore` is
//! installed, `DIR/core`. The tests of `packet scan` and `packet regions` read these.
//!
//! | file | holds |
//! |---|---|
//! | `planted.rs` | the table: class, value, where, encoding |
//! | `service.rs` | the process that crashes |
//! | `handler.rs` | the dumps taken of it |

#[cfg(target_os = "linux")]
mod handler;
#[cfg(target_os = "linux")]
mod planted;
#[cfg(target_os = "linux")]
mod service;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// With this argument the example is the process that crashes.
const HIDDEN_ARGUMENT: &str = "--be-the-service-that-crashes";

fn say(line: impl Display) {
    writeln!(std::io::stdout(), "{line}").unwrap_or_default();
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [HIDDEN_ARGUMENT, ..] => service::serve_until_the_crash(),
        [directory] => handler::take_dumps(directory.as_ref()),
        _ => Err("usage: cargo run --release --example crasher -- DIR".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    failed("this example dumps a crashing process through /proc and ptrace, as Linux has them")
}

fn failed(message: impl Display) -> ExitCode {
    writeln!(std::io::stderr(), "{message}").unwrap_or_default();
    ExitCode::FAILURE
}
