//! Content: what a revision is made of, as typed values that fit together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::canonical::Stored;
use super::charter::{Charter, SourceKind};
use super::id::{AttachmentId, FragmentId, SectionName, SessionId, SourceName, SymbolsId};
use super::place::Place;
use super::roster::allowed_signers;
use super::section::{SectionHead, text_problem};
use super::source::SourcePin;
use super::surroundings::Surroundings;
use super::taxonomy::Taxonomy;
use super::{
    attachment::Attachment, fragment::Disclosure, fragment::Fragment, retention::Retention, session::Session,
    symbols::SymbolsRequest,
};

/// A section: whose it is, and whether its text is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// The owner file.
    pub head: Option<Arc<SectionHead>>,
    /// Whether the text file is there.
    pub has_text: bool,
}

impl Section {
    /// Who owns it, if anybody.
    pub fn owner(&self) -> Option<&super::id::ActorId> {
        self.head.as_ref().and_then(|head| head.owner.as_ref())
    }
}

/// All content of a packet. Cheap to clone: values are shared until they change.
#[derive(Debug, Clone)]
pub struct Content {
    /// Who may do what.
    pub charter: Arc<Charter>,
    /// Identifier classes.
    pub taxonomy: Arc<Taxonomy>,
    /// Crash sessions.
    pub sessions: BTreeMap<SessionId, Arc<Session>>,
    /// Fragments of captures.
    pub fragments: BTreeMap<FragmentId, Arc<Fragment>>,
    /// Symbolization requests.
    pub symbols: BTreeMap<SymbolsId, Arc<SymbolsRequest>>,
    /// Deadlines by session.
    pub retention: BTreeMap<SessionId, Arc<Retention>>,
    /// Attachments.
    pub attachments: BTreeMap<AttachmentId, Arc<Attachment>>,
    /// What is pinned of sources.
    pub sources: BTreeMap<SourceName, Arc<SourcePin>>,
    /// Prose.
    pub sections: BTreeMap<SectionName, Section>,
    roster_given: bool,
}

/// Decodes a stored file, or takes it away; `id` must be the one its path names.
fn set<K: Ord + Clone, T: Stored>(
    map: &mut BTreeMap<K, Arc<T>>,
    key: &K,
    bytes: Option<&[u8]>,
    own: impl Fn(&T) -> (u32, &K),
) -> Result<(), String> {
    let Some(bytes) = bytes else {
        map.remove(key);
        return Ok(());
    };
    let value = T::decode(bytes).map_err(|e| e.to_string())?;
    let (format, id) = own(&value);
    if format != 1 {
        return Err(format!("format {format} is not known"));
    }
    if id != key {
        return Err("the file is not called after its id".to_owned());
    }
    map.insert(key.clone(), Arc::new(value));
    Ok(())
}

impl Content {
    /// The content of a packet that has nothing but its charter.
    pub fn new(charter: Charter) -> Self {
        Self {
            charter: Arc::new(charter),
            taxonomy: Arc::new(Taxonomy::default()),
            sessions: BTreeMap::new(),
            fragments: BTreeMap::new(),
            symbols: BTreeMap::new(),
            retention: BTreeMap::new(),
            attachments: BTreeMap::new(),
            sources: BTreeMap::new(),
            sections: BTreeMap::new(),
            roster_given: false,
        }
    }

    /// Puts a file in its place, or takes it away.
    ///
    /// # Errors
    /// What is wrong with the file by itself. Whether everything fits together is [`Content::problem`]'s to say.
    pub fn put(&mut self, place: &Place, bytes: Option<&[u8]>) -> Result<(), String> {
        match place {
            Place::Charter | Place::AllowedSigners | Place::Taxonomy => self.put_policy(place, bytes),
            Place::Session(id) => set(&mut self.sessions, id, bytes, |v| (v.format, &v.id)),
            Place::Fragment(id) => set(&mut self.fragments, id, bytes, |v| (v.format, &v.id)),
            Place::Symbols(id) => set(&mut self.symbols, id, bytes, |v| (v.format, &v.id)),
            Place::Retention(id) => set(&mut self.retention, id, bytes, |v| (v.format, &v.session)),
            Place::Attachment(id) => set(&mut self.attachments, id, bytes, |v| (v.format, &v.id)),
            Place::Source(name) => set(&mut self.sources, name, bytes, |v| (v.format, &v.name)),
            Place::SectionText(name) => self.put_section_text(name, bytes),
            Place::SectionHead(name) => self.put_section_head(name, bytes),
            _ => Err("not content".to_owned()),
        }
    }

