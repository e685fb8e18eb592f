//! Writing one entry: load → plan → rehearse → sign → replay → compare-and-swap.
//!
//! The lock is taken before loading when signing needs nobody's hand, so that what is judged is what is written on.
//! With an agent, a passphrase or a touch it is taken for the moments of writing only, and the compare-and-swap decides:
//! lines of the ledger are re-made on the new head by their own author; an approval, signature or revision is refused
//! and must be typed again (DESIGN.md, invariant 2).

use crate::gate::CLOCK_SKEW;
use crate::history::{self, SignedEntry};
use crate::model::actor::Actor;
use crate::model::change::Change;
use crate::model::charter::{Charter, KeyStanding};
use crate::model::commit::{Message, UnsignedCommit};
use crate::model::id::{ClassId, CommitId, StageToken};
use crate::model::namespace::Namespace;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::time::Time;
use crate::sign::Signer;
use crate::store::{AdvanceError, Expected, WriteLock};

use super::cache::{self, Keep};
use super::load::{self, Replay, Snapshot, verify_signature};
use super::typed::{self, Typed};
use super::{Desk, Refused, Verdict, stage};

/// A file an entry changes: its place, and its bytes then; `None` removes it.
pub type FileChange = (Place, Option<Vec<u8>>);

/// An entry that a command wants to write.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What it does.
    pub operation: Operation,
    /// The first line of its message.
    pub subject: String,
    /// The rest.
    pub body: String,
    /// Which stage it seals.
    pub stage: Option<StageToken>,
    /// The files it changes.
    pub changes: Vec<FileChange>,
}

/// What a command comes to, given the packet as it stands.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Write this.
    Write(NewEntry),
    /// The same command wrote this before: finish what is missing and answer with it.
    Already(CommitId),
}

/// Who writes, on what, when.
#[derive(Debug)]
pub struct Author<'a> {
    /// The actor whose key signs.
    pub actor: &'a Actor,
    /// The key.
    pub signer: &'a Signer,
    /// The entry's time: the later of the clock and its parent's.
    pub at: Time,
}

/// An entry that is in the history.
#[derive(Debug)]
pub struct Written {
    /// It.
    pub entry: CommitId,
    /// The packet after it.
    pub packet: Packet,
    /// Who wrote it.
    pub actor: Actor,
}

impl Written {
    /// The name of what the entry made: an objection's or proposal's id.
    pub fn made(&self) -> Option<&str> {
        self.packet.newest.get(&self.actor.id).and_then(|newest| newest.made.as_deref())
    }
}

/// How often a line of the ledger is re-made on a head that moved meanwhile.
const ATTEMPTS: usize = 100;

/// Makes the plan for the packet as it stands now, and carries it out.
///
/// # Errors
/// When the branch is not sound, the key may not sign, the plan refuses, or the write fails. Then nothing is written
/// that the branch knows of.
pub fn write(
    desk: &Desk,
    signer: &Signer,
    replay: Replay,
    plan: impl Fn(&Snapshot, &Author<'_>) -> Result<Plan, Refused>,
) -> Result<Written, Refused> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match try_write(desk, signer, replay, &plan)? {
            Attempt::Done(written) => return Ok(*written),
            Attempt::Moved(_, Operation::Object | Operation::Respond | Operation::Address) if attempt < ATTEMPTS => {}
            Attempt::Moved(_, Operation::Withdraw | Operation::Close | Operation::AcceptResidual)
                if attempt < ATTEMPTS => {}
            Attempt::Moved(error, _) => return Err(error.into()),
        }
    }
}

enum Attempt {
    Done(Box<Written>),
    Moved(AdvanceError, Operation),
}

