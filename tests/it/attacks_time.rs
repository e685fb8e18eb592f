//! Attacks on time and on what once was approved.

use std::process::Command;

use packet::model::time::Time;

use crate::forge::Forge;
use crate::forge_release::OWNER;
use crate::sandbox::{Answer, Sandbox};

/// Runs the program by a clock that stands at this second.
fn at(sandbox: &Sandbox, seconds: i64, arguments: &[&str]) -> Answer {
    by_clock(sandbox, "ci-service", seconds, arguments)
}

/// Runs the program as an actor, by a clock that stands at this second.
fn by_clock(sandbox: &Sandbox, actor: &str, seconds: i64, arguments: &[&str]) -> Answer {
    let mut command = Command::new("faketime");
    command.args(["-f", &Time::from_seconds(seconds).unwrap().to_string().replace('T', " ").replace('Z', "")]);
    command.arg(env!("CARGO_BIN_EXE_packet")).args(["--json", "--key"]).arg(sandbox.key(actor));
    sandbox.bare(&mut command).env("TZ", "UTC");
    sandbox.answer(command.args(arguments).current_dir(sandbox.repo()))
}

#[test]
fn a_clock_that_went_back_does_not_pull_the_anchor_back() {
    let sandbox = Sandbox::new();
    let charter = sandbox.path("charter.toml");
    std::fs::write(&charter, sandbox.charter()).unwrap();
    let now = Time::parse("2030-01-01T12:00:00Z").unwrap().seconds();
    let open = ["open", "checkout", "--charter", charter.to_str().unwrap()];
    by_clock(&sandbox, OWNER, now - 7200, &open).exits(0);
    let genesis = sandbox.head();
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
    by_clock(&sandbox, "triage-agent", now, &object).exits(0);
    at(&sandbox, now, &["verify", "--history"]).exits(0);
    let back = at(&sandbox, now - 3600, &["verify", "--history"]).exits(3);
    assert_eq!(back.reasons(), ["future-entry"], "no one is accused of a rewind");
    Forge::on(&sandbox).put(&genesis);
    assert_eq!(at(&sandbox, now, &["verify", "--history"]).exits(1).reasons(), ["rewound"]);
}
