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
mod attacks_deputy;
mod attacks_history;
mod attacks_presence;
mod attacks_release;
mod attacks_tags;
mod attacks_time;
mod attacks_unseen;
mod canaries;
mod charter;
mod contract;
mod corpus;
mod crash;
mod docs;
mod durability;
mod encodings;
mod evidence;
mod exact;
mod findings;
mod flips;
mod forge;
mod forge_release;
mod golden;
mod governance;
mod hostile_environment;
mod keys;
mod kills;
mod laws;
mod map;
mod parts;
mod proof;
mod proposals;
mod races;
mod region_fragments;
mod regions;
mod releases;
mod repositories;
mod sandbox;
mod scan_crash;
mod scan_hostile;
mod scan_truncated;
mod story;
mod terminal;
mod terminal_fields;
mod terminal_forged;
mod verdict;
