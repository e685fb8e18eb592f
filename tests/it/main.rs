//! One integration binary: the built `packet`, real git, real ssh-keygen, real files.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that cannot go on stops, reads its own environment, and prints its figures"
)]

mod agents;
mod attacks;
mod attacks_history;
mod attacks_ledger;
mod attacks_manifest;
mod attacks_places;
mod attacks_presence;
mod attacks_release;
mod attacks_tags;
mod attacks_time;
mod attacks_unseen;
mod charter;
mod contract;
mod docs;
mod durability;
mod evidence;
mod flips;
mod forge;
mod forge_release;
mod golden;
mod keys;
mod laws;
mod map;
mod releases;
mod repositories;
mod sandbox;
mod story;
mod terminal;
mod verdict;
