//! A flipped byte of a signature of authority, in an entry that its actor signed anew: a commit signature stands in for
//! nothing, so the history ends before it.

use std::collections::BTreeSet;

use super::damage::flips;
use super::victim::{Tally, Victim};
use super::{report, stride};
use crate::forge::Forge;
use crate::verdict::{is_yes, verified};

/// An entry of the release that carries a signature of its own.
struct Act {
    commit: String,
    parent: String,
    actor: String,
    operation: String,
    time: i64,
}

impl Act {
    /// Every act of authority of the history.
    fn all(victim: &Victim) -> Vec<Self> {
        let format = "--format=%H %P %an %at %s";
        let line = victim.sandbox.git(&["log", format, "packet/checkout"]);
        line.lines().filter_map(Self::of).collect()
    }

    fn of(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map(str::to_owned);
        let (commit, parent, actor) = (words.next()?, words.next()?, words.next()?);
        let (time, operation) = (words.next()?.parse().ok()?, words.next()?.trim_end_matches(':').to_owned());
        let signed = ["sign", "approve", "withdraw", "accept-residual"].contains(&operation.as_str());
        signed.then_some(Self { commit, parent, actor, operation, time })
    }

    /// The files it changes, with their bytes then.
    fn files(&self, victim: &Victim) -> Vec<(String, Vec<u8>)> {
        let forge = Forge::on(&victim.sandbox);
        forge.put(&self.commit);
        let names = victim.sandbox.git(&["diff", "--name-only", &self.parent, &self.commit]);
        names.lines().map(|name| (name.to_owned(), forge.file(name).into_bytes())).collect()
    }
}

/// Where the last armour of a file begins and ends.
fn armour(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let end = "-----END SSH SIGNATURE-----";
    Some(text.rfind("-----BEGIN SSH SIGNATURE")?..text.rfind(end)? + end.len())
}

#[test]
fn a_flipped_byte_of_a_signature_of_authority_ends_the_history() {
    let victim = Victim::released("sha1");
    let forge = Forge::on(&victim.sandbox);
    let mut tally = Tally::default();
    let mut operations = BTreeSet::new();
    for act in Act::all(&victim) {
        let files = act.files(&victim);
        let (path, bytes) = files.iter().find(|(_, bytes)| armour(bytes).is_some()).unwrap();
        let place = armour(bytes).unwrap();
        for (what, changed) in flips(&bytes[place.clone()], stride(place.len(), 16)) {
            forge.put(&act.parent);
            let altered = [&bytes[..place.start], &changed, &bytes[place.end..]].concat();
            let entry = forge.entry(&act.actor, &act.operation).time(act.time);
            let others = files.iter().filter(|(name, _)| name != path);
            let entry = others.fold(entry, |entry, (name, bytes)| entry.file(name, bytes));
            entry.file(path, altered).land();
            std::fs::remove_file(forge.clone_file("anchor")).ok();
            let said = verified(&victim.sandbox, Some(&victim.genesis), victim.now).unwrap();
            assert!(!is_yes(&said), "{what} of {path}");
            assert_eq!(said.head.as_str(), act.parent, "{what} of {path}: {:?}", said.reasons);
            tally.cases += 1;
            tally.refused += 1;
        }
        operations.insert(act.operation);
    }
    assert_eq!(operations.len(), 4, "{operations:?}");
    report("signatures of authority, in entries signed anew", &tally);
}
