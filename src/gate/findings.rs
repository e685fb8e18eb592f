//! Findings: nothing of a blocking class shows in what goes to the lane, unless a human disposed of exactly that.

use std::cell::LazyCell;

use super::Case;
use crate::model::coverage::is_covered;
use crate::model::finding::Finding;
use crate::model::finding_set::Current;
use crate::model::fragment::Fragment;
use crate::model::fragment_scan::{Cause, FragmentScan};
use crate::model::id::ClassId;
use crate::model::packet::Packet;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::scanned::Scanned;
use crate::model::surroundings::Surroundings;
use crate::model::taxonomy::Taxonomy;

/// What shows of one class in one fragment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Found in the raw bytes and not masked through and through.
    pub uncovered: Vec<Finding>,
    /// Found in the sanitized bytes.
    pub leaked: Vec<Finding>,
}

impl Shown {
    /// How many findings show.
    pub fn count(&self) -> usize {
        self.uncovered.len() + self.leaked.len()
    }
}

/// What shows of one class, less the values that the taxonomy knows to be harmless.
pub fn shown(fragment: &Fragment, current: &Current, taxonomy: &Taxonomy, class: &ClassId) -> Shown {
    let counts = |f: &&Finding| f.class == *class && !taxonomy.is_known(f);
    let uncovered = current.raw.iter().filter(counts).filter(|f| !is_covered(fragment, f));
    Shown {
        uncovered: uncovered.cloned().collect(),
        leaked: current.sanitized.iter().filter(counts).cloned().collect(),
    }
}

pub(super) fn leaks(case: &Case<'_>) -> Vec<Reason> {
    if case.packet.content.taxonomy.blocking().next().is_none() {
        return Vec::new();
    }
    case.packet.content.included().flat_map(|fragment| leaks_of(case, fragment)).collect()
}

fn leaks_of(case: &Case<'_>, fragment: &Fragment) -> Vec<Reason> {
    let now = case.facts.scans.unwrap_or_default().iter().filter(|s| s.fragment == fragment.id);
    let mut reasons = unresolved(case.packet, fragment, now.flat_map(|s| &s.scanned));
    // Who cannot look judges by the record alone, and must come to the same.
    for by_record in unresolved(case.packet, fragment, std::iter::empty()) {
        if !reasons.iter().any(|reason| reason.subject == by_record.subject) {
            reasons.push(by_record);
        }
    }
    reasons
}

/// The classes that block and show in a fragment, by what is on record and what was just seen, and that nobody disposed of.
pub fn unresolved<'a>(packet: &'a Packet, fragment: &Fragment, seen: impl Iterator<Item = &'a Scanned>) -> Vec<Reason> {
    let (taxonomy, charter) = (&packet.content.taxonomy, &packet.content.charter);
    let recorded = packet.findings.get(&fragment.id);
    let current = Current::of(fragment, recorded.iter().flat_map(|r| &r.file.scan).chain(seen));
    let stops = |class: &ClassId| {
        let shown = shown(fragment, &current, taxonomy, class);
        let set = current.set(fragment, class);
        let disposition = recorded.and_then(|r| r.disposition(class, charter));
        let stands = disposition.is_some_and(|d| (d.count, d.set) == (set.count, set.digest));
        (shown.count() > 0 && !stands).then(|| reason(fragment, class, &shown, disposition.is_some()))
    };
    taxonomy.blocking().filter_map(|class| stops(&class.id)).collect()
}

fn reason(fragment: &Fragment, class: &ClassId, shown: &Shown, reopened: bool) -> Reason {
    let id = &fragment.id;
    let (uncovered, leaked) = (shown.uncovered.len(), shown.leaked.len());
    let again = if reopened { "; what was disposed of was another set" } else { "" };
    let message = format!(
        "fragment {id} shows findings of class {class}: {uncovered} not masked through and through, {leaked} in the sanitized bytes{again}"
    );
    let help = format!(
        "packet coverage {id}   then mask them, with a byte that they do not hold, and packet add-fragment again, or packet scan --record and packet dispose --class {class} --in fragment:{id} --as not-customer-data|needed --why TEXT"
    );
    Reason::new(ReasonCode::LeakUnresolved, format!("findings:{id}/{class}"), message, help)
}

pub(super) fn unread(case: &Case<'_>) -> Vec<Reason> {
    let Some(scans) = case.facts.scans else { return Vec::new() };
    let surroundings = LazyCell::new(|| case.packet.content.surroundings());
    let is_out_of_reach = |scan: &FragmentScan| scan.unread.as_ref().is_some_and(|u| u.cause == Cause::OutOfReach);
    let left = scans.iter().filter(|scan| !(is_out_of_reach(scan) && stood_in(case, scan, &surroundings)));
    left.filter_map(incomplete).collect()
}

/// Why a fragment was not scanned to its end, and what to do; none when it was.
pub fn incomplete(scan: &FragmentScan) -> Option<Reason> {
    let unread = scan.unread.as_ref()?;
    let id = &scan.fragment;
    let message = format!("fragment {id} could not be scanned to the end: {}", unread.why);
    let help = match unread.cause {
        Cause::OutOfReach => {
            "make the vault readable and try again; or a custodian who can read it runs packet scan --record and packet drift --record"
        }
        Cause::TooMuch => {
            "packet scan   says how much of it was left out; take it in parts without that: packet add-fragment with --all-regions, --va or --range"
        }
        Cause::Changed => {
            "packet drift   tells what is not as pinned: restore it, or take it anew with packet add-fragment"
        }
        Cause::Unfit => {
            "the key and the exact list must be those of the packet's vault: mount it, or mend what is named"
        }
    };
    Some(Reason::new(ReasonCode::ScanIncomplete, format!("fragment:{id}"), message, help))
}

/// Bytes that are out of reach here may have been scanned by a custodian, to the end and by the taxonomy in force.
fn stood_in(case: &Case<'_>, scan: &FragmentScan, surroundings: &Surroundings) -> bool {
    let packet = case.packet;
    match (packet.content.fragments.get(&scan.fragment), packet.findings.get(&scan.fragment)) {
        (Some(fragment), Some(recorded)) => {
            let around = surroundings.around(fragment);
            recorded.is_vouched_for(fragment, &packet.taxonomy_digest(), &around, &packet.content.charter)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Confidence;

    #[test]
    fn what_shows_is_what_is_not_masked_and_what_the_copy_holds() {
        let (class, encoding) = (ClassId::new("email").unwrap(), "ascii".into());
        let finding = Finding { class, offset: 0, length: 4, encoding, confidence: Confidence::Low, commitment: None };
        let shown = |uncovered: usize, leaked: usize| Shown {
            uncovered: vec![finding.clone(); uncovered],
            leaked: vec![finding.clone(); leaked],
        };
        for (uncovered, leaked) in [(0, 0), (1, 0), (0, 1), (1, 1), (3, 2)] {
            assert_eq!(shown(uncovered, leaked).count(), uncovered + leaked);
        }
    }
}
