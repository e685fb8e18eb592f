//! Runs commands as the people of the story, prints them with their answers, and insists on what they answer.

use std::path::PathBuf;
use std::process::Command;

use super::place::{Place, isolated};
use super::{Outcome, say};

/// The exit codes of `packet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// 0: it holds, it is done.
    Yes,
    /// 1: no, and why.
    No,
}

/// How much of an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Print {
    /// All of it.
    All,
    /// Its last paragraph: the rest was seen before.
    Ending,
}

/// Tells the story with one built `packet` in one place.
pub(crate) struct Teller<'a> {
    place: &'a Place,
    program: PathBuf,
    chapters: u32,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(place: &'a Place, program: PathBuf) -> Self {
        Self { place, program, chapters: 0 }
    }

    /// Begins a chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        say(format_args!("\n\n=== {}. {title}", self.chapters));
    }

    /// Somebody runs a command that succeeds; gives its answer.
    pub(crate) fn runs(&self, actor: &str, arguments: &[&str], why: &str) -> Outcome<String> {
        self.tell(actor, arguments, why, Expect::Yes, Print::All)
    }

    /// Somebody runs a command that is refused; gives the refusal.
    pub(crate) fn is_refused(&self, actor: &str, arguments: &[&str], why: &str) -> Outcome<String> {
        self.tell(actor, arguments, why, Expect::No, Print::All)
    }

    /// Prints why it matters, the command and its answer; an unexpected exit code ends the story.
    pub(crate) fn tell(
        &self,
        actor: &str,
        arguments: &[&str],
        why: &str,
        expect: Expect,
        print: Print,
    ) -> Outcome<String> {
        say(format_args!("\n# {why}\n{actor} $ packet {}", typed(arguments)));
        let mut command = Command::new(&self.program);
        isolated(&mut command, &self.place.home(actor)).args(arguments).current_dir(self.place.path("repo"));
        let output = command.output().map_err(|e| format!("{}: {e}", self.program.display()))?;
        let answer = [output.stderr, output.stdout].concat();
        let answer = String::from_utf8(answer)?;
        say(match print {
            Print::All => answer.trim_end(),
            Print::Ending => answer.trim_end().rsplit("\n\n").next().unwrap_or_default(),
        });
        let (code, expected) = (output.status.code(), expect as i32);
        if code != Some(expected) {
            return Err(format!("`packet {}` ended with {}, not {expected}", typed(arguments), output.status).into());
        }
        if expect == Expect::No {
            say(format_args!("(exit {expected})"));
        }
        Ok(answer)
    }
}

/// The arguments as somebody would type them in a shell.
fn typed(arguments: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=".contains(c);
    let quoted = |a: &&str| if a.chars().all(plain) { (*a).to_owned() } else { format!("'{a}'") };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The first objection id in an answer.
pub(crate) fn objection_id(answer: &str) -> Outcome<String> {
    word(answer, |w| w.starts_with("o-") && w.len() == 14).ok_or_else(|| "the answer names no objection".into())
}

/// The first full commit in an answer.
pub(crate) fn commit_id(answer: &str) -> Outcome<String> {
    let is_commit = |w: &str| w.len() == 40 && w.chars().all(|c| c.is_ascii_hexdigit());
    word(answer, is_commit).ok_or_else(|| "the answer names no commit".into())
}

fn word(text: &str, is_it: impl Fn(&str) -> bool) -> Option<String> {
    text.split_whitespace().find(|w| is_it(w)).map(str::to_owned)
}
