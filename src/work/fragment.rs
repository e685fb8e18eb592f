//! `add-fragment`: an exact range of a dump, committed to with the vault's key, and what was masked in it.
//!
//! ```text
//! DUMP      a file in the vault ─ snapshot ─┐
//! FILE      its sanitized copy  ─ snapshot ─┤ one pass: commitment, digests, redaction; sanitized bytes → vault
//!                                           └ both unchanged while they were read, or nothing is staged
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choice::{Choice, Chosen, Skipped, choose};
use super::content::slug;
use super::drift::Progress;
use super::regions::layout_of;
use super::sanitized::SanitizedDump;
use super::stage::{Staging, stage};
use super::steady::{Steady, unreadable};
use super::{Desk, Refused, Verdict};
use crate::dump::hash;
use crate::dump::pair::{self, Pair, PairError};
use crate::model::canonical::Stored;
use crate::model::content::Content;
use crate::model::digest::Blake3;
use crate::model::fragment::{Disclosure, Extent, Fragment, RawCommitment, Sanitized, Sanitizer};
use crate::model::id::{ClassId, FragmentId, InvalidId, SessionId};
use crate::model::place::Place;
use crate::model::redaction::Redaction;
use crate::model::region::CaptureProfile;
use crate::model::session::{Capture, Taken};
use crate::sign::Signer;
use crate::source::{Incoming, Vault, VaultKey};

/// What a person asks to add.
#[derive(Debug, Clone)]
pub struct NewFragment {
    /// `vault:KEY`, or a path inside the vault.
    pub dump: String,
    /// The session it belongs to.
    pub session: SessionId,
    /// Which bytes.
    pub choice: Choice,
    /// The sanitized copy: as long as the dump or as the range, or a dump that holds less of the same process.
    pub sanitized: Option<PathBuf>,
    /// What masked it.
    pub sanitizer: Option<NewSanitizer>,
    /// Its name; made of the dump's when absent.
    pub id: Option<FragmentId>,
    /// Why it is here as it is.
    pub why: Option<String>,
    /// Whether it goes to the lane.
    pub disclosure: Disclosure,
}

/// What masked the bytes, as typed.
#[derive(Debug, Clone)]
pub struct NewSanitizer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its configuration, to be hashed.
    pub config: Option<PathBuf>,
    /// The classes it says it masks.
    pub claims: Vec<ClassId>,
}

/// Staged fragments.
#[derive(Debug, Clone)]
pub struct StagedFragments {
    /// What was staged; at least one.
    pub fragments: Vec<Fragment>,
    /// Regions that were left out.
    pub skipped: Vec<Skipped>,
}

/// Commits to ranges of a dump and stages them: one, or every region.
///
/// # Errors
/// When the dump is not in the vault, what was asked for is not in it or may not be included, lengths differ, a file
/// changes while it is read, or nothing is masked and no reason given. Then nothing is staged.
pub fn add_fragment(
    desk: &Desk,
    signer: &Signer,
    new: &NewFragment,
    progress: impl FnOnce(u64) -> Box<Progress<'static>>,
) -> Result<StagedFragments, Refused> {
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
    let layout = layout_of(&raw)?;
    let (chosen, skipped) = choose(&new.choice, &layout, &charter.rules, new.disclosure)?;
    let capture = Capture { source: charter.vault().name.clone(), key: capture_key, bytes: raw.bytes() };
    let sanitized = new.sanitized.as_ref().map(|file| SanitizedDump::open(&desk.here.join(file))).transpose()?;
    let dump = Dump { vault: &vault, key: &key, raw, capture, sanitized, sanitizer: sanitizer(desk, new)? };
    let progress = progress(chosen.iter().map(|c| c.range.length).sum());
    let ids = ids(new, &dump.capture, &chosen)?;
    if new.id.is_none() {
        ids.iter().try_for_each(|id| refuse_anothers_place(&content, id, &new.session, &dump.capture))?;
    }
    let made = chosen
        .iter()
        .zip(ids)
        .map(|(chosen, id)| dump.fragment(new, chosen, id, charter.rules.min_fragment, &*progress));
    let fragments = made.collect::<Result<Vec<Fragment>, Refused>>()?;
    if fragments.is_empty() {
        let message = format!("no region of {} may be taken: {} are left out", new.dump, skipped.len());
        return Err(Refused::usage(
            "--all-regions",
            message,
            "packet regions DUMP   lists them; packet show charter.toml   the rules",
        ));
    }
    let profile = layout.profile.recorded();
    stage(desk, signer, |staging| put(staging, &fragments, profile.as_ref()))?;
    Ok(StagedFragments { fragments, skipped })
}

/// A name that nobody chose takes no other evidence's place.
fn refuse_anothers_place(
    content: &Content,
    id: &FragmentId,
    session: &SessionId,
    capture: &Capture,
) -> Result<(), Refused> {
    let is_other = |fragment: &&Arc<Fragment>| fragment.session != *session || fragment.capture.key != capture.key;
    let Some(other) = content.fragments.get(id).filter(is_other) else { return Ok(()) };
    let message = format!("fragment {id} is there already, of {} in session {}", other.capture.key, other.session);
    Err(Refused::usage("--id", message, "packet add-fragment … --id NAME   gives this one a name of its own"))
}

