//! A raw and a sanitized range, compared and hashed in one pass.
//!
//! One pass, because two could see two different files. SHA-256 of the sanitized bytes has its own thread (`blocks`);
//! the caller's thread reads both sides, commits to the raw one, hashes, compares and writes the sanitized one.

use std::fs::File;
use std::io::{self, Write};

use blake3::Hasher;
use miette::Diagnostic;
use thiserror::Error;

use super::blocks::sha256_beside;
use super::hash::read_at;
use super::read::ReadAt;
use crate::model::digest::{Blake3, KeyedBlake3, Sha256};
use crate::model::redaction::{Redaction, TooManyIntervals};
use crate::model::redaction_diff::RedactionDiff;

/// Enough for wide SIMD; small enough that a piece of each side stays in the core's cache from reading to writing.
const PIECE: usize = 256 << 10;

/// All that a packet records of a pair of ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The commitment to the raw range.
    pub raw: KeyedBlake3,
    /// BLAKE3 of the sanitized range.
    pub sanitized_blake3: Blake3,
    /// SHA-256 of the sanitized range.
    pub sanitized_sha256: Sha256,
    /// What was masked.
    pub redaction: Redaction,
}

/// Why a pair could not be compared.
#[derive(Debug, Error, Diagnostic)]
pub enum PairError {
    /// The raw range cannot be read.
    #[error("the raw range cannot be read")]
    #[diagnostic(help("check that the range lies inside the capture and that the file is whole"))]
    Raw(#[source] io::Error),
    /// The sanitized range cannot be read.
    #[error("the sanitized range cannot be read")]
    #[diagnostic(help("mask bytes in place: the sanitized range is as long as the raw one"))]
    Sanitized(#[source] io::Error),
    /// The copy of the sanitized range cannot be written.
    #[error("the copy of the sanitized range cannot be written")]
    #[diagnostic(help("check the space left where the copy goes"))]
    Copy(#[source] io::Error),
    /// The two ranges differ in too many places.
    #[error(transparent)]
    #[diagnostic(help(
        "compare the two offsets: ranges that are shifted against each other differ everywhere; where they are not, take the range in parts, with --range or --va"
    ))]
    TooMany(#[from] TooManyIntervals),
}

/// Compares `length` bytes of a raw file, from an offset, with as many sanitized ones, and copies the sanitized ones to
/// `out`. `progress` gets the number of bytes of the range just done.
///
/// # Errors
/// When either side cannot be read or ends too early, the copy cannot be written, or the sides differ in too many
/// places. `out` then holds a beginning of the sanitized range, which the caller must drop.
pub fn compare(
    raw: (&File, u64),
    sanitized: &dyn ReadAt,
    length: u64,
    key: &[u8; 32],
    out: &mut (dyn Write + Send),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Pair, PairError> {
    let mut pass = Pass {
        raw,
        sanitized,
        out,
        raw_piece: vec![0; PIECE],
        raw_hasher: Hasher::new_keyed(key),
        sanitized_hasher: Hasher::new(),
        diff: RedactionDiff::default(),
    };
    let sanitized_sha256 = sha256_beside(length, |at, block| {
        for (piece, at) in block.chunks_mut(PIECE).zip((at..).step_by(PIECE)) {
            pass.piece(at, piece)?;
        }
        progress(block.len() as u64);
        Ok::<(), PairError>(())
    })?;
    pass.finish(sanitized_sha256)
}

struct Pass<'a> {
    raw: (&'a File, u64),
    sanitized: &'a dyn ReadAt,
    out: &'a mut (dyn Write + Send),
    raw_piece: Vec<u8>,
    raw_hasher: Hasher,
    sanitized_hasher: Hasher,
    diff: RedactionDiff,
}

impl Pass<'_> {
    fn piece(&mut self, at: u64, sanitized: &mut [u8]) -> Result<(), PairError> {
        let raw = &mut self.raw_piece[..sanitized.len()];
        read_at(self.raw.0, raw, self.raw.1, at).map_err(PairError::Raw)?;
        self.raw_hasher.update(raw);
        self.sanitized.read_exact_at(sanitized, at).map_err(PairError::Sanitized)?;
        self.sanitized_hasher.update(sanitized);
        self.diff.compare(raw, sanitized)?;
        self.out.write_all(sanitized).map_err(PairError::Copy)
    }

    fn finish(self, sanitized_sha256: Sha256) -> Result<Pair, PairError> {
        Ok(Pair {
            raw: KeyedBlake3::from_bytes(*self.raw_hasher.finalize().as_bytes()),
            sanitized_blake3: Blake3::from_bytes(*self.sanitized_hasher.finalize().as_bytes()),
            sanitized_sha256,
            redaction: self.diff.finish()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const KEY: [u8; 32] = [7; 32];

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn raw_bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn one_pass_gives_what_separate_passes_give(
            length in 0_usize..5 << 20,
            offset in 0_usize..100,
            masks in prop::collection::vec((0_usize..5 << 20, 0_usize..100_000), 0..9),
        ) {
            let raw = raw_bytes(length);
            let mut sanitized = raw.clone();
            for (from, count) in masks {
                sanitized[from.min(length)..(from + count).min(length)].fill(b'#');
            }
            let at = |offset: usize, bytes: &[u8]| file(&[&vec![9; offset][..], bytes, b"after"].concat());
            let (raw_file, sanitized_file) = (at(offset, &raw), at(0, &sanitized));
            let (mut out, done) = (vec![], AtomicU64::new(0));
            let pair = compare(
                (&raw_file, offset as u64),
                &sanitized_file,
                length as u64,
                &KEY,
                &mut out,
                &|n| _ = done.fetch_add(n, Ordering::Relaxed),
            ).unwrap();
            let mut diff = RedactionDiff::default();
            diff.compare(&raw, &sanitized).unwrap();
            prop_assert_eq!(pair, Pair {
                raw: KeyedBlake3::from_bytes(*blake3::keyed_hash(&KEY, &raw).as_bytes()),
                sanitized_blake3: Blake3::of(&sanitized),
                sanitized_sha256: Sha256::of(&sanitized),
                redaction: diff.finish().unwrap(),
            });
            prop_assert!(out == sanitized);
            prop_assert_eq!(done.into_inner(), length as u64);
        }
    }

    fn failure(raw: &[u8], sanitized: &[u8], out: &mut (dyn Write + Send)) -> PairError {
        let length = raw.len().max(sanitized.len()) as u64;
        compare((&file(raw), 0), &file(sanitized), length, &KEY, out, &|_| ()).unwrap_err()
    }

    #[test]
    fn a_side_that_ends_early_is_named() {
        let bytes = raw_bytes(3 << 20);
        assert!(matches!(failure(&bytes[1..], &bytes, &mut io::sink()), PairError::Raw(_)));
        assert!(matches!(failure(&bytes, &bytes[1..], &mut io::sink()), PairError::Sanitized(_)));
    }

    #[test]
    fn a_copy_that_does_not_fit_is_an_error() {
        let bytes = raw_bytes(20 << 20);
        assert!(matches!(failure(&bytes, &bytes, &mut &mut [0; 100][..]), PairError::Copy(_)));
    }

    #[test]
    fn shifted_ranges_are_refused() {
        let raw: Vec<u8> = (0..1 << 20).map(|at| (at / 2 % 3) as u8).collect();
        assert!(matches!(failure(&raw[1..], &raw[..raw.len() - 1], &mut io::sink()), PairError::TooMany(_)));
    }
}
