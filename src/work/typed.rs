//! Text that people type or dumps name, looked at before it is stored: an identifier must not get into the history by
//! way of a message about it.
//!
//! Every text goes through one of three doors: what is staged, what an entry writes, what a genesis holds. There all
//! strings of the files are scanned that were not in the file before, whatever command made them; what only the tool
//! writes (digests, keys, signatures, times) is left out. A refusal says which class and where, and never the text.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::exact;
use super::inspect::unfit;
use super::refused::{Refused, Verdict};
use crate::model::actor::Actor;
use crate::model::charter::Charter;
use crate::model::id::ClassId;
use crate::model::place::Place;
use crate::model::taxonomy::Taxonomy;
use crate::scan::{Needs, Scanner};

/// One text, and where it would be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// Such as `sections/summary.md` or `message`.
    pub(super) place: String,
    /// It.
    pub(super) text: String,
}

impl Typed {
    /// Where it would be stored, as it may be told: a name that people chose may be the very text.
    fn told(&self) -> String {
        const CHOSEN: [&str; 5] = ["attachments", "fragments", "sections", "sessions", "symbols"];
        let parts: Vec<&str> = self.place.split('/').collect();
        match parts.iter().position(|part| CHOSEN.contains(part)) {
            Some(at) => format!("{}/…", parts[..=at].join("/")),
            None => self.place.clone(),
        }
    }
}

/// Keys whose values the tool makes: no person types them, and long random ones look like many things.
const MADE: &[&str] = &[
    "at",
    "base",
    "blake3",
    "bytes",
    "commitment",
    "complete",
    "config",
    "key",
    "keyed_blake3",
    "keys",
    "now",
    "recipients",
    "set",
    "sha256",
    "signature",
    "target",
    "values",
    "was",
];

/// Of a taxonomy, what describes identifiers: patterns and examples look like what they find.
const DESCRIBES: &[&str] = &["finds", "ignores", "lead", "pivot", "placeholders", "regex"];

/// The texts of a file that were not in it before.
pub(super) fn texts_of(place: &Place, bytes: &[u8], before: Option<&[u8]>) -> Vec<Typed> {
    let text = String::from_utf8_lossy(bytes);
    match place {
        Place::Proposed(_, place) => texts_of(place, bytes, before),
        Place::SectionText(_) if before == Some(bytes) => Vec::new(),
        Place::SectionText(_) => vec![Typed { place: place.to_string(), text: text.into_owned() }],
        Place::AllowedSigners | Place::Manifest(_) | Place::Signature(..) | Place::Endorsement(..) => Vec::new(),
        _ => {
            let passed_over = if *place == Place::Taxonomy { [MADE, DESCRIBES].concat() } else { MADE.to_vec() };
            let strings_of = |bytes| strings_of(bytes, &passed_over);
            let stood: BTreeSet<String> = before.map(strings_of).unwrap_or_default();
            let new = strings_of(bytes).into_iter().filter(|text| !stood.contains(text));
            new.map(|text| Typed { place: place.to_string(), text }).collect()
        }
    }
}

fn strings_of(bytes: &[u8], passed_over: &[&str]) -> BTreeSet<String> {
    let table: Table = std::str::from_utf8(bytes).ok().and_then(|text| toml::from_str(text).ok()).unwrap_or_default();
    let mut found = BTreeSet::new();
    strings_in(&table, passed_over, &mut found);
    found
}

fn strings_in(table: &Table, passed_over: &[&str], found: &mut BTreeSet<String>) {
    for (key, value) in table {
        // A key named like one that the tool makes may also be a table: of a capture, `key` is a path that people chose.
        if !passed_over.contains(&key.as_str()) || value.is_table() {
            strings_of_value(value, passed_over, found);
        }
    }
    if let (Some(Value::String(key)), true) = (table.get("key"), table.contains_key("source")) {
        found.insert(key.clone());
    }
}

fn strings_of_value(value: &Value, passed_over: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => _ = found.insert(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings_of_value(item, passed_over, found)),
        Value::Table(table) => strings_in(table, passed_over, found),
        _ => {}
    }
}

/// What was found in texts, by class, that a person let pass.
pub(super) type Passed = BTreeSet<ClassId>;

