//! Workspace: open, trust, look, stage, commit.

use std::path::PathBuf;
use std::process::Stdio;

use clap::{Args, Subcommand};

use super::values::{one_of, time};
use super::{Context, Run};
use crate::model::canonical::fits;
use crate::model::charter::Sensitivity;
use crate::model::id::{ActorId, CommitId, PacketId, ProposalId, SectionName, SessionId};
use crate::model::target::Target;
use crate::model::taxonomy::Taxonomy;
use crate::model::time::Time;
use crate::report::{self, Body};
use crate::work::content::{self, NewSession};
use crate::work::{Refused, diff, log, open, proposals, scan, seal, stage, status, whoami};

/// Open a packet: the charter becomes its first entry, the genesis
///
/// Makes the vault's commitment key once, and pins the genesis in this clone. Only a human with role `governance` of
/// the charter may open it.
///
/// Example:
///   packet open checkout-2026 --charter charter.toml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Open {
    /// The packet's name; the branch is packet/ID
    id: PacketId,
    /// The charter, as `packet charter new` begins one
    #[arg(long, value_name = "FILE")]
    charter: PathBuf,
    /// The taxonomy of identifier classes; without it, the one this tool carries
    #[arg(long, value_name = "FILE")]
    taxonomy: Option<PathBuf>,
}

impl Run for Open {
    const NAME: &'static str = "open";
    const FIELDS: &'static [&'static str] = &["packet", "genesis", "head"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let text = super::charter::read_text(context, &self.charter)?;
        let charter = open::read_charter(&self.charter.display().to_string(), &text)?;
        let taxonomy = self.taxonomy.as_ref().map(|file| read_taxonomy(context, file)).transpose()?;
        let desk = context.desk_for(&self.id)?;
        let opened = open::open(&desk, &context.signer()?, &charter, &taxonomy.unwrap_or_else(Taxonomy::shipped))?;
        Ok(report::opened(self.id.as_str(), &opened))
    }
}

pub(super) fn read_taxonomy(context: &Context, file: &std::path::Path) -> Result<Taxonomy, Refused> {
    let text = super::charter::read_text(context, file)?;
    let parsed: Result<Taxonomy, _> = toml::from_str(&text);
    let wrong = |why: String| Refused::usage(file.display().to_string(), why, "a taxonomy begins with `format = 1`");
    let taxonomy = parsed.map_err(|e| wrong(e.message().to_owned()))?;
    if taxonomy.format != 1 {
        return Err(wrong(format!("taxonomy format {} is not known", taxonomy.format)));
    }
    if !fits(&taxonomy) {
        return Err(wrong("a number is larger than 2^53 - 1".to_owned()));
    }
    scan::check_taxonomy(&file.display().to_string(), &taxonomy)?;
    Ok(taxonomy)
}

/// Pin a packet's genesis in this clone
///
/// A branch cannot vouch for itself: without a pinned genesis nothing is verified. Ask the release owner for it.
///
/// Example:
///   packet trust checkout-2026 3f2a…
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Trust {
    /// The packet's name
    id: PacketId,
    /// The full commit of its first entry
    genesis: CommitId,
}

impl Run for Trust {
    const NAME: &'static str = "trust";
    const FIELDS: &'static [&'static str] = &["packet", "genesis", "head"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let opened = open::trust(&context.desk_for(&self.id)?, &self.genesis)?;
        Ok(report::trusted(self.id.as_str(), &opened))
    }
}

/// Tell who your key belongs to, what is open to you, and what is worth typing
#[derive(Debug, Args)]
pub(crate) struct Whoami {}

impl Run for Whoami {
    const NAME: &'static str = "whoami";
    const FIELDS: &'static [&'static str] = &["actor", "kind", "roles", "key", "may", "next"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::whoami(&whoami::whoami(&context.desk()?, &context.signer()?)?))
    }
}

/// List the packets of this repository
#[derive(Debug, Args)]
pub(crate) struct List {}

impl Run for List {
    const NAME: &'static str = "list";
    const FIELDS: &'static [&'static str] = &["packets"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::list(&status::list(&context.open_repo()?)?))
    }
}

/// Tell where the packet stands, what stops a release, who is next and what to type
#[derive(Debug, Args)]
pub(crate) struct Status {}

impl Run for Status {
    const NAME: &'static str = "status";
    const FIELDS: &'static [&'static str] = &[
        "packet",
        "genesis",
        "head",
        "revision",
        "staged",
        "sessions",
        "fragments",
        "symbols",
        "objections",
        "release",
        "blockers",
        "next",
        "unshared",
    ];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let status = status::status(&context.desk()?, context.signer_if_any().as_ref())?;
        Ok(report::status(&status, context.json()))
    }
}

/// Show the entries, newest first
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// At most N entries
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Run for Log {
    const NAME: &'static str = "log";
    const FIELDS: &'static [&'static str] = &["entries"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::log(&log::log(&context.desk()?, self.limit)?))
    }
}

/// Show a file of the packet, or a proposal with what it would change; or list the files
///
/// Examples:
///   packet show charter.toml
///   packet show p-0123456789ab
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// A path, such as fragments/stack.toml, or a proposal
    path: Option<String>,
}

impl Run for Show {
    const NAME: &'static str = "show";
    const FIELDS: &'static [&'static str] = &["path", "text", "files"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        match self.path.as_deref().map(ProposalId::new) {
            Some(Ok(id)) => Ok(report::proposal(&proposals::show(&desk, &id)?)),
            _ => Ok(report::show(&diff::show(&desk, self.path.as_deref())?)),
        }
    }
}

