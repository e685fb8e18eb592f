//! Answers of the release.

use serde_json::json;

use super::{Body, Page};
use crate::model::objection::ObjectionState;
use crate::work::drift::DriftAnswer;
use crate::work::release::{Drafted, GateAnswer, Held, Review, SignedRelease};
use crate::work::repair::Repair;

/// A draft.
pub fn drafted(drafted: &Drafted) -> Body {
    let n = drafted.release;
    let mut page = Page::new();
    page.line(format!("release {n} is drafted")).pair("commit", drafted.commit.as_str());
    page.pair("manifest", format!("sha256 {}", drafted.manifest_sha256)).pair("until", drafted.not_after.to_string());
    page.line(format!("next: packet sign {n}   (each required signer), then packet approve {n}   (release owner)"));
    let fields = json!({"release": n, "commit": drafted.commit, "manifest_sha256": drafted.manifest_sha256,
                        "not_after": drafted.not_after});
    let uncounted = (drafted.unrecorded > 0).then(|| {
        format!(
            "{} findings in what goes to the lane are on nobody's record, and the manifest does not count them: \
             packet scan --record, then packet draft again",
            drafted.unrecorded
        )
    });
    Body::yes(fields, page.finish()).warn(uncounted.into_iter().collect())
}

/// What stands against an approval.
pub fn gate(answer: &GateAnswer) -> Body {
    let n = answer.release;
    let mut page = Page::new();
    if answer.reasons.is_empty() {
        page.line(format!("nothing stops an approval of release {n} now"));
        page.line(format!("next: packet approve {n} --confirm {}   (release owner)", answer.commit));
    } else {
        page.line(format!("release {n} cannot be approved now:")).reasons(&answer.reasons);
    }
    Body::yes(json!({"release": n, "commit": answer.commit}), page.finish()).because(&answer.reasons)
}

/// What a signer or the owner sees first.
pub fn review(review: &Review) -> String {
    let (release, packet) = (&review.release, &review.packet);
    let charter = &packet.content.charter;
    let lane = &charter.lane;
    let mut page = Page::new();
    page.line(format!("Release {} of packet revision {}", release.number, release.revision));
    page.pair("commit", release.bound.as_str()).pair("manifest", format!("sha256 {}", release.manifest_sha256));
    page.pair("lane", format!("{} — {}", lane.id, lane.allowed_use));
    page.pair("not for", lane.not_for.join(", "));
    let audience: Vec<&str> = lane.audience.iter().map(|a| a.as_str()).collect();
    page.pair("audience", audience.join(", "));
    let signed: Vec<&str> = review.signed_by.iter().map(|a| a.as_str()).collect();
    page.pair("signed by", if signed.is_empty() { "nobody yet".to_owned() } else { signed.join(", ") });
    page.pair("until", release.not_after.to_string());
    let residual = packet.ledger.values().filter(|t| packet.standing(t).state == ObjectionState::Residual);
    let residual: Vec<String> = residual
        .map(|t| format!("{} {} about {}: {}", t.id, t.kind, t.about, t.rationale().unwrap_or_default()))
        .collect();
    page.heading("residual objections").items(if residual.is_empty() { vec!["none".to_owned()] } else { residual });
    let deadlines: Vec<String> = packet
        .content
        .retention
        .values()
        .flat_map(|r| r.deadline.iter().map(move |d| format!("session {}: gone by {} ({})", r.session, d.at, d.basis)))
        .collect();
    page.heading("retention").items(if deadlines.is_empty() { vec!["no deadline".to_owned()] } else { deadlines });
    let last = review.last_seen.as_ref().map_or("the genesis".to_owned(), |c| format!("your entry {}", c.short()));
    page.heading(&format!("since {last}"));
    let since: Vec<String> = review
        .since
        .iter()
        .map(|l| format!("{} {}: {} {}", l.commit.short(), l.actor, l.operation, l.summary))
        .collect();
    page.items(if since.is_empty() { vec!["nothing".to_owned()] } else { since });
    page.finish()
}

/// A signature, or the approval.
pub fn signed(signed: &SignedRelease, warnings: Vec<String>) -> Body {
    let n = signed.release;
    let mut page = Page::new();
    match &signed.presence {
        Some(presence) => {
            page.line(format!("release {n} is approved ({presence})")).pair("commit", signed.commit.as_str());
            page.line(format!("next: packet verify {n}"));
        }
        None if signed.missing.is_empty() => {
            page.line(format!("release {n} is signed by everybody required"));
            page.line(format!("next: packet approve {n}   (release owner)"));
        }
        None => {
            page.line(format!("release {n} is signed by you; still missing: {}", signed.missing.join(", ")));
        }
    }
    let fields = json!({"release": n, "commit": signed.commit, "entry": signed.entry, "missing": signed.missing,
                        "manifest_sha256": signed.manifest_sha256, "presence": signed.presence});
    Body::yes(fields, page.finish()).warn(warnings)
}

/// A stopped release.
pub fn held(held: &Held, how: &str) -> Body {
    let n = held.release;
    let text = format!("release {n} is {how}, for good\nnext: packet draft   makes another\n");
    Body::yes(json!({"release": n, "entry": held.entry}), text)
}

/// A check of the sources.
pub fn drift(answer: &DriftAnswer) -> Body {
    let mut page = Page::new();
    let rows: Vec<Vec<String>> = answer
        .checks
        .iter()
        .map(|c| {
            vec![
                c.subject.clone(),
                c.source.to_string(),
                c.state.as_str().to_owned(),
                c.found.clone().unwrap_or_default(),
            ]
        })
        .collect();
    page.table(&["subject", "source", "state", "found"], rows);
    if let Some(entry) = &answer.recorded {
        page.line(format!("recorded as {}", entry.short()));
    }
    if let Some(n) = answer.held {
        page.line(format!("release {n} is held by it, for good"));
    }
    page.line("This compares sources with what was pinned. It says nothing about what the bytes show.");
    let fields = json!({"checks": answer.checks, "recorded": answer.recorded, "held": answer.held});
    Body::yes(fields, page.finish()).because(&answer.reasons)
}

/// A repair, planned or done.
pub fn repair(repair: Option<&Repair>, done: bool) -> Body {
    let Some(repair) = repair else {
        return Body::yes(
            json!({"from": null, "to": null, "done": false}),
            "the local branch is whole: nothing to repair\n",
        );
    };
    let mut page = Page::new();
    page.line(if done {
        "moved the local branch back to its last valid entry"
    } else {
        "the local branch would move back"
    });
    page.pair("from", repair.from.as_str()).pair("to", repair.to.as_str()).pair("because", &repair.why);
    Body::yes(json!({"from": repair.from, "to": repair.to, "done": done}), page.finish())
}
