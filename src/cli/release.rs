//! Release: draft, gate, sign, approve, hold, supersede, repair.

use std::io::{self, BufRead, Write};

use clap::Args;

use super::evidence::progress;
use super::values::one_of;
use super::{Context, Run};
use crate::model::operation::Operation;
use crate::model::release::HoldKind;
use crate::report::{self, Body};
use crate::work::release::{self, Confirmation, Review};
use crate::work::{Refused, Verdict, repair};

/// Draft a release: check the sources and bind a manifest to the head
///
/// Refused while anything stands against it; every reason is printed with what to do.
#[derive(Debug, Args)]
pub(crate) struct Draft {}

impl Run for Draft {
    const NAME: &'static str = "draft";
    const FIELDS: &'static [&'static str] = &["release", "commit", "manifest_sha256"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let drafted = release::draft(&context.desk()?, &context.signer()?, &|bytes| progress(context, bytes))?;
        Ok(report::drafted(&drafted))
    }
}

/// Judge a draft as `approve` would: exit 0 when nothing stops an approval now
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// The release; by default the newest draft
    n: Option<u32>,
}

impl Run for Gate {
    const NAME: &'static str = "gate";
    const FIELDS: &'static [&'static str] = &["release", "commit"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        Ok(report::gate(&release::gate(&context.desk()?, self.n, &|bytes| progress(context, bytes))?))
    }
}

/// Sign a draft's manifest; for humans with a required role
///
/// Shows the release and what changed since your newest entry, then signs.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The release; by default the newest draft
    n: Option<u32>,
}

impl Run for Sign {
    const NAME: &'static str = "sign";
    const FIELDS: &'static [&'static str] = &["release", "commit", "missing", "manifest_sha256"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let signer = context.signer()?;
        let mut shown = String::new();
        if !context.json() {
            shown = report::review(&release::review(&desk, &signer, self.n, &|_| Box::new(|_| ()))?);
        }
        let mut body = report::signed(&release::sign(&desk, &signer, self.n)?, Vec::new());
        body.text = format!("{shown}\n{}", body.text);
        Ok(body)
    }
}

/// Approve a release: the release owner alone, one exact revision and its manifest
///
/// Shows revision, lane, audience, who signed, residual objections, retention and what changed since your newest
/// entry; then asks for the bound commit. Without a terminal, --confirm is required.
///
/// Example:
///   packet approve 1 --confirm 3f2a…
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Approve {
    /// The release; by default the newest draft
    n: Option<u32>,
    /// The full bound commit, or the manifest's SHA-256
    #[arg(long, value_name = "COMMIT|MANIFEST_SHA256")]
    confirm: Option<String>,
}

impl Run for Approve {
    const NAME: &'static str = "approve";
    const FIELDS: &'static [&'static str] = &["release", "commit", "entry", "manifest_sha256", "presence"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let signer = context.signer()?;
        let make_progress = |bytes| progress(context, bytes);
        let review = release::review(&desk, &signer, self.n, &|_| Box::new(|_| ()))?;
        let shown = if context.json() { String::new() } else { report::review(&review) };
        let confirmation = match &self.confirm {
            Some(typed) => confirmed(&review, typed, false)?,
            None if context.can_ask() && review.release.approval.is_none() => ask(&review, &shown)?,
            None if review.release.approval.is_some() => confirmed(&review, review.release.bound.as_str(), false)?,
            None if !review.reasons.is_empty() => return Err(Refused::for_reasons(review.reasons)),
            None => return Err(unconfirmed(&review)),
        };
        let n = Some(review.release.number);
        let seen = confirmation.typed.then_some(&review.packet.head);
        let (signed, warnings) = release::approve(&desk, &signer, n, &confirmation, seen, &make_progress)?;
        let mut body = report::signed(&signed, warnings);
        if self.confirm.is_some() {
            body.text = format!("{shown}\n{}", body.text);
        }
        Ok(body)
    }
}

fn unconfirmed(review: &Review) -> Refused {
    let n = review.release.number;
    let message = format!("without a terminal, approving release {n} needs --confirm");
    Refused::usage("--confirm", message, format!("packet approve {n} --confirm {}", review.release.bound))
}

