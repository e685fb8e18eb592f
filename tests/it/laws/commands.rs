//! Random commands by random actors, through the built program.

use proptest::prelude::*;

use crate::sandbox::{Answer, Sandbox};

/// Who types.
pub const ACTORS: [&str; 5] = ["release-owner", "privacy-lead", "reliability", "forensics-lead", "triage-agent"];

const TARGETS: [&str; 4] = ["packet", "fragment:stack", "session:s1", "lane"];
const KINDS: [&str; 4] = ["identifier-leakage", "fragment-necessity", "audience-boundary", "other"];

/// One command, before it is known which objection or release it is about.
#[derive(Debug, Clone, Copy)]
pub enum Typed {
    Object {
        target: usize,
        veto: bool,
    },
    /// An act on one of the objections there are.
    Act {
        act: usize,
        pick: usize,
    },
    /// Every objection there is: everybody tries to withdraw it, or the owner accepts it.
    Settle,
    Section,
    Remove,
    /// A section as a proposal.
    Propose,
    /// One of the proposals there are: applied, rejected or endorsed.
    Decide {
        decision: usize,
        pick: usize,
    },
    /// Another charter, which two of governance must endorse.
    Amend,
    /// One of the objections there are, to somebody else.
    Reassign {
        to: usize,
        pick: usize,
    },
    Drift,
    Draft,
    Sign,
    Approve,
    Hold,
    Supersede,
    /// Draft, everybody's signature and the approval, one after the other.
    Release,
}

const ACTS: [&str; 5] = ["respond", "address", "withdraw", "close", "accept-residual"];

/// A sequence of commands and who types each.
pub fn sequence(longest: usize) -> impl Strategy<Value = Vec<(usize, Typed)>> {
    let typed = prop_oneof![
        5 => (0..TARGETS.len(), prop::bool::weighted(0.1)).prop_map(|(target, veto)| Typed::Object { target, veto }),
        5 => (0..ACTS.len(), 0..8_usize).prop_map(|(act, pick)| Typed::Act { act, pick }),
        3 => Just(Typed::Settle),
        2 => Just(Typed::Section),
        1 => Just(Typed::Remove),
        2 => Just(Typed::Propose),
        4 => (0..3_usize, 0..8_usize).prop_map(|(decision, pick)| Typed::Decide { decision, pick }),
        1 => Just(Typed::Amend),
        2 => (0..ACTORS.len(), 0..8_usize).prop_map(|(to, pick)| Typed::Reassign { to, pick }),
        1 => Just(Typed::Drift),
        2 => Just(Typed::Draft),
        1 => Just(Typed::Sign),
        1 => Just(Typed::Approve),
        1 => Just(Typed::Hold),
        1 => Just(Typed::Supersede),
        4 => Just(Typed::Release),
    ];
    prop::collection::vec((0..ACTORS.len(), typed), 1..=longest)
}

/// Types one command; `nth` makes its words new, `known` are the objections there are.
pub fn type_it(sandbox: &Sandbox, nth: usize, (actor, typed): (usize, Typed), known: &[String]) -> Answer {
    let actor = ACTORS[actor];
    let words = format!("words {nth}");
    let say = |arguments: &[&str]| sandbox.json(actor, arguments);
    match typed {
        Typed::Object { target, veto } => {
            let (kind, target) = (KINDS[nth % KINDS.len()], TARGETS[target]);
            let mut arguments = vec!["object", "--kind", kind, "--about", target, "-m", &words];
            arguments.extend(veto.then_some("--veto"));
            say(&arguments)
        }
        Typed::Act { act, pick } => {
            let id = picked_objection(known, pick);
            let option = if ACTS[act] == "accept-residual" { "--rationale" } else { "-m" };
            say(&[ACTS[act], id, option, &words])
        }
        Typed::Settle => settle(sandbox, &words, known),
        Typed::Section => {
            stage(sandbox, actor, nth);
            say(&["commit", "-m", &words])
        }
        Typed::Propose => {
            stage(sandbox, actor, nth);
            say(&["propose", "-m", &words])
        }
        Typed::Decide { decision, pick } => {
            let id = picked_proposal(sandbox, pick);
            match decision {
                0 => say(&["apply", &id]),
                1 => say(&["reject", &id, "--because", "quality", "-m", &words]),
                _ => say(&["endorse", &id]),
            }
        }
        Typed::Amend => amend(sandbox, actor, nth),
        Typed::Reassign { to, pick } => {
            say(&["reassign", picked_objection(known, pick), "--to", ACTORS[to], "--why", &words])
        }
        Typed::Remove => {
            say(&["remove", "fragment:stack", "--why", &words]);
            say(&["commit", "-m", &words])
        }
        Typed::Drift => say(&["drift", "--record"]),
        Typed::Draft => say(&["draft"]),
        Typed::Sign => say(&["sign"]),
        Typed::Approve => approve(sandbox, actor),
        Typed::Hold => say(&["hold", "--because", "other", "-m", &words]),
        Typed::Supersede => say(&["supersede", "--because", "other", "-m", &words]),
        Typed::Release => {
            sandbox.json("reliability", &["draft"]);
            for signer in ["privacy-lead", "reliability", "forensics-lead"] {
                sandbox.json(signer, &["sign"]);
            }
            approve(sandbox, "release-owner")
        }
    }
}

/// Stages a section of the actor's own.
fn stage(sandbox: &Sandbox, actor: &str, nth: usize) {
    let file = sandbox.path(format!("section-{actor}-{nth}"));
    std::fs::write(&file, format!("words {nth}\n")).unwrap();
    let name = format!("{actor}-{nth}");
    let owner = if actor == "triage-agent" { "forensics-lead" } else { actor };
    sandbox.json(actor, &["section", "set", &name, "--file", file.to_str().unwrap(), "--owner", owner]);
}

/// Proposes the charter in force with another title.
fn amend(sandbox: &Sandbox, actor: &str, nth: usize) -> Answer {
    let charter = sandbox.json(actor, &["show", "charter.toml"]).json()["text"].as_str().unwrap().to_owned();
    let file = sandbox.path(format!("charter-{actor}-{nth}"));
    std::fs::write(&file, charter.replace("title = \"", &format!("title = \"{nth} "))).unwrap();
    sandbox.json(actor, &["amend", "--charter", file.to_str().unwrap(), "-m", &format!("words {nth}")])
}

/// One of the objections there are, or an id that none has.
fn picked_objection(known: &[String], pick: usize) -> &str {
    known.get(pick % known.len().max(1)).map_or("o-000000000000", String::as_str)
}

fn picked_proposal(sandbox: &Sandbox, pick: usize) -> String {
    let listed = sandbox.json("privacy-lead", &["proposals"]).json()["proposals"].clone();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    ids.get(pick % ids.len().max(1)).map_or("p-000000000000", |id| *id).to_owned()
}

/// Approves whatever the newest release binds.
fn approve(sandbox: &Sandbox, actor: &str) -> Answer {
    let status = sandbox.json(actor, &["status"]).json();
    let commit = status["release"]["commit"].as_str().unwrap_or("none").to_owned();
    sandbox.json(actor, &["approve", "--confirm", &commit])
}

fn settle(sandbox: &Sandbox, words: &str, known: &[String]) -> Answer {
    for (i, id) in known.iter().enumerate() {
        let withdraws = |actor: &&str| sandbox.json(actor, &["withdraw", id, "-m", words]).code == 0;
        if i % 3 == 2 || !ACTORS.iter().any(withdraws) {
            sandbox.json("release-owner", &["accept-residual", id, "--rationale", words]);
        }
    }
    sandbox.json("release-owner", &["objections"])
}
