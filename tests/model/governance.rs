//! Amendments: proposed, endorsed, in force at the threshold of the present charter.

use crate::actor::{Actor, Key};
use crate::bits::Bits;
use crate::entry::Amends;
use crate::ledger::{Act, ActKind};
use crate::mutant::{Mutant, Rules};
use crate::packet::{Amendment, Packet, free};
use crate::release;

/// Proposes an amendment; it counts as the first endorsement.
pub fn amend(rules: Rules, packet: &mut Packet, key: Key, amends: Amends) -> Option<()> {
    possible(rules, packet, amends)?;
    let i = free(&packet.amendments)?;
    let from = packet.charter.version;
    packet.amendments[i] = Some(Amendment { amends, from, endorsed: key.bit(), in_force: false });
    settle(rules, packet, i);
    Some(())
}

/// Endorses an amendment of the present charter.
pub fn endorse(rules: Rules, packet: &mut Packet, key: Key, i: usize) -> Option<()> {
    let version = packet.charter.version;
    let amendment = packet.amendments[i].as_mut().filter(|a| !a.in_force && !a.endorsed.has(key.bit()))?;
    let current = amendment.from == version || rules.has(Mutant::StaleAmendmentTakesEffect);
    amendment.endorsed = amendment.endorsed.with(key.bit());
    settle(rules, packet, i);
    current.then_some(())
}

/// What can be amended so: a key is compromised once; an objection goes to another human, who is no author.
fn possible(rules: Rules, packet: &Packet, amends: Amends) -> Option<()> {
    let fits = match amends {
        Amends::Title | Amends::Lane => true,
        Amends::Threshold => packet.charter.threshold > 1,
        Amends::Compromised(key) => packet.charter.counts(key),
        Amends::Speaker(i, to) => {
            let objection = packet.objections[i]?;
            let author = packet.authors.has(to.bit()) && !rules.has(Mutant::ReassignedToTheAuthor);
            to.is_human() && objection.speaker != to && !author
        }
    };
    fits.then_some(())
}

/// Puts an amendment in force when its endorsements suffice by the present charter.
fn settle(rules: Rules, packet: &mut Packet, i: usize) {
    let Some(amendment) = packet.amendments[i] else { return };
    if !enough(rules, packet, &amendment) || possible(rules, packet, amendment.amends).is_none() {
        return;
    }
    packet.amendments[i] = Some(Amendment { in_force: true, ..amendment });
    take_effect(rules, packet, amendment.amends);
    if rules.amendments_void() {
        release::void_bound(packet);
    }
}

fn enough(rules: Rules, packet: &Packet, amendment: &Amendment) -> bool {
    let reassigns = matches!(amendment.amends, Amends::Speaker(..));
    let without_owner = reassigns && !rules.has(Mutant::OwnerCountsForReassignment);
    let keys = Key::ALL.into_iter().filter(|k| amendment.endorsed.has(k.bit()) && packet.charter.counts(*k));
    let keys = keys.filter(|k| !without_owner || k.holder() != Actor::Owner);
    let (mut people, mut endorsements) = (Bits::default(), 0);
    for key in keys {
        people = people.with(key.holder().bit());
        endorsements += 1;
    }
    let count = if rules.has(Mutant::EndorsementsCountTwice) { endorsements } else { people.count() };
    let threshold = match amendment.amends {
        Amends::Threshold if rules.has(Mutant::OwnThresholdDecides) => 1,
        _ => packet.charter.threshold,
    };
    let alone = amendment.amends.is_sensitive() && people == Actor::Owner.bit();
    count >= threshold && (!alone || rules.has(Mutant::OwnerAmendsAlone))
}

fn take_effect(rules: Rules, packet: &mut Packet, amends: Amends) {
    match amends {
        Amends::Title => {}
        Amends::Lane => packet.charter.lane += 1,
        Amends::Threshold => packet.charter.threshold = 1,
        Amends::Compromised(key) => compromise(rules, packet, key),
        Amends::Speaker(i, to) => return reassign(rules, packet, i, to),
    }
    packet.charter.version += 1;
}

fn compromise(rules: Rules, packet: &mut Packet, key: Key) {
    packet.charter.compromised = packet.charter.compromised.with(key.bit());
    if rules.has(Mutant::RevocationDropsObjections) {
        let gone = |by: Actor| by == key.holder();
        packet.objections.iter_mut().for_each(|slot| *slot = slot.filter(|o| !gone(o.by)));
    }
}

/// The objection stays as it stands; somebody else speaks for it.
fn reassign(rules: Rules, packet: &mut Packet, i: usize, to: Actor) {
    let content = packet.content;
    let Some(objection) = packet.objections[i].as_mut() else { return };
    objection.speaker = to;
    if rules.has(Mutant::ReassignedMeansWithdrawn) {
        let key = if to == Actor::Privacy { Key::Privacy } else { Key::Reliability };
        objection.acts[0] = Some(Act { kind: ActKind::Withdraw, key, target: content });
    }
}
