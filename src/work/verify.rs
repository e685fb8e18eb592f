//! Verification: replay every entry, then judge the release. Never reads the cache.

use std::path::Path;

use super::load::{self, Anchor, Replay, Snapshot};
use super::looked::Looked;
use super::release::{approved_or, expected_tag};
use super::{Desk, Refused};
use crate::gate::{self, Facts, Question};
use crate::model::id::{ActorId, CommitId, LaneId, ObjectionId};
use crate::model::namespace::Namespace;
use crate::model::objection::{ObjectionKind, ObjectionState};
use crate::model::packet::Packet;
use crate::model::policy::Policy;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::{Release, ReleaseState};
use crate::model::target::Target;
use crate::model::time::Time;

/// What is asked.
#[derive(Debug, Default)]
pub struct Ask<'a> {
    /// Which release; the newest when absent.
    pub release: Option<u32>,
    /// The genesis, given from outside.
    pub root: Option<CommitId>,
    /// An anchor file from elsewhere, judged beside the clone's own.
    pub anchor: Option<&'a Path>,
    /// The reader's own policy.
    pub policy: Option<Policy>,
    /// Whether anything less than proven freshness is refused.
    pub require_fresh: bool,
    /// Whether sources are checked too, and what goes to the lane scanned.
    pub evidence: bool,
    /// A later moment: will it still hold?
    pub at: Option<Time>,
    /// Judge the history alone.
    pub history: bool,
}

/// How new the judged head is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// No anchor from before this run.
    Unproven,
    /// The head descends from an anchor.
    NotRewound,
}

impl Freshness {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::NotRewound => "not-rewound",
        }
    }
}

/// One signer of a release.
#[derive(Debug, Clone)]
pub struct Signer {
    /// Who.
    pub actor: ActorId,
    /// In which capacity: `release-owner`, or the required roles they hold.
    pub role: String,
    /// By which key.
    pub fingerprint: String,
}

/// One objection that readers must know of.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// Its name.
    pub id: ObjectionId,
    /// What kind.
    pub kind: ObjectionKind,
    /// About what.
    pub about: Target,
    /// Whether it can never become residual.
    pub veto: bool,
    /// Why the owner accepted it.
    pub rationale: Option<String>,
}

/// What became of one release.
#[derive(Debug, Clone)]
pub struct ReleaseLine {
    /// Its number.
    pub number: u32,
    /// Where it stands.
    pub state: ReleaseState,
    /// The bound commit.
    pub commit: CommitId,
    /// What happened to it, in order: a word and a time or an entry.
    pub over_time: Vec<(String, String)>,
}

/// The verdict on a release or a history.
#[derive(Debug)]
pub struct Verified {
    /// The packet's identity.
    pub genesis: CommitId,
    /// The judged head.
    pub head: CommitId,
    /// The lane.
    pub lane: LaneId,
    /// The release that was judged.
    pub release: Option<u32>,
    /// Its bound commit.
    pub commit: Option<CommitId>,
    /// Where it stands.
    pub state: Option<ReleaseState>,
    /// Whose signatures count.
    pub signers: Vec<Signer>,
    /// What the owner accepted.
    pub residual: Vec<Dispute>,
    /// What is in dispute.
    pub open: Vec<Dispute>,
    /// How new the head is known to be.
    pub freshness: Freshness,
    /// How many entries were replayed.
    pub entries_checked: u64,
    /// Every release, for `--history`.
    pub releases: Vec<ReleaseLine>,
    /// Why it does not hold.
    pub reasons: Vec<Reason>,
    /// What is not wrong and should be known.
    pub warnings: Vec<String>,
}

/// Verifies a packet.
///
/// # Errors
/// When no verdict can be had at all: no packet, another root, unreadable objects.
pub fn verify(desk: &Desk, ask: &Ask<'_>) -> Result<Verified, Refused> {
    let given = ask.anchor.map(|file| read_anchor(&desk.here.join(file))).transpose()?;
    let root = ask.root.clone().or_else(|| rootless(desk, given.as_ref()));
    let snapshot = load::load(desk, root.as_ref(), Replay::Full)?;
    let now = later(desk, ask)?;
    let mut reasons = snapshot.faults.clone();
    if let Some(given) = &given {
        load::judge_anchor(desk, &snapshot.tip, given, &mut reasons)?;
    }
    let freshness = match (snapshot.anchor.is_some() || given.is_some())
        && !reasons.iter().any(|r| r.code == ReasonCode::Rewound)
    {
        true => Freshness::NotRewound,
        false => Freshness::Unproven,
    };
    let mut verified = describe(desk, &snapshot, now, freshness);
    if !ask.history {
        judge_release(desk, &snapshot.packet, ask, now, &mut verified, &mut reasons);
    }
    if ask.require_fresh {
        reasons.push(not_fresh(freshness));
    }
    remember(desk, &snapshot, &reasons)?;
    verified.reasons = reasons;
    Ok(verified)
}

