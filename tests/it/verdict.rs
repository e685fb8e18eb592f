//! What the library says of a packet, in process: `work::verify`, as the command runs it.

use std::time::{Duration, SystemTime};

use packet::model::id::{CommitId, PacketId};
use packet::model::reason::{ReasonCode, Verdict};
use packet::model::time::Time;
use packet::store::Repo;
use packet::work::Desk;
use packet::work::verify::{self, Ask, Verified};

use crate::sandbox::Sandbox;

/// No answer takes longer, whatever is damaged.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The clock, read once by a test.
pub fn now() -> Time {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Time::from_seconds(seconds.try_into().unwrap()).unwrap()
}

/// The answer about the newest release, judged by this genesis, or by what the clone knows; nothing when there is none.
pub fn verified(sandbox: &Sandbox, root: Option<&CommitId>, now: Time) -> Option<Verified> {
    let repo = Repo::open(&sandbox.repo()).ok()?;
    let name = PacketId::new(sandbox.packet).unwrap();
    let desk = Desk { repo, name, now, here: sandbox.repo(), allow: vec![], wait: PATIENCE };
    verify::verify(&desk, &Ask { root: root.cloned(), ..Ask::default() }).ok()
}

/// Whether the answer is yes.
pub fn is_yes(said: &Verified) -> bool {
    Verdict::of(&said.reasons) == Verdict::Yes
}

/// Whether the answer has this reason.
pub fn has(said: &Verified, code: ReasonCode) -> bool {
    said.reasons.iter().any(|reason| reason.code == code)
}
