//! The release: draft, gate, sign, approve, hold, supersede.
//!
//! None of these believes the clone's cache: they replay every entry, as a verifier will.

use super::load::{self, Replay, Snapshot};
use super::looked::Looked;
use super::write::{Author, NewEntry, Plan, Written, plan_once, write};
use super::{Desk, Refused, Verdict};
use crate::gate::{self, Facts, Question};
use crate::model::canonical::Stored;
use crate::model::digest::Sha256;
use crate::model::id::{ActorId, CommitId};
use crate::model::manifest::{self, DraftFacts};
use crate::model::namespace::Namespace;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::{Approval, Hold, HoldKind, Presence, Release};
use crate::model::source::SubjectCheck;
use crate::model::tag::Tag;
use crate::model::time::Time;
use crate::sign::{self, Signer};

pub use super::looked::MakeProgress;

/// A draft that is in the history.
#[derive(Debug)]
pub struct Drafted {
    /// Its number.
    pub release: u32,
    /// The bound commit.
    pub commit: CommitId,
    /// SHA-256 of its manifest.
    pub manifest_sha256: Sha256,
    /// Until when it can be approved and holds.
    pub not_after: Time,
    /// How many findings in what goes to the lane it does not count, because they are on nobody's record.
    pub unrecorded: usize,
}

/// Checks the sources and binds a manifest to the head, if nothing stands against it.
///
/// # Errors
/// With the gate's reasons, or when the actor may not or the write fails.
pub fn draft(desk: &Desk, signer: &Signer, progress: MakeProgress<'_>) -> Result<Drafted, Refused> {
    let snapshot = load::load(desk, None, Replay::Full)?;
    snapshot.sound()?;
    let looked = Looked::at(&snapshot.packet, desk.now, progress);
    let judged = snapshot.packet.head;
    let written = write(desk, signer, Replay::Full, |now, author| {
        let packet = &now.packet;
        if let Some(release) = own_standing_draft(packet, author, desk.now) {
            return Ok(Plan::Already(release.drafted.clone()));
        }
        unmoved(packet, &judged, "draft")?;
        let reasons = gate::judge(packet, Question::Draft, looked.facts(), author.at);
        if !reasons.is_empty() {
            return Err(Refused::for_reasons(reasons));
        }
        let number = packet.next_release();
        let facts = DraftFacts { packet: desk.name.clone(), at: author.at, sources: looked.checked.sources.clone() };
        let manifest = manifest::encode(packet, &facts);
        let changes = vec![(Place::Manifest(number), Some(manifest.into_bytes()))];
        let subject = format!("release {number} of revision {}", packet.revision.number);
        Ok(Plan::Write(NewEntry { operation: Operation::Draft, subject, body: String::new(), stage: None, changes }))
    })?;
    let release =
        written.packet.releases.values().find(|r| r.drafted == written.entry).expect("a written draft is a release");
    Ok(Drafted {
        release: release.number,
        commit: release.bound.clone(),
        manifest_sha256: release.manifest_sha256,
        not_after: release.not_after,
        unrecorded: looked.unrecorded(&written.packet),
    })
}

/// The newest draft, if it is this actor's newest entry and still stands: then the command ran before.
fn own_standing_draft<'a>(packet: &'a Packet, author: &Author<'_>, now: Time) -> Option<&'a Release> {
    let newest = packet.newest.get(&author.actor.id).filter(|n| n.operation == Operation::Draft)?;
    let release = packet.newest_draft().filter(|r| r.drafted == newest.entry)?;
    (release.stands() && !release.has_lapsed(now)).then_some(release)
}

/// What was judged outside the lock must be what is written on.
fn unmoved(packet: &Packet, judged: &CommitId, what: &str) -> Result<(), Refused> {
    if packet.head == *judged {
        return Ok(());
    }
    let message = format!("entries arrived after {}: the head is {} now", judged.short(), packet.head.short());
    let help = format!("packet log   shows them; then packet {what} again");
    Err(Refused::new(Verdict::No, "head-moved", format!("entry:{}", packet.head), message, help))
}

/// The release a command is about: the one named, else the newest draft.
///
/// # Errors
/// When there is none.
pub fn draft_or(packet: &Packet, number: Option<u32>) -> Result<&Release, Refused> {
    let found = match number {
        Some(n) => packet.releases.get(&n),
        // A draft that a later release overtook is nobody's concern any more.
        None => {
            let approved = packet.previous_approved();
            packet.newest_draft().filter(|r| Some(r.number) > approved).or_else(|| packet.newest_release())
        }
    };
    found.ok_or_else(|| no_release(number))
}

