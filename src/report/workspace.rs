//! Answers of the workspace: opening, staging, sealing, reading.

use serde_json::json;

use super::{Body, Page};
use crate::model::charter::Charter;
use crate::work::content::{Staged, StagedAttachment, StagedSymbols};
use crate::work::diff::{FileDiff, Shown};
use crate::work::log::Log;
use crate::work::open::Opened;
use crate::work::seal::Sealed;
use crate::work::whoami::Whoami;

/// An opened packet.
pub fn opened(packet: &str, opened: &Opened) -> Body {
    let mut page = Page::new();
    page.line(format!("opened packet {packet}")).pair("genesis", opened.genesis.as_str());
    page.line("The genesis is the packet's identity. Give it to whoever will verify it:");
    page.items([format!("packet trust {packet} {}", opened.genesis)]);
    page.line("next: packet add-session ID --environment NAME --sensitivity LEVEL");
    let fields = json!({"packet": packet, "genesis": opened.genesis, "head": opened.head});
    Body::yes(fields, page.finish()).warn(opened.warnings.clone())
}

/// A pinned genesis.
pub fn trusted(packet: &str, opened: &Opened) -> Body {
    let text = format!("pinned {} as the genesis of {packet}\nnext: packet verify\n", opened.genesis);
    Body::yes(json!({"packet": packet, "genesis": opened.genesis, "head": opened.head}), text)
}

/// A charter that is right.
pub fn charter_checked(file: &str, charter: &Charter) -> Body {
    let mut page = Page::new();
    page.line(format!("{file} is a charter: lane {}, owner {}", charter.lane.id, charter.lane.release_owner));
    page.line(format!("{} actors, {} required roles", charter.actor.len(), charter.lane.required_signers.len()));
    let fields = json!({"lane": charter.lane.id, "release_owner": charter.lane.release_owner});
    Body::yes(fields, page.finish()).warn(charter.warnings())
}

/// Something staged.
pub fn staged(staged: &Staged) -> Body {
    let text = format!("staged {}\nnext: packet commit -m TEXT   (or packet propose -m TEXT)\n", staged.subject);
    Body::yes(json!({"id": staged.id, "staged": staged.subject}), text).warn(staged.warnings.clone())
}

/// A staged symbolization request.
pub fn staged_symbols(symbols: &StagedSymbols) -> Body {
    let mut body = staged(&symbols.staged);
    body.fields.insert("exceeds".into(), json!(symbols.exceeds));
    body
}

/// A staged attachment.
pub fn staged_attachment(attachment: &StagedAttachment) -> Body {
    let mut body = staged(&attachment.staged);
    body.fields.insert("raw".into(), json!(attachment.raw));
    body
}

/// A sealed revision.
pub fn sealed(sealed: &Sealed) -> Body {
    let text = format!("revision {} is {}\nnext: packet status\n", sealed.revision, sealed.commit);
    Body::yes(json!({"revision": sealed.revision, "commit": sealed.commit}), text)
}

/// A dropped stage.
pub fn discarded(files: usize) -> Body {
    Body::yes(json!({"discarded": files}), format!("dropped {files} staged files\n"))
}

/// Who the key belongs to.
pub fn whoami(who: &Whoami) -> Body {
    let roles: Vec<&str> = who.actor.roles.iter().map(|r| r.as_str()).collect();
    let may: Vec<&str> = who.may.iter().map(|op| op.as_str()).collect();
    let mut page = Page::new();
    page.line(format!("{} ({})", who.actor.id, who.actor.kind));
    page.pair("roles", roles.join(", ")).pair("key", &who.key).pair("may", may.join(", "));
    if !who.next.is_empty() {
        page.heading("next").items(&who.next);
    }
    let fields = json!({"actor": who.actor.id, "kind": who.actor.kind, "roles": roles, "key": who.key, "may": may, "next": who.next});
    Body::yes(fields, page.finish())
}

/// The trace.
pub fn log(log: &Log) -> Body {
    let mut page = Page::new();
    for line in &log.entries {
        let kind =
            line.kind.map_or("gone", |k| if k == crate::model::actor::ActorKind::Human { "" } else { "not human" });
        let who = if kind.is_empty() { line.actor.to_string() } else { format!("{} ({kind})", line.actor) };
        page.line(format!(
            "{}  {}  r{}  {who}: {} {}",
            line.commit.short(),
            line.at,
            line.revision,
            line.operation,
            line.summary
        ));
    }
    let entries: Vec<_> = log
        .entries
        .iter()
        .map(|l| {
            json!({"commit": l.commit, "operation": l.operation, "actor": l.actor, "kind": l.kind, "at": l.at,
                   "revision": l.revision, "summary": l.summary})
        })
        .collect();
    Body::yes(json!({"entries": entries}), page.finish()).warn(log.warnings.clone())
}

/// A file, or the list of files.
pub fn show(shown: &Shown) -> Body {
    let mut page = Page::new();
    page.block(&shown.text);
    let fields = match &shown.path {
        Some(path) => json!({"path": path, "text": shown.text}),
        None => json!({"files": shown.files}),
    };
    Body::yes(fields, page.finish())
}

/// What differs.
pub fn diff(files: &[FileDiff]) -> Body {
    let mut page = Page::new();
    for file in files {
        let what = match (&file.before, &file.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        page.line(format!("{what} {}", file.path));
        page.items(line_diff(file.before.as_deref().unwrap_or_default(), file.after.as_deref().unwrap_or_default()));
    }
    let list: Vec<_> = files.iter().map(|f| json!({"path": f.path, "before": f.before, "after": f.after})).collect();
    Body::yes(json!({"files": list}), page.finish())
}

/// Lines that go and lines that come, without those both texts begin and end with.
pub(super) fn line_diff(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = old[start..old.len() - end].iter().map(|line| format!("- {line}"));
    let come = new[start..new.len() - end].iter().map(|line| format!("+ {line}"));
    gone.chain(come).collect()
}
