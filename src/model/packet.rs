//! The whole packet at one entry: the fold of everything recorded up to it.
//!
//! Nothing here is decided by reading a packet twice: [`crate::history`] builds it entry by entry, and every command
//! and verdict is computed from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::digest::{Blake3, Sha256};
use super::id::{ActorId, CommitId, ObjectionId, ProposalId, SourceName, StageToken, TreeId};
use super::ledger::{Standing, Thread};
use super::operation::Operation;
use super::place::Place;
use super::proposal::Proposal;
use super::release::Release;
use super::source::RecordedCheck;
use super::target::Target;
use super::time::Time;

/// One file of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// BLAKE3 of its bytes.
    pub blake3: Blake3,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The newest entry of one actor: what the same command, run again after a crash, must find (DESIGN.md, invariant 12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// The entry.
    pub entry: CommitId,
    /// What it did.
    pub operation: Operation,
    /// To what.
    pub subject: String,
    /// With which words.
    pub text: String,
    /// The name of what it made: an objection's or proposal's id.
    pub made: Option<String>,
    /// Which stage it sealed.
    pub stage: Option<StageToken>,
}

/// The number of a revision and the entry that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// From 1, the genesis.
    pub number: u32,
    /// The entry.
    pub commit: CommitId,
}

/// The digests of a packet's material, which coreutils can recompute (FORMAT.md, Digest of the material).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialDigest {
    /// `sha256sum` of `sha256sum`'s output over the material.
    pub sha256: Sha256,
    /// `b3sum` of `b3sum`'s.
    pub blake3: Blake3,
}

/// A packet as it stands after one entry.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Its identity: the first entry.
    pub genesis: CommitId,
    /// The entry it stands at.
    pub head: CommitId,
    /// That entry's tree.
    pub tree: TreeId,
    /// That entry's time.
    pub time: Time,
    /// How many entries led here.
    pub entries: u64,
    /// The newest revision.
    pub revision: Revision,
    /// What revisions change.
    pub content: Content,
    /// Every file of content, by path. The record's digests are in the ledger.
    pub files: BTreeMap<String, StoredFile>,
    /// BLAKE3 over the listing of all content: the digest of the target `packet`, which every entry may ask for.
    pub content_digest: Blake3,
    /// Every objection.
    pub ledger: BTreeMap<ObjectionId, Thread>,
    /// Every proposal.
    pub proposals: BTreeMap<ProposalId, Proposal>,
    /// Every recorded check.
    pub checks: BTreeMap<u32, RecordedCheck>,
    /// The checks recorded since content last changed: only these are about what is there now.
    pub current_checks: BTreeSet<u32>,
    /// Every release.
    pub releases: BTreeMap<u32, Release>,
    /// Each actor's newest entry.
    pub newest: BTreeMap<ActorId, Newest>,
    /// Who changed content since the last approval.
    pub changed_by: Vec<ActorId>,
}

impl Packet {
    /// Where an objection stands now.
    pub fn standing(&self, thread: &Thread) -> Standing {
        thread.standing(&self.content.charter, || self.target_digest(&thread.about))
    }

    /// BLAKE3 over the sorted listing of the files a target names. What was removed has the digest of the empty listing.
    ///
    /// Regions and addresses are not looked into yet, so such a target is every fragment of its session: a change of
    /// any of them is a change of the target, which can reopen too much and never too little.
    pub fn target_digest(&self, target: &Target) -> Blake3 {
        match target {
            Target::Packet => self.content_digest,
            Target::Lane => Blake3::of(self.content.charter.encode_lane().as_bytes()),
            Target::Session(id) => self.listing_digest(|place| match place {
                Place::Session(session) | Place::Retention(session) => session == id,
                Place::Fragment(f) => self.content.fragments.get(f).is_some_and(|f| f.session == *id),
                Place::Attachment(a) => self.content.attachments.get(a).is_some_and(|a| a.session == *id),
                _ => false,
            }),
            Target::Region(id, _) | Target::Address(id, ..) => self.listing_digest(|place| match place {
                Place::Fragment(f) => self.content.fragments.get(f).is_some_and(|f| f.session == *id),
                _ => false,
            }),
            Target::Fragment(id, _) => self.places_digest(&[Place::Fragment(id.clone())]),
            Target::Symbols(id) | Target::Frame(id, _) => self.places_digest(&[Place::Symbols(id.clone())]),
            Target::Retention(id) => self.places_digest(&[Place::Retention(id.clone())]),
            Target::Attachment(id) => self.places_digest(&[Place::Attachment(id.clone())]),
            Target::Section(name) => {
                self.places_digest(&[Place::SectionText(name.clone()), Place::SectionHead(name.clone())])
            }
            // No finding is recorded yet: the sorted set is empty.
            Target::Findings(..) => self.places_digest(&[]),
        }
    }

