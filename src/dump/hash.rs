//! Commitments and digests of one range of a file.
//!
//! BLAKE3 is a tree: the range is cut into subtrees of one power-of-two size (the last may be shorter), two threads take
//! the next subtree in turn, and the chaining values are joined as BLAKE3 would have joined them (specification, 2.1 and
//! 5.1: a left subtree is the largest power of two that leaves something to its right). The result is exactly
//! `Hasher::new_keyed` of the whole range. The `rayon` feature does the same for bytes that are in memory; these are not.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use super::blocks::sha256_beside;
use crate::model::digest::{Blake3, KeyedBlake3, Sha256};

/// One read. Small enough that its bytes are still in the core's cache when they are hashed.
const READ: u64 = 256 << 10;
/// The smallest subtree worth handing out.
const SUBTREE: u64 = 1 << 20;
/// Subtrees grow so that there are never more than twice as many, whatever the length: chaining values stay small.
const SUBTREES: u64 = 4096;

/// Both digests of a range that is public to the packet's readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// BLAKE3: the name it is stored under.
    pub blake3: Blake3,
    /// SHA-256, for those who have coreutils alone.
    pub sha256: Sha256,
}

/// Commits to a range with the vault's key, on two threads. `progress` gets the number of bytes just done.
///
/// # Errors
/// When the file cannot be read, or ends before the range does: a commitment to fewer bytes than asked for would be a
/// commitment to another range.
pub fn keyed_blake3(
    file: &File,
    offset: u64,
    length: u64,
    key: &[u8; 32],
    progress: &(dyn Fn(u64) + Sync),
) -> io::Result<KeyedBlake3> {
    let size = subtree_size(length);
    let tree = Tree { file, offset, length, size, key, progress, next: AtomicU64::new(0) };
    let root = if length <= size { *tree.hash(0)?.finalize().as_bytes() } else { tree.root()? };
    Ok(KeyedBlake3::from_bytes(root))
}

/// Hashes a range with BLAKE3 and SHA-256 side by side. `progress` gets the number of bytes just done.
///
/// # Errors
/// When the file cannot be read, or ends before the range does.
pub fn plain(file: &File, offset: u64, length: u64, progress: &(dyn Fn(u64) + Sync)) -> io::Result<Digests> {
    let mut blake3 = Hasher::new();
    let sha256 = sha256_beside(length, |at, block| {
        read_at(file, block, offset, at)?;
        blake3.update(block);
        progress(block.len() as u64);
        io::Result::Ok(())
    })?;
    Ok(Digests { blake3: Blake3::from_bytes(*blake3.finalize().as_bytes()), sha256 })
}

/// Fills the block from `at` bytes into the range that starts at `offset`.
pub(super) fn read_at(file: &File, block: &mut [u8], offset: u64, at: u64) -> io::Result<()> {
    let from = offset.checked_add(at).ok_or(io::ErrorKind::UnexpectedEof)?;
    file.read_exact_at(block, from)
}

fn subtree_size(length: u64) -> u64 {
    SUBTREE.max((length / SUBTREES).checked_next_power_of_two().expect("a 4096th of a number has room to grow"))
}

struct Tree<'a> {
    file: &'a File,
    offset: u64,
    length: u64,
    /// Of every subtree but the last.
    size: u64,
    key: &'a [u8; 32],
    progress: &'a (dyn Fn(u64) + Sync),
    /// The next subtree that nobody has taken.
    next: AtomicU64,
}

