//! Answers of the ledger.

use serde_json::{Value, json};

use super::{Body, Page};
use crate::model::ledger::Thread;
use crate::model::packet::Packet;
use crate::work::ledger::Recorded;

/// A recorded line.
pub fn recorded(recorded: &Recorded) -> Body {
    let text = format!("{} is {}\nnext: packet objections\n", recorded.id, recorded.state);
    Body::yes(json!({"id": recorded.id, "state": recorded.state, "commit": recorded.commit}), text)
}

/// One objection in JSON.
pub(super) fn objection(packet: &Packet, thread: &Thread) -> Value {
    let state = packet.standing(thread).state;
    json!({"id": thread.id, "kind": thread.kind, "about": thread.about, "veto": thread.veto, "by": thread.by,
           "at": thread.at, "state": state, "rationale": thread.rationale(),
           "reassigned_to": thread.reassigned_to(&packet.content.charter)})
}

/// Every objection; with the words of one when it was asked for.
pub fn objections(packet: &Packet, words: &[(Vec<String>, Vec<String>)]) -> Body {
    let list: Vec<Value> = packet.ledger.values().map(|t| objection(packet, t)).collect();
    let mut page = Page::new();
    if list.is_empty() {
        page.line("no objection was ever raised");
    }
    for (thread, (said, acts)) in packet.ledger.values().zip(words) {
        let state = packet.standing(thread).state;
        let veto = if thread.veto { ", veto" } else { "" };
        let to =
            thread.reassigned_to(&packet.content.charter).map(|to| format!(", handed to {to}")).unwrap_or_default();
        page.line(format!("{} {state}: {} about {} by {}{veto}{to}", thread.id, thread.kind, thread.about, thread.by));
        page.items(said).items(acts);
    }
    Body::yes(json!({"objections": list}), page.finish())
}
