//! The folded packet, kept in the clone so that `status` and writers need not replay ten thousand entries.
//!
//! It is a convenience of this clone, as trusted as its owner's files: `verify`, `draft`, `sign` and `approve` never
//! read it. A cache that is torn, of another version or off the branch is ignored, never repaired.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::canonical::Stored;
use crate::model::charter::Charter;
use crate::model::content::Content;
use crate::model::digest::{Blake3, Sha256};
use crate::model::findings::{FindingsFile, RecordedFindings};
use crate::model::id::{ActorId, CommitId, ObjectionId, TreeId};
use crate::model::ledger::Thread;
use crate::model::packet::{Hands, Newest, Packet, Revision, StoredFile};
use crate::model::place::Place;
use crate::model::proposal::{Endorsement, Filed, Proposal};
use crate::model::release::Release;
use crate::model::scanned::Complete;
use crate::model::source::RecordedCheck;
use crate::model::succession::Past;
use crate::model::time::Time;
use crate::store::CloneDir;

const FILE: &str = "verified";

/// A writer leaves the cache behind by up to this many entries: reading such a tail anew costs little, and writing a
/// large cache at every entry would make an entry cost more the longer the packet is. A small one is always rewritten.
const STRIDE: u64 = 16;

/// Who keeps the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A writer, after each entry.
    WhenBehind,
    /// A reader, who may have replayed a tail.
    Always,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    genesis: CommitId,
    head: CommitId,
    tree: TreeId,
    time: Time,
    entries: u64,
    revision: Revision,
    files: BTreeMap<String, StoredFile>,
    ledger: BTreeMap<ObjectionId, Thread>,
    findings: Vec<KeptFindings>,
    proposals: Vec<KeptProposal>,
    checks: BTreeMap<u32, String>,
    current_checks: BTreeSet<u32>,
    releases: Vec<Release>,
    newest: BTreeMap<ActorId, Newest>,
    changed_by: Vec<Hands>,
    authors: BTreeMap<String, Hands>,
    past: Past,
    charter_since: CommitId,
    content_digest: Blake3,
}

/// Findings with their file as text, for the same reason as [`KeptProposal`].
#[derive(Serialize, Deserialize)]
struct KeptFindings {
    file: String,
    points: Vec<[u8; 32]>,
    scanners: Vec<(String, String, [u8; 32])>,
    digest: Blake3,
    sha256: Sha256,
}

impl KeptFindings {
    fn of(recorded: &RecordedFindings) -> Self {
        let RecordedFindings { file, points, scanners, digest, sha256 } = recorded;
        let kept = |((bytes, complete), point): (&(String, Complete), &[u8; 32])| {
            (bytes.clone(), complete.clone().into(), *point)
        };
        let scanners = scanners.iter().map(kept).collect();
        Self { file: file.encode(), points: points.clone(), scanners, digest: *digest, sha256: *sha256 }
    }

    fn restore(self) -> Option<RecordedFindings> {
        let Self { file, points, scanners, digest, sha256 } = self;
        let scanner = |(bytes, complete, point)| Some(((bytes, Complete::try_from(complete).ok()?), point));
        let scanners = scanners.into_iter().map(scanner).collect::<Option<_>>()?;
        let file = FindingsFile::decode(file.as_bytes()).ok()?;
        Some(RecordedFindings { file, points, scanners, digest, sha256 })
    }
}

/// A proposal with its file as text: stored files have optional fields, which this encoding cannot skip.
#[derive(Serialize, Deserialize)]
struct KeptProposal {
    file: String,
    digest: Blake3,
    charter: Blake3,
    charter_since: CommitId,
    endorsements: Vec<Endorsement>,
    needs_another: bool,
    effective: Option<CommitId>,
}

impl KeptProposal {
    fn of(filed: &Filed) -> Self {
        Self {
            file: filed.proposal.encode(),
            digest: filed.digest,
            charter: filed.charter,
            charter_since: filed.charter_since.clone(),
            endorsements: filed.endorsements.clone(),
            needs_another: filed.needs_another,
            effective: filed.effective.clone(),
        }
    }

    fn restore(self) -> Option<Filed> {
        let Self { file, digest, charter, charter_since, endorsements, needs_another, effective } = self;
        let proposal = Proposal::decode(file.as_bytes()).ok()?;
        Some(Filed { proposal, digest, charter, charter_since, endorsements, needs_another, effective })
    }
}

