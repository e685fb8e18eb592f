//! The whole packet at one entry: the fold of everything recorded up to it.
//!
//! Nothing here is decided by reading a packet twice: [`crate::history`] builds it entry by entry, and every command
//! and verdict is computed from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::digest::{Blake3, Sha256};
use super::finding_set::{Current, FindingSet};
use super::findings::RecordedFindings;
use super::fragment::Fragment;
use super::id::{ActorId, ClassId, CommitId, FragmentId, ObjectionId, ProposalId, SourceName, StageToken, TreeId};
use super::ledger::{Standing, Thread};
use super::operation::Operation;
use super::place::Place;
use super::proposal::{DecisionKind, Filed, ProposalKind, ProposalState};
use super::release::Release;
use super::source::RecordedCheck;
use super::succession::Past;
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
    /// What was found in fragments, and what people made of it.
    pub findings: BTreeMap<FragmentId, RecordedFindings>,
    /// Every proposal.
    pub proposals: BTreeMap<ProposalId, Filed>,
    /// Every recorded check.
    pub checks: BTreeMap<u32, RecordedCheck>,
    /// The checks recorded since content last changed: only these are about what is there now.
    pub current_checks: BTreeSet<u32>,
    /// Every release.
    pub releases: BTreeMap<u32, Release>,
    /// Each actor's newest entry.
    pub newest: BTreeMap<ActorId, Newest>,
    /// The hands behind each change of content since the last approval, each combination once: who wrote it; of an
    /// applied proposal also who applied it, and the human who answers for an agent that wrote it.
    pub changed_by: Vec<Hands>,
    /// Every hand that ever was behind a content file, by its path.
    pub authors: BTreeMap<String, Hands>,
    /// Who was ever in the roster.
    pub past: Past,
    /// The entry that put the charter in force: the same bytes, in force again, are another charter.
    pub charter_since: CommitId,
}

/// The people, agents and services behind a change.
pub type Hands = BTreeSet<ActorId>;

/// The content files that a target names.
enum Named {
    All,
    Charter,
    Findings(FragmentId, String),
    Paths(Vec<String>),
}

impl Packet {
    /// Where an objection stands now.
    pub fn standing(&self, thread: &Thread) -> Standing {
        thread.standing(&self.content.charter, || self.target_digest(&thread.about))
    }

    /// BLAKE3 over the sorted listing of the files a target names. What was removed has the digest of the empty listing.
    pub fn target_digest(&self, target: &Target) -> Blake3 {
        match self.named_by(target) {
            Named::All => self.content_digest,
            Named::Charter => Blake3::of(self.content.charter.encode_lane().as_bytes()),
            Named::Findings(fragment, class) => self.finding_set(&fragment, &class).digest,
            Named::Paths(paths) => {
                let files = paths.iter().filter_map(|path| self.files.get(path).map(|file| (path.as_str(), file)));
                content_digest(files)
            }
        }
    }

    /// The content files a target names, sorted by path; files that are gone may be among them.
    ///
    /// A region or address range is every fragment of its session that may overlap it: a change of any of them is a change
    /// of the target, which can reopen too much and never too little.
    fn named_by(&self, target: &Target) -> Named {
        let one = |place: Place| Named::Paths(vec![place.to_string()]);
        match target {
            Target::Packet => Named::All,
            Target::Lane => Named::Charter,
            Target::Session(id) => self.paths_where(|place| match place {
                Place::Session(session) | Place::Retention(session) => session == id,
                Place::Fragment(f) => self.content.fragments.get(f).is_some_and(|f| f.session == *id),
                Place::Attachment(a) => self.content.attachments.get(a).is_some_and(|a| a.session == *id),
                _ => false,
            }),
            Target::Region(..) | Target::Address(..) => {
                let reached = self.reached(target).into_iter();
                let mut paths: Vec<String> = reached.map(|f| Place::Fragment(f.id.clone()).to_string()).collect();
                paths.sort_unstable();
                Named::Paths(paths)
            }
            Target::Fragment(id, _) => one(Place::Fragment(id.clone())),
            Target::Symbols(id) | Target::Frame(id, _) => one(Place::Symbols(id.clone())),
            Target::Retention(id) => one(Place::Retention(id.clone())),
            Target::Attachment(id) => one(Place::Attachment(id.clone())),
            Target::Section(name) => {
                let places = [Place::SectionText(name.clone()), Place::SectionHead(name.clone())];
                Named::Paths(places.iter().map(ToString::to_string).collect())
            }
            Target::Findings(fragment, class) => Named::Findings(fragment.clone(), class.clone()),
        }
    }

    /// The fragments that a target is about: all that may hold a byte of it, under whatever name.
    pub fn reached(&self, target: &Target) -> Vec<&Fragment> {
        let fragments = &self.content.fragments;
        let other = match target {
            Target::Fragment(id, _) | Target::Findings(id, _) => fragments.get(id),
            _ => None,
        };
        let part = if let Target::Fragment(_, part) = target { *part } else { None };
        let is_reached = |fragment: &&Fragment| match target {
            Target::Session(id) => fragment.session == *id,
            Target::Region(id, name) => fragment.session == *id && fragment.may_be_region(name),
            Target::Address(id, start, length) => fragment.session == *id && fragment.may_overlap(*start, *length),
            Target::Fragment(id, _) | Target::Findings(id, _) => {
                fragment.id == *id || other.is_some_and(|other| fragment.is_reached_through(other, part))
            }
            _ => false,
        };
        fragments.values().map(AsRef::as_ref).filter(is_reached).collect()
    }

