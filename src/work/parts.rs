//! Where in a dump parts of values may stand: in registers, and at edges of memory behind which nothing was captured.

use super::inspect::{pieces, pieces_of};
use crate::model::fragment::Fragment;
use crate::model::layout::Layout;
use crate::model::region::{Region, RegionKind};
use crate::scan::parts::{PartPlace, Standing, edges};

/// The longest that the registers of one thread are taken to be.
const REGISTERS: u64 = 64 << 10;

/// In a fragment.
pub(super) fn of_fragment(fragment: &Fragment, layout: &Layout) -> Vec<PartPlace> {
    let range = fragment.range;
    let mut places = edges(&pieces(fragment, layout));
    places.extend(registers(layout, range.offset, range.offset.saturating_add(range.length)));
    places
}

/// In a whole dump.
pub(super) fn of_dump(layout: &Layout) -> Vec<PartPlace> {
    let mut places = edges(&pieces_of(layout, 0, layout.bytes));
    places.extend(registers(layout, 0, layout.bytes));
    places
}

fn registers(layout: &Layout, from: u64, to: u64) -> impl Iterator<Item = PartPlace> {
    let holds = |region: &&Region| matches!(region.kind, RegionKind::Registers | RegionKind::VectorRegisters);
    layout.covering(from, to - from).filter(holds).map(move |region| {
        let (offset, end) = (region.offset.max(from), region.end().min(to));
        PartPlace { offset, length: (end - offset).min(REGISTERS), standing: Standing::Anywhere }
    })
}
