//! Scan: what is still in the bytes.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::evidence::progress;
use super::{Context, Run};
use crate::model::id::{ClassId, FragmentId};
use crate::report::{self, Body};
use crate::work::{Refused, exact, scan};

/// Look for suspected identifiers in fragments or files: their class and place, never their text
///
/// Looks for the classes of the packet's taxonomy, of files the default one, as ASCII and UTF-16, and in base64, gzip, zlib
/// and zip members. Fragments are scanned where their bytes lie, raw and sanitized. Exit 0: nothing was found in what was
/// read; 1: something was; 3: not everything could be read. Names of people and postal addresses are not assessed. Files
/// need no repository.
///
/// Examples:
///   packet scan masked.dmp
///   packet scan stack heap --record
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Scan {
    /// Fragments, by id, or files; every fragment when none is named
    #[arg(value_name = "TARGET")]
    target: Vec<PathBuf>,
    /// Put what is new on record; only ever adds
    #[arg(long)]
    record: bool,
}

impl Scan {
    /// The fragments that are named, when all of the targets are; none when they are files.
    ///
    /// A file and a fragment of one name are told apart by the person, never by what happens to lie here.
    fn fragments(&self, context: &Context) -> Result<Option<Vec<FragmentId>>, Refused> {
        let mut named = Vec::new();
        for target in &self.target {
            let text = target.to_str().unwrap_or_default();
            let (id, says_so) = text.strip_prefix("fragment:").map_or((text, false), |id| (id, true));
            let Ok(id) = FragmentId::new(id) else { return Ok(None) };
            let is_file = !says_so && context.here().join(target).exists();
            if is_file && !self.record && !scan::is_fragment(context.desk(), &id) {
                return Ok(None);
            }
            if is_file {
                let message = format!("`{id}` is a file here, and may be a fragment");
                let help = format!("packet scan fragment:{id}, or packet scan ./{id}");
                return Err(Refused::usage(text, message, help));
            }
            named.push(id);
        }
        Ok(Some(named))
    }
}

/// Make lines for the vault's exact list, of customers' values read from standard input
///
/// A value a line; a line for each comes out, with keyed hashes that say neither the value nor whether a guess is right
/// to anyone without the vault's key. What stands in the vault's .packet/exact is then found by every scan, draft and approval,
/// in any spelling of its letters and digits. The tool never writes that file.
///
/// Examples:
///   packet exact < customers.txt >> /srv/vault/.packet/exact
///   packet exact --class customer-value < names.txt
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Exact {
    /// The class that findings of these values get; the taxonomy's only exact class when absent
    #[arg(long, value_name = "CLASS")]
    class: Option<ClassId>,
}

impl Run for Exact {
    const NAME: &'static str = "exact";
    const FIELDS: &'static [&'static str] = &["lines"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let lines = exact::lines(&context.desk()?, self.class.as_ref(), std::io::stdin().lock())?;
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        Ok(Body::yes(json!({"lines": lines}), text))
    }
}

impl Run for Scan {
    const NAME: &'static str = "scan";
    const FIELDS: &'static [&'static str] = &["findings", "read", "classes", "found", "recorded", "not_assessed"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let progress = |bytes| progress(context, bytes);
        let answer = match self.fragments(context)? {
            Some(named) => {
                let recorder = if self.record { Some(context.signer()?) } else { None };
                scan::scan_fragments(&context.desk()?, &named, recorder.as_ref(), progress)?
            }
            None if self.record => {
                let help = "packet add-fragment … first; then packet scan ID --record";
                return Err(Refused::usage("--record", "only what was found in fragments is recorded", help));
            }
            None => scan::scan_files(context.here(), &self.target, progress)?,
        };
        Ok(report::scanned(answer, context.json()))
    }
}
