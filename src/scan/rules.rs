//! A taxonomy, made ready: its patterns as automata, its checks as functions, and the tables that keep nearly every byte
//! out of both.

use super::automaton::{Automaton, LOOK, MOST_COMPILED, Parsed, PatternError};
use super::check::{self, Check};
use super::lanes::Set;
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

/// Where a pattern may be entered: for each of the first bytes, one bit for each bundle of patterns; and the same for the
/// byte before.
#[derive(Debug)]
pub(super) struct Gates {
    pub(super) before: Box<[u64; 256]>,
    pub(super) at: Box<[[u64; 256]; LOOK]>,
    /// The bundles that may stand behind a letter.
    pub(super) open: u64,
    /// The longest match of each bundle.
    longest: [usize; 64],
    /// The bytes other than letters and digits that something may begin with.
    pub(super) marks: Set,
}

/// The bits that stand for pivots: the first has one, the others share one.
pub(super) const PIVOTS: u64 = 0b11 << 62;

/// Words that speak for classes.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) automaton: Automaton,
    /// The sets that each word is in, one bit each.
    pub(super) sets: Vec<u64>,
    pub(super) gates: Gates,
    /// How far before a match any class looks for one.
    pub(super) widest: usize,
}

/// A taxonomy, made ready.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) plain: Option<Shapes>,
    pub(super) pivoted: Option<Shapes>,
    pub(super) gates: Gates,
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
        let mut gates = plain.as_ref().map_or_else(Gates::closed, Shapes::gates);
        let pivots = pivoted.iter().flat_map(|p| &p.shapes).filter_map(|shape| shape.pivot.as_ref());
        let first = pivots.clone().next().map(|(byte, _)| *byte);
        for (byte, before) in pivots {
            gates.open(if Some(*byte) == first { 1 << 63 } else { 1 << 62 }, *byte, before);
        }
        gates.close();
        let groups = groups(taxonomy);
        let rules: Vec<Rule> = taxonomy.class.iter().map(|class| rule(class, &groups)).collect::<Result<_, _>>()?;
        let widest = rules.iter().map(|rule| rule.window).max().unwrap_or(WINDOW);
        let words = words(&sets, widest)?;
        Ok(Self { rules, plain, pivoted, gates, words })
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

    fn gates(&self) -> Gates {
        let mut gates = Gates::closed();
        let mut bundles = Bundles::default();
        for (index, shape) in self.shapes.iter().enumerate() {
            let before = |byte| may_follow(shape.boundary, byte);
            let first = self.automaton.entry(index, |_| true).bytes[0];
            if first.iter().filter(|may| **may).count() > MANY {
                let bit = bundles.bit((first.to_vec(), shape.boundary));
                gates.add(bit, shape.longest, &self.automaton.entry(index, |_| true).bytes, before);
                continue;
            }
            for byte in (0..=255_u8)
                .filter(|b| first[usize::from(*b)] && !(b.is_ascii_uppercase() && first[usize::from(b | 0x20)]))
            {
                let bit = bundles.bit((vec![true; usize::from(byte.to_ascii_lowercase())], shape.boundary));
                let same = |b: u8| b.eq_ignore_ascii_case(&byte);
                gates.add(bit, shape.longest, &self.automaton.entry(index, same).bytes, before);
            }
        }
        gates
    }
}

/// A pattern that may begin with more bytes than this is told from others by all of them together; any other by each.
const MANY: usize = 30;

/// Patterns that begin alike and may stand behind the same bytes share a bit; with more than 62 bundles, some do that do
/// not.
#[derive(Debug, Default)]
struct Bundles(Vec<(Vec<bool>, Boundary)>);

impl Bundles {
    fn bit(&mut self, key: (Vec<bool>, Boundary)) -> u64 {
        let bundle = self.0.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.0.push(key);
            self.0.len() - 1
        });
        1 << (bundle % 62)
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

/// Whether a pattern of this boundary may be entered behind a byte. Letters that escapes end with (`\n`) pass here, and
/// are looked at again.
fn may_follow(boundary: Boundary, byte: u8) -> bool {
    match boundary {
        Boundary::Open => true,
        Boundary::Token if b"_-+~".contains(&byte) => false,
        _ => !byte.is_ascii_alphanumeric() || b"nrt".contains(&byte),
    }
}

impl Gates {
    fn closed() -> Self {
        Self {
            before: Box::new([0; 256]),
            at: Box::new([[0; 256]; LOOK]),
            open: 0,
            longest: [0; 64],
            marks: Set::EMPTY,
        }
    }

    /// Lets in what begins with these bytes, behind a byte that may stand before.
    fn add(&mut self, bit: u64, longest: usize, bytes: &[[bool; 256]; LOOK], before: impl Fn(u8) -> bool) {
        let most = &mut self.longest[bit.trailing_zeros() as usize];
        *most = longest.max(*most);
        self.open |= if before(b'x') { bit } else { 0 };
        for byte in 0..=255_u8 {
            let index = usize::from(byte);
            self.before[index] |= if before(byte) { bit } else { 0 };
            for (gate, allowed) in self.at.iter_mut().zip(bytes) {
                gate[index] |= if allowed[index] { bit } else { 0 };
            }
        }
    }

    /// The longest match of any of these bundles.
    pub(super) fn longest(&self, mut bundles: u64) -> usize {
        let mut longest = 0;
        while bundles != 0 {
            longest = longest.max(self.longest[bundles.trailing_zeros() as usize]);
            bundles &= bundles - 1;
        }
        longest
    }

    /// All that may begin is known.
    fn close(&mut self) {
        let begins = |byte: &u8| !byte.is_ascii_alphanumeric() && self.at[0][usize::from(*byte)] != 0;
        self.marks = (0..=255).filter(begins).fold(Set::EMPTY, Set::with);
    }

    /// Lets in a pivot behind what may stand before it.
    fn open(&mut self, bit: u64, pivot: u8, before: &[bool; 256]) {
        self.open |= bit;
        self.before.iter_mut().zip(before).filter(|(_, may)| **may).for_each(|(mask, _)| *mask |= bit);
        self.at[0][usize::from(pivot)] |= bit;
        self.at[1..].iter_mut().flatten().for_each(|mask| *mask |= bit);
    }
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
    let mut gates = Gates::closed();
    for (index, (word, _)) in all.iter().enumerate() {
        gates.add(1 << (word.as_bytes()[0] % 62), word.len(), &automaton.entry(index, |_| true).bytes, |_| true);
    }
    Ok(Some(Words { automaton, sets: all.into_iter().map(|(_, sets)| sets).collect(), gates, widest }))
}
