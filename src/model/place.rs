//! Places: what a path of a packet's tree is for. A path that is no place is refused.

use std::fmt;

use super::id::{
    ActorId, AttachmentId, FragmentId, ObjectionId, ProposalId, SectionName, SessionId, SourceName, SymbolsId,
};

/// One file of a packet's tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `charter.toml`
    Charter,
    /// `allowed_signers`
    AllowedSigners,
    /// `taxonomy.toml`
    Taxonomy,
    /// `sessions/<id>.toml`
    Session(SessionId),
    /// `fragments/<id>.toml`
    Fragment(FragmentId),
    /// `symbols/<id>.toml`
    Symbols(SymbolsId),
    /// `retention/<session>.toml`
    Retention(SessionId),
    /// `attachments/<id>.toml`
    Attachment(AttachmentId),
    /// `sources/<name>.toml`
    Source(SourceName),
    /// `sections/<name>.md`
    SectionText(SectionName),
    /// `sections/<name>.toml`
    SectionHead(SectionName),
    /// `ledger/<last two>/<id>.toml`
    Objection(ObjectionId),
    /// `findings/<fragment>.toml`
    Findings(FragmentId),
    /// `checks/<k>.toml`
    Check(u32),
    /// `proposals/<id>/proposal.toml`
    Proposal(ProposalId),
    /// `proposals/<id>/<path>`: a changed file, as it would stand.
    Proposed(ProposalId, Box<Place>),
    /// `proposals/<id>/endorsements/<actor>.sig`
    Endorsement(ProposalId, ActorId),
    /// `releases/<n>/manifest.json`
    Manifest(u32),
    /// `releases/<n>/signatures/<actor>.sig`
    Signature(u32, ActorId),
    /// `releases/<n>/approval.toml`
    Approval(u32),
    /// `releases/<n>/hold-<k>.toml`
    Hold(u32, u32),
}

impl Place {
    /// What the path is for; nothing when it is no place.
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "charter.toml" => Some(Self::Charter),
            "allowed_signers" => Some(Self::AllowedSigners),
            "taxonomy.toml" => Some(Self::Taxonomy),
            _ => path.split_once('/').and_then(|(room, rest)| in_room(room, rest)),
        }
    }

    /// Whether the file is content: what a revision changes.
    pub fn is_content(&self) -> bool {
        matches!(
            self,
            Self::Charter
                | Self::AllowedSigners
                | Self::Taxonomy
                | Self::Session(_)
                | Self::Fragment(_)
                | Self::Symbols(_)
                | Self::Retention(_)
                | Self::Attachment(_)
                | Self::Source(_)
                | Self::SectionText(_)
                | Self::SectionHead(_)
        )
    }

    /// Whether the file is policy, which only an amendment changes.
    pub fn is_policy(&self) -> bool {
        matches!(self, Self::Charter | Self::AllowedSigners | Self::Taxonomy)
    }

    /// The proposal the file is part of.
    pub fn proposal(&self) -> Option<&ProposalId> {
        match self {
            Self::Proposal(id) | Self::Proposed(id, _) | Self::Endorsement(id, _) => Some(id),
            _ => None,
        }
    }

    /// Whether the file belongs to the material that a release binds: content and record.
    pub fn is_material(&self) -> bool {
        self.is_content() || matches!(self, Self::Objection(_) | Self::Findings(_))
    }
}

fn in_room(room: &str, rest: &str) -> Option<Place> {
    let toml = |rest: &str| rest.strip_suffix(".toml").map(str::to_owned);
    Some(match room {
        "sessions" => Place::Session(toml(rest)?.parse().ok()?),
        "fragments" => Place::Fragment(toml(rest)?.parse().ok()?),
        "symbols" => Place::Symbols(toml(rest)?.parse().ok()?),
        "retention" => Place::Retention(toml(rest)?.parse().ok()?),
        "attachments" => Place::Attachment(toml(rest)?.parse().ok()?),
        "sources" => Place::Source(toml(rest)?.parse().ok()?),
        "sections" => match rest.strip_suffix(".md") {
            Some(name) => Place::SectionText(name.parse().ok()?),
            None => Place::SectionHead(toml(rest)?.parse().ok()?),
        },
        "ledger" => in_ledger(rest)?,
        "findings" => Place::Findings(toml(rest)?.parse().ok()?),
        "checks" => Place::Check(number(&toml(rest)?)?),
        "proposals" => in_proposal(rest)?,
        "releases" => in_release(rest)?,
        _ => return None,
    })
}

