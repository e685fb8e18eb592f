//! Scanning fragments where their bytes lie: raw in the capture, sanitized in the vault. Nothing is copied or kept.
//!
//! A value may lie across a fragment's edge. Of the raw bytes the scan therefore reads a little of what touches the
//! fragment too: its neighbours by address, or, of a plain range, the bytes beside it in the file. What of such a value
//! lies inside the fragment is the fragment's finding.

use std::fs::File;

use super::drift::Progress;
use super::refused::{Refused, Verdict};
use crate::dump::layout::layout;
use crate::model::digest::Blake3;
use crate::model::finding::{Account, Finding};
use crate::model::findings::{Complete, FragmentScan, Scanned, Side};
use crate::model::fragment::{Disclosure, Fragment};
use crate::model::id::ActorId;
use crate::model::layout::Layout;
use crate::model::packet::Packet;
use crate::scan::{Piece, Scan, Scanner, TaxonomyError};
use crate::source::{Vault, VaultKey};

/// How much of what touches a fragment is read, in bytes on each side.
const BESIDE: u64 = 4096;

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

/// How many bytes scanning these fragments reads.
pub(super) fn bytes_to_read<'a>(fragments: impl Iterator<Item = &'a Fragment>) -> u64 {
    fragments.map(|f| f.range.length + f.sanitized.as_ref().map_or(0, |s| s.bytes)).sum()
}

/// The fragments that go to the lane.
pub(super) fn included(packet: &Packet) -> impl Iterator<Item = &Fragment> {
    packet.content.fragments.values().map(AsRef::as_ref).filter(|f| f.disclosure == Disclosure::Included)
}

/// Scans fragments by the packet's taxonomy. What cannot be read is said of each fragment, and is no error.
pub(super) fn inspect(packet: &Packet, fragments: &[&Fragment], by: &ActorId, progress: &Progress<'_>) -> Inspection {
    let mut inspection = Inspection::default();
    match Inspector::new(packet, by) {
        Ok(inspector) => {
            for fragment in fragments {
                let (scan, account) = inspector.fragment(fragment, progress);
                inspection.scans.push(scan);
                inspection.account = inspection.account.plus(&account);
            }
        }
        Err(why) => inspection.scans.extend(fragments.iter().map(|fragment| FragmentScan {
            fragment: fragment.id.clone(),
            scanned: Vec::new(),
            incomplete: Some(why.clone()),
            unreachable: true,
        })),
    }
    inspection
}

struct Inspector<'p> {
    packet: &'p Packet,
    vault: Vault,
    scanner: Scanner,
    complete: Complete,
}

/// Why the bytes of one side were not scanned to the end, and whether that is because they are out of reach.
type Unread = (String, bool);

impl<'p> Inspector<'p> {
    fn new(packet: &'p Packet, by: &ActorId) -> Result<Self, String> {
        let content = &packet.content;
        let vault = Vault::open(&content.charter.vault().url).map_err(|e| e.to_string())?;
        let key = vault.read_key().map_err(|e| e.to_string())?;
        if content.vault_key() != Some(&key.id()) {
            return Err(format!("the vault has key {}, which is not the packet's", key.id()));
        }
        let scanner = scanner(packet, &key).map_err(|e| e.to_string())?;
        let taxonomy = packet.file_digest("taxonomy.toml").unwrap_or_else(|| Blake3::of(b""));
        Ok(Self { packet, vault, scanner, complete: Complete { taxonomy, by: by.clone() } })
    }

