//! The judge: one case's history, through the built `packet`, against the verdict that is right.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::format::{Expect, Ready};
use super::scene::{Scene, copy, seconds};
use crate::sandbox::Answer;

/// Judges a history that is made; says what is not as it should be.
pub fn judge(ready: &Ready, scene: &Scene) -> Result<(), String> {
    let command = ready.case.judge.args[0] != "verify";
    let before = command.then(|| heads(scene));
    let answer = answer(ready, scene);
    let expect = &ready.case.expect;
    let wrong = |what: String| Err(format!("{what}\n    {}", answer.out.trim_end().replace('\n', "\n    ")));
    if answer.code != expect.exit {
        return wrong(format!("exit {} instead of {}", answer.code, expect.exit));
    }
    let Ok(json) = serde_json::from_str::<Value>(&answer.out) else { return wrong(answer.err.clone()) };
    if let Err(what) = reasons(expect, &json) {
        return wrong(what);
    }
    if let Err(what) = ends_where_it_should(ready, scene, &json) {
        return wrong(what);
    }
    if expect.exit != 0 && before.is_some_and(|before| heads(scene) != before) {
        return wrong("a refused command moved a reference".to_owned());
    }
    Ok(())
}

fn answer(ready: &Ready, scene: &Scene) -> Answer {
    let judge = &ready.case.judge;
    let mut command = scene.sandbox.command(&judge.by);
    scene.at(&mut command, seconds(&judge.now));
    command.envs(judge.env.iter().map(|(name, value)| (name, scene.say(value))));
    command.arg("--json").args(judge.args.iter().map(|word| scene.say(word)));
    scene.sandbox.answer(&mut command)
}

fn heads(scene: &Scene) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = scene.fingerprint();
    found.retain(|(path, _)| path.components().any(|c| c.as_os_str() == "refs" || c.as_os_str() == "packed-refs"));
    found
}

fn reasons(expect: &Expect, json: &Value) -> Result<(), String> {
    let list = json["reasons"].as_array().cloned().unwrap_or_default();
    let codes: Vec<&str> = list.iter().filter_map(|r| r["code"].as_str()).collect();
    match &expect.code {
        None if codes.is_empty() => {}
        None => return Err(format!("reasons {codes:?} where none are due")),
        Some(code) if expect.among && codes.contains(&code.as_str()) => {}
        Some(code) if !codes.is_empty() && codes.iter().all(|c| c == code) => {}
        Some(code) => return Err(format!("reasons {codes:?} instead of {code}")),
    }
    let says = |words: &String| list.iter().any(|r| r["message"].as_str().is_some_and(|m| m.contains(words)));
    if let Some(words) = expect.words.as_ref().filter(|w| !says(w)) {
        return Err(format!("no reason says `{words}`"));
    }
    let warns =
        |w: &String| json["warnings"].as_array().is_some_and(|l| l.iter().any(|x| x.to_string().contains(w.as_str())));
    match expect.warning.as_ref().filter(|w| !warns(w)) {
        Some(warning) => Err(format!("no warning `{warning}`")),
        None => Ok(()),
    }
}

/// Where an entry was made wrong and the history is judged, it ends before that entry, and names it.
fn ends_where_it_should(ready: &Ready, scene: &Scene, json: &Value) -> Result<(), String> {
    let Some((id, last)) = ending(ready, scene) else { return Ok(()) };
    let subject = format!("entry:{id}");
    let named = json["reasons"].as_array().is_some_and(|list| list.iter().any(|r| r["subject"] == subject.as_str()));
    if !named {
        return Err(format!("no reason is about {subject}"));
    }
    match &json["head"] {
        Value::String(head) if *head == last => Ok(()),
        Value::Null if json["genesis"].is_null() => Ok(()),
        head => Err(format!("the last valid entry is {last}, not {head}")),
    }
}

/// The entry that breaks the history, and the last one before it.
fn ending(ready: &Ready, scene: &Scene) -> Option<(String, String)> {
    let verifies = ready.case.judge.args[0] == "verify";
    let is_entrys = |code: &String| ENTRY_CODES.contains(&code.as_str());
    if !verifies || !ready.case.expect.code.as_ref().is_some_and(is_entrys) || ready.case.expect.elsewhere {
        return None;
    }
    let (id, last, _) = scene.landed.iter().find(|(_, _, wrong)| *wrong).or(scene.landed.last())?;
    Some((id.clone(), last.clone()))
}

/// Codes that an entry is refused for.
const ENTRY_CODES: [&str; 24] = [
    "foreign-entry",
    "entry-signature",
    "entry-key",
    "not-allowed",
    "wrong-place",
    "malformed-file",
    "wrong-state",
    "wrong-sequence",
    "authority-signature",
    "manifest-mismatch",
    "future-entry",
    "signature-missing",
    "no-independent-signer",
    "presence-missing",
    "source-drifted",
    "source-missing",
    "objection-open",
    "objection-addressed",
    "residual-lapsed",
    "retention-missing",
    "retention-passed",
    "retention-conflict",
    "sensitivity-exceeded",
    "boundary-exceeded",
];

/// Leaves a case on disk as other implementations want it: what they need to judge, and the right verdict. What judging
/// wrote in the clone is taken back.
pub fn export(ready: &Ready, scene: &Scene, own: &Path) {
    let here = scene.git_dir().join("packet");
    fs::remove_dir_all(&here).ok();
    if own.is_dir() {
        copy(own, &here);
        fs::remove_dir_all(own).unwrap();
    }
    let dir = scene.sandbox.path("");
    for name in ["home", "keys", "vault", "forge.index", "charter.toml"] {
        fs::remove_file(dir.join(name)).ok();
    }
    let root = fs::read_to_string(here.join(scene.sandbox.packet).join("root")).ok();
    let (case, judge) = (&ready.case, &ready.case.judge);
    let now = packet::model::time::Time::from_seconds(scene.clock + seconds(&judge.now)).unwrap();
    let here = scene.sandbox.repo().display().to_string();
    let portable = |word: &String| scene.say(word).replace(&here, "{repo}");
    let said: Vec<String> = judge.args.iter().map(portable).collect();
    let ending = ending(ready, scene);
    let json = json!({
        "schema": "packet.corpus/1",
        "family": ready.family,
        "name": case.name,
        "attack": case.attack,
        "packet": scene.sandbox.packet,
        "root": root.map(|r| r.trim_end().to_owned()),
        "judge": said,
        "by": judge.by,
        "env": judge.env.iter().map(|(k, v)| (k.clone(), portable(v))).collect::<std::collections::BTreeMap<_, _>>(),
        "now": now.to_string(),
        "expect": {
            "exit": case.expect.exit,
            "code": case.expect.code,
            "among": case.expect.among,
            "entry": ending.as_ref().map(|e| &e.0),
            "head": ending.as_ref().map(|e| &e.1),
        },
    });
    fs::write(dir.join("case.json"), serde_json::to_string_pretty(&json).unwrap() + "\n").unwrap();
}
