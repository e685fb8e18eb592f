//! Any order of commands by any actors keeps every objection visible; what is acknowledged is in the history.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::cases;
use super::commands::{Typed, sequence, type_it};
use crate::forge::Forge;
use crate::governance::governed;
use crate::sandbox::{Answer, Sandbox};

/// What was acknowledged: an objection's id, and a commit.
#[derive(Default)]
struct Acknowledged {
    objections: Vec<String>,
    commits: Vec<String>,
}

impl Acknowledged {
    fn hear(&mut self, typed: Typed, answer: &Answer) {
        assert!((0..=3).contains(&answer.code), "{typed:?}: {answer:?}");
        if answer.code != 0 {
            return;
        }
        let json = answer.json();
        if let (Typed::Object { .. }, Some(id)) = (typed, json["id"].as_str()) {
            self.objections.push(id.to_owned());
        }
        let content = matches!(typed, Typed::Section | Typed::Remove | Typed::Propose | Typed::Decide { .. });
        let written = content || matches!(typed, Typed::Object { .. } | Typed::Act { .. } | Typed::Amend);
        self.commits.extend(json["commit"].as_str().filter(|_| written).map(str::to_owned));
    }
}

fn ids(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// The newest manifest, and the objections it lists.
fn in_newest_manifest(sandbox: &Sandbox) -> Option<(u64, BTreeSet<String>)> {
    let n = sandbox
        .git(&["ls-tree", "--name-only", "packet/checkout:releases"])
        .lines()
        .filter_map(|n| n.parse().ok())
        .max()?;
    let manifest = Forge::on(sandbox).file(&format!("releases/{n}/manifest.json"));
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    Some((n, ids(&manifest["predicate"]["objections"])))
}

fn has_releases(sandbox: &Sandbox) -> bool {
    !sandbox.git(&["ls-tree", "packet/checkout", "releases"]).is_empty()
}

/// Every objection is in `objections`, in the tree of the newest entry, and in the history with its own entry.
fn all_visible(sandbox: &Sandbox, heard: &Acknowledged) {
    let wanted: BTreeSet<String> = heard.objections.iter().cloned().collect();
    assert_eq!(wanted.len(), heard.objections.len(), "no two objections have one id");
    let listed = ids(&sandbox.json("ci-service", &["objections"]).exits(0).json()["objections"]);
    assert_eq!(listed, wanted);
    let tree = sandbox.git(&["ls-tree", "-r", "--name-only", "packet/checkout", "ledger"]);
    let line = sandbox.git(&["log", "--format=", "--name-only", "--diff-filter=A", "packet/checkout", "--", "ledger"]);
    for id in &wanted {
        let path = format!("ledger/{}/{id}.toml", &id[12..]);
        assert!(tree.lines().any(|file| file == path), "{path} is not at the head");
        assert_eq!(line.lines().filter(|file| *file == path).count(), 1, "{path} was added once");
    }
    in_order(&line_of(sandbox), &heard.commits);
    sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

/// The entries of the branch, oldest first.
fn line_of(sandbox: &Sandbox) -> Vec<String> {
    let line = sandbox.git(&["rev-list", "--first-parent", "--reverse", "packet/checkout"]);
    line.lines().map(str::to_owned).collect()
}

/// What one actor was told stands in the history in the order in which it was told.
fn in_order(line: &[String], commits: &[String]) {
    let places: Vec<usize> = commits
        .iter()
        .map(|commit| line.iter().position(|entry| entry == commit).unwrap_or_else(|| panic!("{commit} is lost")))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn any_order_of_commands_keeps_every_objection_visible() {
    let mut runner = TestRunner::new(cases(4));
    let law = runner.run(&sequence(14), |commands| {
        let sandbox = Sandbox::new();
        sandbox.open_with(&governed(&sandbox));
        sandbox.add_evidence();
        let mut heard = Acknowledged::default();
        for (nth, command) in commands.iter().enumerate() {
            let before: BTreeSet<String> = heard.objections.iter().cloned().collect();
            let drafted = has_releases(&sandbox).then(|| in_newest_manifest(&sandbox)).flatten();
            heard.hear(command.1, &type_it(&sandbox, nth, *command, &heard.objections));
            let now = has_releases(&sandbox).then(|| in_newest_manifest(&sandbox)).flatten();
            if let Some((n, listed)) = now.filter(|(n, _)| drafted.is_none_or(|(before, _)| *n > before)) {
                prop_assert_eq!(listed, before, "the manifest of release {} hides an objection", n);
            }
        }
        all_visible(&sandbox, &heard);
        Ok(())
    });
    law.unwrap();
}

/// Everybody at once, each their own sequence; whoever loses a race is refused or writes on the new head.
#[test]
fn what_is_acknowledged_is_in_the_history_whatever_happens_at_once() {
    let mut runner = TestRunner::new(cases(2));
    let law = runner.run(&prop::collection::vec(sequence(6), 4), |threads| {
        let sandbox = Sandbox::new();
        sandbox.open_with(&governed(&sandbox));
        sandbox.add_evidence();
        let shared = &sandbox;
        let heard: Vec<Acknowledged> = std::thread::scope(|scope| {
            let run = |(thread, commands): (usize, &Vec<(usize, Typed)>)| {
                let commands: Vec<(usize, Typed)> = commands.iter().map(|(_, typed)| (thread + 1, *typed)).collect();
                scope.spawn(move || {
                    let mut heard = Acknowledged::default();
                    for (nth, command) in commands.into_iter().enumerate() {
                        let answer = type_it(shared, thread * 100 + nth, command, &heard.objections);
                        heard.hear(command.1, &answer);
                    }
                    heard
                })
            };
            let running: Vec<_> = threads.iter().enumerate().map(run).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let line = line_of(&sandbox);
        heard.iter().for_each(|heard| in_order(&line, &heard.commits));
        let objections = heard.iter().flat_map(|heard| heard.objections.clone()).collect();
        all_visible(&sandbox, &Acknowledged { objections, commits: Vec::new() });
        Ok(())
    });
    law.unwrap();
}
