//! Scanning fragments where their bytes lie: raw in the capture, sanitized in the vault. Nothing is copied or kept.
//!
//! A value may lie across a fragment's edge. Of the raw bytes the scan therefore reads a little of what touches the
//! fragment too: its neighbours by address, or, of a plain range, the bytes beside it in the file. What of such a value
//! lies inside the fragment is the fragment's finding.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::rc::Rc;

use super::drift::Progress;
use super::exact;
use super::parts;
use super::refused::{Refused, Verdict};
use super::steady::Steady;
use crate::dump::hash;
use crate::dump::layout::layout;
use crate::model::finding::{Account, Finding};
use crate::model::fragment::{Fragment, Sanitized};
use crate::model::fragment_scan::{Cause, FragmentScan, Unread};
use crate::model::id::{ActorId, FragmentId};
use crate::model::layout::{Held, HeldRange, Layout};
use crate::model::packet::Packet;
use crate::model::scanned::{Complete, Scanned, Side};
use crate::model::session::Capture;
use crate::model::surroundings::Surroundings;
use crate::scan::parts::{PartPlace, Parts};
use crate::scan::{Piece, Scan, Scanner, TaxonomyError};
use crate::source::{Vault, VaultError, VaultKey};

/// How much of what touches a fragment is read, in bytes on each side: the longest value at two bytes a character, and the
/// words before it.
const BESIDE: u64 = 14 << 10;

/// What scans of fragments made of their bytes.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Fragment by fragment.
    pub scans: Vec<FragmentScan>,
    /// What became of every byte that was read.
    pub account: Account,
}

/// A taxonomy of this packet that no scanner can be made of: another version of the tool stored it.
pub(super) fn unfit(error: &TaxonomyError) -> Refused {
    let help = "use the version of packet that stored it, or packet amend --taxonomy FILE";
    Refused::new(Verdict::Undecided, "scan-incomplete", "taxonomy", error.to_string(), help)
}

impl From<VaultError> for Unread {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Absent { .. } | VaultError::Io { .. } => Self::out_of_reach(&error),
            _ => Self::new(Cause::Unfit, error.to_string()),
        }
    }
}

/// The fragments that are read to scan some: these first, then the others of their captures. What a part of a value in one
/// of them is, may be told by another alone, and must not depend on which were asked for.
pub(super) fn read_for<'p>(packet: &'p Packet, fragments: &[&'p Fragment]) -> Vec<&'p Fragment> {
    let asked_for: BTreeSet<&FragmentId> = fragments.iter().map(|fragment| &fragment.id).collect();
    let captures: BTreeSet<&str> = fragments.iter().map(|fragment| fragment.capture.key.as_str()).collect();
    let all = packet.content.fragments.values().map(AsRef::as_ref);
    let others = all.filter(|other| captures.contains(other.capture.key.as_str()) && !asked_for.contains(&other.id));
    fragments.iter().copied().chain(others).collect()
}

/// Scans fragments by the packet's taxonomy. What cannot be read is said of each fragment, and is no error. A whole scan is
/// told with `by`, the custodian who answers for it.
pub(super) fn inspect<'p>(
    packet: &'p Packet,
    fragments: &[&'p Fragment],
    by: Option<&'p ActorId>,
    progress: &Progress<'_>,
) -> Inspection {
    let scans = fragments.iter().map(|fragment| FragmentScan::new(fragment.id.clone())).collect();
    let mut inspection = Inspection { scans, account: Account::default() };
    match Inspector::new(packet, by) {
        Ok(inspector) => inspector.fragments(fragments, &mut inspection, progress),
        Err(unread) => inspection.scans.iter_mut().for_each(|scan| scan.blame("its", &unread)),
    }
    inspection
}

struct Inspector<'p> {
    vault: Vault,
    key: VaultKey,
    scanner: Scanner,
    by: Option<&'p ActorId>,
    surroundings: Surroundings,
    /// The captures that were opened, by their names: parsing one anew for each of its regions would take for ever.
    captures: RefCell<BTreeMap<&'p str, Rc<Opened>>>,
    packet: &'p Packet,
}

/// One side of a fragment, and what was found in it: all with its neighbours, and what lies inside.
struct Read {
    of: Side,
    bytes: String,
    found: Result<(Scan, Vec<Finding>), Unread>,
}

