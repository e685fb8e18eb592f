//! Answers about findings.

use serde_json::json;

use super::{Body, Page};
use crate::work::dispose::Disposed;

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
