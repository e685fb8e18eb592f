//! Where fragments say that they lie: region, kind, other names and address, against the layout of their capture.
//!
//! A charter keeps kinds of regions from the lane, and an objection about an address or a region reaches fragments by
//! what they say of themselves. So a check reads each capture's layout again, once, and believes nothing else.

use std::collections::HashMap;

use super::proof::State;
use super::vault::Vault;
use crate::dump::layout::layout;
use crate::model::fragment::Fragment;
use crate::model::layout::Layout;
use crate::model::region::Region;
use crate::model::session::Taken;
use crate::model::source::CheckState;

/// Whether a fragment says where it lies.
pub(super) fn is_said(fragment: &Fragment) -> bool {
    fragment.region.is_some() || fragment.va.is_some()
}

/// What a fragment says of its place.
pub(super) fn said(fragment: &Fragment) -> String {
    let kind = fragment.kind.map(|kind| kind.as_str().to_owned());
    let va = fragment.va.map(|va| va.to_string());
    [kind, fragment.region.clone(), va].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Checks fragments of one capture: what each said, in their order.
pub(super) fn check(vault: &Vault, key: &str, fragments: &[&Fragment]) -> Vec<State> {
    let opened = vault.open_capture(key).map_err(|e| e.to_string());
    let read = opened.and_then(|(file, _)| layout(&file).map_err(|e| e.to_string()));
    let layout = match read {
        Ok(layout) => layout,
        Err(why) => return vec![(CheckState::Unreachable, Some(why)); fragments.len()],
    };
    let places = Places::of(&layout);
    fragments.iter().map(|fragment| places.state(fragment)).collect()
}

/// Checks how a capture is said to have been taken; nothing of one that cannot be read, which its fragments say.
pub(super) fn check_taken(vault: &Vault, taken: &Taken) -> Option<State> {
    let (file, _) = vault.open_capture(&taken.key).ok()?;
    let layout = layout(&file).ok()?;
    let said = match layout.profile.recorded() == taken.profile {
        true => (CheckState::Same, None),
        false => (CheckState::Drifted, Some("the dump does not say that it was taken so".to_owned())),
    };
    (layout.bytes == taken.bytes).then_some(said)
}

/// A layout, arranged so that many fragments can be looked up.
struct Places<'l> {
    bytes: u64,
    regions: HashMap<&'l str, &'l Region>,
    /// By how far address and place in the file are apart: stretches of the file, sorted, disjoint, with gaps between.
    stretches: HashMap<u64, Vec<(u64, u64)>>,
}

impl<'l> Places<'l> {
    fn of(layout: &'l Layout) -> Self {
        let mut stretches: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
        for range in layout.memory.iter().filter(|range| range.length > 0) {
            let stretch = (range.offset, range.offset.saturating_add(range.length));
            stretches.entry(range.va.wrapping_sub(range.offset)).or_default().push(stretch);
        }
        stretches.values_mut().for_each(join);
        let regions = layout.regions.iter().map(|region| (region.name.as_str(), region)).collect();
        Self { bytes: layout.bytes, regions, stretches }
    }

    fn state(&self, fragment: &Fragment) -> State {
        if self.bytes != fragment.capture.bytes {
            return (CheckState::Unreachable, Some("the capture changed while it was checked".to_owned()));
        }
        match self.wrong(fragment) {
            Some(why) => (CheckState::Drifted, Some(why.to_owned())),
            None => (CheckState::Same, None),
        }
    }

    fn wrong(&self, fragment: &Fragment) -> Option<&'static str> {
        let (from, length) = (fragment.range.offset, fragment.range.length);
        let end = from.saturating_add(length);
        if let Some(name) = &fragment.region {
            let Some(region) = self.regions.get(name.as_str()) else {
                return Some("the dump has no region of that name");
            };
            if fragment.kind != Some(region.kind) {
                return Some("the region of that name is of another kind");
            }
            if from < region.offset || end > region.end() {
                return Some("its bytes do not lie in the region of that name");
            }
            if !fragment.aliases.iter().map(String::as_str).eq(region.aliases.iter().map(|alias| alias.as_str())) {
                return Some("the region of that name has other aliases");
            }
        }
        let va = fragment.va?.get();
        let stretches = self.stretches.get(&va.wrapping_sub(from)).map(Vec::as_slice).unwrap_or_default();
        let before = stretches.partition_point(|(start, _)| *start <= from);
        let stretch = before.checked_sub(1).and_then(|at| stretches.get(at));
        let lies = stretch.is_some_and(|(_, stretch_end)| end <= *stretch_end);
        (!lies).then_some("its bytes did not lie at that address")
    }
}

/// Sorts stretches and makes one of those that touch.
fn join(stretches: &mut Vec<(u64, u64)>) {
    stretches.sort_unstable();
    stretches.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_touch_are_one() {
        let mut stretches = vec![(8, 9), (0, 2), (2, 4), (1, 3), (6, 7)];
        join(&mut stretches);
        assert_eq!(stretches, [(0, 4), (6, 7), (8, 9)]);
    }
}
