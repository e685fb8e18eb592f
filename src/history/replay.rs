//! Folding entries into a packet, one at a time: judge first, then apply; a refused entry leaves the packet as it was.

use std::collections::{BTreeMap, BTreeSet};

use super::content::ContentEffect;
use super::{
    Fault, SignedEntry, Verify, Wrong, content, drift, findings, governance, ledger, proposal, release, wrong,
};
use crate::model::actor::Actor;
use crate::model::change::Change;
use crate::model::charter::{Charter, KeyStanding};
use crate::model::commit::UnsignedCommit;
use crate::model::content::Content;
use crate::model::digest::{Blake3, Sha256};
use crate::model::findings::RecordedFindings;
use crate::model::id::PacketId;
use crate::model::key::PublicKey;
use crate::model::ledger::Thread;
use crate::model::operation::{Operation, Voids};
use crate::model::packet::{Newest, Packet, Revision, StoredFile, content_digest};
use crate::model::place::Place;
use crate::model::proposal::Filed;
use crate::model::reason::ReasonCode;
use crate::model::release::{Approved, Ended, Release, ReleaseSignature};
use crate::model::source::RecordedCheck;
use crate::model::succession::Past;

/// One change at its place.
pub(super) struct Placed<'a> {
    pub(super) place: Place,
    pub(super) change: &'a Change,
}

/// Everything an operation is judged by.
pub(super) struct Case<'a> {
    pub(super) name: &'a PacketId,
    pub(super) packet: &'a Packet,
    pub(super) entry: &'a SignedEntry,
    pub(super) actor: &'a Actor,
    pub(super) changes: Vec<Placed<'a>>,
    pub(super) verify: &'a Verify<'a>,
}

impl Case<'_> {
    pub(super) fn charter(&self) -> &Charter {
        &self.packet.content.charter
    }

    pub(super) fn time(&self) -> crate::model::time::Time {
        self.entry.commit().unsigned.time
    }

    /// What the entry does to content.
    pub(super) fn content_changes(&self) -> impl Iterator<Item = &Placed<'_>> {
        self.changes.iter().filter(|c| c.place.is_content())
    }

    pub(super) fn operation(&self) -> Operation {
        self.entry.commit().unsigned.message.operation
    }

    /// The bytes of the one file that this entry adds.
    pub(super) fn only_new_file(&self) -> Result<(&Place, &[u8]), Wrong> {
        match self.changes.as_slice() {
            [one] if !one.change.existed => Ok((&one.place, one.bytes()?)),
            _ => wrong(ReasonCode::WrongPlace, format!("`{}` adds exactly one file", self.operation())),
        }
    }
}

impl Placed<'_> {
    pub(super) fn bytes(&self) -> Result<&[u8], Wrong> {
        match &self.change.blob {
            Some(bytes) => Ok(bytes),
            None => wrong(ReasonCode::WrongPlace, format!("{} may not be removed", self.change.path)),
        }
    }
}

/// What an accepted entry does to the packet.
pub(super) enum Effect {
    Content(Box<ContentEffect>),
    Thread(Thread),
    Filed { filed: Box<Filed>, taken: Option<Taken> },
    Found { findings: Vec<RecordedFindings>, adds: bool },
    Checked { check: RecordedCheck, number: u32, holds: Option<u32> },
    Drafted(Box<Release>),
    Signed { release: u32, signature: ReleaseSignature },
    Approved { release: u32, approved: Approved },
    Held { release: u32 },
}

/// What a proposal did when it was applied or took effect.
pub(super) enum Taken {
    Content(Box<ContentEffect>),
    Thread(Box<Thread>),
}

/// An accepted entry: its effect, and what the same command run again would be known by.
pub(super) struct Accepted {
    pub(super) effect: Effect,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) made: Option<String>,
}

