//! What is in a dump. Needs no repository.

use clap::Args;

use super::evidence::progress;
use super::{Context, Run};
use crate::report::{self, Body, Reader};
use crate::work::Refused;
use crate::work::regions::{self, Stacks};

/// Show what every byte of a dump is
///
/// Reads minidumps and ELF cores; other files are accepted and unattributed. Lengths sum to the file's size. Needs no
/// repository, unless the dump is named `vault:KEY`. Shows names and places, never bytes.
///
/// Example:
///   packet regions checkout.dmp
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Regions {
    /// The dump: a file, or vault:KEY
    dump: String,
}

impl Run for Regions {
    const NAME: &'static str = "regions";
    const FIELDS: &'static [&'static str] = &["format", "regions", "coverage", "threads", "modules", "profile"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let answer = regions::regions(&self.dump, context.here(), || context.desk())?;
        let reader = if context.json() { Reader::Machine } else { Reader::Person };
        Ok(report::regions(&answer, reader))
    }
}

/// Compare two dumps: regions, modules, threads; what is gone, added, changed
///
/// Memory is compared by address, everything else by name; where bytes lie in the file means nothing. Tells places, never
/// bytes. With --stacks also the backtraces, thread by thread, without symbols: did masking cost them?
///
/// Examples:
///   packet compare first.dmp second.dmp
///   packet compare --stacks vault:checkout.dmp masked.dmp
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Compare {
    /// The first dump: a file, or vault:KEY
    dump_a: String,
    /// The second dump
    dump_b: String,
    /// Compare backtraces too
    #[arg(long)]
    stacks: bool,
}

impl Run for Compare {
    const NAME: &'static str = "compare";
    const FIELDS: &'static [&'static str] = &["regions", "modules", "threads", "stacks"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let stacks = if self.stacks { Stacks::Compared } else { Stacks::Left };
        let dumps = [self.dump_a.as_str(), &self.dump_b];
        let desk = || context.desk();
        let answer = regions::compare(dumps, stacks, context.here(), desk, |bytes| progress(context, bytes))?;
        Ok(report::compare(&answer))
    }
}
