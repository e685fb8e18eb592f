//! Laws over the real store, whatever is done to it. `PROPTEST_CASES` asks for more cases.

mod approved;
mod commands;
mod dropped;
mod nos;
mod visible;

use proptest::test_runner::Config;

/// So many cases in CI; as many as `PROPTEST_CASES` says where it is set.
fn cases(usual: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(usual), failure_persistence: None, max_shrink_iters: 20, ..Config::default() }
}
