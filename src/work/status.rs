//! Status: where are we, what stops us, who is next, what do I type.

use super::cache::{self, Keep};
use super::load::{self, Replay};
use super::stage;
use super::{Desk, Refused};
use crate::gate::{self, Facts, Question};
use crate::model::actor::{Actor, CONTRIBUTOR, GOVERNANCE};
use crate::model::id::{CommitId, FragmentId, ObjectionId, PacketId};
use crate::model::ledger::Thread;
use crate::model::objection::ObjectionState;
use crate::model::packet::Packet;
use crate::model::proposal::{Filed, ProposalKind, ProposalState};
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::{Release, ReleaseState};
use crate::model::stage::Stage;
use crate::model::target::Target;
use crate::model::time::Time;
use crate::sign::Signer;

/// Where a packet stands.
#[derive(Debug)]
pub struct Status {
    /// Its name.
    pub name: PacketId,
    /// The packet.
    pub packet: Packet,
    /// Who asks, when the key is somebody's.
    pub actor: Option<Actor>,
    /// What they staged.
    pub staged: Option<Stage>,
    /// The release that matters now, with what stands against it.
    pub release: Option<(Release, ReleaseState, Vec<Reason>)>,
    /// The fragments and regions that are disputed, by objection.
    pub disputed: Vec<Disputed>,
    /// What stops a release.
    pub blockers: Vec<Reason>,
    /// What to type.
    pub next: Vec<String>,
    /// Deadlines that are near, odd branches: to be known.
    pub warnings: Vec<String>,
    /// Whether entries are not on any remote; unknown without one.
    pub unshared: Option<bool>,
    /// The clock.
    pub now: Time,
}

/// What one objection that is not settled is about, in the bytes.
#[derive(Debug)]
pub struct Disputed {
    /// The objection.
    pub objection: ObjectionId,
    /// Its target.
    pub about: Target,
    /// The fragments that it reaches.
    pub fragments: Vec<FragmentId>,
    /// Their regions, where they have names.
    pub regions: Vec<String>,
}

fn disputed(packet: &Packet) -> Vec<Disputed> {
    let unsettled = |thread: &&Thread| {
        let state = packet.standing(thread).state;
        matches!(state, ObjectionState::Open | ObjectionState::Addressed | ObjectionState::Residual)
    };
    let of = |thread: &Thread| {
        let reached = packet.reached(&thread.about);
        let mut regions: Vec<String> = reached.iter().filter_map(|f| f.region.clone()).collect();
        regions.dedup();
        Disputed {
            objection: thread.id.clone(),
            about: thread.about.clone(),
            fragments: reached.iter().map(|f| f.id.clone()).collect(),
            regions,
        }
    };
    packet.ledger.values().filter(unsettled).map(of).filter(|d| !d.fragments.is_empty()).collect()
}

/// Looks at a packet. Needs no key.
///
/// # Errors
/// When the packet cannot be loaded.
pub fn status(desk: &Desk, signer: Option<&Signer>) -> Result<Status, Refused> {
    let snapshot = load::load(desk, None, Replay::Cached)?;
    if snapshot.rooted && snapshot.faults.is_empty() {
        cache::write(&desk.clone_dir(), &snapshot.packet, snapshot.cached_entries, Keep::Always);
    }
    let packet = snapshot.packet;
    let actor = signer.and_then(|s| super::write::actor_of(&packet.content.charter, s).ok());
    let staged = actor.as_ref().map(|a| stage::read(desk, &a.id)).transpose()?.flatten();
    let release = release_now(&packet, desk.now);
    let mut blockers = snapshot.faults.clone();
    blockers.extend(blockers_of(&packet, release.as_ref(), desk.now));
    let next = match &actor {
        Some(actor) => next_for(&packet, actor, desk.now),
        None => next_for_anybody(&packet, release.as_ref(), desk.now),
    };
    Ok(Status {
        name: desk.name.clone(),
        next: with_staged(next, staged.as_ref(), actor.as_ref()),
        warnings: warnings(&packet, desk.now),
        unshared: snapshot.shared.map(|shared| !shared),
        disputed: disputed(&packet),
        packet,
        actor,
        staged,
        release,
        blockers,
        now: desk.now,
    })
}

fn with_staged(mut next: Vec<String>, staged: Option<&Stage>, actor: Option<&Actor>) -> Vec<String> {
    if staged.is_some() {
        let human = actor.is_some_and(Actor::is_human);
        next.insert(0, if human { "packet commit -m TEXT".to_owned() } else { "packet propose -m TEXT".to_owned() });
    }
    next
}

/// The release that matters: the newest draft if it can still be approved, else the newest approved one, else the newest.
fn release_now(packet: &Packet, now: Time) -> Option<(Release, ReleaseState, Vec<Reason>)> {
    let newest = packet.releases.values().next_back()?;
    let stands = |r: &&Release| r.stands() && !r.has_lapsed(now);
    let release = packet.releases.values().rev().find(stands).unwrap_or(newest);
    let question = if release.approval.is_some() { Question::Hold(release) } else { Question::Approve(release) };
    let reasons = gate::judge(packet, question, Facts::default(), now);
    Some((release.clone(), gate::state(packet, release, now), reasons))
}

/// What stops a release: of an open draft, what its approval lacks; otherwise, what a new draft would be refused for.
fn blockers_of(packet: &Packet, release: Option<&(Release, ReleaseState, Vec<Reason>)>, now: Time) -> Vec<Reason> {
    match release {
        Some((_, ReleaseState::Draft | ReleaseState::Signed, reasons)) => reasons.clone(),
        _ => gate::judge(packet, Question::Draft, Facts::default(), now),
    }
}

