//! Makes packets of many entries, in process, and the Ed25519 baseline that `verify` is measured beside.
//!
//! ```text
//! history make DIR ENTRIES        DIR/repo with packet `bench`, DIR/keys, DIR/vault, DIR/home
//! history verifications COUNT     so many strict Ed25519 verifications, on one core
//! ```
//!
//! Every entry is signed, checked and folded in by the replay that verifiers use, so that what is made is valid by
//! construction; `benches/run.sh` asks `packet verify --history` all the same. Only the durability is left out: the
//! branch moves once, at the end.
//!
//! Of N entries N/100 set a section, 3N/10 raise objections; all but 1 in 300 of these are addressed and closed, by
//! their objectors and with signatures of the ledger, and the rest of the entries are responses.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use ed25519_dalek::{Signer as _, SigningKey};
use packet::history::{self, SignedEntry, subject_of};
use packet::model::canonical::Stored;
use packet::model::change::Change;
use packet::model::commit::{Message, UnsignedCommit};
use packet::model::id::{ActorId, CommitId, ObjectionId, PacketId, SectionName, StageToken, derived_hex};
use packet::model::namespace::Namespace;
use packet::model::objection::{Act, ActKind, Objection, ObjectionKind, statement};
use packet::model::operation::Operation;
use packet::model::packet::Packet;
use packet::model::place::Place;
use packet::model::section::SectionHead;
use packet::model::target::Target;
use packet::model::taxonomy::Taxonomy;
use packet::model::time::Time;
use packet::sign::{ChildEnv, KeyChoice, Signer};
use packet::store::{Expected, Repo, WriteLock};
use packet::work::load::{self, Replay, verify_signature};
use packet::work::{Desk, open};
use url::Url;

type Outcome<T> = Result<T, Box<dyn Error>>;

const OWNER: &str = "release-owner";
const ACTORS: [&str; 5] = [OWNER, "privacy-lead", "reliability", "forensics-lead", "triage-agent"];
const OBJECTORS: [&str; 4] = ["privacy-lead", "reliability", "forensics-lead", "triage-agent"];
const SECTIONS: [&str; 4] = ["summary", "scope", "method", "limits"];
/// Seconds between two entries.
const PACE: i64 = 60;
/// How many objections are raised before the first of them is closed.
const LAG: usize = 8;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", dir, entries] => make(&PathBuf::from(dir), entries.parse()?),
        ["verifications", count] => verifications(count.parse()?),
        _ => Err("benches/run.sh runs this: history make DIR ENTRIES, or history verifications COUNT".into()),
    }
}

/// Verifies `count` signatures over messages as long as what SSHSIG signs for an entry.
fn verifications(count: usize) -> Outcome<()> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let messages: Vec<[u8; 97]> = (0..64).map(|n| [n; 97]).collect();
    let signatures: Vec<_> = messages.iter().map(|message| key.sign(message)).collect();
    for turn in 0..count {
        key.verifying_key().verify_strict(&messages[turn % 64], &signatures[turn % 64])?;
    }
    Ok(())
}

fn make(dir: &Path, entries: usize) -> Outcome<()> {
    for name in ["keys", "vault", "home"] {
        fs::create_dir_all(dir.join(name))?;
    }
    for actor in ACTORS {
        run(Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", actor, "-f"])
            .arg(key_file(dir, actor)))?;
    }
    run(Command::new("git").args(["init", "-q", "-b", "main"]).arg(dir.join("repo")))?;
    let desk = desk(dir, entries)?;
    let signers = ACTORS.iter().map(|actor| Ok(((*actor).to_owned(), signer(dir, actor)?))).collect::<Outcome<_>>()?;
    let charter = open::read_charter("charter.toml", &charter_text(dir)?).map_err(|r| refused(&r))?;
    open::open(&desk, &signer(dir, OWNER)?, &charter, &Taxonomy::default()).map_err(|r| refused(&r))?;
    let snapshot = load::load(&desk, None, Replay::Full).map_err(|r| refused(&r))?;
    let genesis = snapshot.packet.head.clone();
    let lock = desk.repo.lock(desk.wait)?;
    let mut writer = Writer { desk: &desk, lock, signers, packet: snapshot.packet, objections: Vec::new() };
    writer.fill(entries)?;
    writer.finish(&genesis)
}

fn run(command: &mut Command) -> Outcome<()> {
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("{command:?} failed").into()),
    }
}

fn refused(refused: &packet::work::Refused) -> String {
    format!("{refused:?}")
}

