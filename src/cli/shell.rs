//! Shell: completions and the manual page.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, Context, Run};
use crate::report::Body;
use crate::work::{Refused, Verdict};

/// Print completions for a shell
///
/// Example:
///   packet completions bash > ~/.local/share/bash-completion/completions/packet
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Run for Completions {
    const NAME: &'static str = "completions";
    const FIELDS: &'static [&'static str] = &["text"];

    fn run(&self, _: &Context) -> Result<Body, Refused> {
        let mut out = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "packet", &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        Ok(Body::yes(json!({"text": text}), text))
    }
}

/// Print the manual page
///
/// Example:
///   packet man | man -l -
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Man {}

impl Run for Man {
    const NAME: &'static str = "man";
    const FIELDS: &'static [&'static str] = &["text"];

    fn run(&self, _: &Context) -> Result<Body, Refused> {
        let mut out = Vec::new();
        let rendered = clap_mangen::Man::new(Cli::command()).render(&mut out);
        rendered.map_err(|e| Refused::new(Verdict::Undecided, "man", "man", e.to_string(), "packet --help"))?;
        let text = String::from_utf8_lossy(&out).into_owned();
        Ok(Body::yes(json!({"text": text}), text))
    }
}
