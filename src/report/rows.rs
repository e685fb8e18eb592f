//! A long list of a JSON answer, written out row by row.
//!
//! A scan may list a hundred thousand findings. As values they would take a hundred megabytes before the first was
//! written, and as text a good twenty; written as they are made, they take nothing.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::escaped;

/// What writes the rows, one after another.
type Fill = dyn Fn(&mut List<'_>) -> io::Result<()>;

/// One list, by its name in the answer.
pub struct Rows {
    /// The name.
    pub(super) name: &'static str,
    fill: Box<Fill>,
}

/// A list being written.
pub(super) struct List<'w> {
    out: &'w mut dyn Write,
    empty: bool,
}

impl List<'_> {
    pub(super) fn push(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if self.empty { b"\n    " } else { b",\n    " })?;
        self.empty = false;
        self.out.write_all(escaped(serde_json::to_string(row)?).as_bytes())
    }
}

impl Rows {
    pub(super) fn new(name: &'static str, fill: impl Fn(&mut List<'_>) -> io::Result<()> + 'static) -> Self {
        Self { name, fill: Box::new(fill) }
    }

    /// Writes an object that has other fields, with the list at its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, object: &str, out: &mut dyn Write) -> io::Result<()> {
        let fields = object.trim_end().strip_suffix('}').unwrap_or(object).trim_end();
        write!(out, "{fields},\n  \"{}\": [", self.name)?;
        let mut list = List { out: &mut *out, empty: true };
        (self.fill)(&mut list)?;
        let end = if list.empty { "" } else { "\n  " };
        writeln!(out, "{end}]\n}}")
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn rows_are_a_list_of_the_object() {
        for count in 0..3 {
            let fill =
                move |list: &mut List<'_>| (0..count).try_for_each(|n| list.push(&json!({"n": n, "t": "\u{202e}\n"})));
            let mut text = Vec::new();
            Rows::new("findings", fill).write("{\n  \"a\": 1\n}\n", &mut text).unwrap();
            let read: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(read["a"], 1);
            assert_eq!(read["findings"].as_array().unwrap().len(), count);
            assert!(text.is_ascii() && text.ends_with(b"]\n}\n"));
        }
    }
}
