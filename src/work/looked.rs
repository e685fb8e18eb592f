//! The evidence as it is now: every pin checked against its source, and what goes to the lane scanned.
//!
//! One way to look, for `draft`, `gate`, `sign`, `approve` and `verify --evidence`: they cannot disagree on what is there.

use super::drift::Progress;
use super::{findings, inspect};
use crate::gate::Facts;
use crate::model::fragment::Fragment;
use crate::model::fragment_scan::FragmentScan;
use crate::model::packet::Packet;
use crate::model::time::Time;
use crate::source::evidence::{self, Checked};

/// Makes the progress report of a check that will read so many bytes.
pub type MakeProgress<'a> = &'a dyn Fn(u64) -> Box<Progress<'static>>;

/// What was seen.
pub(super) struct Looked {
    /// What each source said.
    pub(super) checked: Checked,
    /// What was found in what goes to the lane; nothing when the taxonomy has no class that blocks.
    scans: Option<Vec<FragmentScan>>,
}

impl Looked {
    /// Checks every source, with recorded checks standing in where a custodian made them, and scans what goes to the lane.
    pub(super) fn at(packet: &Packet, now: Time, progress: MakeProgress<'_>) -> Self {
        let included: Vec<&Fragment> = packet.content.included().collect();
        let scans = packet.content.taxonomy.blocking().next().is_some();
        let to_scan = if scans { evidence::bytes_of(inspect::read_for(packet, &included).into_iter()) } else { 0 };
        let progress = progress(evidence::bytes_to_read(&packet.content).saturating_add(to_scan));
        let mut checked = evidence::check_all(&packet.content, &*progress);
        checked.sources = evidence::with_stand_ins(checked.sources, packet, now);
        let scans = scans.then(|| inspect::inspect(packet, &included, None, &*progress).scans);
        Self { checked, scans }
    }

    /// How many of the findings are on nobody's record.
    pub(super) fn unrecorded(&self, packet: &Packet) -> usize {
        findings::unrecorded(packet, self.scans.as_deref().unwrap_or_default())
    }

    /// As the gate takes it.
    pub(super) fn facts(&self) -> Facts<'_> {
        let Self { checked, scans } = self;
        let (sources, subjects) = (Some(checked.sources.as_slice()), checked.subjects.as_slice());
        Facts { sources, subjects, scans: scans.as_deref(), ..Facts::default() }
    }
}
