//! Entries made by hand: what they hold, who signs them, and how they come out otherwise than a command would make them.

use std::collections::BTreeMap;

use packet::model::canonical::{Stored, encode};
use packet::model::digest::Blake3;
use packet::model::id::{ActorId, CommitId, ProposalId};
use packet::model::namespace::Namespace;
use packet::model::objection::{Act, ActKind, Objection, statement};
use packet::model::proposal::{Proposal, endorsement_statement};
use packet::model::source::SourceCheck;
use packet::model::time::Time;
use serde_json::{Value, json};

use super::format::{Seal, Step};
use super::scene::{Scene, swapped};
use crate::forge::Entry;

/// What an entry is to be, before the step's own changes.
struct Draft {
    operation: String,
    actor: String,
    files: BTreeMap<String, Option<String>>,
    time: i64,
    revision: Option<u32>,
}

/// A purpose of signatures, by its name in `tests/corpus/README.md`.
pub fn namespace(name: &str) -> Namespace {
    match name {
        "git" => Namespace::Git,
        "release" => Namespace::Release,
        "ledger" => Namespace::Ledger,
        "charter" => Namespace::Charter,
        other => panic!("`{other}` is no namespace"),
    }
}

impl Scene {
    /// Makes an entry of an operation by hand.
    pub fn forged(&mut self, step: &Step, operation: &str, wrong: bool) {
        let actor = self.say(step.by.as_deref().expect("an entry is by somebody"));
        let files = self.content(step, operation, &actor);
        let time = self.forge().time();
        self.land(step, Draft { operation: operation.to_owned(), actor, files, time, revision: None }, wrong);
    }

    /// Takes a command's entry off the branch and makes it again by hand.
    pub fn remade(&mut self, step: &Step, command: &[String], wrong: bool) {
        let by = self.say(step.by.as_deref().expect("a command is run by somebody"));
        let before = self.sandbox.head();
        let anchor = std::fs::read(self.clone_file("anchor")).unwrap();
        self.ran(&by, command, 0, step.name.as_deref());
        let after = self.sandbox.head();
        assert_ne!(before, after, "{command:?} wrote no entry");
        let text = self.forge().commit(&after);
        let trailer = |name: &str| text.lines().rev().find_map(|l| l.strip_prefix(name)).unwrap().to_owned();
        let listed = self.sandbox.git(&["diff-tree", "-r", "--no-renames", "--name-status", &before, &after]);
        let files = listed.lines().map(|line| line.split_once('\t').unwrap());
        let files = files.map(|(how, path)| (path.to_owned(), (how != "D").then(|| self.forge().file(path)))).collect();
        let (time, revision) = (self.forge().time(), trailer("Packet-Revision: ").parse().unwrap());
        let operation = trailer("Packet-Operation: ");
        self.forge().put(&before);
        std::fs::write(self.clone_file("anchor"), anchor).unwrap();
        let actor = step.actor.as_deref().map_or(by, |actor| self.say(actor));
        self.land(step, Draft { operation, actor, files, time, revision: Some(revision) }, wrong);
    }

    fn clone_file(&self, name: &str) -> std::path::PathBuf {
        self.git_dir().join("packet").join(self.sandbox.packet).join(name)
    }

    /// The files that the content words of a step make.
    fn content(&self, step: &Step, operation: &str, actor: &str) -> BTreeMap<String, Option<String>> {
        let mut files = BTreeMap::new();
        let mut add = |path: String, text: String| drop(files.insert(path, Some(text)));
        if let Some(name) = &step.section {
            let name = self.say(name);
            add(format!("sections/{name}.toml"), format!("format = 1\nname = \"{name}\"\nowner = \"{actor}\"\n"));
            add(format!("sections/{name}.md"), "What is known.\n".to_owned());
        }
        if let Some(n) = step.manifest {
            add(format!("releases/{n}/manifest.json"), self.forge().manifest(self.checks(step)));
        }
        if let Some(n) = step.sign {
            add(format!("releases/{n}/signatures/{actor}.sig"), self.release_seal(&step.seal, actor, n));
        }
        if let Some(n) = step.approval {
            let release = self.forge().packet().releases.get(&n).unwrap_or_else(|| panic!("no release {n}")).clone();
            let manifest = self.forge().file(&format!("releases/{n}/manifest.json"));
            let mut approval = self.forge().approval(n, release.bound.as_str(), &manifest);
            approval.at = Time::from_seconds(self.entry_time(step, self.forge().time())).unwrap();
            approval.source = self.checks(step);
            add(format!("releases/{n}/approval.toml"), encode(&approval));
            add(
                format!("releases/{n}/signatures/release-owner.sig"),
                self.release_seal(&step.seal, "release-owner", n),
            );
        }
        if let Some(id) = &step.act {
            let (path, text) = self.act(step, operation, actor, &self.say(id));
            add(path, text);
        }
        files
    }