fn warnings(packet: &Packet, now: Time) -> Vec<String> {
    let near = now.plus(packet.content.charter.rules.retention_warning());
    let due = packet.content.retention.values().filter_map(|r| r.earliest().map(|at| (&r.session, at)));
    let mut warnings: Vec<String> = due
        .filter(|(_, at)| *at > now && *at <= near)
        .map(|(session, at)| format!("retention: the evidence of session {session} must be gone by {at}"))
        .collect();
    warnings.extend(packet.content.symbols.values().filter_map(|s| {
        let excess = s.exceeds(&packet.content.charter.rules.boundary)?;
        Some(format!("symbols {} goes beyond the boundary: {excess}", s.id))
    }));
    warnings
}

/// Commands worth typing for this actor now.
pub fn next_for(packet: &Packet, actor: &Actor, now: Time) -> Vec<String> {
    let mut next = Vec::new();
    let release = release_now(packet, now);
    for thread in packet.ledger.values() {
        next.extend(next_on(packet, actor, thread));
    }
    next.extend(packet.proposals.values().filter_map(|filed| next_on_proposal(packet, actor, filed)));
    let owner = actor.id == packet.content.charter.lane.release_owner;
    match release {
        Some((release, ReleaseState::Draft | ReleaseState::Signed, reasons)) => {
            let n = release.number;
            let lacks_signatures = reasons.iter().any(|r| r.code == ReasonCode::SignatureMissing);
            let signed = release.signatures.iter().any(|s| s.actor == actor.id);
            if packet.content.charter.is_required_signer(actor) && !signed && lacks_signatures {
                next.push(format!("packet sign {n}"));
            }
            if owner && reasons.is_empty() {
                next.push(format!("packet approve {n} --confirm {}", release.bound));
            }
        }
        Some((release, ReleaseState::Approved, _)) => next.push(format!("packet verify {}", release.number)),
        _ => {
            let clear = gate::judge(packet, Question::Draft, Facts::default(), now).is_empty();
            let drafts = actor.is_human() && (owner || actor.has_role(CONTRIBUTOR));
            if clear && drafts && !packet.content.fragments.is_empty() {
                next.push("packet draft".to_owned());
            }
        }
    }
    if packet.content.sessions.is_empty() && actor.has_role(CONTRIBUTOR) {
        next.push("packet add-session ID --environment NAME --sensitivity LEVEL".to_owned());
    } else if packet.content.fragments.is_empty() && actor.has_role(CONTRIBUTOR) {
        next.push("packet add-fragment vault:KEY --session ID --sanitized FILE".to_owned());
    }
    next
}

fn next_on(packet: &Packet, actor: &Actor, thread: &Thread) -> Vec<String> {
    let id = &thread.id;
    let charter = &packet.content.charter;
    let speaks = thread.speaker(charter) == Some(&actor.id);
    match packet.standing(thread).state {
        ObjectionState::Addressed if speaks => vec![format!("packet close {id} -m TEXT")],
        ObjectionState::Open if speaks => vec![format!("packet withdraw {id} -m TEXT")],
        ObjectionState::Open | ObjectionState::Addressed if actor.id == charter.lane.release_owner && !thread.veto => {
            vec![format!("packet accept-residual {id} --rationale TEXT")]
        }
        ObjectionState::Open if actor.is_human_with(CONTRIBUTOR) => vec![format!("packet address {id} -m TEXT")],
        _ => Vec::new(),
    }
}

/// A proposal that waits for this actor: to look at and decide, or to endorse.
fn next_on_proposal(packet: &Packet, actor: &Actor, filed: &Filed) -> Option<String> {
    let proposal = &filed.proposal;
    if packet.proposal_state(filed) != ProposalState::Open {
        return None;
    }
    let decides = actor.is_human_with(CONTRIBUTOR) && proposal.by != actor.id;
    let endorses = actor.is_human_with(GOVERNANCE) && !filed.endorsements.iter().any(|e| e.actor == actor.id);
    match proposal.kind() {
        ProposalKind::Content => {
            decides.then(|| format!("packet show {0}   then packet apply {0} or packet reject {0}", proposal.id))
        }
        ProposalKind::Policy | ProposalKind::Reassignment => {
            endorses.then(|| format!("packet show {0}   then packet endorse {0}", proposal.id))
        }
    }
}

fn next_for_anybody(packet: &Packet, release: Option<&(Release, ReleaseState, Vec<Reason>)>, now: Time) -> Vec<String> {
    match release {
        Some((release, ReleaseState::Approved, _)) => vec![format!("packet verify {}", release.number)],
        Some((_, ReleaseState::Draft | ReleaseState::Signed, reasons)) => {
            let mut help: Vec<String> = reasons.iter().map(|r| r.help.clone()).collect();
            help.dedup();
            help
        }
        _ => gate::judge(packet, Question::Draft, Facts::default(), now).into_iter().map(|r| r.help).take(3).collect(),
    }
}

/// The packets of a repository, with their heads.
#[derive(Debug)]
pub struct Listed {
    /// Name and head.
    pub packets: Vec<(PacketId, Option<CommitId>)>,
    /// Branches below `packet/` that are none.
    pub skipped: Vec<String>,
}

/// Lists the packets here.
///
/// # Errors
/// When references cannot be read.
pub fn list(repo: &crate::store::Repo) -> Result<Listed, Refused> {
    let found = repo.packets()?;
    let head = |id: &PacketId| -> Result<_, Refused> {
        let local = repo.local_head(id)?;
        Ok(match local {
            Some(head) => Some(head),
            None => repo.remote_heads(id)?.into_iter().next().map(|(_, head)| head),
        })
    };
    let packets = found.ids.iter().map(|id| Ok((id.clone(), head(id)?))).collect::<Result<_, Refused>>()?;
    Ok(Listed { packets, skipped: found.skipped })
}
