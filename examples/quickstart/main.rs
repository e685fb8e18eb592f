//! The whole story in one command: `cargo run --release --example quickstart`.
//!
//! A real process crashes with invented customer identifiers in its memory; its dump is masked; people and an agent
//! govern what is released of it with the built `packet`. Nothing here needs an account, a network or a setup, and
//! nothing outside one temporary directory is touched, which is removed at the end unless `--keep` is given.
//!
//! | file | holds |
//! |---|---|
//! | `crash.rs` | the process that crashes, and the minidump taken of it |
//! | `mask.rs` | the user's sanitizer: which bytes are masked |
//! | `place.rs` | the temporary directory: vault, repository, people with keys, charter |
//! | `teller.rs` | runs a command as somebody, prints it and its answer, and insists on the exit code |
//! | `story.rs` | the steps, in order |
//! | `look.rs` | searches vault and repository for what was planted |

#![expect(
    clippy::disallowed_methods,
    reason = "an example reads its own clock, environment and arguments; the ban is for the crate"
)]

#[cfg(target_os = "linux")]
mod crash;
#[cfg(target_os = "linux")]
mod look;
#[cfg(target_os = "linux")]
mod mask;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod story;
#[cfg(target_os = "linux")]
mod teller;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What a step gives, or why the story cannot go on.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Prints a line; a reader that closed the pipe has read enough.
fn say(line: impl Display) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [crash::HIDDEN_ARGUMENT] => crash::serve_until_the_crash(),
        [] => story::tell(place::Afterwards::Remove),
        ["--keep"] => story::tell(place::Afterwards::Keep),
        _ => return failed("usage: cargo run --release --example quickstart [-- --keep]", 2),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(format!("\nthe story failed: {error}"), 1),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    failed("packet runs on Linux, and so does this example: it dumps a crashing process through /proc and ptrace", 2)
}

fn failed(message: impl Display, code: u8) -> ExitCode {
    // When standard error is closed, the exit code still says it.
    writeln!(std::io::stderr(), "{message}").unwrap_or_default();
    ExitCode::from(code)
}
