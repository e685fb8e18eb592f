//! Laying out text: indented, wrapped to the terminal, harmless.

use comfy_table::{ContentArrangement, Table, presets};

use crate::model::reason::Reason;
use crate::model::text::{harmless, harmless_block};

/// A page of text for people.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// One line of text from anywhere.
    pub fn line(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text.push_str(&harmless(text.as_ref()));
        self.text.push('\n');
        self
    }

    /// A block of text from anywhere, its line breaks kept.
    pub fn block(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text.push_str(&harmless_block(text.as_ref()));
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self
    }

    /// A blank line.
    pub fn gap(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// A name and its value, aligned.
    pub fn pair(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        self.text.push_str(&format!("{name:<11} {}\n", harmless(value.as_ref())));
        self
    }

    /// A heading over what follows.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        self.gap();
        self.line(text)
    }

    /// Lines below a heading.
    pub fn items<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) -> &mut Self {
        for item in items {
            self.text.push_str(&format!("  {}\n", harmless(item.as_ref())));
        }
        self
    }

    /// Reasons with what to do about each.
    pub fn reasons(&mut self, reasons: &[Reason]) -> &mut Self {
        for reason in reasons {
            self.text.push_str(&format!("  {}: {}\n", reason.code, harmless(&reason.message)));
            if !reason.help.is_empty() {
                self.text.push_str(&format!("      → {}\n", harmless(&reason.help)));
            }
        }
        self
    }

    /// A table, as wide as the terminal allows.
    pub fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) -> &mut Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(header.iter().map(ToString::to_string));
        for row in rows {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        for line in table.to_string().lines() {
            self.text.push_str(&format!("  {}\n", line.trim_end()));
        }
        self
    }

    /// The text.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