/// Starts a packet from its genesis.
///
/// # Errors
/// When the entry is not a genesis that its own charter allows.
pub fn begin(name: &PacketId, entry: &SignedEntry, changes: &[Change], verify: &Verify<'_>) -> Result<Packet, Fault> {
    let message = &entry.commit().unsigned.message;
    let started = || {
        if entry.commit().unsigned.parent.is_some() || message.operation != Operation::Open || message.revision != 1 {
            return wrong(ReasonCode::WrongSequence, "a packet begins with `open`, revision 1, without a parent");
        }
        let empty = blank(entry, content::charter_of(changes)?);
        let actor = actor(&empty, entry)?;
        let changes = placed(message.operation, changes)?;
        let case = Case { name, packet: &empty, entry, actor: &actor, changes, verify };
        let accepted = content::open(&case)?;
        Ok((empty, accepted))
    };
    let (mut packet, accepted) = started().map_err(|w| fault(entry, w))?;
    apply(&mut packet, entry, changes, accepted);
    packet.entries = 1;
    Ok(packet)
}

fn blank(entry: &SignedEntry, charter: Charter) -> Packet {
    let unsigned = &entry.commit().unsigned;
    Packet {
        genesis: entry.id().clone(),
        head: entry.id().clone(),
        tree: unsigned.tree.clone(),
        time: unsigned.time,
        entries: 0,
        revision: Revision { number: 1, commit: entry.id().clone() },
        content: Content::new(charter),
        files: BTreeMap::new(),
        content_digest: content_digest(std::iter::empty()),
        ledger: BTreeMap::new(),
        findings: BTreeMap::new(),
        proposals: BTreeMap::new(),
        checks: BTreeMap::new(),
        current_checks: BTreeSet::new(),
        releases: BTreeMap::new(),
        newest: BTreeMap::new(),
        changed_by: Vec::new(),
        authors: BTreeMap::new(),
        past: Past::default(),
        charter_since: entry.id().clone(),
    }
}

/// Folds one more entry in. On a fault the packet is as before.
///
/// # Errors
/// When the entry does not follow, its key may not sign, or the table or the packet's state does not allow it.
pub fn step(
    name: &PacketId,
    packet: &mut Packet,
    entry: &SignedEntry,
    changes: &[Change],
    verify: &Verify<'_>,
) -> Result<(), Fault> {
    let accepted = judge(name, packet, entry, changes, verify).map_err(|w| fault(entry, w))?;
    apply(packet, entry, changes, accepted);
    packet.entries += 1;
    Ok(())
}

fn fault(entry: &SignedEntry, Wrong(code, message): Wrong) -> Fault {
    Fault { entry: entry.id().clone(), code, message }
}

fn judge(
    name: &PacketId,
    packet: &Packet,
    entry: &SignedEntry,
    changes: &[Change],
    verify: &Verify<'_>,
) -> Result<Accepted, Wrong> {
    follows(packet, entry, changes)?;
    let actor = actor(packet, entry)?;
    let operation = entry.commit().unsigned.message.operation;
    let changes = placed(operation, changes)?;
    let case = Case { name, packet, entry, actor: &actor, changes, verify };
    match operation {
        Operation::Open => wrong(ReasonCode::WrongSequence, "a packet is opened once"),
        Operation::Commit => content::commit(&case),
        Operation::Propose => proposal::propose(&case),
        Operation::Apply => proposal::apply(&case),
        Operation::Reject => proposal::reject(&case),
        Operation::Amend => governance::amend(&case),
        Operation::Endorse => governance::endorse(&case),
        Operation::Reassign => governance::reassign(&case),
        Operation::Object => ledger::object(&case),
        Operation::Respond
        | Operation::Address
        | Operation::Withdraw
        | Operation::Close
        | Operation::AcceptResidual => ledger::act(&case),
        Operation::Scan => findings::scan(&case),
        Operation::Dispose => findings::dispose(&case),
        Operation::Drift => drift::record(&case),
        Operation::Draft => release::draft(&case),
        Operation::Sign => release::sign(&case),
        Operation::Approve => release::approve(&case),
        Operation::Hold | Operation::Supersede => release::hold(&case),
    }
}

