//! Staging content other than fragments: sessions, attachments, sections, retention, symbolization, removals.

use std::fs::{self, File};
use std::path::Path;

use super::stage::{Staging, stage};
use super::{Desk, Refused, Verdict};
use crate::dump::hash;
use crate::model::attachment::Attachment;
use crate::model::canonical::Stored;
use crate::model::charter::Sensitivity;
use crate::model::fragment::{Disclosure, RawCommitment};
use crate::model::id::{ActorId, AttachmentId, FragmentId, SectionName, SessionId, SymbolsId};
use crate::model::place::Place;
use crate::model::retention::{Deadline, Retention};
use crate::model::section::{LONGEST_SECTION, SectionHead, text_problem};
use crate::model::session::Session;
use crate::model::symbols::{Rung, SymbolFile, SymbolsRequest};
use crate::model::target::Target;
use crate::model::time::Time;
use crate::sign::Signer;
use crate::source::Vault;

/// Something staged: what, under which name, and what is notable about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Its target, such as `session:s1`.
    pub subject: String,
    /// Its id.
    pub id: String,
    /// What its author should know.
    pub warnings: Vec<String>,
}

fn staged(kind: &str, id: &str) -> Staged {
    Staged { subject: format!("{kind}:{id}"), id: id.to_owned(), warnings: Vec::new() }
}

/// What a person says of a crash session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// Where the process ran.
    pub environment: String,
    /// How sensitive that is.
    pub sensitivity: Sensitivity,
    /// Whether customers met it.
    pub customer_facing: bool,
    /// The crash's name elsewhere.
    pub crash_id: Option<String>,
    /// What crashed.
    pub process: Option<String>,
    /// When.
    pub captured_at: Option<Time>,
}

/// Stages a session; one that is there keeps its captures.
///
/// # Errors
/// When it does not fit together.
pub fn add_session(desk: &Desk, signer: &Signer, new: &NewSession) -> Result<Staged, Refused> {
    stage(desk, signer, |staging| {
        let capture = staging.content()?.sessions.get(&new.id).map(|s| s.capture.clone()).unwrap_or_default();
        let session = Session {
            format: 1,
            id: new.id.clone(),
            environment: new.environment.clone(),
            sensitivity: new.sensitivity,
            customer_facing: new.customer_facing,
            crash_id: new.crash_id.clone(),
            process: new.process.clone(),
            captured_at: new.captured_at,
            capture,
        };
        staging.put(&Place::Session(new.id.clone()), Some(session.encode()));
        Ok(staged("session", new.id.as_str()))
    })
}

