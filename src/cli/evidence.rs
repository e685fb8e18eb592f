//! Evidence: fragments, attachments, and whether they are still what they were.

use std::path::PathBuf;

use clap::Args;

use super::{Context, Run};
use crate::model::fragment::Disclosure;
use crate::model::id::{AttachmentId, ClassId, FragmentId, SessionId};
use crate::model::range::ByteRange;
use crate::report::{self, Body};
use crate::work::Refused;
use crate::work::choice::Choice;
use crate::work::content::{self, NewAttachment};
use crate::work::drift::{self, Progress};
use crate::work::fragment::{self, NewFragment, NewSanitizer};

fn disclosure(annex: bool) -> Disclosure {
    if annex { Disclosure::Annex } else { Disclosure::Included }
}

/// Stage an exact range of a dump, by commitment, with what was masked in it
///
/// DUMP is `vault:KEY` or a path inside the vault. The sanitized FILE is as long as DUMP (the same range of it is taken)
/// or as the range; every byte that is not masked is proven identical. Raw bytes stay where they are.
///
/// Examples:
///   packet add-fragment vault:checkout.dmp --session s1 --sanitized masked.dmp
///   packet add-fragment vault:checkout.dmp --session s1 --range 0x1000+4096 --sanitized masked.dmp --id stack
///   packet add-fragment vault:checkout.dmp --session s1 --region stack:4711 --sanitized masked.dmp
///   packet add-fragment vault:checkout.dmp --session s1 --annex --all-regions
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddFragment {
    /// The dump: vault:KEY, or a path inside the vault
    dump: String,
    /// The session it belongs to
    #[arg(long, value_name = "ID")]
    session: SessionId,
    /// Which bytes of the file, decimal or 0x hex; all when absent
    #[arg(long, value_name = "OFFSET+LENGTH", group = "choice")]
    range: Option<ByteRange>,
    /// Which bytes by their address in the process
    #[arg(long, value_name = "START+LENGTH", group = "choice")]
    va: Option<ByteRange>,
    /// Which region, as `packet regions` names it
    #[arg(long, value_name = "NAME", group = "choice")]
    region: Option<String>,
    /// Every region, each as a fragment of its own
    #[arg(long, group = "choice")]
    all_regions: bool,
    /// The sanitized copy
    #[arg(long, value_name = "FILE")]
    sanitized: Option<PathBuf>,
    /// Its name; by default the dump's
    #[arg(long, value_name = "NAME")]
    id: Option<FragmentId>,
    /// Why it is here as it is; needed when nothing is masked
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Keep it in the vault: the lane sees its digest only
    #[arg(long)]
    annex: bool,
    /// What masked the copy
    #[arg(long, value_name = "NAME", requires = "sanitized")]
    sanitizer: Option<String>,
    /// Its version
    #[arg(long, value_name = "TEXT", requires = "sanitizer")]
    sanitizer_version: Option<String>,
    /// The configuration it went by; its digest is recorded
    #[arg(long, value_name = "FILE", requires = "sanitizer")]
    sanitizer_config: Option<PathBuf>,
    /// A class of identifiers that it says it masks; `packet coverage` holds it to that
    #[arg(long, value_name = "CLASS", requires = "sanitizer")]
    claims: Vec<ClassId>,
}

impl AddFragment {
    fn choice(&self) -> Choice {
        match (self.range, self.va, &self.region) {
            _ if self.all_regions => Choice::AllRegions,
            (Some(range), ..) => Choice::Range(range),
            (_, Some(addresses), _) => Choice::Addresses(addresses),
            (.., Some(name)) => Choice::Region(name.clone()),
            _ => Choice::Whole,
        }
    }

    fn sanitizer(&self) -> Option<NewSanitizer> {
        let name = self.sanitizer.clone()?;
        let (version, config) = (self.sanitizer_version.clone(), self.sanitizer_config.clone());
        Some(NewSanitizer { name, version, config, claims: self.claims.clone() })
    }
}

impl Run for AddFragment {
    const NAME: &'static str = "add-fragment";
    const FIELDS: &'static [&'static str] = &["id", "raw", "sanitized", "redaction", "fragments", "skipped"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new = NewFragment {
            dump: self.dump.clone(),
            session: self.session.clone(),
            choice: self.choice(),
            sanitized: self.sanitized.clone(),
            sanitizer: self.sanitizer(),
            id: self.id.clone(),
            why: self.why.clone(),
            disclosure: disclosure(self.annex),
        };
        let staged =
            fragment::add_fragment(&context.desk()?, &context.signer()?, &new, |bytes| progress(context, bytes))?;
        Ok(report::fragments(&staged))
    }
}

/// Stage a file beside the dumps, by commitment; its bytes are never stored
///
/// Example:
///   packet add-attachment report.pdf --session s1 --from stack --tool "minidump-stackwalk 0.26"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddAttachment {
    /// The file
    file: PathBuf,
    /// The session it belongs to
    #[arg(long, value_name = "ID")]
    session: SessionId,
    /// Its name; by default the file's
    #[arg(long, value_name = "NAME")]
    id: Option<AttachmentId>,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The fragments it was made from
    #[arg(long, value_name = "FRAGMENT", num_args = 1..)]
    from: Vec<FragmentId>,
    /// The tool that made it
    #[arg(long, value_name = "TEXT")]
    tool: Option<String>,
    /// Keep it back: the lane sees its digest only
    #[arg(long)]
    annex: bool,
}

impl Run for AddAttachment {
    const NAME: &'static str = "add-attachment";
    const FIELDS: &'static [&'static str] = &["id", "raw"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new = NewAttachment {
            file: self.file.clone(),
            session: self.session.clone(),
            id: self.id.clone(),
            title: self.title.clone(),
            from: self.from.clone(),
            tool: self.tool.clone(),
            disclosure: disclosure(self.annex),
        };
        Ok(report::staged_attachment(&content::add_attachment(&context.desk()?, &context.signer()?, &new)?))
    }
}

/// Check every pin against its source: is the evidence still what it was?
///
/// Hashes every raw range and every stored sanitized range again. Exit 1 on drift, 3 when a source could not be read.
/// It judges sources only, not what the bytes show.
///
/// Example:
///   packet drift --record
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Drift {
    /// Record the check; what drifted holds the newest release that stands
    #[arg(long)]
    record: bool,
}

impl Run for Drift {
    const NAME: &'static str = "drift";
    const FIELDS: &'static [&'static str] = &["checks", "recorded", "held"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let answer = match self.record {
            true => drift::record(&desk, &context.signer()?, |bytes| progress(context, bytes))?,
            false => drift::drift(&desk, |bytes| progress(context, bytes))?,
        };
        Ok(report::drift(&answer))
    }
}

/// Work on more than this many bytes shows its progress.
const PROGRESS_FROM: u64 = 256 << 20;

/// A progress bar on a terminal, for long work.
pub(super) fn progress(context: &Context, bytes: u64) -> Box<Progress<'static>> {
    if bytes <= PROGRESS_FROM || !context.shows_progress() {
        return Box::new(|_| ());
    }
    let style = indicatif::ProgressStyle::with_template("{wide_bar} {binary_bytes}/{binary_total_bytes} {eta}");
    let bar = indicatif::ProgressBar::new(bytes).with_style(style.expect("the template is fixed and right"));
    Box::new(move |done| bar.inc(done))
}