fn follows(packet: &Packet, entry: &SignedEntry, changes: &[Change]) -> Result<(), Wrong> {
    let unsigned = &entry.commit().unsigned;
    let code = ReasonCode::WrongSequence;
    if unsigned.parent.as_ref() != Some(&packet.head) {
        return wrong(code, "it does not follow the entry before it");
    }
    if unsigned.time < packet.time {
        return wrong(code, format!("its time {} is before its parent's {}", unsigned.time, packet.time));
    }
    let revision = packet.revision.number.checked_add(u32::from(unsigned.message.operation.is_revision(changes)));
    if revision != Some(unsigned.message.revision) {
        return wrong(
            code,
            format!("it says revision {} after revision {}", unsigned.message.revision, packet.revision.number),
        );
    }
    Ok(())
}

/// The actor whose key signed, if the parent's charter lets that key sign and the table lets that actor do this.
fn actor(packet: &Packet, entry: &SignedEntry) -> Result<Actor, Wrong> {
    let message = &entry.commit().unsigned.message;
    let charter = &packet.content.charter;
    let fingerprint = entry.signer().fingerprint();
    let actor = match charter.standing(entry.signer()) {
        KeyStanding::Signs(actor) if actor.id == message.actor => actor,
        KeyStanding::Signs(actor) => {
            let text = format!("it names {} and is signed by {}'s key {fingerprint}", message.actor, actor.id);
            return wrong(ReasonCode::EntryKey, text);
        }
        KeyStanding::Retired(_) => return wrong(ReasonCode::EntryKey, format!("key {fingerprint} is retired")),
        KeyStanding::Compromised => return wrong(ReasonCode::EntryKey, format!("key {fingerprint} is compromised")),
        KeyStanding::Unknown => {
            return wrong(ReasonCode::EntryKey, format!("key {fingerprint} is nobody's in the charter"));
        }
    };
    let who = message.operation.who();
    if !who.includes(charter, actor) {
        let kind = actor.kind.with_article();
        let text = format!("`{}` is for {}; {} is {kind}", message.operation, who.describe(), actor.id);
        return wrong(ReasonCode::NotAllowed, text);
    }
    Ok(actor.clone())
}

fn placed(operation: Operation, changes: &[Change]) -> Result<Vec<Placed<'_>>, Wrong> {
    if changes.is_empty() {
        return wrong(ReasonCode::WrongPlace, "it changes nothing");
    }
    let mut found = Vec::with_capacity(changes.len());
    for change in changes {
        match Place::of(&change.path) {
            Some(place) if operation.touches(&place) => found.push(Placed { place, change }),
            Some(_) => return wrong(ReasonCode::WrongPlace, format!("`{operation}` may not touch {}", change.path)),
            None => return wrong(ReasonCode::WrongPlace, format!("{} is no file of a packet", change.path)),
        }
    }
    Ok(found)
}

fn apply(packet: &mut Packet, entry: &SignedEntry, changes: &[Change], accepted: Accepted) {
    let unsigned = &entry.commit().unsigned;
    let message = &unsigned.message;
    let ended = Ended { entry: entry.id().clone(), operation: message.operation, by: message.actor.clone() };
    packet.head = entry.id().clone();
    packet.tree = unsigned.tree.clone();
    packet.time = unsigned.time;
    store_files(packet, changes);
    if changes.iter().any(|c| Place::of(&c.path) == Some(Place::Charter)) {
        packet.charter_since = entry.id().clone();
    }
    void(packet, message.operation, &ended, &accepted.effect);
    apply_effect(packet, &ended, accepted.effect);
    if message.operation.is_revision(changes) {
        packet.revision = Revision { number: message.revision, commit: entry.id().clone() };
    }
    let newest = Newest {
        entry: entry.id().clone(),
        operation: message.operation,
        subject: accepted.subject,
        text: accepted.text,
        made: accepted.made,
        stage: message.stage.clone(),
    };
    packet.newest.insert(message.actor.clone(), newest);
}

