//! What people type and stored files name: ranges, targets, ids, times, lifetimes, paths, lines of the exact list. What is
//! read prints as a text that reads as the same value; and no text gets through to a terminal with more than plain
//! characters.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use packet::model::id::{ActorId, ClassId, CommitId, KeyId, ObjectionId, ProposalId, StageToken};
use packet::model::place::Place;
use packet::model::range::ByteRange;
use packet::model::target::Target;
use packet::model::taxonomy::Taxonomy;
use packet::model::text::{harmless, harmless_block, is_plain};
use packet::model::time::{Lifetime, Time};
use packet::scan::{ExactList, exact_lines};

fn again<T: FromStr<Err = E> + Display + PartialEq + Debug, E: Debug + Display>(text: &str) {
    match text.parse::<T>() {
        Ok(value) => assert_eq!(value.to_string().parse::<T>().expect("what is printed is read"), value),
        Err(error) => drop(error.to_string()),
    }
}

/// As [`again`], for what has one spelling only.
fn exactly<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

/// Values that can be listed make lines that are read.
fn exact_list(data: &[u8]) {
    let class = ClassId::new("customer-value").expect("a name");
    let taxonomy = Taxonomy::default();
    if let Ok(lines) = exact_lines(data, &class, &[7; 32]) {
        let list: String = lines.iter().map(|line| format!("{line}\n")).collect();
        ExactList::read(list.as_bytes(), &taxonomy, &[7; 32]).expect("what is made is read");
    }
    ExactList::read(data, &taxonomy, &[7; 32]).map_err(|error| error.to_string()).ok();
}

fuzz_target!(|data: &[u8]| {
    exact_list(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    again::<ByteRange, _>(text);
    again::<Target, _>(text);
    exactly::<ActorId>(text);
    exactly::<ObjectionId>(text);
    exactly::<ProposalId>(text);
    exactly::<CommitId>(text);
    exactly::<KeyId>(text);
    exactly::<StageToken>(text);
    if let Ok(time) = Time::parse(text) {
        assert_eq!(time.to_string(), text);
        assert!(time.minus(Lifetime::hours(1)) <= time && time <= time.plus(Lifetime::hours(1)));
    }
    if let Ok(lifetime) = Lifetime::parse(text) {
        assert_eq!(Lifetime::parse(&lifetime.to_string()), Ok(lifetime));
    }
    if let Some(place) = Place::of(text) {
        assert_eq!(place.to_string(), text, "one file, one path");
    }
    assert!(harmless(text).chars().all(is_plain));
    assert!(harmless_block(text).chars().all(|c| matches!(c, '\n' | '\t') || is_plain(c)));
});
