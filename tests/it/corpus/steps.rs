//! Steps: what each verb does to a history. A step that does nothing is an error: the attack is one.

use std::fs;

use packet::model::namespace::Namespace;

use super::entry::namespace;
use super::format::Step;
use super::scene::{Scene, copy, seconds, swapped};
use crate::forge_release::{OWNER, SIGNERS};

impl Scene {
    /// Does one step.
    pub fn step(&mut self, step: &Step, wrong: bool) {
        if let Some(command) = &step.run {
            let by = self.say(step.by.as_deref().expect("a command is run by somebody"));
            self.ran(&by, command, step.exit.unwrap_or(0), step.name.as_deref());
        } else if let Some(command) = &step.remake {
            self.remade(step, command, wrong);
        } else if let Some(operation) = &step.entry {
            self.forged(step, operation, wrong);
        } else if let Some(by) = &step.clock {
            self.clock += seconds(by);
        } else if let Some(swaps) = &step.open {
            self.opened(swaps);
        } else if step.evidence.is_some() {
            self.evidence();
        } else if let Some(n) = step.finish {
            self.finished(n);
        } else {
            self.by_hand(step, wrong);
        }
    }

    /// Runs a command and learns what it answered, as `NAME.FIELD`.
    pub fn ran(&mut self, by: &str, command: &[String], exit: i32, name: Option<&str>) {
        let command: Vec<String> = command.iter().map(|word| self.say(word)).collect();
        let answer = self.packet(by, &command).exits(exit);
        let Some(name) = name else { return };
        for (field, value) in answer.json().as_object().unwrap() {
            if let Some(text) = value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string())) {
                self.learn(&format!("{name}.{field}"), text);
            }
        }
    }

    fn opened(&mut self, swaps: &[[String; 2]]) {
        let charter = swapped(self, &self.sandbox.charter(), swaps);
        let file = self.sandbox.path("charter.toml");
        fs::write(&file, charter).unwrap();
        let command = ["open", self.sandbox.packet, "--charter", file.to_str().unwrap()].map(str::to_owned);
        self.ran(OWNER, &command, 0, Some("opened"));
        let genesis = self.words["opened.genesis"].clone();
        self.learn("genesis", genesis);
    }

    fn evidence(&mut self) {
        let masked = self.words["masked"].clone();
        for command in [
            &["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "restricted"][..],
            &["add-fragment", "vault:a.dmp", "--session", "s1", "--sanitized", &masked, "--id", "stack"],
            &["commit", "-m", "first evidence"],
        ] {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            self.ran("reliability", &command, 0, None);
        }
    }

    /// Whatever release N says, everybody signs it and its owner approves it.
    fn finished(&mut self, n: u32) {
        let forge = self.forge();
        let manifest = forge.file(&format!("releases/{n}/manifest.json"));
        let bound = self.sandbox.git(&["rev-parse", "packet/checkout^"]);
        for actor in SIGNERS {
            forge.signed(actor, n, &manifest).land();
        }
        forge.approved(&forge.approval(n, &bound, &manifest), &manifest).land();
    }

    fn by_hand(&mut self, step: &Step, wrong: bool) {
        let before = self.fingerprint();
        let words = self.words.len();
        if let Some(arguments) = &step.git {
            let arguments: Vec<String> = arguments.iter().map(|word| self.say(word)).collect();
            let said = self.git(&arguments);
            self.learn_if(step, said);
        } else if let Some(kind) = &step.object {
            let bytes = match &step.text {
                Some(text) => swapped(self, &self.say(text), &step.before).into_bytes(),
                None => self.raw_tree(step),
            };
            let id = self.forge().object(kind, &bytes);
            self.learn_if(step, id);
        } else if let Some(n) = step.tag {
            self.retagged(step, n);
        } else if let Some(commit) = &step.branch {
            let (before, commit) = (self.sandbox.head(), self.sandbox.git(&["rev-parse", &self.say(commit)]));
            self.forge().put(&commit);
            self.landed.push((commit, before, wrong));
        } else if let Some(commit) = &step.back {
            let commit = self.say(commit);
            self.forge().go_back(&self.sandbox.git(&["rev-parse", &commit]));
        } else if let Some(object) = &step.lose {
            let id = self.sandbox.git(&["rev-parse", &self.say(object)]);
            fs::remove_file(self.object_file(&id)).unwrap();
        } else if let Some(object) = &step.swap {
            self.swapped_object(step, object);
        } else if let Some(file) = &step.file {
            self.own_file(step, file);
        } else if let Some(other) = &step.become_ {
            let other = self.sandbox.path(self.say(other));
            let repo = self.sandbox.repo();
            fs::remove_dir_all(&repo).unwrap();
            copy(&other, &repo);
        }
        let did = self.fingerprint() != before || self.words.len() > words;
        assert!(did, "a step that does nothing: {step:?}");
    }

    /// The bytes of a tree: lines in any order and spelling, then as many files as are asked for, all the same blob.
    fn raw_tree(&self, step: &Step) -> Vec<u8> {
        let listed = step.lines.iter().map(|line| self.say(line)).collect::<Vec<_>>();
        let many = (0..step.many.unwrap_or(0)).map(|n| format!("100644 {} f{n:07}.md", listed_blob(&listed)));
        let mut bytes = Vec::new();
        for line in listed.iter().filter(|line| !line.starts_with("blob ")).cloned().chain(many) {
            let (mode, rest) = line.split_once(' ').unwrap();
            let (id, name) = rest.split_once(' ').unwrap();
            bytes.extend(format!("{mode} {name}\0").into_bytes());
            bytes.extend((0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()));
        }
        bytes
    }

    fn learn_if(&mut self, step: &Step, means: String) {
        if let Some(name) = &step.name {
            self.learn(name, means);
        }
    }

    fn swapped_object(&self, step: &Step, object: &str) {
        let file = self.object_file(&self.sandbox.git(&["rev-parse", &self.say(object)]));
        let bytes = match &step.with {
            Some(other) => fs::read(self.object_file(&self.sandbox.git(&["rev-parse", &self.say(other)]))).unwrap(),
            None => fs::read(&file).unwrap()[..step.keep.expect("`with` or `keep`")].to_vec(),
        };
        fs::remove_file(&file).unwrap();
        fs::write(file, bytes).unwrap();
    }

    fn own_file(&self, step: &Step, name: &str) {
        let file = self.git_dir().join(self.say(name));
        if step.gone == Some(true) {
            return fs::remove_file(file).unwrap();
        }
        let text = match &step.text {
            Some(text) => self.say(text),
            None => fs::read_to_string(&file).unwrap(),
        };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, swapped(self, &text, &step.before)).unwrap();
    }

    /// The tag of release N, made again: edited, signed by this key for this purpose, edited again.
    fn retagged(&mut self, step: &Step, n: u32) {
        let reference = format!("refs/tags/packet/{}/{n}", self.sandbox.packet);
        let text = self.sandbox.git(&["cat-file", "tag", &reference]) + "\n";
        let payload = swapped(self, text.split_once("-----BEGIN").unwrap().0, &step.before);
        let key = step.key.as_deref().unwrap_or(OWNER);
        let purpose = step.namespace.as_deref().map_or(Namespace::Git, namespace);
        let armour = match &step.signature {
            Some(armour) => self.say(armour),
            None => self.forge().sign(key, purpose, payload.as_bytes()),
        };
        let tag = swapped(self, &(payload + &armour), &step.after);
        let id = self.forge().object("tag", tag.as_bytes());
        self.sandbox.git(&["update-ref", &reference, &id]);
        self.learn_if(step, id);
    }
}

/// The blob that `many` files share: a line `blob ID`.
fn listed_blob(lines: &[String]) -> &str {
    lines.iter().find_map(|line| line.strip_prefix("blob ")).expect("`many` needs a line `blob ID`")
}