impl Tree<'_> {
    fn root(&self) -> io::Result<[u8; 32]> {
        let (mine, theirs) = thread::scope(|scope| {
            let other = scope.spawn(|| self.take_turns());
            (self.take_turns(), other.join().expect("hashing does not panic"))
        });
        let mut subtrees = mine?;
        subtrees.extend(theirs?);
        subtrees.sort_unstable_by_key(|(index, _)| *index);
        let values: Vec<_> = subtrees.into_iter().map(|(_, value)| value).collect();
        let mode = Mode::KeyedHash(self.key);
        let (left, right) = halves(&values);
        Ok(*merge_subtrees_root(&join(left, mode), &join(right, mode), mode).as_bytes())
    }

    /// Hashes subtrees until none is left. After an error it takes the rest away, so that the other thread stops too.
    fn take_turns(&self) -> io::Result<Vec<(u64, ChainingValue)>> {
        let count = self.length.div_ceil(self.size);
        let mut done = vec![];
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(done);
            }
            let hasher = self.hash(index).inspect_err(|_| self.next.store(count, Ordering::Relaxed))?;
            done.push((index, hasher.finalize_non_root()));
        }
    }

    fn hash(&self, index: u64) -> io::Result<Hasher> {
        let mut at = index * self.size;
        let end = self.length.min(at.saturating_add(self.size));
        let mut hasher = Hasher::new_keyed(self.key);
        hasher.set_input_offset(at);
        let mut buffer = vec![0; READ.min(end - at) as usize];
        while at < end {
            let block = &mut buffer[..READ.min(end - at) as usize];
            read_at(self.file, block, self.offset, at)?;
            hasher.update(block);
            (self.progress)(block.len() as u64);
            at += block.len() as u64;
        }
        Ok(hasher)
    }
}

fn join(values: &[ChainingValue], mode: Mode<'_>) -> ChainingValue {
    if let [value] = values {
        return *value;
    }
    let (left, right) = halves(values);
    merge_subtrees_non_root(&join(left, mode), &join(right, mode), mode)
}

/// Cuts where BLAKE3 does: the left half is the largest power of two that leaves something to the right.
fn halves(values: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    values.split_at(values.len().next_power_of_two() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    const KEY: [u8; 32] = *b"thirty-two bytes of a vault key.";
    const MIB: u64 = 1 << 20;

    /// Bytes that repeat nowhere near a chunk or subtree.
    fn bytes(length: u64) -> Vec<u8> {
        (0..length).map(|at| ((at % 251) ^ (at / 4093 % 241)) as u8).collect()
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn agrees(file: &File, bytes: &[u8], offset: u64, length: u64) {
        let range = &bytes[offset as usize..(offset + length) as usize];
        let done = AtomicU64::new(0);
        let progress = |n| _ = done.fetch_add(n, Ordering::Relaxed);
        let keyed = keyed_blake3(file, offset, length, &KEY, &progress).unwrap();
        assert_eq!(keyed.as_bytes(), blake3::keyed_hash(&KEY, range).as_bytes(), "{offset}+{length}");
        let digests = plain(file, offset, length, &progress).unwrap();
        assert_eq!(digests, Digests { blake3: Blake3::of(range), sha256: Sha256::of(range) }, "{offset}+{length}");
        assert_eq!(done.into_inner(), 2 * length);
    }

    #[test]
    fn every_length_around_a_boundary_agrees_with_blake3() {
        let bytes = bytes(9 * MIB + 2);
        let file = file(&bytes);
        for boundary in [1024, READ, MIB, 2 * MIB, 3 * MIB, 4 * MIB, 5 * MIB, 8 * MIB, 9 * MIB] {
            for length in [boundary - 1, boundary, boundary + 1] {
                agrees(&file, &bytes, 1, length);
            }
        }
        for length in 0..10 {
            agrees(&file, &bytes, 1025, length);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_range_agrees_with_blake3(offset in 0_u64..5000, length in 0..7 * MIB) {
            let bytes = bytes(offset + length);
            agrees(&file(&bytes), &bytes, offset, length);
        }
    }

    #[test]
    fn subtrees_stay_few_and_powers_of_two() {
        for length in [0, 1, MIB, 4096 * MIB, 4096 * MIB + 1, 8192 * MIB - 1, 1 << 50, u64::MAX] {
            let size = subtree_size(length);
            assert!(size.is_power_of_two() && length.div_ceil(size) <= 2 * SUBTREES, "{length}");
        }
    }

    #[test]
    fn a_range_past_the_end_is_refused() {
        let file = file(&bytes(4 * MIB));
        for (offset, length) in [(4 * MIB, 1), (1, 4 * MIB), (0, 1 << 60), (u64::MAX, 2), (u64::MAX - 1, u64::MAX)] {
            let kind = |e: io::Error| e.kind();
            let keyed = keyed_blake3(&file, offset, length, &KEY, &|_| ()).map_err(kind);
            assert!(keyed.is_err(), "{offset}+{length}");
            assert!(plain(&file, offset, length, &|_| ()).is_err(), "{offset}+{length}");
        }
        assert!(keyed_blake3(&file, 4 * MIB, 0, &KEY, &|_| ()).is_ok());
    }
}
