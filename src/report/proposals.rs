//! Answers about proposals, and of governance.

use serde_json::{Value, json};

use super::workspace::line_diff;
use super::{Body, Page};
use crate::model::kinds::Named;
use crate::model::proposal::{DecisionKind, ProposalKind};
use crate::work::governance::Endorsed;
use crate::work::proposals::{Decided, Looked};
use crate::work::seal::Proposed;

/// A stored proposal.
pub fn proposed(proposed: &Proposed) -> Body {
    let text = format!("stored as {}: a human contributor may apply or reject it\n", proposed.id);
    Body::yes(json!({"id": proposed.id, "commit": proposed.commit}), text)
}

fn kind(looked: &Looked) -> &'static str {
    match looked.filed.proposal.kind() {
        ProposalKind::Content => "content",
        ProposalKind::Policy => "policy",
        ProposalKind::Reassignment => "reassignment",
    }
}

fn names<T: Named>(named: &[T]) -> Vec<&'static str> {
    named.iter().map(|n| n.name()).collect()
}

fn fields(looked: &Looked) -> Value {
    let p = &looked.filed.proposal;
    let paths: Vec<&str> = p.change.iter().map(|c| c.path.as_str()).collect();
    let endorsed: Vec<&str> = looked.filed.endorsements.iter().map(|e| e.actor.as_str()).collect();
    let decision = p.decision.as_ref();
    json!({
        "id": p.id, "kind": kind(looked), "by": p.by, "at": p.at, "base": p.base, "text": p.text, "paths": paths,
        "state": looked.state, "flags": names(&looked.flags), "endorsed_by": endorsed, "missing": looked.missing,
        "reassign": p.reassign.as_ref().map(|r| json!({"objection": r.objection, "to": r.to})),
        "decided_by": decision.map(|d| &d.by), "because": decision.and_then(|d| d.because),
        "rationale": decision.and_then(|d| d.text.as_ref()),
    })
}

fn head(page: &mut Page, looked: &Looked) {
    let p = &looked.filed.proposal;
    page.line(format!("{} {}, {} by {}: {}", p.id, looked.state, kind(looked), p.by, p.text));
    if let Some(to) = &p.reassign {
        page.items([format!("hands {} to {}", to.objection, to.to)]);
    }
    if let Some(d) = &p.decision {
        let why = d.because.map(|b| format!(", {b}: {}", d.text.as_deref().unwrap_or_default())).unwrap_or_default();
        page.items([format!("{} by {}{why}", looked.state, d.by)]);
    }
    if !looked.flags.is_empty() {
        page.items([format!("flagged by the charter's [scope]: {}", names(&looked.flags).join(", "))]);
    }
    if !looked.filed.endorsements.is_empty() {
        let by: Vec<&str> = looked.filed.endorsements.iter().map(|e| e.actor.as_str()).collect();
        page.items([format!("endorsed by {}", by.join(", "))]);
    }
    page.items(looked.missing.iter().map(|missing| format!("lacks {missing}")));
}

/// Every proposal.
pub fn proposals(all: &[Looked]) -> Body {
    let mut page = Page::new();
    if all.is_empty() {
        page.line("nothing is proposed");
    }
    for looked in all {
        head(&mut page, looked);
        page.items(looked.filed.proposal.change.iter().map(|c| &c.path));
    }
    Body::yes(json!({"proposals": all.iter().map(fields).collect::<Vec<_>>()}), page.finish())
}

/// One proposal, with what it would change.
pub fn proposal(looked: &Looked) -> Body {
    let mut page = Page::new();
    head(&mut page, looked);
    for change in &looked.changes {
        page.line(&change.path);
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        page.items(line_diff(before.unwrap_or_default(), after.unwrap_or_default()));
    }
    let changes = looked.changes.iter().map(|c| json!({"path": c.path, "before": c.before, "after": c.after}));
    let changes: Vec<Value> = changes.collect();
    Body::yes(json!({"proposal": fields(looked), "changes": changes}), page.finish())
}

/// A decided proposal.
pub fn decided(decided: &Decided) -> Body {
    let text = match decided.act {
        DecisionKind::Apply => {
            format!("applied {} as revision {}\nnext: packet status\n", decided.id, decided.revision)
        }
        DecisionKind::Reject => format!("rejected {}\nnext: packet proposals\n", decided.id),
    };
    Body::yes(json!({"id": decided.id, "commit": decided.commit, "revision": decided.revision}), text)
}

/// An endorsed amendment or reassignment.
pub fn endorsed(endorsed: &Endorsed) -> Body {
    let Endorsed { id, commit, by, missing } = endorsed;
    let mut page = Page::new();
    match missing {
        None => page.line(format!("{id} is in effect; drafts and approvals made before it no longer stand")),
        Some(missing) => page
            .line(format!(
                "{id} is endorsed by {} and lacks {missing}",
                by.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(", ")
            ))
            .line(format!("next: packet endorse {id}   (by another human with role `governance`)")),
    };
    let state = if missing.is_none() { "effective" } else { "open" };
    let fields = json!({"id": id, "commit": commit, "state": state, "endorsed_by": by, "missing": missing});
    Body::yes(fields, page.finish())
}
