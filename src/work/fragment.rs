//! `add-fragment`: an exact range of a dump, committed to with the vault's key, and what was masked in it.
//!
//! ```text
//! DUMP      a file in the vault ─ snapshot ─┐
//! FILE      its sanitized copy  ─ snapshot ─┤ one pass: commitment, digests, redaction; sanitized bytes → vault
//!                                           └ both unchanged while they were read, or nothing is staged
//! ```

use std::path::{Path, PathBuf};

use super::content::slug;
use super::drift::Progress;
use super::stage::{Staging, stage};
use super::steady::{Steady, unreadable};
use super::{Desk, Refused, Verdict};
use crate::dump::hash;
use crate::dump::pair::{self, Pair, PairError};
use crate::model::canonical::Stored;
use crate::model::fragment::{Disclosure, Extent, Fragment, RawCommitment, Sanitized};
use crate::model::id::{FragmentId, SessionId};
use crate::model::place::Place;
use crate::model::range::ByteRange;
use crate::model::redaction::Redaction;
use crate::model::session::Capture;
use crate::sign::Signer;
use crate::source::{Incoming, Vault, VaultKey};

/// What a person asks to add.
#[derive(Debug, Clone)]
pub struct NewFragment {
    /// `vault:KEY`, or a path inside the vault.
    pub dump: String,
    /// The session it belongs to.
    pub session: SessionId,
    /// Which bytes; all when absent.
    pub range: Option<ByteRange>,
    /// The sanitized copy: as long as the dump or as the range.
    pub sanitized: Option<PathBuf>,
    /// Its name; the dump's when absent.
    pub id: Option<FragmentId>,
    /// Why it is here as it is.
    pub why: Option<String>,
    /// Whether it goes to the lane.
    pub disclosure: Disclosure,
}

/// A staged fragment.
#[derive(Debug, Clone)]
pub struct StagedFragment {
    /// What was staged.
    pub fragment: Fragment,
}

/// Commits to a range of a dump and stages it.
///
/// # Errors
/// When the dump is not in the vault, lengths differ, a file changes while it is read, the range is too short, or
/// nothing is masked and no reason given. Then nothing is staged.
pub fn add_fragment(
    desk: &Desk,
    signer: &Signer,
    new: &NewFragment,
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<StagedFragment, Refused> {
    let staging = Staging::load(desk, signer)?;
    let charter = staging.snapshot.packet.content.charter.clone();
    let content = staging.content()?;
    if !content.sessions.contains_key(&new.session) {
        let message = format!("there is no session `{}`, committed or staged by you", new.session);
        let help = format!("packet add-session {} --environment NAME --sensitivity LEVEL", new.session);
        return Err(Refused::usage(format!("session:{}", new.session), message, help));
    }
    refuse_unsanitized(new)?;
    let vault = Vault::open(&charter.vault().url)?;
    let key = vault.read_key()?;
    refuse_other_key(&key, content.vault_key())?;
    let capture_key = vault.locate(&new.dump, &desk.here)?;
    let (file, path) = vault.open_capture(&capture_key)?;
    let raw = Steady::of(file, path)?;
    let range = range_of(new, raw.bytes(), charter.rules.min_fragment)?;
    let progress = progress(range.length);
    let (read, incoming) = read(desk, &vault, &key, &raw, range, new, &*progress)?;
    let capture = Capture { source: charter.vault().name.clone(), key: capture_key, bytes: raw.bytes() };
    let fragment = fragment_of(new, capture, range, &key, read)?;
    if let Some(problem) = fragment.problem(charter.rules.min_fragment) {
        let help = "mask what must not show with --sanitized FILE, or say why nothing is masked with --why TEXT";
        return Err(Refused::usage(
            format!("fragment:{}", fragment.id),
            format!("fragment {}: {problem}", fragment.id),
            help,
        ));
    }
    keep(incoming, &fragment)?;
    stage(desk, signer, |staging| put(staging, &fragment))?;
    Ok(StagedFragment { fragment })
}

/// Bytes of a fragment that is refused do not stay: it may be refused because nothing in them is masked.
fn keep(incoming: Option<Incoming<'_>>, fragment: &Fragment) -> Result<(), Refused> {
    match (incoming, &fragment.sanitized) {
        (Some(incoming), Some(sanitized)) => Ok(incoming.keep(&sanitized.blake3, sanitized.bytes)?),
        _ => Ok(()),
    }
}

fn refuse_unsanitized(new: &NewFragment) -> Result<(), Refused> {
    if new.sanitized.is_none() && new.disclosure == Disclosure::Included {
        let message = "a fragment that goes to the lane needs its sanitized bytes";
        let help = "add --sanitized FILE, or --annex to keep it in the vault";
        return Err(Refused::usage("--sanitized", message, help));
    }
    Ok(())
}

fn refuse_other_key(key: &VaultKey, pinned: Option<&crate::model::id::KeyId>) -> Result<(), Refused> {
    if pinned == Some(&key.id()) {
        return Ok(());
    }
    let pinned = pinned.map_or("none", |k| k.as_str());
    let message = format!("the vault has key {}, the packet's commitments are made with {pinned}", key.id());
    Err(Refused::new(
        Verdict::No,
        "source-drifted",
        "key:vault",
        message,
        "restore the vault's .packet/key from its backup",
    ))
}

fn range_of(new: &NewFragment, bytes: u64, min_fragment: u64) -> Result<ByteRange, Refused> {
    let range = new.range.unwrap_or(ByteRange { offset: 0, length: bytes });
    let help = "packet add-fragment … --range OFFSET+LENGTH   in bytes, decimal or 0x hex";
    if range.offset.checked_add(range.length).is_none_or(|end| end > bytes) {
        let message = format!("range {range} does not lie in {} of {bytes} bytes", new.dump);
        return Err(Refused::usage("--range", message, help));
    }
    if range.length < min_fragment || range.length == 0 {
        let message = format!("{} bytes are fewer than the charter's min_fragment, {min_fragment}", range.length);
        return Err(Refused::usage("--range", message, help));
    }
    Ok(range)
}

/// What reading made of the bytes.
struct Read {
    raw: crate::model::digest::KeyedBlake3,
    sanitized: Option<(Sanitized, Redaction)>,
}

fn read<'v>(
    desk: &Desk,
    vault: &'v Vault,
    key: &VaultKey,
    raw: &Steady,
    range: ByteRange,
    new: &NewFragment,
    progress: &Progress<'_>,
) -> Result<(Read, Option<Incoming<'v>>), Refused> {
    let Some(file) = &new.sanitized else {
        let commitment = hash::keyed_blake3(&raw.file, range.offset, range.length, key.bytes(), progress);
        let commitment = commitment.map_err(|e| unreadable(&raw.path, &e))?;
        raw.still_holds()?;
        return Ok((Read { raw: commitment, sanitized: None }, None));
    };
    let sanitized = Steady::open(&desk.here.join(file))?;
    let offset = sanitized_offset(raw, range, &sanitized)?;
    let mut incoming = vault.receive()?;
    let pair = pair::compare(
        (&raw.file, range.offset),
        (&sanitized.file, offset),
        range.length,
        key.bytes(),
        incoming.writer(),
        progress,
    );
    let Pair { raw: commitment, sanitized_blake3, sanitized_sha256, redaction } = pair.map_err(|e| pair_failed(&e))?;
    raw.still_holds()?;
    sanitized.still_holds()?;
    let digests = Sanitized { blake3: sanitized_blake3, sha256: sanitized_sha256, bytes: range.length };
    Ok((Read { raw: commitment, sanitized: Some((digests, redaction)) }, Some(incoming)))
}

