//! Entries as git commits: one exact form, read strictly from raw bytes.
//!
//! git and gix read odd commits differently (two `gpgsig` headers, two `tree` lines: F11), so nothing here trusts
//! either: [`Commit::parse`] knows one form and re-encodes what it read; other bytes are refused.

use thiserror::Error;

use super::id::{ActorId, CommitId, StageToken, TreeId};
use super::kinds::Named;
use super::operation::Operation;
use super::text::is_plain;
use super::time::Time;

/// Bytes that are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotAnEntry(pub String);

fn not(why: impl Into<String>) -> NotAnEntry {
    NotAnEntry(why.into())
}

/// The longest subject line, in bytes.
pub const LONGEST_SUBJECT: usize = 240;

/// What an entry says beside its tree: the commit message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The operation.
    pub operation: Operation,
    /// One line.
    pub subject: String,
    /// More, possibly none.
    pub body: String,
    /// Who; the owner of the signing key.
    pub actor: ActorId,
    /// The number of the packet's revision after this entry.
    pub revision: u32,
    /// Which stage it sealed.
    pub stage: Option<StageToken>,
}

impl Message {
    /// What is wrong with the words, if anything.
    pub fn problem(&self) -> Option<String> {
        if self.subject.is_empty() || self.subject.len() > LONGEST_SUBJECT {
            return Some(format!(
                "the first line has {} bytes; 1 to {LONGEST_SUBJECT} are allowed",
                self.subject.len()
            ));
        }
        if self.subject.trim() != self.subject || self.body.trim_matches('\n') != self.body {
            return Some("the message starts or ends with blanks".to_owned());
        }
        if !self.subject.chars().all(is_plain) || !self.body.chars().all(|c| c == '\n' || is_plain(c)) {
            return Some("the message has control or format characters".to_owned());
        }
        let poses = |line: &str| line.starts_with("Packet-");
        (self.body.lines().any(poses)).then(|| "a line of the message starts with `Packet-`, as trailers do".to_owned())
    }

    fn encode(&self) -> String {
        let mut text = format!("{}: {}\n\n", self.operation, self.subject);
        if !self.body.is_empty() {
            text.push_str(&format!("{}\n\n", self.body));
        }
        text.push_str(&format!("Packet-Operation: {}\nPacket-Actor: {}\n", self.operation, self.actor));
        text.push_str(&format!("Packet-Revision: {}\n", self.revision));
        if let Some(token) = &self.stage {
            text.push_str(&format!("Packet-Stage: {token}\n"));
        }
        text
    }

    fn parse(text: &str) -> Result<Self, NotAnEntry> {
        let (words, trailers) = text.rsplit_once("\n\n").ok_or_else(|| not("no trailers"))?;
        let (first, body) = words.split_once("\n\n").unwrap_or((words, ""));
        let (operation, subject) = first.split_once(": ").ok_or_else(|| not("the first line names no operation"))?;
        let mut lines = trailers.lines();
        let mut trailer =
            |name: &str| lines.next().and_then(|l| l.strip_prefix(name)).and_then(|l| l.strip_prefix(": "));
        let named = trailer("Packet-Operation").ok_or_else(|| not("no trailer Packet-Operation"))?;
        let actor = trailer("Packet-Actor").ok_or_else(|| not("no trailer Packet-Actor"))?;
        let revision = trailer("Packet-Revision").ok_or_else(|| not("no trailer Packet-Revision"))?;
        let stage = trailer("Packet-Stage")
            .map(str::parse)
            .transpose()
            .map_err(|e: super::id::InvalidId| not(e.to_string()))?;
        if named != operation {
            return Err(not(format!("the first line says `{operation}`, the trailer `{named}`")));
        }
        Ok(Self {
            operation: Operation::named(operation).ok_or_else(|| not(format!("`{operation}` is no operation")))?,
            subject: subject.to_owned(),
            body: body.to_owned(),
            actor: actor.parse().map_err(|e: super::id::InvalidId| not(e.to_string()))?,
            revision: revision.parse().map_err(|_| not(format!("`{revision}` is no revision number")))?,
            stage,
        })
    }
}

/// A commit before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedCommit {
    /// The whole packet after this entry.
    pub tree: TreeId,
    /// The entry before; none for the genesis.
    pub parent: Option<CommitId>,
    /// Author time and committer time.
    pub time: Time,
    /// What was done.
    pub message: Message,
}

impl UnsignedCommit {
    /// The bytes that are signed in namespace `git`: the commit without its signature header.
    pub fn payload(&self) -> Vec<u8> {
        let mut text = self.headers();
        text.push('\n');
        text.push_str(&self.message.encode());
        text.into_bytes()
    }

    fn headers(&self) -> String {
        let mut text = format!("tree {}\n", self.tree);
        if let Some(parent) = &self.parent {
            text.push_str(&format!("parent {parent}\n"));
        }
        let actor = &self.message.actor;
        let ident = format!("{actor} <{actor}@packet.invalid> {} +0000", self.time.seconds());
        text.push_str(&format!("author {ident}\ncommitter {ident}\n"));
        text
    }

    /// The commit object's bytes with the signature header that the repository's format wants: `gpgsig` in SHA-1,
    /// `gpgsig-sha256` in SHA-256, where `git verify-commit` ignores the plain one.
    pub fn signed(self, armour: String) -> Commit {
        Commit { unsigned: self, armour }
    }
}

/// One entry as it lies in git: signed, in form. Whether the signature holds is decided elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// What is signed.
    pub unsigned: UnsignedCommit,
    /// The signature block, as in the header but without its indentation.
    pub armour: String,
}

