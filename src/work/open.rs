//! Opening a packet, and trusting one: the two ways a genesis is pinned.

use std::collections::BTreeMap;

use super::cache::{self, Keep};
use super::load::{self, verify_signature};
use super::refused::{Label, Labelled};
use super::write::ALLOWED;
use super::{Desk, Refused, Verdict, typed};
use crate::history::{self, SignedEntry};
use crate::model::actor::Actor;
use crate::model::canonical::{self, Stored};
use crate::model::change::Change;
use crate::model::charter::{Charter, RawCharter};
use crate::model::charter_check::{Problem, span_of};
use crate::model::commit::{Message, UnsignedCommit};
use crate::model::id::{ClassId, CommitId, TreeId};
use crate::model::namespace::Namespace;
use crate::model::operation::Operation;
use crate::model::packet::Packet;
use crate::model::place::Place;
use crate::model::roster::allowed_signers;
use crate::model::source::SourcePin;
use crate::model::taxonomy::Taxonomy;
use crate::sign::Signer;
use crate::source::Vault;
use crate::store::{Expected, WriteLock};

/// A packet that is open.
#[derive(Debug)]
pub struct Opened {
    /// Its identity.
    pub genesis: CommitId,
    /// Its newest entry.
    pub head: CommitId,
    /// What the charter allows and probably does not mean.
    pub warnings: Vec<String>,
}

/// Reads a charter as a person wrote it.
///
/// # Errors
/// With every problem, labelled in the text.
pub fn read_charter(file: &str, text: &str) -> Result<Charter, Refused> {
    let raw: RawCharter = toml::from_str(text).map_err(|e| {
        let help = "packet charter new --id ACTOR   writes a commented charter to start from".to_owned();
        labelled(file, text, vec![Label { span: e.span().unwrap_or(0..0), message: e.message().to_owned(), help }])
    })?;
    if !canonical::fits(&raw) {
        let message = format!("an integer is larger than {}, the largest that is stored", canonical::LARGEST);
        let help = "write a smaller one: beyond it JSON would round, and nobody would know what was signed".to_owned();
        return Err(labelled(file, text, vec![Label { span: 0..0, message, help }]));
    }
    raw.verified().map_err(|problems| wrong_charter(file, text, problems))
}

/// The refusal of a charter as typed, each problem labelled in its text.
pub(super) fn wrong_charter(file: &str, text: &str, problems: Vec<Problem>) -> Refused {
    let label = |p: Problem| Label { span: span_of(text, &p.path), message: p.message, help: p.help };
    labelled(file, text, problems.into_iter().map(label).collect())
}

fn labelled(file: &str, text: &str, labels: Vec<Label>) -> Refused {
    let reasons = labels
        .iter()
        .map(|label| {
            let (line, column) = line_and_column(text, label.span.start);
            let subject = format!("{file}:{line}:{column}");
            let (message, help) = (label.message.clone(), label.help.clone());
            super::Why { code: "charter".to_owned(), subject, message, help }
        })
        .collect();
    let labelled = Labelled { file: file.to_owned(), text: text.to_owned(), labels };
    Refused { verdict: Verdict::Usage, reasons, labelled: Some(Box::new(labelled)) }
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}

/// Opens a packet: makes the vault's key once, writes the genesis, pins it.
///
/// # Errors
/// When there is such a packet already, the signer may not open it, or the vault cannot serve.
pub fn open(desk: &Desk, signer: &Signer, charter: &Charter, taxonomy: &Taxonomy) -> Result<Opened, Refused> {
    let mut lock = desk.repo.lock(desk.wait)?;
    if let Some(answer) = opened_before(desk, &lock, charter, taxonomy)? {
        return Ok(answer);
    }
    let vault = Vault::open(&charter.vault().url)?;
    let actor = super::write::actor_of(charter, signer)?;
    may_open(charter, &actor)?;
    let passed = refuse_identifiers(desk, charter, taxonomy, &actor)?;
    let key = vault.create_or_read_key()?.id();
    let pin = SourcePin { format: 1, name: charter.vault().name.clone(), kind: charter.vault().kind, key: Some(key) };
    let files: BTreeMap<String, String> = BTreeMap::from([
        (Place::Charter.to_string(), charter.encode()),
        (Place::AllowedSigners.to_string(), allowed_signers(charter)),
        (Place::Taxonomy.to_string(), taxonomy.encode()),
        (Place::Source(pin.name.clone()).to_string(), pin.encode()),
    ]);
    let message = Message {
        operation: Operation::Open,
        subject: subject_line(&charter.packet.title),
        body: passed,
        actor: actor.id,
        revision: 1,
        stage: None,
    };
    let packet = write_genesis(desk, &mut lock, signer, message, &files)?;
    Ok(Opened { genesis: packet.genesis.clone(), head: packet.head, warnings: charter.warnings() })
}

fn may_open(charter: &Charter, actor: &crate::model::actor::Actor) -> Result<(), Refused> {
    let who = Operation::Open.who();
    if who.includes(charter, actor) {
        return Ok(());
    }
    let message = format!("`open` is for {}; {} is not one by this charter", who.describe(), actor.id);
    let help =
        format!("add \"governance\" to the roles of {} in the charter, or let a governance actor open it", actor.id);
    Err(Refused::new(Verdict::No, "not-allowed", format!("actor:{}", actor.id), message, help))
}

