//! The exact list: values that must not get out, each known by its keyed hash alone.
//!
//! A vault may hold a list of customers' values, one a line: `CLASS TAG COMMITMENT`. The commitment is that of a finding;
//! the tag is four bytes of a hash of the value's first word. A text is hashed word by word, and only where a first word's
//! tag is listed is what begins there committed to and looked up. Both hashes are keyed (BLAKE3 specification, section
//! 2.3) with keys derived from the vault's: without it, the list says neither a value nor whether a guess is right.

use std::fmt;
use std::io::{self, BufRead};
use std::ops::Range;

use super::matcher::Hit;
use super::value::Committer;
use crate::model::digest::KeyedBlake3;
use crate::model::finding::Confidence;
use crate::model::id::ClassId;
use crate::model::taxonomy::{Normal, Taxonomy};

/// The most values that are listed.
const MOST_EXACT: usize = 400_000;
/// The most words of a value.
const WORDS: usize = 8;
/// The longest value, in letters and digits.
const LONGEST: usize = 64;
/// The shortest: less is in every dump by chance.
const SHORTEST: usize = 6;
/// How many marks may part two words of a value.
const GAP: usize = 3;
/// What one hash costs, in steps.
const HASH: usize = 16;
/// The bits of the table that most tags fail at.
const FILTER: u32 = 20;

/// A list, or a value for one, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExactError {
    /// A value that cannot be listed.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong. Never says the value.
        why: &'static str,
    },
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactLine {
    /// The class that a finding of the value has.
    pub class: ClassId,
    /// Of its first word.
    tag: u32,
    /// Of the whole.
    pub commitment: KeyedBlake3,
}

impl fmt::Display for ExactLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:08x} {}", self.class, self.tag, self.commitment)
    }
}

impl ExactLine {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let (class, tag, commitment) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if parts.next().is_some() || tag.len() != 8 || !hex(tag) {
            return None;
        }
        let commitment = KeyedBlake3::try_from(commitment.to_owned()).ok()?;
        Some(Self { class: ClassId::new(class).ok()?, tag: u32::from_str_radix(tag, 16).ok()?, commitment })
    }
}

/// Hashes of first words.
#[derive(Clone)]
struct Tagger([u8; 32]);

impl fmt::Debug for Tagger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tagger")
    }
}

impl Tagger {
    fn new(vault_key: &[u8; 32]) -> Self {
        Self(blake3::derive_key("packet exact list tag v1", vault_key))
    }

    fn tag(&self, word: &[u8]) -> u32 {
        let hash = blake3::keyed_hash(&self.0, word);
        u32::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}

/// Values, one a line, as the lines of a list. Blank lines are passed over.
///
/// # Errors
/// With the number of the first line that cannot be listed.
pub fn exact_lines(values: impl BufRead, class: &ClassId, vault_key: &[u8; 32]) -> Result<Vec<ExactLine>, ExactError> {
    let (tagger, committer) = (Tagger::new(vault_key), Committer::new(vault_key));
    let mut lines = Vec::new();
    for (index, value) in values.split(b'\n').enumerate() {
        let value = value?;
        let wrong = |why| ExactError::Line { line: index + 1, why };
        if value.trim_ascii().is_empty() {
            continue;
        }
        let value = Normalised::of(&value).map_err(wrong)?;
        if lines.len() == MOST_EXACT {
            return Err(wrong("a list holds at most 400,000 values"));
        }
        let commitment = committer.commit(class, Normal::Alnum, &value.whole);
        let tag = tagger.tag(&value.whole[..value.first]);
        lines.push(ExactLine { class: class.clone(), tag, commitment });
    }
    Ok(lines)
}

/// A value as it is hashed: its letters and digits, in upper case.
struct Normalised {
    whole: Vec<u8>,
    /// How long its first word is.
    first: usize,
}

impl Normalised {
    fn of(value: &[u8]) -> Result<Self, &'static str> {
        if !value.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            return Err("it holds a character that is not ASCII: such values are not looked for");
        }
        let words: Vec<Range<usize>> = Words { text: value, at: 0, end: value.len() }.collect();
        if words.len() > WORDS || words.windows(2).any(|two| two[1].start - two[0].end > GAP) {
            return Err("it has more than 8 words, or more than 3 marks between two");
        }
        let whole: Vec<u8> = words.iter().flat_map(|word| value[word.clone()].to_ascii_uppercase()).collect();
        if !(SHORTEST..=LONGEST).contains(&whole.len()) {
            return Err("it has fewer than 6 or more than 64 letters and digits");
        }
        Ok(Self { whole, first: words[0].len() })
    }
}