impl Read {
    /// Whether the raw bytes were read to their end, so that what stands whole in them is known.
    fn is_known(&self) -> bool {
        self.of != Side::Raw || self.found.as_ref().is_ok_and(|(scan, _)| shortfall(scan).is_none())
    }
}

/// An open capture and its layout.
struct Opened {
    file: Steady,
    layout: Layout,
}

impl<'p> Inspector<'p> {
    fn new(packet: &'p Packet, by: Option<&'p ActorId>) -> Result<Self, Unread> {
        let content = &packet.content;
        let vault = Vault::open(&content.charter.vault().url)?;
        let key = vault.read_key()?;
        if content.vault_key() != Some(&key.id()) {
            return Err(Unread::new(
                Cause::Unfit,
                format!("the vault has key {}, which is not the packet's", key.id()),
            ));
        }
        let list = exact::list(&content.taxonomy, &vault, &key).map_err(|why| Unread::new(Cause::Unfit, why))?;
        let scanner = Scanner::new(&content.taxonomy).map_err(|e| Unread::new(Cause::Unfit, e.to_string()))?;
        let scanner = scanner.with_key(key.bytes()).with_exact(list);
        let surroundings = content.surroundings();
        Ok(Self { vault, key, scanner, by, surroundings, captures: RefCell::default(), packet })
    }

    fn fragments(&self, fragments: &[&'p Fragment], inspection: &mut Inspection, progress: &Progress<'_>) {
        let all = read_for(self.packet, fragments);
        let mut read: Vec<Vec<Read>> = fragments.iter().map(|fragment| self.sides(fragment, progress)).collect();
        read.extend(all[fragments.len()..].iter().map(|other| vec![self.raw_side(other, progress)]));
        let parts = self.parts(&all, &read);
        let unread = all.iter().zip(&read).filter(|(_, sides)| !sides.iter().all(Read::is_known));
        let unread: BTreeSet<&str> = unread.map(|(fragment, _)| fragment.capture.key.as_str()).collect();
        for ((fragment, sides), scan) in fragments.iter().zip(&mut read).zip(&mut inspection.scans) {
            let key = fragment.capture.key.as_str();
            let complete = (!unread.contains(key)).then(|| self.complete(fragment)).flatten();
            for side in sides {
                if let Some(parts) = parts.get(key) {
                    self.add_parts(fragment, side, parts);
                }
                self.tell(side, complete.as_ref(), scan, &mut inspection.account);
            }
        }
    }

    /// What the custodian may say of a fragment whose capture was read to its end.
    fn complete(&self, fragment: &Fragment) -> Option<Complete> {
        let (taxonomy, around) = (self.packet.taxonomy_digest(), self.surroundings.around(fragment));
        self.by.map(|by| Complete { taxonomy, around, by: by.clone() })
    }

    fn raw_side(&self, fragment: &Fragment, progress: &Progress<'_>) -> Read {
        let bytes = fragment.raw.keyed_blake3.to_string();
        Read { of: Side::Raw, bytes, found: self.raw(fragment, progress) }
    }

    /// Scans a fragment's raw bytes, and its sanitized ones.
    fn sides(&self, fragment: &Fragment, progress: &Progress<'_>) -> Vec<Read> {
        let mut sides = vec![self.raw_side(fragment, progress)];
        if let Some(sanitized) = &fragment.sanitized {
            let found = self.sanitized(sanitized, progress);
            sides.push(Read { of: Side::Sanitized, bytes: sanitized.blake3.to_string(), found });
        }
        sides
    }

    /// Says in a fragment's scan what became of one side.
    fn tell(&self, side: &Read, complete: Option<&Complete>, scan: &mut FragmentScan, account: &mut Account) {
        match &side.found {
            Ok((found, findings)) => {
                *account = account.plus(&found.account);
                let shortfall = shortfall(found);
                let complete = complete.filter(|_| shortfall.is_none()).cloned();
                scan.scanned.push(Scanned::of(side.of, side.bytes.clone(), complete, findings));
                if let Some(why) = shortfall {
                    scan.blame(&format!("not all of its {}", side.of), &Unread::new(Cause::TooMuch, why));
                }
            }
            Err(unread) => scan.blame(&format!("its {}", side.of), unread),
        }
    }

    /// What blocks and was found whole in the raw bytes, capture by capture.
    fn parts(&self, fragments: &[&Fragment], read: &[Vec<Read>]) -> BTreeMap<&'p str, std::io::Result<Parts>> {
        let taxonomy = &self.packet.content.taxonomy;
        let mut parts: BTreeMap<&'p str, std::io::Result<Parts>> = BTreeMap::new();
        for (fragment, sides) in fragments.iter().zip(read) {
            let Some((key, opened)) = self.opened(&fragment.capture) else { continue };
            let raw = sides.iter().filter(|side| side.of == Side::Raw).filter_map(|side| side.found.as_ref().ok());
            let findings = raw.flat_map(|(scan, _)| &scan.findings);
            let blocking = findings.filter(|finding| taxonomy.stops(finding));
            let known = parts.entry(key).or_insert_with(|| Ok(Parts::default()));
            if let Ok(parts) = known
                && let Err(error) = parts.gather(&opened.file.file, blocking)
            {
                *known = Err(error);
            }
        }
        parts
    }

