//! One fragment's bytes against what is recorded of them: the raw range, the sanitized bytes, and what differs.
//!
//! Digests prove each side and say nothing of what lies between them. A redaction is therefore believed only when one pass
//! over both sides makes the very same one again, with zeros under everything that it calls elided.

use std::fs::File;
use std::io::{self, Write};

use super::vault::{Vault, VaultError};
use super::vault_key::VaultKey;
use crate::dump::hash;
use crate::dump::pair::{self, PairError};
use crate::model::fragment::{Extent, Fragment, Sanitized};
use crate::model::redaction::Redaction;
use crate::model::source::CheckState;

/// What a check of something said, and in words what was found when it is not as recorded.
pub(super) type State = (CheckState, Option<String>);

/// What a check of one fragment's bytes said.
pub(super) struct Proof {
    /// The raw range.
    pub(super) raw: State,
    /// The sanitized bytes, where there are any.
    pub(super) sanitized: Option<State>,
    /// What was masked between the two. It is judged only where both are as recorded.
    pub(super) redaction: State,
}

type Progress<'a> = dyn Fn(u64) + Sync + 'a;

const SAME: State = (CheckState::Same, None);

/// Reads a fragment's bytes, once, and holds them against what is recorded.
pub(super) fn check(vault: &Vault, key: &VaultKey, fragment: &Fragment, progress: &Progress<'_>) -> Proof {
    let raw = raw_file(vault, fragment);
    let Some(sanitized) = &fragment.sanitized else {
        let raw = raw.map_or_else(|state| state, |file| raw_state(&file, fragment, key, progress));
        return Proof { raw, sanitized: None, redaction: SAME };
    };
    match (raw, sanitized_file(vault, sanitized)) {
        (Ok(raw), Ok(copy)) => Pass { raw, copy, fragment, sanitized, key, progress }.check(),
        (raw, copy) => Proof {
            raw: raw.map_or_else(|state| state, |file| raw_state(&file, fragment, key, progress)),
            sanitized: Some(copy.map_or_else(|state| state, |file| sanitized_state(&file, sanitized, progress))),
            redaction: SAME,
        },
    }
}

/// Both sides, open and as long as recorded.
struct Pass<'a> {
    raw: File,
    copy: File,
    fragment: &'a Fragment,
    sanitized: &'a Sanitized,
    key: &'a VaultKey,
    progress: &'a Progress<'a>,
}

impl Pass<'_> {
    fn check(&self) -> Proof {
        let Extent { offset, length } = self.fragment.range;
        let recorded = self.fragment.redaction.as_ref();
        let mut elided = Elided::new(recorded.map(|r| r.elided.as_slice()).unwrap_or_default());
        // Both sides are read: each byte of the range counts twice.
        let progress = |bytes: u64| (self.progress)(bytes.saturating_mul(2));
        let pair = pair::compare((&self.raw, offset), &self.copy, length, self.key.bytes(), &mut elided, &progress);
        let pair = match pair {
            Ok(pair) => pair,
            Err(error) => return self.apart(&error),
        };
        let raw = committed(pair.raw == self.fragment.raw.keyed_blake3);
        let digests = (pair.sanitized_blake3, pair.sanitized_sha256);
        let sanitized = digested(digests == (self.sanitized.blake3, self.sanitized.sha256));
        let redaction = match (raw.0, sanitized.0) {
            (CheckState::Same, CheckState::Same) => masked(recorded, &pair.redaction, &elided),
            _ => SAME,
        };
        Proof { raw, sanitized: Some(sanitized), redaction }
    }

    /// The two could not be compared to the end: each is judged alone, to say which of them it is.
    fn apart(&self, error: &PairError) -> Proof {
        let raw = raw_state(&self.raw, self.fragment, self.key, self.progress);
        let sanitized = sanitized_state(&self.copy, self.sanitized, self.progress);
        let redaction = match (raw.0, sanitized.0, error) {
            (CheckState::Same, CheckState::Same, PairError::TooMany(_)) => {
                (CheckState::Drifted, Some("more is masked than a redaction may list".to_owned()))
            }
            (CheckState::Same, CheckState::Same, _) => (CheckState::Unreachable, Some(error.to_string())),
            _ => SAME,
        };
        Proof { raw, sanitized: Some(sanitized), redaction }
    }
}

/// Whether what is recorded as masked is what was masked. Numbers and places are told, never bytes.
fn masked(recorded: Option<&Redaction>, found: &Redaction, elided: &Elided<'_>) -> State {
    let Some(recorded) = recorded else {
        return (CheckState::Drifted, Some("nothing is recorded of what was masked".to_owned()));
    };
    let found = if recorded.masked_bytes != found.masked_bytes {
        format!("{} bytes are masked, {} are recorded", found.masked_bytes, recorded.masked_bytes)
    } else if recorded.interval != found.interval {
        let same = recorded.interval.iter().zip(&found.interval).take_while(|(a, b)| a == b).count();
        format!("masked interval {} is not as recorded", same + 1)
    } else if let Some(offset) = elided.held {
        format!("what is recorded as elided at {offset} holds bytes other than zero")
    } else {
        return SAME;
    };
    (CheckState::Drifted, Some(found))
}

