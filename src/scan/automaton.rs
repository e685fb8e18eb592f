//! Many patterns as one anchored automaton, built as it is walked. The only file that names the regular expression crates.
//!
//! Alternatives that were tried: one automaton built in full takes hundreds of milliseconds to make and most of its
//! states are never seen; one per pattern walks every number a dozen times. So the patterns are one lazy automaton per
//! thread, entered only where eight bytes fit some pattern (see [`Entry`]): in noise and prose almost nowhere.
//!
//! A repeat of more than [`COUNTED`] is compiled as unbounded and cut by the class's `max_length`, since counting it
//! would cost a state for each step; every walk is bounded by that length.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, State};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Repeats up to this many are counted by the automaton.
const COUNTED: u32 = 40;
/// The most that a repeat may ask for.
pub(super) const MOST_REPEATS: u32 = 4096;
/// How large the patterns may be once compiled, in bytes, together.
pub(super) const MOST_COMPILED: usize = 4 << 20;
/// How large one may be.
const MOST_COMPILED_EACH: usize = 1 << 20;
/// States kept per thread, in bytes; beyond it they are built anew.
const STATES: usize = 3 << 20;
/// How many bytes decide whether a pattern is entered.
pub(super) const LOOK: usize = 8;

/// Why a pattern is refused. Says nothing about any text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    /// Not a regular expression over bytes.
    #[error("{0}")]
    Syntax(String),
    /// A repeat without an end, or with a far one.
    #[error("a repeat without a bound, or with one above {MOST_REPEATS}")]
    Unbounded,
    /// `\b`, `^`, `$` and the like.
    #[error("an anchor or a word boundary: name a `boundary` instead")]
    Look,
    /// It matches nothing, or the empty text.
    #[error("it matches the empty text, or nothing")]
    Empty,
    /// Larger than [`MOST_COMPILED_EACH`].
    #[error("it compiles to more than {limit} bytes")]
    Large {
        /// The limit.
        limit: usize,
    },
}

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(super) struct Parsed(Hir);

impl Parsed {
    /// Parses and judges one pattern.
    pub(super) fn new(regex: &str) -> Result<Self, PatternError> {
        let parser = || regex_syntax::ParserBuilder::new().unicode(false).utf8(false).nest_limit(64).build();
        let hir = parser().parse(regex).map_err(|e| PatternError::Syntax(first_line(&e)))?;
        if !hir.properties().look_set().is_empty() {
            return Err(PatternError::Look);
        }
        if hir.properties().minimum_len().is_none_or(|length| length == 0) {
            return Err(PatternError::Empty);
        }
        Ok(Self(loosened(&hir).ok_or(PatternError::Unbounded)?))
    }

    /// How many bytes of a set every match holds at least.
    pub(super) fn least(&self, set: &dyn Fn(u8) -> bool) -> usize {
        least(&self.0, set)
    }

    /// Whether no match holds a byte of a set.
    pub(super) fn avoids(&self, set: &dyn Fn(u8) -> bool) -> bool {
        avoids(&self.0, set)
    }

    /// Whether the pattern by itself is small enough.
    pub(super) fn judge_size(&self) -> Result<(), PatternError> {
        compiled(std::slice::from_ref(self), MOST_COMPILED_EACH).map(drop)
    }

    /// This and then that.
    pub(super) fn then(self, next: Self) -> Self {
        Self(Hir::concat(vec![self.0, next.0]))
    }
}

fn least(hir: &Hir, set: &dyn Fn(u8) -> bool) -> usize {
    let each = |many: &[Hir]| many.iter().map(|hir| least(hir, set)).collect::<Vec<_>>();
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().filter(|byte| set(**byte)).count(),
        HirKind::Class(Class::Bytes(class)) => {
            usize::from(class.iter().all(|range| (range.start()..=range.end()).all(set)))
        }
        HirKind::Repetition(repeat) => least(&repeat.sub, set).saturating_mul(repeat.min as usize),
        HirKind::Capture(capture) => least(&capture.sub, set),
        HirKind::Concat(many) => each(many).into_iter().fold(0, usize::saturating_add),
        HirKind::Alternation(many) => each(many).into_iter().min().unwrap_or(0),
        _ => 0,
    }
}