    /// Looks for parts of what was found whole elsewhere in the same capture.
    fn add_parts(&self, fragment: &Fragment, side: &mut Read, parts: &std::io::Result<Parts>) {
        let Some((_, opened)) = self.opened(&fragment.capture) else { return };
        let Ok((scan, findings)) = &mut side.found else { return };
        let range = fragment.range;
        let places = parts::of_fragment(fragment, &opened.layout);
        let found = match (parts, side.of) {
            (Err(error), _) => Err(Unread::out_of_reach(error)),
            (Ok(parts), Side::Raw) => steady_parts(&opened.file, &places, &scan.findings, parts),
            (Ok(parts), Side::Sanitized) => self.sanitized_parts(fragment, &places, findings, parts),
        };
        match found {
            Ok(found) => {
                let base = if side.of == Side::Raw { range.offset } else { 0 };
                let inside = found.iter().filter_map(|part| part.within(base, range.length));
                findings.extend(inside);
            }
            Err(unread) => side.found = Err(unread),
        }
    }

    fn sanitized_parts(
        &self,
        fragment: &Fragment,
        places: &[PartPlace],
        found: &[Finding],
        parts: &Parts,
    ) -> Result<Vec<Finding>, Unread> {
        let Some(sanitized) = &fragment.sanitized else { return Ok(Vec::new()) };
        let range = fragment.range;
        let inside = |place: &PartPlace| {
            let offset = place.offset.checked_sub(range.offset)?;
            (offset.saturating_add(place.length) <= sanitized.bytes).then_some(PartPlace { offset, ..*place })
        };
        let places: Vec<PartPlace> = places.iter().filter_map(inside).collect();
        let copy = self.copy(sanitized)?;
        steady_parts(&copy, &places, found, parts)
    }

    /// A capture that was opened, and its name.
    fn opened(&self, capture: &Capture) -> Option<(&'p str, Rc<Opened>)> {
        let captures = self.captures.borrow();
        captures.get_key_value(capture.key.as_str()).map(|(key, opened)| (*key, Rc::clone(opened)))
    }

    /// Scans a fragment's raw bytes, once they are shown to be those committed to.
    fn raw(&self, fragment: &Fragment, progress: &Progress<'_>) -> Result<(Scan, Vec<Finding>), Unread> {
        let range = fragment.range;
        let capture = self.capture(&fragment.capture)?;
        let file = &capture.file.file;
        let found = hash::keyed_blake3(file, range.offset, range.length, self.key.bytes(), &|_| ());
        if found.map_err(|e| Unread::out_of_reach(&e))? != fragment.raw.keyed_blake3 {
            return Err(Unread::new(Cause::Changed, "they are not those committed to"));
        }
        let scan = self.scan(file, &pieces(fragment, &capture.layout), progress)?;
        steady(&capture.file)?;
        let findings = scan.findings.iter().filter_map(|f| f.within(range.offset, range.length)).collect();
        Ok((scan, findings))
    }

    fn sanitized(&self, sanitized: &Sanitized, progress: &Progress<'_>) -> Result<(Scan, Vec<Finding>), Unread> {
        let copy = self.copy(sanitized)?;
        let scan = self.scan(&copy.file, &[Piece { offset: 0, length: sanitized.bytes, va: None }], progress)?;
        steady(&copy)?;
        let findings = scan.findings.clone();
        Ok((scan, findings))
    }

