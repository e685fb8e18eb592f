//! Every byte accounted for: from claims that overlap and lie to regions that cover the file exactly.
//!
//! ```text
//! memory ranges × labels ─► claims ─┐
//!              a parser's own claims ┴─► cut where they overlap: the strongest kind owns each piece, the others are
//!                                        its aliases ─► names made unique ─► what is left is padding or unattributed
//! ```

use std::collections::HashMap;

use compact_str::{CompactString, format_compact};

use super::draft::{Claim, Draft, Label};
use super::fields::Fields;
use crate::model::canonical::LARGEST;
use crate::model::intervals::{Interval, sweep};
use crate::model::layout::{Layout, MemoryRange};
use crate::model::region::{Region, RegionKind};

/// How many pairs of labels and memory ranges are looked at.
const MOST_PAIRS: usize = 4 << 20;
/// Gaps that are longer are not looked into.
const LONGEST_PADDING: u64 = 64 << 10;
/// How many bytes of gaps are looked into, over all.
const MOST_PADDING: u64 = 32 << 20;

/// Settles a draft.
pub(super) fn settle(fields: &Fields<'_>, mut draft: Draft) -> Layout {
    claim_memory(&mut draft);
    let elided = draft.memory.iter().fold(0_u64, |sum, (m, _)| sum.saturating_add(m.elided));
    let storable = |bytes: u64| bytes.min(LARGEST as u64);
    draft.profile.elided_bytes = storable(elided);
    draft.profile.truncated_bytes = storable(draft.profile.truncated_bytes);
    let mut regions = owned(&draft.claims);
    regions.extend(gaps(fields, &regions));
    // An elided region stands before the bytes that begin where it would.
    regions.sort_by_key(|r| (r.offset, r.length > 0));
    let memory = draft.memory.into_iter().map(|(range, _)| range).collect();
    Layout::new(draft.profile, draft.size, regions, draft.threads, draft.modules, memory)
}

/// Turns memory ranges and labels into claims.
fn claim_memory(draft: &mut Draft) {
    // One range may be described twice, by a list of memory and as a stack: a name of its own then wins.
    draft.memory.sort_by_key(|(range, named)| (*range, !named));
    draft.memory.dedup_by_key(|(range, _)| *range);
    let mut labels = std::mem::take(&mut draft.labels);
    labels.sort_by_key(|label| label.kind);
    let mut elided: Vec<u64> = draft.memory.iter().map(|(range, _)| range.elided).collect();
    let furthest = furthest_ends(&draft.memory);
    let mut pairs = 0;
    for label in &labels {
        let after = draft.memory.partition_point(|(range, _)| range.va < label.end);
        for at in (0..after).rev().take_while(|&at| furthest[at] > label.start) {
            pairs += 1;
            if pairs > MOST_PAIRS {
                draft.profile.limits_reached = true;
                break;
            }
            let range = draft.memory[at].0;
            if let Some(claim) = labelled(label, range, &mut elided[at]) {
                draft.put(claim);
            }
        }
    }
    // Claims of one label come out last address first; the first shall have the plain name.
    draft.claims.sort_by_key(|claim| claim.va);
    let named: Vec<Claim> = draft
        .memory
        .iter()
        .zip(elided)
        .filter(|((_, named), _)| *named)
        .filter_map(|((m, _), e)| plain(m, e))
        .collect();
    named.into_iter().for_each(|claim| draft.put(claim));
}

/// For each range, the furthest end of those up to it: where to stop when looking back.
fn furthest_ends(memory: &[(MemoryRange, bool)]) -> Vec<u64> {
    let ends = memory.iter().scan(0, |furthest, (range, _)| {
        *furthest = range.end().max(*furthest);
        Some(*furthest)
    });
    ends.collect()
}

/// What a label says of a memory range. Elided bytes are given once, to the strongest label.
fn labelled(label: &Label, range: MemoryRange, elided: &mut u64) -> Option<Claim> {
    let (start, end) = (label.start.max(range.va), label.end.min(range.end()));
    let captured_end = end.min(range.captured_end());
    let length = captured_end.saturating_sub(start);
    let missing = end.saturating_sub(start.max(range.captured_end())).min(*elided);
    if length == 0 && missing == 0 {
        return None;
    }
    *elided -= missing;
    Some(Claim {
        name: label.name.clone(),
        kind: label.kind,
        inferred: label.inferred,
        thread: label.thread,
        va: Some(start),
        offset: range.offset + (start - range.va).min(range.length),
        length,
        elided: missing,
    })
}

fn plain(range: &MemoryRange, elided: u64) -> Option<Claim> {
    (range.length > 0 || elided > 0).then(|| Claim {
        name: format_compact!("memory:{:#x}", range.va),
        kind: RegionKind::Memory,
        inferred: false,
        thread: None,
        va: Some(range.va),
        offset: range.offset,
        length: range.length,
        elided,
    })
}

/// A stretch of one claim that no stronger one covers.
struct Piece {
    owner: usize,
    start: u64,
    end: u64,
    aliases: Vec<usize>,
}