/// Looks at sanitized bytes as they pass: where a redaction says that nothing is, there must be zeros.
struct Elided<'f> {
    extents: &'f [Extent],
    at: u64,
    /// Where the first extent begins that holds something.
    held: Option<u64>,
}

impl<'f> Elided<'f> {
    fn new(extents: &'f [Extent]) -> Self {
        Self { extents, at: 0, held: None }
    }
}

impl Write for Elided<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (at, end) = (self.at, self.at.saturating_add(bytes.len() as u64));
        let passed = self.extents.iter().take_while(|e| e.offset.saturating_add(e.length) <= at).count();
        self.extents = self.extents.get(passed..).unwrap_or_default();
        for extent in self.extents.iter().take_while(|extent| extent.offset < end) {
            let (from, to) = (extent.offset.max(at), extent.offset.saturating_add(extent.length).min(end));
            let part = bytes.get((from - at) as usize..(to.max(from) - at) as usize).unwrap_or_default();
            if part.iter().any(|byte| *byte != 0) {
                self.held.get_or_insert(extent.offset);
            }
        }
        self.at = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn raw_file(vault: &Vault, fragment: &Fragment) -> Result<File, State> {
    let (file, _) = vault.open_capture(&fragment.capture.key).map_err(|error| failed(&error))?;
    of_length(file, fragment.capture.bytes)
}

fn sanitized_file(vault: &Vault, sanitized: &Sanitized) -> Result<File, State> {
    let (file, _) = vault.open_sanitized(&sanitized.blake3).map_err(|error| failed(&error))?;
    of_length(file, sanitized.bytes)
}

fn of_length(file: File, bytes: u64) -> Result<File, State> {
    match file.metadata() {
        Err(error) => Err(unreadable(&error)),
        Ok(meta) if meta.len() != bytes => {
            Err((CheckState::Drifted, Some(format!("{} bytes long, not {bytes}", meta.len()))))
        }
        Ok(_) => Ok(file),
    }
}

fn raw_state(file: &File, fragment: &Fragment, key: &VaultKey, progress: &Progress<'_>) -> State {
    let range = fragment.range;
    match hash::keyed_blake3(file, range.offset, range.length, key.bytes(), progress) {
        Err(error) => unreadable(&error),
        Ok(found) => committed(found == fragment.raw.keyed_blake3),
    }
}

fn sanitized_state(file: &File, sanitized: &Sanitized, progress: &Progress<'_>) -> State {
    match hash::plain(file, 0, sanitized.bytes, progress) {
        Err(error) => unreadable(&error),
        Ok(found) => digested(found.blake3 == sanitized.blake3 && found.sha256 == sanitized.sha256),
    }
}

fn committed(same: bool) -> State {
    if same { SAME } else { (CheckState::Drifted, Some("its bytes are not those committed to".to_owned())) }
}

fn digested(same: bool) -> State {
    if same { SAME } else { (CheckState::Drifted, Some("its bytes are not those recorded".to_owned())) }
}

fn failed(error: &VaultError) -> State {
    let gone = matches!(error, VaultError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound);
    (if gone { CheckState::Missing } else { CheckState::Unreachable }, Some(error.to_string()))
}

fn unreadable(error: &io::Error) -> State {
    (CheckState::Unreachable, Some(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(extents: &[(u64, u64)], pieces: &[&[u8]]) -> Option<u64> {
        let extents: Vec<Extent> = extents.iter().map(|&(offset, length)| Extent { offset, length }).collect();
        let mut elided = Elided::new(&extents);
        pieces.iter().for_each(|piece| elided.write_all(piece).unwrap());
        elided.held
    }

    #[test]
    fn only_zeros_may_stand_for_what_is_elided() {
        let pieces: &[&[u8]] = &[b"ab\0\0", b"\0\0cd", b"", b"\0e"];
        assert_eq!(held(&[(2, 4), (8, 1)], pieces), None);
        assert_eq!(held(&[(1, 2)], pieces), Some(1));
        assert_eq!(held(&[(2, 5)], pieces), Some(2), "across two pieces");
        assert_eq!(held(&[(2, 2), (8, 2)], pieces), Some(8));
        assert_eq!(held(&[(u64::MAX, u64::MAX)], pieces), None);
        assert_eq!(held(&[(0, u64::MAX)], pieces), Some(0));
    }
}
