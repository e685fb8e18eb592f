//! Parse, run, print one answer or one error, exit code.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use clap::{CommandFactory, Parser};

use super::{Cli, Command, Context, Run, charter, each_command, requests, workspace};
use crate::model::text::{harmless, harmless_block, is_plain};
use crate::report::{self, Body, Rows};
use crate::work::{Refused, Verdict};

/// What there is to print, and the exit code.
struct Outcome {
    stdout: String,
    /// A long list of the answer on standard output.
    rows: Option<Rows>,
    stderr: String,
    verdict: Verdict,
}

/// Runs the program; gives its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    // The program has one name, whatever it was called by: help and errors repeat it.
    let arguments: Vec<OsString> = std::iter::once("packet".into()).chain(arguments.into_iter().skip(1)).collect();
    let wants_json = arguments.iter().any(|a| a == "--json");
    let outcome = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => usage(&error, wants_json, &arguments),
    };
    // Where errors cannot be told, the exit code still says what happened.
    print(&mut anstream::stderr(), &outcome.stderr).ok();
    match outcome.answer() {
        Ok(()) => outcome.verdict.exit_code(),
        Err(error) => unprinted(&error, outcome.verdict).exit_code(),
    }
}

impl Outcome {
    fn told(stdout: String, verdict: Verdict) -> Self {
        Self { stdout, rows: None, stderr: String::new(), verdict }
    }

    fn complained(stderr: String, verdict: Verdict) -> Self {
        Self { stdout: String::new(), rows: None, stderr, verdict }
    }

    /// Prints what goes to standard output.
    fn answer(&self) -> io::Result<()> {
        let Some(rows) = &self.rows else { return print(&mut anstream::stdout(), &self.stdout) };
        // Straight to the pipe: these are JSON, in which nothing is left to strip.
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        printed(rows.write(&self.stdout, &mut out).and_then(|()| out.flush()))
    }
}

fn print(to: &mut impl Write, text: &str) -> io::Result<()> {
    printed(to.write_all(text.as_bytes()).and_then(|()| to.flush()))
}

/// A reader that closed the pipe has read enough.
fn printed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// An answer that did not get out whole must not pass for one, as a report on a full disk would.
fn unprinted(error: &io::Error, verdict: Verdict) -> Verdict {
    let told = format!("the command is done (`{}`), but its answer cannot be printed: {error}", verdict.as_str());
    let help = "make room where its output goes, then run the same command again: nothing is done twice";
    let refused = Refused::new(Verdict::Undecided, "unprinted", "stdout", told, help);
    print(&mut anstream::stderr(), &report::refused(&refused, false)).ok();
    match verdict {
        Verdict::Yes => Verdict::Undecided,
        no => no,
    }
}

fn usage(error: &clap::Error, wants_json: bool, arguments: &[OsString]) -> Outcome {
    if !error.use_stderr() {
        return Outcome::told(error.render().ansi().to_string(), Verdict::Yes);
    }
    if wants_json {
        let message = error.render().to_string();
        let message = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let refused = Refused::usage("arguments", message, "packet --help");
        let (name, fields) = named(arguments);
        return Outcome::told(report::json_refused(&name, fields, &refused), Verdict::Usage);
    }
    Outcome::complained(complaint(error, arguments), Verdict::Usage)
}

/// What is wrong with the arguments. clap repeats them as they are, so it is asked again with every character spelled out
/// that must not reach a terminal; should it then find nothing wrong, its first complaint is spelled out instead.
fn complaint(error: &clap::Error, arguments: &[OsString]) -> String {
    if arguments.iter().all(|a| a.to_str().is_some_and(|text| text.chars().all(is_plain))) {
        return error.render().ansi().to_string();
    }
    match Cli::try_parse_from(arguments.iter().map(|a| harmless(&a.to_string_lossy()))) {
        Err(again) if again.use_stderr() => again.render().ansi().to_string(),
        _ => format!("{}\n", harmless(error.render().to_string().trim_end())),
    }
}

/// The command that arguments name, though they do not parse; its fields are not known then.
fn named(arguments: &[OsString]) -> (String, &'static [&'static str]) {
    let commands = Cli::command();
    let known = |name: &str| commands.get_subcommands().any(|c| c.get_name() == name);
    let word = arguments.iter().skip(1).filter_map(|a| a.to_str()).find(|a| known(a));
    (word.unwrap_or("packet").to_owned(), &[])
}

fn run(cli: Cli) -> Outcome {
    let json = cli.global.json;
    let context = Context::read(cli.global);
    macro_rules! outcome {
        ($command:expr) => {
            outcome_of($command, context, json)
        };
    }
    each_command!(&cli.command, outcome)
}

fn outcome_of<C: Run>(command: &C, context: Result<Context, Refused>, json: bool) -> Outcome {
    match (context.and_then(|context| command.run(&context)), json) {
        (Ok(body), true) => {
            let stdout = report::json(C::NAME, C::FIELDS, &body);
            Outcome { rows: body.rows, ..Outcome::told(stdout, body.verdict) }
        }
        (Ok(body), false) => {
            Outcome { stderr: warnings(&body), ..Outcome::told(harmless_block(&body.text), body.verdict) }
        }
        (Err(refused), true) => Outcome::told(report::json_refused(C::NAME, C::FIELDS, &refused), refused.verdict),
        (Err(refused), false) => {
            Outcome::complained(report::refused(&refused, io::stderr().is_terminal()), refused.verdict)
        }
    }
}

fn warnings(body: &Body) -> String {
    body.warnings.iter().map(|w| format!("warning: {}\n", harmless(w))).collect()
}
