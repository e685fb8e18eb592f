//! Checking evidence: every raw range and every stored sanitized range, hashed again against its commitment; what is
//! recorded of them, made again from their bytes (`proof`, `place`).
//!
//! Streaming and in parallel over fragments. What cannot be read is `unreachable`, never fine; with another key in the
//! vault no commitment can be judged at all, so that is the answer and the ranges are not read.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::place;
use super::proof::{self, Proof, State};
use super::vault::{Vault, VaultError};
use crate::model::charter::{Source, SourceKind};
use crate::model::content::Content;
use crate::model::fragment::Fragment;
use crate::model::id::SessionId;
use crate::model::packet::Packet;
use crate::model::session::Taken;
use crate::model::source::{CheckState, SourceCheck, SubjectCheck};
use crate::model::time::Time;

/// What a check of all sources found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Every subject.
    pub subjects: Vec<SubjectCheck>,
    /// Every source as a whole.
    pub sources: Vec<SourceCheck>,
}

/// Checks every source of the charter.
pub fn check_all(content: &Content, progress: &(dyn Fn(u64) + Sync)) -> Checked {
    let mut checked = Checked::default();
    for source in &content.charter.source {
        let subjects = match source.kind {
            SourceKind::Evidence => check_vault(content, source, progress),
            _ => vec![unread(source)],
        };
        checked.sources.push(SourceCheck {
            name: source.name.clone(),
            kind: source.kind,
            state: subjects.iter().map(|s| s.state).max().unwrap_or(CheckState::Unreachable),
            subjects: subjects.len() as u64,
            stand_in: None,
        });
        checked.subjects.extend(subjects);
    }
    checked
}

/// How many bytes fragments have, raw and sanitized. Stored lengths may add up to more than there can be.
pub fn bytes_of<'a>(fragments: impl Iterator<Item = &'a Fragment>) -> u64 {
    let of = |f: &Fragment| f.range.length.saturating_add(f.sanitized.as_ref().map_or(0, |s| s.bytes));
    fragments.fold(0, |sum, fragment| sum.saturating_add(of(fragment)))
}

/// How many bytes a check will read, for its progress.
pub fn bytes_to_read(content: &Content) -> u64 {
    bytes_of(content.fragments.values().map(AsRef::as_ref))
}

fn unread(source: &Source) -> SubjectCheck {
    let found = Some(format!("this version reads no source of kind {}", source.kind.as_str()));
    subject(source, format!("source:{}", source.name), CheckState::Unreachable, None, found)
}

fn subject(
    source: &Source,
    subject: String,
    state: CheckState,
    pinned: Option<String>,
    found: Option<String>,
) -> SubjectCheck {
    SubjectCheck { source: source.name.clone(), kind: source.kind, subject, state, pinned, found }
}

fn check_vault(content: &Content, source: &Source, progress: &(dyn Fn(u64) + Sync)) -> Vec<SubjectCheck> {
    let pinned = content.vault_key().map(ToString::to_string);
    let key_subject = |state, found| subject(source, format!("key:{}", source.name), state, pinned.clone(), found);
    let opened = Vault::open(&source.url).and_then(|vault| vault.read_key().map(|key| (vault, key)));
    let (vault, key) = match opened {
        Ok(opened) => opened,
        Err(error @ VaultError::KeyMissing { .. }) => {
            return vec![key_subject(CheckState::Missing, Some(error.to_string()))];
        }
        Err(error) => return vec![key_subject(CheckState::Unreachable, Some(error.to_string()))],
    };
    let found = key.id().to_string();
    if Some(&found) != pinned.as_ref() {
        return vec![key_subject(CheckState::Drifted, Some(format!("the vault has key {found}")))];
    }
    let mut subjects = vec![key_subject(CheckState::Same, Some(found))];
    let fragments: Vec<&Fragment> = content.fragments.values().map(AsRef::as_ref).collect();
    let proofs = in_parallel(&fragments, |fragment| proof::check(&vault, &key, fragment, progress));
    let mut places = check_places(&vault, &fragments, &proofs);
    for (at, (fragment, proof)) in fragments.iter().zip(proofs).enumerate() {
        subjects.extend(subjects_of(source, fragment, proof, places.remove(&at)));
    }
    subjects.extend(captures(content, source, &vault));
    subjects
}

