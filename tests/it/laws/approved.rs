//! No release verifies whose material, lane, audience, signers or objection set differ from what was approved.

use std::collections::BTreeSet;

use packet::model::id::CommitId;
use packet::model::time::Time;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::cases;
use super::commands::{ACTORS, Typed, sequence, type_it};
use crate::forge::Forge;
use crate::sandbox::Sandbox;
use crate::verdict::{is_yes, now, verified};

const OPERATIONS: [&str; 9] =
    ["commit", "propose", "object", "respond", "withdraw", "sign", "approve", "hold", "drift"];

/// What is done to a file of the packet by somebody who can write commits.
#[derive(Debug, Clone)]
enum Edit {
    Byte(Index, u8),
    Append(String),
    Replace(String),
    Remove,
}

#[derive(Debug, Clone)]
struct Forged {
    actor: usize,
    key: usize,
    operation: usize,
    file: Index,
    edit: Edit,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (any::<Index>(), 1..=255_u8).prop_map(|(at, mask)| Edit::Byte(at, mask)),
        2 => "[a-z =\"\n]{1,40}".prop_map(Edit::Append),
        1 => "[a-z =\"\n]{1,40}".prop_map(Edit::Replace),
        1 => Just(Edit::Remove),
    ]
}

fn forged() -> impl Strategy<Value = Forged> {
    let hands = (0..ACTORS.len(), prop_oneof![3 => Just(None), 1 => (0..ACTORS.len()).prop_map(Some)]);
    (hands, 0..OPERATIONS.len(), any::<Index>(), edit()).prop_map(|((actor, key), operation, file, edit)| Forged {
        actor,
        key: key.unwrap_or(actor),
        operation,
        file,
        edit,
    })
}

/// What a release binds of the tree: content, lane and roster by their files, the ledger by the names of its files.
fn bound_part(sandbox: &Sandbox, commit: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let listed = sandbox.git(&["ls-tree", "-r", commit]);
    let beside =
        |line: &&str| ["checks/", "proposals/", "releases/"].iter().any(|dir| line.contains(&format!("\t{dir}")));
    let (ledger, content): (Vec<&str>, Vec<&str>) =
        listed.lines().filter(|line| !beside(line)).partition(|line| line.contains("\tledger/"));
    let names = ledger.iter().filter_map(|line| line.split_once('\t')).map(|(_, path)| path.to_owned());
    (content.into_iter().map(str::to_owned).collect(), names.collect())
}

/// A yes is about what is there.
fn yes_means_unchanged(sandbox: &Sandbox, genesis: &CommitId, now: Time) -> bool {
    let Some(said) = verified(sandbox, Some(genesis), now).filter(is_yes) else { return false };
    let bound = said.commit.as_ref().expect("a release that holds is bound").to_string();
    assert_eq!(bound_part(sandbox, &bound), bound_part(sandbox, &sandbox.head()), "{said:?}");
    true
}

fn land(sandbox: &Sandbox, forged: &Forged) {
    let forge = Forge::on(sandbox);
    let files: Vec<String> =
        sandbox.git(&["ls-tree", "-r", "--name-only", "packet/checkout"]).lines().map(str::to_owned).collect();
    let path = forged.file.get(&files);
    let mut bytes = forge.file(path).into_bytes();
    let entry = forge.entry(ACTORS[forged.actor], OPERATIONS[forged.operation]).key(ACTORS[forged.key]);
    let entry = match &forged.edit {
        Edit::Byte(at, mask) => {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
            entry.file(path, bytes)
        }
        Edit::Append(text) => entry.file(path, [bytes, text.clone().into_bytes()].concat()),
        Edit::Replace(text) => entry.file(path, text),
        Edit::Remove => entry.remove(path),
    };
    entry.land();
}

#[test]
fn no_release_verifies_after_a_forged_edit_of_what_it_binds() {
    let sandbox = Sandbox::new();
    let genesis = CommitId::new(sandbox.release()).unwrap();
    let (head, now) = (sandbox.head(), now());
    assert!(yes_means_unchanged(&sandbox, &genesis, now), "the neighbour without an edit");
    let mut runner = TestRunner::new(cases(48));
    let law = runner.run(&forged(), |forged| {
        land(&sandbox, &forged);
        yes_means_unchanged(&sandbox, &genesis, now);
        let said = verified(&sandbox, Some(&genesis), now);
        prop_assert!(!said.is_some_and(|said| is_yes(&said)), "no edit of a file that is there is an entry");
        let forge = Forge::on(&sandbox);
        forge.put(&head);
        std::fs::remove_file(forge.clone_file("anchor")).ok();
        Ok(())
    });
    law.unwrap();
}

#[test]
fn a_yes_after_any_commands_is_about_what_is_there() {
    let mut runner = TestRunner::new(cases(4));
    let law = runner.run(&sequence(10), |commands| {
        let sandbox = Sandbox::new();
        let genesis = CommitId::new(sandbox.release()).unwrap();
        let mut known = Vec::new();
        // An objection that comes and goes leaves nothing open, and yet the approval did not know it.
        let comes_and_goes = [(1, Typed::Object { target: 0, veto: false }), (1, Typed::Settle)];
        for (nth, command) in comes_and_goes.into_iter().chain(commands).enumerate() {
            let answer = type_it(&sandbox, nth, command, &known);
            if answer.code == 0 {
                known.extend(answer.json()["id"].as_str().filter(|id| id.starts_with("o-")).map(str::to_owned));
            }
            yes_means_unchanged(&sandbox, &genesis, now());
        }
        Ok(())
    });
    law.unwrap();
}
