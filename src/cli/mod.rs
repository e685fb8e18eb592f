//! The command line: one file per group of commands, arguments → work → report. Parsing does nothing.

mod charter;
mod context;
mod dumps;
mod evidence;
mod findings;
mod ledger;
mod proposals;
mod release;
mod requests;
mod run;
mod scan;
mod shell;
mod values;
mod verification;
mod workspace;

use clap::{Parser, Subcommand};

pub use context::{Context, Global};
pub use run::main;

use crate::report::Body;
use crate::work::Refused;

/// Govern one crash-dump redaction packet: one revision, one manifest, one lane, one accountable approval.
///
/// A packet is a git branch; every change is one signed commit. Engineers stage and commit fragments by hash, anybody
/// objects, required people sign a manifest, the release owner approves it for one restricted lane, CI verifies. Raw
/// bytes never leave the vault; an approval never outlives what it approved.
#[derive(Debug, Parser)]
#[command(
    name = "packet",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Begin with:\n  packet charter new --id ACTOR --out charter.toml\n  packet open ID --charter charter.toml\n\n\
                  Then `packet status` tells where you are and what to type next.\n\
                  Exit codes: 0 yes, 1 no, 2 wrong usage, 3 could not decide."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Every command. Help shows them in the order of a packet's life.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Charter(charter::CharterCommand),
    Open(workspace::Open),
    Trust(workspace::Trust),
    Whoami(workspace::Whoami),
    List(workspace::List),
    Status(workspace::Status),
    Log(workspace::Log),
    Show(workspace::Show),
    Diff(workspace::Diff),
    #[command(subcommand)]
    Section(workspace::SectionCommand),
    AddSession(workspace::AddSession),
    AddAttachment(evidence::AddAttachment),
    AddFragment(evidence::AddFragment),
    Regions(dumps::Regions),
    Scan(scan::Scan),
    Exact(scan::Exact),
    Compare(dumps::Compare),
    AddSymbols(requests::AddSymbols),
    #[command(subcommand)]
    Retention(requests::RetentionCommand),
    Remove(workspace::Remove),
    Commit(workspace::Commit),
    Discard(workspace::Discard),
    Propose(proposals::Propose),
    Proposals(proposals::Proposals),
    Apply(proposals::Apply),
    Reject(proposals::Reject),
    Amend(proposals::Amend),
    Endorse(proposals::Endorse),
    Reassign(proposals::Reassign),
    Object(ledger::Object),
    Respond(ledger::Respond),
    Address(ledger::Address),
    Withdraw(ledger::Withdraw),
    Close(ledger::Close),
    AcceptResidual(ledger::AcceptResidual),
    Objections(ledger::Objections),
    Coverage(findings::Coverage),
    Dispose(findings::Dispose),
    Drift(evidence::Drift),
    Draft(release::Draft),
    Gate(release::Gate),
    Sign(release::Sign),
    Approve(release::Approve),
    Hold(release::Hold),
    Supersede(release::Supersede),
    Repair(release::Repair),
    Verify(verification::Verify),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// A command: its name in JSON, the fields it promises there, and what it does.
pub(crate) trait Run {
    /// The name in `schema`.
    const NAME: &'static str;
    /// The JSON fields that are always there, null when not computed.
    const FIELDS: &'static [&'static str];

    /// Does it.
    fn run(&self, context: &Context) -> Result<Body, Refused>;
}

/// Calls `$each!` with every command and what holds its arguments, nested ones taken apart.
macro_rules! each_command {
    ($command:expr, $each:ident) => {
        match $command {
            Command::Charter(charter::CharterCommand::New(c)) => $each!(c),
            Command::Charter(charter::CharterCommand::Check(c)) => $each!(c),
            Command::Open(c) => $each!(c),
            Command::Trust(c) => $each!(c),
            Command::Whoami(c) => $each!(c),
            Command::List(c) => $each!(c),
            Command::Status(c) => $each!(c),
            Command::Log(c) => $each!(c),
            Command::Show(c) => $each!(c),
            Command::Diff(c) => $each!(c),
            Command::Section(workspace::SectionCommand::Set(c)) => $each!(c),
            Command::Section(workspace::SectionCommand::Edit(c)) => $each!(c),
            Command::AddSession(c) => $each!(c),
            Command::AddAttachment(c) => $each!(c),
            Command::AddFragment(c) => $each!(c),
            Command::Regions(c) => $each!(c),
            Command::Scan(c) => $each!(c),
            Command::Exact(c) => $each!(c),
            Command::Compare(c) => $each!(c),
            Command::AddSymbols(c) => $each!(c),
            Command::Retention(requests::RetentionCommand::Set(c)) => $each!(c),
            Command::Remove(c) => $each!(c),
            Command::Commit(c) => $each!(c),
            Command::Discard(c) => $each!(c),
            Command::Propose(c) => $each!(c),
            Command::Proposals(c) => $each!(c),
            Command::Apply(c) => $each!(c),
            Command::Reject(c) => $each!(c),
            Command::Amend(c) => $each!(c),
            Command::Endorse(c) => $each!(c),
            Command::Reassign(c) => $each!(c),
            Command::Object(c) => $each!(c),
            Command::Respond(c) => $each!(c),
            Command::Address(c) => $each!(c),
            Command::Withdraw(c) => $each!(c),
            Command::Close(c) => $each!(c),
            Command::AcceptResidual(c) => $each!(c),
            Command::Objections(c) => $each!(c),
            Command::Coverage(c) => $each!(c),
            Command::Dispose(c) => $each!(c),
            Command::Drift(c) => $each!(c),
            Command::Draft(c) => $each!(c),
            Command::Gate(c) => $each!(c),
            Command::Sign(c) => $each!(c),
            Command::Approve(c) => $each!(c),
            Command::Hold(c) => $each!(c),
            Command::Supersede(c) => $each!(c),
            Command::Repair(c) => $each!(c),
            Command::Verify(c) => $each!(c),
            Command::Completions(c) => $each!(c),
            Command::Man(c) => $each!(c),
        }
    };
}
pub(crate) use each_command;