/// Refuses identifiers in the charter; answers with what the entry says of those that a person let pass.
fn refuse_identifiers(desk: &Desk, charter: &Charter, taxonomy: &Taxonomy, actor: &Actor) -> Result<String, Refused> {
    let mut texts = typed::texts_of(&Place::Charter, charter.encode().as_bytes(), None);
    texts.extend(typed::texts_of(&Place::Taxonomy, taxonomy.encode().as_bytes(), None));
    let passed = typed::refuse_identifiers(charter, taxonomy, actor, &desk.allow, &texts)?;
    let classes: Vec<&str> = passed.iter().map(ClassId::as_str).collect();
    let line = format!("{ALLOWED}{}", classes.join(", "));
    Ok(if passed.is_empty() { String::new() } else { line.trim_start().to_owned() })
}

/// A one-line summary that fits a subject line.
pub fn subject_line(text: &str) -> String {
    let line = crate::model::text::harmless(text.lines().next().unwrap_or_default().trim());
    let mut short: String = line;
    while short.len() > crate::model::commit::LONGEST_SUBJECT - 40 {
        short.pop();
    }
    short.trim_end().to_owned()
}

fn write_genesis(
    desk: &Desk,
    lock: &mut WriteLock<'_>,
    signer: &Signer,
    message: Message,
    files: &BTreeMap<String, String>,
) -> Result<Packet, Refused> {
    let blobs: Vec<_> = files.iter().map(|(path, text)| (path.clone(), Some(text.clone().into_bytes()))).collect();
    let tree: TreeId = lock.write_tree(None, &blobs)?;
    let unsigned = UnsignedCommit { tree, parent: None, time: desk.now, message };
    let signature = signer.sign(Namespace::Git, &unsigned.payload())?;
    let bytes = unsigned.signed(signature.armour().to_owned()).encode();
    let id = lock.write_commit(&bytes)?;
    let entry = SignedEntry::check(&id, &bytes, &verify_signature)?;
    let changes: Vec<Change> = files
        .iter()
        .map(|(path, text)| Change { path: path.clone(), blob: Some(text.as_bytes().into()), existed: false })
        .collect();
    let packet = history::begin(&desk.name, &entry, &changes, &verify_signature)?;
    pin(desk, &id)?;
    lock.advance(&desk.name, &Expected::Absent, &id)?;
    load::advance_anchor(desk, &packet).map_err(|error| error.though_recorded(&id))?;
    cache::write(&desk.clone_dir(), &packet, None, Keep::WhenBehind);
    Ok(packet)
}

fn pin(desk: &Desk, genesis: &CommitId) -> Result<(), Refused> {
    Ok(desk.clone_dir().write("root", format!("{genesis}\n").as_bytes())?)
}

/// The same command run again after a crash answers with the packet that is there; another charter is refused.
fn opened_before(
    desk: &Desk,
    lock: &WriteLock<'_>,
    charter: &Charter,
    taxonomy: &Taxonomy,
) -> Result<Option<Opened>, Refused> {
    let taken = desk.repo.local_head(&desk.name)?.is_some() || !desk.repo.remote_heads(&desk.name)?.is_empty();
    if !taken {
        return Ok(None);
    }
    let snapshot = load::load(desk, None, load::Replay::Full)?;
    let packet = &snapshot.packet;
    let same = snapshot.rooted
        && packet.entries == 1
        && *packet.content.charter == *charter
        && *packet.content.taxonomy == *taxonomy;
    if !same {
        let message = format!("there is a packet `{}` here already, begun at {}", desk.name, packet.genesis.short());
        let help = "choose another id, or packet status to see that one";
        return Err(Refused::new(Verdict::No, "exists", format!("packet:{}", desk.name), message, help));
    }
    lock.settle(&desk.name)?;
    load::advance_anchor(desk, packet).map_err(|error| error.though_recorded(&packet.head))?;
    let (genesis, head) = (packet.genesis.clone(), packet.head.clone());
    Ok(Some(Opened { genesis, head, warnings: charter.warnings() }))
}

/// Pins the genesis of a packet that came from elsewhere.
///
/// # Errors
/// When another genesis is pinned, or the branch here begins elsewhere.
pub fn trust(desk: &Desk, genesis: &CommitId) -> Result<Opened, Refused> {
    let subject = format!("packet:{}", desk.name);
    if let Some(pinned) = load::read_root(desk)?.filter(|pinned| pinned != genesis) {
        let file = desk.clone_dir().path().join("root");
        let message = format!("{} is pinned already as the genesis of `{}`", pinned.short(), desk.name);
        let help = format!("if that was wrong, remove {} by hand and run this again", file.display());
        return Err(Refused::new(Verdict::No, "root-mismatch", subject, message, help));
    }
    let snapshot = load::load(desk, Some(genesis), load::Replay::Full)?;
    pin(desk, genesis)?;
    Ok(Opened { genesis: genesis.clone(), head: snapshot.packet.head, warnings: Vec::new() })
}
