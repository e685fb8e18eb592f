//! Two dumps, side by side.

use serde_json::json;

use super::{Body, Page};
use crate::model::address::Address;
use crate::model::comparison::{Changed, Comparison, Frame, ModulesCompared, OneSided, StacksCompared, Trust};
use crate::work::regions::CompareAnswer;

/// Rows of one table for people; JSON has all.
const LISTED: usize = 20;

/// What differs between two dumps.
pub fn compare(answer: &CompareAnswer) -> Body {
    let Comparison { regions, modules, threads, stacks } = &answer.comparison;
    let mut page = Page::new();
    page.line(format!("{} → {}", answer.before, answer.after));
    page.line(format!(
        "regions: {} the same, {} changed, {} gone, {} added",
        regions.same,
        regions.changed.len(),
        regions.gone.len(),
        regions.added.len()
    ));
    table(&mut page, "changed", &["region", "address", "bytes", "that differ", "in"], &regions.changed, changed);
    for (what, list) in [("gone", &regions.gone), ("added", &regions.added)] {
        table(&mut page, what, &["region", "address", "bytes", "absent", "elided"], list, one_sided);
    }
    told_modules(&mut page, modules);
    for (what, list) in [("threads gone", &threads.gone), ("threads added", &threads.added)] {
        if !list.is_empty() {
            let ids: Vec<String> = list.iter().take(LISTED).map(u32::to_string).collect();
            page.heading(&format!("{what}: {} ({})", list.len(), ids.join(", ")));
        }
    }
    if let Some(stacks) = stacks {
        page.heading("backtraces, without symbols");
        page.table(
            &["thread", "frames", "how found", "then", "how found", "the same"],
            stacks.iter().map(stack).collect(),
        );
    }
    page.gap().line("Compared: memory by address, all else by name. Gaps between structures are not compared.");
    Body::yes(json!({"regions": regions, "modules": modules, "threads": threads, "stacks": stacks}), page.finish())
}

fn table<T>(page: &mut Page, title: &str, header: &[&str], list: &[T], row: impl Fn(&T) -> Vec<String>) {
    if list.is_empty() {
        return;
    }
    page.heading(title);
    page.table(header, list.iter().take(LISTED).map(row).collect());
    if list.len() > LISTED {
        page.line(format!("  and {} more", list.len() - LISTED));
    }
}

fn address(va: Option<Address>) -> String {
    va.map_or_else(String::new, |va| va.to_string())
}

fn changed(changed: &Changed) -> Vec<String> {
    let length = match changed.other_length {
        Some(other) => format!("{} → {other}", changed.length),
        None => changed.length.to_string(),
    };
    let places = match changed.intervals.first() {
        None => String::new(),
        Some(first) => format!("{} intervals, from +{:#x}", changed.interval_count, first.offset),
    };
    vec![changed.name.clone(), address(changed.va), length, changed.bytes.to_string(), places]
}

fn one_sided(region: &OneSided) -> Vec<String> {
    let OneSided { name, va, length, absent, elided, .. } = region;
    vec![name.clone(), address(*va), length.to_string(), absent.to_string(), elided.to_string()]
}

fn told_modules(page: &mut Page, modules: &ModulesCompared) {
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
    for (what, list) in [("modules gone", &modules.gone), ("modules added", &modules.added)] {
        table(page, what, &["module", "base", "bytes", "code id", "debug id"], list, |m| {
            let base = Address::new(m.base).to_string();
            vec![format!("module:{}", m.index), base, m.size.to_string(), id(&m.code_id), id(&m.debug_id)]
        });
    }
    let header = ["module", "base", "code id", "then", "debug id", "then"];
    table(page, "modules changed", &header, &modules.changed, |other| {
        let (before, after) = (&other.before, &other.after);
        let base = Address::new(before.base).to_string();
        let ids = [&before.code_id, &after.code_id, &before.debug_id, &after.debug_id].map(id);
        [format!("module:{}", before.index), base].into_iter().chain(ids).collect()
    });
}

fn stack(stack: &StacksCompared) -> Vec<String> {
    let count = |frames: Option<usize>| frames.map_or_else(|| "no thread".to_owned(), |frames| frames.to_string());
    vec![
        stack.thread.to_string(),
        count(stack.before),
        trusts(&stack.frames_before),
        count(stack.after),
        trusts(&stack.frames_after),
        stack.same.to_string(),
    ]
}

/// How many frames were found in which way.
fn trusts(frames: &[Frame]) -> String {
    let count = |trust: Trust| frames.iter().filter(|frame| frame.trust == trust).count();
    let counts = Trust::ALL.iter().map(|trust| (trust, count(*trust))).filter(|(_, count)| *count > 0);
    counts.map(|(trust, count)| format!("{count} {trust}")).collect::<Vec<_>>().join(", ")
}
