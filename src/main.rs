//! The `packet` program.

fn main() {}
