//! What lies around a fragment.
//!
//! What a scan finds is more than the fragment's bytes say: a value may begin before them, and a part of one is told by the
//! whole in another fragment of the same capture. So a scan counts where it was made, and among the fragments it was made
//! among.

use std::collections::BTreeMap;

use super::digest::Blake3;
use super::fragment::Fragment;

/// What a packet knows of each capture: its fragments.
#[derive(Debug, Default)]
pub struct Surroundings(BTreeMap<String, Blake3>);

impl Surroundings {
    /// Those of a packet's fragments.
    pub fn of<'f>(fragments: impl Iterator<Item = &'f Fragment>) -> Self {
        let mut captures: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for fragment in fragments {
            captures.entry(capture(fragment)).or_default().push(place(fragment));
        }
        let listed = captures.into_iter().map(|(capture, mut places)| {
            places.sort_unstable();
            places.dedup();
            (capture, Blake3::of(places.concat().as_bytes()))
        });
        Self(listed.collect())
    }

    /// BLAKE3 over a fragment's capture and place, and the places of all fragments of the capture.
    pub fn around(&self, fragment: &Fragment) -> Blake3 {
        let capture = capture(fragment);
        let listed = self.0.get(&capture).map(ToString::to_string).unwrap_or_default();
        Blake3::of(format!("{capture}{}{listed}\n", place(fragment)).as_bytes())
    }
}

fn capture(fragment: &Fragment) -> String {
    let capture = &fragment.capture;
    format!("{} {} {}\n", capture.source, capture.bytes, capture.key)
}

fn place(fragment: &Fragment) -> String {
    let va = fragment.va.map(|va| va.get().to_string()).unwrap_or_default();
    format!("{}+{} {va} {}\n", fragment.range.offset, fragment.range.length, fragment.raw.keyed_blake3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fragment::Extent;
    use crate::model::fragment::tests::fragment;

    #[test]
    fn another_place_or_another_neighbour_is_another_surrounding() {
        let one = fragment();
        let mut moved = one.clone();
        moved.range.offset += 4096;
        let mut other_capture = one.clone();
        other_capture.capture.key.push('2');
        let around = |fragment: &Fragment, all: &[&Fragment]| Surroundings::of(all.iter().copied()).around(fragment);
        let alone = around(&one, &[&one]);
        assert_eq!(alone, around(&one, &[&one, &other_capture]), "another dump is no neighbour");
        assert_ne!(alone, around(&moved, &[&moved]));
        assert_ne!(alone, around(&other_capture, &[&other_capture]));
        assert_ne!(alone, around(&one, &[&one, &moved]));
        let renamed = Fragment { id: "other".parse().unwrap(), ..one.clone() };
        assert_eq!(alone, around(&renamed, &[&one, &renamed]), "the same bytes by another name");
        let longer = Fragment { range: Extent { length: one.range.length + 1, ..one.range }, ..one };
        assert_ne!(alone, around(&longer, &[&longer]));
    }
}
