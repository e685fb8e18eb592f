//! The manifest: an in-toto Statement that binds a release, and the only bytes its signers sign.
//!
//! It is never read field by field: a verifier makes the manifest anew from the packet at the bound commit and compares
//! bytes (RFC 8785 JSON plus one LF). What is not bound cannot differ unnoticed, and there is no parser to fool.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::actor::Actor;
use super::digest::{Blake3, Sha256};
use super::disposition::Judgement;
use super::finding_set::Current;
use super::findings::RecordedFindings;
use super::fragment::{Fragment, RawCommitment};
use super::id::{ClassId, PacketId};
use super::ledger::Thread;
use super::objection::ObjectionState;
use super::packet::Packet;
use super::place::Place;
use super::source::SourceCheck;
use super::time::Time;

/// What a draft knows that the packet does not.
#[derive(Debug, Clone)]
pub struct DraftFacts {
    /// The packet's name.
    pub packet: PacketId,
    /// The drafting entry's time.
    pub at: Time,
    /// What the sources said.
    pub sources: Vec<SourceCheck>,
}

/// How long a release binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From the drafting entry's time on.
    pub not_before: Time,
    /// Up to here, exclusive.
    pub not_after: Time,
    /// When the evidence must be gone, if ever.
    pub destroy_by: Option<Time>,
}

impl Span {
    /// The span of a release drafted at `at`: the charter's lifetime, cut short by the earliest deadline.
    pub fn of(packet: &Packet, at: Time) -> Self {
        let content = &packet.content;
        let destroy_by = content.retention.values().filter_map(|r| r.earliest()).min();
        let lifetime_end = at.plus(content.charter.lane.approval_lifetime);
        Self { not_before: at, not_after: destroy_by.map_or(lifetime_end, |by| by.min(lifetime_end)), destroy_by }
    }
}

/// The sources a manifest pins: the one part that a verifier takes from it rather than from the packet.
///
/// # Errors
/// When the bytes are not a manifest of this kind at all.
pub fn pinned_sources(bytes: &[u8]) -> Result<Vec<SourceCheck>, String> {
    #[derive(Deserialize)]
    struct Statement {
        predicate: Predicate,
    }
    #[derive(Deserialize)]
    struct Predicate {
        sources: Vec<SourceCheck>,
    }
    serde_json::from_slice::<Statement>(bytes).map(|s| s.predicate.sources).map_err(|e| e.to_string())
}

/// The manifest's bytes for a release drafted on this packet as it stands.
pub fn encode(packet: &Packet, facts: &DraftFacts) -> String {
    let statement = statement(packet, facts);
    let mut text =
        serde_json_canonicalizer::to_string(&statement).expect("strings, integers and lists have a canonical form");
    text.push('\n');
    text
}

fn statement(packet: &Packet, facts: &DraftFacts) -> Value {
    let material = packet.material_digest();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": format!("packet/{}", facts.packet),
            "digest": {
                "gitCommit": packet.head,
                "gitTree": packet.tree,
                "sha256": material.sha256,
                "blake3": material.blake3,
            },
        }],
        "predicateType": "urn:packet:release:v1",
        "predicate": predicate(packet, facts),
    })
}