/// The release a command is about: the one named, else the newest approved, else the newest draft.
///
/// # Errors
/// When there is none.
pub fn approved_or(packet: &Packet, number: Option<u32>) -> Result<&Release, Refused> {
    number.map_or_else(|| packet.newest_release(), |n| packet.releases.get(&n)).ok_or_else(|| no_release(number))
}

fn no_release(number: Option<u32>) -> Refused {
    let (subject, message) = match number {
        Some(n) => (format!("release:{n}"), format!("there is no release {n}")),
        None => ("release".to_owned(), "nothing is drafted yet".to_owned()),
    };
    Refused::for_reasons(vec![Reason::new(ReasonCode::NoRelease, subject, message, "packet draft")])
}

/// What stands against approving a release now.
#[derive(Debug)]
pub struct GateAnswer {
    /// The release; none when nothing is drafted.
    pub release: u32,
    /// The bound commit.
    pub commit: CommitId,
    /// The reasons.
    pub reasons: Vec<Reason>,
}

/// Judges a release as `approve` would.
///
/// # Errors
/// When the packet cannot be loaded, or there is no such release.
pub fn gate(desk: &Desk, number: Option<u32>, progress: MakeProgress<'_>) -> Result<GateAnswer, Refused> {
    let snapshot = load::load(desk, None, Replay::Full)?;
    let packet = &snapshot.packet;
    let release = draft_or(packet, number)?;
    let looked = Looked::at(packet, desk.now, progress);
    let mut reasons = snapshot.faults.clone();
    reasons.extend(gate::judge(packet, Question::Approve(release), looked.facts(), desk.now));
    Ok(GateAnswer { release: release.number, commit: release.bound.clone(), reasons })
}

/// What a signer or the owner sees before they sign.
#[derive(Debug)]
pub struct Review {
    /// The release.
    pub release: Release,
    /// The packet it is of.
    pub packet: Packet,
    /// Who signed so far, whose signature counts.
    pub signed_by: Vec<ActorId>,
    /// What happened since this person last wrote an entry, newest first.
    pub since: Vec<super::log::LogLine>,
    /// Their newest entry.
    pub last_seen: Option<CommitId>,
    /// What stands against approving it now.
    pub reasons: Vec<Reason>,
    /// What was not as pinned, in detail.
    pub subjects: Vec<SubjectCheck>,
}

/// What there is to see before signing or approving.
///
/// # Errors
/// When the packet cannot be loaded, there is no such release, or the key is nobody's.
pub fn review(
    desk: &Desk,
    signer: &Signer,
    number: Option<u32>,
    progress: MakeProgress<'_>,
) -> Result<Review, Refused> {
    let snapshot = load::load(desk, None, Replay::Full)?;
    snapshot.sound()?;
    let packet = snapshot.packet;
    let actor = super::write::actor_of(&packet.content.charter, signer)?;
    let release = draft_or(&packet, number)?.clone();
    let looked = Looked::at(&packet, desk.now, progress);
    let reasons = gate::judge(&packet, Question::Approve(&release), looked.facts(), desk.now);
    let last_seen = packet.newest.get(&actor.id).map(|n| n.entry.clone());
    let since = super::log::log(desk, None)?.entries;
    let since = since.into_iter().take_while(|line| Some(&line.commit) != last_seen.as_ref()).collect();
    let signed_by = gate::counting_signers(&packet, &release).iter().map(|a| a.id.clone()).collect();
    Ok(Review { release, signed_by, since, last_seen, reasons, subjects: looked.checked.subjects, packet })
}

/// A signature or approval that is in the history.
#[derive(Debug)]
pub struct SignedRelease {
    /// The release.
    pub release: u32,
    /// The bound commit.
    pub commit: CommitId,
    /// The entry.
    pub entry: CommitId,
    /// SHA-256 of the manifest that was signed.
    pub manifest_sha256: Sha256,
    /// What still stands against an approval.
    pub missing: Vec<String>,
    /// How its approval was given, once it was.
    pub presence: Option<Presence>,
}

fn signed_release(written: &Written, n: u32) -> SignedRelease {
    let release = &written.packet.releases[&n];
    let missing = gate::missing_roles(&written.packet, release);
    SignedRelease {
        release: n,
        commit: release.bound.clone(),
        entry: written.entry.clone(),
        manifest_sha256: release.manifest_sha256,
        missing: missing.iter().map(|(role, count)| format!("{count} × {role}")).collect(),
        presence: release.approval.as_ref().map(|a| a.presence),
    }
}

