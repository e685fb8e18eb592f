//! Two dumps compared: memory by address, everything else by name. Places of files mean nothing here: a sanitizer that
//! drops a page moves all that follows.

use std::collections::HashMap;

use super::layout::DumpError;
use super::read::ReadAt;
use crate::model::address::Address;
use crate::model::comparison::{self, Changed, Comparison, Difference, OneSided, RegionsCompared};
use crate::model::layout::{Held, HeldRange, Layout};
use crate::model::region::{Region, RegionKind};

/// Intervals that are listed of one region, and of all.
const LISTED_OF_ONE: usize = 256;
const LISTED: usize = 1 << 16;
const BLOCK: usize = 1 << 20;
/// Blocks that differ are looked into in steps of this many bytes.
const STEP: usize = 256;

/// A dump and what it holds.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its bytes.
    pub bytes: &'a dyn ReadAt,
    /// Its layout.
    pub layout: &'a Layout,
}

/// Compares two dumps. `progress` gets the number of bytes of the first just done.
///
/// # Errors
/// When the system cannot read one of them.
pub fn compare(before: Side<'_>, after: Side<'_>, progress: &dyn Fn(u64)) -> Result<Comparison, DumpError> {
    let mut pass = Pass {
        before,
        after,
        progress,
        listed: 0,
        buffers: [vec![0; BLOCK], vec![0; BLOCK]],
        found: RegionsCompared::default(),
    };
    pass.first()?;
    let added = pass.second();
    let mut regions = pass.found;
    regions.added = added;
    let threads = |layout: &Layout| layout.threads.iter().map(|thread| thread.id).collect::<Vec<_>>().into_iter();
    Ok(Comparison {
        regions,
        modules: comparison::modules(&before.layout.modules, &after.layout.modules),
        threads: comparison::threads(threads(before.layout), threads(after.layout)),
        stacks: None,
    })
}

/// Gaps between structures are named by their place in the file, and hold nothing that was described.
fn is_compared(region: &Region) -> bool {
    region.length > 0 && !matches!(region.kind, RegionKind::Padding | RegionKind::Unattributed)
}

fn by_name(layout: &Layout) -> HashMap<&str, &Region> {
    layout.regions.iter().filter(|r| r.va.is_none()).map(|r| (r.name.as_str(), r)).collect()
}

struct Pass<'a> {
    before: Side<'a>,
    after: Side<'a>,
    progress: &'a dyn Fn(u64),
    listed: usize,
    buffers: [Vec<u8>; 2],
    found: RegionsCompared,
}

/// What differs in one region so far.
#[derive(Default)]
struct Differences {
    bytes: u64,
    count: u64,
    listed: Vec<Difference>,
    /// Where the last one ends.
    end: Option<u64>,
}

