//! Loading: which head, from which root, replayed how.
//!
//! ```text
//! heads     the local branch and every remote-tracking one; the furthest descendant is judged
//! root      --root, else the clone's `root` file, else the anchor: never the branch itself
//! replay    signatures in parallel, then entry by entry; the packet ends at its last valid entry
//! anchor    the newest valid head seen here must be on the way
//! ```

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::{Desk, Refused, Verdict, cache};
use crate::gate::CLOCK_SKEW;
use crate::history::{self, Fault, Signed, SignedEntry};
use crate::model::change::Change;
use crate::model::id::{CommitId, PacketId, TreeId};
use crate::model::namespace::Namespace;
use crate::model::packet::Packet;
use crate::model::reason::{Reason, ReasonCode};
use crate::model::time::Time;
use crate::sign::{Presence, Signature};
use crate::store::{ReadError, TreeReader};

/// Entries that go from thread to thread together.
const BATCH: usize = 512;

/// How far this clone's cache is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Every entry, from the genesis.
    Full,
    /// From the cached packet on, where there is one.
    Cached,
}

/// A packet as this clone has it.
#[derive(Debug)]
pub struct Snapshot {
    /// The packet at its last valid entry.
    pub packet: Packet,
    /// The local branch, if there is one.
    pub local: Option<CommitId>,
    /// The branch that was judged.
    pub tip: CommitId,
    /// Whether a genesis was pinned here before, and this packet has it.
    pub rooted: bool,
    /// The newest valid head this clone has seen before.
    pub anchor: Option<Anchor>,
    /// What is wrong with the branch as a whole; the packet is still the valid part of it.
    pub faults: Vec<Reason>,
    /// How many entries the cache held, if it was used.
    pub cached_entries: Option<u64>,
    /// How many remote-tracking branches are behind this head: entries not shared yet.
    pub shared: Option<bool>,
}

impl Snapshot {
    /// Refuses unless the branch is whole and its genesis pinned.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn sound(&self) -> Result<(), Refused> {
        match self.faults.is_empty() {
            true => Ok(()),
            false => Err(Refused::for_reasons(self.faults.clone())),
        }
    }
}

/// The newest valid head a verifier has seen, and the genesis it descends from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The packet's identity.
    pub genesis: CommitId,
    /// The head.
    pub head: CommitId,
}

impl Anchor {
    /// One line: genesis, blank, head.
    pub fn encode(&self) -> String {
        format!("{} {}\n", self.genesis, self.head)
    }

    /// Reads an anchor file.
    ///
    /// # Errors
    /// When it is not one: an anchor that cannot be read must not pass for none.
    pub fn parse(file: &Path, bytes: &[u8]) -> Result<Self, Refused> {
        let parsed = std::str::from_utf8(bytes).ok().and_then(|text| {
            let (genesis, head) = text.strip_suffix('\n')?.split_once(' ')?;
            Some(Self { genesis: CommitId::new(genesis).ok()?, head: CommitId::new(head).ok()? })
        });
        parsed.ok_or_else(|| {
            let message = format!("{} is not an anchor: one line of two commits", file.display());
            let help =
                "look at it; if you trust the branch as it is, remove the file and run packet verify --root GENESIS";
            Refused::new(Verdict::Undecided, "unreadable", file.display().to_string(), message, help)
        })
    }
}

/// Verifies one SSHSIG block strictly, in process.
///
/// # Errors
/// When it is not exactly one well-formed block, or does not hold.
pub fn verify_signature(armour: &str, namespace: Namespace, message: &[u8]) -> Result<Signed, String> {
    let signature = Signature::parse(armour).map_err(|e| e.to_string())?;
    let verified = signature.verify(namespace, message).map_err(|e| e.to_string())?;
    Ok(Signed { key: verified.key().clone(), touched: verified.presence() == Presence::Touched })
}