/// Show what you staged, or how two revisions differ
///
/// Examples:
///   packet diff          what you staged
///   packet diff 1 2      from revision 1 to revision 2
///   packet diff 3f2a     from a commit to the head
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Diff {
    /// A revision's number or a commit
    from: Option<String>,
    /// Another; the head when absent
    to: Option<String>,
}

impl Run for Diff {
    const NAME: &'static str = "diff";
    const FIELDS: &'static [&'static str] = &["files"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let actor = match (&self.from, context.signer_if_any()) {
            (None, Some(signer)) => whoami::whoami(&desk, &signer).ok().map(|w| w.actor.id),
            _ => None,
        };
        Ok(report::diff(&diff::diff(&desk, actor.as_ref(), self.from.as_deref(), self.to.as_deref())?))
    }
}

/// Write sections of prose, each with an owner
#[derive(Debug, Subcommand)]
pub(crate) enum SectionCommand {
    Set(SectionSet),
    Edit(SectionEdit),
}

/// Stage a section's text from a file
///
/// Example:
///   packet section set summary --file summary.md
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SectionSet {
    /// The section's name
    name: SectionName,
    /// Its text: UTF-8 with LF line ends
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Who alone may change it; by default its owner so far, else you
    #[arg(long, value_name = "ACTOR")]
    owner: Option<ActorId>,
}

impl Run for SectionSet {
    const NAME: &'static str = "section";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let text = content::read_section(&context.here().join(&self.file))?;
        let staged =
            content::set_section(&context.desk()?, &context.signer()?, &self.name, &text, self.owner.as_ref())?;
        Ok(report::staged(&staged))
    }
}

/// Write a section in your editor, then stage it
#[derive(Debug, Args)]
pub(crate) struct SectionEdit {
    /// The section's name
    name: SectionName,
}

impl Run for SectionEdit {
    const NAME: &'static str = "section";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let signer = context.signer()?;
        let before = content::section_text(&desk, &signer, &self.name)?;
        let after = edit(context, &self.name, &before)?;
        Ok(report::staged(&content::set_section(&desk, &signer, &self.name, &after, None)?))
    }
}

fn edit(context: &Context, name: &SectionName, before: &str) -> Result<String, Refused> {
    let editor = context.variable("VISUAL").or_else(|| context.variable("EDITOR"));
    let help = "set VISUAL or EDITOR, or use packet section set NAME --file FILE";
    let editor = editor.and_then(|e| e.to_str()).ok_or_else(|| Refused::usage("EDITOR", "no editor is set", help))?;
    let failed = |e: std::io::Error| Refused::usage("EDITOR", format!("{editor}: {e}"), help);
    let file = tempfile::Builder::new().prefix(name.as_str()).suffix(".md").tempfile().map_err(failed)?;
    std::fs::write(file.path(), before).map_err(failed)?;
    let mut words = editor.split_whitespace();
    let program = words.next().ok_or_else(|| Refused::usage("EDITOR", "no editor is set", help))?;
    let mut command = context.children().command(program);
    command.args(words).arg(file.path()).stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let status = command.status().map_err(failed)?;
    if !status.success() {
        return Err(Refused::usage("EDITOR", format!("{editor} ended with {status}; nothing was staged"), help));
    }
    content::read_section(file.path())
}

/// Stage a crash session
///
/// Example:
///   packet add-session s1 --environment prod-eu --sensitivity restricted --customer-facing
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddSession {
    /// Its name
    id: SessionId,
    /// Where the process ran
    #[arg(long, value_name = "NAME")]
    environment: String,
    /// How sensitive that environment's data is
    #[arg(long, value_name = "LEVEL", value_parser = one_of::<Sensitivity>())]
    sensitivity: Sensitivity,
    /// Customers met it
    #[arg(long)]
    customer_facing: bool,
    /// The crash's name in other systems
    #[arg(long, value_name = "TEXT")]
    crash_id: Option<String>,
    /// What crashed
    #[arg(long, value_name = "TEXT")]
    process: Option<String>,
    /// When, such as 2026-11-23T09:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    captured_at: Option<Time>,
}

impl Run for AddSession {
    const NAME: &'static str = "add-session";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new = NewSession {
            id: self.id.clone(),
            environment: self.environment.clone(),
            sensitivity: self.sensitivity,
            customer_facing: self.customer_facing,
            crash_id: self.crash_id.clone(),
            process: self.process.clone(),
            captured_at: self.captured_at,
        };
        Ok(report::staged(&content::add_session(&context.desk()?, &context.signer()?, &new)?))
    }
}

/// Stage the removal of a session with all it contains, a fragment, attachment, symbols or section
///
/// Objections about it stay.
///
/// Example:
///   packet remove fragment:stack --why "not needed for the review"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// What: session:ID, fragment:ID, attachment:ID, symbols:ID, retention:SESSION, section:NAME
    target: Target,
    /// Why; recorded with the revision
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Run for Remove {
    const NAME: &'static str = "remove";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::staged(&content::remove(&context.desk()?, &context.signer()?, &self.target, &self.why)?))
    }
}

/// Seal what you staged as one revision
///
/// It seals what *you* staged in this clone, nobody else's. It ends every draft and approval bound before it.
///
/// Example:
///   packet commit -m "mask the card number in the stack"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Commit {
    /// What changes and why
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Commit {
    const NAME: &'static str = "commit";
    const FIELDS: &'static [&'static str] = &["revision", "commit"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::sealed(&seal::commit(&context.desk()?, &context.signer()?, &self.message)?))
    }
}

/// Drop what you staged
#[derive(Debug, Args)]
pub(crate) struct Discard {}

impl Run for Discard {
    const NAME: &'static str = "discard";
    const FIELDS: &'static [&'static str] = &["discarded"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::discarded(stage::discard_own(&context.desk()?, &context.signer()?)?))
    }
}