fn try_write(
    desk: &Desk,
    signer: &Signer,
    replay: Replay,
    plan: &impl Fn(&Snapshot, &Author<'_>) -> Result<Plan, Refused>,
) -> Result<Attempt, Refused> {
    let lock = if signer.is_instant() { Some(desk.repo.lock(desk.wait)?) } else { None };
    let snapshot = load::load(desk, None, replay)?;
    snapshot.sound()?;
    not_checked_out(desk)?;
    let at = entry_time(desk, &snapshot.packet)?;
    let actor = actor_of(&snapshot.packet.content.charter, signer)?;
    let author = Author { actor: &actor, signer, at };
    let staged = stage::read(desk, &actor.id).ok().flatten();
    let mut entry = match plan(&snapshot, &author)? {
        Plan::Already(entry) => return finished(desk, lock, snapshot.packet, actor, entry),
        Plan::Write(entry) => entry,
    };
    refuse_identifiers(desk, &snapshot.packet, &actor, &mut entry)?;
    let (operation, seals) = (entry.operation, entry.stage.is_some());
    let changes = as_changes(&snapshot.packet, &entry.changes);
    let unsigned = unsigned(&snapshot.packet, &author, entry, &changes)?;
    let key = signer.public_key();
    history::rehearse(&desk.name, &snapshot.packet, unsigned.clone(), key, &changes, &verify_signature)?;
    let (mut lock, commit) = sealed(desk, lock, signer, &snapshot.packet, unsigned, &changes)?;
    if seals && stage::read(desk, &actor.id)? != staged {
        return Err(stage_grew(&actor));
    }
    finish(desk, snapshot, actor, &mut lock, operation, &commit)
}

/// What stands before the classes that a person let pass, in an entry's message.
pub(super) const ALLOWED: &str = "\n\nAllowed in its text: ";

/// Refuses identifiers in what the entry says and was not said before; what a person lets pass the entry records.
fn refuse_identifiers(desk: &Desk, packet: &Packet, actor: &Actor, entry: &mut NewEntry) -> Result<(), Refused> {
    if packet.content.taxonomy.blocking().next().is_none() {
        return Ok(());
    }
    // Of other entries the tool makes the message, of words that stand in their files.
    let typed = matches!(entry.operation, Operation::Commit).then(|| format!("{}\n{}", entry.subject, entry.body));
    let mut texts: Vec<Typed> = typed.into_iter().map(|text| Typed { place: "message".to_owned(), text }).collect();
    for (place, bytes) in &entry.changes {
        let Some(bytes) = bytes else { continue };
        let stands = if let Place::Proposed(_, inner) = place { inner } else { place };
        let before = desk.repo.blob_at(&packet.tree, &stands.to_string())?;
        texts.extend(typed::texts_of(place, bytes, before.as_deref()));
    }
    let passed =
        typed::refuse_identifiers(&packet.content.charter, &packet.content.taxonomy, actor, &desk.allow, &texts)?;
    if !passed.is_empty() {
        let classes: Vec<&str> = passed.iter().map(ClassId::as_str).collect();
        let line = format!("{ALLOWED}{}", classes.join(", "));
        entry.body = format!("{}{line}", entry.body).trim_start_matches('\n').to_owned();
    }
    Ok(())
}

/// The commit's bytes, and the lock to write them under. A hand that is slow to sign keeps nobody from objecting.
fn sealed<'a>(
    desk: &'a Desk,
    lock: Option<WriteLock<'a>>,
    signer: &Signer,
    packet: &Packet,
    unsigned: UnsignedCommit,
    changes: &[Change],
) -> Result<(WriteLock<'a>, Vec<u8>), Refused> {
    let tree = |lock: &WriteLock<'_>| lock.write_tree(Some(&packet.tree), &blobs(changes));
    match lock {
        Some(lock) => {
            let tree = tree(&lock)?;
            Ok((lock, signed(signer, UnsignedCommit { tree, ..unsigned })?))
        }
        None => {
            let tree = tree(&desk.repo.lock(desk.wait)?)?;
            let commit = signed(signer, UnsignedCommit { tree, ..unsigned })?;
            Ok((desk.repo.lock(desk.wait)?, commit))
        }
    }
}

fn signed(signer: &Signer, unsigned: UnsignedCommit) -> Result<Vec<u8>, Refused> {
    let signature = signer.sign(Namespace::Git, &unsigned.payload())?;
    Ok(unsigned.signed(signature.armour().to_owned()).encode())
}

fn finish(
    desk: &Desk,
    snapshot: Snapshot,
    actor: Actor,
    lock: &mut WriteLock<'_>,
    operation: Operation,
    commit: &[u8],
) -> Result<Attempt, Refused> {
    let entry = lock.write_commit(commit)?;
    let checked = SignedEntry::check(&entry, commit, &verify_signature)?;
    let mut packet = snapshot.packet;
    // What was written is read back and judged as a verifier will: the branch must never move to what none accepts.
    let changes = desk.repo.trees().changes(Some(&packet.tree), &checked.commit().unsigned.tree)?;
    history::step(&desk.name, &mut packet, &checked, &changes, &verify_signature)?;
    let expected = snapshot.local.map_or(Expected::Absent, Expected::Is);
    match lock.advance(&desk.name, &expected, &entry) {
        Ok(_) => {}
        Err(error @ AdvanceError::Moved { .. }) => return Ok(Attempt::Moved(error, operation)),
        Err(error) => return Err(error.into()),
    }
    tidy(desk, &packet, &actor, &entry)?;
    cache::write(&desk.clone_dir(), &packet, snapshot.cached_entries, Keep::WhenBehind);
    Ok(Attempt::Done(Box::new(Written { entry, packet, actor })))
}

/// What was staged while a hand was slow to sign is not in the entry, and must not go with the sealed stage.
fn stage_grew(actor: &Actor) -> Refused {
    let message = format!("{} staged something else while this was being signed", actor.id);
    Refused::new(Verdict::No, "stage-moved", "stage", message, "packet diff   shows it; then the same command again")
}

/// Drops the stage that the actor's newest entry sealed, under the lock: what is staged afterwards is another stage.
fn drop_sealed(desk: &Desk, packet: &Packet, actor: &Actor) -> Result<(), Refused> {
    let sealed = packet.newest.get(&actor.id).and_then(|newest| newest.stage.as_ref());
    match stage::read(desk, &actor.id)? {
        Some(staged) if sealed == Some(&staged.token) => stage::discard(desk, &actor.id),
        _ => Ok(()),
    }
}

