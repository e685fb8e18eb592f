//! Staged fragments.

use serde_json::{Map, Value, json};

use super::{Body, Page};
use crate::model::fragment::Fragment;
use crate::work::fragment::StagedFragments;

/// How many regions that were left out are shown to people; machines get all.
const SHOWN: usize = 10;

/// What was staged. The first fragment's fields stand at the top, as one fragment's always did.
pub fn fragments(staged: &StagedFragments) -> Body {
    let mut page = Page::new();
    if let [one] = staged.fragments.as_slice() {
        one_text(&mut page, one);
    } else {
        many_text(&mut page, staged);
    }
    page.line("next: packet commit -m TEXT   (or packet propose -m TEXT)");
    let mut fields: Map<String, Value> = staged.fragments.first().map(fields).unwrap_or_default();
    fields.insert("fragments".into(), staged.fragments.iter().map(|f| Value::Object(self::fields(f))).collect());
    let skipped = staged.skipped.iter().map(|s| json!({"region": s.region, "why": s.why}));
    fields.insert("skipped".into(), skipped.collect());
    Body::yes(Value::Object(fields), page.finish())
}

fn fields(f: &Fragment) -> Map<String, Value> {
    let redaction = f.redaction.as_ref().map(|r| {
        let list = r.interval.iter().map(|i| json!({"offset": i.offset, "length": i.length, "fill": i.fill}));
        json!({"intervals": list.collect::<Vec<_>>(), "elided": r.elided, "masked_bytes": r.masked_bytes})
    });
    let fields = json!({
        "id": f.id,
        "region": f.region,
        "va": f.va,
        "raw": {"keyed_blake3": f.raw.keyed_blake3, "key": f.raw.key, "bytes": f.raw.bytes},
        "sanitized": f.sanitized,
        "redaction": redaction,
    });
    let Value::Object(fields) = fields else { return Map::new() };
    fields
}

fn one_text(page: &mut Page, f: &Fragment) {
    page.line(format!("staged fragment:{} ({})", f.id, f.disclosure.as_str()));
    page.pair("capture", format!("vault:{}, {} bytes from {}", f.capture.key, f.range.length, f.range.offset));
    if let Some(region) = &f.region {
        let va = f.va.map(|va| format!(", at {va}")).unwrap_or_default();
        page.pair("region", format!("{region}{va}"));
    }
    page.pair("raw", format!("keyed BLAKE3 {}", f.raw.keyed_blake3));
    if let (Some(sanitized), Some(redaction)) = (&f.sanitized, &f.redaction) {
        page.pair("sanitized", format!("BLAKE3 {}", sanitized.blake3));
        let count = redaction.interval.len();
        let masked = redaction.masked_bytes;
        page.pair("masked", format!("{masked} bytes in {count} intervals; every other byte is identical"));
        if !redaction.elided.is_empty() {
            let bytes: u64 = redaction.elided.iter().map(|e| e.length).sum();
            page.pair("elided", format!("{bytes} bytes that the sanitized dump does not hold"));
        }
    }
}

fn many_text(page: &mut Page, staged: &StagedFragments) {
    let bytes = staged.fragments.iter().fold(0_u64, |sum, f| sum.saturating_add(f.range.length));
    let masked: u64 = staged.fragments.iter().filter_map(|f| f.redaction.as_ref()).map(|r| r.masked_bytes).sum();
    page.line(format!("staged {} fragments, {bytes} bytes, {masked} of them masked", staged.fragments.len()));
    if !staged.skipped.is_empty() {
        page.line(format!("left out {} regions:", staged.skipped.len()));
        page.items(staged.skipped.iter().take(SHOWN).map(|s| format!("{}: {}", s.region, s.why)));
    }
}
