//! Checking evidence: every raw range and every stored sanitized range, hashed again against its commitment.
//!
//! Streaming and in parallel over fragments. What cannot be read is `unreachable`, never fine; with another key in the
//! vault no commitment can be judged at all, so that is the answer and the ranges are not read.

use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::vault::{Vault, VaultError};
use super::vault_key::VaultKey;
use crate::dump::hash;
use crate::model::charter::{Source, SourceKind};
use crate::model::content::Content;
use crate::model::fragment::{Fragment, Sanitized};
use crate::model::packet::Packet;
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

/// How many bytes a check will read, for its progress.
pub fn bytes_to_read(content: &Content) -> u64 {
    let of = |f: &Fragment| f.range.length + f.sanitized.as_ref().map_or(0, |s| s.bytes);
    content.fragments.values().map(|f| of(f)).sum()
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
    subjects.extend(check_fragments(source, &vault, &key, &fragments, progress));
    subjects
}

fn check_fragments(
    source: &Source,
    vault: &Vault,
    key: &VaultKey,
    fragments: &[&Fragment],
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<SubjectCheck> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Vec<SubjectCheck>)>> = Mutex::new(Vec::with_capacity(fragments.len()));
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(fragments.len().max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((i, fragment)) = take(&next, fragments) {
                    let checks = check_fragment(source, vault, key, fragment, progress);
                    found.lock().expect("no worker panics while it holds the list").push((i, checks));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("every worker has ended");
    found.sort_by_key(|(i, _)| *i);
    found.into_iter().flat_map(|(_, checks)| checks).collect()
}

fn take<'a, T: ?Sized>(next: &AtomicUsize, items: &[&'a T]) -> Option<(usize, &'a T)> {
    let i = next.fetch_add(1, Ordering::Relaxed);
    items.get(i).map(|item| (i, *item))
}

fn check_fragment(
    source: &Source,
    vault: &Vault,
    key: &VaultKey,
    fragment: &Fragment,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<SubjectCheck> {
    let pinned = fragment.raw.keyed_blake3.to_string();
    let raw = match vault.open_capture(&fragment.capture.key) {
        Err(error) => failed(&error),
        Ok((file, _)) => raw_state(&file, fragment, key, progress),
    };
    let name = |what: &str| format!("fragment:{} {what}", fragment.id);
    let mut checks = vec![subject(source, name("raw"), raw.0, Some(pinned), raw.1)];
    if let Some(sanitized) = &fragment.sanitized {
        let state = match vault.open_sanitized(&sanitized.blake3) {
            Err(error) => failed(&error),
            Ok(file) => sanitized_state(&file, sanitized, progress),
        };
        checks.push(subject(source, name("sanitized"), state.0, Some(sanitized.blake3.to_string()), state.1));
    }
    checks
}

type State = (CheckState, Option<String>);

fn failed(error: &VaultError) -> State {
    let gone = matches!(error, VaultError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound);
    (if gone { CheckState::Missing } else { CheckState::Unreachable }, Some(error.to_string()))
}

fn raw_state(file: &File, fragment: &Fragment, key: &VaultKey, progress: &(dyn Fn(u64) + Sync)) -> State {
    match file.metadata() {
        Err(error) => return unreadable(&error),
        Ok(meta) if meta.len() != fragment.capture.bytes => {
            let found = format!("{} bytes long, not {}", meta.len(), fragment.capture.bytes);
            return (CheckState::Drifted, Some(found));
        }
        Ok(_) => {}
    }
    let range = fragment.range;
    match hash::keyed_blake3(file, range.offset, range.length, key.bytes(), progress) {
        Err(error) => unreadable(&error),
        Ok(found) if found == fragment.raw.keyed_blake3 => (CheckState::Same, None),
        Ok(_) => (CheckState::Drifted, Some("its bytes are not those committed to".to_owned())),
    }
}

fn sanitized_state(file: &File, sanitized: &Sanitized, progress: &(dyn Fn(u64) + Sync)) -> State {
    match file.metadata() {
        Err(error) => return unreadable(&error),
        Ok(meta) if meta.len() != sanitized.bytes => {
            return (CheckState::Drifted, Some(format!("{} bytes long, not {}", meta.len(), sanitized.bytes)));
        }
        Ok(_) => {}
    }
    match hash::plain(file, 0, sanitized.bytes, progress) {
        Err(error) => unreadable(&error),
        Ok(found) if found.blake3 == sanitized.blake3 && found.sha256 == sanitized.sha256 => (CheckState::Same, None),
        Ok(_) => (CheckState::Drifted, Some("its bytes are not those recorded".to_owned())),
    }
}

fn unreadable(error: &io::Error) -> State {
    (CheckState::Unreachable, Some(error.to_string()))
}

/// Names the recorded check that stands in for each source that could not be read, where there is one.
pub fn with_stand_ins(mut sources: Vec<SourceCheck>, packet: &Packet, now: Time) -> Vec<SourceCheck> {
    for source in sources.iter_mut().filter(|s| s.state == CheckState::Unreachable) {
        source.stand_in = packet.checks.keys().rev().copied().find(|k| packet.stand_in(*k, &source.name, now));
    }
    sources
}
