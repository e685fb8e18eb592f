//! Answers for people and machines. Decides nothing.
//!
//! Every text that came from outside passes [`crate::model::text::harmless`] on its way to a terminal.

mod compare;
mod error;
mod findings;
mod fragment;
mod ledger;
mod page;
mod proposals;
mod regions;
mod release;
mod rows;
mod scan;
mod status;
mod verify;
mod workspace;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::text::is_plain;
use crate::work::{Refused, Verdict, Why};

pub use compare::compare;
pub use error::refused;
pub use findings::{coverage, disposed};
pub use fragment::fragments;
pub use ledger::{objections, recorded};
pub use page::Page;
pub use proposals::{decided, endorsed, proposal, proposals, proposed};
pub use regions::{Reader, regions};
pub use release::{drafted, drift, gate, held, repair, review, signed};
pub use rows::Rows;
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
    /// A long list among the JSON fields.
    pub rows: Option<Rows>,
    /// Why the answer is not yes.
    pub reasons: Vec<Why>,
    /// What is not wrong and should be known.
    pub warnings: Vec<String>,
}

impl Body {
    /// A plain yes.
    pub fn yes(fields: Value, text: impl Into<String>) -> Self {
        let Value::Object(fields) = fields else { return Self::yes(json!({}), text) };
        Self { verdict: Verdict::Yes, fields, text: text.into(), rows: None, reasons: Vec::new(), warnings: Vec::new() }
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

/// The one JSON object of a command, but for its [`Rows`]. Fields that a command names and did not compute are null.
pub fn json(command: &str, names: &[&str], body: &Body) -> String {
    let told = |value: Value| Cow::Owned(value);
    // Borrowed: the regions of a dump may be a hundred thousand.
    let mut object: BTreeMap<&str, Cow<'_, Value>> = BTreeMap::new();
    let rowed = body.rows.as_ref().map(|rows| rows.name);
    let null = names.iter().filter(|name| Some(**name) != rowed).map(|name| (*name, told(Value::Null)));
    object.extend(null.chain(body.fields.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value)))));
    object.insert("schema", told(json!(format!("packet.{command}/1"))));
    object.insert("verdict", told(json!(body.verdict.as_str())));
    // A command may name `reasons` among its own fields; the gate's reasons are what it means.
    object.insert("reasons", told(json!(body.reasons)));
    object.insert("warnings", told(json!(body.warnings)));
    let mut text = escaped(serde_json::to_string_pretty(&object).expect("JSON values have a text"));
    text.push('\n');
    text
}

/// JSON text in which what must not reach a terminal raw is escaped: RFC 8259 demands that of C0 controls alone, and
/// people read JSON on terminals too. Such characters stand only inside strings, so the value stays the same.
fn escaped(json: String) -> String {
    // As almost all answers are; some have millions of characters.
    if json.bytes().all(|byte| byte == b'\n' || matches!(byte, b' '..=b'~')) {
        return json;
    }
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
        rows: None,
        reasons: refused.reasons.clone(),
        warnings: Vec::new(),
    };
    json(command, names, &body)
}
