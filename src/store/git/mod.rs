//! gix, and nothing else of this crate: opening, objects, configuration. Its errors leave as one line of text.

pub(super) mod config;
mod delta_cache;
pub(super) mod objects;
pub(super) mod open;

use std::error::Error;

/// The whole chain of causes in one line: gix's `Display` shows only the top frame.
fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !part.is_empty() && !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}
