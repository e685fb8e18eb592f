//! Charters: begin one, check one. Neither needs a repository.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, Run};
use crate::model::id::ActorId;
use crate::model::text::harmless;
use crate::report::{self, Body};
use crate::work::{Refused, Verdict, open};

/// Begin or check a charter, the file that says who may do what for which lane
#[derive(Debug, Subcommand)]
pub(crate) enum CharterCommand {
    New(CharterNew),
    Check(CharterCheck),
}

/// Write a commented charter with your own key filled in
///
/// Example:
///   packet charter new --id release-owner --out charter.toml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CharterNew {
    /// Your name in the roster
    #[arg(long, value_name = "ACTOR")]
    id: ActorId,
    /// Where to write it; a file that is there is never overwritten
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const TEMPLATE: &str = include_str!("charter.template.toml");

impl Run for CharterNew {
    const NAME: &'static str = "charter-new";
    const FIELDS: &'static [&'static str] = &["out", "charter"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let key = context.signer()?.public_key().to_string();
        let text = TEMPLATE.replace("@ID@", self.id.as_str()).replace("@KEY@", &key);
        let Some(out) = &self.out else {
            return Ok(Body::yes(json!({"out": null, "charter": text}), text));
        };
        let path = context.here().join(out);
        let written =
            std::fs::File::create_new(&path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        let name = out.display().to_string();
        written.map_err(|e| Refused::usage(&name, format!("{name}: {e}"), "name a file that is not there yet"))?;
        let shown = harmless(&name);
        let next = format!("wrote {shown}\nnext: fill in the roster, then packet charter check {shown}\n");
        Ok(Body::yes(json!({"out": name, "charter": text}), next))
    }
}

/// Check a charter, every problem with line and column
///
/// Example:
///   packet charter check charter.toml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CharterCheck {
    /// The charter
    file: PathBuf,
}

impl Run for CharterCheck {
    const NAME: &'static str = "charter-check";
    const FIELDS: &'static [&'static str] = &["lane", "release_owner"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let text = read_text(context, &self.file)?;
        let name = self.file.display().to_string();
        let charter =
            open::read_charter(&name, &text).map_err(|refused| Refused { verdict: Verdict::No, ..refused })?;
        Ok(report::charter_checked(&name, &charter))
    }
}

/// Reads a text file a person wrote.
pub(super) fn read_text(context: &Context, file: &Path) -> Result<String, Refused> {
    let name = file.display().to_string();
    std::fs::read_to_string(context.here().join(file))
        .map_err(|e| Refused::usage(&name, format!("{name}: {e}"), format!("ls -l '{name}'")))
}