/// Reads a section's text from a file.
///
/// # Errors
/// When it cannot be read or is no section text.
pub fn read_section(path: &Path) -> Result<String, Refused> {
    let subject = path.display().to_string();
    let unreadable =
        |e: std::io::Error| Refused::usage(&subject, format!("{subject}: {e}"), format!("ls -l '{subject}'"));
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LONGEST_SECTION as u64 {
        let message = format!("{subject} has {length} bytes; a section has at most {LONGEST_SECTION}");
        return Err(Refused::usage(&subject, message, "split it, or add it as an attachment"));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    if let Some(problem) = text_problem(&bytes) {
        let message = format!("{subject} is no section text: it is {problem}").replace("it is has", "it has");
        return Err(Refused::usage(&subject, message, "save it as UTF-8 text with LF line ends"));
    }
    Ok(String::from_utf8(bytes).expect("a section text is UTF-8"))
}

/// Stages a section's text, and its owner: the one given, else the one it has, else who stages it.
///
/// # Errors
/// When somebody else owns it, or the owner is not in the roster.
pub fn set_section(
    desk: &Desk,
    signer: &Signer,
    name: &SectionName,
    text: &str,
    owner: Option<&ActorId>,
) -> Result<Staged, Refused> {
    stage(desk, signer, |staging| {
        let content = staging.content()?;
        if let Some(id) = owner.filter(|id| content.charter.actor_by_id(id).is_none_or(|a| !a.is_human())) {
            let help = "name a human of the roster: packet show charter.toml";
            return Err(Refused::usage("--owner", format!("`{id}` is not a human of the roster"), help));
        }
        let before = content.sections.get(name).and_then(|s| s.owner().cloned());
        let own = staging.actor.is_human().then(|| staging.actor.id.clone());
        let head =
            SectionHead { format: 1, name: name.clone(), owner: owner.cloned().or_else(|| before.clone()).or(own) };
        staging.put(&Place::SectionText(name.clone()), Some(text.to_owned()));
        staging.put(&Place::SectionHead(name.clone()), Some(head.encode()));
        let mut answer = staged("section", name.as_str());
        if let Some(other) = before.filter(|other| *other != staging.actor.id) {
            answer
                .warnings
                .push(format!("section {name} belongs to {other}: you may propose this change, not commit it"));
        }
        if head.owner.is_none() {
            answer.warnings.push(format!("section {name} has no owner, which stops a release: name one with --owner"));
        }
        Ok(answer)
    })
}

/// The text of a section as it would be.
///
/// # Errors
/// When the stage cannot be read.
pub fn section_text(desk: &Desk, signer: &Signer, name: &SectionName) -> Result<String, Refused> {
    let staging = Staging::load(desk, signer)?;
    Ok(staging.text_at(&Place::SectionText(name.clone()).to_string()).unwrap_or_default())
}

/// Stages a deadline: adds it, or replaces the one of the same basis.
///
/// # Errors
/// When there is no such session.
pub fn set_retention(
    desk: &Desk,
    signer: &Signer,
    session: &SessionId,
    deadline: &Deadline,
) -> Result<Staged, Refused> {
    if deadline.basis.trim().is_empty() {
        return Err(Refused::usage("--basis", "the basis is empty", "name the rule, contract or registry entry"));
    }
    stage(desk, signer, |staging| {
        let content = staging.content()?;
        need(content.sessions.contains_key(session), "session", session.as_str())?;
        let mut retention =
            content.retention.get(session).map_or_else(|| Retention::new(session.clone()), |r| (**r).clone());
        retention.set(deadline.clone());
        staging.put(&Place::Retention(session.clone()), Some(retention.encode()));
        let mut answer = staged("retention", session.as_str());
        if retention.conflicts() {
            answer.warnings.push(format!("session {session} has different deadlines now, which stops a release"));
        }
        if deadline.at <= desk.now {
            answer.warnings.push(format!("{} has passed, which stops a release", deadline.at));
        }
        Ok(answer)
    })
}

fn need(there: bool, kind: &str, id: &str) -> Result<(), Refused> {
    if there {
        return Ok(());
    }
    let message = format!("there is no {kind} `{id}`, committed or staged by you");
    Err(Refused::usage(format!("{kind}:{id}"), message, "packet status   shows what there is"))
}

/// What a person asks of symbolization.
#[derive(Debug, Clone)]
pub struct NewSymbols {
    /// Its name; the module's when absent.
    pub id: Option<SymbolsId>,
    /// The module.
    pub module: String,
    /// Which build of it.
    pub code_id: String,
    /// Its debug identifier.
    pub debug_id: Option<String>,
    /// How much to show.
    pub rung: Rung,
    /// How many frames.
    pub frames: Option<u32>,
    /// Which thread.
    pub thread: Option<u64>,
    /// The symbols it is to be made with.
    pub file: Option<std::path::PathBuf>,
    /// Why.
    pub why: Option<String>,
}

/// A staged request, and how it goes beyond the boundary.
#[derive(Debug, Clone)]
pub struct StagedSymbols {
    /// What was staged.
    pub staged: Staged,
    /// How it exceeds, if it does.
    pub exceeds: Option<String>,
}

/// Stages a symbolization request. One beyond the boundary is staged too, marked, and stops a draft.
///
/// # Errors
/// When the file cannot be read, or the request does not hold.
pub fn add_symbols(desk: &Desk, signer: &Signer, new: &NewSymbols) -> Result<StagedSymbols, Refused> {
    let file = new.file.as_deref().map(|path| symbol_file(&desk.here.join(path))).transpose()?;
    let id = match &new.id {
        Some(id) => id.clone(),
        None => {
            SymbolsId::new(slug(&new.module)).map_err(|e| Refused::usage("--id", e.to_string(), "name it with --id"))?
        }
    };
    let request = SymbolsRequest {
        format: 1,
        id: id.clone(),
        module: new.module.clone(),
        code_id: new.code_id.to_ascii_lowercase(),
        debug_id: new.debug_id.as_ref().map(|d| d.to_ascii_lowercase()),
        rung: new.rung,
        frames: new.frames,
        thread: new.thread,
        why: new.why.clone(),
        file,
    };
    if let Some(problem) = request.problem() {
        return Err(Refused::usage("--code-id", problem, "packet add-symbols --help"));
    }
    stage(desk, signer, |staging| {
        let exceeds = request.exceeds(&staging.packet().content.charter.rules.boundary);
        staging.put(&Place::Symbols(id.clone()), Some(request.encode()));
        let mut answer = staged("symbols", id.as_str());
        answer.warnings.extend(exceeds.iter().map(|e| format!("beyond the boundary, which stops a release: {e}")));
        Ok(StagedSymbols { staged: answer, exceeds })
    })
}

/// A name made of a file's or module's name, as far as the grammar of ids allows.
pub fn slug(name: &str) -> String {
    let name = Path::new(name).file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let kept = name.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' });
    kept.collect::<String>().trim_matches('-').chars().take(63).collect()
}

fn symbol_file(path: &Path) -> Result<SymbolFile, Refused> {
    let subject = path.display().to_string();
    let unreadable =
        |e: std::io::Error| Refused::usage(&subject, format!("{subject}: {e}"), format!("ls -l '{subject}'"));
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let digests = hash::plain(&file, 0, bytes, &|_| ()).map_err(unreadable)?;
    Ok(SymbolFile { blake3: digests.blake3, sha256: digests.sha256, bytes })
}

/// What a person says of an attachment.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    /// The file.
    pub file: std::path::PathBuf,
    /// The session it belongs to.
    pub session: SessionId,
    /// Its name; the file's when absent.
    pub id: Option<AttachmentId>,
    /// What it is.
    pub title: Option<String>,
    /// The fragments it was made from.
    pub from: Vec<FragmentId>,
    /// The tool that made it.
    pub tool: Option<String>,
    /// Whether it goes to the lane.
    pub disclosure: Disclosure,
}