fn read_anchor(file: &Path) -> Result<Anchor, Refused> {
    let bytes = std::fs::read(file).map_err(|e| {
        let subject = file.display().to_string();
        Refused::usage(
            &subject,
            format!("{subject}: {e}"),
            "name the anchor file of another clone: .git/packet/ID/anchor",
        )
    })?;
    Anchor::parse(file, &bytes)
}

/// A given anchor names the genesis too, where this clone pins none.
fn rootless(desk: &Desk, given: Option<&Anchor>) -> Option<CommitId> {
    let pinned = matches!(load::read_root(desk), Ok(None));
    given.filter(|_| pinned).map(|a| a.genesis.clone())
}

fn later(desk: &Desk, ask: &Ask<'_>) -> Result<Time, Refused> {
    match ask.at {
        Some(at) if at < desk.now => {
            let message = format!("{at} is before now ({}): the past is what the history says", desk.now);
            Err(Refused::usage("--at", message, "give a later time, or packet verify --history"))
        }
        at => Ok(at.unwrap_or(desk.now)),
    }
}

fn not_fresh(freshness: Freshness) -> Reason {
    let message = format!("freshness is {}: this clone has no remote that a packet was pushed to", freshness.as_str());
    Reason::new(ReasonCode::NotFresh, "freshness", message, "git fetch, then packet verify without --require-fresh")
}

/// The anchor advances on every valid history, whatever the release's verdict; only a pinned genesis makes one.
fn remember(desk: &Desk, snapshot: &Snapshot, reasons: &[Reason]) -> Result<(), Refused> {
    let bars = |r: &&Reason| matches!(r.code, ReasonCode::Rewound | ReasonCode::Forked | ReasonCode::NoRoot);
    if !snapshot.rooted || reasons.iter().any(|r| bars(&r)) {
        return Ok(());
    }
    load::advance_anchor(desk, &snapshot.packet)
}

fn describe(desk: &Desk, snapshot: &Snapshot, now: Time, freshness: Freshness) -> Verified {
    let packet = &snapshot.packet;
    let disputes = |wanted: &[ObjectionState]| {
        let threads = packet.ledger.values().filter(|t| wanted.contains(&packet.standing(t).state));
        let residual = wanted.contains(&ObjectionState::Residual);
        threads
            .map(|t| Dispute {
                id: t.id.clone(),
                kind: t.kind,
                about: t.about.clone(),
                veto: t.veto,
                rationale: residual.then(|| t.rationale().map(str::to_owned)).flatten(),
            })
            .collect::<Vec<_>>()
    };
    Verified {
        genesis: packet.genesis.clone(),
        head: packet.head.clone(),
        lane: packet.content.charter.lane.id.clone(),
        release: None,
        commit: None,
        state: None,
        signers: Vec::new(),
        residual: disputes(&[ObjectionState::Residual]),
        open: disputes(&[ObjectionState::Open, ObjectionState::Addressed]),
        freshness,
        entries_checked: packet.entries,
        releases: packet.releases.values().map(|r| line(packet, r, now)).collect(),
        reasons: Vec::new(),
        warnings: tag_warnings(desk, packet),
    }
}

fn line(packet: &Packet, release: &Release, now: Time) -> ReleaseLine {
    let mut over_time = vec![("drafted".to_owned(), release.not_before.to_string())];
    over_time.extend(release.signatures.iter().map(|s| ("signed".to_owned(), s.actor.to_string())));
    over_time.extend(release.approval.iter().map(|a| ("approved".to_owned(), a.at.to_string())));
    over_time.extend(release.void.iter().map(|e| ("void".to_owned(), format!("{} {}", e.operation, e.entry))));
    over_time.extend(release.holds.iter().map(|e| ("held".to_owned(), format!("{} {}", e.operation, e.entry))));
    over_time
        .extend(release.superseded.iter().map(|e| ("superseded".to_owned(), format!("{} {}", e.operation, e.entry))));
    if release.has_lapsed(now) {
        over_time.push(("lapsed".to_owned(), release.not_after.to_string()));
    }
    let state = gate::state(packet, release, now);
    ReleaseLine { number: release.number, state, commit: release.bound.clone(), over_time }
}

