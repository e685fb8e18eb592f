//! Findings: what people make of what scans found.

use clap::Args;

use super::evidence::progress;
use super::values::one_of;
use super::{Context, Run};
use crate::model::disposition::Judgement;
use crate::model::id::{ClassId, FragmentId};
use crate::model::target::Target;
use crate::report::{self, Body};
use crate::work::Refused;
use crate::work::coverage;
use crate::work::dispose::{self, NewDisposition};

/// Hold what redactions mask against what is found in the raw bytes
///
/// Scans the raw and the sanitized bytes where they lie, in memory, and records nothing. Exit 1 when
/// something of a class that blocks shows and nobody disposed of it, or a claim does not fit, 3 when a fragment could not be scanned to the end. Places and classes are shown, never text.
///
/// Examples:
///   packet coverage
///   packet coverage stack
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Coverage {
    /// The fragments; all when none is named
    fragment: Vec<FragmentId>,
}

impl Run for Coverage {
    const NAME: &'static str = "coverage";
    const FIELDS: &'static [&'static str] = &["groups", "fragments"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let progress = |bytes| progress(context, bytes);
        let answer = coverage::coverage(&context.desk()?, &self.fragment, progress)?;
        Ok(report::coverage(&answer))
    }
}

/// Judge every recorded finding of one class in one place, as one decision
///
/// The decision binds the exact set found so far: one more finding, or one less, reopens it. It is yours, signed apart
/// from the entry, and ends every draft and approval bound before it. For the people whose roles the charter's
/// `disposers` names.
///
/// Examples:
///   packet dispose --class url-query --in session:s1 --as not-customer-data --why "our own support pages"
///   packet dispose --class email --in fragment:stack --as needed --why "the address is what crashed the parser"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Dispose {
    /// The class of the findings
    #[arg(long, value_name = "CLASS")]
    class: ClassId,
    /// Where they are: fragment:ID, session:ID (all its fragments) or packet
    #[arg(long = "in", value_name = "TARGET")]
    target: Target,
    /// What they are
    #[arg(long = "as", value_name = "JUDGEMENT", value_parser = one_of::<Judgement>())]
    judgement: Judgement,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Run for Dispose {
    const NAME: &'static str = "dispose";
    const FIELDS: &'static [&'static str] = &["sets", "commit"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new = NewDisposition {
            class: self.class.clone(),
            target: self.target.clone(),
            judgement: self.judgement,
            why: self.why.clone(),
        };
        Ok(report::disposed(&dispose::dispose(&context.desk()?, &context.signer()?, &new)?))
    }
}
