//! A long list of a JSON answer, written out row by row.
//!
//! A scan may list a hundred thousand findings. As values they would take a hundred megabytes before the first was
//! written; as text they take what they take.

use serde_json::Value;

use super::escaped;

/// One list, by its name in the answer.
#[derive(Debug, Default)]
pub struct Rows {
    /// The name.
    pub(super) name: &'static str,
    text: String,
}

impl Rows {
    /// Writes the rows out.
    pub(super) fn of(name: &'static str, rows: impl Iterator<Item = Value>) -> Self {
        let mut text = String::new();
        for row in rows {
            text.push_str(if text.is_empty() { "\n    " } else { ",\n    " });
            text.push_str(&escaped(row.to_string()));
        }
        Self { name, text }
    }

    /// Puts the list at the end of the text of an object that has other fields.
    pub(super) fn append(&self, object: &mut String) {
        let closing = object.trim_end().len() - 1;
        object.truncate(object[..closing].trim_end().len());
        object.reserve_exact(self.text.len() + self.name.len() + 32);
        let end = if self.text.is_empty() { "" } else { "\n  " };
        object.push_str(&format!(",\n  \"{}\": [", self.name));
        object.push_str(&self.text);
        object.push_str(&format!("{end}]\n}}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_a_list_of_the_object() {
        for count in 0..3 {
            let mut object = "{\n  \"a\": 1\n}".to_owned();
            Rows::of("findings", (0..count).map(|n| json!({"n": n, "t": "\u{202e}\n"}))).append(&mut object);
            let read: Value = serde_json::from_str(&object).unwrap();
            assert_eq!(read["a"], 1);
            assert_eq!(read["findings"].as_array().unwrap().len(), count);
            assert!(object.is_ascii() && object.ends_with("]\n}"));
        }
    }
}
