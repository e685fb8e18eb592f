//! Answers for people and machines. Decides nothing.
//!
//! Every text that came from outside passes [`crate::model::text::harmless`] on its way to a terminal.

mod error;
mod findings;
mod fragment;
mod ledger;
mod page;
mod proposals;
mod regions;
mod release;
mod scan;
mod status;
mod verify;
mod workspace;

use serde_json::{Map, Value, json};

use crate::model::text::is_plain;
use crate::work::{Refused, Verdict, Why};

pub use error::refused;
pub use findings::{coverage, disposed};
pub use fragment::fragments;
pub use ledger::{objections, recorded};
pub use page::Page;
pub use proposals::{decided, endorsed, proposal, proposals, proposed};
pub use regions::regions;
pub use release::{drafted, drift, gate, held, repair, review, signed};
pub use scan::scanned;
pub use status::{list, status};
pub use verify::verified;
pub use workspace::{
    charter_checked, diff, discarded, log, opened, sealed, show, staged, staged_attachment, staged_symbols, trusted,
    whoami,
};

/// What a command says.
#[derive(Debug)]
pub struct Body {
    /// The answer.
    pub verdict: Verdict,
    /// The JSON fields of this command.
    pub fields: Map<String, Value>,
    /// The text for people.
    pub text: String,
    /// Why the answer is not yes.
    pub reasons: Vec<Why>,
    /// What is not wrong and should be known.
    pub warnings: Vec<String>,
}

impl Body {
    /// A plain yes.
    pub fn yes(fields: Value, text: impl Into<String>) -> Self {
        let Value::Object(fields) = fields else { return Self::yes(json!({}), text) };
        Self { verdict: Verdict::Yes, fields, text: text.into(), reasons: Vec::new(), warnings: Vec::new() }
    }

    /// With warnings.
    #[must_use]
    pub fn warn(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    /// With reasons, which make the verdict.
    #[must_use]
    pub fn because(mut self, reasons: &[crate::model::reason::Reason]) -> Self {
        self.verdict = crate::model::reason::Verdict::of(reasons).into();
        self.reasons = reasons.iter().cloned().map(Why::from).collect();
        self
    }
}

/// The one JSON object of a command. Fields that a command names and did not compute are null.
pub fn json(command: &str, names: &[&str], body: &Body) -> String {
    let mut object = Map::new();
    object.insert("schema".into(), json!(format!("packet.{command}/1")));
    object.insert("verdict".into(), json!(body.verdict.as_str()));
    for name in names {
        object.insert((*name).to_owned(), body.fields.get(*name).cloned().unwrap_or(Value::Null));
    }
    for (name, value) in &body.fields {
        object.insert(name.clone(), value.clone());
    }
    // A command may name `reasons` among its own fields; the gate's reasons are what it means.
    object.insert("reasons".into(), json!(body.reasons));
    object.insert("warnings".into(), json!(body.warnings));
    let mut text = escaped(&serde_json::to_string_pretty(&Value::Object(object)).expect("JSON values have a text"));
    text.push('\n');
    text
}

/// JSON text in which what must not reach a terminal raw is escaped: RFC 8259 demands that of C0 controls alone, and
/// people read JSON on terminals too. Such characters stand only inside strings, so the value stays the same.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_plain(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The JSON object of a command that was refused.
pub fn json_refused(command: &str, names: &[&str], refused: &Refused) -> String {
    let body = Body {
        verdict: refused.verdict,
        fields: Map::new(),
        text: String::new(),
        reasons: refused.reasons.clone(),
        warnings: Vec::new(),
    };
    json(command, names, &body)
}
