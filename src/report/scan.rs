//! What a scan found: classes first, then places. Never text.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Body, Page, Rows};
use crate::model::finding::{Account, Finding};
use crate::model::region::RegionKind;
use crate::model::scanned::Side;
use crate::work::scan::{ClassSummary, NOT_ASSESSED, ScanAnswer, ScannedTarget};

/// How many places a page lists; JSON lists them all.
const PLACES: usize = 40;
/// How many values of a class.
const SHOWN: usize = 3;

/// A scan.
pub fn scanned(answer: ScanAnswer, as_json: bool) -> Body {
    let mut body = match as_json {
        true => Body::yes(fields(&answer), ""),
        false => Body::yes(json!({}), page(&answer)),
    };
    body.verdict = answer.verdict;
    body.reasons.clone_from(&answer.reasons);
    body.rows = as_json.then(|| rows(answer));
    body
}

fn places(answer: &ScanAnswer) -> impl Iterator<Item = (&ScannedTarget, &Finding, Option<RegionKind>)> {
    let targets = answer.targets.iter();
    targets.flat_map(|target| {
        target.scan.findings.iter().zip(&target.kinds).map(move |(finding, kind)| (target, finding, *kind))
    })
}

/// One finding, where it is.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    region: Option<RegionKind>,
    side: Option<Side>,
    target: &'a str,
}

fn rows(answer: ScanAnswer) -> Rows {
    Rows::new("findings", move |list| {
        places(&answer).try_for_each(|(target, finding, region)| {
            list.push(&Row { finding, region, side: target.side, target: &target.name })
        })
    })
}

fn fields(answer: &ScanAnswer) -> Value {
    json!({
        "read": answer.read,
        "classes": answer.classes.iter().map(class).collect::<Vec<_>>(),
        "found": answer.found,
        "recorded": answer.recorded,
        "not_assessed": NOT_ASSESSED,
    })
}

fn class(summary: &ClassSummary) -> Value {
    let confidence = summary.confidence.iter().map(|(sure, count)| (sure.0.to_string(), json!(count)));
    json!({
        "class": summary.class.id,
        "title": summary.class.title,
        "blocks": summary.class.blocks,
        "count": summary.count,
        "values": summary.values,
        "frequent": summary.frequent.iter().map(|(value, n)| json!({"commitment": value, "count": n})).collect::<Vec<_>>(),
        "regions": summary.regions.iter().map(|(kind, n)| (kind.to_string(), json!(n))).collect::<Map<_, _>>(),
        "encodings": summary.encodings,
        "confidence": confidence.collect::<Map<_, _>>(),
    })
}

fn page(answer: &ScanAnswer) -> String {
    let mut page = Page::new();
    if answer.found > 0 {
        let header = ["class", "found", "values", "confidence", "regions", "encodings", "blocks"];
        page.table(&header, answer.classes.iter().map(row).collect());
        frequent(&mut page, answer);
        listed(&mut page, answer);
    } else {
        page.line("nothing was found in what was read");
    }
    for why in answer.reasons.iter().filter(|why| why.code != "identifiers-found") {
        page.line(format!("{}: {}", why.code, why.message)).items([format!("→ {}", why.help)]);
    }
    if let Some(entry) = &answer.recorded {
        page.line(format!("recorded in {}", entry.short()));
    }
    page.gap().line(read(&answer.read));
    page.line(format!("not assessed: {}", NOT_ASSESSED.join(", ")));
    page.finish()
}

fn row(summary: &ClassSummary) -> Vec<String> {
    let sure = summary.confidence.iter().map(|(sure, count)| format!("{count} {}", sure.0));
    vec![
        summary.class.id.to_string(),
        summary.count.to_string(),
        summary.values.map_or_else(|| "-".to_owned(), |values| values.to_string()),
        sure.collect::<Vec<_>>().join(", "),
        regions(summary),
        summary.encodings.iter().map(|e| e.as_str()).collect::<Vec<_>>().join(", "),
        if summary.class.blocks { "yes" } else { "no" }.to_owned(),
    ]
}

/// The values that one decision would be about, where something is found more than once.
fn frequent(page: &mut Page, answer: &ScanAnswer) {
    let lines: Vec<String> = answer
        .classes
        .iter()
        .flat_map(|summary| {
            let often = summary.frequent.iter().filter(|(_, count)| *count > 1).take(SHOWN);
            often.map(|(value, count)| {
                format!("{}  {count} times the value {:.16}…", summary.class.id, value.to_string())
            })
        })
        .collect();
    if !lines.is_empty() {
        page.heading("most often").items(lines);
    }
}

fn regions(summary: &ClassSummary) -> String {
    let named = summary.regions.iter().map(|(kind, count)| format!("{count} {kind}"));
    let named: Vec<String> = named.collect();
    if named.is_empty() { "-".to_owned() } else { named.join(", ") }
}

fn listed(page: &mut Page, answer: &ScanAnswer) {
    let several = answer.targets.len() > 1;
    page.heading("where");
    page.items(places(answer).take(PLACES).map(|(target, f, _)| {
        let side = target.side.map(|side| format!(" {side}")).unwrap_or_default();
        let target = if several { format!("{}{side}  ", target.name) } else { String::new() };
        format!("{target}{}+{}  {}  {}  {}", f.offset, f.length, f.class, f.encoding, f.confidence)
    }));
    let more = answer.found.saturating_sub(PLACES as u64);
    if more > 0 {
        page.items([format!("and {more} more; --json lists them")]);
    }
}

fn read(read: &Account) -> String {
    let Account { bytes, zero, text, opaque, decoded, truncated, skipped } = read;
    format!(
        "read {bytes} bytes: {zero} zero, {text} text, {decoded} decoded, {opaque} opaque, {truncated} truncated, \
         {skipped} skipped"
    )
}