fn key_file(dir: &Path, actor: &str) -> PathBuf {
    dir.join("keys").join(actor)
}

fn signer(dir: &Path, actor: &str) -> Outcome<Signer> {
    Ok(Signer::open(&KeyChoice::File(key_file(dir, actor)), ChildEnv::new([]))?)
}

/// The desk as it was when the packet was opened, long enough ago for all entries to lie in the past.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no context to read the clock for it")]
fn desk(dir: &Path, entries: usize) -> Outcome<Desk> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let begin = now - PACE * i64::try_from(entries + 1)?;
    Ok(Desk {
        repo: Repo::open(&dir.join("repo"))?,
        name: PacketId::new("bench")?,
        now: Time::from_seconds(begin).ok_or("the clock is odd")?,
        here: dir.to_owned(),
        allow: vec![],
        wait: Duration::from_secs(5),
    })
}

fn charter_text(dir: &Path) -> Outcome<String> {
    let mut text = CHARTER_HEAD.to_owned();
    let roles = [
        "\"governance\"",
        "\"privacy-lead\", \"contributor\"",
        "\"reliability\", \"contributor\"",
        "\"forensics\", \"contributor\"",
        "\"contributor\"",
    ];
    for (actor, roles) in ACTORS.iter().zip(roles) {
        let line = fs::read_to_string(key_file(dir, actor).with_extension("pub"))?;
        let key = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let kind = if *actor == "triage-agent" { "agent\"\noperator = \"forensics-lead" } else { "human" };
        text += &format!("\n[[actor]]\nid = \"{actor}\"\nkind = \"{kind}\"\nroles = [{roles}]\nkeys = [\"{key}\"]\n");
    }
    let vault = Url::from_directory_path(fs::canonicalize(dir.join("vault"))?).map_err(|()| "an odd directory")?;
    text += &format!("\n[[source]]\nname = \"vault\"\nkind = \"evidence\"\nurl = \"{vault}\"\n");
    Ok(text)
}

const CHARTER_HEAD: &str = include_str!("../tests/it/charter-head.toml");

/// Writes entries, and folds each into the packet at once.
struct Writer<'a> {
    desk: &'a Desk,
    lock: WriteLock<'a>,
    signers: BTreeMap<String, Signer>,
    packet: Packet,
    objections: Vec<Objection>,
}

