//! The `packet` program: parse, run, print one answer or one error, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(packet::cli::main(std::env::args_os()))
}
