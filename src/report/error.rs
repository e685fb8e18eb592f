//! Refusals for people: what, why, what to type next; with the place in the file where there is one.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use crate::model::text::{harmless, harmless_block};
use crate::work::refused::Labelled;
use crate::work::{Refused, Verdict};

/// The text of a refusal.
pub fn refused(refused: &Refused, colour: bool) -> String {
    if let Some(labelled) = &refused.labelled {
        return labelled_text(labelled, colour);
    }
    let word = match refused.verdict {
        Verdict::Undecided => "could not decide",
        _ => "refused",
    };
    let mut text = String::new();
    for why in &refused.reasons {
        text.push_str(&format!("{word}: {} [{}]\n", harmless(&why.message), harmless(&why.code)));
        if !why.help.is_empty() {
            text.push_str(&format!("  → {}\n", harmless(&why.help)));
        }
    }
    text
}

fn labelled_text(labelled: &Labelled, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme);
    let source = harmless_block(&labelled.text);
    // Spans are into the text as typed; where characters had to be made harmless they would point elsewhere.
    let exact = source == labelled.text;
    let mut out = String::new();
    for label in &labelled.labels {
        let mut diagnostic = MietteDiagnostic::new(harmless(&label.message)).with_help(harmless(&label.help));
        if exact {
            diagnostic = diagnostic.with_label(LabeledSpan::at(first_line(&source, label.span.clone()), "here"));
        }
        let report =
            Report::from(diagnostic).with_source_code(NamedSource::new(harmless(&labelled.file), source.clone()));
        let text = handler.render_report(&mut out, report.as_ref());
        text.expect("writing to a string does not fail");
    }
    out
}

/// The first line of a span: a label on a whole table would show all of it.
fn first_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let end = text.get(span.clone()).and_then(|t| t.find('\n')).map_or(span.end, |at| span.start + at);
    span.start..end
}