/// The cached packet, if there is one that can be used.
pub fn read(clone: &CloneDir) -> Option<Packet> {
    let bytes = clone.read(FILE).ok()??;
    let (digest, body) = bytes.split_at_checked(32)?;
    if checksum(body).as_bytes() != digest {
        return None;
    }
    restore(postcard::from_bytes(body).ok()?)
}

/// Keeps the packet, unless what is kept is recent enough.
pub fn write(clone: &CloneDir, packet: &Packet, kept_entries: Option<u64>, keep_it: Keep) {
    let behind = kept_entries.map(|kept| packet.entries - kept);
    let recent_enough = match (behind, keep_it) {
        (None, _) => false,
        (Some(behind), Keep::Always) => behind == 0,
        (Some(behind), Keep::WhenBehind) => behind < (packet.entries / 64).clamp(1, STRIDE),
    };
    if recent_enough {
        return;
    }
    let Ok(body) = postcard::to_stdvec(&keep(packet)) else { return };
    let mut bytes = checksum(&body).as_bytes().to_vec();
    bytes.extend(body);
    // A cache that cannot be written only makes the next command slower.
    clone.write_unsynced(FILE, &bytes).ok();
}

/// Over the version too: what another version kept is no cache.
fn checksum(body: &[u8]) -> blake3::Hash {
    let version = concat!("packet ", env!("CARGO_PKG_VERSION"), " cache 11");
    blake3::Hasher::new().update(version.as_bytes()).update(body).finalize()
}

fn keep(packet: &Packet) -> Kept {
    Kept {
        genesis: packet.genesis.clone(),
        head: packet.head.clone(),
        tree: packet.tree.clone(),
        time: packet.time,
        entries: packet.entries,
        revision: packet.revision.clone(),
        files: packet.files.clone(),
        ledger: packet.ledger.clone(),
        findings: packet.findings.values().map(KeptFindings::of).collect(),
        proposals: packet.proposals.values().map(KeptProposal::of).collect(),
        checks: packet.checks.iter().map(|(k, check)| (*k, check.encode())).collect(),
        current_checks: packet.current_checks.clone(),
        releases: packet.releases.values().cloned().collect(),
        newest: packet.newest.clone(),
        changed_by: packet.changed_by.clone(),
        authors: packet.authors.clone(),
        past: packet.past.clone(),
        charter_since: packet.charter_since.clone(),
        content_digest: packet.content_digest,
    }
}

fn restore(kept: Kept) -> Option<Packet> {
    let content = content_of(&kept.files)?;
    let proposals: Option<Vec<Filed>> = kept.proposals.into_iter().map(KeptProposal::restore).collect();
    let findings: Option<Vec<RecordedFindings>> = kept.findings.into_iter().map(KeptFindings::restore).collect();
    let checks: Option<BTreeMap<u32, RecordedCheck>> =
        kept.checks.iter().map(|(k, text)| RecordedCheck::decode(text.as_bytes()).ok().map(|c| (*k, c))).collect();
    Some(Packet {
        genesis: kept.genesis,
        head: kept.head,
        tree: kept.tree,
        time: kept.time,
        entries: kept.entries,
        revision: kept.revision,
        content,
        files: kept.files,
        ledger: kept.ledger,
        findings: findings?.into_iter().map(|f| (f.file.fragment.clone(), f)).collect(),
        proposals: proposals?.into_iter().map(|filed| (filed.proposal.id.clone(), filed)).collect(),
        checks: checks?,
        current_checks: kept.current_checks,
        releases: kept.releases.into_iter().map(|r| (r.number, r)).collect(),
        newest: kept.newest,
        changed_by: kept.changed_by,
        authors: kept.authors,
        past: kept.past,
        charter_since: kept.charter_since,
        content_digest: kept.content_digest,
    })
}

fn content_of(files: &BTreeMap<String, StoredFile>) -> Option<Content> {
    let mut content = Content::new(Charter::decode(&files.get("charter.toml")?.bytes).ok()?);
    for (path, file) in files.iter().filter(|(path, _)| path.as_str() != "charter.toml") {
        content.put(&Place::of(path)?, Some(&file.bytes)).ok()?;
    }
    Some(content)
}