/// Loads the packet.
///
/// # Errors
/// When there is no such packet, or objects or references cannot be read.
pub fn load(desk: &Desk, root: Option<&CommitId>, replay: Replay) -> Result<Snapshot, Refused> {
    if desk.repo.is_shallow() {
        let message = "the repository is shallow: entries are missing";
        let reason = Reason::new(ReasonCode::Shallow, "repository", message, "git fetch --unshallow");
        return Err(Refused::for_reasons(vec![reason]));
    }
    let heads = heads(desk)?;
    let anchor = read_anchor(desk)?;
    let pinned = match root {
        Some(root) => Some(root.clone()),
        None => read_root(desk)?.or_else(|| anchor.as_ref().map(|a| a.genesis.clone())),
    };
    let mut faults = Vec::new();
    if let Some(other) = &heads.forked {
        let message = format!("{} and {} both hold entries the other lacks", heads.tip.short(), other.short());
        let help = "ask which one is right; reset the other to it: no entry of both may be dropped silently";
        faults.push(Reason::new(ReasonCode::Forked, format!("packet:{}", desk.name), message, help));
    }
    let (packet, fault, cached_entries) = replayed(desk, &heads.tip, replay)?;
    judge_root(desk, &packet, pinned.as_ref(), &mut faults)?;
    faults.extend(fault);
    if let Some(anchor) = &anchor {
        judge_anchor(desk, &heads.tip, anchor, &mut faults)?;
    }
    Ok(Snapshot {
        rooted: pinned.is_some(),
        packet,
        local: heads.local,
        tip: heads.tip,
        anchor,
        faults,
        cached_entries,
        shared: heads.shared,
    })
}

struct Heads {
    local: Option<CommitId>,
    tip: CommitId,
    forked: Option<CommitId>,
    shared: Option<bool>,
}

fn heads(desk: &Desk) -> Result<Heads, Refused> {
    let local = desk.repo.local_head(&desk.name)?;
    let remotes = desk.repo.remote_heads(&desk.name)?;
    let all: Vec<CommitId> = local.iter().cloned().chain(remotes.iter().map(|(_, head)| head.clone())).collect();
    let Some(first) = all.first() else {
        let message = format!("there is no packet `{}` here", desk.name);
        let help = "packet list   shows the packets here; git fetch   brings others; packet open   makes one";
        return Err(Refused::for_reasons(vec![Reason::new(ReasonCode::NoPacket, desk.name.as_str(), message, help)]));
    };
    let (mut tip, mut forked) = (first.clone(), None);
    for head in &all[1..] {
        if descends(desk, head, &tip)? {
            tip = head.clone();
        } else if !descends(desk, &tip, head)? {
            forked = Some(head.clone());
        }
    }
    let shared = (!remotes.is_empty()).then(|| remotes.iter().any(|(_, head)| *head == tip));
    Ok(Heads { local, tip, forked, shared })
}

/// Whether `head` is `ancestor` or comes after it.
///
/// # Errors
/// When commits cannot be read.
pub fn descends(desk: &Desk, head: &CommitId, ancestor: &CommitId) -> Result<bool, ReadError> {
    if head == ancestor {
        return Ok(true);
    }
    let chain = desk.repo.chain(head, Some(ancestor))?;
    Ok(chain.first().is_some_and(|(_, bytes)| first_parent(bytes).as_ref() == Some(ancestor)))
}

fn header<'a>(bytes: &'a [u8], name: &str) -> Option<&'a str> {
    let head = bytes.split(|b| *b == b'\n').take_while(|line| !line.is_empty());
    head.filter_map(|line| std::str::from_utf8(line).ok()).find_map(|line| line.strip_prefix(name))
}

fn first_parent(bytes: &[u8]) -> Option<CommitId> {
    header(bytes, "parent ").and_then(|id| CommitId::new(id).ok())
}

/// The genesis pinned in this clone.
///
/// # Errors
/// When the file is there and is none.
pub fn read_root(desk: &Desk) -> Result<Option<CommitId>, Refused> {
    let Some(bytes) = desk.clone_dir().read("root")? else { return Ok(None) };
    let parsed =
        std::str::from_utf8(&bytes).ok().and_then(|t| t.strip_suffix('\n')).and_then(|t| CommitId::new(t).ok());
    parsed.map(Some).ok_or_else(|| {
        let file = desk.clone_dir().path().join("root").display().to_string();
        let message = format!("{file} does not hold one commit");
        Refused::new(Verdict::Undecided, "unreadable", file, message, format!("packet trust {} GENESIS", desk.name))
    })
}

fn read_anchor(desk: &Desk) -> Result<Option<Anchor>, Refused> {
    let clone = desk.clone_dir();
    clone.read("anchor")?.map(|bytes| Anchor::parse(&clone.path().join("anchor"), &bytes)).transpose()
}

