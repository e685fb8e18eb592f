//! Forged releases: manifests, signatures and approvals in good form, until a test makes one thing wrong.

use std::time::Duration;

use packet::model::canonical::Stored;
use packet::model::id::{ActorId, CommitId, PacketId};
use packet::model::manifest::{self, DraftFacts};
use packet::model::namespace::Namespace;
use packet::model::packet::Packet;
use packet::model::release::{Approval, Presence};
use packet::model::source::SourceCheck;
use packet::model::time::Time;
use packet::store::Repo;
use packet::work::Desk;
use packet::work::load::{self, Replay};
use serde_json::json;

use crate::forge::{Entry, Forge};

/// The release owner.
pub const OWNER: &str = "release-owner";
/// Who drafts here.
pub const DRAFTER: &str = "reliability";
/// Who must sign.
pub const SIGNERS: [&str; 3] = ["privacy-lead", "reliability", "forensics-lead"];

impl<'a> Forge<'a> {
    /// The packet as a verifier has it.
    #[track_caller]
    pub fn packet(&self) -> Packet {
        let repo = Repo::discover(&self.sandbox.repo()).unwrap();
        let now = Time::from_seconds(self.time()).unwrap();
        let name = PacketId::new(self.sandbox.packet).unwrap();
        let desk = Desk { repo, name, now, here: self.sandbox.repo(), allow: vec![], wait: Duration::from_secs(60) };
        load::load(&desk, None, Replay::Full).unwrap().packet
    }

    /// What a check of an unchanged vault says.
    pub fn unchanged() -> Vec<SourceCheck> {
        let check = json!({"name": "vault", "kind": "evidence", "state": "same", "subjects": 3});
        vec![serde_json::from_value(check).unwrap()]
    }

    /// The manifest of a draft made on the head, at the head's time.
    #[track_caller]
    pub fn manifest(&self, sources: Vec<SourceCheck>) -> String {
        let packet = self.packet();
        let facts = DraftFacts { packet: PacketId::new(self.sandbox.packet).unwrap(), at: packet.time, sources };
        manifest::encode(&packet, &facts)
    }

    /// A draft with these bytes as the manifest of release `n`.
    #[track_caller]
    pub fn draft(&self, n: u32, manifest: &str) -> Entry<'a> {
        self.entry(DRAFTER, "draft").file(&format!("releases/{n}/manifest.json"), manifest)
    }

    /// A signature by this actor's key over these bytes, stored as the actor's own of release `n`.
    #[track_caller]
    pub fn signed(&self, actor: &str, n: u32, manifest: &str) -> Entry<'a> {
        let armour = self.sign(actor, Namespace::Release, manifest.as_bytes());
        self.entry(actor, "sign").file(&format!("releases/{n}/signatures/{actor}.sig"), armour)
    }

    /// What the owner's approval of a release says, at the head's time.
    #[track_caller]
    pub fn approval(&self, n: u32, bound: &str, manifest: &str) -> Approval {
        Approval {
            format: 1,
            release: n,
            commit: CommitId::new(bound).unwrap(),
            manifest_sha256: manifest::sha256(manifest),
            by: ActorId::new(OWNER).unwrap(),
            at: Time::from_seconds(self.time()).unwrap(),
            presence: Presence::Unattended,
            source: Self::unchanged(),
        }
    }

    /// An approval by the owner, with the owner's signature over these bytes.
    #[track_caller]
    pub fn approved(&self, approval: &Approval, manifest: &str) -> Entry<'a> {
        self.approved_with(approval, &self.sign(OWNER, Namespace::Release, manifest.as_bytes()))
    }

    /// An approval by the owner, with this signature.
    #[track_caller]
    pub fn approved_with(&self, approval: &Approval, armour: &str) -> Entry<'a> {
        let n = approval.release;
        let entry = self.entry(OWNER, "approve").time(approval.at.seconds());
        let entry = entry.file(&format!("releases/{n}/signatures/{OWNER}.sig"), armour);
        entry.file(&format!("releases/{n}/approval.toml"), approval.encode())
    }
}
