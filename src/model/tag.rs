//! Release tags: `refs/tags/packet/<id>/<n>`, annotated and signed by the release owner. They point; the branch decides.

use super::commit::NotAnEntry;
use super::id::{ActorId, CommitId, PacketId};
use super::time::Time;

/// One release tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The approving entry.
    pub target: CommitId,
    /// The packet.
    pub packet: PacketId,
    /// The release.
    pub release: u32,
    /// Who approved.
    pub tagger: ActorId,
    /// The approving entry's time.
    pub time: Time,
}

impl Tag {
    /// The bytes that are signed in namespace `git`; the signature block follows them in the tag object.
    pub fn payload(&self) -> String {
        let Self { target, packet, release, tagger, time } = self;
        format!(
            "object {target}\ntype commit\ntag packet/{packet}/{release}\ntagger {tagger} <{tagger}@packet.invalid> {} +0000\n\n\
             packet {packet}, release {release}: approved\n",
            time.seconds()
        )
    }

    /// The tag object's bytes.
    pub fn encode(&self, armour: &str) -> Vec<u8> {
        (self.payload() + armour).into_bytes()
    }

    /// Whether raw tag bytes are this very tag; then its signature block.
    ///
    /// `git verify-tag` follows a tag of a tag and ignores the ref's name, so the expected bytes are made from what the
    /// branch says and compared, rather than read from the tag.
    ///
    /// # Errors
    /// When the bytes are another tag: another target, type, name, tagger, time or text.
    pub fn signature_in<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, NotAnEntry> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotAnEntry("not UTF-8".to_owned()))?;
        text.strip_prefix(&self.payload())
            .ok_or_else(|| NotAnEntry("it names another target, packet, number, tagger or time".to_owned()))
    }
}