fn judge_root(
    desk: &Desk,
    packet: &Packet,
    pinned: Option<&CommitId>,
    faults: &mut Vec<Reason>,
) -> Result<(), Refused> {
    let subject = format!("packet:{}", desk.name);
    match pinned {
        None => {
            let message = format!("no genesis is pinned here for `{}`; a branch cannot vouch for itself", desk.name);
            let help = format!("ask the release owner for the genesis, then packet trust {} GENESIS", desk.name);
            faults.push(Reason::new(ReasonCode::NoRoot, subject, message, help));
        }
        Some(root) if *root != packet.genesis => {
            let message =
                format!("the branch begins at {}, the pinned genesis is {}", packet.genesis.short(), root.short());
            let help = "somebody made another packet of the same name, or you pinned another: ask the release owner";
            return Err(Refused::for_reasons(vec![Reason::new(ReasonCode::RootMismatch, subject, message, help)]));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Judges the branch against an anchor: its head must be on the way from the genesis to the branch's tip.
///
/// # Errors
/// When commits cannot be read.
pub fn judge_anchor(desk: &Desk, tip: &CommitId, anchor: &Anchor, faults: &mut Vec<Reason>) -> Result<(), Refused> {
    if descends(desk, tip, &anchor.head)? {
        return Ok(());
    }
    let message = format!("the branch does not descend from {}, the newest valid head seen here", anchor.head.short());
    let help = "entries were withheld or dropped: fetch again, and ask who moved the branch";
    faults.push(Reason::new(ReasonCode::Rewound, format!("packet:{}", desk.name), message, help));
    Ok(())
}

/// Remembers the packet's head as the newest valid one seen here.
///
/// It never goes back: somebody who looked for long, or whose clock does not let them see the newest entries, must not
/// undo what was seen meanwhile.
///
/// # Errors
/// When the file cannot be read or written.
pub fn advance_anchor(desk: &Desk, packet: &Packet) -> Result<(), Refused> {
    let clone = desk.clone_dir();
    let new = Anchor { genesis: packet.genesis.clone(), head: packet.head.clone() };
    clone.write_unless("anchor", new.encode().as_bytes(), |there| {
        let Some(there) = there else { return Ok(false) };
        let old = Anchor::parse(&clone.path().join("anchor"), there)?;
        Ok(old.genesis == new.genesis && !descends(desk, &new.head, &old.head)?)
    })
}

type Replayed = (Packet, Option<Reason>, Option<u64>);

fn replayed(desk: &Desk, tip: &CommitId, replay: Replay) -> Result<Replayed, Refused> {
    let cached = if replay == Replay::Cached { cache::read(&desk.clone_dir()) } else { None };
    if let Some(packet) = cached {
        let tail = desk.repo.chain(tip, Some(&packet.head))?;
        let hit =
            *tip == packet.head || tail.first().is_some_and(|(_, b)| first_parent(b).as_ref() == Some(&packet.head));
        if hit {
            let kept = Some(packet.entries);
            let (packet, fault) = fold(desk, Some(packet), &tail)?;
            return Ok((packet, fault, kept));
        }
    }
    let chain = desk.repo.chain(tip, None)?;
    let (packet, fault) = fold(desk, None, &chain)?;
    Ok((packet, fault, None))
}

/// Folds raw entries into a packet, up to the first that is none.
///
/// Three things go on at once, batch by batch: one thread verifies the entries' signatures, this one reads what they
/// change, and a third folds them in. Short tails, which are what `status` and writers see, need no threads.
fn fold(desk: &Desk, start: Option<Packet>, chain: &[(CommitId, Vec<u8>)]) -> Result<Folded, Refused> {
    let mut reader = desk.repo.trees();
    let mut tree = start.as_ref().map(|p| p.tree.clone());
    let fold = Fold { name: &desk.name, now: desk.now };
    if chain.len() <= BATCH {
        let batch = (check_signatures(chain), read_changes(&mut reader, &mut tree, chain));
        return fold.batches(start, std::iter::once(batch));
    }
    thread::scope(|scope| {
        let (signed_out, signed_in) = sync_channel(2);
        let (changes_out, changes_in) = sync_channel(2);
        scope.spawn(move || chain.chunks(BATCH).try_for_each(|batch| signed_out.send(check_signatures(batch))));
        let folded = scope.spawn(move || fold.batches(start, signed_in.into_iter().zip(changes_in)));
        for batch in chain.chunks(BATCH) {
            // Whoever folds stops at the first entry that is none; then nobody listens.
            if changes_out.send(read_changes(&mut reader, &mut tree, batch)).is_err() {
                break;
            }
        }
        drop(changes_out);
        folded.join().expect("folding does not panic")
    })
}

/// A packet, and why it ends where it does if that is not the branch's tip.
type Folded = (Packet, Option<Reason>);

type Changes = Vec<Result<Vec<Change>, ReadError>>;

fn check_signatures(batch: &[(CommitId, Vec<u8>)]) -> Vec<Result<SignedEntry, Fault>> {
    batch.iter().map(|(id, bytes)| SignedEntry::check(id, bytes, &verify_signature)).collect()
}

/// What folding needs beside entries.
#[derive(Clone, Copy)]
struct Fold<'a> {
    name: &'a PacketId,
    now: Time,
}

impl Fold<'_> {
    fn batches(
        self,
        start: Option<Packet>,
        batches: impl Iterator<Item = (Vec<Result<SignedEntry, Fault>>, Changes)>,
    ) -> Result<Folded, Refused> {
        let mut packet = start;
        for (signed, changes) in batches {
            for (entry, changes) in signed.into_iter().zip(changes) {
                match self.one(packet.as_mut(), entry, changes)? {
                    Ok(Some(begun)) => packet = Some(begun),
                    Ok(None) => {}
                    Err(fault) => return ended(self.name, packet, &fault),
                }
            }
        }
        packet.map(|p| (p, None)).ok_or_else(|| no_entries(self.name))
    }

    /// Folds one entry in. The inner error ends the packet, the outer one leaves it undecided.
    fn one(
        self,
        packet: Option<&mut Packet>,
        entry: Result<SignedEntry, Fault>,
        changes: Result<Vec<Change>, ReadError>,
    ) -> Result<Result<Option<Packet>, Fault>, Refused> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) => return Ok(Err(fault)),
        };
        let time = entry.commit().unsigned.time;
        if time.minus(CLOCK_SKEW) > self.now {
            let message = format!("it is from {time}, more than 5 minutes ahead of this clock ({})", self.now);
            return Ok(Err(Fault { entry: entry.id().clone(), code: ReasonCode::FutureEntry, message }));
        }
        let changes = match changes {
            Ok(changes) => changes,
            Err(error) if is_malformed(&error) => {
                let code = ReasonCode::WrongPlace;
                return Ok(Err(Fault { entry: entry.id().clone(), code, message: error.to_string() }));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(match packet {
            None => history::begin(self.name, &entry, &changes, &verify_signature).map(Some),
            Some(packet) => history::step(self.name, packet, &entry, &changes, &verify_signature).map(|()| None),
        })
    }
}