/// A staged attachment and its commitment.
#[derive(Debug, Clone)]
pub struct StagedAttachment {
    /// What was staged.
    pub staged: Staged,
    /// Its commitment.
    pub raw: RawCommitment,
}

/// Stages an attachment: a keyed commitment, never its bytes.
///
/// # Errors
/// When it cannot be read, changes while it is read, or its session or fragments are not there.
pub fn add_attachment(desk: &Desk, signer: &Signer, new: &NewAttachment) -> Result<StagedAttachment, Refused> {
    let charter = Staging::load(desk, signer)?.snapshot.packet.content.charter;
    let key = Vault::open(&charter.vault().url)?.read_key()?;
    let path = desk.here.join(&new.file);
    let raw = super::fragment::commit_file(&path, &key)?;
    let id = match &new.id {
        Some(id) => id.clone(),
        None => AttachmentId::new(slug(&path.to_string_lossy()))
            .map_err(|e| Refused::usage("--id", e.to_string(), "name it with --id"))?,
    };
    stage(desk, signer, |staging| {
        let content = staging.content()?;
        need(content.sessions.contains_key(&new.session), "session", new.session.as_str())?;
        for fragment in &new.from {
            need(content.fragments.contains_key(fragment), "fragment", fragment.as_str())?;
        }
        let attachment = Attachment {
            format: 1,
            id: id.clone(),
            session: new.session.clone(),
            title: new.title.clone(),
            tool: new.tool.clone(),
            from: new.from.clone(),
            disclosure: new.disclosure,
            raw: raw.clone(),
        };
        staging.put(&Place::Attachment(id.clone()), Some(attachment.encode()));
        Ok(StagedAttachment { staged: staged("attachment", id.as_str()), raw: raw.clone() })
    })
}

/// Stages a removal. Objections about what is removed stay.
///
/// # Errors
/// When there is no such thing, or something that stays rests on it.
pub fn remove(desk: &Desk, signer: &Signer, target: &Target, why: &str) -> Result<Staged, Refused> {
    if why.trim().is_empty() {
        return Err(Refused::usage("--why", "the reason is empty", "say in one line why it goes"));
    }
    stage(desk, signer, |staging| {
        let id = target.to_string();
        let line = format!("{target}: {}", super::open::subject_line(why));
        let is_staged = staging.stage.removed.contains(&line);
        match places_of(staging, target) {
            Ok(places) => places.iter().for_each(|place| staging.put(place, None)),
            // The same command ran before, and was perhaps killed before it could say so.
            Err(_) if is_staged => {}
            Err(refused) => return Err(refused),
        }
        if !is_staged {
            staging.stage.removed.push(line);
        }
        Ok(Staged { subject: id.clone(), id, warnings: Vec::new() })
    })
}

/// The files of a target that can be removed; those that are there.
fn places_of(staging: &Staging, target: &Target) -> Result<Vec<Place>, Refused> {
    let content = staging.content()?;
    let places = match target {
        Target::Session(id) => {
            let mut places = vec![Place::Session(id.clone()), Place::Retention(id.clone())];
            let fragments = content.fragments.values().filter(|f| f.session == *id);
            places.extend(fragments.map(|f| Place::Fragment(f.id.clone())));
            let attachments = content.attachments.values().filter(|a| a.session == *id);
            places.extend(attachments.map(|a| Place::Attachment(a.id.clone())));
            places
        }
        Target::Fragment(id, None) => vec![Place::Fragment(id.clone())],
        Target::Attachment(id) => vec![Place::Attachment(id.clone())],
        Target::Symbols(id) => vec![Place::Symbols(id.clone())],
        Target::Retention(id) => vec![Place::Retention(id.clone())],
        Target::Section(name) => vec![Place::SectionText(name.clone()), Place::SectionHead(name.clone())],
        _ => {
            let help = "use session:ID, fragment:ID, attachment:ID, symbols:ID, retention:SESSION or section:NAME";
            return Err(Refused::usage(target.to_string(), format!("`{target}` cannot be removed"), help));
        }
    };
    let there: Vec<Place> = places.into_iter().filter(|p| staging.text_at(&p.to_string()).is_some()).collect();
    match there.is_empty() {
        false => Ok(there),
        true => {
            let message = format!("there is no {target}, committed or staged by you");
            Err(Refused::new(
                Verdict::Usage,
                "usage",
                target.to_string(),
                message,
                "packet status   shows what there is",
            ))
        }
    }
}
