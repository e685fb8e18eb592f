//! What an entry does to one file of the tree.

use std::sync::Arc;

use super::place::Place;

/// One file that differs between an entry and its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// Its bytes now; nothing when it was removed.
    pub blob: Option<Arc<[u8]>>,
    /// Whether it was there before.
    pub existed: bool,
}

impl Change {
    /// Whether the file is content.
    pub fn is_of_content(&self) -> bool {
        Place::of(&self.path).is_some_and(|place| place.is_content())
    }
}
