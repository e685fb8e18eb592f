//! Release tags: only the expected one gives a signature, and that is all that follows it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::id::{ActorId, CommitId, PacketId};
use packet::model::namespace::Namespace;
use packet::model::tag::Tag;
use packet::model::time::Time;
use packet::work::load::verify_signature;

/// The tag of `corpus/tag/sha1`.
fn expected() -> Tag {
    Tag {
        target: CommitId::new("7d4a6b6d94bcd30dc50352d6d6d5f4538cfbb55a").expect("hex"),
        packet: PacketId::new("checkout").expect("a name"),
        release: 1,
        tagger: ActorId::new("release-owner").expect("a name"),
        time: Time::from_seconds(TIME).expect("a time"),
    }
}

const TIME: i64 = 1795576908;

fuzz_target!(|data: &[u8]| {
    let tag = expected();
    let Ok(armour) = tag.signature_in(data) else { return };
    assert_eq!(tag.encode(armour), data, "nothing stands before or after");
    if let Ok(signed) = verify_signature(armour, Namespace::Git, tag.payload().as_bytes()) {
        drop(signed);
    }
});
