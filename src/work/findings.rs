//! Scans of fragments, and recording what they found: findings are added to what is on record, none is ever dropped.

use super::Desk;
use super::drift::Progress;
use super::inspect::{self, Inspection};
use super::load::{self, Replay};
use super::refused::{Refused, Why};
use super::write::{Author, NewEntry, Plan, actor_of, write};
use crate::model::actor::{Actor, CUSTODIAN};
use crate::model::canonical::Stored;
use crate::model::findings::{FindingsFile, LONGEST_SCANNED};
use crate::model::fragment::Fragment;
use crate::model::fragment_scan::FragmentScan;
use crate::model::id::{CommitId, FragmentId};
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::sign::Signer;
use crate::source::evidence;

/// What scans of fragments found.
#[derive(Debug)]
pub struct Scanned {
    /// The packet they are of.
    pub packet: Packet,
    /// What was found and read.
    pub inspection: Inspection,
    /// The entry that recorded it, if there was anything to record.
    pub recorded: Option<CommitId>,
    /// Fragments with more findings than may be on record.
    pub too_many: Vec<Why>,
}

/// Scans fragments, all of the packet's when none is named. Nothing is recorded.
///
/// # Errors
/// When the packet cannot be loaded, or there is no such fragment.
pub fn scan(
    desk: &Desk,
    named: &[FragmentId],
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<Scanned, Refused> {
    let packet = load::load(desk, None, Replay::Cached)?.packet;
    let inspection = inspected(&packet, named, None, progress)?;
    Ok(Scanned { packet, inspection, recorded: None, too_many: Vec::new() })
}

/// Scans fragments and records what was found beyond what is on record, but for those that hold too much to record.
///
/// # Errors
/// As [`scan`]; when the actor may not, or the write fails.
pub fn record(
    desk: &Desk,
    signer: &Signer,
    named: &[FragmentId],
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<Scanned, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    snapshot.sound()?;
    let packet = snapshot.packet;
    let actor = actor_of(&packet.content.charter, signer)?;
    let inspection = inspected(&packet, named, Some(&actor), progress)?;
    let (files, too_many) = added(&packet, &inspection);
    if files.is_empty() && own_newest(&packet, &actor).is_none() {
        return Ok(Scanned { packet, inspection, recorded: None, too_many });
    }
    let written = write(desk, signer, Replay::Cached, |now, author| {
        let (files, _) = added(&now.packet, &inspection);
        match files.is_empty() {
            // The same command ran before, and may have been killed: what it left undone is finished.
            true => {
                let before = own_newest(&now.packet, author.actor).cloned();
                Ok(Plan::Already(before.unwrap_or_else(|| now.packet.head.clone())))
            }
            false => Ok(Plan::Write(entry_of(author, &inspection, files))),
        }
    })?;
    let (_, too_many) = added(&written.packet, &inspection);
    Ok(Scanned { packet: written.packet, inspection, recorded: Some(written.entry), too_many })
}

/// The actor's newest entry, if it recorded a scan.
fn own_newest<'p>(packet: &'p Packet, actor: &Actor) -> Option<&'p CommitId> {
    packet.newest.get(&actor.id).filter(|newest| newest.operation == Operation::Scan).map(|newest| &newest.entry)
}

fn inspected(
    packet: &Packet,
    named: &[FragmentId],
    actor: Option<&Actor>,
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<Inspection, Refused> {
    let fragments = fragments(packet, named)?;
    let progress = progress(evidence::bytes_of(inspect::read_for(packet, &fragments).into_iter()));
    // That all was scanned is a custodian's to say; what anybody found goes on record.
    let custodian = actor.filter(|actor| actor.is_human_with(CUSTODIAN)).map(|actor| &actor.id);
    Ok(inspect::inspect(packet, &fragments, custodian, &*progress))
}

/// The fragments named; all of them when none is.
pub(super) fn fragments<'p>(packet: &'p Packet, named: &[FragmentId]) -> Result<Vec<&'p Fragment>, Refused> {
    let all = &packet.content.fragments;
    if named.is_empty() {
        return Ok(all.values().map(AsRef::as_ref).collect());
    }
    let find = |id: &FragmentId| {
        all.get(id).map(AsRef::as_ref).ok_or_else(|| {
            let message = format!("there is no fragment {id} in this packet");
            Refused::usage(format!("fragment:{id}"), message, "packet status --json   lists the fragments")
        })
    };
    named.iter().map(find).collect()
}

/// The findings files with what was found added, where that adds anything, and why others cannot be recorded.
fn added(packet: &Packet, inspection: &Inspection) -> (Vec<FindingsFile>, Vec<Why>) {
    let (mut files, mut too_many) = (Vec::new(), Vec::new());
    for scan in inspection.scans.iter().filter(|scan| !scan.scanned.is_empty()) {
        let Some(file) = with(packet, scan) else { continue };
        if packet.findings.get(&scan.fragment).map(|recorded| &recorded.file) != Some(&file) {
            match excess(&file) {
                Some(why) => too_many.push(why),
                None => files.push(file),
            }
        }
    }
    (files, too_many)
}

/// A fragment's findings on record, with what a scan found added.
fn with(packet: &Packet, scan: &FragmentScan) -> Option<FindingsFile> {
    let fragment = packet.content.fragments.get(&scan.fragment)?;
    let recorded = packet.findings.get(&scan.fragment).map(|recorded| recorded.file.clone());
    let mut file = recorded.unwrap_or_else(|| FindingsFile::new(fragment.id.clone(), fragment.raw.key.clone()));
    scan.scanned.iter().for_each(|scanned| file.add(scanned));
    Some(file)
}

/// How many findings of some scans are on nobody's record: a manifest counts only those that are.
pub(super) fn unrecorded(packet: &Packet, scans: &[FragmentScan]) -> usize {
    let recorded = |id| packet.findings.get(id).map_or(0, |recorded| recorded.file.count());
    scans.iter().filter_map(|scan| Some(with(packet, scan)?.count() - recorded(&scan.fragment))).sum()
}

/// Why findings are more than may be on record, if so.
fn excess(file: &FindingsFile) -> Option<Why> {
    let bytes = file.encode().len();
    if bytes <= LONGEST_SCANNED && file.problem().is_none() {
        return None;
    }
    let (fragment, count) = (&file.fragment, file.count());
    let message = format!(
        "the {count} findings of fragment {fragment} take {bytes} bytes and are not recorded; {LONGEST_SCANNED} may be"
    );
    let help = "take it in parts: packet add-fragment DUMP --session ID --all-regions, or a large region with --va or --range; what \
                was masked anew often begins anew under another --id";
    let (code, subject) = ("too-many-findings".to_owned(), format!("fragment:{fragment}"));
    Some(Why { code, subject, message, help: help.to_owned() })
}

fn entry_of(author: &Author<'_>, inspection: &Inspection, files: Vec<FindingsFile>) -> NewEntry {
    let is_recorded = |scan: &&FragmentScan| files.iter().any(|file| file.fragment == scan.fragment);
    let scanned = inspection.scans.iter().filter(is_recorded).flat_map(|scan| &scan.scanned);
    let found: usize = scanned.map(|scanned| scanned.findings().count()).sum();
    let subject = format!("{found} findings in {} fragments, by {}", files.len(), author.actor.id);
    let change = |file: FindingsFile| (Place::Findings(file.fragment.clone()), Some(file.encode().into_bytes()));
    let changes = files.into_iter().map(change).collect();
    NewEntry { operation: Operation::Scan, subject, body: String::new(), stage: None, changes }
}
