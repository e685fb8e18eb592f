//! Answers about dumps.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Body, Page};
use crate::model::layout::Layout;
use crate::model::region::{CaptureProfile, Part, Region, RegionKind};
use crate::work::regions::RegionsAnswer;

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person, at a terminal.
    Person,
    /// A program, as JSON.
    Machine,
}

/// Regions of one kind that are listed for people; JSON has all.
fn listed(kind: RegionKind) -> usize {
    match kind {
        RegionKind::Padding => 1,
        RegionKind::Name | RegionKind::Header | RegionKind::Registers | RegionKind::VectorRegisters => 5,
        _ => 12,
    }
}

/// What a dump holds. The fields are left out for people: those of a hundred thousand regions take much memory.
pub fn regions(answer: &RegionsAnswer, reader: Reader) -> Body {
    let layout = &answer.layout;
    let coverage = layout.coverage();
    if reader == Reader::Machine {
        return Body::yes(fields(layout), "");
    }
    let mut page = Page::new();
    page.line(format!("{}: {}", answer.dump, described(&layout.profile)));
    page.gap();
    page.table(&["kind", "region", "address", "offset", "bytes", "not in file"], rows(layout));
    page.gap().line(format!(
        "{} bytes: {} attributed, {} unattributed",
        coverage.bytes, coverage.attributed, coverage.unattributed
    ));
    captured(&mut page, &layout.profile);
    Body::yes(json!({}), page.finish())
}

fn fields(layout: &Layout) -> serde_json::Value {
    json!({"format": layout.profile.format, "regions": layout.regions, "coverage": layout.coverage(),
           "threads": layout.threads, "modules": layout.modules, "profile": layout.profile})
}

fn described(profile: &CaptureProfile) -> String {
    let parts = [
        Some(profile.format.to_string()),
        profile.machine.map(|machine| machine.to_string()),
        profile.producer.map(|producer| format!("taken by {producer}, as it looks")),
        profile.flags.as_ref().map(|flags| format!("flags {flags}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One row for each region; where there are many of a kind, the largest, and one row for the others.
fn rows(layout: &Layout) -> Vec<Vec<String>> {
    let mut kinds: BTreeMap<RegionKind, Vec<&Region>> = BTreeMap::new();
    for region in &layout.regions {
        kinds.entry(region.kind).or_default().push(region);
    }
    kinds.into_iter().flat_map(|(kind, regions)| rows_of(kind, regions)).collect()
}

fn rows_of(kind: RegionKind, mut regions: Vec<&Region>) -> Vec<Vec<String>> {
    let mut others = vec![];
    if regions.len() > listed(kind) {
        regions.sort_by_key(|region| std::cmp::Reverse((region.length, region.elided)));
        others = regions.split_off(listed(kind) - 1);
        regions.sort_by_key(|region| region.offset);
    }
    let mut rows: Vec<Vec<String>> = regions.into_iter().map(row).collect();
    if !others.is_empty() {
        let (length, elided) = others.iter().fold((0, 0_u64), |(l, e), r| (l + r.length, e.saturating_add(r.elided)));
        let name = format!("{} more", others.len());
        rows.push(cells(kind.to_string(), name, String::new(), String::new(), length, elided));
    }
    rows
}

fn row(region: &Region) -> Vec<String> {
    let kind = if region.inferred { format!("{} (inferred)", region.kind) } else { region.kind.to_string() };
    let address = region.va.map_or(String::new(), |va| format!("{va:#x}"));
    let name = match region.aliases.as_slice() {
        [] => region.name.to_string(),
        aliases => format!("{} = {}", region.name, aliases.join(" = ")),
    };
    cells(kind, name, address, format!("{:#x}", region.offset), region.length, region.elided)
}

fn cells(kind: String, name: String, address: String, offset: String, length: u64, elided: u64) -> Vec<String> {
    let elided = if elided == 0 { String::new() } else { elided.to_string() };
    vec![kind, name, address, offset, length.to_string(), elided]
}

/// Not captured is not the same as not there: people read a silence as an answer.
fn captured(page: &mut Page, profile: &CaptureProfile) {
    if profile.elided_bytes > 0 {
        page.line(format!("{} bytes of mapped memory are not in the file", profile.elided_bytes));
    }
    if profile.truncated_bytes > 0 {
        page.line(format!("truncated: {} bytes that it describes lie past its end", profile.truncated_bytes));
    }
    if profile.limits_reached {
        page.line("there is more in it than is walked; the rest is unattributed");
    }
    let absent: Vec<&str> = profile.absent.iter().map(|part: &Part| part.as_str()).collect();
    if !absent.is_empty() {
        page.line(format!("not captured (which does not say it was not there): {}", absent.join(", ")));
    }
}