impl Commit {
    /// The commit object's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = self.unsigned.headers();
        text.push_str(header_name(&self.unsigned.tree));
        for line in self.armour.lines() {
            text.push_str(&format!(" {line}\n"));
        }
        text.push('\n');
        text.push_str(&self.unsigned.message.encode());
        text.into_bytes()
    }

    /// Reads the one form of an entry.
    ///
    /// # Errors
    /// For any other bytes: more or fewer parents, other or doubled headers, another ident, a second signature, a
    /// message without exactly its trailers.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAnEntry> {
        let text = std::str::from_utf8(bytes).map_err(|_| not("not UTF-8"))?;
        let (head, message) = text.split_once("\n\n").ok_or_else(|| not("no message"))?;
        let mut lines = head.split('\n').peekable();
        let tree: TreeId = header(lines.next(), "tree ")?.parse().map_err(|_| not("no tree"))?;
        let parent = match lines.peek().and_then(|line| line.strip_prefix("parent ")) {
            Some(id) => Some(id.parse().map_err(|_| not("an odd parent"))?),
            None => None,
        };
        if parent.is_some() {
            lines.next();
        }
        let time = ident_time(header(lines.next(), "author ")?)?;
        header(lines.next(), "committer ")?;
        let mut armour = header(lines.next(), header_name(&tree))?.strip_prefix(' ').unwrap_or_default().to_owned();
        for line in lines {
            armour.push('\n');
            armour.push_str(header(Some(line), " ")?);
        }
        armour.push('\n');
        let commit = UnsignedCommit { tree, parent, time, message: Message::parse(message)? }.signed(armour);
        if commit.encode() != bytes {
            return Err(not("not in the one form of an entry"));
        }
        commit.unsigned.message.problem().map_or(Ok(commit), |problem| Err(not(problem)))
    }
}

fn header_name(tree: &TreeId) -> &'static str {
    if tree.as_str().len() == 40 { "gpgsig" } else { "gpgsig-sha256" }
}

fn header<'a>(line: Option<&'a str>, name: &str) -> Result<&'a str, NotAnEntry> {
    line.and_then(|line| line.strip_prefix(name))
        .ok_or_else(|| not(format!("no header `{}` where it belongs", name.trim())))
}

fn ident_time(ident: &str) -> Result<Time, NotAnEntry> {
    let seconds = ident.strip_suffix(" +0000").and_then(|rest| rest.rsplit(' ').next()).and_then(|s| s.parse().ok());
    seconds.and_then(Time::from_seconds).ok_or_else(|| not("an odd author"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Commit {
        let message = Message {
            operation: Operation::Commit,
            subject: "mask the card number".into(),
            body: "First paragraph.\n\nSecond.".into(),
            actor: ActorId::new("privacy-lead").unwrap(),
            revision: 2,
            stage: Some(StageToken::new("0".repeat(32)).unwrap()),
        };
        UnsignedCommit {
            tree: TreeId::new("1".repeat(40)).unwrap(),
            parent: Some(CommitId::new("2".repeat(40)).unwrap()),
            time: Time::from_seconds(1_700_000_000).unwrap(),
            message,
        }
        .signed("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n".into())
    }

    #[test]
    fn the_form_is_frozen() {
        let expected = "tree 1111111111111111111111111111111111111111\nparent 2222222222222222222222222222222222222222\n\
             author privacy-lead <privacy-lead@packet.invalid> 1700000000 +0000\n\
             committer privacy-lead <privacy-lead@packet.invalid> 1700000000 +0000\n\
             gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\n\
             commit: mask the card number\n\nFirst paragraph.\n\nSecond.\n\nPacket-Operation: commit\n\
             Packet-Actor: privacy-lead\nPacket-Revision: 2\nPacket-Stage: 00000000000000000000000000000000\n";
        assert_eq!(String::from_utf8(sample().encode()).unwrap(), expected);
        assert_eq!(Commit::parse(expected.as_bytes()).unwrap(), sample());
    }

    #[test]
    fn odd_commits_are_refused() {
        let good = String::from_utf8(sample().encode()).unwrap();
        let odd = [
            good.replace("committer ", "committer  "),
            good.replace(
                "gpgsig ",
                "gpgsig -----BEGIN SSH SIGNATURE-----\n BBBB\n -----END SSH SIGNATURE-----\ngpgsig ",
            ),
            good.replace("gpgsig ", "gpgsig-sha256 "),
            good.replace("gpgsig ", "encoding latin1\ngpgsig "),
            good.replacen("parent ", "parent 3333333333333333333333333333333333333333\nparent ", 1),
            good.replacen("tree ", "tree 3333333333333333333333333333333333333333\ntree ", 1),
            good.replace("+0000", "+0100"),
            good.replace("Packet-Revision: 2", "Packet-Revision: 02"),
            good.replace("Packet-Revision: 2", "Packet-Revision: 2\nPacket-Revision: 2"),
            good.replace("Packet-Actor: privacy-lead", "Packet-Actor: release-owner"),
            good.replace("Packet-Operation: commit", "Packet-Operation: object"),
            good.replace("Second.", "Packet-Actor: release-owner"),
            good.replace("Second.", "Sec\u{1b}[2Jond."),
            format!("{good}\n"),
            format!("{good}Reviewed-by: x\n"),
            good.replace("commit: mask", "commit: \u{202e}mask"),
        ];
        for text in odd {
            assert_ne!(text, good);
            assert!(Commit::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
