//! Bytes → findings: suspected identifiers, by class, place and commitment. Never their text.
//!
//! ```text
//! pieces ─ stream ─► chunks ─ gate ─► runs of text ─ matcher ─► hits ─► findings
//!                               │                       ▲
//!                               └─ UTF-16, base64, gzip ┘   (view: a decoder's output is bytes again)
//! ```
//!
//! | file | holds |
//! |---|---|
//! | [`stream`] | pieces of a file, joined where their addresses touch |
//! | `chunk` | one mebibyte and its neighbours: read, looked at, accounted for |
//! | `view` | bytes, and what is encoded in them, layer by layer |
//! | `lanes`, `gate` | what is asked of every byte, and where text is |
//! | `doors`, `matcher`, `automaton`, `rules` | candidates, patterns, and the taxonomy made ready |
//! | `check`, `context` | what a match must pass beyond its shape |
//! | `exact` | values of the vault's list, known by keyed hashes |
//! | `base64`, `inflate` | decoders |
//! | `value` | normalised values and their commitments |
//! | `needs` | what a text must hold to be worth a scanner |
//! | [`parts`] | pieces of values, in registers and at severed edges |
//! | [`lint`] | what is asked of a taxonomy that a person wrote |
//!
//! Matched bytes live in the buffers of this room alone. What leaves it is a class, a place, a length, how sure it is,
//! and a keyed commitment.

mod automaton;
mod base64;
mod check;
mod chunk;
mod context;
mod doors;
mod exact;
mod gate;
mod inflate;
mod lanes;
pub mod lint;
mod matcher;
mod needs;
pub mod parts;
mod path;
mod rules;
mod scanner;
pub mod stream;
#[cfg(test)]
mod tests;
mod value;
mod view;

pub use exact::{ExactError, ExactLine, ExactList, exact_lines};
pub use needs::Needs;
pub use rules::TaxonomyError;
pub use scanner::{Incomplete, MAX_FINDINGS, Scan, ScanError, Scanner};
pub use stream::Piece;

use crate::model::taxonomy::Taxonomy;

/// What no class of any taxonomy looks for: a scan says so.
pub const NOT_ASSESSED: &[&str] = &["names of people", "postal addresses"];

impl Taxonomy {
    /// The taxonomy that the tool carries.
    pub fn shipped() -> Self {
        toml::from_str(include_str!("taxonomy.toml")).expect("a test reads it")
    }
}