/// How captures are said to have been taken, where that is not what they say themselves.
fn captures(content: &Content, source: &Source, vault: &Vault) -> Vec<SubjectCheck> {
    let taken: Vec<(&SessionId, &Taken)> = content
        .sessions
        .values()
        .flat_map(|session| session.capture.iter().map(|taken| (&session.id, taken)))
        .collect();
    let states = in_parallel(&taken, |(_, taken)| place::check_taken(vault, taken));
    let wrong = taken.iter().zip(states).filter_map(|(taken, state)| Some((taken, state?)));
    let wrong = wrong.filter(|(_, state)| state.0 != CheckState::Same);
    let said = |((session, taken), (state, found)): (&(&SessionId, &Taken), State)| {
        subject(source, format!("session:{session} capture"), state, Some(taken.key.clone()), found)
    };
    wrong.map(said).collect()
}

/// Checks where fragments say that they lie, capture by capture, so that one layout is in memory per thread; of those
/// whose raw bytes are as committed to, by their index.
fn check_places(vault: &Vault, fragments: &[&Fragment], proofs: &[Proof]) -> BTreeMap<usize, State> {
    let mut captures: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (fragment, proof)) in fragments.iter().zip(proofs).enumerate() {
        if place::is_said(fragment) && proof.raw.0 == CheckState::Same {
            captures.entry(&fragment.capture.key).or_default().push(at);
        }
    }
    let captures: Vec<(&str, Vec<usize>)> = captures.into_iter().collect();
    let states = in_parallel(&captures, |(key, indices)| {
        place::check(vault, key, &indices.iter().map(|at| fragments[*at]).collect::<Vec<_>>())
    });
    let indices = captures.into_iter().flat_map(|(_, indices)| indices);
    indices.zip(states.into_iter().flatten()).collect()
}

/// Does the same with every item, on as many threads as there are cores; the answers in the items' order.
fn in_parallel<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len().max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((at, item)) = take(&next, items) {
                    let answer = each(item);
                    done.lock().expect("no worker panics while it holds the list").push((at, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("every worker has ended");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

fn take<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

/// Raw and sanitized bytes are always subjects; redaction and place only when they are not as recorded: they are claims
/// about those bytes and no bytes of their own.
fn subjects_of(source: &Source, fragment: &Fragment, proof: Proof, place: Option<State>) -> Vec<SubjectCheck> {
    let of = |what: &str, (state, found): State, pinned: Option<String>| {
        subject(source, format!("fragment:{} {what}", fragment.id), state, pinned, found)
    };
    let mut subjects = vec![of("raw", proof.raw, Some(fragment.raw.keyed_blake3.to_string()))];
    let digest = fragment.sanitized.as_ref().map(|s| s.blake3.to_string());
    subjects.extend(proof.sanitized.map(|state| of("sanitized", state, digest)));
    let differs = |state: &State| state.0 != CheckState::Same;
    let masked = fragment.redaction.as_ref();
    let masked = masked.map(|r| format!("{} bytes masked in {} intervals", r.masked_bytes, r.interval.len()));
    subjects.extend(Some(proof.redaction).filter(differs).map(|state| of("redaction", state, masked)));
    subjects.extend(place.filter(differs).map(|state| of("region", state, Some(place::said(fragment)))));
    subjects
}

/// Names the recorded check that stands in for each source that could not be read, where there is one.
pub fn with_stand_ins(mut sources: Vec<SourceCheck>, packet: &Packet, now: Time) -> Vec<SourceCheck> {
    for source in sources.iter_mut().filter(|s| s.state == CheckState::Unreachable) {
        source.stand_in = packet.checks.keys().rev().copied().find(|k| packet.stand_in(*k, &source.name, now));
    }
    sources
}
