//! The format of the corpus, `tests/corpus/README.md`: cases as people write them, and each unfolded into the attack and
//! its neighbour. Reading is strict: an unknown key is an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

/// A replacement: from, to.
pub type Swap = [String; 2];

/// One history to judge, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence in kebab-case, named after the attack.
    pub name: String,
    /// Which words of DESIGN.md §7 it is.
    pub attack: String,
    /// The history it starts from.
    pub base: String,
    /// What happens then.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Who judges, how.
    #[serde(default)]
    pub judge: Judge,
    /// The verdict.
    #[serde(default)]
    pub expect: Expect,
}

/// A history that others start from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name.
    pub name: String,
    /// The history it starts from; an empty repository when absent.
    pub on: Option<String>,
    /// What happens then.
    pub steps: Vec<Step>,
}

/// The command that judges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judge {
    /// Its words.
    pub args: Vec<String>,
    /// Whose key it is given.
    pub by: String,
    /// How far its clock is from the history's, as `+72h`.
    pub now: String,
    /// Variables of its environment.
    pub env: BTreeMap<String, String>,
}

impl Default for Judge {
    fn default() -> Self {
        let args = ["verify", "--history"].map(str::to_owned).to_vec();
        Self { args, by: "ci-service".to_owned(), now: "+0s".to_owned(), env: BTreeMap::new() }
    }
}

/// The verdict that is right.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The exit code.
    pub exit: i32,
    /// The code of the one reason.
    pub code: Option<String>,
    /// Whether other reasons may stand beside it.
    pub among: bool,
    /// Words of its message; for this implementation alone.
    pub words: Option<String>,
    /// Whether the reason is about something else than the entry that was made wrong.
    pub elsewhere: bool,
    /// The code of a warning that must be there.
    pub warning: Option<String>,
}

/// How an act of authority is signed, where it is not signed as it should be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seal {
    /// By whose key.
    pub key: Option<String>,
    /// For which purpose.
    pub namespace: Option<String>,
    /// What is different in the bytes that are signed.
    pub over: Vec<Swap>,
    /// What is different in the armour.
    pub shape: Vec<Swap>,
    /// The file that holds it, where an entry has several.
    pub path: Option<String>,
}

/// A file of another kind than any packet has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Odd {
    /// Its mode.
    pub mode: String,
    /// Its path.
    pub path: String,
    /// Its bytes; of a submodule, the commit.
    pub text: String,
}