fn avoids(hir: &Hir, set: &dyn Fn(u8) -> bool) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.iter().any(|byte| set(*byte)),
        HirKind::Class(Class::Bytes(class)) => !class.iter().any(|range| (range.start()..=range.end()).any(set)),
        HirKind::Repetition(repeat) => avoids(&repeat.sub, set),
        HirKind::Capture(capture) => avoids(&capture.sub, set),
        HirKind::Concat(many) | HirKind::Alternation(many) => many.iter().all(|hir| avoids(hir, set)),
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Class(Class::Unicode(_)) => false,
    }
}

fn first_line(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(e) => e.kind().to_string(),
        regex_syntax::Error::Translate(e) => e.kind().to_string(),
        _ => "not a regular expression".to_owned(),
    }
}

/// The same, with long repeats unbounded; none when a repeat has no bound or a far one.
fn loosened(hir: &Hir) -> Option<Hir> {
    let each = |many: &[Hir]| many.iter().map(loosened).collect::<Option<Vec<_>>>();
    Some(match hir.kind() {
        HirKind::Repetition(repeat) => {
            let max = repeat.max.filter(|max| *max <= MOST_REPEATS)?;
            let max = (max <= COUNTED.max(repeat.min)).then_some(max);
            let (sub, min) = (Box::new(loosened(&repeat.sub)?), repeat.min.min(COUNTED));
            Hir::repetition(Repetition { min, max, greedy: repeat.greedy, sub })
        }
        HirKind::Concat(many) => Hir::concat(each(many)?),
        HirKind::Alternation(many) => Hir::alternation(each(many)?),
        HirKind::Capture(capture) => loosened(&capture.sub)?,
        _ => hir.clone(),
    })
}

/// The patterns as one machine, at most `limit` bytes large.
fn compiled(patterns: &[Parsed], limit: usize) -> Result<NFA, PatternError> {
    let hirs: Vec<_> = patterns.iter().map(|p| &p.0).collect();
    let config =
        thompson::Config::new().utf8(false).nfa_size_limit(Some(limit)).which_captures(thompson::WhichCaptures::None);
    let large = |_| PatternError::Large { limit };
    thompson::Compiler::new().configure(config).build_many_from_hir(&hirs).map_err(large)
}

/// Patterns, compiled together; each is known by its place in the list.
#[derive(Debug)]
pub(super) struct Automaton {
    dfa: DFA,
}