    fn fragment(&self, fragment: &Fragment, progress: &Progress<'_>) -> (FragmentScan, Account) {
        let mut scan =
            FragmentScan { fragment: fragment.id.clone(), scanned: Vec::new(), incomplete: None, unreachable: false };
        let mut account = Account::default();
        let raw = fragment.raw.keyed_blake3.to_string();
        let mut sides = vec![(Side::Raw, raw, self.raw(fragment, progress))];
        if let Some(sanitized) = &fragment.sanitized {
            let scanned = self.sanitized(&sanitized.blake3, sanitized.bytes, progress);
            sides.push((Side::Sanitized, sanitized.blake3.to_string(), scanned));
        }
        for (side, bytes, scanned) in sides {
            match scanned {
                Ok((found, findings)) => {
                    account = account.plus(&found.account);
                    let why = shortfall(&found);
                    let complete = why.is_none().then(|| self.complete.clone());
                    scan.scanned.push(Scanned::of(side, bytes, complete, &findings));
                    scan.incomplete = scan.incomplete.or_else(|| why.map(|why| format!("of its {side} bytes, {why}")));
                }
                Err((why, unreachable)) => {
                    scan.incomplete = Some(format!("its {side} bytes: {why}"));
                    scan.unreachable |= unreachable;
                }
            }
        }
        (scan, account)
    }

    fn raw(&self, fragment: &Fragment, progress: &Progress<'_>) -> Result<(Scan, Vec<Finding>), Unread> {
        let (file, _) = self.vault.open_capture(&fragment.capture.key).map_err(|e| (e.to_string(), true))?;
        let layout = layout(&file).map_err(|e| (e.to_string(), true))?;
        let scan = self.scan(&file, &self.pieces(fragment, &layout), progress)?;
        let findings = scan.findings.iter().filter_map(|f| inside(f, fragment.range.offset, fragment.range.length));
        let findings = findings.collect();
        Ok((scan, findings))
    }

    fn sanitized(&self, blake3: &Blake3, bytes: u64, progress: &Progress<'_>) -> Result<(Scan, Vec<Finding>), Unread> {
        let file = self.vault.open_sanitized(blake3).map_err(|e| (e.to_string(), true))?;
        let scan = self.scan(&file, &[Piece { offset: 0, length: bytes, va: None }], progress)?;
        let findings = scan.findings.clone();
        Ok((scan, findings))
    }

    fn scan(&self, file: &File, pieces: &[Piece], progress: &Progress<'_>) -> Result<Scan, Unread> {
        self.scanner.scan(file, pieces, progress).map_err(|e| (e.to_string(), true))
    }

    /// The fragment with what touches it, in the order of addresses, or of the file.
    fn pieces(&self, fragment: &Fragment, layout: &Layout) -> Vec<Piece> {
        let range = fragment.range;
        let own = Piece { offset: range.offset, length: range.length, va: fragment.va.map(|va| va.get()) };
        let Some(va) = own.va else {
            let from = range.offset.saturating_sub(BESIDE);
            let to = range.offset.saturating_add(range.length).saturating_add(BESIDE).min(fragment.capture.bytes);
            return pieces_of(layout, from, to);
        };
        let others = || {
            let fragments = self.packet.content.fragments.values();
            fragments.filter(|other| other.capture == fragment.capture && other.id != fragment.id)
        };
        let ending = others().find(|o| o.va.is_some_and(|start| start.get().checked_add(o.range.length) == Some(va)));
        let before = ending.map(|o| {
            let length = o.range.length.min(BESIDE);
            Piece { offset: o.range.offset + o.range.length - length, length, va: Some(va - length) }
        });
        let end = va.saturating_add(range.length);
        let beginning = others().find(|o| o.va.is_some_and(|start| start.get() == end));
        let after =
            beginning.map(|o| Piece { offset: o.range.offset, length: o.range.length.min(BESIDE), va: Some(end) });
        [before, Some(own), after].into_iter().flatten().collect()
    }
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

/// A scanner for the packet's taxonomy whose commitments are made with the vault's key.
pub(super) fn scanner(packet: &Packet, key: &VaultKey) -> Result<Scanner, TaxonomyError> {
    Ok(Scanner::new(&packet.content.taxonomy)?.with_key(key.bytes()))
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

/// The part of a finding that lies in a range, counted from the range's first byte.
fn inside(finding: &Finding, offset: u64, length: u64) -> Option<Finding> {
    let from = finding.offset.max(offset);
    let to = finding.offset.saturating_add(finding.length).min(offset.saturating_add(length));
    (from < to).then(|| Finding { offset: from - offset, length: to - from, ..finding.clone() })
}
