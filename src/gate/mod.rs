//! The gate: (packet, facts, now) → reasons.
//!
//! The same ordered checks judge a draft before it is written, an approval before it counts, every drafting and
//! approving entry at each replay, and a release at each verification. A check that only one of them asked would be a
//! door that only one of them closes.

mod content;
mod disputes;
mod findings;
mod policy;
mod release;
mod sources;

use crate::model::fragment_scan::FragmentScan;
use crate::model::packet::Packet;
use crate::model::policy::Policy;
use crate::model::reason::Reason;
use crate::model::release::{Release, ReleaseState};
use crate::model::source::{SourceCheck, SubjectCheck};
use crate::model::time::{Lifetime, Time};

/// How far clocks may disagree.
pub const CLOCK_SKEW: Lifetime = Lifetime::minutes(5);

/// What is asked of the gate.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// May this packet be drafted?
    Draft,
    /// May this release be approved?
    Approve(&'a Release),
    /// Does this approved release hold?
    Hold(&'a Release),
}

impl<'a> Question<'a> {
    fn release(self) -> Option<&'a Release> {
        match self {
            Self::Draft => None,
            Self::Approve(release) | Self::Hold(release) => Some(release),
        }
    }
}

/// What is known from outside the packet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What each source said as a whole; `None` when sources are not asked, as in a plain `verify`.
    pub sources: Option<&'a [SourceCheck]>,
    /// What was not as pinned, in detail.
    pub subjects: &'a [SubjectCheck],
    /// What was found in what goes to the lane; `None` when nobody looked, as in a plain `verify`.
    pub scans: Option<&'a [FragmentScan]>,
    /// The reader's own policy.
    pub policy: Option<&'a Policy>,
    /// Whether the owner's new signature carries the presence flag; `None` before there is one.
    pub owner_touched: Option<bool>,
}

struct Case<'a> {
    packet: &'a Packet,
    question: Question<'a>,
    facts: Facts<'a>,
    now: Time,
}

/// The checks, in the order in which their reasons are shown: what ended it, what is disputed, what is missing.
const CHECKS: &[fn(&Case<'_>) -> Vec<Reason>] = &[
    release::ended,
    release::time,
    disputes::objections,
    content::sensitivity,
    content::retention,
    content::boundary,
    content::minimization,
    content::sections,
    findings::leaks,
    findings::unread,
    sources::unchanged,
    release::signatures,
    release::independence,
    release::approval,
    policy::looser,
];

/// Every reason against what is asked, in order; none when nothing stands against it.
pub fn judge(packet: &Packet, question: Question<'_>, facts: Facts<'_>, now: Time) -> Vec<Reason> {
    let case = Case { packet, question, facts, now };
    CHECKS.iter().flat_map(|check| check(&case)).collect()
}

/// Where a release stands now.
pub fn state(packet: &Packet, release: &Release, now: Time) -> ReleaseState {
    if release.superseded.is_some() {
        ReleaseState::Superseded
    } else if !release.holds.is_empty() {
        ReleaseState::Held
    } else if release.void.is_some() {
        ReleaseState::Void
    } else if release.has_lapsed(now) {
        ReleaseState::Lapsed
    } else if release.approval.is_some() {
        ReleaseState::Approved
    } else if release::missing_roles(packet, release).is_empty() {
        ReleaseState::Signed
    } else {
        ReleaseState::Draft
    }
}

pub use findings::{Shown, incomplete, shown, unresolved};
pub use release::{counting_signers, missing_roles};
