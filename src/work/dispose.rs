//! Judging findings: one decision over exact sets, one signed disposition for each fragment's.

use super::Desk;
use super::ledger::check_text;
use super::load::Replay;
use super::refused::{Refused, Verdict};
use super::write::{Author, FileChange, NewEntry, Plan, write};
use crate::model::canonical::Stored;
use crate::model::disposition::{Disposition, Judgement, disposition_act, disposition_subject};
use crate::model::findings::RecordedFindings;
use crate::model::id::{ClassId, CommitId, FragmentId};
use crate::model::namespace::Namespace;
use crate::model::objection::statement;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::target::Target;
use crate::sign::Signer;

/// What somebody judges.
#[derive(Debug, Clone)]
pub struct NewDisposition {
    /// The class.
    pub class: ClassId,
    /// Where: a fragment, a session with all its fragments, or the packet.
    pub target: Target,
    /// What the findings are.
    pub judgement: Judgement,
    /// Why.
    pub why: String,
}

/// A disposition that is in the history.
#[derive(Debug)]
pub struct Disposed {
    /// The entry.
    pub commit: CommitId,
    /// The fragments whose sets it is about, with how many findings each has.
    pub sets: Vec<(FragmentId, u64)>,
}

/// Disposes of every finding of one class that is recorded in the target as it is now.
///
/// # Errors
/// When nothing of the class is recorded there, the actor may not, or the write fails.
pub fn dispose(desk: &Desk, signer: &Signer, new: &NewDisposition) -> Result<Disposed, Refused> {
    check_text(&new.why)?;
    let written = write(desk, signer, Replay::Cached, |snapshot, author| -> Result<Plan, Refused> {
        let packet = &snapshot.packet;
        let sets = sets(packet, new)?;
        if undisposed(packet, author, new, &sets).is_empty() {
            return newest_of_these(packet, author, new, &sets).map(Plan::Already).ok_or_else(|| nothing_new(new));
        }
        entry_of(packet, author, new, &sets).map(Plan::Write)
    })?;
    let sets = sets(&written.packet, new)?;
    Ok(Disposed { commit: written.entry, sets })
}

/// The fragments of the target that have findings of the class on record.
fn sets(packet: &Packet, new: &NewDisposition) -> Result<Vec<(FragmentId, u64)>, Refused> {
    let fragments = packet.content.fragments.values().filter(|fragment| match &new.target {
        Target::Packet => true,
        Target::Session(id) => fragment.session == *id,
        Target::Fragment(id, None) => fragment.id == *id,
        _ => false,
    });
    let counted = fragments.map(|f| (f.id.clone(), packet.finding_set(&f.id, new.class.as_str()).count));
    let found: Vec<(FragmentId, u64)> = counted.filter(|(_, count)| *count > 0).collect();
    if found.is_empty() {
        let message = format!("no finding of class {} is recorded in {}", new.class, new.target);
        let help =
            "packet scan FRAGMENT --record   records what there is; --in takes fragment:ID, session:ID or packet";
        return Err(Refused::usage(new.target.to_string(), message, help));
    }
    Ok(found)
}

/// The actor's newest entry, if it disposed of some of these sets just so: then the command ran before. The others may
/// have been disposed of earlier.
fn newest_of_these(
    packet: &Packet,
    author: &Author<'_>,
    new: &NewDisposition,
    sets: &[(FragmentId, u64)],
) -> Option<CommitId> {
    let newest = packet.newest.get(&author.actor.id)?;
    let these: Vec<String> = sets.iter().map(|(id, _)| format!("{id} {} {}", new.class, new.judgement)).collect();
    let same = newest.operation == Operation::Dispose
        && newest.text == new.why
        && newest.subject.lines().all(|line| these.iter().any(|these| these == line));
    same.then(|| newest.entry.clone())
}

fn nothing_new(new: &NewDisposition) -> Refused {
    let message = format!("all findings of class {} in {} are disposed of just so", new.class, new.target);
    let help = "packet coverage   shows what still stands";
    Refused::new(Verdict::No, "wrong-state", new.target.to_string(), message, help)
}

/// Those of the sets that no disposition of the same judgement and words by this author is about.
fn undisposed<'a>(
    packet: &Packet,
    author: &Author<'_>,
    new: &NewDisposition,
    sets: &'a [(FragmentId, u64)],
) -> Vec<&'a FragmentId> {
    let stands = |id: &FragmentId| {
        let set = packet.finding_set(id, new.class.as_str());
        let disposition = packet.findings.get(id).and_then(|r| r.disposition(&new.class, &packet.content.charter));
        disposition.is_some_and(|d| {
            (d.count, d.set, d.judgement) == (set.count, set.digest, new.judgement)
                && d.why == new.why
                && d.by == author.actor.id
        })
    };
    sets.iter().map(|(id, _)| id).filter(|id| !stands(id)).collect()
}

fn entry_of(
    packet: &Packet,
    author: &Author<'_>,
    new: &NewDisposition,
    sets: &[(FragmentId, u64)],
) -> Result<NewEntry, Refused> {
    let undisposed = undisposed(packet, author, new, sets);
    // Only who may dispose signs: a refused command must not leave a statement of authority anywhere.
    let may = packet.content.charter.may_dispose(author.actor);
    let changes: Result<Vec<FileChange>, Refused> = undisposed
        .iter()
        .filter_map(|id| packet.findings.get(id))
        .map(|recorded| disposed_file(packet, author, new, recorded, may))
        .collect();
    let count: u64 = sets.iter().filter(|(id, _)| undisposed.contains(&id)).map(|(_, count)| count).sum();
    let subject = format!("{count} findings of class {} in {} as {}", new.class, new.target, new.judgement);
    Ok(NewEntry { operation: Operation::Dispose, subject, body: String::new(), stage: None, changes: changes? })
}

fn disposed_file(
    packet: &Packet,
    author: &Author<'_>,
    new: &NewDisposition,
    recorded: &RecordedFindings,
    may: bool,
) -> Result<FileChange, Refused> {
    let mut file = recorded.file.clone();
    let set = packet.finding_set(&file.fragment, new.class.as_str());
    let subject = disposition_subject(&file.fragment, &new.class);
    let act = disposition_act(new.judgement);
    let message = statement(&packet.genesis, &subject, act, &recorded.digest, &set.digest, &new.why);
    let signature =
        if may { author.signer.sign(Namespace::Ledger, &message)?.armour().to_owned() } else { String::new() };
    file.disposition.push(Disposition {
        class: new.class.clone(),
        judgement: new.judgement,
        count: set.count,
        set: set.digest,
        why: new.why.clone(),
        by: author.actor.id.clone(),
        at: author.at,
        signature,
    });
    Ok((Place::Findings(file.fragment.clone()), Some(file.encode().into_bytes())))
}