fn no_entries(name: &PacketId) -> Refused {
    let message = format!("the branch of `{name}` has no entry");
    Refused::for_reasons(vec![Reason::new(ReasonCode::Unreadable, name.as_str(), message, "git fsck")])
}

/// The packet ends at its last valid entry; one without a valid genesis is none.
fn ended(name: &PacketId, packet: Option<Packet>, fault: &Fault) -> Result<Folded, Refused> {
    let help = match fault.code {
        ReasonCode::FutureEntry => "check this machine's clock: date -u".to_owned(),
        _ => format!("packet repair -p {name}   moves the branch back to its last valid entry"),
    };
    match packet {
        Some(packet) => Ok((packet, Some(fault.reason(&help)))),
        None => Err(Refused::for_reasons(vec![fault.reason("this branch is no packet: ask where it comes from")])),
    }
}

/// What each entry of a batch changes. A tree that cannot be read says so where its turn comes, not before.
///
/// Read from the newest to the oldest: git packs the newest tree whole and older ones as differences from newer ones,
/// so that the other way each read would walk the rest of its chain anew.
fn read_changes(reader: &mut TreeReader<'_>, before: &mut Option<TreeId>, batch: &[(CommitId, Vec<u8>)]) -> Changes {
    // A commit without a tree is no entry: `SignedEntry::check` says so, and nobody looks at its changes.
    let tree_of = |(_, bytes): &(CommitId, Vec<u8>)| header(bytes, "tree ").and_then(|id| TreeId::new(id).ok());
    let trees: Vec<Option<TreeId>> = std::iter::once(before.take()).chain(batch.iter().map(tree_of)).collect();
    let steps = trees.windows(2).rev();
    let mut changes: Changes = steps
        .map(|step| step[1].as_ref().map_or_else(|| Ok(Vec::new()), |tree| reader.changes(step[0].as_ref(), tree)))
        .collect();
    changes.reverse();
    *before = trees.into_iter().next_back().flatten();
    changes
}

/// Whether an object is there and is not what an entry may hold, as opposed to missing or damaged here.
fn is_malformed(error: &ReadError) -> bool {
    use crate::store::ReadProblem::{TooLarge, TooMuch, Tree, WrongKind};
    matches!(error.problem, Tree { .. } | TooLarge { .. } | TooMuch { .. } | WrongKind { .. })
}
