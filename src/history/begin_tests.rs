//! How a packet begins: what no branch that git walks can show, for a walk begins at a commit without a parent.

use super::{SignedEntry, begin};
use crate::model::canonical::Stored;
use crate::model::change::Change;
use crate::model::charter::{Charter, RawCharter};
use crate::model::commit::{Message, UnsignedCommit};
use crate::model::id::{ActorId, CommitId, KeyId, PacketId, TreeId};
use crate::model::operation::Operation;
use crate::model::reason::ReasonCode;
use crate::model::roster::allowed_signers;
use crate::model::source::SourcePin;
use crate::model::taxonomy::Taxonomy;
use crate::model::time::Time;

const CHARTER: &str = r#"
format = 1
packet = { title = "t", purpose = "p" }
governance = { threshold = 1 }
rules = { min_fragment = 64, boundary = { rung = "private", modules = [], max_frames = 1 } }
source = [{ name = "vault", kind = "evidence", url = "file:///srv/vault" }]

[lane]
id = "lane"
allowed_use = "review"
audience = ["owner"]
release_owner = "owner"
required_signers = [{ role = "privacy", count = 1 }]
approval_lifetime = "72h"
max_sensitivity = "restricted"

[[actor]]
id = "owner"
kind = "human"
roles = ["governance", "contributor"]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMKRZNaQzmMBpdQGi3RCeo7qZzsc95VU8WDIRFEtufSP"]

[[actor]]
id = "privacy"
kind = "human"
roles = ["privacy", "contributor"]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILGNFUQxRkmqit4n6g3/bVaeglcZ/s7rFqFq/6slEZO6"]
"#;

fn charter() -> Charter {
    toml::from_str::<RawCharter>(CHARTER).unwrap().verified().unwrap()
}

fn files(charter: &Charter) -> Vec<Change> {
    let key = Some(KeyId::new("0123456789abcdef").unwrap());
    let pin = SourcePin { format: 1, name: charter.vault().name.clone(), kind: charter.vault().kind, key };
    let files = [
        ("allowed_signers", allowed_signers(charter)),
        ("charter.toml", charter.encode()),
        ("sources/vault.toml", pin.encode()),
        ("taxonomy.toml", Taxonomy::default().encode()),
    ];
    let change = |(path, text): (&str, String)| Change {
        path: path.to_owned(),
        blob: Some(text.as_bytes().into()),
        existed: false,
    };
    files.into_iter().map(change).collect()
}

/// Begins a packet by `actor` with an entry that is changed so.
fn begun(actor: usize, changed: impl FnOnce(&mut UnsignedCommit)) -> Result<(), ReasonCode> {
    begun_with(actor, &files(&charter()), changed)
}

fn begun_with(actor: usize, files: &[Change], changed: impl FnOnce(&mut UnsignedCommit)) -> Result<(), ReasonCode> {
    let charter = charter();
    let message = Message {
        operation: Operation::Open,
        subject: "t".into(),
        body: String::new(),
        actor: charter.actor[actor].id.clone(),
        revision: 1,
        stage: None,
    };
    let time = Time::from_seconds(1_700_000_000).unwrap();
    let mut unsigned = UnsignedCommit { tree: TreeId::new("1".repeat(40)).unwrap(), parent: None, time, message };
    changed(&mut unsigned);
    let id = CommitId::new("2".repeat(40)).unwrap();
    let entry = SignedEntry::unwritten(id, unsigned, charter.actor[actor].keys[0].clone());
    let nobody = |_: &str, _, _: &[u8]| Err("nothing is to be verified here".to_owned());
    let begun = begin(&PacketId::new("one").unwrap(), &entry, files, &nobody);
    begun.map(drop).map_err(|fault| fault.code)
}

#[test]
fn a_packet_begins_with_open_revision_1_by_governance_and_without_a_parent() {
    assert_eq!(begun(0, |_| {}), Ok(()));
    let parent = |c: &mut UnsignedCommit| c.parent = Some(CommitId::new("3".repeat(40)).unwrap());
    assert_eq!(begun(0, parent), Err(ReasonCode::WrongSequence));
    assert_eq!(begun(0, |c| c.message.revision = 2), Err(ReasonCode::WrongSequence));
    assert_eq!(begun(0, |c| c.message.operation = Operation::Commit), Err(ReasonCode::WrongSequence));
    assert_eq!(begun(1, |c| c.message.operation = Operation::Commit), Err(ReasonCode::WrongSequence));
    assert_eq!(begun(1, |_| {}), Err(ReasonCode::NotAllowed));
    assert_eq!(begun(0, |c| c.message.actor = ActorId::new("privacy").unwrap()), Err(ReasonCode::EntryKey));
}

#[test]
fn a_packet_begins_with_charter_roster_taxonomy_and_the_vaults_key() {
    for missing in ["allowed_signers", "charter.toml", "sources/vault.toml", "taxonomy.toml"] {
        let mut files = files(&charter());
        files.retain(|change| change.path != missing);
        assert_eq!(begun_with(0, &files, |_| {}), Err(ReasonCode::MalformedFile), "{missing}");
    }
}
