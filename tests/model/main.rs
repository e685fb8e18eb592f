//! A model of the protocol, explored to its end.
//!
//! Three people and two agents do everything they can, an adversary what they cannot; digests are small numbers. The
//! rules are those of DESIGN.md §2 to §5, once in `judge.rs`, `ledger.rs`, `release.rs` and `governance.rs`, and a
//! second time, in other words and over what really happened, in `truth.rs` and `invariants.rs`.
//!
//! What is bounded is in `worlds.rs`: three revisions, two objections with threads of three acts, one proposal, two
//! amendments, two releases, two checks of sources, one approval under way, one head that an adversary kept. There is no
//! clock: a release that lapsed is as one that was held.
//!
//! A model that cannot fail shows nothing, so each rule is broken once (`mutants.rs`), and the checker has to find a
//! history in which the invariant breaks.

#![expect(unreachable_pub, clippy::print_stdout, reason = "one test of several files, which prints its figures")]

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

mod actor;
mod bits;
mod entry;
mod governance;
mod invariants;
mod judge;
mod ledger;
mod mutant;
mod mutants;
mod packet;
mod release;
mod truth;
mod world;
mod worlds;

use entry::Power;
use invariants::Invariant;
use mutant::Mutant;
use mutants::{MUTANTS, world_of};
use world::World;
use worlds::{TOGETHER, TOGETHER_STEPS, WHOLE};

/// Explores a world, to its end or a number of steps; no invariant may break.
fn holds(world: &World, steps: Option<usize>) -> usize {
    let started = Instant::now();
    let checker = world.clone().checker();
    let checker = match steps {
        // stateright counts the first state as a step.
        Some(steps) => checker.target_max_depth(steps + 1),
        None => checker,
    };
    let checker = checker.spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{}: {states} states, {depth} steps deep, {:.1} s", world.name, started.elapsed().as_secs_f32());
    if let Some((invariant, path)) = checker.discoveries().into_iter().next() {
        panic!("in the world `{}`, not `{invariant}`: {:#?}", world.name, path.into_actions());
    }
    states
}

/// Breaks a rule; the checker has to find a history that breaks the invariant.
fn breaks(world: World, mutant: Mutant, invariant: Invariant) {
    let broken = world.broken(mutant, invariant);
    let name = broken.name;
    let checker = broken.checker().finish_when(HasDiscoveries::Any).spawn_bfs().join();
    let Some(path) = checker.discovery(invariant.0) else {
        panic!("{mutant:?} does not break `{}` in `{name}`: {} states", invariant.0, checker.unique_state_count());
    };
    let steps = path.into_actions().len();
    println!("{mutant:?} breaks `{}` in `{name}` after {steps} steps", invariant.0);
}

#[test]
fn no_invariant_breaks_in_a_world_that_is_explored_to_its_end() {
    let states: usize = WHOLE.iter().map(|world| holds(world, None)).sum();
    println!("together: {states} states");
}

#[test]
fn no_invariant_breaks_when_everything_happens_together() {
    holds(&TOGETHER, Some(TOGETHER_STEPS));
}

#[test]
fn every_mutant_breaks_its_invariant() {
    for (mutant, invariant, world) in MUTANTS {
        breaks(world, mutant, invariant);
    }
}

#[test]
fn an_agent_with_any_power_of_people_breaks_the_invariant() {
    for power in Power::ALL {
        breaks(world_of(power), Mutant::AgentsMay(power), invariants::AGENTS);
    }
}

#[test]
fn every_invariant_has_a_mutant() {
    for (invariant, _) in invariants::ALL {
        assert!(MUTANTS.iter().any(|(_, (broken, _), _)| *broken == invariant), "nothing breaks `{invariant}`");
    }
}
