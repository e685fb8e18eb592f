//! `allowed_signers`: the roster as stock `ssh-keygen` and `git` read it.

use super::charter::{Charter, KeyStanding};
use super::namespace::Namespace;

/// The one text that follows from the charter: a line per unrevoked key, in charter order (ssh-keygen(1), ALLOWED SIGNERS).
///
/// People may sign in all four namespaces, agents and services in `git` alone: an agent's key cannot sign a manifest
/// even for a verifier that knows nothing of this tool.
pub fn allowed_signers(charter: &Charter) -> String {
    let mut out = String::new();
    for actor in &charter.actor {
        let namespaces = match actor.is_human() {
            true => Namespace::ALL.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(","),
            false => Namespace::Git.as_str().to_owned(),
        };
        for key in actor.keys.iter().filter(|k| matches!(charter.standing(k), KeyStanding::Signs(_))) {
            out.push_str(&format!("{} namespaces=\"{namespaces}\" {key}\n", actor.id));
        }
    }
    out
}