/// What was confirmed must be the whole bound commit, or the whole digest of the manifest.
fn confirmed(review: &Review, typed: &str, at_terminal: bool) -> Result<Confirmation, Refused> {
    let release = &review.release;
    let typed = typed.trim();
    let enough = at_terminal && typed.len() >= 12 && release.bound.as_str().starts_with(typed);
    if enough || typed == release.bound.as_str() || typed == release.manifest_sha256.to_string() {
        return Ok(Confirmation { commit: release.bound.clone(), typed: at_terminal });
    }
    let message = format!(
        "release {} binds {}, and `{typed}` was confirmed; nothing was approved",
        release.number, release.bound
    );
    let help = format!("packet gate {}   then confirm what you looked at", release.number);
    Err(Refused::new(Verdict::No, "wrong-commit", format!("release:{}", release.number), message, help))
}

fn ask(review: &Review, shown: &str) -> Result<Confirmation, Refused> {
    if !review.reasons.is_empty() {
        return Err(Refused::for_reasons(review.reasons.clone()));
    }
    let mut terminal = io::stderr();
    let failed = |e: io::Error| Refused::usage("terminal", e.to_string(), "packet approve --confirm COMMIT");
    write!(terminal, "{shown}\nTo approve, type the bound commit (at least 12 digits): ").map_err(failed)?;
    terminal.flush().map_err(failed)?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(failed)?;
    confirmed(review, &typed, true)
}

/// Stop a release, for good; any human may
///
/// A hold is never lifted: draft again.
///
/// Example:
///   packet hold 1 --because disagreement -m "the stack shows a session cookie"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Hold {
    /// The release; by default the newest approved one, else the newest draft
    n: Option<u32>,
    /// Why, in a word
    #[arg(long, value_name = "KIND", value_parser = one_of::<HoldKind>())]
    because: HoldKind,
    /// Why, in your words
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Hold {
    const NAME: &'static str = "hold";
    const FIELDS: &'static [&'static str] = &["release", "entry"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let (desk, signer) = (context.desk()?, context.signer()?);
        let held = release::stop(&desk, &signer, Operation::Hold, self.n, self.because, &self.message)?;
        Ok(report::held(&held, "held"))
    }
}

/// End a release that you own, whatever became of it
#[derive(Debug, Args)]
pub(crate) struct Supersede {
    /// The release; by default the newest approved one, else the newest draft
    n: Option<u32>,
    /// Why, in a word
    #[arg(long, value_name = "KIND", value_parser = one_of::<HoldKind>())]
    because: HoldKind,
    /// Why, in your words
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

impl Run for Supersede {
    const NAME: &'static str = "supersede";
    const FIELDS: &'static [&'static str] = &["release", "entry"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let (desk, signer) = (context.desk()?, context.signer()?);
        let held = release::stop(&desk, &signer, Operation::Supersede, self.n, self.because, &self.message)?;
        Ok(report::held(&held, "superseded"))
    }
}

/// Move the local branch back to its last valid entry, after somebody put a foreign commit on it
///
/// Shows what would go and asks; without a terminal, --confirm with the last valid entry is required.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The full commit of the last valid entry
    #[arg(long, value_name = "COMMIT")]
    confirm: Option<String>,
}

impl Run for Repair {
    const NAME: &'static str = "repair";
    const FIELDS: &'static [&'static str] = &["from", "to", "done"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let Some(plan) = repair::plan(&desk, &context.signer()?)? else {
            return Ok(report::repair(None, false));
        };
        let typed = match &self.confirm {
            Some(typed) => typed.clone(),
            None if context.can_ask() => ask_repair(&plan)?,
            None => {
                let help = format!("packet repair --confirm {}", plan.to);
                let message = format!("without a terminal, repair needs --confirm; after {}: {}", plan.to, plan.why);
                return Err(Refused::usage("--confirm", message, help));
            }
        };
        if typed.trim() != plan.to.as_str() {
            let message =
                format!("the last valid entry is {}, and `{}` was confirmed; nothing moved", plan.to, typed.trim());
            return Err(Refused::new(Verdict::No, "wrong-commit", "repair", message, "packet repair"));
        }
        repair::carry_out(&desk, &plan)?;
        Ok(report::repair(Some(&plan), true))
    }
}

fn ask_repair(plan: &repair::Repair) -> Result<String, Refused> {
    let failed = |e: io::Error| Refused::usage("terminal", e.to_string(), "packet repair --confirm COMMIT");
    let mut terminal = io::stderr();
    let text = report::repair(Some(plan), false).text;
    write!(terminal, "{text}To move it, type the last valid entry ({}): ", plan.to).map_err(failed)?;
    terminal.flush().map_err(failed)?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(failed)?;
    Ok(typed)
}