/// Signs a release's manifest.
///
/// # Errors
/// When the release is no open draft, the actor may not sign, or the write fails.
pub fn sign(desk: &Desk, signer: &Signer, number: Option<u32>) -> Result<SignedRelease, Refused> {
    let n = draft_or(&load::load(desk, None, Replay::Full)?.packet, number)?.number;
    let written = write(desk, signer, Replay::Full, |now, author| {
        let release = draft_or(&now.packet, Some(n))?;
        plan_once(&now.packet, author, Operation::Sign, (&n.to_string(), ""), || {
            refuse_ended(&now.packet, release, desk.now)?;
            refuse_second_signature(release, author)?;
            let armour = manifest_signature(&now.packet, author, release, Operation::Sign)?.armour().to_owned();
            let changes = vec![(Place::Signature(n, author.actor.id.clone()), Some(armour.into_bytes()))];
            let subject = format!("release {n}");
            Ok(NewEntry { operation: Operation::Sign, subject, body: String::new(), stage: None, changes })
        })
    })?;
    Ok(signed_release(&written, n))
}

fn refuse_ended(packet: &Packet, release: &Release, now: Time) -> Result<(), Refused> {
    let ended = gate::judge(packet, Question::Approve(release), Facts::default(), now);
    let codes = [ReasonCode::Void, ReasonCode::Held, ReasonCode::Superseded, ReasonCode::Lapsed];
    let ended: Vec<Reason> = ended.into_iter().filter(|r| codes.contains(&r.code)).collect();
    if ended.is_empty() { Ok(()) } else { Err(Refused::for_reasons(ended)) }
}

fn refuse_second_signature(release: &Release, author: &Author<'_>) -> Result<(), Refused> {
    if !release.signatures.iter().any(|s| s.actor == author.actor.id) {
        return Ok(());
    }
    let message = format!("{} has signed release {} already; one actor, one vote", author.actor.id, release.number);
    Err(Refused::new(
        Verdict::No,
        "wrong-state",
        format!("release:{}", release.number),
        message,
        "packet gate   shows what is missing",
    ))
}

/// Signs the manifest, if the table lets the actor do this: a refused command leaves no signature behind.
fn manifest_signature(
    packet: &Packet,
    author: &Author<'_>,
    release: &Release,
    operation: Operation,
) -> Result<sign::Signature, Refused> {
    if !operation.who().includes(&packet.content.charter, author.actor) {
        let message = format!(
            "`{operation}` is for {}; {} is {}",
            operation.who().describe(),
            author.actor.id,
            author.actor.kind.with_article()
        );
        let help = "packet whoami   shows what is open to you";
        return Err(Refused::new(Verdict::No, "not-allowed", format!("actor:{}", author.actor.id), message, help));
    }
    Ok(author.signer.sign(Namespace::Release, release.manifest.as_bytes())?)
}

/// What the owner confirms.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The bound commit that was confirmed.
    pub commit: CommitId,
    /// Whether a person typed it at a terminal.
    pub typed: bool,
}

/// Approves a release: checks the sources, signs the manifest, judges the whole gate on the very head that the write moves.
///
/// # Errors
/// With the gate's reasons, or when entries arrived meanwhile, the actor may not, or the write fails.
pub fn approve(
    desk: &Desk,
    signer: &Signer,
    number: Option<u32>,
    confirmed: &Confirmation,
    seen: Option<&CommitId>,
    progress: MakeProgress<'_>,
) -> Result<(SignedRelease, Vec<String>), Refused> {
    let snapshot = load::load(desk, None, Replay::Full)?;
    snapshot.sound()?;
    let release = draft_or(&snapshot.packet, number)?;
    let n = release.number;
    if let Some(seen) = seen {
        unmoved(&snapshot.packet, seen, "approve")?;
    }
    let looked = Looked::at(&snapshot.packet, desk.now, progress);
    let judged = snapshot.packet.head.clone();
    let written = write(desk, signer, Replay::Full, |now, author| {
        if let Some(entry) = own_approval(&now.packet, author, n) {
            return Ok(Plan::Already(entry));
        }
        unmoved(&now.packet, &judged, "approve")?;
        approval_entry(now, author, n, confirmed, &looked).map(Plan::Write)
    })?;
    let warnings = tag(desk, signer, &written, n).err().map(|e| format!("tag-missing: {}", e.reasons[0].message));
    Ok((signed_release(&written, n), warnings.into_iter().collect()))
}

