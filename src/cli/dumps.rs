//! What is in a dump. Needs no repository.

use clap::Args;

use super::{Context, Run};
use crate::report::{self, Body};
use crate::work::{Refused, regions};

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
        Ok(report::regions(&answer))
    }
}