    fn places_digest(&self, places: &[Place]) -> Blake3 {
        let mut paths: Vec<String> = places.iter().map(ToString::to_string).collect();
        paths.sort();
        let files = paths.iter().filter_map(|path| self.files.get(path).map(|file| (path.as_str(), file)));
        content_digest(files)
    }

    fn listing_digest(&self, named: impl Fn(&Place) -> bool) -> Blake3 {
        let files = self.files.iter().filter(|(path, _)| Place::of(path).is_some_and(|place| named(&place)));
        content_digest(files.map(|(path, file)| (path.as_str(), file)))
    }

    /// Whether the target is there to object to.
    pub fn has_target(&self, target: &Target) -> bool {
        let content = &self.content;
        match target {
            Target::Packet | Target::Lane => true,
            Target::Session(id) | Target::Region(id, _) | Target::Address(id, ..) => content.sessions.contains_key(id),
            Target::Fragment(id, _) | Target::Findings(id, _) => content.fragments.contains_key(id),
            Target::Symbols(id) | Target::Frame(id, _) => content.symbols.contains_key(id),
            Target::Retention(id) => content.sessions.contains_key(id),
            Target::Section(name) => content.sections.contains_key(name),
            Target::Attachment(id) => content.attachments.contains_key(id),
        }
    }

    /// The digests of the material: content and record.
    pub fn material_digest(&self) -> MaterialDigest {
        let content = self.files.iter().map(|(path, file)| (path.clone(), file.blake3, file.sha256));
        let record = self.ledger.values().map(|t| (Place::Objection(t.id.clone()).to_string(), t.digest, t.sha256));
        let mut material: Vec<(String, Blake3, Sha256)> = content.chain(record).collect();
        material.sort_by(|a, b| a.0.cmp(&b.0));
        let blake3: String = material.iter().map(|(path, blake3, _)| line(path, blake3)).collect();
        let sha256: String = material.iter().map(|(path, _, sha256)| line(path, sha256)).collect();
        MaterialDigest { sha256: Sha256::of(sha256.as_bytes()), blake3: Blake3::of(blake3.as_bytes()) }
    }

    /// Whether a file of the material is there.
    pub fn has_file(&self, place: &Place) -> bool {
        match place {
            Place::Objection(id) => self.ledger.contains_key(id),
            place => self.files.contains_key(&place.to_string()),
        }
    }

    /// The newest draft that is not approved, standing or not.
    pub fn newest_draft(&self) -> Option<&Release> {
        self.releases.values().rev().find(|r| r.approval.is_none())
    }

    /// The newest approved release, else the newest draft.
    pub fn newest_release(&self) -> Option<&Release> {
        self.releases.values().rev().find(|r| r.approval.is_some()).or_else(|| self.newest_draft())
    }

    /// The newest approved release before the next one: what a new draft names as `previous`.
    pub fn previous_approved(&self) -> Option<u32> {
        self.releases.values().rev().find(|r| r.approval.is_some()).map(|r| r.number)
    }

    /// The number the next draft takes.
    pub fn next_release(&self) -> u32 {
        self.releases.keys().next_back().map_or(1, |n| n + 1)
    }

    /// The number the next recorded check takes.
    pub fn next_check(&self) -> u32 {
        self.checks.keys().next_back().map_or(1, |k| k + 1)
    }

    /// A recorded check that may stand in for a source which cannot be read now: a custodian's, fresh, and about this content.
    pub fn stand_in(&self, number: u32, source: &SourceName, now: Time) -> bool {
        let check = self.checks.get(&number).filter(|_| self.current_checks.contains(&number));
        check.is_some_and(|c| c.stands_in(source, &self.content.charter, now))
    }

    /// The bytes of a content file.
    pub fn content_bytes(&self, path: &str) -> Option<&Arc<[u8]>> {
        self.files.get(path).map(|file| &file.bytes)
    }
}

/// BLAKE3 over the listing of content files, which come sorted by path bytes.
pub fn content_digest<'a>(files: impl Iterator<Item = (&'a str, &'a StoredFile)>) -> Blake3 {
    let listing: String = files.map(|(path, file)| line(path, &file.blake3)).collect();
    Blake3::of(listing.as_bytes())
}

/// One line as `sha256sum` and `b3sum` print it.
fn line(path: &str, digest: &impl std::fmt::Display) -> String {
    format!("{digest}  {path}\n")
}