    /// What a check of the vault said.
    fn checks(&self, step: &Step) -> Vec<SourceCheck> {
        let state = step.sources.as_deref().unwrap_or("same");
        let mut check = json!({"name": "vault", "kind": "evidence", "state": state, "subjects": 3});
        if let Some(number) = step.stand_in {
            check["stand_in"] = number.into();
        }
        vec![serde_json::from_value(check).unwrap()]
    }

    fn entry_time(&self, step: &Step, time: i64) -> i64 {
        step.epoch.unwrap_or(time + step.time.unwrap_or(0))
    }

    fn sealed(&self, seal: &Seal, actor: &str, usual: Namespace, message: &str) -> String {
        let key = seal.key.as_deref().map_or_else(|| actor.to_owned(), |key| self.say(key));
        let purpose = seal.namespace.as_deref().map_or(usual, namespace);
        let message = swapped(self, message, &seal.over);
        let armour = self.forge().sign(&key, purpose, message.as_bytes());
        swapped(self, &armour, &seal.shape)
    }

    fn release_seal(&self, seal: &Seal, actor: &str, n: u32) -> String {
        let manifest = self.forge().file(&format!("releases/{n}/manifest.json"));
        self.sealed(seal, actor, Namespace::Release, &manifest)
    }

    /// An objection's file with one more act, whose authority is signed.
    fn act(&self, step: &Step, operation: &str, actor: &str, id: &str) -> (String, String) {
        let path = self.say(&format!("{{ledger:{id}}}"));
        let stored = self.forge().file(&path);
        let mut objection = Objection::decode(stored.as_bytes()).unwrap();
        let kind: ActKind = *ActKind::ALL.iter().find(|k| k.as_str() == operation).expect("an act");
        let target = kind.is_authority().then(|| self.target_now(&objection));
        let text = step.text.as_deref().map_or_else(|| "it is fine now".to_owned(), |text| self.say(text));
        let at = Time::from_seconds(self.entry_time(step, self.forge().time())).unwrap();
        let by = ActorId::new(actor).unwrap();
        let signature = target.map(|target| {
            let thread = Blake3::of(stored.as_bytes());
            let message = statement(&self.genesis(), id, kind, &thread, &target, &text);
            self.sealed(&step.seal, actor, Namespace::Ledger, &String::from_utf8(message).unwrap())
        });
        objection.thread.push(Act { target, signature, ..Act::plain(kind, by, at, text) });
        (path, objection.encode())
    }

    fn target_now(&self, objection: &Objection) -> Blake3 {
        self.forge().packet().target_digest(&objection.about)
    }

    fn genesis(&self) -> CommitId {
        CommitId::new(self.words["genesis"].clone()).unwrap()
    }

    /// What the step changes in the files.
    fn changed(&self, step: &Step, files: &mut BTreeMap<String, Option<String>>) {
        for (path, text) in &step.put {
            files.insert(self.say(path), Some(self.say(text)));
        }
        for (path, swaps) in &step.edit {
            let path = self.say(path);
            let text = files.get(&path).cloned().flatten().unwrap_or_else(|| self.forge().file(&path));
            files.insert(path, Some(swapped(self, &text, swaps)));
        }
        if !step.set.is_empty() {
            let manifest = files.iter_mut().find(|(path, _)| path.ends_with("manifest.json"));
            let (_, text) = manifest.expect("`set` changes a manifest");
            *text = text.take().map(|text| self.set(&text, step));
        }
        for (from, to) in &step.rename {
            let file = files.remove(&self.say(from)).unwrap_or_else(|| panic!("{from} is not there"));
            files.insert(self.say(to), file);
        }
        for path in &step.drop {
            assert!(files.remove(&self.say(path)).is_some(), "{path} is not there");
        }
        for path in &step.remove {
            let path = self.say(path);
            let was = files.insert(path.clone(), None);
            assert!(was.is_some() || !self.forge().file(&path).is_empty(), "{path} is not there");
        }
        if step.relist {
            relist(files);
        }
    }

    fn set(&self, text: &str, step: &Step) -> String {
        let mut manifest: Value = serde_json::from_str(text).unwrap();
        for (pointer, value) in &step.set {
            let value = self.said(&serde_json::to_value(value).unwrap());
            let place = manifest.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
            assert_ne!(*place, value, "the attack is one");
            *place = value;
        }
        serde_json_canonicalizer::to_string(&manifest).unwrap() + "\n"
    }