fn predicate(packet: &Packet, facts: &DraftFacts) -> Value {
    let content = &packet.content;
    let charter = &content.charter;
    let span = Span::of(packet, facts.at);
    json!({
        "packet": facts.packet,
        "genesis": packet.genesis,
        "revision": packet.revision.number,
        "release": packet.next_release(),
        "previous": packet.previous_approved(),
        "lane": lane(packet),
        "release_owner": charter.lane.release_owner,
        "required_signers": charter.lane.required_signers,
        "signers": signers(packet),
        "sessions": content.sessions.values().map(|s| json!({
            "id": s.id, "environment": s.environment, "sensitivity": s.sensitivity,
            "customer_facing": s.customer_facing, "crash_id": s.crash_id, "captures": s.capture,
        })).collect::<Vec<_>>(),
        "fragments": content.fragments.values().map(|f| fragment(f)).collect::<Vec<_>>(),
        "attachments": content.attachments.values().map(|a| json!({
            "id": a.id, "session": a.session, "disclosure": a.disclosure, "raw": raw(&a.raw), "from": a.from,
        })).collect::<Vec<_>>(),
        "boundaries": charter.rules.boundary,
        "symbolization": content.symbols.values().map(|s| json!({
            "id": s.id, "module": s.module, "code_id": s.code_id, "debug_id": s.debug_id, "rung": s.rung,
            "frames": s.frames, "thread": s.thread, "symbols": s.file,
            "exceeds": s.exceeds(&charter.rules.boundary),
        })).collect::<Vec<_>>(),
        "retention": content.retention.values().map(|r| json!({
            "session": r.session,
            "deadlines": r.deadline.iter().map(|d| json!({"at": d.at, "basis": d.basis})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "objections": packet.ledger.values().map(|t| objection(packet, t)).collect::<Vec<_>>(),
        "findings": findings(packet),
        "sources": facts.sources,
        "charter": digests(packet, "charter.toml"),
        "taxonomy": digests(packet, "taxonomy.toml"),
        "not_before": span.not_before,
        "not_after": span.not_after,
        "destroy_by": span.destroy_by,
    })
}

fn lane(packet: &Packet) -> Value {
    let charter = &packet.content.charter;
    let lane = &charter.lane;
    let recipients = |id| charter.actor_by_id(id).map(|a| a.recipients.clone()).unwrap_or_default();
    json!({
        "id": lane.id,
        "allowed_use": lane.allowed_use,
        "not_for": lane.not_for,
        "audience": lane.audience.iter().map(|id| json!({"id": id, "recipients": recipients(id)})).collect::<Vec<_>>(),
    })
}

fn signers(packet: &Packet) -> Vec<Value> {
    let charter = &packet.content.charter;
    let roles = |actor: &Actor| {
        let required = charter.lane.required_signers.iter();
        required.filter(|r| actor.has_role(r.role.as_str())).map(|r| r.role.clone()).collect::<Vec<_>>()
    };
    let signs = |key: &&super::key::PublicKey| matches!(charter.standing(key), super::charter::KeyStanding::Signs(_));
    let eligible = charter.actor.iter().filter(|a| charter.is_required_signer(a));
    eligible
        .map(|a| {
            let keys = a.keys.iter().filter(signs).map(|k| k.fingerprint()).collect::<Vec<_>>();
            json!({"actor": a.id, "roles": roles(a), "keys": keys})
        })
        .collect()
}

fn raw(raw: &RawCommitment) -> Value {
    json!({"keyed_blake3": raw.keyed_blake3, "key": raw.key, "bytes": raw.bytes})
}

fn fragment(fragment: &Fragment) -> Value {
    json!({
        "id": fragment.id,
        "session": fragment.session,
        "disclosure": fragment.disclosure,
        "bytes": fragment.range.length,
        "raw": raw(&fragment.raw),
        "sanitized": fragment.sanitized,
        "masked_bytes": fragment.redaction.as_ref().map(|r| r.masked_bytes),
    })
}

fn objection(packet: &Packet, thread: &Thread) -> Value {
    let state = packet.standing(thread).state;
    let rationale = (state == ObjectionState::Residual).then(|| thread.rationale()).flatten();
    let mut objection = json!({
        "id": thread.id,
        "kind": thread.kind,
        "about": thread.about,
        "veto": thread.veto,
        "by": thread.by,
        "state": state,
        "thread": thread.digest,
        "rationale": rationale,
    });
    if let Some(to) = thread.reassigned_to(&packet.content.charter) {
        objection["reassigned_to"] = json!(to);
    }
    objection
}

/// How many findings there are of each class, by what people made of them, and the digest of all that is on record.
fn findings(packet: &Packet) -> Value {
    let mut counts: BTreeMap<(&ClassId, Option<Judgement>), u64> = BTreeMap::new();
    let mut listing = String::new();
    let current: Vec<(&RecordedFindings, Current)> =
        packet.findings.iter().map(|(id, recorded)| (recorded, packet.current_findings(id))).collect();
    for (recorded, current) in &current {
        listing.push_str(&format!("{}  {}\n", recorded.digest, Place::Findings(recorded.file.fragment.clone())));
        let Some(fragment) = packet.content.fragments.get(&recorded.file.fragment) else { continue };
        for class in current.classes() {
            let set = current.set(fragment, class);
            let disposition = recorded.disposition(class, &packet.content.charter);
            let stands = disposition.filter(|d| (d.count, d.set) == (set.count, set.digest));
            *counts.entry((class, stands.map(|d| d.judgement))).or_default() += set.count;
        }
    }
    let counts = counts.into_iter();
    let counts =
        counts.map(|((class, judgement), count)| json!({"class": class, "disposition": judgement, "count": count}));
    json!({"counts": counts.collect::<Vec<_>>(), "digest": Blake3::of(listing.as_bytes())})
}

fn digests(packet: &Packet, path: &str) -> Value {
    let file = packet.files.get(path).expect("a replayed packet has its charter and taxonomy");
    json!({"blake3": file.blake3, "sha256": file.sha256})
}

/// SHA-256 of a manifest's bytes: the short name people and scripts confirm it by.
pub fn sha256(manifest: &str) -> Sha256 {
    Sha256::of(manifest.as_bytes())
}