impl Writer<'_> {
    /// Writes all entries after the genesis: sections and objections evenly, each objection closed a little later.
    fn fill(&mut self, entries: usize) -> Outcome<()> {
        let commits = (entries / 100).max(1);
        let objections = entries * 3 / 10;
        let rest = entries - 1 - commits - objections;
        let closed = (objections - (objections / 300).max(1)).min(rest / 2);
        let responses = rest - 2 * closed;
        for n in 0..objections + LAG {
            while n < objections
                && self.packet.revision.number as usize <= (n * commits).div_ceil(objections).max(1).min(commits)
            {
                self.set_section()?;
            }
            if n < objections {
                self.object(n)?;
                (n * responses / objections..(n + 1) * responses / objections)
                    .try_for_each(|_| self.act(n, ActKind::Respond))?;
            }
            if let Some(done) = n.checked_sub(LAG.min(objections - 1)).filter(|done| *done < closed) {
                self.act(done, ActKind::Address)?;
                self.act(done, ActKind::Close)?;
            }
        }
        match self.packet.entries == entries as u64 {
            true => Ok(()),
            false => Err(format!("{} entries instead of {entries}", self.packet.entries).into()),
        }
    }

    fn set_section(&mut self) -> Outcome<()> {
        let revision = self.packet.revision.number;
        let name = SectionName::new(SECTIONS[revision as usize % SECTIONS.len()])?;
        let text = format!("# {name}\n\n{}", format!("What revision {revision} says of the {name}.\n").repeat(40));
        let mut changes = vec![(Place::SectionText(name.clone()), text.into_bytes())];
        if !self.packet.content.sections.contains_key(&name) {
            let head = SectionHead { format: 1, name: name.clone(), owner: Some(ActorId::new("privacy-lead")?) };
            changes.push((Place::SectionHead(name.clone()), head.encode().into_bytes()));
        }
        self.append("privacy-lead", Operation::Commit, format!("section {name}"), changes)
    }

    fn object(&mut self, n: usize) -> Outcome<()> {
        let sections: Vec<SectionName> = self.packet.content.sections.keys().cloned().collect();
        let about = if n.is_multiple_of(2) {
            Target::Packet
        } else {
            Target::Section(sections[n / 2 % sections.len()].clone())
        };
        let by = ActorId::new(OBJECTORS[n % OBJECTORS.len()])?;
        let text = format!("Objection {n}: the wording may still tell a reader which customer met the crash.");
        let id = derived_hex(&[self.packet.genesis.as_str(), self.packet.head.as_str(), by.as_str(), &text]);
        let objection = Objection {
            format: 1,
            id: ObjectionId::new(format!("o-{id}"))?,
            kind: ObjectionKind::ALL[n % ObjectionKind::ALL.len()],
            target: self.packet.target_digest(&about),
            about,
            veto: false,
            at: self.time()?,
            by: by.clone(),
            text,
            thread: Vec::new(),
        };
        let subject = format!("{} as {}", subject_of(&objection), objection.id);
        self.objections.push(objection);
        self.append(by.as_str(), Operation::Object, subject, self.line(n))
    }

    fn act(&mut self, n: usize, kind: ActKind) -> Outcome<()> {
        let (actor, operation) = match kind {
            ActKind::Respond => (OBJECTORS[(n + 1) % OBJECTORS.len()], Operation::Respond),
            ActKind::Address => ("reliability", Operation::Address),
            _ => (speaker(&self.objections[n].by), Operation::Close),
        };
        let text = format!("{kind} {n}: the sentence names no customer any more.");
        let mut act = Act::plain(kind, ActorId::new(actor)?, self.time()?, text);
        if kind.is_authority() {
            let thread = &self.packet.ledger[&self.objections[n].id];
            let target = self.packet.target_digest(&thread.about);
            let message = statement(&self.packet.genesis, thread.id.as_str(), kind, &thread.digest, &target, &act.text);
            act.target = Some(target);
            act.signature = Some(self.signers[actor].sign(Namespace::Ledger, &message)?.armour().to_owned());
        }
        self.objections[n].thread.push(act);
        let subject =
            format!("{}, {} about {}", self.objections[n].id, self.objections[n].kind, self.objections[n].about);
        self.append(actor, operation, subject, self.line(n))
    }

    fn line(&self, n: usize) -> Vec<(Place, Vec<u8>)> {
        let objection = &self.objections[n];
        vec![(Place::Objection(objection.id.clone()), objection.encode().into_bytes())]
    }

    fn time(&self) -> Outcome<Time> {
        Ok(Time::from_seconds(self.packet.time.seconds() + PACE).ok_or("the clock is odd")?)
    }

    fn append(
        &mut self,
        actor: &str,
        operation: Operation,
        subject: String,
        files: Vec<(Place, Vec<u8>)>,
    ) -> Outcome<()> {
        let change = |(place, bytes): (Place, Vec<u8>)| {
            let path = place.to_string();
            let existed = self.packet.files.contains_key(&path);
            Change { path, blob: Some(bytes.into()), existed }
        };
        let mut changes: Vec<Change> = files.into_iter().map(change).collect();
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        let blobs: Vec<_> = changes.iter().map(|c| (c.path.clone(), c.blob.as_deref().map(<[u8]>::to_vec))).collect();
        let number = self.packet.entries;
        let revises = operation.is_revision(&changes);
        let message = Message {
            operation,
            subject,
            body: String::new(),
            actor: ActorId::new(actor)?,
            revision: self.packet.revision.number + u32::from(revises),
            stage: revises.then(|| StageToken::new(format!("{number:032x}"))).transpose()?,
        };
        let tree = self.lock.write_tree(Some(&self.packet.tree), &blobs)?;
        let unsigned = UnsignedCommit { tree, parent: Some(self.packet.head.clone()), time: self.time()?, message };
        let armour = self.signers[actor].sign(Namespace::Git, &unsigned.payload())?.armour().to_owned();
        let bytes = unsigned.signed(armour).encode();
        let id = self.lock.write_commit(&bytes)?;
        let entry = SignedEntry::check(&id, &bytes, &verify_signature)?;
        Ok(history::step(&self.desk.name, &mut self.packet, &entry, &changes, &verify_signature)?)
    }

    fn finish(mut self, genesis: &CommitId) -> Outcome<()> {
        self.lock.advance(&self.desk.name, &Expected::Is(genesis.clone()), &self.packet.head)?;
        load::advance_anchor(self.desk, &self.packet).map_err(|r| refused(&r))?;
        Ok(())
    }
}

/// An agent's objection is closed by its operator.
fn speaker(objector: &ActorId) -> &'static str {
    let human = OBJECTORS[..3].iter().find(|id| **id == objector.as_str());
    human.copied().unwrap_or("forensics-lead")
}
