//! One pass over a range, block by block, with SHA-256 beside it.
//!
//! SHA-256 cannot be split and is the slowest part, so it gets a thread of its own and never waits for the disk: the
//! caller's thread reads and does everything else with a block, then hands it over and takes back an empty one. Blocks
//! change hands by ownership, so nothing is copied or shared, and [`AHEAD`] of them bound the memory.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use sha2::{Digest as _, Sha256 as Sha256Hasher};

use crate::model::digest::Sha256;

const BLOCK: u64 = 1 << 20;
const AHEAD: usize = 8;

/// Calls `each` with the position of every block of `length` bytes and a block to fill, and hashes what it filled in.
///
/// # Errors
/// The first error of `each`; the rest of the range is then left alone.
pub(super) fn sha256_beside<E>(length: u64, each: impl FnMut(u64, &mut [u8]) -> Result<(), E>) -> Result<Sha256, E> {
    let (fill, filled) = channel();
    let (used, empty) = channel();
    // Each closure owns its ends, so whichever returns or panics hangs up and the other stops.
    thread::scope(move |scope| {
        let sha256 = scope.spawn(move || hash(&filled, &used));
        let fed = feed(length, each, &fill, &empty);
        drop(fill);
        fed?;
        Ok(sha256.join().expect("hashing does not panic"))
    })
}

fn hash(filled: &Receiver<Vec<u8>>, used: &Sender<Vec<u8>>) -> Sha256 {
    let mut hasher = Sha256Hasher::new();
    for block in filled {
        hasher.update(&block);
        // The feeder has stopped listening when it needs no more blocks.
        let _ = used.send(block);
    }
    Sha256::from_bytes(hasher.finalize().into())
}

fn feed<E>(
    length: u64,
    mut each: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    fill: &Sender<Vec<u8>>,
    empty: &Receiver<Vec<u8>>,
) -> Result<(), E> {
    let mut at = 0;
    for turn in 0.. {
        if at == length {
            break;
        }
        let mut block = if turn < AHEAD { vec![] } else { empty.recv().expect("every block comes back") };
        let size = BLOCK.min(length - at);
        block.resize(size as usize, 0);
        each(at, &mut block)?;
        at += size;
        fill.send(block).expect("hashing goes on until the last block");
    }
    Ok(())
}