/// The words of a stretch of a text: letters and digits that stand together.
struct Words<'t> {
    text: &'t [u8],
    at: usize,
    /// No word begins from here on; one may end behind it, but is not followed for longer than a value may be.
    end: usize,
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..self.end)?;
        let start = self.at + rest.iter().position(u8::is_ascii_alphanumeric)?;
        let reach = self.end.max(start + LONGEST + 1).min(self.text.len());
        let end = start + self.text[start..reach].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        self.at = end;
        Some(start..end)
    }
}

/// A list made ready for one taxonomy.
#[derive(Debug)]
pub struct ExactList {
    tagger: Tagger,
    committer: Committer,
    /// The classes that have listed values, and their places in the taxonomy.
    classes: Vec<(u16, ClassId)>,
    filter: Vec<u64>,
    tags: Vec<u32>,
    values: Vec<KeyedBlake3>,
}

impl ExactList {
    /// Reads a list. Lines of classes that the taxonomy does not call `exact` are another packet's.
    ///
    /// # Errors
    /// With the number of the first line that is none.
    pub fn read(list: impl BufRead, taxonomy: &Taxonomy, vault_key: &[u8; 32]) -> Result<Self, ExactError> {
        let classes = taxonomy.class.iter().zip(0..).filter(|(class, _)| class.exact);
        let classes: Vec<(u16, ClassId)> = classes.map(|(class, index)| (index, class.id.clone())).collect();
        let (tagger, committer) = (Tagger::new(vault_key), Committer::new(vault_key));
        let filter = vec![0; 1 << (FILTER - 6)];
        let mut exact = Self { tagger, committer, classes, filter, tags: Vec::new(), values: Vec::new() };
        for (index, line) in list.lines().enumerate() {
            let wrong = |why| ExactError::Line { line: index + 1, why };
            let line = ExactLine::parse(&line?).ok_or(wrong("it is not `CLASS TAG COMMITMENT`"))?;
            if exact.classes.iter().any(|(_, class)| *class == line.class) {
                exact.tags.push(line.tag);
                exact.values.push(line.commitment);
            }
            if exact.values.len() > MOST_EXACT {
                return Err(wrong("a list holds at most 400,000 values"));
            }
        }
        exact.tags.sort_unstable();
        exact.tags.dedup();
        exact.values.sort_unstable();
        for tag in &exact.tags {
            exact.filter[(tag >> (32 - FILTER + 6)) as usize] |= 1 << (tag >> (32 - FILTER) & 63);
        }
        Ok(exact)
    }

