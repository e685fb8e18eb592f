//! Context of the evidence: symbolization requests and retention deadlines.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values::{number, one_of, time};
use super::{Context, Run};
use crate::model::id::{SessionId, SymbolsId};
use crate::model::retention::Deadline;
use crate::model::symbols::Rung;
use crate::model::time::Time;
use crate::report::{self, Body};
use crate::work::Refused;
use crate::work::content::{self, NewSymbols};

/// Stage a symbolization request
///
/// One beyond the charter's boundary is staged too, marked, and stops a draft until it is narrowed, removed, or an
/// objection about it is accepted.
///
/// Example:
///   packet add-symbols --module checkout --code-id 5f3a --rung private --frames 16
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddSymbols {
    /// The module to symbolize
    #[arg(long, value_name = "NAME")]
    module: String,
    /// Which build of it
    #[arg(long, value_name = "HEX")]
    code_id: String,
    /// Its debug identifier
    #[arg(long, value_name = "HEX")]
    debug_id: Option<String>,
    /// How much to show
    #[arg(long, value_parser = one_of::<Rung>())]
    rung: Rung,
    /// How many frames; all when absent
    #[arg(long, value_name = "N")]
    frames: Option<u32>,
    /// Which thread; all when absent
    #[arg(long, value_name = "TID", value_parser = number)]
    thread: Option<u64>,
    /// The symbol file, by digest
    #[arg(long, value_name = "SYM")]
    file: Option<PathBuf>,
    /// Its name; by default the module's
    #[arg(long, value_name = "NAME")]
    id: Option<SymbolsId>,
    /// Why it is needed
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

impl Run for AddSymbols {
    const NAME: &'static str = "add-symbols";
    const FIELDS: &'static [&'static str] = &["id", "exceeds"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new = NewSymbols {
            id: self.id.clone(),
            module: self.module.clone(),
            code_id: self.code_id.clone(),
            debug_id: self.debug_id.clone(),
            rung: self.rung,
            frames: self.frames,
            thread: self.thread,
            file: self.file.clone(),
            why: self.why.clone(),
        };
        Ok(report::staged_symbols(&content::add_symbols(&context.desk()?, &context.signer()?, &new)?))
    }
}

/// Set deadlines by which a session's evidence must be gone
#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    Set(RetentionSet),
}

/// Stage a deadline: adds it, or replaces the one of the same basis
///
/// Two different deadlines of one session conflict, and stop a draft.
///
/// Example:
///   packet retention set s1 --deadline 2027-01-31T00:00:00Z --basis "contract 12"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RetentionSet {
    /// The session
    session: SessionId,
    /// When its evidence must be gone
    #[arg(long, value_name = "TIME", value_parser = time)]
    deadline: Time,
    /// The rule, contract or registry entry it rests on
    #[arg(long, value_name = "TEXT")]
    basis: String,
}

impl Run for RetentionSet {
    const NAME: &'static str = "retention";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let deadline = Deadline { basis: self.basis.clone(), at: self.deadline };
        Ok(report::staged(&content::set_retention(&context.desk()?, &context.signer()?, &self.session, &deadline)?))
    }
}
