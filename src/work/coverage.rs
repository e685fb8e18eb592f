//! Coverage: what was found in the raw bytes, computed now and in place, against what the redaction masked.

use std::os::unix::fs::FileExt;

use super::Desk;
use super::drift::Progress;
use super::findings::fragments;
use super::inspect;
use super::load::{self, Replay};
use super::refused::Refused;
use crate::gate;
use crate::model::coverage::{Coverage, Fill};
use crate::model::coverage_groups::{Group, groups};
use crate::model::finding_set::Current;
use crate::model::fragment::{Disclosure, Fragment};
use crate::model::id::{ClassId, FragmentId};
use crate::model::packet::Packet;
use crate::model::reason::{Reason, ReasonCode};
use crate::source::{Vault, evidence};

/// How much of an interval's sanitized bytes is looked at for a placeholder.
const BEGINNING: u64 = 64;

/// One fragment's coverage.
#[derive(Debug)]
pub struct Covered {
    /// The fragment.
    pub id: FragmentId,
    /// Its region, if it is one.
    pub region: Option<String>,
    /// What its redaction covers.
    pub coverage: Coverage,
    /// What each masked interval was filled with.
    pub fills: Vec<Fill>,
}

/// The coverage of fragments.
#[derive(Debug)]
pub struct CoverageAnswer {
    /// Fragment by fragment.
    pub fragments: Vec<Covered>,
    /// What was found in all of them, value by value; those of which most shows come first.
    pub groups: Vec<Group>,
    /// What shows, and what could not be read.
    pub reasons: Vec<Reason>,
}

/// Holds fragments' redactions, all of the packet's when none is named, against what is found in them now and what is on
/// record. Nothing is recorded.
///
/// # Errors
/// When the packet cannot be loaded, or there is no such fragment.
pub fn coverage(
    desk: &Desk,
    named: &[FragmentId],
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<CoverageAnswer, Refused> {
    let packet = load::load(desk, None, Replay::Cached)?.packet;
    let chosen = fragments(&packet, named)?;
    let progress = progress(evidence::bytes_of(inspect::read_for(&packet, &chosen).into_iter()));
    let inspection = inspect::inspect(&packet, &chosen, None, &*progress);
    let mut answer = CoverageAnswer { fragments: Vec::new(), groups: Vec::new(), reasons: Vec::new() };
    for (fragment, scan) in chosen.iter().zip(&inspection.scans) {
        let recorded = packet.findings.get(&fragment.id).into_iter().flat_map(|r| &r.file.scan);
        let current = Current::of(fragment, recorded.chain(&scan.scanned));
        let fills = fills(&packet, fragment);
        let claimed = fragment.sanitizer.as_ref().map(|s| s.claims.clone()).unwrap_or_default();
        let covered = Covered {
            id: fragment.id.clone(),
            region: fragment.region.clone(),
            coverage: Coverage::of(fragment, &current, &fills, &claimed),
            fills,
        };
        if fragment.disclosure == Disclosure::Included {
            answer.reasons.extend(gate::unresolved(&packet, fragment, scan.scanned.iter()));
        }
        answer.reasons.extend(mismatches(&covered).into_iter().chain(gate::incomplete(scan)));
        answer.fragments.push(covered);
    }
    let coverages = answer.fragments.iter().map(|covered| &covered.coverage);
    answer.groups = groups(chosen.iter().copied().zip(coverages));
    Ok(answer)
}

/// What the masked intervals were filled with; nothing when the sanitized bytes are out of reach, which the scan says.
fn fills(packet: &Packet, fragment: &Fragment) -> Vec<Fill> {
    let (Some(sanitized), Some(redaction)) = (&fragment.sanitized, &fragment.redaction) else { return Vec::new() };
    let vault = Vault::open(&packet.content.charter.vault().url);
    let Some((file, _)) = vault.ok().and_then(|vault| vault.open_sanitized(&sanitized.blake3).ok()) else {
        return Vec::new();
    };
    let fill = |interval: &crate::model::redaction::Interval| {
        let mut beginning = vec![0; usize::try_from(interval.length.min(BEGINNING)).unwrap_or_default()];
        file.read_exact_at(&mut beginning, interval.offset).ok()?;
        Some(Fill::of(interval, &beginning, placeholders(packet)))
    };
    redaction.interval.iter().filter_map(fill).collect()
}

fn placeholders(packet: &Packet) -> impl Iterator<Item = (&ClassId, &str)> {
    let classes = packet.content.taxonomy.class.iter();
    classes.flat_map(|class| class.placeholders.iter().map(|text| (&class.id, text.as_str())))
}

fn mismatches(covered: &Covered) -> Option<Reason> {
    let (id, mismatched) = (&covered.id, covered.coverage.mismatched.len());
    let message = format!("fragment {id}: {mismatched} claims do not fit what was found");
    let help = "packet coverage --json   lists them; correct the sanitizer's rules, or what it is said to mask";
    let reason = || Reason::new(ReasonCode::ClaimMismatch, format!("fragment:{id}"), message, help);
    (mismatched > 0).then(reason)
}
