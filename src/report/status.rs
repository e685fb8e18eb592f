//! Status: where are we, what stops us, who is next, what do I type.

use serde_json::{Value, json};

use super::{Body, Page, ledger};
use crate::model::objection::ObjectionState;
use crate::work::status::{Listed, Status};

/// Where a packet stands. A long ledger makes long JSON, so it is made only when it is wanted.
pub fn status(s: &Status, as_json: bool) -> Body {
    let body = if as_json { Body::yes(fields(s), "") } else { Body::yes(json!({}), text(s)) };
    body.warn(s.warnings.clone())
}

fn fields(s: &Status) -> Value {
    let packet = &s.packet;
    let content = &packet.content;
    let release = s.release.as_ref().map(|(release, state, reasons)| {
        json!({"number": release.number, "state": state, "commit": release.bound, "reasons": reasons})
    });
    let symbols: Vec<Value> = content
        .symbols
        .values()
        .map(|r| {
            json!({"id": r.id, "module": r.module, "rung": r.rung, "frames": r.frames, "thread": r.thread,
                   "exceeds": r.exceeds(&content.charter.rules.boundary).is_some()})
        })
        .collect();
    let fragments: Vec<Value> = content
        .fragments
        .values()
        .map(|f| {
            json!({"id": f.id, "session": f.session, "disclosure": f.disclosure, "bytes": f.range.length,
                   "region": f.region, "va": f.va, "masked_bytes": f.redaction.as_ref().map(|r| r.masked_bytes)})
        })
        .collect();
    let sessions: Vec<Value> = content
        .sessions
        .values()
        .map(|x| {
            let deadline = content.retention.get(&x.id).and_then(|r| r.earliest());
            json!({"id": x.id, "environment": x.environment, "sensitivity": x.sensitivity,
                   "captures": x.capture.len(), "deadline": deadline})
        })
        .collect();
    let staged: Vec<Value> = s
        .staged
        .iter()
        .flat_map(|stage| &stage.change)
        .map(|c| {
            json!({"path": c.path, "change": match (&c.was, &c.text) {
            (None, _) => "added", (_, None) => "removed", _ => "changed" }})
        })
        .collect();
    json!({
        "packet": s.name, "genesis": packet.genesis, "head": packet.head,
        "revision": {"number": packet.revision.number, "commit": packet.revision.commit},
        "staged": staged, "sessions": sessions, "fragments": fragments, "symbols": symbols,
        "disputed": s.disputed.iter().map(|d| json!({
            "objection": d.objection, "about": d.about, "fragments": d.fragments, "regions": d.regions,
        })).collect::<Vec<_>>(),
        "objections": packet.ledger.values().map(|t| ledger::objection(packet, t)).collect::<Vec<_>>(),
        "release": release, "blockers": s.blockers, "next": s.next, "unshared": s.unshared,
    })
}

fn text(s: &Status) -> String {
    let packet = &s.packet;
    let content = &packet.content;
    let mut page = Page::new();
    page.line(format!("{} — {}", s.name, content.charter.packet.title));
    page.line(format!(
        "revision {}, {} entries; {} sessions, {} fragments, {} symbolization requests, {} sections",
        packet.revision.number,
        packet.entries,
        content.sessions.len(),
        content.fragments.len(),
        content.symbols.len(),
        content.sections.len()
    ));
    page.line(disputes(s));
    page.items(s.disputed.iter().map(|d| {
        let regions = if d.regions.is_empty() { String::new() } else { format!(" ({})", d.regions.join(", ")) };
        let fragments: Vec<&str> = d.fragments.iter().map(|id| id.as_str()).collect();
        format!("{} disputes {}: {}{regions}", d.objection, d.about, fragments.join(", "))
    }));
    page.line(match &s.release {
        None => "nothing is drafted".to_owned(),
        Some((release, state, _)) => format!("release {} of revision {} is {state}", release.number, release.revision),
    });
    if let Some(stage) = &s.staged {
        page.heading("staged by you").items(stage.change.iter().map(|c| match (&c.was, &c.text) {
            (None, _) => format!("added    {}", c.path),
            (_, None) => format!("removed  {}", c.path),
            _ => format!("changed  {}", c.path),
        }));
    }
    if !s.blockers.is_empty() {
        page.heading("what stops a release").reasons(&s.blockers);
    }
    if !s.next.is_empty() {
        let who = s.actor.as_ref().map_or("next".to_owned(), |a| format!("next, for {}", a.id));
        page.heading(&who).items(&s.next);
    }
    page.finish()
}

fn disputes(s: &Status) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for thread in s.packet.ledger.values() {
        *counts.entry(s.packet.standing(thread).state).or_insert(0u64) += 1;
    }
    let named: Vec<String> =
        ObjectionState::ALL.iter().filter_map(|state| counts.get(state).map(|n| format!("{n} {state}"))).collect();
    if named.is_empty() { "no objections".to_owned() } else { format!("objections: {}", named.join(", ")) }
}

/// The packets here.
pub fn list(listed: &Listed) -> Body {
    let mut page = Page::new();
    if listed.packets.is_empty() {
        page.line("no packet here; packet charter new --id ACTOR --out charter.toml   begins one");
    }
    for (name, head) in &listed.packets {
        page.line(format!("{name}  {}", head.as_ref().map_or("", |h| h.short())));
    }
    let list: Vec<Value> = listed.packets.iter().map(|(name, head)| json!({"packet": name, "head": head})).collect();
    let skipped = listed.skipped.iter().map(|name| format!("{name} is not named like a packet and was skipped"));
    Body::yes(json!({"packets": list}), page.finish()).warn(skipped.collect())
}