/// The owner's approval of this release, if it stands: then only its tag can be missing.
fn own_approval(packet: &Packet, author: &Author<'_>, n: u32) -> Option<CommitId> {
    let release = packet.releases.get(&n).filter(|r| r.stands())?;
    release.approval.as_ref().filter(|a| a.signature.actor == author.actor.id).map(|a| a.entry.clone())
}

fn approval_entry(
    now: &Snapshot,
    author: &Author<'_>,
    n: u32,
    confirmed: &Confirmation,
    looked: &Looked,
) -> Result<NewEntry, Refused> {
    let packet = &now.packet;
    let release = draft_or(packet, Some(n))?;
    if release.bound != confirmed.commit {
        let message = format!("release {n} binds {}, and {} was confirmed", release.bound, confirmed.commit);
        let help = format!("packet gate {n}   then packet approve {n} --confirm {}", release.bound);
        return Err(Refused::new(Verdict::No, "wrong-commit", format!("release:{n}"), message, help));
    }
    let reasons = gate::judge(packet, Question::Approve(release), looked.facts(), author.at);
    if !reasons.is_empty() {
        return Err(Refused::for_reasons(reasons));
    }
    let signature = manifest_signature(packet, author, release, Operation::Approve)?;
    let presence = match (signature.presence(), confirmed.typed) {
        (sign::Presence::Touched, _) => Presence::Touched,
        (_, true) => Presence::Terminal,
        (_, false) => Presence::Unattended,
    };
    let approval = Approval {
        format: 1,
        release: n,
        commit: release.bound.clone(),
        manifest_sha256: release.manifest_sha256,
        by: author.actor.id.clone(),
        at: author.at,
        presence,
        source: looked.checked.sources.clone(),
    };
    let changes = vec![
        (Place::Approval(n), Some(approval.encode().into_bytes())),
        (Place::Signature(n, author.actor.id.clone()), Some(signature.armour().as_bytes().to_vec())),
    ];
    let subject = format!("release {n}, {presence}");
    Ok(NewEntry { operation: Operation::Approve, subject, body: String::new(), stage: None, changes })
}

/// Makes the release's tag. It only points; the approval stands without it.
fn tag(desk: &Desk, signer: &Signer, written: &Written, n: u32) -> Result<(), Refused> {
    let tag = expected_tag(desk, &written.packet, n).expect("an approved release has a tag");
    let signature = signer.sign(Namespace::Git, tag.payload().as_bytes())?;
    let mut lock = desk.repo.lock(desk.wait)?;
    if desk.repo.tag(&desk.name, n)?.is_some() {
        return Ok(());
    }
    let object = lock.write_tag(&tag.encode(signature.armour()))?;
    lock.set_tag(&desk.name, n, &object)?;
    Ok(())
}

/// The tag the branch calls for.
pub fn expected_tag(desk: &Desk, packet: &Packet, n: u32) -> Option<Tag> {
    let approved = packet.releases.get(&n)?.approval.as_ref()?;
    Some(Tag {
        target: approved.entry.clone(),
        packet: desk.name.clone(),
        release: n,
        tagger: approved.signature.actor.clone(),
        time: approved.at,
    })
}

/// A hold or supersession that is in the history.
#[derive(Debug)]
pub struct Held {
    /// The release.
    pub release: u32,
    /// The entry.
    pub entry: CommitId,
}

/// Stops a release, for good: `hold` by any human, `supersede` by its owner.
///
/// # Errors
/// When there is no such release, the actor may not, or the write fails.
pub fn stop(
    desk: &Desk,
    signer: &Signer,
    operation: Operation,
    number: Option<u32>,
    kind: HoldKind,
    text: &str,
) -> Result<Held, Refused> {
    if text.trim().is_empty() {
        return Err(Refused::usage("-m", "the reason is empty", "say in a sentence why the release must stop"));
    }
    let n = approved_or(&load::load(desk, None, Replay::Cached)?.packet, number)?.number;
    let written = write(desk, signer, Replay::Cached, |now, author| {
        let release = approved_or(&now.packet, Some(n))?;
        plan_once(&now.packet, author, operation, (&format!("{n} {kind}"), text), || {
            let hold = Hold {
                format: 1,
                release: n,
                act: operation,
                kind,
                by: author.actor.id.clone(),
                at: author.at,
                text: text.to_owned(),
            };
            let changes = vec![(Place::Hold(n, release.hold_files + 1), Some(hold.encode().into_bytes()))];
            let subject = format!("release {n}, {kind}");
            Ok(NewEntry { operation, subject, body: String::new(), stage: None, changes })
        })
    })?;
    Ok(Held { release: n, entry: written.entry })
}
