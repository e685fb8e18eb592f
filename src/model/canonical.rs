//! Canonical TOML: the one encoding of a stored value.
//!
//! Serde's TOML writer promises that its output reads back, not that it is the only such text. Signatures and digests
//! here are over bytes, so the promise must be the stronger one: **one value, one encoding**. This module writes the
//! single form (keys in declared order, arrays on one line, no inline tables, one escape per character), and reading
//! goes through [`decode`], which re-encodes and compares. That closes what serde leaves open (F14: maps keep the last
//! of two equal keys; RELIABILITY.md), and with it BOMs, CRLF, comments and every other second spelling.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::{Table, Value};

use super::text::is_plain;

/// Bytes that are not the canonical encoding of a value of their kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotCanonical {
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    Utf8,
    /// Not TOML, or not the fields of this kind of file.
    #[error("{0}")]
    Parse(String),
    /// Reads as a value whose encoding is other bytes.
    #[error("not in canonical form")]
    Form,
    /// Longer than any file of its kind may be.
    #[error("{bytes} bytes long; at most {limit} are read")]
    TooLong {
        /// Length found, in bytes.
        bytes: usize,
        /// Longest that is read, in bytes.
        limit: usize,
    },
}

/// The largest integer that is stored. The manifest is RFC 8785 JSON, in which integers are exact only up to here: of two
/// larger ones that are read as one, a signature would bind neither.
pub const LARGEST: i64 = (1 << 53) - 1;

/// The longest stored TOML file that is read, in bytes.
pub const LONGEST: usize = 4 << 20;

/// A value stored as one canonical TOML file.
pub trait Stored: Serialize + DeserializeOwned {
    /// The canonical bytes.
    fn encode(&self) -> String {
        encode(self)
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// When the bytes are not the canonical encoding of a value of this kind.
    fn decode(bytes: &[u8]) -> Result<Self, NotCanonical> {
        decode(bytes)
    }
}

/// Encodes a value canonically.
pub fn encode<T: Serialize>(value: &T) -> String {
    let table = table(value).expect("stored values are structs of strings, booleans, lists and integers that fit");
    let mut out = String::new();
    write_table(&mut out, "", &table);
    out
}

/// Whether every integer of a value fits, so that it can be encoded: to be asked of what people typed.
pub fn fits<T: Serialize>(value: &T) -> bool {
    table(value).is_some()
}

fn table<T: Serialize>(value: &T) -> Option<Table> {
    let table = Table::try_from(value).ok()?;
    table.values().all(is_exact).then_some(table)
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Integer(number) => (-LARGEST..=LARGEST).contains(number),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Table(table) => table.values().all(is_exact),
        _ => true,
    }
}

/// Reads bytes that must be the canonical encoding of a `T`.
///
/// # Errors
/// When they are anything else.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, NotCanonical> {
    if bytes.len() > LONGEST {
        return Err(NotCanonical::TooLong { bytes: bytes.len(), limit: LONGEST });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NotCanonical::Utf8)?;
    let value: T = toml::from_str(text).map_err(|e| NotCanonical::Parse(e.message().to_owned()))?;
    if fits(&value) && encode(&value).as_bytes() == bytes { Ok(value) } else { Err(NotCanonical::Form) }
}

/// For `skip_serializing_if`: a flag that is not set is absent.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Scalars and lists first, in declared order; then sub-tables, in declared order, each under its full name.
fn write_table(out: &mut String, prefix: &str, table: &Table) {
    for (key, value) in table {
        if !is_section(value) {
            out.push_str(key);
            out.push_str(" = ");
            write_value(out, value);
            out.push('\n');
        }
    }
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => write_section(out, &format!("[{name}]"), &name, inner),
            Value::Array(items) if is_section(value) => {
                for item in items {
                    let inner = item.as_table().expect("a list of tables holds tables only");
                    write_section(out, &format!("[[{name}]]"), &name, inner);
                }
            }
            _ => {}
        }
    }
}

fn write_section(out: &mut String, header: &str, name: &str, table: &Table) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(header);
    out.push('\n');
    write_table(out, name, table);
}

fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(items) => items.first().is_some_and(Value::is_table),
        _ => false,
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            unreachable!("stored values hold no floats or datetimes, and tables are sections")
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_plain(c) => out.push(c),
            c if u32::from(c) <= 0xFFFF => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        x: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        b: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u32>,
        a: Vec<String>,
        inner: Inner,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        many: Vec<Inner>,
    }
    impl Stored for Outer {}

    fn sample() -> Outer {
        Outer {
            b: "q\"\\\n\t\u{1b}[31m\u{202e}é\u{e0001}".into(),
            absent: None,
            a: vec!["1".into(), "2".into()],
            inner: Inner { x: 1 },
            many: vec![Inner { x: 2 }, Inner { x: 3 }],
        }
    }

    #[test]
    fn the_form_is_frozen() {
        let expected = "b = \"q\\\"\\\\\\n\\t\\u001B[31m\\u202Eé\\U000E0001\"\na = [\"1\", \"2\"]\n\n[inner]\nx = 1\n\n[[many]]\nx = 2\n\n[[many]]\nx = 3\n";
        assert_eq!(sample().encode(), expected);
        assert_eq!(Outer::decode(expected.as_bytes()).expect("canonical"), sample());
    }

    #[test]
    fn an_integer_that_json_would_round_is_refused_and_never_a_panic() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Number {
            n: u64,
        }
        let most = format!("n = {LARGEST}\n");
        assert_eq!(encode(&decode::<Number>(most.as_bytes()).expect("it fits")), most);
        for n in [1 << 53, i64::MAX as u64, 1 << 63, u64::MAX] {
            assert!(!fits(&Number { n }), "{n}");
            assert!(decode::<Number>(format!("n = {n}\n").as_bytes()).is_err(), "{n}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = sample().encode();
        let others = [
            format!("\u{feff}{good}"),
            good.replace('\n', "\r\n"),
            format!("# comment\n{good}"),
            good.replace("a = [\"1\", \"2\"]", "a = ['1', \"2\"]"),
            good.replace("x = 1", "x = 0x1"),
            format!("{good}\n"),
            good.replace("b = ", "b  = "),
            good.replace("[inner]\nx = 1", "[inner]\nx = 1\nx = 1"),
            good.replace("[inner]\nx = 1", "[inner]\nx = 1\ny = 1"),
            good.replace("\\u001B", "\\u001b"),
        ];
        for other in others {
            assert!(Outer::decode(other.as_bytes()).is_err(), "{other}");
        }
    }
}