    /// What was found in the bytes that a fragment has now.
    pub fn current_findings(&self, fragment: &FragmentId) -> Current {
        match (self.content.fragments.get(fragment), self.findings.get(fragment)) {
            (Some(fragment), Some(recorded)) => Current::of(fragment, recorded.file.scan.iter()),
            _ => Current::default(),
        }
    }

    /// The exact set of findings of one class in the bytes that a fragment has now; empty for what is no class.
    pub fn finding_set(&self, fragment: &FragmentId, class: &str) -> FindingSet {
        let current = self.current_findings(fragment);
        match (self.content.fragments.get(fragment), ClassId::new(class)) {
            (Some(fragment), Ok(class)) => current.set(fragment, &class),
            _ => FindingSet::empty(),
        }
    }

    fn paths_where(&self, named: impl Fn(&Place) -> bool) -> Named {
        let paths = self.files.keys().filter(|path| Place::of(path).is_some_and(|place| named(&place)));
        Named::Paths(paths.cloned().collect())
    }

    /// Whether somebody's hand was ever behind what a target names.
    pub fn is_author_of(&self, actor: &ActorId, target: &Target) -> bool {
        let wrote = |path: &str| self.authors.get(path).is_some_and(|hands| hands.contains(actor));
        match self.named_by(target) {
            Named::All => self.authors.values().any(|hands| hands.contains(actor)),
            Named::Charter => wrote(&Place::Charter.to_string()),
            Named::Findings(fragment, _) => wrote(&Place::Fragment(fragment).to_string()),
            Named::Paths(paths) => paths.iter().any(|path| wrote(path)),
        }
    }

    /// Where a proposal stands now. Made on what has changed since, it is conflicting: it is never merged silently.
    pub fn proposal_state(&self, filed: &Filed) -> ProposalState {
        let proposal = &filed.proposal;
        match proposal.decision.as_ref().map(|d| d.act) {
            Some(DecisionKind::Apply) => return ProposalState::Applied,
            Some(DecisionKind::Reject) => return ProposalState::Rejected,
            None if filed.effective.is_some() => return ProposalState::Effective,
            None => {}
        }
        let charter_moved = self.charter_since != filed.charter_since;
        let moved = proposal.kind() != ProposalKind::Content && charter_moved
            || proposal.change.iter().any(|c| self.file_digest(&c.path) != c.was);
        if moved { ProposalState::Conflicting } else { ProposalState::Open }
    }

    /// BLAKE3 of the taxonomy in force.
    pub fn taxonomy_digest(&self) -> Blake3 {
        self.file_digest("taxonomy.toml").expect("a replayed packet has its taxonomy")
    }

    /// BLAKE3 of a content file.
    pub fn file_digest(&self, path: &str) -> Option<Blake3> {
        self.files.get(path).map(|file| file.blake3)
    }

    /// Whether the target is there to object to.
    pub fn has_target(&self, target: &Target) -> bool {
        let content = &self.content;
        match target {
            Target::Packet | Target::Lane => true,
            Target::Session(id) | Target::Region(id, _) | Target::Address(id, ..) => content.sessions.contains_key(id),
            Target::Fragment(id, _) => content.fragments.contains_key(id),
            Target::Findings(id, class) => content.fragments.contains_key(id) && self.has_class(id, class),
            Target::Symbols(id) | Target::Frame(id, _) => content.symbols.contains_key(id),
            Target::Retention(id) => content.sessions.contains_key(id),
            Target::Section(name) => content.sections.contains_key(name),
            Target::Attachment(id) => content.attachments.contains_key(id),
        }
    }

    /// Whether a class may be spoken of: the taxonomy in force has it, or it is on record, by whatever taxonomy.
    fn has_class(&self, fragment: &FragmentId, class: &str) -> bool {
        let recorded = self.findings.get(fragment).into_iter().flat_map(|r| &r.file.scan).flat_map(|s| &s.found);
        let known = self.content.taxonomy.class.iter().map(|class| &class.id);
        known.chain(recorded.map(|found| &found.class)).any(|id| id.as_str() == class)
    }

    /// The digests of the material: content and record.
    pub fn material_digest(&self) -> MaterialDigest {
        let content = self.files.iter().map(|(path, file)| (path.clone(), file.blake3, file.sha256));
        let record = self.ledger.values().map(|t| (Place::Objection(t.id.clone()).to_string(), t.digest, t.sha256));
        let found = self.findings.iter().map(|(id, f)| (Place::Findings(id.clone()).to_string(), f.digest, f.sha256));
        let mut material: Vec<(String, Blake3, Sha256)> = content.chain(record).chain(found).collect();
        material.sort_by(|a, b| a.0.cmp(&b.0));
        let blake3: String = material.iter().map(|(path, blake3, _)| line(path, blake3)).collect();
        let sha256: String = material.iter().map(|(path, _, sha256)| line(path, sha256)).collect();
        MaterialDigest { sha256: Sha256::of(sha256.as_bytes()), blake3: Blake3::of(blake3.as_bytes()) }
    }

    /// Whether a file is there that an entry may change: of the material, or a proposal.
    pub fn has_file(&self, place: &Place) -> bool {
        match place {
            Place::Objection(id) => self.ledger.contains_key(id),
            Place::Findings(id) => self.findings.contains_key(id),
            Place::Proposal(id) => self.proposals.contains_key(id),
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