/// What masked the bytes, its configuration by digest.
fn sanitizer(desk: &Desk, new: &NewFragment) -> Result<Option<Sanitizer>, Refused> {
    let Some(typed) = &new.sanitizer else { return Ok(None) };
    let config = |file: &PathBuf| {
        let path = desk.here.join(file);
        std::fs::read(&path).map(|bytes| Blake3::of(&bytes)).map_err(|e| unreadable(&path, &e))
    };
    let config = typed.config.as_ref().map(config).transpose()?;
    let (name, version, claims) = (typed.name.clone(), typed.version.clone(), typed.claims.clone());
    Ok(Some(Sanitizer { name, version, config, claims }))
}

/// A name for each fragment: the one given, or the dump's with the region's or the offset.
fn ids(new: &NewFragment, capture: &Capture, chosen: &[Chosen]) -> Result<Vec<FragmentId>, Refused> {
    let wrong = |e: InvalidId| Refused::usage("--id", e.to_string(), "name it with --id");
    let base = new.id.as_ref().map_or_else(|| slug(&capture.key), ToString::to_string);
    let several = new.choice == Choice::AllRegions;
    let id = |chosen: &Chosen| match &chosen.label {
        Some(_) if new.id.is_some() && !several => FragmentId::new(base.clone()),
        Some(label) => FragmentId::new(joined(&base, &slug(label))),
        None => FragmentId::new(base.clone()),
    };
    chosen.iter().map(|chosen| id(chosen).map_err(wrong)).collect()
}

/// Two names as one. What would be too long keeps its end, which sets it apart.
fn joined(base: &str, label: &str) -> String {
    let room = LONGEST_ID.saturating_sub(label.len() + 1);
    let base: String = base.chars().take(room).collect();
    format!("{}-{label}", base.trim_end_matches('-')).trim_start_matches('-').to_owned()
}

/// The longest id, in bytes.
const LONGEST_ID: usize = 63;

/// A dump in the vault, and what goes with it.
struct Dump<'v> {
    vault: &'v Vault,
    key: &'v VaultKey,
    raw: Steady,
    capture: Capture,
    sanitized: Option<SanitizedDump>,
    sanitizer: Option<Sanitizer>,
}

impl Dump<'_> {
    /// Commits to one range; its sanitized bytes are in the vault afterwards.
    fn fragment(
        &self,
        new: &NewFragment,
        chosen: &Chosen,
        id: FragmentId,
        min_fragment: u64,
        progress: &Progress<'_>,
    ) -> Result<Fragment, Refused> {
        let range = chosen.range;
        let (read, incoming) = self.read(chosen, progress)?;
        let (sanitized, redaction) = read.sanitized.unzip();
        let fragment = Fragment {
            format: 1,
            id,
            session: new.session.clone(),
            disclosure: new.disclosure,
            why: new.why.clone(),
            region: chosen.region.clone(),
            kind: chosen.kind,
            aliases: chosen.aliases.clone(),
            va: chosen.va,
            capture: self.capture.clone(),
            range: Extent { offset: range.offset, length: range.length },
            raw: RawCommitment { keyed_blake3: read.raw, key: self.key.id(), bytes: range.length },
            sanitizer: self.sanitizer.clone().filter(|_| sanitized.is_some()),
            sanitized,
            redaction,
        };
        match fragment.problem(min_fragment) {
            None => keep(incoming, &fragment).map(|()| fragment),
            Some(problem) => {
                let help =
                    "mask what must not show with --sanitized FILE, or say why nothing is masked with --why TEXT";
                let message = format!("fragment {}: {problem}", fragment.id);
                Err(Refused::usage(format!("fragment:{}", fragment.id), message, help))
            }
        }
    }

    fn read(&self, chosen: &Chosen, progress: &Progress<'_>) -> Result<(Read, Option<Incoming<'_>>), Refused> {
        let (raw, range) = (&self.raw, chosen.range);
        let Some(sanitized) = &self.sanitized else {
            let commitment = hash::keyed_blake3(&raw.file, range.offset, range.length, self.key.bytes(), progress);
            let commitment = commitment.map_err(|e| unreadable(&raw.path, &e))?;
            raw.still_holds()?;
            return Ok((Read { raw: commitment, sanitized: None }, None));
        };
        let counterpart = sanitized.counterpart(raw.bytes(), chosen)?;
        let mut incoming = self.vault.receive()?;
        let pair = pair::compare(
            (&raw.file, range.offset),
            &counterpart,
            range.length,
            self.key.bytes(),
            incoming.writer(),
            progress,
        );
        let Pair { raw: commitment, sanitized_blake3, sanitized_sha256, mut redaction } =
            pair.map_err(|e| pair_failed(&e))?;
        raw.still_holds()?;
        sanitized.still_holds()?;
        redaction.elided = counterpart.absent();
        let digests = Sanitized { blake3: sanitized_blake3, sha256: sanitized_sha256, bytes: range.length };
        Ok((Read { raw: commitment, sanitized: Some((digests, redaction)) }, Some(incoming)))
    }
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

/// What reading made of the bytes.
struct Read {
    raw: crate::model::digest::KeyedBlake3,
    sanitized: Option<(Sanitized, Redaction)>,
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

/// Stages fragments, and their capture in the session the first time.
fn put(staging: &mut Staging, fragments: &[Fragment], profile: Option<&CaptureProfile>) -> Result<(), Refused> {
    let content = staging.content()?;
    let Some(Fragment { session, capture, .. }) = fragments.first() else { return Ok(()) };
    if let Some(session) = content.sessions.get(session).filter(|s| !s.has(capture)) {
        let mut session = (**session).clone();
        session.capture.push(Taken::new(capture, profile.cloned()));
        staging.put(&Place::Session(session.id.clone()), Some(session.encode()));
    }
    for fragment in fragments {
        staging.put(&Place::Fragment(fragment.id.clone()), Some(fragment.encode()));
    }
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
