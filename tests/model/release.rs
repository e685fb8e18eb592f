//! Releases: the gate, the entries of a release, and the verdict.

use crate::actor::{Actor, Key};
use crate::bits::Bits;
use crate::ledger::State;
use crate::mutant::{Mutant, Rules};
use crate::packet::{Packet, Release, free};

/// Whether nothing is disputed.
fn undisputed(rules: Rules, packet: &Packet) -> bool {
    packet.objections.iter().flatten().all(|objection| match objection.state(rules, &packet.charter, packet.content) {
        State::Open => false,
        State::Addressed => rules.has(Mutant::AddressedIsEnough),
        State::Withdrawn | State::Closed | State::Residual => true,
    })
}

/// The people whose signatures count now.
fn signers(rules: Rules, packet: &Packet, release: &Release) -> (Bits, u32) {
    let (mut people, mut signatures) = (Bits::default(), 0);
    for key in Key::ALL.into_iter().filter(|key| release.signed.has(key.bit())) {
        let counts = packet.charter.counts(key) || rules.has(Mutant::CompromisedSignatureCounts);
        let seated = key.holder() != Actor::Owner || rules.has(Mutant::OwnerFillsASeat);
        if counts && seated {
            people = people.with(key.holder().bit());
            signatures += 1;
        }
    }
    (people, signatures)
}

/// Whether a release is signed by enough people, one of whom neither wrote nor applied each change.
fn signed(rules: Rules, packet: &Packet, release: &Release) -> bool {
    let (people, signatures) = signers(rules, packet, release);
    let votes = if rules.has(Mutant::EverySignatureCounts) { signatures } else { people.count() };
    let enough = votes >= rules.required || rules.has(Mutant::NobodyNeedsToSign);
    let others = |wrote: Actor, applied: Actor| {
        let own = wrote.bit().with(applied.bit());
        Actor::ALL.into_iter().any(|a| people.has(a.bit()) && !own.has(a.bit()))
    };
    let waived = rules.has(Mutant::AuthorsVouchForThemselves) || rules.has(Mutant::NobodyNeedsToSign);
    enough && (waived || release.changes.each().all(|(wrote, applied)| others(wrote, applied)))
}

/// What a verifier says of a release.
pub fn holds(rules: Rules, packet: &Packet, release: &Release) -> bool {
    let counts = |key: Key| packet.charter.counts(key) || rules.has(Mutant::CompromisedApprovalCounts);
    release.approved.is_some_and(counts)
        && release.stands()
        && undisputed(rules, packet)
        && signed(rules, packet, release)
}

/// Ends what was bound before.
pub fn void_bound(packet: &mut Packet) {
    packet.releases.iter_mut().flatten().for_each(|release| release.void = true);
}

pub fn draft(rules: Rules, packet: &mut Packet) -> Option<()> {
    let n = free(&packet.releases)?;
    for older in packet.releases.iter_mut().flatten().filter(|r| r.approved.is_none()) {
        older.void = true;
    }
    packet.releases[n] = Some(Release {
        signed: Bits::default(),
        changes: packet.changes,
        approved: None,
        void: false,
        held: false,
        superseded: false,
    });
    undisputed(rules, packet).then_some(())
}

pub fn sign(packet: &mut Packet, n: usize, key: Key) -> Option<()> {
    let release = packet.releases[n].as_mut().filter(|r| r.stands() && r.approved.is_none())?;
    let new = !release.signed.has(key.bit());
    release.signed = release.signed.with(key.bit());
    new.then_some(())
}

pub fn approve(rules: Rules, packet: &mut Packet, n: usize, key: Key) -> Option<()> {
    let release = packet.releases[n].filter(|r| r.stands() && r.approved.is_none())?;
    let ready = undisputed(rules, packet) && signed(rules, packet, &release);
    carry(rules, packet, n, key);
    ready.then_some(())
}

/// Approves without asking anything: what an approval does once it was judged.
pub fn carry(rules: Rules, packet: &mut Packet, n: usize, key: Key) {
    for (other, release) in packet.releases.iter_mut().enumerate() {
        let Some(release) = release else { continue };
        if other == n {
            release.approved = Some(key);
        } else if !rules.has(Mutant::NothingIsSuperseded) {
            release.superseded = true;
        }
    }
    packet.changes = Default::default();
}

pub fn hold(packet: &mut Packet, n: usize) -> Option<()> {
    let release = packet.releases[n].as_mut().filter(|r| !r.held)?;
    release.held = true;
    Some(())
}

/// A check of the sources. What drifted holds the newest release that stands.
pub fn drift(rules: Rules, packet: &mut Packet, drifted: bool) -> Option<()> {
    packet.drifts += 1;
    let newest = packet.releases.iter_mut().rev().flatten().find(|r| r.stands());
    match (drifted, newest) {
        (true, Some(release)) if !rules.has(Mutant::DriftHoldsNothing) => release.held = true,
        (false, _) if rules.has(Mutant::CheckLiftsAHold) => {
            packet.releases.iter_mut().flatten().for_each(|release| release.held = false);
        }
        _ => {}
    }
    Some(())
}