    /// Whether it lists nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn may_begin(&self, word: &[u8]) -> bool {
        let tag = self.tagger.tag(word);
        let bit = self.filter[(tag >> (32 - FILTER + 6)) as usize] >> (tag >> (32 - FILTER) & 63) & 1;
        bit == 1 && self.tags.binary_search(&tag).is_ok()
    }

    /// Finds the listed values that begin within `run` of the text; tells the steps it took.
    pub(super) fn search(&self, text: &[u8], run: Range<usize>, hits: &mut Vec<Hit>) -> usize {
        let inside = run.start > 0 && text[run.start - 1].is_ascii_alphanumeric();
        let mut words = Words { text, at: run.start, end: run.end };
        let mut steps = 0;
        if inside && text.get(run.start).is_some_and(u8::is_ascii_alphanumeric) {
            words.next();
        }
        let mut normal = [0; LONGEST];
        for word in words {
            steps += HASH + word.len();
            let Some(first) = normal.get_mut(..word.len()) else { continue };
            first.copy_from_slice(&text[word.clone()]);
            first.make_ascii_uppercase();
            if self.may_begin(first) {
                steps += self.follow(text, word, &mut normal, hits);
            }
        }
        steps
    }

    /// From a listed first word on: which listed values stand here?
    fn follow(&self, text: &[u8], first: Range<usize>, normal: &mut [u8; LONGEST], hits: &mut Vec<Hit>) -> usize {
        let (start, mut end, mut length) = (first.start, first.end, first.len());
        let mut steps = 0;
        for _ in 0..WORDS {
            if length >= SHORTEST {
                hits.extend(self.listed(&normal[..length]).map(|(class, commitment)| Hit {
                    class,
                    start,
                    end,
                    confidence: Confidence::High,
                    commitment: Some(commitment),
                }));
                steps += HASH * self.classes.len();
            }
            let reach = (end + GAP + 1).min(text.len());
            let Some(next) = (Words { text, at: end, end: reach }).next() else { break };
            let Some(room) = normal.get_mut(length..length + next.len()) else { break };
            if !text[end..next.start].iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
                break;
            }
            room.copy_from_slice(&text[next.clone()]);
            room.make_ascii_uppercase();
            (end, length) = (next.end, length + next.len());
        }
        steps
    }

    fn listed<'v>(&'v self, value: &'v [u8]) -> impl Iterator<Item = (u16, KeyedBlake3)> + 'v {
        let committed =
            self.classes.iter().map(|(index, class)| (*index, self.committer.commit(class, Normal::Alnum, value)));
        committed.filter(|(_, commitment)| self.values.binary_search(commitment).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn taxonomy() -> Taxonomy {
        toml::from_str("format = 1\n[[class]]\nid = \"tenant\"\nexact = true\nnormal = \"alnum\"\n").unwrap()
    }

    fn lines(values: &str) -> Result<String, ExactError> {
        let lines = exact_lines(values.as_bytes(), &ClassId::new("tenant").unwrap(), &KEY)?;
        Ok(lines.iter().map(|line| format!("{line}\n")).collect())
    }

    fn list(values: &str) -> ExactList {
        ExactList::read(lines(values).unwrap().as_bytes(), &taxonomy(), &KEY).unwrap()
    }

    fn found(list: &ExactList, text: &str) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        list.search(text.as_bytes(), 0..text.len(), &mut hits);
        hits.iter().map(|hit| (hit.start, hit.end)).collect()
    }

    #[test]
    fn a_listed_value_is_found_in_any_spelling_of_its_letters_and_digits() {
        let list = list("Invented Widgets GmbH\n\nTN-4711-0815\n");
        for text in ["invented widgets gmbh", "INVENTED_WIDGETS-GMBH", "Invented  Widgets, GmbH."] {
            assert_eq!(found(&list, text).len(), 1, "{text}");
        }
        assert_eq!(found(&list, "tenant=tn-4711-0815;"), [(7, 19)]);
        for other in
            ["TN47110815", "invented widgets", "Invented    Widgets GmbH", "Xinvented widgets gmbh", "tn-4711-08151"]
        {
            assert_eq!(found(&list, other), [], "{other}");
        }
    }

    #[test]
    fn a_list_says_nothing_that_another_key_can_use() {
        let line = lines("Invented Widgets GmbH\n").unwrap();
        // Frozen: vaults hold it.
        assert_eq!(line, "tenant 494ec699 c67d5127a4a8f477202d89813150a59f69a6363658e83e05b84d34baba0e898c\n");
        let other = ExactList::read(line.as_bytes(), &taxonomy(), &[8; 32]).unwrap();
        assert_eq!(found(&other, "Invented Widgets GmbH"), []);
    }

    #[test]
    fn what_cannot_be_listed_is_named_by_its_line() {
        for (values, said) in [
            ("Invented\nshort", "line 2: it has fewer than 6"),
            ("a b c d e f g h i", "line 1: it has more than 8 words"),
            ("invented ---- widgets", "line 1: it has more than 8 words, or more than 3 marks"),
            ("Invént\u{e9}d Widgets", "line 1: it holds a character that is not ASCII"),
        ] {
            let why = lines(values).unwrap_err().to_string();
            assert!(why.contains(said), "{why}");
        }
        for list in ["tenant 0 0", "tenant", "# words", "tenant 0000000G ab", ""].map(|line| format!("{line}\n")) {
            let why = ExactList::read(list.as_bytes(), &taxonomy(), &KEY).unwrap_err().to_string();
            assert!(why.contains("line 1: it is not"), "{list}: {why}");
        }
        let others = lines("Invented Widgets\n").unwrap().replace("tenant", "other-class");
        assert!(ExactList::read(others.as_bytes(), &taxonomy(), &KEY).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn a_text_searched_in_parts_holds_what_it_holds_whole(parts in prop::collection::vec(0_usize..4, 0..12), cuts in prop::collection::vec(1_usize..40, 0..12)) {
            let list = list("abcdef\nabcdef xyz\n");
            let text: String = parts.iter().map(|part| ["abcdef", " xyz", "x", "  "][*part]).collect();
            let whole = found(&list, &text);
            let (mut hits, mut from) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([text.len()]) {
                let to = text.len().min(from + cut);
                list.search(text.as_bytes(), from..to, &mut hits);
                from = to;
            }
            list.search(text.as_bytes(), from..text.len(), &mut hits);
            prop_assert_eq!(hits.iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>(), whole);
        }
    }
}