    fn said(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text == "{null}" => Value::Null,
            Value::String(text) => Value::String(self.say(text)),
            Value::Array(items) => items.iter().map(|v| self.said(v)).collect(),
            other => other.clone(),
        }
    }

    /// Signs authority anew in a file that a command wrote.
    fn resealed(&self, step: &Step, actor: &str, files: &mut BTreeMap<String, Option<String>>) {
        let Some(path) = step.seal.path.as_deref().map(|path| self.say(path)) else { return };
        let text = match path.split('/').collect::<Vec<_>>()[..] {
            ["releases", n, "signatures", file] => {
                self.release_seal(&step.seal, file.trim_end_matches(".sig"), n.parse().unwrap())
            }
            ["proposals", id, "endorsements", file] => {
                let message = self.endorsement(id, files);
                self.sealed(&step.seal, file.trim_end_matches(".sig"), Namespace::Charter, &message)
            }
            _ => panic!("{path} holds no seal of its own ({actor})"),
        };
        files.insert(path, Some(text));
    }

    /// What an endorsement of a proposal signs, by the charter in force.
    fn endorsement(&self, id: &str, files: &BTreeMap<String, Option<String>>) -> String {
        let path = format!("proposals/{id}/proposal.toml");
        let proposal = files.get(&path).cloned().flatten().unwrap_or_else(|| self.forge().file(&path));
        let (charter, proposed) = (self.forge().file("charter.toml"), Blake3::of(proposal.as_bytes()));
        let charter = Blake3::of(charter.as_bytes());
        let since =
            self.forge().sandbox.git(&["log", "-1", "--format=%H", &self.forge().branch(), "--", "charter.toml"]);
        let (id, since) = (ProposalId::new(id).unwrap(), CommitId::new(since).unwrap());
        String::from_utf8(endorsement_statement(&self.genesis(), &id, (&charter, &since), &proposed)).unwrap()
    }

    fn land(&mut self, step: &Step, draft: Draft, wrong: bool) {
        let mut files = draft.files;
        self.changed(step, &mut files);
        if step.remake.is_some() || step.seal.path.is_some() {
            self.resealed(step, &draft.actor, &mut files);
        }
        let before = self.sandbox.head();
        let entry = self.dressed(step, &draft.actor, &draft.operation, draft.time, &files);
        let entry = match step.revision.or(draft.revision) {
            Some(revision) => entry.revision(revision),
            None => entry,
        };
        let id = entry.store();
        if let Some(name) = &step.name {
            self.learn(name, id.clone());
        }
        if step.land != Some(false) {
            self.forge().put(&id);
            self.landed.push((id, before, wrong));
        }
    }

    /// The entry with everything that a step says about it.
    fn dressed(
        &self,
        step: &Step,
        actor: &str,
        operation: &str,
        time: i64,
        files: &BTreeMap<String, Option<String>>,
    ) -> Entry<'_> {
        let mut entry = self.forge().entry(actor, operation).time(self.entry_time(step, time));
        for (path, text) in files {
            entry = match text {
                Some(text) => entry.file(path, text),
                None => entry.remove(path),
            };
        }
        for (path, bytes) in &step.fill {
            entry = entry.file(&self.say(path), vec![b'x'; *bytes]);
        }
        for odd in &step.odd {
            entry = entry.mode(odd.mode.clone(), &odd.path, self.say(&odd.text));
        }
        for line in &step.top {
            entry = entry.top_line(self.say(line));
        }
        if let Some(parents) = &step.parents {
            let parents: Vec<String> = parents.iter().map(|p| self.say(p)).collect();
            entry = entry.parents(&parents.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let entry = self.countersigned(step, actor, entry);
        let (mut before, after) = (self.owned(&step.before), self.owned(&step.after));
        if let Some(tree) = &step.tree {
            before.push(["tree".to_owned(), self.say(tree)]);
        }
        entry.before_signing(move |text| plain(text, &before)).after_signing(move |text| plain(text, &after))
    }

    fn countersigned<'a>(&'a self, step: &Step, actor: &str, entry: Entry<'a>) -> Entry<'a> {
        if let Some(armour) = &step.signature {
            let armour = self.say(armour);
            return entry.signature(move |_| armour);
        }
        let key = step.key.as_deref().map_or_else(|| actor.to_owned(), |key| self.say(key));
        let purpose = step.namespace.as_deref().map_or(Namespace::Git, namespace);
        let shape = step.shape.clone();
        entry.signature(move |payload| swapped(self, &self.forge().sign(&key, purpose, payload), &shape))
    }

    /// Replacements with their words said, as closures of the forge need them.
    fn owned(&self, swaps: &[[String; 2]]) -> Vec<[String; 2]> {
        swaps.iter().map(|[from, to]| [self.say(from), self.say(to)]).collect()
    }
}

fn plain(text: String, swaps: &[[String; 2]]) -> String {
    swaps.iter().fold(text, |text, [from, to]| match (from.as_str(), text.split_once('\n')) {
        ("tree", Some((_, rest))) => format!("tree {to}\n{rest}"),
        _ => super::scene::swap(&text, from, to),
    })
}

/// Makes a new proposal list what lies beside it: an attack on what is proposed, not on the list.
fn relist(files: &mut BTreeMap<String, Option<String>>) {
    let path = files.keys().find(|path| path.ends_with("/proposal.toml")).expect("the entry files a proposal").clone();
    let mut proposal = Proposal::decode(files[&path].as_deref().unwrap().as_bytes()).unwrap();
    for change in &mut proposal.change {
        let beside = files.get(&format!("proposals/{}/{}", proposal.id, change.path)).cloned().flatten();
        change.now = beside.map(|text| Blake3::of(text.as_bytes()));
    }
    let listed = proposal.encode();
    assert_ne!(files[&path].as_deref(), Some(listed.as_str()), "the list is another");
    files.insert(path, Some(listed));
}