    /// Opens sanitized bytes, once they are shown to be those recorded.
    fn copy(&self, sanitized: &Sanitized) -> Result<Steady, Unread> {
        let (file, path) = self.vault.open_sanitized(&sanitized.blake3)?;
        let copy = Steady::of(file, path).map_err(|e| Unread::out_of_reach(&e.reasons[0].message))?;
        let found = hash::plain(&copy.file, 0, sanitized.bytes, &|_| ()).map_err(|e| Unread::out_of_reach(&e))?;
        if found.blake3 != sanitized.blake3 {
            return Err(Unread::new(Cause::Changed, "they are not those recorded"));
        }
        Ok(copy)
    }

    fn capture(&self, capture: &Capture) -> Result<Rc<Opened>, Unread> {
        if let Some(opened) = self.captures.borrow().get(capture.key.as_str()) {
            return Ok(Rc::clone(opened));
        }
        let (file, path) = self.vault.open_capture(&capture.key)?;
        let file = Steady::of(file, path).map_err(|e| Unread::out_of_reach(&e.reasons[0].message))?;
        if file.bytes() != capture.bytes {
            let why = format!("vault:{} is {} bytes long, not {}", capture.key, file.bytes(), capture.bytes);
            return Err(Unread::new(Cause::Changed, why));
        }
        let layout = layout(&file.file).map_err(|e| Unread::out_of_reach(&e))?;
        let opened = Rc::new(Opened { file, layout });
        let key =
            self.packet.content.fragments.values().map(|f| f.capture.key.as_str()).find(|key| *key == capture.key);
        if let Some(key) = key {
            self.captures.borrow_mut().insert(key, Rc::clone(&opened));
        }
        Ok(opened)
    }

    fn scan(&self, file: &File, pieces: &[Piece], progress: &Progress<'_>) -> Result<Scan, Unread> {
        self.scanner.scan(file, pieces, progress).map_err(|e| Unread::out_of_reach(&e))
    }
}

fn steady_parts(file: &Steady, places: &[PartPlace], found: &[Finding], parts: &Parts) -> Result<Vec<Finding>, Unread> {
    let found = parts.find(&file.file, places, found).map_err(|e| Unread::out_of_reach(&e))?;
    steady(file)?;
    Ok(found)
}

/// A file that changed while it was scanned was not scanned.
fn steady(file: &Steady) -> Result<(), Unread> {
    file.still_holds().map_err(|refused| Unread::new(Cause::Changed, &refused.reasons[0].message))
}

/// The fragment with what touches it in memory, or, where it has no address, in the file.
pub(super) fn pieces(fragment: &Fragment, layout: &Layout) -> Vec<Piece> {
    let range = fragment.range;
    let own = Piece { offset: range.offset, length: range.length, va: fragment.va.map(|va| va.get()) };
    let Some(va) = own.va else {
        let from = range.offset.saturating_sub(BESIDE);
        let to = range.offset.saturating_add(range.length).saturating_add(BESIDE).min(layout.bytes);
        return pieces_of(layout, from, to);
    };
    let (before, end) = (va.saturating_sub(BESIDE), va.saturating_add(range.length));
    let piece = |held: HeldRange| match held.held {
        Held::InFile(offset) => Some(Piece { offset, length: held.length, va: Some(held.va) }),
        Held::Elided | Held::NotCaptured => None,
    };
    let beside = |start: u64, length: u64| layout.held(start, length).into_iter().filter_map(piece);
    beside(before, va - before).chain([own]).chain(beside(end, BESIDE)).collect()
}

/// A range of a dump, region by region in the order of addresses: what lay side by side in memory is read side by side,
/// and what only happens to be written side by side is not.
pub(super) fn pieces_of(layout: &Layout, from: u64, to: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = layout
        .covering(from, to - from)
        .map(|region| {
            let (start, end) = (region.offset.max(from), region.end().min(to));
            let va = region.va.and_then(|va| va.checked_add(start - region.offset));
            Piece { offset: start, length: end - start, va }
        })
        .collect();
    pieces.sort_by_key(|piece| (piece.va.is_none(), piece.va, piece.offset));
    pieces
}

/// Why a scan that came to its end did not look at everything, if so.
fn shortfall(scan: &Scan) -> Option<String> {
    let listed = scan.findings.len() as u64;
    let capped = (scan.found > listed).then(|| {
        format!(
            "{} findings are more than the {listed} that one fragment may list: take it region by region",
            scan.found
        )
    });
    capped.or_else(|| scan.incomplete.map(|why| why.as_str().to_owned()))
}
