//! Proposals and governance: changes that somebody may not make alone.

use std::path::PathBuf;

use clap::Args;

use super::values::one_of;
use super::workspace::read_taxonomy;
use super::{Context, Run};
use crate::model::id::{ActorId, ObjectionId, ProposalId};
use crate::model::proposal::RejectKind;
use crate::report::{self, Body};
use crate::work::governance::{self, TypedCharter};
use crate::work::{Refused, open, proposals, seal};

/// Store what you staged as a proposal; agents' only way to change content
///
/// Example:
///   packet propose -m "mask the session cookie too"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Propose {
    /// What it changes and why
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Propose {
    const NAME: &'static str = "propose";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::proposed(&seal::propose(&context.desk()?, &context.signer()?, &self.message)?))
    }
}

/// List every proposal with where it stands
#[derive(Debug, Args)]
pub(crate) struct Proposals {}

impl Run for Proposals {
    const NAME: &'static str = "proposals";
    const FIELDS: &'static [&'static str] = &["proposals"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::proposals(&proposals::list(&context.desk()?)?))
    }
}

/// Apply a proposal that somebody else made: its changes become a revision
///
/// Refused when a file it changes is not what it was made on: nothing is merged silently. A change of a section goes
/// through the section's owner. Whoever applies is behind the change, as its writer is: a release then needs a signer
/// who is neither.
///
/// Example:
///   packet apply p-0123456789ab
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Apply {
    /// The proposal
    id: ProposalId,
}

impl Run for Apply {
    const NAME: &'static str = "apply";
    const FIELDS: &'static [&'static str] = &["id", "revision", "commit"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::decided(&proposals::apply(&context.desk()?, &context.signer()?, &self.id)?))
    }
}

/// Turn down a proposal that somebody else made, and say which drift it was
///
/// Example:
///   packet reject p-0123456789ab --because wider-sharing -m "it sends the dump to the vendor"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Reject {
    /// The proposal
    id: ProposalId,
    /// Why, in a word; counted by kind
    #[arg(long, value_name = "KIND", value_parser = one_of::<RejectKind>())]
    because: RejectKind,
    /// Why, in your words
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Reject {
    const NAME: &'static str = "reject";
    const FIELDS: &'static [&'static str] = &["id", "commit"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let (desk, signer) = (context.desk()?, context.signer()?);
        Ok(report::decided(&proposals::reject(&desk, &signer, &self.id, self.because, &self.message)?))
    }
}

/// Propose another charter or taxonomy, with your own endorsement as the first
///
/// It takes effect when enough governance actors of the charter in force have endorsed it. A change of lane, audience,
/// signers, keys or threshold needs an endorser other than the release owner. Taking effect ends every draft and
/// approval bound before it.
///
/// Example:
///   packet show charter.toml > charter.toml
///   packet amend --charter charter.toml -m "the forensics lead has a new key"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Amend {
    /// The whole new charter
    #[arg(long, value_name = "FILE", required_unless_present = "taxonomy")]
    charter: Option<PathBuf>,
    /// The whole new taxonomy
    #[arg(long, value_name = "FILE")]
    taxonomy: Option<PathBuf>,
    /// What changes and why
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Amend {
    const NAME: &'static str = "amend";
    const FIELDS: &'static [&'static str] = &["id", "state", "missing"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let charter = self.charter.as_ref().map(|file| typed_charter(context, file)).transpose()?;
        let taxonomy = self.taxonomy.as_ref().map(|file| read_taxonomy(context, file)).transpose()?;
        let (desk, signer) = (context.desk()?, context.signer()?);
        let endorsed = governance::amend(&desk, &signer, charter.as_ref(), taxonomy.as_ref(), &self.message)?;
        Ok(report::endorsed(&endorsed).warn(charter.map(|typed| typed.charter.warnings()).unwrap_or_default()))
    }
}

fn typed_charter(context: &Context, file: &std::path::Path) -> Result<TypedCharter, Refused> {
    let text = super::charter::read_text(context, file)?;
    let file = file.display().to_string();
    let charter = open::read_charter(&file, &text)?;
    Ok(TypedCharter { file, text, charter })
}

/// Endorse an amendment or reassignment; look at it first with `packet show ID`
///
/// Example:
///   packet endorse p-0123456789ab
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Endorse {
    /// The proposal
    id: ProposalId,
}

impl Run for Endorse {
    const NAME: &'static str = "endorse";
    const FIELDS: &'static [&'static str] = &["id", "state", "missing"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::endorsed(&governance::endorse(&context.desk()?, &context.signer()?, &self.id)?))
    }
}

/// Propose to hand an objection, whose author left or cannot be reached, to another human
///
/// It stays as it is; the other human may then close or withdraw it, and the manifest shows the hand-over. They must
/// not be behind what is disputed, and not be the release owner, whose endorsement does not count either.
///
/// Example:
///   packet reassign o-0123456789ab --to forensics-lead --why "its author left the company"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Reassign {
    /// The objection
    objection: ObjectionId,
    /// Who is to speak for it
    #[arg(long, value_name = "ACTOR")]
    to: ActorId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Run for Reassign {
    const NAME: &'static str = "reassign";
    const FIELDS: &'static [&'static str] = &["id", "state", "missing"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let (desk, signer) = (context.desk()?, context.signer()?);
        Ok(report::endorsed(&governance::reassign(&desk, &signer, &self.objection, &self.to, &self.why)?))
    }
}
