//! What makes a charter wrong, each with the place in the file a person must change.
//!
//! Problems carry a *path* into the document (`actor`, 2, `keys`, 0); [`span_of`] finds the bytes it stands at. The
//! checks themselves see plain values, so that a stored charter is judged by the very same code.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::actor::{Actor, GOVERNANCE};
use super::charter::{RawCharter, SourceKind};
use super::id::ActorId;
use super::signers;

/// One step of a path into a TOML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(&'static str),
    /// The item of a list.
    Item(usize),
}

/// One thing wrong with a charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: Vec<Step>,
    /// What is wrong, naming the value.
    pub message: String,
    /// What to do.
    pub help: String,
}

macro_rules! at {
    ($($step:expr),*) => { vec![$(Step::from($step)),*] };
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(item: usize) -> Self {
        Self::Item(item)
    }
}

/// Finds the bytes of the text that a path leads to; the deepest part of it that is there.
pub fn span_of(text: &str, path: &[Step]) -> Range<usize> {
    let Ok(root) = DeTable::parse(text) else { return 0..0 };
    let mut span = root.span();
    let mut value: Option<&DeValue<'_>> = None;
    for step in path {
        let next = match (step, value) {
            (Step::Key(key), None) => root.get_ref().get(*key),
            (Step::Key(key), Some(DeValue::Table(table))) => table.get(*key),
            (Step::Item(i), Some(DeValue::Array(items))) => items.get(*i),
            _ => None,
        };
        let Some(found) = next else { break };
        span = found.span();
        value = Some(found.get_ref());
    }
    span
}

/// Everything wrong with the meaning of a charter.
pub(super) fn check(charter: &RawCharter) -> Vec<Problem> {
    let mut found = Vec::new();
    if charter.format != 1 {
        let message = format!("charter format {} is not known", charter.format);
        push(&mut found, at!["format"], message, "write `format = 1`; a newer packet may know more");
    }
    check_words(charter, &mut found);
    check_actors(charter, &mut found);
    check_keys(charter, &mut found);
    check_governance(charter, &mut found);
    check_owner_and_audience(charter, &mut found);
    check_required_signers(charter, &mut found);
    check_sources(charter, &mut found);
    found
}

fn push(found: &mut Vec<Problem>, path: Vec<Step>, message: String, help: &str) {
    found.push(Problem { path, message, help: help.to_owned() });
}

fn check_words(charter: &RawCharter, found: &mut Vec<Problem>) {
    let words = [
        (at!["packet", "title"], &charter.packet.title),
        (at!["packet", "purpose"], &charter.packet.purpose),
        (at!["lane", "allowed_use"], &charter.lane.allowed_use),
    ];
    for (path, text) in words {
        if text.trim().is_empty() {
            push(found, path, "this text is empty".to_owned(), "say it in one sentence: reviewers read it");
        }
    }
}

fn check_actors(charter: &RawCharter, found: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&ActorId, usize> = BTreeMap::new();
    for (i, actor) in charter.actor.iter().enumerate() {
        if seen.insert(&actor.id, i).is_some() {
            let message = format!("two actors are called `{}`", actor.id);
            push(found, at!["actor", i, "id"], message, "give each actor an id of its own; ids are never reused");
        }
        check_operator(charter, i, actor, found);
        if !actor.is_human() && actor.has_role(GOVERNANCE) {
            let message = format!("`{}` is {} and cannot hold `governance`", actor.id, actor.kind.with_article());
            push(found, at!["actor", i, "roles"], message, "only people change policy: give the role to a human");
        }
    }
}

fn check_operator(charter: &RawCharter, i: usize, actor: &Actor, found: &mut Vec<Problem>) {
    match (&actor.operator, actor.is_human()) {
        (None, false) => {
            let message = format!("`{}` is {} without an operator", actor.id, actor.kind.with_article());
            push(found, at!["actor", i], message, "add `operator = \"…\"`, the human who answers for it");
        }
        (Some(operator), false) if !is_human(charter, operator) => {
            let message = format!("operator `{operator}` of `{}` is not a human of this roster", actor.id);
            push(found, at!["actor", i, "operator"], message, "name a human actor of this charter");
        }
        (Some(_), true) => {
            let message = format!("`{}` is human and has an operator", actor.id);
            push(found, at!["actor", i, "operator"], message, "remove `operator`: people answer for themselves");
        }
        _ => {}
    }
}

fn is_human(charter: &RawCharter, id: &ActorId) -> bool {
    charter.actor.iter().any(|a| a.id == *id && a.is_human())
}

