//! Every byte flipped and every length cut, of every object, reference and signature of one release: refused, or the
//! identical verdict.
//!
//! In process, through `work::verify`, so that tens of thousands of cases take seconds. By default bytes of the larger
//! files are sampled; `PACKET_FLIPS=all` (`tests/sweeps/flips.sh`) takes every byte and every length.

mod authority;
mod damage;
mod victim;

use damage::{cuts, flips, loose_file};
use victim::{Said, Tally, Victim};

use crate::forge::Forge;

/// Whether nothing is left out.
fn all() -> bool {
    std::env::var("PACKET_FLIPS").is_ok_and(|value| value == "all")
}

/// Every so many bytes of a file of this length, when about so many cases are affordable.
fn stride(length: usize, cases: usize) -> usize {
    if all() { 1 } else { (length / cases).max(1) }
}

/// The bytes of a file, damaged in every affordable place.
fn damaged(bytes: &[u8], cases: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    let stride = stride(bytes.len(), cases);
    flips(bytes, stride).chain(cuts(bytes, stride))
}

fn report(what: &str, tally: &Tally) {
    let Tally { cases, refused, identical, without_tag } = tally;
    println!(
        "{what}: {cases} cases, {refused} refused, {identical} identical, {without_tag} identical without the tag"
    );
    assert_eq!(*cases, refused + identical + without_tag);
    assert!(*refused > 0, "no damage was noticed: the test is worthless");
}

/// Object names promise bytes: damage below an unchanged name is always noticed.
#[test]
fn a_flipped_or_cut_object_under_its_old_name_is_refused() {
    let victim = Victim::released("sha1");
    let mut tally = Tally::default();
    for (id, (kind, bytes)) in victim.objects() {
        let files = damaged(&bytes, 12).map(|(what, bytes)| (format!("{what}, {kind}"), loose_file(&kind, &bytes)));
        victim.damage(&victim.loose(&id), &mut tally, files);
    }
    report("objects, changed and deflated again", &tally);
    assert_eq!(tally.refused, tally.cases);
}

#[test]
fn a_flipped_or_cut_loose_object_file_is_refused_or_changes_nothing() {
    let victim = Victim::released("sha1");
    let mut tally = Tally::default();
    for (id, _) in victim.objects() {
        let file = victim.loose(&id);
        let bytes = std::fs::read(&file).unwrap();
        victim.damage(&file, &mut tally, damaged(&bytes, 12));
    }
    report("loose object files", &tally);
}

#[test]
fn a_flipped_or_cut_pack_or_index_is_refused_or_changes_nothing() {
    let victim = Victim::released("sha256");
    victim.sandbox.git(&["repack", "-adq"]);
    victim.sandbox.git(&["prune-packed"]);
    let mut tally = Tally::default();
    let packs = std::fs::read_dir(victim.git_dir().join("objects/pack")).unwrap();
    for file in packs.map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        victim.damage(&file, &mut tally, damaged(&bytes, 200));
    }
    report("packs", &tally);
}

/// Loose and packed references, and the clone's own root: all bytes, always.
#[test]
fn a_flipped_or_cut_reference_is_refused_or_changes_nothing() {
    let victim = Victim::released("sha1");
    let mut tally = Tally::default();
    let mut damage = |name: &str| {
        let file = victim.git_dir().join(name);
        let bytes = std::fs::read(&file).unwrap();
        victim.damage(&file, &mut tally, damaged(&bytes, usize::MAX));
    };
    damage("refs/heads/packet/checkout");
    damage("refs/tags/packet/checkout/1");
    damage("packet/checkout/root");
    damage("HEAD");
    damage("config");
    victim.sandbox.git(&["pack-refs", "--all"]);
    damage("packed-refs");
    report("references", &tally);
}

/// A signature of the newest entry or of the tag that is changed *and* named anew: its name is right, it does not hold.
#[test]
fn a_flipped_byte_of_a_renamed_entry_or_tag_is_refused() {
    let victim = Victim::released("sha1");
    let forge = Forge::on(&victim.sandbox);
    let mut tally = Tally::default();
    for name in ["refs/heads/packet/checkout", "refs/tags/packet/checkout/1"] {
        let id = victim.sandbox.git(&["rev-parse", name]);
        let (kind, bytes) = victim.objects().remove(&id).unwrap();
        for (what, changed) in flips(&bytes, stride(bytes.len(), 120)) {
            let renamed = forge.object(&kind, &changed);
            std::fs::write(victim.git_dir().join(name), format!("{renamed}\n")).unwrap();
            let said = victim.says();
            victim.count(&mut tally, said, &format!("{what} of {name}"));
        }
        victim.sandbox.git(&["update-ref", name, &id]);
    }
    report("the newest entry and the tag, named anew", &tally);
    assert_eq!(tally.refused, tally.cases);
}

/// Library and program agree: the exit code is 0 exactly when the library says yes.
#[test]
fn the_program_says_what_the_library_says() {
    let victim = Victim::released("sha1");
    assert_eq!(victim.program_says(), 0);
    let objects = victim.objects();
    for (i, (id, _)) in objects.iter().enumerate().step_by(3) {
        let file = victim.loose(id);
        let bytes = std::fs::read(&file).unwrap();
        let mut changed = bytes.clone();
        let at = i * 7 % bytes.len();
        changed[at] ^= 1 << (i % 8);
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, &changed).unwrap();
        let yes = victim.says() != Said::Refused;
        assert_eq!(victim.program_says() == 0, yes, "byte {at} of {id}");
        std::fs::write(&file, &bytes).unwrap();
    }
}