    fn put_policy(&mut self, place: &Place, bytes: Option<&[u8]>) -> Result<(), String> {
        let bytes = bytes.ok_or("it may not be removed")?;
        match place {
            Place::Charter => {
                let charter = Charter::decode(bytes).map_err(|e| e.to_string())?;
                self.roster_given &= allowed_signers(&self.charter) == allowed_signers(&charter);
                self.charter = Arc::new(charter);
            }
            Place::Taxonomy => self.taxonomy = Arc::new(Taxonomy::decode(bytes).map_err(|e| e.to_string())?),
            _ => {
                // Derived, never chosen: any other roster would let stock git accept whom the charter does not name.
                if bytes != allowed_signers(&self.charter).as_bytes() {
                    return Err("it is not the roster that follows from the charter".to_owned());
                }
                self.roster_given = true;
            }
        }
        Ok(())
    }

    fn put_section_text(&mut self, name: &SectionName, bytes: Option<&[u8]>) -> Result<(), String> {
        if let Some(problem) = bytes.and_then(text_problem) {
            return Err(problem);
        }
        self.sections.entry(name.clone()).or_default().has_text = bytes.is_some();
        self.drop_empty_section(name);
        Ok(())
    }

    fn put_section_head(&mut self, name: &SectionName, bytes: Option<&[u8]>) -> Result<(), String> {
        let mut heads = BTreeMap::new();
        set(&mut heads, name, bytes, |v: &SectionHead| (v.format, &v.name))?;
        self.sections.entry(name.clone()).or_default().head = heads.remove(name);
        self.drop_empty_section(name);
        Ok(())
    }

    fn drop_empty_section(&mut self, name: &SectionName) {
        if self.sections.get(name) == Some(&Section::default()) {
            self.sections.remove(name);
        }
    }

    /// The fragments that go to the lane.
    pub fn included(&self) -> impl Iterator<Item = &Fragment> {
        self.fragments.values().map(AsRef::as_ref).filter(|f| f.disclosure == Disclosure::Included)
    }

    /// What lies around each fragment.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings::of(self.fragments.values().map(AsRef::as_ref))
    }

    /// What does not fit together, if anything.
    pub fn problem(&self) -> Option<String> {
        if !self.roster_given {
            return Some("allowed_signers is missing, or not the roster that follows from the charter".to_owned());
        }
        self.fragment_problem()
            .or_else(|| self.attachment_problem())
            .or_else(|| self.retention_problem())
            .or_else(|| self.source_problem())
            .or_else(|| self.section_problem())
            .or_else(|| self.symbols.values().find_map(|s| s.problem().map(|p| format!("symbols {}: {p}", s.id))))
    }

    /// The id of the vault's key, which every commitment must name.
    pub fn vault_key(&self) -> Option<&super::id::KeyId> {
        self.sources.get(&self.charter.vault().name).and_then(|pin| pin.key.as_ref())
    }

    fn fragment_problem(&self) -> Option<String> {
        self.fragments.values().find_map(|fragment| {
            let problem = match self.sessions.get(&fragment.session) {
                None => Some(format!("there is no session `{}`", fragment.session)),
                Some(session) if !session.has(&fragment.capture) => {
                    Some(format!("session `{}` has no such capture", fragment.session))
                }
                Some(_) if Some(&fragment.raw.key) != self.vault_key() => {
                    Some("it commits with another key than the vault's".to_owned())
                }
                Some(_) => fragment.problem(self.charter.rules.min_fragment),
            };
            problem.map(|p| format!("fragment {}: {p}", fragment.id))
        })
    }

    fn attachment_problem(&self) -> Option<String> {
        self.attachments.values().find_map(|attachment| {
            let missing = attachment.from.iter().find(|id| !self.fragments.contains_key(*id));
            let problem = if !self.sessions.contains_key(&attachment.session) {
                Some(format!("there is no session `{}`", attachment.session))
            } else if Some(&attachment.raw.key) != self.vault_key() {
                Some("it commits with another key than the vault's".to_owned())
            } else {
                missing.map(|id| format!("there is no fragment `{id}`"))
            };
            problem.map(|p| format!("attachment {}: {p}", attachment.id))
        })
    }

    fn retention_problem(&self) -> Option<String> {
        self.retention.values().find_map(|retention| {
            let missing = !self.sessions.contains_key(&retention.session);
            let problem = if missing { Some("there is no such session".to_owned()) } else { retention.problem() };
            problem.map(|p| format!("retention of {}: {p}", retention.session))
        })
    }

    fn source_problem(&self) -> Option<String> {
        let vault = self.charter.vault();
        if self.sources.get(&vault.name).is_none_or(|pin| pin.kind != SourceKind::Evidence || pin.key.is_none()) {
            return Some(format!("sources/{}.toml does not name the vault's key", vault.name));
        }
        let unknown =
            |pin: &&Arc<SourcePin>| !self.charter.source.iter().any(|s| s.name == pin.name && s.kind == pin.kind);
        self.sources.values().find(unknown).map(|pin| format!("source {} is not in the charter", pin.name))
    }

    fn section_problem(&self) -> Option<String> {
        self.sections.iter().find_map(|(name, section)| match (&section.head, section.has_text) {
            (None, _) => Some(format!("section {name} has no owner file")),
            (_, false) => Some(format!("section {name} has no text")),
            _ => None,
        })
    }
}
