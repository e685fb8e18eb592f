//! Which bytes of a dump a person asks for, found in its layout.

use super::refused::Refused;
use crate::model::address::Address;
use crate::model::charter::Rules;
use crate::model::fragment::Disclosure;
use crate::model::layout::Layout;
use crate::model::range::ByteRange;
use crate::model::region::{Region, RegionKind};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The whole dump.
    Whole,
    /// A range of the file.
    Range(ByteRange),
    /// A range of addresses.
    Addresses(ByteRange),
    /// A region, by name or alias.
    Region(String),
    /// Every region, each as a fragment of its own.
    AllRegions,
}

/// One range of the file that becomes a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Where it lies in the file.
    pub(super) range: ByteRange,
    /// The region it is, or is a part of.
    pub(super) region: Option<String>,
    /// What that region is.
    pub(super) kind: Option<RegionKind>,
    /// Other names for its bytes.
    pub(super) aliases: Vec<String>,
    /// Where it lay in memory.
    pub(super) va: Option<Address>,
    /// What sets its name apart from the dump's.
    pub(super) label: Option<String>,
}

/// A region that was left out of all of them, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The region.
    pub region: String,
    /// Why.
    pub why: String,
}

/// Finds what was asked for.
///
/// # Errors
/// When it is not in the dump, or the charter does not let it be included.
pub(super) fn choose(
    choice: &Choice,
    layout: &Layout,
    rules: &Rules,
    disclosure: Disclosure,
) -> Result<(Vec<Chosen>, Vec<Skipped>), Refused> {
    let one = match choice {
        Choice::AllRegions => return Ok(all(layout, rules, disclosure)),
        Choice::Whole => Chosen { label: None, ..at(layout, ByteRange { offset: 0, length: layout.bytes }) },
        Choice::Range(range) => in_file(layout, *range)?,
        Choice::Addresses(range) => at_addresses(layout, *range)?,
        Choice::Region(name) => of_region(layout, named(layout, name)?),
    };
    match unfit(&one, rules, disclosure) {
        None => Ok((vec![one], Vec::new())),
        Some(why) => Err(refused(choice, why)),
    }
}

fn refused(choice: &Choice, why: String) -> Refused {
    let (option, help) = match choice {
        Choice::Addresses(_) => ("--va", "packet regions DUMP   lists what lay where"),
        Choice::Region(_) | Choice::AllRegions => ("--region", "packet regions DUMP   lists them"),
        Choice::Whole | Choice::Range(_) => {
            ("--range", "packet add-fragment … --range OFFSET+LENGTH   in bytes, decimal or 0x hex")
        }
    };
    Refused::usage(option, why, help)
}

fn in_file(layout: &Layout, range: ByteRange) -> Result<Chosen, Refused> {
    if range.offset.checked_add(range.length).is_none_or(|end| end > layout.bytes) {
        let why = format!("range {range} does not lie in a dump of {} bytes", layout.bytes);
        return Err(refused(&Choice::Range(range), why));
    }
    Ok(at(layout, range))
}

fn at_addresses(layout: &Layout, range: ByteRange) -> Result<Chosen, Refused> {
    let extent = layout.extent_at(range.offset, range.length).map_err(|error| {
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
        Refused::usage("--va", error.to_string(), help)
    })?;
    let chosen = at(layout, ByteRange { offset: extent.offset, length: extent.length });
    Ok(Chosen { label: Some(Address::new(range.offset).to_string()), ..chosen })
}

fn named<'l>(layout: &'l Layout, name: &str) -> Result<&'l Region, Refused> {
    let choice = || Choice::Region(name.to_owned());
    let region = layout.named(name);
    let region = region.ok_or_else(|| refused(&choice(), format!("the dump has no region `{name}`")))?;
    if region.length > 0 {
        return Ok(region);
    }
    let why =
        format!("region `{name}` is elided: it was mapped, and none of its {} bytes is in the dump", region.elided);
    Err(refused(&choice(), why))
}

/// A range of the file, with the region it lies in when it lies in one.
fn at(layout: &Layout, range: ByteRange) -> Chosen {
    let label = Some(range.offset.to_string());
    let plain = Chosen { range, region: None, kind: None, aliases: Vec::new(), va: None, label };
    let mut regions = layout.covering(range.offset, range.length);
    match (regions.next(), regions.next()) {
        (Some(region), None) if region.kind != RegionKind::Unattributed => {
            Chosen { range, va: address_of(layout, range), label: plain.label, ..of_region(layout, region) }
        }
        _ => Chosen { va: address_of(layout, range), ..plain },
    }
}

/// Where all of a range lay in memory, if the dump says it of one place alone: what two lists place twice has no one
/// address, and a dispute about either must reach it.
fn address_of(layout: &Layout, range: ByteRange) -> Option<Address> {
    match layout.addresses_of(range.offset, range.length).as_slice() {
        [(va, length)] if *length == range.length => Some(Address::new(*va)),
        _ => None,
    }
}

fn of_region(layout: &Layout, region: &Region) -> Chosen {
    let range = ByteRange { offset: region.offset, length: region.length };
    Chosen {
        range,
        region: Some(region.name.to_string()),
        kind: Some(region.kind),
        aliases: region.aliases.iter().map(ToString::to_string).collect(),
        va: address_of(layout, range),
        label: Some(region.name.to_string()),
    }
}

fn all(layout: &Layout, rules: &Rules, disclosure: Disclosure) -> (Vec<Chosen>, Vec<Skipped>) {
    let (mut taken, mut skipped) = (Vec::new(), Vec::new());
    for region in layout.regions.iter().filter(|region| region.length > 0) {
        let chosen = of_region(layout, region);
        match unfit(&chosen, rules, disclosure) {
            None => taken.push(chosen),
            Some(why) => skipped.push(Skipped { region: region.name.to_string(), why }),
        }
    }
    (taken, skipped)
}

/// Why the charter does not take this, if so.
fn unfit(chosen: &Chosen, rules: &Rules, disclosure: Disclosure) -> Option<String> {
    let length = chosen.range.length;
    if length < rules.min_fragment || length == 0 {
        return Some(format!("{length} bytes are fewer than the charter's min_fragment, {}", rules.min_fragment));
    }
    if disclosure == Disclosure::Annex {
        return None;
    }
    rules.excludes(length, chosen.kind)
}
