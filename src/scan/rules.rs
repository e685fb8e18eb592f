//! A taxonomy, made ready: its patterns as automata, its checks as functions, and the tables that keep nearly every byte
//! out of both.

use super::automaton::{Automaton, MOST_COMPILED, Parsed, PatternError};
use super::check::{self, Check};
use super::doors::{Doors, Row};
use crate::model::finding::Confidence;
use crate::model::id::ClassId;
use crate::model::taxonomy::{Boundary, Class, ContextUse, Normal, Pattern, Taxonomy};

/// How many classes are looked for: one bit each.
pub(super) const MOST_CLASSES: usize = 64;
/// How many patterns.
pub(super) const MOST_PATTERNS: usize = 512;
/// The longest match, in characters.
pub(super) const LONGEST: usize = 4096;
/// How far context words are looked for.
const WIDEST: usize = 256;
/// How far by default.
const WINDOW: usize = 48;

/// A taxonomy that cannot be scanned with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum TaxonomyError {
    /// A pattern that is refused.
    #[error("class `{class}`, pattern {place}: {why}")]
    #[diagnostic(help(
        "patterns are regular expressions over bytes, with bounded repeats, and small: see docs/scan.md"
    ))]
    Pattern {
        /// The class.
        class: ClassId,
        /// The pattern's place in the class, from 1.
        place: usize,
        /// What is wrong.
        why: String,
    },
    /// A class that is refused.
    #[error("class `{class}`: {why}")]
    #[diagnostic(help("see docs/scan.md for what a class holds"))]
    Class {
        /// The class.
        class: ClassId,
        /// What is wrong.
        why: String,
    },
    /// The whole is refused.
    #[error("the taxonomy {why}")]
    #[diagnostic(help("split it, or drop what nobody needs"))]
    Whole {
        /// What is wrong.
        why: String,
    },
}

/// One class, made ready.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: ClassId,
    pub(super) normal: Normal,
    pub(super) group: Option<usize>,
    pub(super) window: usize,
    pub(super) placeholders: Vec<Vec<u8>>,
}

/// One pattern, made ready.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) class: usize,
    pub(super) boundary: Boundary,
    pub(super) context: ContextUse,
    /// Which set of context words speaks for it.
    pub(super) words: usize,
    pub(super) confidence: Confidence,
    pub(super) checks: Vec<Check>,
    /// Which pattern of the automaton is its lead.
    pub(super) lead: Option<usize>,
    pub(super) longest: usize,
    /// The pivot, and which bytes may stand before it.
    pub(super) pivot: Option<(u8, Box<[bool; 256]>)>,
}

/// Patterns that are searched for in one way, and their automaton. Leads follow the shapes.
#[derive(Debug)]
pub(super) struct Shapes {
    pub(super) shapes: Vec<Shape>,
    pub(super) automaton: Automaton,
}

/// Words that speak for classes.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) automaton: Automaton,
    /// The sets that each word is in, one bit each.
    pub(super) sets: Vec<u64>,
    pub(super) doors: Row,
    /// How far before a match any class looks for one.
    pub(super) widest: usize,
}

/// A taxonomy, made ready.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) plain: Option<Shapes>,
    pub(super) pivoted: Option<Shapes>,
    pub(super) doors: Doors,
    pub(super) words: Option<Words>,
}

impl Rules {
    /// Makes a taxonomy ready.
    pub(super) fn new(taxonomy: &Taxonomy) -> Result<Self, TaxonomyError> {
        let patterns: usize = taxonomy.class.iter().map(|c| c.pattern.len()).sum();
        if taxonomy.class.len() > MOST_CLASSES || patterns > MOST_PATTERNS {
            let why = format!("has more than {MOST_CLASSES} classes or {MOST_PATTERNS} patterns");
            return Err(TaxonomyError::Whole { why });
        }
        let sets = word_sets(taxonomy)?;
        let plain = Shapes::new(taxonomy, &sets, |p| p.pivot.is_none())?;
        let pivoted = Shapes::new(taxonomy, &sets, |p| p.pivot.is_some())?;
        let doors = Doors::new(plain.as_ref(), pivoted.as_ref());
        let groups = groups(taxonomy);
        let rules: Vec<Rule> = taxonomy.class.iter().map(|class| rule(class, &groups)).collect::<Result<_, _>>()?;
        let widest = rules.iter().map(|rule| rule.window).max().unwrap_or(WINDOW);
        let words = words(&sets, widest)?;
        Ok(Self { rules, plain, pivoted, doors, words })
    }
}