/// A number from 1, spelled the one way.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

fn in_ledger(rest: &str) -> Option<Place> {
    let (shard, file) = rest.split_once('/')?;
    let id: ObjectionId = file.strip_suffix(".toml")?.parse().ok()?;
    (&id.as_str()[12..] == shard).then_some(Place::Objection(id))
}

fn in_proposal(rest: &str) -> Option<Place> {
    let (id, rest) = rest.split_once('/')?;
    let id = id.parse().ok()?;
    if rest == "proposal.toml" {
        return Some(Place::Proposal(id));
    }
    Some(match rest.strip_prefix("endorsements/") {
        Some(file) => Place::Endorsement(id, file.strip_suffix(".sig")?.parse().ok()?),
        None => Place::Proposed(id, Box::new(Place::of(rest).filter(Place::is_content)?)),
    })
}

fn in_release(rest: &str) -> Option<Place> {
    let (n, rest) = rest.split_once('/')?;
    let n = number(n)?;
    Some(match rest {
        "manifest.json" => Place::Manifest(n),
        "approval.toml" => Place::Approval(n),
        _ => match rest.strip_prefix("signatures/") {
            Some(file) => Place::Signature(n, file.strip_suffix(".sig")?.parse().ok()?),
            None => Place::Hold(n, number(rest.strip_prefix("hold-")?.strip_suffix(".toml")?)?),
        },
    })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Charter => f.write_str("charter.toml"),
            Self::AllowedSigners => f.write_str("allowed_signers"),
            Self::Taxonomy => f.write_str("taxonomy.toml"),
            Self::Session(id) => write!(f, "sessions/{id}.toml"),
            Self::Fragment(id) => write!(f, "fragments/{id}.toml"),
            Self::Symbols(id) => write!(f, "symbols/{id}.toml"),
            Self::Retention(id) => write!(f, "retention/{id}.toml"),
            Self::Attachment(id) => write!(f, "attachments/{id}.toml"),
            Self::Source(name) => write!(f, "sources/{name}.toml"),
            Self::SectionText(name) => write!(f, "sections/{name}.md"),
            Self::SectionHead(name) => write!(f, "sections/{name}.toml"),
            Self::Objection(id) => write!(f, "ledger/{}/{id}.toml", &id.as_str()[12..]),
            Self::Findings(fragment) => write!(f, "findings/{fragment}.toml"),
            Self::Check(k) => write!(f, "checks/{k}.toml"),
            Self::Proposal(id) => write!(f, "proposals/{id}/proposal.toml"),
            Self::Proposed(id, place) => write!(f, "proposals/{id}/{place}"),
            Self::Endorsement(id, actor) => write!(f, "proposals/{id}/endorsements/{actor}.sig"),
            Self::Manifest(n) => write!(f, "releases/{n}/manifest.json"),
            Self::Signature(n, actor) => write!(f, "releases/{n}/signatures/{actor}.sig"),
            Self::Approval(n) => write!(f, "releases/{n}/approval.toml"),
            Self::Hold(n, k) => write!(f, "releases/{n}/hold-{k}.toml"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_one_path() {
        for path in [
            "charter.toml",
            "sessions/s1.toml",
            "sections/summary.md",
            "sections/summary.toml",
            "ledger/9f/o-01234567899f.toml",
            "findings/stack.toml",
            "proposals/p-0123456789ab/fragments/f.toml",
            "proposals/p-0123456789ab/proposal.toml",
            "proposals/p-0123456789ab/charter.toml",
            "proposals/p-0123456789ab/endorsements/owner.sig",
            "releases/1/signatures/owner.sig",
            "releases/12/hold-2.toml",
        ] {
            assert_eq!(Place::of(path).map(|p| p.to_string()).as_deref(), Some(path), "{path}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for path in [
            "readme.md",
            "sessions/S1.toml",
            "sessions/../charter.toml",
            "sessions/s1.toml/x",
            "ledger/00/o-0123456789ab.toml",
            "releases/01/manifest.json",
            "releases/0/manifest.json",
            "releases/1/hold-02.toml",
            "releases/+1/manifest.json",
            "proposals/p-0123456789ab/ledger/ab/o-0123456789ab.toml",
            "proposals/p-0123456789ab/endorsements/owner.toml",
            "checks/00.toml",
            "ledger//o-0123456789ab.toml",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