impl Pass<'_> {
    /// Every region of the first dump, against what the second has at its addresses, or under its name.
    fn first(&mut self) -> Result<(), DumpError> {
        let others = by_name(self.after.layout);
        let regions = &self.before.layout.regions;
        for region in regions.iter().filter(|region| is_compared(region)) {
            match region.va {
                Some(va) => self.at_address(region, va)?,
                None => self.named(region, others.get(region.name.as_str()).copied())?,
            }
        }
        Ok(())
    }

    fn at_address(&mut self, region: &Region, va: u64) -> Result<(), DumpError> {
        let mut found = Differences::default();
        let held = self.after.layout.held(va, region.length);
        for HeldRange { va: at, length, held } in &held {
            match held {
                Held::InFile(offset) => self.difference(region, at - va, *offset, *length, &mut found)?,
                _ => (self.progress)(*length),
            }
        }
        let gone = one_sided(region, &held);
        self.note(region, None, found, gone);
        Ok(())
    }

    fn named(&mut self, region: &Region, other: Option<&Region>) -> Result<(), DumpError> {
        let Some(other) = other else {
            (self.progress)(region.length);
            let absent = HeldRange { va: 0, length: region.length, held: Held::NotCaptured };
            self.note(region, None, Differences::default(), one_sided(region, &[absent]));
            return Ok(());
        };
        let mut found = Differences::default();
        self.difference(region, 0, other.offset, region.length.min(other.length), &mut found)?;
        let other_length = (region.length != other.length).then_some(other.length);
        self.note(region, other_length, found, None);
        Ok(())
    }

    fn note(&mut self, region: &Region, other_length: Option<u64>, found: Differences, gone: Option<OneSided>) {
        let changed = found.bytes > 0 || other_length.is_some();
        self.found.same += u64::from(!changed && gone.is_none());
        self.found.gone.extend(gone);
        self.found.changed.extend(changed.then(|| Changed {
            name: region.name.to_string(),
            kind: region.kind,
            va: region.va.map(Address::new),
            length: region.length,
            other_length,
            bytes: found.bytes,
            intervals: found.listed,
            interval_count: found.count,
        }));
    }

    /// Compares a part of a region, `from` bytes into it, with bytes of the second dump.
    fn difference(
        &mut self,
        region: &Region,
        from: u64,
        other: u64,
        length: u64,
        found: &mut Differences,
    ) -> Result<(), DumpError> {
        let mut done = 0;
        while done < length {
            let size = (length - done).min(BLOCK as u64) as usize;
            let [mut one, mut two] = std::mem::take(&mut self.buffers);
            self.before.bytes.read_exact_at(&mut one[..size], region.offset + from + done)?;
            self.after.bytes.read_exact_at(&mut two[..size], other + done)?;
            if one[..size] != two[..size] {
                let steps = one[..size].chunks(STEP).zip(two[..size].chunks(STEP));
                for (step, (one, two)) in steps.enumerate().filter(|(_, (one, two))| one != two) {
                    let at = from + done + (step * STEP) as u64;
                    self.bytes(region, at, one, two, found);
                }
            }
            self.buffers = [one, two];
            done += size as u64;
            (self.progress)(size as u64);
        }
        Ok(())
    }

    fn bytes(&mut self, region: &Region, at: u64, one: &[u8], two: &[u8], found: &mut Differences) {
        for offset in (at..).zip(one.iter().zip(two)).filter(|(_, (one, two))| one != two).map(|(offset, _)| offset) {
            found.bytes += 1;
            let goes_on = found.end.replace(offset + 1) == Some(offset);
            if goes_on {
                // The last one listed is the last one found, unless the list is full.
                if found.listed.len() as u64 == found.count {
                    found.listed.last_mut().expect("what goes on has begun").length += 1;
                }
                continue;
            }
            if found.listed.len() as u64 == found.count && found.listed.len() < LISTED_OF_ONE && self.listed < LISTED {
                self.listed += 1;
                let va = region.va.map(|va| Address::new(va + offset));
                found.listed.push(Difference { va, offset, length: 1 });
            }
            found.count += 1;
        }
    }

    /// Every region of the second dump of which the first has not all.
    fn second(&self) -> Vec<OneSided> {
        let others = by_name(self.before.layout);
        let regions = self.after.layout.regions.iter().filter(|region| is_compared(region));
        let added = regions.filter_map(|region| match region.va {
            Some(va) => one_sided(region, &self.before.layout.held(va, region.length)),
            None if others.contains_key(region.name.as_str()) => None,
            None => one_sided(region, &[HeldRange { va: 0, length: region.length, held: Held::NotCaptured }]),
        });
        added.collect()
    }
}

/// The region, if a part of it is not in the other file.
fn one_sided(region: &Region, held: &[HeldRange]) -> Option<OneSided> {
    let sum = |what: fn(Held) -> bool| held.iter().filter(|piece| what(piece.held)).map(|piece| piece.length).sum();
    let absent: u64 = sum(|held| !matches!(held, Held::InFile(_)));
    (absent > 0).then(|| OneSided {
        name: region.name.to_string(),
        kind: region.kind,
        va: region.va.map(Address::new),
        length: region.length,
        absent,
        elided: sum(|held| held == Held::Elided),
    })
}
