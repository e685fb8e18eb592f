//! What redactions leave showing, by class, kind of region and value: a heap shows ten thousand findings that are a few
//! decisions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::coverage::Coverage;
use super::digest::KeyedBlake3;
use super::finding::Finding;
use super::fragment::Fragment;
use super::id::{ClassId, FragmentId};
use super::region::RegionKind;

/// The findings of one value in one kind of region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Their class.
    pub class: ClassId,
    /// The kind of region; none of a plain range.
    pub kind: Option<RegionKind>,
    /// The value; none without one.
    pub commitment: Option<KeyedBlake3>,
    /// How many are masked through and through.
    pub covered: u64,
    /// Of how many in the raw bytes something shows.
    pub uncovered: u64,
    /// How many are in the sanitized bytes.
    pub leaked: u64,
    /// In which fragments.
    pub fragments: BTreeSet<FragmentId>,
}

type Key = (ClassId, Option<RegionKind>, Option<KeyedBlake3>);

/// Groups what was found in fragments; those of which most shows come first.
pub fn groups<'a>(fragments: impl Iterator<Item = (&'a Fragment, &'a Coverage)>) -> Vec<Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (fragment, coverage) in fragments {
        let mut count = |findings: &[Finding], field: fn(&mut Group) -> &mut u64| {
            for finding in findings {
                let key = (finding.class.clone(), fragment.kind, finding.commitment);
                let group = groups.entry(key).or_insert_with_key(blank);
                *field(group) += 1;
                group.fragments.insert(fragment.id.clone());
            }
        };
        count(&coverage.covered, |group| &mut group.covered);
        count(&coverage.uncovered, |group| &mut group.uncovered);
        count(&coverage.leaked, |group| &mut group.leaked);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.shown()));
    groups
}

fn blank((class, kind, commitment): &Key) -> Group {
    let fragments = BTreeSet::new();
    let (class, kind, commitment) = (class.clone(), *kind, *commitment);
    Group { class, kind, commitment, covered: 0, uncovered: 0, leaked: 0, fragments }
}

impl Group {
    /// How many show, raw and sanitized.
    pub fn shown(&self) -> u64 {
        self.uncovered + self.leaked
    }
}
