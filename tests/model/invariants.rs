//! The invariants of DESIGN.md §4 that are about the protocol.

use crate::actor::{Actor, Key};
use crate::bits::Bits;
use crate::packet::SLOTS;
use crate::release::holds;
use crate::truth::{Bound, Wrong, ended_by};
use crate::world::{State, World};

/// A sentence that holds in every state.
pub type Invariant = (&'static str, fn(&World, &State) -> bool);

pub const NEVER_OUTLIVES: Invariant = ("an approval never outlives what it approved", never_outlives);
pub const VERY_HEAD: Invariant =
    ("an approval is of the very head that was judged", |_, s| never(s, Wrong::JudgedElsewhere));
pub const IN_BETWEEN: Invariant =
    ("an objection in between makes the approval fail", |_, s| never(s, Wrong::ObjectedBetween));
pub const AGENTS: Invariant = ("agents never act with authority", |_, s| never(s, Wrong::AgentActed));
pub const OBJECTOR: Invariant = ("an objection is ended by its objector", |_, s| never(s, Wrong::NotItsObjector));
pub const RESIDUAL: Invariant = ("a residual is accepted by the owner", |_, s| never(s, Wrong::NotTheOwner));
pub const VETO: Invariant = ("a veto never becomes residual", |_, s| never(s, Wrong::VetoAccepted));
pub const VETO_BY: Invariant = ("a veto is a required signer's", |_, s| never(s, Wrong::VetoByOther));
pub const NOTHING_LOST: Invariant = ("nothing recorded is lost", nothing_lost);
pub const DISPUTED: Invariant = ("what is disputed is not released", disputed);
pub const ONE_VOTE: Invariant = ("one actor one vote, and the owner fills no seat", one_vote);
pub const INDEPENDENT: Invariant =
    ("for each change a signer neither wrote nor applied it", |w, s| each_released(w, s, independent));
pub const CHARTER_FOLLOWS: Invariant = ("a charter follows the one before", |_, s| never(s, Wrong::CharterSkipped));
pub const THRESHOLD: Invariant = ("a charter is amended at its threshold", |_, s| never(s, Wrong::BelowThreshold));
pub const NOT_ALONE: Invariant =
    ("lane, signers, keys and threshold need more than the owner", |_, s| never(s, Wrong::OwnerAlone));
pub const HANDED_OVER: Invariant =
    ("an objection is handed to a human who is no author, stays open, the owner not counting", |_, s| {
        never(s, Wrong::HandedOver)
    });
pub const OTHERS_APPLY: Invariant = ("who proposed does not apply", |_, s| never(s, Wrong::OwnProposal));
pub const NO_MERGE: Invariant = ("a proposal is never merged over a change", |_, s| never(s, Wrong::MergedOver));
pub const HELD: Invariant =
    ("a hold is for good", |w, s| each_released(w, s, |_, s, n| !s.truth.held.has(Bits::one(n as u32))));
pub const ONE_CURRENT: Invariant = ("one release is current", |w, s| released(w, s).count() < 2);
pub const NOT_FOOLED: Invariant = ("the anchor detects a rewind", |_, s| never(s, Wrong::Fooled));

pub const ALL: [Invariant; 21] = [
    NEVER_OUTLIVES,
    VERY_HEAD,
    IN_BETWEEN,
    AGENTS,
    OBJECTOR,
    RESIDUAL,
    VETO,
    VETO_BY,
    NOTHING_LOST,
    DISPUTED,
    ONE_VOTE,
    INDEPENDENT,
    CHARTER_FOLLOWS,
    THRESHOLD,
    NOT_ALONE,
    HANDED_OVER,
    OTHERS_APPLY,
    NO_MERGE,
    HELD,
    ONE_CURRENT,
    NOT_FOOLED,
];

fn never(state: &State, wrong: Wrong) -> bool {
    !state.truth.has(wrong)
}

/// The releases a verifier says yes to.
fn released(world: &World, state: &State) -> impl Iterator<Item = usize> {
    let packet = state.packet;
    let rules = world.rules();
    (0..SLOTS).filter(move |n| packet.releases[*n].is_some_and(|release| holds(rules, &packet, &release)))
}

fn each_released(world: &World, state: &State, law: fn(&World, &State, usize) -> bool) -> bool {
    released(world, state).all(|n| law(world, state, n))
}

fn never_outlives(world: &World, state: &State) -> bool {
    each_released(world, state, |_, state, n| {
        let now = Bound::of(&state.packet);
        state.truth.bound[n]
            .is_some_and(|(then, _)| Bound { residual: now.residual, ..then } == now && then.residual.has(now.residual))
    })
}

fn nothing_lost(_: &World, state: &State) -> bool {
    let mut kept = state.truth.raised.iter().zip(&state.packet.objections);
    kept.all(|(raised, objection)| {
        raised.is_none_or(|raised| {
            objection.is_some_and(|o| {
                (o.by, o.veto) == (raised.by, raised.veto) && o.acts.iter().flatten().count() >= raised.acts
            })
        })
    })
}

fn disputed(world: &World, state: &State) -> bool {
    let packet = &state.packet;
    let settled = packet.objections.iter().flatten().all(|o| ended_by(o, &packet.charter, packet.content).is_some());
    settled || released(world, state).next().is_none()
}

/// The people, other than the owner, whose keys signed and are still good.
fn people(state: &State, n: usize) -> Bits {
    let keys = Key::ALL.into_iter().filter(|k| state.truth.signed[n].has(k.bit()) && state.packet.charter.counts(*k));
    let people = keys.map(Key::holder).filter(|actor| actor.is_human() && *actor != Actor::Owner);
    people.fold(Bits::default(), |people, actor| people.with(actor.bit()))
}

fn one_vote(world: &World, state: &State) -> bool {
    each_released(world, state, |world, state, n| {
        let owner = state.packet.releases[n].and_then(|r| r.approved);
        let approved = owner.is_some_and(|key| key == Key::Owner && state.packet.charter.counts(key));
        approved && people(state, n).count() >= world.required
    })
}

fn independent(_: &World, state: &State, n: usize) -> bool {
    let people = people(state, n);
    let other = |wrote: Actor, applied: Actor| {
        Actor::PEOPLE.into_iter().any(|a| people.has(a.bit()) && a != wrote && a != applied)
    };
    state.truth.bound[n].is_some_and(|(_, changes)| changes.each().all(|(wrote, applied)| other(wrote, applied)))
}
