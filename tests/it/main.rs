//! One integration binary: the built `packet`, real git, real ssh-keygen, real files.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops, and it reads its own environment"
)]

mod agents;
mod attacks;
mod attacks_ledger;
mod attacks_places;
mod charter;
mod evidence;
mod forge;
mod releases;
mod repositories;
mod sandbox;
mod story;
