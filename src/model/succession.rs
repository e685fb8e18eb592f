//! What one charter may follow another: N to N+1, never back.
//!
//! A charter that is right by itself may still be wrong as a successor: an id given to somebody else would hand old
//! objections to them, a key that changes hands would turn one person's signature into another's, and a revocation
//! that is forgotten would let a stolen key sign again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::actor::ActorKind;
use super::charter::{Charter, RevokedKey};
use super::charter_check::{Problem, Step};
use super::id::ActorId;

/// Who was ever in the roster, and whose each key ever was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// What each id stood for.
    actors: BTreeMap<ActorId, ActorKind>,
    /// Whose each Ed25519 point was.
    keys: BTreeMap<[u8; 32], ActorId>,
}

impl Past {
    /// Remembers a charter that is in force.
    pub fn remember(&mut self, charter: &Charter) {
        for actor in &charter.actor {
            self.actors.insert(actor.id.clone(), actor.kind);
            self.keys.extend(actor.keys.iter().map(|key| (*key.ed25519(), actor.id.clone())));
        }
    }

    /// Everything wrong with `new` as the successor of `old`.
    pub fn problems(&self, old: &Charter, new: &Charter) -> Vec<Problem> {
        let mut found = Vec::new();
        self.check_actors(old, new, &mut found);
        self.check_keys(new, &mut found);
        check_revocations(old, new, &mut found);
        found
    }

    fn check_actors(&self, old: &Charter, new: &Charter, found: &mut Vec<Problem>) {
        for (i, actor) in new.actor.iter().enumerate() {
            let Some(kind) = self.actors.get(&actor.id) else { continue };
            let path = vec![Step::Key("actor"), Step::Item(i), Step::Key("id")];
            if old.actor_by_id(&actor.id).is_none() {
                let message = format!("`{}` was somebody before and left; ids are never reused", actor.id);
                push(found, path, message, "give the new actor an id of its own");
            } else if *kind != actor.kind {
                let message = format!(
                    "`{}` is {} and cannot become {}",
                    actor.id,
                    kind.with_article(),
                    actor.kind.with_article()
                );
                push(found, path, message, "an actor of another kind is another actor: give it an id of its own");
            }
        }
    }

    fn check_keys(&self, new: &Charter, found: &mut Vec<Problem>) {
        for (i, actor) in new.actor.iter().enumerate() {
            for (k, key) in actor.keys.iter().enumerate() {
                if let Some(other) = self.keys.get(key.ed25519()).filter(|other| **other != actor.id) {
                    let path = vec![Step::Key("actor"), Step::Item(i), Step::Key("keys"), Step::Item(k)];
                    let message = format!("key {} was `{other}`'s; a key never changes hands", key.fingerprint());
                    push(found, path, message, "make another with `ssh-keygen -t ed25519`");
                }
            }
        }
    }
}

/// A revoked key stays revoked, as strictly as it was: forgetting one would let it sign again later.
fn check_revocations(old: &Charter, new: &Charter, found: &mut Vec<Problem>) {
    let kept = |was: &RevokedKey| {
        new.revoked.iter().any(|is| is.key.ed25519() == was.key.ed25519() && is.revocation >= was.revocation)
    };
    for was in old.revoked.iter().filter(|was| !kept(was)) {
        let message = format!("the revocation of key {} is gone or weaker than it was", was.key.fingerprint());
        push(
            found,
            vec![Step::Key("revoked")],
            message,
            "keep every `[[revoked]]` table; `retired` may become `compromised`",
        );
    }
}

fn push(found: &mut Vec<Problem>, path: Vec<Step>, message: String, help: &str) {
    found.push(Problem { path, message, help: help.to_owned() });
}

/// Whether a change needs an endorser other than the release owner: lane, audience, signers, keys or threshold
/// (DESIGN.md, invariant 8), and what keeps bytes from the lane. What only they could change alone, they could change for
/// themselves.
///
/// What is looked for, and what of it stops a draft, is in the taxonomy alone.
pub fn needs_another(old: &Charter, new: Option<&Charter>, taxonomy_changes: bool) -> bool {
    taxonomy_changes || new.is_some_and(|new| widens(old, new))
}

fn widens(old: &Charter, new: &Charter) -> bool {
    old.lane != new.lane
        || old.governance.threshold != new.governance.threshold
        || old.actor != new.actor
        || old.revoked != new.revoked
        || old.rules.disposers != new.rules.disposers
        || old.rules.regions != new.rules.regions
        || old.rules.max_fragment != new.rules.max_fragment
}