/// One step: exactly one verb, and what goes with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Verb: a `packet` command, by an actor.
    pub run: Option<Vec<String>>,
    /// Verb: a `packet` command whose entry is taken off the branch and made again by hand.
    pub remake: Option<Vec<String>>,
    /// Verb: an entry of this operation, made by hand.
    pub entry: Option<String>,
    /// Verb: a git command in the repository.
    pub git: Option<Vec<String>>,
    /// Verb: a raw object of this kind.
    pub object: Option<String>,
    /// Verb: the tag of this release, made again by hand.
    pub tag: Option<u32>,
    /// Verb: points the branch at a commit; the clone has seen what it has seen.
    pub branch: Option<String>,
    /// Verb: points the branch at a commit, in a clone that saw nothing later.
    pub back: Option<String>,
    /// Verb: an object's file is lost.
    pub lose: Option<String>,
    /// Verb: an object's file is given the bytes of `with`, or is cut to `keep` bytes.
    pub swap: Option<String>,
    /// Verb: a file of the git directory is written, edited or removed.
    pub file: Option<String>,
    /// Verb: the clock moves on, as `+1h`.
    pub clock: Option<String>,
    /// Verb: opens the packet with the usual charter, changed so.
    pub open: Option<Vec<Swap>>,
    /// Verb: commits one session with one masked fragment.
    pub evidence: Option<bool>,
    /// Verb: everybody signs release N and its owner approves it, whatever it says.
    pub finish: Option<u32>,
    /// Verb: another directory becomes the repository that is judged.
    #[serde(rename = "become")]
    pub become_: Option<String>,

    /// Who runs the command, or whose entry it is.
    pub by: Option<String>,
    /// Whose entry it is instead of that of the command's actor.
    pub actor: Option<String>,
    /// The key that signs the entry or tag.
    pub key: Option<String>,
    /// The purpose it signs for.
    pub namespace: Option<String>,
    /// Seconds after the head's time.
    pub time: Option<i64>,
    /// Seconds since 1970.
    pub epoch: Option<i64>,
    /// The revision's number.
    pub revision: Option<u32>,
    /// The tree, whatever the files are.
    pub tree: Option<String>,
    /// The lines of a tree object, `MODE ID NAME`, in this order and spelling.
    pub lines: Vec<String>,
    /// How many files of one name with a number a tree object has.
    pub many: Option<usize>,
    /// The parents.
    pub parents: Option<Vec<String>>,
    /// Files as they are to be.
    pub put: BTreeMap<String, String>,
    /// Replacements in files.
    pub edit: BTreeMap<String, Vec<Swap>>,
    /// Values of the manifest, by JSON pointer.
    pub set: BTreeMap<String, Value>,
    /// Files that go.
    pub remove: Vec<String>,
    /// Files that the entry would have and does not.
    pub drop: Vec<String>,
    /// The new proposal lists what lies beside it now.
    #[serde(default)]
    pub relist: bool,
    /// Files that it has under another path.
    pub rename: BTreeMap<String, String>,
    /// Files of so many bytes.
    pub fill: BTreeMap<String, usize>,
    /// Files of other modes.
    pub odd: Vec<Odd>,
    /// Lines of the top directory that no index takes.
    pub top: Vec<String>,
    /// Replacements in a commit, tag or text before it is signed.
    pub before: Vec<Swap>,
    /// Replacements after it was signed.
    pub after: Vec<Swap>,
    /// Another signature of the entry: the armour itself, perhaps none.
    pub signature: Option<String>,
    /// Replacements in the entry's own signature.
    pub shape: Vec<Swap>,
    /// Whether the branch moves to the entry; yes unless said.
    pub land: Option<bool>,
    /// The name that later steps know the result by.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// The text of a file or object.
    pub text: Option<String>,
    /// The exit code of a command, 0 unless said.
    pub exit: Option<i32>,
    /// The object whose bytes come instead.
    pub with: Option<String>,
    /// How many bytes are kept.
    pub keep: Option<usize>,
    /// Whether a file goes.
    pub gone: Option<bool>,
    /// Content: a section of this name.
    pub section: Option<String>,
    /// Content: the manifest of a draft of release N on the head.
    pub manifest: Option<u32>,
    /// What the manifest or approval says of the vault: `same` unless said.
    pub sources: Option<String>,
    /// The number of the check that stands in for the vault.
    pub stand_in: Option<u32>,
    /// Content: the actor's signature of release N.
    pub sign: Option<u32>,
    /// Content: the owner's approval of release N.
    pub approval: Option<u32>,
    /// Content: an act about this objection.
    pub act: Option<String>,
    /// How authority is signed.
    pub seal: Seal,
}

impl Step {
    /// How many verbs it has; one is right.
    fn verbs(&self) -> usize {
        let lists = [&self.run, &self.remake, &self.git].map(Option::is_some);
        let words = [&self.entry, &self.object, &self.branch, &self.back, &self.lose, &self.swap];
        let more = [&self.file, &self.clock, &self.become_].map(Option::is_some);
        let rest = [self.open.is_some(), self.evidence.is_some(), self.finish.is_some(), self.tag.is_some()];
        lists.into_iter().chain(words.map(Option::is_some)).chain(more).chain(rest).filter(|is| *is).count()
    }
}

/// A case made ready: a history to build, and the verdict it must get.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The file it stands in.
    pub family: String,
    /// The case.
    pub case: Case,
    /// Which steps have something wrong in them.
    pub wrong: Vec<bool>,
    /// What tells two histories apart: base, steps and judge.
    pub essence: String,
}

/// Reads a family and unfolds it: every `with` row, and of each the attack and its neighbour.
pub fn read_family(file: &Path) -> Vec<Ready> {
    let family = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(file).unwrap();
    let table: Table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    assert!(table.keys().all(|k| k == "case"), "{}: only [[case]]", file.display());
    let cases = table["case"].as_array().unwrap_or_else(|| panic!("{}: [[case]]", file.display()));
    cases.iter().flat_map(rows).flat_map(|case| unfold(&family, &case)).collect()
}

/// Reads the bases.
pub fn read_bases(file: &Path) -> Vec<Base> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Bases {
        base: Vec<Base>,
    }
    toml::from_str::<Bases>(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        .base
}

/// One case for each row of `with`, whose words stand for `<key>`.
fn rows(case: &Value) -> Vec<Value> {
    let mut case = case.as_table().unwrap().clone();
    let Some(rows) = case.remove("with") else { return vec![Value::Table(case)] };
    let rows = rows.as_array().expect("`with` is a list of tables").clone();
    rows.iter().map(|row| fill_in(&Value::Table(case.clone()), row.as_table().unwrap())).collect()
}