/// Where the range begins in the sanitized file: as in the dump when both are equally long, else at its start.
fn sanitized_offset(raw: &Steady, range: ByteRange, sanitized: &Steady) -> Result<u64, Refused> {
    match sanitized.bytes() {
        bytes if bytes == raw.bytes() => Ok(range.offset),
        bytes if bytes == range.length => Ok(0),
        bytes => {
            let name = sanitized.path.display();
            let message =
                format!("{name} is {bytes} bytes long; the dump has {}, the range {}", raw.bytes(), range.length);
            let help = "mask bytes in place, so that none is added or taken away";
            Err(Refused::usage("--sanitized", message, help))
        }
    }
}

fn pair_failed(error: &PairError) -> Refused {
    let help = miette::Diagnostic::help(error).map(|h| h.to_string()).unwrap_or_default();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    match error {
        PairError::TooMany(_) => Refused::usage("--sanitized", message, help),
        _ => Refused::new(Verdict::Undecided, "unreadable", "add-fragment", message, help),
    }
}

fn fragment_of(
    new: &NewFragment,
    capture: Capture,
    range: ByteRange,
    key: &VaultKey,
    read: Read,
) -> Result<Fragment, Refused> {
    let id = match &new.id {
        Some(id) => id.clone(),
        None => {
            let name = slug(&capture.key);
            let name = if new.range.is_some() { format!("{name}-{}", range.offset) } else { name };
            FragmentId::new(name).map_err(|e| Refused::usage("--id", e.to_string(), "name it with --id"))?
        }
    };
    let (sanitized, redaction) = read.sanitized.unzip();
    Ok(Fragment {
        format: 1,
        id,
        session: new.session.clone(),
        disclosure: new.disclosure,
        why: new.why.clone(),
        region: None,
        aliases: Vec::new(),
        va: None,
        capture,
        range: Extent { offset: range.offset, length: range.length },
        raw: RawCommitment { keyed_blake3: read.raw, key: key.id(), bytes: range.length },
        sanitized,
        sanitizer: None,
        redaction,
    })
}

/// Stages the fragment, and its capture in the session the first time.
fn put(staging: &mut Staging, fragment: &Fragment) -> Result<(), Refused> {
    let content = staging.content()?;
    if let Some(session) = content.sessions.get(&fragment.session).filter(|s| !s.capture.contains(&fragment.capture)) {
        let mut session = (**session).clone();
        session.capture.push(fragment.capture.clone());
        staging.put(&Place::Session(session.id.clone()), Some(session.encode()));
    }
    staging.put(&Place::Fragment(fragment.id.clone()), Some(fragment.encode()));
    Ok(())
}

/// The commitment to a whole file: an attachment's.
///
/// # Errors
/// When it cannot be read, or changes while it is.
pub fn commit_file(path: &Path, key: &VaultKey) -> Result<RawCommitment, Refused> {
    let file = Steady::open(path)?;
    let commitment = hash::keyed_blake3(&file.file, 0, file.bytes(), key.bytes(), &|_| ());
    let keyed_blake3 = commitment.map_err(|e| unreadable(path, &e))?;
    file.still_holds()?;
    Ok(RawCommitment { keyed_blake3, key: key.id(), bytes: file.bytes() })
}