/// Answers with an entry that is there, after what a killed run may have left undone: the sync, the anchor, the stage.
fn finished(
    desk: &Desk,
    lock: Option<WriteLock<'_>>,
    packet: Packet,
    actor: Actor,
    entry: CommitId,
) -> Result<Attempt, Refused> {
    let lock = lock.map_or_else(|| desk.repo.lock(desk.wait), Ok)?;
    lock.settle(&desk.name)?;
    tidy(desk, &packet, &actor, &entry)?;
    Ok(Attempt::Done(Box::new(Written { entry, packet, actor })))
}

/// What is left to do, under the lock, once the entry is there.
fn tidy(desk: &Desk, packet: &Packet, actor: &Actor, entry: &CommitId) -> Result<(), Refused> {
    let tidied = load::advance_anchor(desk, packet).and_then(|()| drop_sealed(desk, packet, actor));
    tidied.map_err(|error| error.though_recorded(entry))
}

/// A checked-out packet branch is refused, not moved under the person's feet.
fn not_checked_out(desk: &Desk) -> Result<(), Refused> {
    match desk.repo.checked_out(&desk.name)? {
        None => Ok(()),
        Some(work_tree) => Err(AdvanceError::CheckedOut { work_tree }.into()),
    }
}

/// The later of the clock and the parent's time; a parent from the future is refused, or time would run away.
fn entry_time(desk: &Desk, packet: &Packet) -> Result<Time, Refused> {
    if packet.time.minus(CLOCK_SKEW) > desk.now {
        let message = format!("the newest entry is from {}, and this clock says {}", packet.time, desk.now);
        let subject = format!("entry:{}", packet.head);
        return Err(Refused::new(
            Verdict::Undecided,
            "future-entry",
            subject,
            message,
            "set this machine's clock: date -u",
        ));
    }
    Ok(desk.now.max(packet.time))
}

/// The actor whose key this is.
///
/// # Errors
/// When the charter lets that key sign for nobody.
pub fn actor_of(charter: &Charter, signer: &Signer) -> Result<Actor, Refused> {
    let key = signer.public_key();
    let why = match charter.standing(key) {
        KeyStanding::Signs(actor) => return Ok(actor.clone()),
        KeyStanding::Retired(actor) => format!("is retired for {}", actor.id),
        KeyStanding::Compromised => "is compromised".to_owned(),
        KeyStanding::Unknown => "is nobody's in this packet's charter".to_owned(),
    };
    let message = format!("key {} {why}", key.fingerprint());
    let help = "packet --key FILE …   uses another key; packet show charter.toml   lists the roster";
    Err(Refused::new(Verdict::No, "entry-key", format!("key:{}", key.fingerprint()), message, help))
}

fn unsigned(
    packet: &Packet,
    author: &Author<'_>,
    entry: NewEntry,
    changes: &[Change],
) -> Result<UnsignedCommit, Refused> {
    let revises = entry.operation.is_revision(changes);
    let message = Message {
        operation: entry.operation,
        subject: entry.subject,
        body: entry.body,
        actor: author.actor.id.clone(),
        revision: packet.revision.number + u32::from(revises),
        stage: entry.stage,
    };
    if let Some(problem) = message.problem() {
        return Err(Refused::usage(
            "message",
            problem,
            "write a short first line, then a blank line, then as much as you like",
        ));
    }
    Ok(UnsignedCommit { tree: packet.tree.clone(), parent: Some(packet.head.clone()), time: author.at, message })
}

/// The changes as a verifier will see them: what stands already as it is to stand is no change.
fn as_changes(packet: &Packet, changes: &[FileChange]) -> Vec<Change> {
    let stands = |place: &Place, blob: &Option<Vec<u8>>| {
        packet.content_bytes(&place.to_string()).map(AsRef::as_ref) == blob.as_deref() && place.is_content()
    };
    let mut all: Vec<Change> = changes
        .iter()
        .filter(|(place, blob)| !stands(place, blob))
        .map(|(place, blob)| {
            let path = place.to_string();
            let existed = packet.has_file(place);
            Change { path, blob: blob.as_deref().map(Into::into), existed }
        })
        .collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

fn blobs(changes: &[Change]) -> Vec<(String, Option<Vec<u8>>)> {
    changes.iter().map(|c| (c.path.clone(), c.blob.as_ref().map(|b| b.to_vec()))).collect()
}

/// Plans an entry, unless the actor's newest one is this very operation on this subject with these words: then the
/// command ran before, and the answer is that entry (DESIGN.md, invariant 12).
///
/// # Errors
/// What making the entry refuses.
pub fn plan_once(
    packet: &Packet,
    author: &Author<'_>,
    operation: Operation,
    (subject, text): (&str, &str),
    otherwise: impl FnOnce() -> Result<NewEntry, Refused>,
) -> Result<Plan, Refused> {
    let newest = packet.newest.get(&author.actor.id);
    match newest.filter(|n| n.operation == operation && n.subject == subject && n.text == text) {
        Some(newest) => Ok(Plan::Already(newest.entry.clone())),
        None => otherwise().map(Plan::Write),
    }
}
