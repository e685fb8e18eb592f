//! Text from people, dumps and other systems: untrusted until it is on a terminal, and there too.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether a character may be shown as it is.
///
/// Controls (Cc) can move the cursor or recolour a line, formats (Cf) include the bidirectional overrides of
/// CVE-2021-42574 ("Trojan Source"); line and paragraph separators break a line, and unassigned or private characters
/// mean whatever a font says.
pub fn is_plain(c: char) -> bool {
    !matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

/// The text on one line with every other character spelled out, `\n` as `\n` and ESC as `\u{1b}`: safe to print.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) { out.push(c) } else { out.extend(c.escape_default()) }
    }
    out
}

/// As [`harmless`], but keeping line breaks and tabs: for blocks of prose.
pub fn harmless_block(text: &str) -> String {
    text.split('\n')
        .map(|line| line.split('\t').map(harmless).collect::<Vec<_>>().join("\t"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}\r\n"), "a\\u{1b}[2Jb\\u{202e}\\r\\n");
        assert_eq!(harmless_block("a\tb\n\u{7}c"), "a\tb\n\\u{7}c");
        assert_eq!(harmless("Größe 漢字"), "Größe 漢字");
    }
}