/// One key, one actor, by key bytes (F13): two principals with one key would let one person vote twice. The bare
/// Ed25519 point counts too, so that a hardware key cannot pose as a second one under another type.
fn check_keys(charter: &RawCharter, found: &mut Vec<Problem>) {
    let mut seen: BTreeMap<[u8; 32], &ActorId> = BTreeMap::new();
    for (i, actor) in charter.actor.iter().enumerate() {
        for (k, key) in actor.keys.iter().enumerate() {
            if let Some(other) = seen.insert(*key.ed25519(), &actor.id) {
                let message = match *other == actor.id {
                    true => format!("`{}` lists this key twice", actor.id),
                    false => format!("key {} belongs to `{other}` and to `{}`", key.fingerprint(), actor.id),
                };
                push(
                    found,
                    at!["actor", i, "keys", k],
                    message,
                    "one key, one actor: make another with `ssh-keygen -t ed25519`",
                );
            }
        }
    }
    for (i, revoked) in charter.revoked.iter().enumerate() {
        if charter.revoked[..i].iter().any(|earlier| earlier.key.ed25519() == revoked.key.ed25519()) {
            let message = format!("key {} is revoked twice", revoked.key.fingerprint());
            push(found, at!["revoked", i], message, "keep one of the two; `compromised` undoes more than `retired`");
        }
    }
}

fn check_governance(charter: &RawCharter, found: &mut Vec<Problem>) {
    let holders = charter.actor.iter().filter(|a| a.is_human_with(GOVERNANCE)).count();
    let threshold = charter.governance.threshold;
    if threshold == 0 || threshold as usize > holders {
        let message = format!("threshold {threshold} cannot be met: {holders} humans have the role `governance`");
        push(found, at!["governance", "threshold"], message, "use at least 1 and at most their number");
    }
}

fn check_owner_and_audience(charter: &RawCharter, found: &mut Vec<Problem>) {
    let lane = &charter.lane;
    if !is_human(charter, &lane.release_owner) {
        let message = format!("release owner `{}` is not a human of this roster", lane.release_owner);
        push(found, at!["lane", "release_owner"], message, "name a human actor: agents and services never approve");
    }
    if lane.audience.is_empty() {
        push(found, at!["lane", "audience"], "the lane has no audience".to_owned(), "name who may receive a release");
    }
    for (i, id) in lane.audience.iter().enumerate() {
        if lane.audience[..i].contains(id) {
            let message = format!("`{id}` is in the audience twice");
            push(found, at!["lane", "audience", i], message, "name each reviewer once");
        }
    }
}

fn check_required_signers(charter: &RawCharter, found: &mut Vec<Problem>) {
    let required = &charter.lane.required_signers;
    if required.is_empty() {
        let message = "nobody is required to sign before the owner".to_owned();
        push(
            found,
            at!["lane", "required_signers"],
            message,
            "name at least one role, as `{ role = \"privacy-lead\", count = 1 }`",
        );
    }
    let before = found.len();
    for (i, rule) in required.iter().enumerate() {
        let eligible = |a: &&Actor| a.is_human_with(rule.role.as_str()) && a.id != charter.lane.release_owner;
        let holders = charter.actor.iter().filter(eligible).count();
        let role = &rule.role;
        if required[..i].iter().any(|earlier| earlier.role == *role) {
            push(
                found,
                at!["lane", "required_signers", i],
                format!("role `{role}` is listed twice"),
                "raise its count instead",
            );
        } else if holders == 0 {
            let message = format!("no human other than the release owner holds the required role `{role}`");
            push(found, at!["lane", "required_signers", i], message, "give somebody the role, or do not require it");
        } else if rule.count == 0 || rule.count as usize > holders {
            let message = format!(
                "count {} for role `{role}` cannot be met: {holders} humans other than the owner hold it",
                rule.count
            );
            push(
                found,
                at!["lane", "required_signers", i, "count"],
                message,
                "use at least 1 and at most their number",
            );
        }
    }
    let everybody: Vec<&Actor> =
        charter.actor.iter().filter(|a| a.is_human() && a.id != charter.lane.release_owner).collect();
    if found.len() == before && !signers::missing(required, &everybody).is_empty() {
        let message = "the required roles cannot be filled by distinct people".to_owned();
        push(found, at!["lane", "required_signers"], message, "one person fills one role: add people or roles");
    }
}

fn check_sources(charter: &RawCharter, found: &mut Vec<Problem>) {
    let vaults = charter.source.iter().filter(|s| s.kind == SourceKind::Evidence).count();
    if vaults != 1 {
        let message = format!("{vaults} sources of kind `evidence`; there must be exactly one, the vault");
        push(found, at!["source"], message, "add or remove `[[source]]` tables with `kind = \"evidence\"`");
    }
    for (i, source) in charter.source.iter().enumerate() {
        if charter.source[..i].iter().any(|earlier| earlier.name == source.name) {
            push(found, at!["source", i, "name"], format!("two sources are called `{}`", source.name), "rename one");
        }
        if !schemes(source.kind).iter().any(|scheme| source.url.starts_with(&format!("{scheme}://"))) {
            let message =
                format!("`{}` is not a URL that a source of kind `{}` can have", source.url, source.kind.as_str());
            let help = format!("use one of: {}", schemes(source.kind).join("://…, ") + "://…");
            push(found, at!["source", i, "url"], message, &help);
        }
    }
}

fn schemes(kind: SourceKind) -> &'static [&'static str] {
    match kind {
        SourceKind::Symbols => &["file", "http", "https", "debuginfod+http", "debuginfod+https"],
        _ => &["file", "s3", "http", "https"],
    }
}