/// Cuts claims where they overlap; each piece goes to the strongest kind, and of one kind to the closest description.
fn cut(claims: &[Claim]) -> Vec<Piece> {
    let intervals: Vec<Interval> = claims.iter().map(Claim::interval).collect();
    let mut pieces: Vec<Piece> = vec![];
    let rank = |at: usize| (claims[at].kind, claims[at].length);
    sweep(&intervals, rank, |Interval { start, end }, owners| {
        let Some(owner) = owners.next() else { return };
        match pieces.last_mut() {
            Some(last) if last.owner == owner && last.end == start => last.end = end,
            _ => pieces.push(Piece { owner, start, end, aliases: vec![] }),
        }
        let piece = pieces.last_mut().expect("one was just there");
        // A description that encloses another is its surroundings, not another name for it.
        let names = |other: &usize| !intervals[owner].is_within(intervals[*other]);
        for other in owners.take(Region::ALIASES).filter(names) {
            if piece.aliases.len() < Region::ALIASES && !piece.aliases.contains(&other) {
                piece.aliases.push(other);
            }
        }
    });
    pieces
}

/// The regions that claims come to: named, with what else was said of them, and with what is not in the file.
fn owned(claims: &[Claim]) -> Vec<Region> {
    let mut names = Names::default();
    let own: Vec<CompactString> = claims.iter().map(|c| names.unique(&c.name, c.va)).collect();
    let mut unused: Vec<bool> = vec![true; claims.len()];
    let mut elided: Vec<u64> = claims.iter().map(|claim| claim.elided).collect();
    let mut name = |owner: usize, va: Option<u64>| match std::mem::take(&mut unused[owner]) {
        true => own[owner].clone(),
        false => names.unique(&claims[owner].name, va),
    };
    let mut regions = vec![];
    for Piece { owner, start, end, aliases } in cut(claims) {
        let claim = &claims[owner];
        let missing = if end == claim.interval().end { std::mem::take(&mut elided[owner]) } else { 0 };
        let va = claim.va.map(|va| va + (start - claim.offset));
        let aliases = aliases.iter().map(|other| own[*other].clone()).collect();
        let (name, length) = (name(owner, va), end - start);
        regions.push(Region { name, va, offset: start, length, elided: missing, aliases, ..claim.region() });
    }
    for (owner, elided) in elided.into_iter().enumerate().filter(|(_, elided)| *elided > 0) {
        let claim = &claims[owner];
        let (va, offset) = (claim.va.map(|va| va + claim.length), claim.interval().end);
        regions.push(Region { name: name(owner, va), va, offset, elided, ..claim.region() });
    }
    regions
}

/// Names given so far, each with how often it was asked for.
#[derive(Default)]
struct Names(HashMap<CompactString, u64>);

impl Names {
    /// The name itself, else with its address; where it has none, or that is taken too, numbered. Offsets would not do: two
    /// dumps of one process have the same structures at different places.
    fn unique(&mut self, name: &CompactString, va: Option<u64>) -> CompactString {
        let mut taken = self.take(name);
        if taken == 0 {
            return name.clone();
        }
        let mut placed = name.clone();
        if let Some(va) = va {
            placed = format_compact!("{name}@{va:#x}");
            taken = self.take(&placed);
            if taken == 0 {
                return placed;
            }
        }
        loop {
            let numbered = format_compact!("{placed}#{}", taken + 1);
            if self.take(&numbered) == 0 {
                return numbered;
            }
            taken = self.take(&placed);
        }
    }

    fn take(&mut self, name: &CompactString) -> u64 {
        let taken = self.0.entry(name.clone()).or_default();
        *taken += 1;
        *taken - 1
    }
}

/// What no claim covers: padding where it is short and zero, else unattributed.
fn gaps(fields: &Fields<'_>, regions: &[Region]) -> Vec<Region> {
    let mut gaps = vec![];
    let mut at = 0;
    let mut left = MOST_PADDING;
    let whole = regions.iter().filter(|r| r.length > 0).map(|r| (r.offset, r.end()));
    for (start, end) in whole.chain([(fields.size(), fields.size())]) {
        if at < start {
            let length = start - at;
            let looked = length <= LONGEST_PADDING.min(left);
            left -= if looked { length } else { 0 };
            let zero = looked && is_zero(fields, at, length);
            gaps.push(gap(at, length, if zero { RegionKind::Padding } else { RegionKind::Unattributed }));
        }
        at = end;
    }
    gaps
}

fn is_zero(fields: &Fields<'_>, offset: u64, length: u64) -> bool {
    let block = fields.block(offset, length);
    block.len() == length && block.bytes().iter().all(|byte| *byte == 0)
}

fn gap(offset: u64, length: u64, kind: RegionKind) -> Region {
    let name = format_compact!("{kind}:{offset:#x}");
    Region { name, kind, inferred: false, thread: None, va: None, offset, length, elided: 0, aliases: vec![] }
}
