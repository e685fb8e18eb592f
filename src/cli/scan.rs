//! Scan: what is still in the bytes.

use std::path::PathBuf;

use clap::Args;

use super::evidence::progress;
use super::{Context, Run};
use crate::report::{self, Body};
use crate::work::{Refused, scan};

/// Look for suspected identifiers in files: their class and place, never their text
///
/// Looks for the classes of the default taxonomy, as ASCII and UTF-16, and in base64, gzip, zlib and deflate. Exit 0:
/// nothing was found in what was read; 1: something was; 3: not everything could be read. Names of people and postal
/// addresses are not assessed. Needs no repository.
///
/// Example:
///   packet scan masked.dmp
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Scan {
    /// The files
    #[arg(required = true, value_name = "TARGET")]
    target: Vec<PathBuf>,
}

impl Run for Scan {
    const NAME: &'static str = "scan";
    const FIELDS: &'static [&'static str] = &["findings", "read", "classes", "found", "not_assessed"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let answer = scan::scan_files(context.here(), &self.target, |bytes| progress(context, bytes))?;
        Ok(report::scanned(&answer, context.json()))
    }
}