impl Automaton {
    /// Compiles the patterns, at most `limit` bytes large.
    pub(super) fn new(patterns: &[Parsed], limit: usize) -> Result<Self, PatternError> {
        let nfa = compiled(patterns, limit)?;
        let config = DFA::config().match_kind(MatchKind::All).cache_capacity(STATES).skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).map_err(|_| PatternError::Large { limit })?;
        Ok(Self { dfa })
    }

    /// What one thread walks with.
    pub(super) fn walker(&self) -> Walker {
        Walker { cache: self.dfa.create_cache(), steps: 0 }
    }

    /// Walks from `at` while some pattern may still match, at most to `end`, and tells of matches: which pattern, and where
    /// it ends. Of ends that follow one another byte by byte, the last is told.
    #[inline]
    pub(super) fn walk(
        &self,
        walker: &mut Walker,
        text: &[u8],
        at: usize,
        end: usize,
        mut matched: impl FnMut(usize, usize),
    ) {
        let config = start::Config::new().anchored(Anchored::Yes);
        let cache = &mut walker.cache;
        let Ok(mut state) = self.dfa.start_state(cache, &config) else { return };
        // The end that is told once the next byte is known not to move it.
        let mut last: Option<(LazyStateID, usize)> = None;
        let mut here = at;
        // Matches show one byte late: the byte behind the last is walked too.
        while here <= end {
            let next = match text.get(here) {
                Some(&byte) => self.dfa.next_state(cache, state, byte),
                None => self.dfa.next_eoi_state(cache, state),
            };
            let Ok(next) = next else { break };
            state = next;
            if state.is_tagged() {
                if state.is_match() {
                    let moves = last.is_some_and(|(known, end)| end + 1 == here && self.alike(cache, known, state));
                    if let Some((known, end)) = last.filter(|_| !moves) {
                        self.tell(cache, known, end, &mut matched);
                    }
                    last = Some((state, here));
                } else if state.is_dead() {
                    break;
                }
            }
            here += 1;
        }
        if let Some((known, end)) = last {
            self.tell(cache, known, end, &mut matched);
        }
        walker.steps += here - at + 4;
    }

    /// Whether two states match the same patterns, as far as a glance tells.
    #[inline]
    fn alike(&self, cache: &Cache, one: LazyStateID, other: LazyStateID) -> bool {
        one == other
            || self.dfa.match_len(cache, one) == self.dfa.match_len(cache, other)
                && self.dfa.match_pattern(cache, one, 0) == self.dfa.match_pattern(cache, other, 0)
    }

    fn tell(&self, cache: &Cache, state: LazyStateID, end: usize, matched: &mut impl FnMut(usize, usize)) {
        for index in 0..self.dfa.match_len(cache, state) {
            matched(self.dfa.match_pattern(cache, state, index).as_usize(), end);
        }
    }

    /// Which bytes may stand at each of the first places of a pattern, of those that `begins` lets stand there.
    pub(super) fn entry(&self, pattern: usize, begins: &dyn Fn(usize, u8) -> bool) -> Entry {
        let nfa = self.dfa.get_nfa();
        let mut entry = Entry { bytes: [[false; 256]; LOOK] };
        let mut states = closure(nfa, self.start(pattern));
        let mut may_have_ended = false;
        for (place, bytes) in entry.bytes.iter_mut().enumerate() {
            may_have_ended |= states.iter().any(|id| matches!(nfa.state(*id), State::Match { .. }));
            if may_have_ended {
                *bytes = [true; 256];
                continue;
            }
            let mut next = Vec::new();
            for &id in &states {
                steps(nfa, id, |low, high, to| {
                    let mut leads_on = false;
                    for byte in (low..=high).filter(|byte| begins(place, *byte)) {
                        bytes[usize::from(byte)] = true;
                        leads_on = true;
                    }
                    next.extend(leads_on.then_some(to));
                });
            }
            next.sort_unstable();
            next.dedup();
            states = next.into_iter().flat_map(|id| closure(nfa, id)).collect();
            states.sort_unstable();
            states.dedup();
        }
        entry
    }

    /// Which bytes may stand in a match before its first `pivot`.
    pub(super) fn before(&self, pattern: usize, pivot: u8) -> [bool; 256] {
        let nfa = self.dfa.get_nfa();
        let mut bytes = [false; 256];
        let mut seen = vec![false; nfa.states().len()];
        let mut todo = closure(nfa, self.start(pattern));
        while let Some(id) = todo.pop() {
            if std::mem::replace(&mut seen[id.as_usize()], true) {
                continue;
            }
            steps(nfa, id, |low, high, to| {
                for byte in (low..=high).filter(|byte| *byte != pivot) {
                    bytes[usize::from(byte)] = true;
                }
                if (low, high) != (pivot, pivot) {
                    todo.extend(closure(nfa, to));
                }
            });
        }
        bytes
    }

    fn start(&self, pattern: usize) -> StateID {
        let id = regex_automata::PatternID::must(pattern);
        self.dfa.get_nfa().start_pattern(id).expect("asked for patterns of the list alone")
    }
}

/// Which bytes may stand at the first places of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) bytes: [[bool; 256]; LOOK],
}