/// Refuses texts in which something of a blocking class is found, unless a human lets that class pass.
///
/// # Errors
/// With each class and where it was found; never with the text.
pub(super) fn refuse_identifiers(
    charter: &Charter,
    taxonomy: &Taxonomy,
    actor: &Actor,
    allowed: &[ClassId],
    texts: &[Typed],
) -> Result<Passed, Refused> {
    let blocking: BTreeSet<&ClassId> = taxonomy.blocking().map(|class| &class.id).collect();
    if blocking.is_empty() || texts.is_empty() {
        return Ok(Passed::new());
    }
    let needs = Needs::of(taxonomy.blocking()).map_err(|e| unfit(&e))?;
    let list = exact::reachable(charter, taxonomy)?;
    let suspicious = |typed: &&Typed| list.is_some() || needs.are_met(typed.text.as_bytes());
    let suspicious: Vec<&Typed> = texts.iter().filter(suspicious).collect();
    if suspicious.is_empty() {
        return Ok(Passed::new());
    }
    let scanner = Scanner::new(taxonomy).map_err(|e| unfit(&e))?.with_exact(list);
    let mut found = Vec::new();
    for typed in suspicious {
        let findings = scanner.scan_text(typed.text.as_bytes()).into_iter();
        found.extend(findings.filter(|f| blocking.contains(&f.class)).map(|f| (typed, f)));
    }
    let passes = |class: &ClassId| actor.is_human() && allowed.contains(class);
    match found.iter().find(|(_, finding)| !passes(&finding.class)) {
        None => Ok(found.into_iter().map(|(_, finding)| finding.class).collect()),
        Some((typed, finding)) => Err(refused(actor, &typed.told(), &finding.class, finding.offset)),
    }
}

fn refused(actor: &Actor, place: &str, class: &ClassId, offset: u64) -> Refused {
    let message = format!("a text for {place} holds something of class {class} at byte {offset}");
    let help = match actor.is_human() {
        true => format!("say it without the identifier; or, if it is none, the same command with --allow {class}"),
        false => "say it without the identifier; only a human may let it pass".to_owned(),
    };
    Refused::new(Verdict::No, "text-holds-identifier", place, message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(place: &Place, now: &str, before: Option<&str>) -> Vec<String> {
        texts_of(place, now.as_bytes(), before.map(str::as_bytes)).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn what_people_type_is_looked_at_and_what_the_tool_makes_is_not() {
        let place = Place::of("fragments/stack.toml").unwrap();
        let file = "id = \"stack\"\nwhy = \"because\"\n[capture]\nsource = \"vault\"\nkey = \"some/path\"\n\
                    [raw]\nkeyed_blake3 = \"00\"\nkey = \"11\"\n";
        assert_eq!(texts(&place, file, None), ["because", "some/path", "stack", "vault"]);
    }

    #[test]
    fn of_a_taxonomy_everything_is_looked_at_but_patterns_and_examples() {
        let file = "[[class]]\nid = \"email\"\ntitle = \"mail\"\nfinds = [\"an example\"]\n[[class.pattern]]\n\
                    regex = \"x\"\n[[known]]\nclass = \"email\"\ncommitment = \"00\"\nwhy = \"ours\"\n";
        assert_eq!(texts(&Place::Taxonomy, file, None), ["email", "mail", "ours"]);
    }

    #[test]
    fn what_stood_before_is_not_looked_at_again() {
        let place = Place::of("ledger/ab/o-0123456789ab.toml").unwrap();
        let before = "text = \"why\"\n[[thread]]\ntext = \"old\"\n";
        let now = format!("{before}[[thread]]\ntext = \"new\"\nsignature = \"armour\"\n");
        assert_eq!(texts(&place, &now, Some(before)), ["new"]);
    }

    #[test]
    fn a_section_is_looked_at_whole_also_in_a_proposal() {
        let place = Place::of("proposals/p-0123456789ab/sections/summary.md").unwrap();
        assert_eq!(texts(&place, "words\n", Some("word\n")), ["words\n"]);
        assert!(texts(&place, "words\n", Some("words\n")).is_empty());
    }
}
