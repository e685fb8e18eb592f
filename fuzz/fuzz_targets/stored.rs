//! Stored files, the kind by the first byte: what decodes encodes to the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::attachment::Attachment;
use packet::model::canonical::Stored;
use packet::model::digest::Blake3;
use packet::model::fragment::Fragment;
use packet::model::objection::Objection;
use packet::model::proposal::Proposal;
use packet::model::release::{Approval, Hold};
use packet::model::retention::Retention;
use packet::model::section::SectionHead;
use packet::model::session::Session;
use packet::model::source::{RecordedCheck, SourcePin};
use packet::model::stage::Stage;
use packet::model::symbols::SymbolsRequest;
use packet::model::taxonomy::Taxonomy;

fn law<T: Stored>(bytes: &[u8]) -> Option<T> {
    let value = T::decode(bytes).ok()?;
    assert_eq!(value.encode().as_bytes(), bytes, "one value, one encoding");
    Some(value)
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        b'a' => drop(law::<Attachment>(bytes)),
        b'c' => drop(law::<RecordedCheck>(bytes)),
        b'f' => drop(law::<Fragment>(bytes).map(|fragment| fragment.problem(64))),
        b'h' => drop(law::<Hold>(bytes)),
        b'k' => drop(law::<SourcePin>(bytes)),
        b'm' => drop(law::<SymbolsRequest>(bytes)),
        b'n' => drop(law::<SectionHead>(bytes)),
        b'o' => drop(law::<Objection>(bytes)),
        b'p' => drop(law::<Proposal>(bytes)),
        b'r' => drop(law::<Retention>(bytes).map(|retention| retention.problem())),
        b's' => drop(law::<Session>(bytes)),
        b't' => drop(law::<Taxonomy>(bytes)),
        b'v' => drop(law::<Approval>(bytes)),
        b'z' => stage(bytes),
        _ => {}
    }
});

/// A stage that was read can be worked on.
fn stage(bytes: &[u8]) {
    let Some(mut stage) = law::<Stage>(bytes) else { return };
    for was in [None, Some(Blake3::of(b"text\n"))] {
        stage.put("sections/notes.md".to_owned(), was, Some("text\n".to_owned()));
        drop(law::<Stage>(stage.encode().as_bytes()).expect("what is written is read"));
    }
}
