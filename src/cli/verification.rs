//! Verification: what CI runs.

use std::path::PathBuf;

use clap::Args;

use super::charter::read_text;
use super::values::time;
use super::{Context, Run};
use crate::model::id::CommitId;
use crate::model::policy::Policy;
use crate::model::time::Time;
use crate::report::{self, Body};
use crate::work::Refused;
use crate::work::verify::{self, Ask};

/// Verify a release: replay every entry from the genesis, then judge it
///
/// Exit 0 only for an approved, current release. Without a pinned genesis (packet trust, or --root) there is no
/// verdict: a branch cannot vouch for itself.
///
/// Examples:
///   packet verify --root 3f2a…                      in CI
///   packet verify 1 --at 2026-12-01T00:00:00Z       will it still hold?
///   packet verify --history                         is every entry valid?
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Verify {
    /// The release; by default the newest approved one, else the newest draft
    n: Option<u32>,
    /// The genesis, known from elsewhere
    #[arg(long, value_name = "GENESIS")]
    root: Option<CommitId>,
    /// What a charter must at least ask for
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// An anchor of another clone, judged beside this one's own
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Refuse when it is not proven that this is the newest head
    #[arg(long)]
    require_fresh: bool,
    /// Check the sources too, and scan what goes to the lane
    #[arg(long)]
    evidence: bool,
    /// Judge as of a later time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Time>,
    /// Judge every entry, released or not
    #[arg(long, conflicts_with_all = ["n", "policy", "evidence", "at"])]
    history: bool,
}

impl Run for Verify {
    const NAME: &'static str = "verify";
    const FIELDS: &'static [&'static str] = &[
        "packet",
        "genesis",
        "release",
        "commit",
        "head",
        "lane",
        "state",
        "signers",
        "residual_objections",
        "open_objections",
        "freshness",
        "entries_checked",
    ];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let policy = self.policy.as_ref().map(|file| read_policy(context, file)).transpose()?;
        let desk = context.desk()?;
        let ask = Ask {
            release: self.n,
            root: self.root.clone(),
            anchor: self.anchor.as_deref(),
            policy,
            require_fresh: self.require_fresh,
            evidence: self.evidence,
            at: self.at,
            history: self.history,
        };
        Ok(report::verified(desk.name.as_str(), &verify::verify(&desk, &ask)?, self.history))
    }
}

fn read_policy(context: &Context, file: &std::path::Path) -> Result<Policy, Refused> {
    let text = read_text(context, file)?;
    Policy::parse(&text)
        .map_err(|why| Refused::usage(file.display().to_string(), why, "docs/charter.md lists what a policy may ask"))
}
