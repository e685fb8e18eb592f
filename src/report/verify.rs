//! The verdict.

use serde_json::{Value, json};

use super::{Body, Page};
use crate::work::verify::{Dispute, Verified};

fn disputes(list: &[Dispute]) -> Vec<Value> {
    let one =
        |d: &Dispute| json!({"id": d.id, "kind": d.kind, "about": d.about, "veto": d.veto, "rationale": d.rationale});
    list.iter().map(one).collect()
}

/// The verdict on a release or a history.
pub fn verified(packet: &str, verified: &Verified, history: bool) -> Body {
    let v = verified;
    let signers: Vec<Value> =
        v.signers.iter().map(|s| json!({"actor": s.actor, "role": s.role, "fingerprint": s.fingerprint})).collect();
    let mut fields = json!({
        "packet": packet, "genesis": v.genesis, "release": v.release, "commit": v.commit, "head": v.head,
        "lane": v.lane, "state": v.state, "signers": signers, "residual_objections": disputes(&v.residual),
        "open_objections": disputes(&v.open), "freshness": v.freshness.as_str(), "entries_checked": v.entries_checked,
    });
    if history {
        let lines = v.releases.iter().map(|r| {
            let over_time: Vec<Value> = r.over_time.iter().map(|(what, at)| json!({"event": what, "at": at})).collect();
            json!({"release": r.number, "state": r.state, "commit": r.commit, "events": over_time})
        });
        fields["releases"] = lines.collect();
    }
    Body::yes(fields, text(packet, verified, history)).because(&v.reasons).warn(v.warnings.clone())
}

fn text(packet: &str, v: &Verified, history: bool) -> String {
    let mut page = Page::new();
    page.line(headline(packet, v, history));
    page.pair("genesis", v.genesis.as_str()).pair("head", format!("{} ({} entries)", v.head, v.entries_checked));
    if let Some(commit) = &v.commit {
        page.pair("commit", commit.as_str());
    }
    page.pair("lane", v.lane.as_str()).pair("freshness", v.freshness.as_str());
    for signer in &v.signers {
        page.pair("signer", format!("{} as {}, {}", signer.actor, signer.role, signer.fingerprint));
    }
    for d in &v.residual {
        page.pair(
            "residual",
            format!("{} {} about {}: {}", d.id, d.kind, d.about, d.rationale.as_deref().unwrap_or_default()),
        );
    }
    for d in &v.open {
        page.pair("open", format!("{} {} about {}", d.id, d.kind, d.about));
    }
    if history {
        for r in &v.releases {
            let events: Vec<String> = r.over_time.iter().map(|(what, at)| format!("{what} {at}")).collect();
            page.pair("release", format!("{}: {} ({})", r.number, r.state, events.join(", ")));
        }
    }
    if !v.reasons.is_empty() {
        page.heading("reasons").reasons(&v.reasons);
    }
    page.finish()
}

fn headline(packet: &str, v: &Verified, history: bool) -> String {
    use crate::model::reason::Verdict;
    let what = match (history, v.release) {
        (true, _) => format!("the history of packet {packet}"),
        (false, Some(n)) => format!("release {n} of packet {packet}"),
        (false, None) => format!("packet {packet}"),
    };
    match Verdict::of(&v.reasons) {
        Verdict::Yes if history => format!("{what} is valid, entry by entry"),
        Verdict::Yes => format!("{what} holds: approved, and nothing recorded since ended it"),
        Verdict::No => format!("{what} does not hold"),
        Verdict::Undecided => format!("{what}: could not decide"),
    }
}