fn store_files(packet: &mut Packet, changes: &[Change]) {
    let content = changes.iter().filter(|c| c.is_of_content());
    let mut changed = false;
    for change in content {
        changed = true;
        match &change.blob {
            None => packet.files.remove(&change.path),
            Some(bytes) => {
                let file = StoredFile { blake3: Blake3::of(bytes), sha256: Sha256::of(bytes), bytes: bytes.clone() };
                packet.files.insert(change.path.clone(), file)
            }
        };
    }
    if changed {
        packet.content_digest = content_digest(packet.files.iter().map(|(path, file)| (path.as_str(), file)));
    }
}

/// Ends what the table says this operation ends; first endings stay.
fn void(packet: &mut Packet, operation: Operation, ended: &Ended, effect: &Effect) {
    let mut void_those = |which: &dyn Fn(&Release) -> bool| {
        packet.releases.values_mut().filter(|r| which(r)).for_each(|r| {
            r.void.get_or_insert_with(|| ended.clone());
        });
    };
    match (operation.voids(), effect) {
        (Voids::Bound, _)
        | (Voids::WhenInEffect, Effect::Filed { taken: Some(_), .. })
        | (Voids::WhenFound, Effect::Found { adds: true, .. }) => void_those(&|_| true),
        (Voids::WhenDrifted, Effect::Checked { check, holds, .. }) if check.drifted().is_some() => {
            void_those(&|r| Some(r.number) != *holds);
        }
        (Voids::Drafts, _) => void_those(&|r| r.approval.is_none()),
        (Voids::Older, Effect::Approved { release, .. }) => {
            let older = packet.releases.values_mut().filter(|r| r.number != *release);
            older.for_each(|r| {
                r.superseded.get_or_insert_with(|| ended.clone());
            });
        }
        _ => {}
    }
}

fn apply_effect(packet: &mut Packet, ended: &Ended, effect: Effect) {
    let hold = |packet: &mut Packet, n: u32| {
        let release = packet.releases.get_mut(&n).expect("judged: the release is there");
        match ended.operation {
            Operation::Supersede => {
                release.superseded.get_or_insert_with(|| ended.clone());
                release.hold_files += 1;
            }
            _ => {
                release.holds.push(ended.clone());
                release.hold_files += 1;
            }
        }
    };
    match effect {
        Effect::Content(effect) => effect.apply(packet),
        Effect::Thread(thread) => {
            packet.ledger.insert(thread.id.clone(), thread);
        }
        Effect::Filed { filed, taken } => {
            packet.proposals.insert(filed.proposal.id.clone(), *filed);
            match taken {
                Some(Taken::Content(effect)) => effect.apply(packet),
                Some(Taken::Thread(thread)) => {
                    packet.ledger.insert(thread.id.clone(), *thread);
                }
                None => {}
            }
        }
        Effect::Found { findings, .. } => {
            packet.findings.extend(findings.into_iter().map(|f| (f.file.fragment.clone(), f)));
        }
        Effect::Checked { check, number, holds } => {
            packet.checks.insert(number, check);
            packet.current_checks.insert(number);
            if let Some(n) = holds {
                hold(packet, n);
            }
        }
        Effect::Drafted(release) => {
            packet.releases.insert(release.number, *release);
        }
        Effect::Signed { release, signature } => {
            packet.releases.get_mut(&release).expect("judged: the release is there").signatures.push(signature);
        }
        Effect::Approved { release, approved } => {
            packet.releases.get_mut(&release).expect("judged: the release is there").approval = Some(approved);
            packet.changed_by.clear();
        }
        Effect::Held { release } => hold(packet, release),
    }
}

/// Judges an entry before it is signed or any object of it is written: what this accepts, [`step`] will.
///
/// # Errors
/// As [`step`].
pub fn rehearse(
    name: &PacketId,
    packet: &Packet,
    unsigned: UnsignedCommit,
    signer: &PublicKey,
    changes: &[Change],
    verify: &Verify<'_>,
) -> Result<(), Fault> {
    let entry = SignedEntry::unwritten(packet.head.clone(), unsigned, signer.clone());
    judge(name, packet, &entry, changes, verify).map(drop).map_err(|w| fault(&entry, w))
}
