//! What is asked of a taxonomy that a person wrote: that its patterns compile and stay small, that its names are known
//! and used once, and that its examples are found and ignored as it says.
//!
//! Verification does not ask: a stored taxonomy is what the governance endorsed, and examples prove nothing later.

use std::collections::BTreeSet;

use super::{Scanner, TaxonomyError};
use crate::model::canonical::Stored;
use crate::model::taxonomy::{Class, Taxonomy};

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

    #[test]
    fn the_shipped_taxonomy_passes_and_is_stored_small() {
        let shipped = Taxonomy::shipped();
        let wrong: Vec<_> = match Scanner::new(&shipped) {
            Err(error) => vec![error.to_string()],
            Ok(scanner) => {
                let mut wrong = Vec::new();
                for class in &shipped.class {
                    let found = |text: &String| scanner.scan_text(text.as_bytes()).iter().any(|f| f.class == class.id);
                    let missed = class.finds.iter().filter(|t| !found(t)).map(|t| format!("{} misses {t:?}", class.id));
                    let taken = class.ignores.iter().filter(|t| found(t)).map(|t| format!("{} takes {t:?}", class.id));
                    wrong.extend(missed.chain(taken));
                }
                wrong
            }
        };
        assert_eq!(wrong, [""; 0]);
        lint(&shipped).unwrap();
        assert!(shipped.encode().len() < LONGEST_STORED / 4);
        assert_eq!(Taxonomy::decode(shipped.encode().as_bytes()).unwrap(), shipped);
    }
}
