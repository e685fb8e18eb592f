//! Keeps what packed objects were just built from.
//!
//! The trees of consecutive entries are stored as deltas against each other, the newest whole, in chains of up to 50.
//! Only what was read last is kept, not what lies between it and its base, so the cache helps whoever reads from the
//! newest to the oldest, as `work` does within a batch; the other way each read walks the rest of its chain anew.

use std::collections::HashMap;

use gix::objs::Kind;
use gix::odb::pack::cache::DecodeEntry;

/// At most twice this much is kept.
const GENERATION_BYTES: usize = 24 << 20;

/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten. What is used
/// again is young again.
#[derive(Default)]
pub(super) struct DeltaCache {
    young: HashMap<(u32, u64), Decoded>,
    old: HashMap<(u32, u64), Decoded>,
    young_bytes: usize,
}

struct Decoded {
    kind: Kind,
    compressed_size: usize,
    bytes: Vec<u8>,
}

impl DeltaCache {
    fn insert(&mut self, key: (u32, u64), decoded: Decoded) {
        if self.young_bytes + decoded.bytes.len() > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += decoded.bytes.len();
        self.young.insert(key, decoded);
    }
}

impl DecodeEntry for DeltaCache {
    fn put(&mut self, pack_id: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        if data.len() <= GENERATION_BYTES {
            self.insert((pack_id, offset), Decoded { kind, compressed_size, bytes: data.to_vec() });
        }
    }

    fn get(&mut self, pack_id: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let key = (pack_id, offset);
        if let Some(decoded) = self.old.remove(&key) {
            self.insert(key, decoded);
        }
        let decoded = self.young.get(&key)?;
        out.clear();
        out.extend_from_slice(&decoded.bytes);
        Some((decoded.kind, decoded.compressed_size))
    }
}
