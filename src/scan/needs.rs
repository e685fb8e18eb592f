//! What a short text must hold before a scanner is made for it.
//!
//! Making a taxonomy ready takes some ten milliseconds, most of what recording a line takes otherwise, and most lines are
//! prose. Every match of a pattern holds at least so many digits, at signs and the like; a text with fewer has no match, and
//! what may be encoded is always worth a look. Computed from the patterns and checks themselves, so it is true of any taxonomy.

use super::automaton::Parsed;
use super::rules::TaxonomyError;
use crate::model::taxonomy::{Class, Pattern};

/// A run of this many bytes without a blank may be base64 of something.
const ENCODED: usize = 16;

type Set = fn(u8) -> bool;

/// Sets of bytes that patterns ask for and prose has few of.
const SETS: &[Set] = &[
    |b| b.is_ascii_digit(),
    |b| b.is_ascii_uppercase(),
    |b| b == b'@',
    |b| b == b'=',
    |b| b == b':',
    |b| b == b':' || b == b'=',
    |b| b == b'/',
    |b| b == b'\\',
    |b| b == b'_',
    |b| b == b'-',
    |b| b == b'.',
    |b| b == b'+',
    |b| !(b.is_ascii_lowercase() || b == b' '),
];

/// What each of some patterns needs: bytes of each set, and the length of a word.
#[derive(Debug)]
pub struct Needs(Vec<Vec<usize>>);

impl Needs {
    /// What the patterns of classes need.
    ///
    /// # Errors
    /// When a pattern is none.
    pub fn of<'a>(classes: impl Iterator<Item = &'a Class>) -> Result<Self, TaxonomyError> {
        let mut needs = Vec::new();
        for class in classes {
            for (place, pattern) in class.pattern.iter().enumerate() {
                let wrong = |why: String| TaxonomyError::Pattern { class: class.id.clone(), place: place + 1, why };
                needs.push(needs_of(pattern).map_err(|e| wrong(e.to_string()))?);
            }
        }
        Ok(Self(needs))
    }

    /// Whether a text may hold a match, plain or encoded.
    pub fn are_met(&self, text: &[u8]) -> bool {
        let longest = text.split(u8::is_ascii_whitespace).map(<[u8]>::len).max().unwrap_or(0);
        if longest >= ENCODED || !text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            return true;
        }
        let count = |set: &Set| text.iter().filter(|byte| set(**byte)).count();
        let counts: Vec<usize> = SETS.iter().map(count).chain([longest]).collect();
        self.0.iter().any(|needs| needs.iter().zip(&counts).all(|(need, count)| need <= count))
    }
}

fn needs_of(pattern: &Pattern) -> Result<Vec<usize>, super::automaton::PatternError> {
    let value = Parsed::new(&pattern.regex)?;
    let unbroken = if value.avoids(&|byte| byte.is_ascii_whitespace()) { value.least(&|_| true) } else { 0 };
    let whole = match &pattern.lead {
        Some(lead) => Parsed::new(lead)?.then(value),
        None => value,
    };
    let mut needs: Vec<usize> = SETS.iter().map(|set| whole.least(set)).collect();
    let checked = |name: &str| usize::from(pattern.checks.iter().any(|check| check == name));
    // A digit; a digit or a capital.
    needs[0] = needs[0].max(checked("has-digit"));
    needs[SETS.len() - 1] = needs[SETS.len() - 1].max(checked("random"));
    needs.push(unbroken);
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::taxonomy::Taxonomy;
    use crate::scan::Scanner;

    fn needs() -> Needs {
        Needs::of(Taxonomy::shipped().blocking()).unwrap()
    }

    #[test]
    fn prose_needs_no_scanner() {
        for prose in ["it is shorter now", "masked by the second pass", "Mask the heap, too; see the caveats.", ""] {
            assert!(!needs().are_met(prose.as_bytes()), "{prose}");
        }
    }

    #[test]
    fn whatever_the_shipped_taxonomy_finds_meets_what_it_needs() {
        let taxonomy = Taxonomy::shipped();
        let scanner = Scanner::new(&taxonomy).unwrap();
        let mut looked_at = 0;
        for class in taxonomy.blocking() {
            for text in class.finds.iter().chain(&class.ignores) {
                let found = scanner.scan_text(text.as_bytes());
                if found.iter().any(|f| taxonomy.blocking().any(|class| class.id == f.class)) {
                    assert!(needs().are_met(text.as_bytes()), "{}: {text}", class.id);
                    looked_at += 1;
                }
            }
        }
        assert!(looked_at > 50, "{looked_at}");
    }

    #[test]
    fn what_is_encoded_is_always_looked_at() {
        for text in ["see Zmlyc3QudXNlckBtYWlsLmV4YW1wbGUudGVzdA", "é", "a\0b"] {
            assert!(needs().are_met(text.as_bytes()), "{text}");
        }
    }
}