fn closure(nfa: &NFA, from: StateID) -> Vec<StateID> {
    let mut seen = Vec::new();
    let mut todo = vec![from];
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        match nfa.state(id) {
            State::Union { alternates } => todo.extend(alternates.iter().copied()),
            State::BinaryUnion { alt1, alt2 } => todo.extend([*alt1, *alt2]),
            State::Capture { next, .. } | State::Look { next, .. } => todo.push(*next),
            _ => {}
        }
    }
    seen
}

fn steps(nfa: &NFA, id: StateID, mut each: impl FnMut(u8, u8, StateID)) {
    match nfa.state(id) {
        State::ByteRange { trans } => each(trans.start, trans.end, trans.next),
        State::Sparse(sparse) => sparse.transitions.iter().for_each(|t| each(t.start, t.end, t.next)),
        State::Dense(dense) => {
            (0..=255).filter_map(|b| Some((b, dense.matches_byte(b)?))).for_each(|(b, to)| each(b, b, to));
        }
        _ => {}
    }
}

/// What one thread walks with: the states built so far, and how many steps it took.
#[derive(Debug)]
pub(super) struct Walker {
    cache: Cache,
    /// Bytes walked, and a few for each entry.
    pub(super) steps: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(patterns: &[&str], text: &str) -> Vec<(usize, usize)> {
        let parsed: Vec<_> = patterns.iter().map(|p| Parsed::new(p).unwrap()).collect();
        let automaton = Automaton::new(&parsed, MOST_COMPILED).unwrap();
        let mut found = Vec::new();
        automaton.walk(&mut automaton.walker(), text.as_bytes(), 0, text.len(), |p, end| found.push((p, end)));
        found
    }

    #[test]
    fn the_ends_of_every_pattern_are_told() {
        assert_eq!(all(&["[0-9]{2,4}", "1[a-z0-9]"], "12345"), [(0, 2), (1, 2), (0, 4)]);
        assert_eq!(all(&["[0-9]{1,4}(?: [0-9]{1,4})?"], "12 34"), [(0, 2), (0, 5)]);
        assert_eq!(all(&["abc"], "abc"), [(0, 3)]);
        assert_eq!(all(&["abc"], "abd"), []);
        assert_eq!(all(&["a[b-z]{1,200}"], "abcd").last(), Some(&(0, 4)), "a long repeat");
    }

    #[test]
    fn what_cannot_be_bounded_is_refused() {
        for (regex, why) in [
            ("a+", PatternError::Unbounded),
            ("a*b", PatternError::Unbounded),
            ("(?:a{2,}b)c", PatternError::Unbounded),
            ("a{1,5000}", PatternError::Unbounded),
            (r"\bab", PatternError::Look),
            ("^ab", PatternError::Look),
            ("a{0,3}", PatternError::Empty),
        ] {
            assert_eq!(Parsed::new(regex).unwrap_err(), why, "{regex}");
        }
        assert!(matches!(Parsed::new("(").unwrap_err(), PatternError::Syntax(_)));
        let large = Parsed::new("(?:[a-z]{40}[0-9]{40}){40}").unwrap();
        assert!(matches!(Automaton::new(&[large], 1 << 14).unwrap_err(), PatternError::Large { .. }));
    }

    #[test]
    fn the_first_bytes_of_a_pattern_are_known() {
        let parsed = [Parsed::new("ab?[0-9]").unwrap(), Parsed::new("[a-z.]{1,9}@x").unwrap()];
        let automaton = Automaton::new(&parsed, MOST_COMPILED).unwrap();
        let entry = automaton.entry(0, &|_, _| true);
        let at = |place: usize| (0..=255_u8).filter(|b| entry.bytes[place][usize::from(*b)]).collect::<Vec<_>>();
        assert_eq!(at(0), b"a");
        assert_eq!(at(1), b"0123456789b");
        assert_eq!(at(3).len(), 256, "it may have ended");
        let before = automaton.before(1, b'@');
        assert!(before[usize::from(b'q')] && before[usize::from(b'.')] && !before[usize::from(b'@')]);
        assert!(!before[usize::from(b'A')]);
    }
}
