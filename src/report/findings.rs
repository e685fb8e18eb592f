//! Answers about findings. They hold classes, places and commitments, never text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Body, Page};
use crate::model::coverage_groups::Group;
use crate::model::finding::Finding;
use crate::model::id::ClassId;
use crate::work::coverage::{CoverageAnswer, Covered};
use crate::work::dispose::Disposed;

/// How many places are shown to people; machines get all.
const SHOWN: usize = 20;

/// What redactions cover.
pub fn coverage(answer: &CoverageAnswer) -> Body {
    let mut page = Page::new();
    if answer.fragments.is_empty() {
        page.line("no fragment is committed");
    }
    groups(&mut page, &answer.groups);
    for covered in &answer.fragments {
        fragment_text(&mut page, covered);
    }
    page.line("names of people and postal addresses are not assessed");
    let fragments: Vec<Value> = answer.fragments.iter().map(fragment_fields).collect();
    Body::yes(json!({ "groups": answer.groups, "fragments": fragments }), page.finish()).because(&answer.reasons)
}

/// What shows, value by value: a table to decide from.
fn groups(page: &mut Page, groups: &[Group]) {
    let shown: Vec<&Group> = groups.iter().filter(|group| group.shown() > 0).collect();
    if shown.is_empty() {
        return;
    }
    let row = |group: &&Group| {
        let value = group.commitment.map_or_else(|| "-".to_owned(), |value| format!("{:.16}…", value.to_string()));
        let kind = group.kind.map_or_else(|| "-".to_owned(), |kind| kind.to_string());
        let counts = [group.uncovered, group.leaked, group.covered].map(|count| count.to_string());
        let fragments = group.fragments.len().to_string();
        [vec![group.class.to_string(), kind, value], counts.to_vec(), vec![fragments]].concat()
    };
    page.heading("what shows, value by value");
    let header = ["class", "region", "value", "uncovered", "leaked", "covered", "fragments"];
    page.table(&header, shown.iter().take(SHOWN).map(row).collect());
    if shown.len() > SHOWN {
        page.items([format!("and {} more, in --json", shown.len() - SHOWN)]);
    }
    page.gap();
}

fn fragment_fields(covered: &Covered) -> Value {
    let coverage = &covered.coverage;
    json!({
        "id": covered.id,
        "region": covered.region,
        "covered": coverage.covered.len(),
        "uncovered": coverage.uncovered,
        "leaked": coverage.leaked,
        "mismatched": coverage.mismatched,
        "masked_without_finding": coverage.masked_without_finding,
        "fills": covered.fills,
    })
}

fn fragment_text(page: &mut Page, covered: &Covered) {
    let coverage = &covered.coverage;
    let region = covered.region.as_ref().map(|region| format!(" ({region})")).unwrap_or_default();
    page.line(format!(
        "{}{region}: {} covered, {} uncovered, {} leaked, {} claims that do not fit; {} bytes masked without a finding",
        covered.id,
        coverage.covered.len(),
        coverage.uncovered.len(),
        coverage.leaked.len(),
        coverage.mismatched.len(),
        coverage.masked_without_finding
    ));
    for (name, findings) in [("uncovered", &coverage.uncovered), ("leaked", &coverage.leaked)] {
        page.items(
            classes(findings)
                .map(|(class, count, values)| format!("{name}: {count} of class {class}, {values} distinct values")),
        );
        page.items(
            findings
                .iter()
                .take(SHOWN)
                .map(|f| format!("{name}: {} at {}+{}, {}, {}", f.class, f.offset, f.length, f.encoding, f.confidence)),
        );
        if findings.len() > SHOWN {
            page.items([format!("{name}: and {} more, in --json", findings.len() - SHOWN)]);
        }
    }
    page.items(coverage.mismatched.iter().map(|m| match &m.found {
        Some(found) => format!("{}: {} is claimed, {found} was found", m.kind, m.class),
        None => format!("{}: {}", m.kind, m.class),
    }));
}

/// Findings by class: how many, and how many values.
fn classes(findings: &[Finding]) -> impl Iterator<Item = (&ClassId, usize, usize)> {
    let mut by_class: BTreeMap<&ClassId, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_class.entry(&finding.class).or_default().push(finding);
    }
    by_class.into_iter().map(|(class, findings)| {
        let mut values: Vec<_> = findings.iter().filter_map(|f| f.commitment).collect();
        values.sort_unstable();
        values.dedup();
        (class, findings.len(), values.len())
    })
}

/// A disposition.
pub fn disposed(disposed: &Disposed) -> Body {
    let mut page = Page::new();
    let total: u64 = disposed.sets.iter().map(|(_, count)| count).sum();
    page.line(format!("disposed of {total} findings in {} fragments", disposed.sets.len()));
    page.line("one more finding of the class reopens it");
    page.line("next: packet status");
    let sets: Vec<_> = disposed.sets.iter().map(|(id, count)| json!({"fragment": id, "count": count})).collect();
    Body::yes(json!({"sets": sets, "commit": disposed.commit}), page.finish())
}
