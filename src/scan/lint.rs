//! What is asked of a taxonomy that a person wrote: that its patterns compile and stay small, that its names are known
//! and used once, and that its examples are found and ignored as it says.
//!
//! Verification does not ask: a stored taxonomy is what the governance endorsed, and examples prove nothing later.

use std::collections::BTreeSet;

use super::{Scanner, TaxonomyError};
use crate::model::canonical::Stored;
use crate::model::taxonomy::{Class, Normal, Taxonomy};

/// The longest that a stored taxonomy may be, in bytes.
pub const LONGEST_STORED: usize = 256 << 10;

/// Judges a taxonomy, and gives the scanner that it makes.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn lint(taxonomy: &Taxonomy) -> Result<Scanner, TaxonomyError> {
    if taxonomy.format != 1 {
        return Err(TaxonomyError::Whole { why: format!("has format {}, which is not known", taxonomy.format) });
    }
    let mut ids = BTreeSet::new();
    if let Some(class) = taxonomy.class.iter().find(|class| !ids.insert(&class.id)) {
        return Err(TaxonomyError::Class { class: class.id.clone(), why: "it is there twice".to_owned() });
    }
    let known = taxonomy.known.iter().find(|known| !ids.contains(&known.class));
    if let Some(known) = known {
        let why = "a known value names it, and there is no such class".to_owned();
        return Err(TaxonomyError::Class { class: known.class.clone(), why });
    }
    let bytes = taxonomy.encode().len();
    if bytes > LONGEST_STORED {
        return Err(TaxonomyError::Whole {
            why: format!("is {bytes} bytes long; at most {LONGEST_STORED} are stored"),
        });
    }
    let shaped = |class: &&Class| class.exact && (class.normal() != Normal::Alnum || !class.pattern.is_empty());
    if let Some(class) = taxonomy.class.iter().find(shaped) {
        let why = "an exact class has normal = \"alnum\" and no pattern: its values are in the vault".to_owned();
        return Err(TaxonomyError::Class { class: class.id.clone(), why });
    }
    let scanner = Scanner::new(taxonomy)?;
    taxonomy.class.iter().try_for_each(|class| examples(&scanner, class))?;
    Ok(scanner)
}

/// Examples are the taxonomy's own text, so that they may be shown.
fn examples(scanner: &Scanner, class: &Class) -> Result<(), TaxonomyError> {
    let found = |text: &String| scanner.scan_text(text.as_bytes()).iter().any(|f| f.class == class.id);
    let wrong = |why: String| TaxonomyError::Class { class: class.id.clone(), why };
    if let Some(text) = class.finds.iter().find(|text| !found(text)) {
        return Err(wrong(format!("it does not find its example {text:?}")));
    }
    match class.ignores.iter().find(|text| found(text)) {
        Some(text) => Err(wrong(format!("it does not ignore its example {text:?}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is wrong with the examples, not the first alone.
    fn wrong_examples(taxonomy: &Taxonomy) -> Vec<String> {
        let scanner = Scanner::new(taxonomy).unwrap();
        let found = |class: &Class, text: &String| {
            scanner.scan_text(text.as_bytes()).iter().any(|finding| finding.class == class.id)
        };
        let wrong = |class: &Class| -> Vec<String> {
            let missed = class.finds.iter().filter(|text| !found(class, text));
            let taken = class.ignores.iter().filter(|text| found(class, text));
            let missed = missed.map(|text| format!("{} misses {text:?}", class.id));
            missed.chain(taken.map(|text| format!("{} takes {text:?}", class.id))).collect()
        };
        taxonomy.class.iter().flat_map(wrong).collect()
    }

    #[test]
    fn the_shipped_taxonomy_passes_and_is_stored_small() {
        let shipped = Taxonomy::shipped();
        assert_eq!(wrong_examples(&shipped), [""; 0]);
        lint(&shipped).unwrap();
        assert!(shipped.encode().len() < LONGEST_STORED / 4);
        assert_eq!(Taxonomy::decode(shipped.encode().as_bytes()).unwrap(), shipped);
    }

    #[test]
    fn the_taxonomy_in_the_manual_passes() {
        let manual = include_str!("../../docs/scan.md");
        let (_, sample) = manual.split_once("```toml\n").unwrap();
        lint(&toml::from_str(sample.split("```").next().unwrap()).unwrap()).unwrap();
    }

    fn refusal(change: impl Fn(&mut Taxonomy)) -> String {
        let text = "format = 1\n[[class]]\nid = \"ticket\"\nfinds = [\"T-1234\"]\n\
                    [[class.pattern]]\nregex = \"T-[0-9]{4}\"\n";
        let mut taxonomy = toml::from_str(text).unwrap();
        lint(&taxonomy).unwrap();
        change(&mut taxonomy);
        lint(&taxonomy).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_taxonomy_is_said() {
        let pattern = |regex: &'static str| move |t: &mut Taxonomy| t.class[0].pattern[0].regex = regex.to_owned();
        for (said, refusal) in [
            ("format 2", refusal(|t| t.format = 2)),
            ("there twice", refusal(|t| t.class.push(t.class[0].clone()))),
            ("does not find", refusal(|t| t.class[0].finds = vec!["T-12".into()])),
            ("does not ignore", refusal(|t| t.class[0].ignores = vec!["T-1234".into()])),
            ("no check `x`", refusal(|t| t.class[0].pattern[0].checks = vec!["x".into()])),
            ("without a bound", refusal(pattern("T-[0-9]+"))),
            ("without a bound", refusal(pattern("T-[0-9]{1,9999}"))),
            ("word boundary", refusal(pattern(r"\bT-[0-9]{4}"))),
            ("pattern 1", refusal(pattern("T-("))),
            ("compiles to more", refusal(pattern("(?:(?:[a-z0-9]{40}x){40}y){40}"))),
            ("max_length", refusal(|t| t.class[0].max_length = Some(5000))),
            ("window", refusal(|t| t.class[0].window = Some(5000))),
            ("context word", refusal(|t| t.class[0].context = vec!["Ticket".into()])),
            ("a pivot", refusal(|t| t.class[0].pattern[0].pivot = Some("ab".into()))),
        ] {
            assert!(refusal.contains(said), "{said}: {refusal}");
        }
    }
}