fn fill_in(value: &Value, row: &Table) -> Value {
    match value {
        Value::String(text) => match row.iter().find(|(key, _)| *text == format!("<{key}>")) {
            Some((_, value)) => value.clone(),
            None => Value::String(words_of(text, row)),
        },
        Value::Array(items) => Value::Array(items.iter().map(|v| fill_in(v, row)).collect()),
        Value::Table(table) => Value::Table(table.iter().map(|(k, v)| (words_of(k, row), fill_in(v, row))).collect()),
        other => other.clone(),
    }
}

fn words_of(text: &str, row: &Table) -> String {
    row.iter().fold(text.to_owned(), |text, (key, value)| match value {
        Value::String(word) => text.replace(&format!("<{key}>"), word),
        other => text.replace(&format!("<{key}>"), &other.to_string()),
    })
}

/// The attack, and the same history without what stands under `wrong`.
fn unfold(family: &str, case: &Value) -> Vec<Ready> {
    let name = case.get("name").and_then(Value::as_str).expect("a case has a name").to_owned();
    let mut table = case.as_table().unwrap().clone();
    let neighbour = table.remove("neighbour");
    let has_wrong = holds(case, "wrong") || holds(case, "right");
    let attack = ready(family, &name, &with_wrong(&Value::Table(table.clone())), marks(case));
    let wanted = neighbour.as_ref().and_then(Value::as_bool).unwrap_or(has_wrong);
    if !wanted {
        return vec![attack];
    }
    let mut good = without_wrong(&Value::Table(table)).as_table().unwrap().clone();
    let known = neighbour.as_ref().and_then(Value::as_str).map(str::to_owned);
    good.insert("name".into(), Value::String(known.unwrap_or_else(|| format!("{name}--neighbour"))));
    good.insert("expect".into(), Value::Table(Table::new()));
    let neighbour = ready(family, &name, &Value::Table(good), Vec::new());
    assert_ne!(attack.essence, neighbour.essence, "{name}: the neighbour is the attack");
    vec![attack, neighbour]
}

/// Whether a key stands anywhere in it.
fn holds(value: &Value, key: &str) -> bool {
    match value {
        Value::Table(table) => table.iter().any(|(k, v)| k == key || holds(v, key)),
        Value::Array(items) => items.iter().any(|v| holds(v, key)),
        _ => false,
    }
}

/// Which steps of the attack have something wrong.
fn marks(case: &Value) -> Vec<bool> {
    let steps = case.get("steps").and_then(Value::as_array).into_iter().flatten();
    let attacks = steps.filter(|step| !step.as_table().is_some_and(|t| t.len() == 1 && t.contains_key("right")));
    attacks.map(|step| holds(step, "wrong")).collect()
}

fn ready(family: &str, name: &str, case: &Value, wrong: Vec<bool>) -> Ready {
    let part = |key: &str| case.get(key).map(ToString::to_string).unwrap_or_default();
    let essence = [part("base"), part("steps"), part("judge")].join("\n");
    let case: Case = case.clone().try_into().unwrap_or_else(|e| panic!("{family}, {name}: {e}"));
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(case.name.chars().all(kebab), "{family}: `{}` is not kebab-case", case.name);
    for (k, step) in case.steps.iter().enumerate() {
        assert_eq!(step.verbs(), 1, "{family}, {name}: step {} has exactly one verb", k + 1);
    }
    Ready { family: family.to_owned(), case, wrong, essence }
}

/// The attack: every `wrong` is taken in, its keys replacing those beside it, tables key by key; every `right` is left out.
fn with_wrong(value: &Value) -> Value {
    taking("wrong", "right", value)
}

/// The neighbour: the other way round.
fn without_wrong(value: &Value) -> Value {
    taking("right", "wrong", value)
}

fn taking(this: &str, other: &str, value: &Value) -> Value {
    let is_other_alone = |v: &&Value| v.as_table().is_some_and(|t| t.len() == 1 && t.contains_key(other));
    match value {
        Value::Table(table) => {
            let kept = table.iter().filter(|(key, _)| *key != other && *key != this);
            let mut kept: Table = kept.map(|(key, value)| (key.clone(), taking(this, other, value))).collect();
            if let Some(Value::Table(more)) = table.get(this) {
                merge(&mut kept, more.clone());
            }
            Value::Table(kept)
        }
        Value::Array(items) => {
            Value::Array(items.iter().filter(|v| !is_other_alone(v)).map(|v| taking(this, other, v)).collect())
        }
        other => other.clone(),
    }
}

fn merge(table: &mut Table, more: Table) {
    for (key, value) in more {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(more)) => merge(there, more),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}