fn judge_release(
    desk: &Desk,
    packet: &Packet,
    ask: &Ask<'_>,
    now: Time,
    verified: &mut Verified,
    reasons: &mut Vec<Reason>,
) {
    let release = match approved_or(packet, ask.release) {
        Ok(release) => release,
        Err(_) => {
            let subject = ask.release.map_or_else(|| "release".to_owned(), |n| format!("release:{n}"));
            let message =
                ask.release.map_or_else(|| "nothing is drafted yet".to_owned(), |n| format!("there is no release {n}"));
            reasons.push(Reason::new(
                ReasonCode::NoRelease,
                subject,
                message,
                "packet status   shows how far the packet is",
            ));
            return;
        }
    };
    verified.release = Some(release.number);
    verified.commit = Some(release.bound.clone());
    verified.state = Some(gate::state(packet, release, now));
    verified.signers = signers(packet, release);
    let looked = ask.evidence.then(|| Looked::at(packet, now, &|_| Box::new(|_| ())));
    let seen = looked.as_ref().map(Looked::facts).unwrap_or_default();
    let facts = Facts { policy: ask.policy.as_ref(), ..seen };
    reasons.extend(gate::judge(packet, Question::Hold(release), facts, now));
    reasons.extend(tag_reason(desk, packet, release.number));
}

fn signers(packet: &Packet, release: &Release) -> Vec<Signer> {
    let charter = &packet.content.charter;
    let counting = gate::counting_signers(packet, release);
    let mut signers: Vec<Signer> = release
        .signatures
        .iter()
        .filter_map(|s| {
            let actor = counting.iter().find(|a| a.id == s.actor)?;
            let required = charter.lane.required_signers.iter().filter(|r| actor.has_role(r.role.as_str()));
            let role = required.map(|r| r.role.to_string()).collect::<Vec<_>>().join(", ");
            Some(Signer { actor: s.actor.clone(), role, fingerprint: s.fingerprint.clone() })
        })
        .collect();
    signers.extend(release.approval.iter().map(|a| Signer {
        actor: a.signature.actor.clone(),
        role: "release-owner".to_owned(),
        fingerprint: a.signature.fingerprint.clone(),
    }));
    signers
}

/// A missing tag is a warning: the branch alone decides.
fn tag_warnings(desk: &Desk, packet: &Packet) -> Vec<String> {
    let approved = packet.releases.values().filter(|r| r.approval.is_some() && r.stands());
    let missing = approved.filter(|r| matches!(desk.repo.tag(&desk.name, r.number), Ok(None)));
    missing
        .map(|r| {
            format!(
                "tag-missing: refs/tags/packet/{}/{n}; the owner runs packet approve {n} again",
                desk.name,
                n = r.number
            )
        })
        .collect()
}

/// A tag that is there must be the very one the branch calls for: same target, name, tagger, time and signer.
fn tag_reason(desk: &Desk, packet: &Packet, n: u32) -> Option<Reason> {
    let object = match desk.repo.tag(&desk.name, n) {
        Ok(object) => object?,
        Err(error) => return Some(unreadable_tag(n, &error.to_string())),
    };
    let wrong = |why: String| {
        let message = format!("refs/tags/packet/{}/{n} is not the tag of this release: {why}", desk.name);
        let help = format!("git tag -d packet/{}/{n}   then the owner runs packet approve {n} again", desk.name);
        Some(Reason::new(ReasonCode::TagWrong, format!("tag:{n}"), message, help))
    };
    let Some(expected) = expected_tag(desk, packet, n) else { return wrong("the release is not approved".to_owned()) };
    let bytes = match desk.repo.tag_bytes(&object) {
        Ok(bytes) => bytes,
        Err(error) => return wrong(error.to_string()),
    };
    let armour = match expected.signature_in(&bytes) {
        Ok(armour) => armour,
        Err(error) => return wrong(error.to_string()),
    };
    match load::verify_signature(armour, Namespace::Git, expected.payload().as_bytes()) {
        Err(why) => wrong(format!("its signature does not hold: {why}")),
        Ok(signed) => {
            let owner = packet.content.charter.counts_for(signed.key.ed25519());
            match owner.is_some_and(|a| a.id == expected.tagger) {
                true => None,
                false => wrong(format!("it is signed by {}, not by {}", signed.key.fingerprint(), expected.tagger)),
            }
        }
    }
}

fn unreadable_tag(n: u32, why: &str) -> Reason {
    Reason::new(ReasonCode::Unreadable, format!("tag:{n}"), why.to_owned(), "git for-each-ref refs/tags/packet")
}
