//! What a command found in one fragment when it looked itself, before anything of it is recorded.

use std::fmt;

use super::id::FragmentId;
use super::scanned::Scanned;

/// What a scan of a fragment came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentScan {
    /// The fragment.
    pub fragment: FragmentId,
    /// What was found, by side.
    pub scanned: Vec<Scanned>,
    /// Why not everything was read, if so: of several causes, the one that most stands in the way.
    pub unread: Option<Unread>,
}

impl FragmentScan {
    /// Nothing was looked at yet.
    pub fn new(fragment: FragmentId) -> Self {
        Self { fragment, scanned: Vec::new(), unread: None }
    }

    /// Says that some of its bytes were not read.
    pub fn blame(&mut self, what: &str, unread: &Unread) {
        if self.unread.as_ref().is_none_or(|known| known.cause < unread.cause) {
            self.unread = Some(Unread::new(unread.cause, format!("{what} bytes: {}", unread.why)));
        }
    }
}

/// Why bytes were not scanned to their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What kind of thing stood in the way.
    pub cause: Cause,
    /// What it was.
    pub why: String,
}

impl Unread {
    /// What stood in the way, in words that never show any of the bytes.
    pub fn new(cause: Cause, why: impl Into<String>) -> Self {
        Self { cause, why: why.into() }
    }

    /// The bytes cannot be got at from here.
    pub fn out_of_reach(why: &dyn fmt::Display) -> Self {
        Self::new(Cause::OutOfReach, why.to_string())
    }
}

/// What stands in the way of a scan, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The bytes cannot be got at from here: somebody else may, and their scan can stand in.
    OutOfReach,
    /// There is more in the bytes than one scan unfolds or lists.
    TooMuch,
    /// The bytes are here, and are not those on record.
    Changed,
    /// The vault's key, its exact list or the taxonomy cannot be used.
    Unfit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_stands_in_the_way_is_told_in_whatever_order_it_is_met() {
        let causes = [Cause::OutOfReach, Cause::TooMuch, Cause::Changed, Cause::Unfit];
        for (first, second) in causes.iter().flat_map(|a| causes.map(|b| (*a, b))) {
            let mut scan = FragmentScan::new(FragmentId::new("f1").unwrap());
            scan.blame("its raw", &Unread::new(first, "first"));
            scan.blame("its raw", &Unread::new(second, "second"));
            let told = if second > first { (second, "second") } else { (first, "first") };
            assert_eq!(scan.unread, Some(Unread::new(told.0, format!("its raw bytes: {}", told.1))));
        }
    }
}
