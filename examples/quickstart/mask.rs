//! The user's sanitizer. `packet` has none: it binds what a sanitizer made, and proves which bytes it changed.

use std::ops::Range;

/// What a masked byte becomes.
const MASK: u8 = b'X';

/// Where each of the texts lies in the bytes, in order.
pub(crate) fn find(bytes: &[u8], texts: &[&str]) -> Vec<Range<usize>> {
    let here = |at: usize| texts.iter().find(|t| bytes[at..].starts_with(t.as_bytes())).map(|t| at..at + t.len());
    (0..bytes.len()).filter_map(here).collect()
}

/// A copy of the bytes, as long as they are, with every one of the texts masked.
pub(crate) fn masked(bytes: &[u8], texts: &[&str]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    for range in find(bytes, texts) {
        copy[range].fill(MASK);
    }
    copy
}

/// The bytes around every place where the text lies, with a margin: what a reviewer needs to see, and not more.
pub(crate) fn around(bytes: &[u8], text: &str) -> Option<Range<usize>> {
    const MARGIN: usize = 128;
    let places = find(bytes, &[text]);
    let (first, last) = (places.first()?, places.last()?);
    Some(first.start.saturating_sub(MARGIN)..bytes.len().min(last.end + MARGIN))
}