fn groups(taxonomy: &Taxonomy) -> Vec<&str> {
    let mut groups: Vec<_> = taxonomy.class.iter().filter_map(|c| c.group.as_deref()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn rule(class: &Class, groups: &[&str]) -> Result<Rule, TaxonomyError> {
    let wrong = |why: String| TaxonomyError::Class { class: class.id.clone(), why };
    let window = class.window.map_or(WINDOW, |window| window as usize);
    if class.longest() > LONGEST || class.longest() == 0 {
        return Err(wrong(format!("max_length {} is not within 1 and {LONGEST}", class.longest())));
    }
    if window > WIDEST {
        return Err(wrong(format!("window {window} is above {WIDEST}")));
    }
    Ok(Rule {
        id: class.id.clone(),
        normal: class.normal(),
        group: class.group.as_deref().and_then(|group| groups.binary_search(&group).ok()),
        window,
        placeholders: class.placeholders.iter().map(|p| p.clone().into_bytes()).collect(),
    })
}

fn pivot(pattern: &Pattern) -> Option<u8> {
    pattern.pivot.as_ref().and_then(|p| p.bytes().next())
}

impl Shapes {
    fn new(
        taxonomy: &Taxonomy,
        sets: &[&[String]],
        wanted: impl Fn(&Pattern) -> bool,
    ) -> Result<Option<Self>, TaxonomyError> {
        let mut shapes = Vec::new();
        let (mut whole, mut leads) = (Vec::new(), Vec::new());
        for (class_index, class) in taxonomy.class.iter().enumerate() {
            for (at, pattern) in class.pattern.iter().enumerate().filter(|(_, p)| wanted(p)) {
                let wrong = |why: String| TaxonomyError::Pattern { class: class.id.clone(), place: at + 1, why };
                let parse = |regex: &str| Parsed::new(regex).map_err(|e| wrong(e.to_string()));
                let lead = pattern.lead.as_deref().map(parse).transpose()?;
                let value = parse(&pattern.regex)?;
                value.judge_size().map_err(|e| wrong(e.to_string()))?;
                let words = sets.iter().position(|set| *set == words_of(class, pattern));
                shapes.push(Shape {
                    words: words.unwrap_or(0),
                    ..shape(class_index, class, pattern, lead.is_some()).map_err(wrong)?
                });
                whole.push(lead.clone().map_or(value.clone(), |lead| lead.then(value)));
                leads.extend(lead);
            }
        }
        if shapes.is_empty() {
            return Ok(None);
        }
        let leading = shapes.iter_mut().filter_map(|shape: &mut Shape| shape.lead.as_mut());
        leading.enumerate().for_each(|(at, lead)| *lead = whole.len() + at);
        whole.extend(leads);
        let large =
            |e: PatternError| TaxonomyError::Whole { why: format!("has patterns of which together holds: {e}") };
        let automaton = Automaton::new(&whole, MOST_COMPILED).map_err(large)?;
        for (index, shape) in shapes.iter_mut().enumerate() {
            if let Some((pivot, before)) = &mut shape.pivot {
                **before = automaton.before(index, *pivot);
            }
        }
        Ok(Some(Self { shapes, automaton }))
    }
}

fn shape(class_index: usize, class: &Class, pattern: &Pattern, leads: bool) -> Result<Shape, String> {
    let unknown = |name: &String| format!("there is no check `{name}`");
    let checks = pattern.checks.iter().map(|name| check::named(name).ok_or_else(|| unknown(name)));
    if pattern.pivot.as_ref().is_some_and(|p| p.len() != 1 || pattern.lead.is_some()) {
        return Err("a pivot is one ASCII character, of a pattern without `lead`".to_owned());
    }
    Ok(Shape {
        class: class_index,
        boundary: pattern.boundary.unwrap_or(Boundary::Word),
        context: pattern.context.unwrap_or(ContextUse::Raises),
        words: 0,
        confidence: pattern.confidence.unwrap_or(Confidence::Medium),
        checks: checks.collect::<Result<_, _>>()?,
        lead: leads.then_some(0),
        longest: class.longest(),
        pivot: pivot(pattern).map(|pivot| (pivot, Box::new([false; 256]))),
    })
}

fn words_of<'t>(class: &'t Class, pattern: &'t Pattern) -> &'t [String] {
    if pattern.words.is_empty() { &class.context } else { &pattern.words }
}

/// The different sets of context words, at most one bit each.
fn word_sets(taxonomy: &Taxonomy) -> Result<Vec<&[String]>, TaxonomyError> {
    let mut sets: Vec<&[String]> = Vec::new();
    for class in &taxonomy.class {
        for set in class.pattern.iter().map(|pattern| words_of(class, pattern)) {
            let fits = |w: &String| {
                (1..=32).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            };
            if let Some(word) = set.iter().find(|word| !fits(word)) {
                let why = format!("context word `{word}` is not 1 to 32 lower-case letters and digits");
                return Err(TaxonomyError::Class { class: class.id.clone(), why });
            }
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    match sets.len() {
        ..=64 => Ok(sets),
        count => {
            Err(TaxonomyError::Whole { why: format!("has {count} sets of context words; at most 64 are told apart") })
        }
    }
}

fn words(sets: &[&[String]], widest: usize) -> Result<Option<Words>, TaxonomyError> {
    let mut all: Vec<(&str, u64)> = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        for word in *set {
            match all.iter_mut().find(|(known, _)| known == word) {
                Some((_, sets)) => *sets |= 1 << index,
                None => all.push((word, 1 << index)),
            }
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let parse = |word: &str| Parsed::new(&format!("(?i:{word})")).expect("a word is a pattern");
    let parsed: Vec<_> = all.iter().map(|(word, _)| parse(word)).collect();
    let large =
        |e: PatternError| TaxonomyError::Whole { why: format!("has context words of which together holds: {e}") };
    let automaton = Automaton::new(&parsed, MOST_COMPILED).map_err(large)?;
    let mut doors = Row::closed();
    for (index, (word, _)) in all.iter().enumerate() {
        let bytes = automaton.entry(index, &|_, _| true).bytes;
        doors.add(1 << (word.as_bytes()[0] % 62), (index, word.len()), &bytes, |_| true);
    }
    Ok(Some(Words { automaton, sets: all.into_iter().map(|(_, sets)| sets).collect(), doors, widest }))
}
