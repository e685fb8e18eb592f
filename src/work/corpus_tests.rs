//! The corpus of hostile histories, judged in process: what mutation testing runs for each mutant.
//!
//! `PACKET_CORPUS` names a directory that the integration test left (`PACKET_CORPUS_OUT`, see `tests/corpus/README.md`).
//! Cases whose judge is another command than `verify` are the integration test's alone.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::load::{self, Replay};
use super::verify::{self, Ask};
use super::{Desk, Refused};
use crate::gate::{self, CLOCK_SKEW, Facts, Question};
use crate::model::charter::{RawCharter, SourceKind};
use crate::model::digest::Blake3;
use crate::model::id::{CommitId, PacketId};
use crate::model::packet::Packet;
use crate::model::policy::Policy;
use crate::model::reason::{ReasonCode, Verdict};
use crate::model::release::{Approved, Release, ReleaseSignature, ReleaseState};
use crate::model::source::{CheckState, SourceCheck, SubjectCheck};
use crate::model::time::{Lifetime, Time};
use crate::store::Repo;

/// A verdict: its exit code, and the codes of its reasons.
type Judged = (u8, Vec<String>);

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the corpus is named by the environment")]
fn every_history_of_the_corpus_gets_its_verdict_in_process() {
    let Some(dir) = std::env::var_os("PACKET_CORPUS").map(PathBuf::from) else {
        println!("skipped: PACKET_CORPUS names no corpus");
        return;
    };
    let cases = cases(&dir);
    assert!(cases.len() >= 200, "{} holds only {} cases", dir.display(), cases.len());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((case, json)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A mutant is caught by its first wrong verdict.
                    if !wrong.lock().unwrap().is_empty() {
                        return;
                    }
                    if let Err(what) = judged(case, json) {
                        wrong.lock().unwrap().push(format!("{}: {what}", case.display()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("corpus, in process: {} passed, {} failed", cases.len() - wrong.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The packet of a case whose release holds, and the time it is judged at; nothing when no corpus is named.
#[expect(clippy::disallowed_methods, reason = "the corpus is named by the environment")]
fn a_release_that_holds() -> Option<(Packet, Time)> {
    let cases = cases(&PathBuf::from(std::env::var_os("PACKET_CORPUS")?));
    let holds = |json: &Value| json["expect"]["exit"] == 0 && json["judge"].as_array().unwrap().len() == 1;
    let (case, json) = cases.iter().find(|(_, json)| holds(json)).expect("the corpus has a release that holds");
    let copy = tempfile::tempdir().unwrap();
    mirror(&case.join("repo"), copy.path());
    let name = PacketId::new(json["packet"].as_str().unwrap()).unwrap();
    let now = Time::parse(json["now"].as_str().unwrap()).unwrap();
    let repo = Repo::open(copy.path()).unwrap();
    let desk = Desk { repo, name, now, here: copy.path().to_owned(), allow: vec![], wait: Duration::ZERO };
    Some((load::load(&desk, None, Replay::Full).unwrap().packet, now))
}

/// What no verdict shows: when a release begins (an entry that far ahead ends the history first), the word for where it
/// stands, and who is told to sign.
#[test]
fn the_gate_says_when_a_release_begins_where_it_stands_and_who_may_still_sign() {
    let Some((packet, now)) = a_release_that_holds() else { return };
    let approved = packet.newest_release().unwrap();
    let codes = |release: &Release, at: Time| {
        let reasons = gate::judge(&packet, Question::Hold(release), Facts::default(), at);
        reasons.iter().map(|r| r.code).collect::<Vec<_>>()
    };
    let earliest = approved.not_before.minus(CLOCK_SKEW);
    assert_eq!(codes(approved, earliest), []);
    assert_eq!(codes(approved, earliest.minus(Lifetime::minutes(1))), [ReasonCode::NotYetValid]);
    let signed = Release { approval: None, ..approved.clone() };
    let draft = Release { signatures: Vec::new(), ..signed.clone() };
    let states = [approved, &signed, &draft].map(|release| gate::state(&packet, release, now));
    assert_eq!(states, [ReleaseState::Approved, ReleaseState::Signed, ReleaseState::Draft]);
    assert_eq!(gate::state(&packet, approved, approved.not_after), ReleaseState::Lapsed);
    let one = Release { signatures: signed.signatures[..1].to_vec(), ..signed.clone() };
    let lacking = gate::judge(&packet, Question::Approve(&one), Facts::default(), now);
    let told = lacking.iter().map(|r| r.message.clone()).collect::<Vec<_>>().join("\n");
    let signer = |i: usize| format!("(open to: {})", signed.signatures[i].actor);
    assert!(told.contains(&signer(1)) && told.contains(&signer(2)) && !told.contains(&signer(0)), "{told}");
    let twice = Release { signatures: [&one.signatures[..], &one.signatures[..]].concat(), ..one };
    assert_eq!(gate::counting_signers(&packet, &twice).len(), 1, "one actor, one vote");
    let approval = approved.approval.as_ref().unwrap();
    let by = |signature: &ReleaseSignature, actor: &ReleaseSignature| {
        let signature = ReleaseSignature { actor: actor.actor.clone(), ..signature.clone() };
        codes(&Release { approval: Some(Approved { signature, ..approval.clone() }), ..approved.clone() }, now)
    };
    let (owner, other) = (&approval.signature, &signed.signatures[0]);
    assert_eq!(by(owner, owner), []);
    for (signature, actor) in [(other, other), (owner, other), (other, owner)] {
        assert_eq!(by(signature, actor), [ReasonCode::ApprovalNotCounting]);
    }
}

/// What needs a hardware key or another source to show itself.
#[test]
fn the_gate_asks_for_a_touch_where_the_charter_does_and_for_every_source_by_name_and_kind() {
    let Some((mut packet, now)) = a_release_that_holds() else { return };
    let release = packet.newest_release().unwrap().clone();
    let drafted = Release { approval: None, ..release.clone() };
    let codes = |packet: &Packet, question: Question<'_>, facts: Facts<'_>| {
        gate::judge(packet, question, facts, now).into_iter().map(|r| r.code).collect::<Vec<_>>()
    };
    let touch = |owner_touched| Facts { owner_touched, ..Facts::default() };
    let vault = packet.content.charter.vault().name.clone();
    let check = |kind, state| SourceCheck { name: vault.clone(), kind, state, subjects: 1, stand_in: None };
    let draft = |check: &SourceCheck, subjects: &[SubjectCheck]| {
        let facts = Facts { sources: Some(std::slice::from_ref(check)), subjects, ..Facts::default() };
        gate::judge(&packet, Question::Draft, facts, now)
    };
    assert_eq!(draft(&check(SourceKind::Evidence, CheckState::Same), &[]), []);
    let other = draft(&check(SourceKind::Symbols, CheckState::Same), &[]);
    assert_eq!(other.iter().map(|r| r.code).collect::<Vec<_>>(), [ReasonCode::SourceUnreachable]);
    let subject = |source: &str, state, subject: &str| SubjectCheck {
        source: source.parse().unwrap(),
        kind: SourceKind::Evidence,
        subject: subject.to_owned(),
        state,
        pinned: None,
        found: Some("other bytes".to_owned()),
    };
    let subjects = [
        subject("elsewhere", CheckState::Drifted, "fragment:x raw"),
        subject(vault.as_str(), CheckState::Same, "fragment:y raw"),
        subject(vault.as_str(), CheckState::Drifted, "fragment:z raw"),
    ];
    let drifted = draft(&check(SourceKind::Evidence, CheckState::Drifted), &subjects);
    assert_eq!(drifted.iter().map(|r| r.subject.as_str()).collect::<Vec<_>>(), ["fragment:z raw"]);
    assert!(drifted[0].message.contains("fragment:z raw") && drifted[0].message.contains("other bytes"));

    let text = packet.content.charter.encode().replacen("\n\n[[lane", "\npresence = true\n\n[[lane", 1);
    packet.content.charter = toml::from_str::<RawCharter>(&text).unwrap().verified().unwrap().into();
    assert!(packet.content.charter.lane.presence);
    assert_eq!(codes(&packet, Question::Hold(&release), touch(None)), [ReasonCode::PresenceMissing]);
    assert_eq!(codes(&packet, Question::Approve(&drafted), touch(Some(false))), [ReasonCode::PresenceMissing]);
    assert_eq!(codes(&packet, Question::Approve(&drafted), touch(Some(true))), []);
    assert_eq!(codes(&packet, Question::Approve(&drafted), touch(None)), []);
}

/// Every case of the corpus that `verify` judges.
#[expect(clippy::disallowed_methods, reason = "the order is chosen by the environment")]
fn cases(dir: &Path) -> Vec<(PathBuf, Value)> {
    let below = |dir: &Path| fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let named = below(dir).into_iter().flat_map(|family| below(&family));
    let read = named.filter_map(|case| {
        let text = fs::read_to_string(case.join("case.json")).ok()?;
        Some((case, serde_json::from_str::<Value>(&text).unwrap()))
    });
    let mut cases: Vec<_> = read.filter(|(_, json)| json["judge"][0] == "verify").collect();
    // Families mixed, after those that PACKET_CORPUS_FIRST names: a mutant is caught early, whatever it broke.
    let first = std::env::var("PACKET_CORPUS_FIRST").unwrap_or_default();
    let name = |case: &Path| case.strip_prefix(dir).unwrap_or(case).display().to_string();
    cases.sort_by_key(|(case, _)| {
        let family = name(case).split('/').next().unwrap_or_default().to_owned();
        (!first.split(',').any(|f| f == family), Blake3::of(name(case).as_bytes()))
    });
    cases
}

fn judged(case: &Path, json: &Value) -> Result<(), String> {
    let expect = &json["expect"];
    let (exit, codes) = verdict(case, json);
    if expect["exit"] != exit {
        return Err(format!("exit {exit}, {codes:?}, instead of {}", expect["exit"]));
    }
    let wanted = expect["code"].as_str();
    let right = match expect["among"] == true {
        true => codes.iter().any(|c| Some(c.as_str()) == wanted),
        false => codes.iter().all(|c| Some(c.as_str()) == wanted) && codes.is_empty() == wanted.is_none(),
    };
    right.then_some(()).ok_or_else(|| format!("reasons {codes:?} instead of {wanted:?}"))
}

/// Judges a copy: verifying writes an anchor, and the corpus is judged again.
fn verdict(case: &Path, json: &Value) -> Judged {
    let copy = tempfile::tempdir().unwrap();
    mirror(&case.join("repo"), copy.path());
    let refused =
        |refused: &Refused| (refused.verdict.exit_code(), refused.reasons.iter().map(|why| why.code.clone()).collect());
    let repo = match Repo::open(copy.path()) {
        Ok(repo) => repo,
        Err(_) => return (2, vec!["repository".to_owned()]),
    };
    let words: Vec<String> = json["judge"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    let words: Vec<String> = words.iter().map(|w| w.replace("{repo}", &copy.path().display().to_string())).collect();
    let after = |option: &str| words.iter().position(|w| w == option).map(|at| words[at + 1].clone());
    let name = after("-p").unwrap_or_else(|| json["packet"].as_str().unwrap().to_owned());
    let now = Time::parse(json["now"].as_str().unwrap()).unwrap();
    let desk = Desk {
        repo,
        name: PacketId::new(name).unwrap(),
        now,
        here: copy.path().to_owned(),
        allow: vec![],
        wait: Duration::ZERO,
    };
    let anchor = after("--anchor").map(PathBuf::from);
    let ask = Ask {
        release: words.get(1).and_then(|n| n.parse().ok()),
        root: after("--root").map(|id| CommitId::new(id).unwrap()),
        anchor: anchor.as_deref(),
        policy: after("--policy").map(|file| Policy::parse(&fs::read_to_string(file).unwrap()).unwrap()),
        require_fresh: words.iter().any(|w| w == "--require-fresh"),
        evidence: false,
        at: after("--at").map(|at| Time::parse(&at).unwrap()),
        history: words.iter().any(|w| w == "--history"),
    };
    match verify::verify(&desk, &ask) {
        Err(why) => refused(&why),
        Ok(verified) => {
            let exit = super::Verdict::from(Verdict::of(&verified.reasons)).exit_code();
            (exit, verified.reasons.iter().map(|r| r.code.to_string()).collect())
        }
    }
}

/// A repository of its own whose objects and references are the case's; only what a clone keeps is copied.
fn mirror(repo: &Path, copy: &Path) {
    for entry in fs::read_dir(repo).unwrap().map(Result::unwrap) {
        match entry.file_name() == "packet" {
            true => deep_copy(&entry.path(), &copy.join("packet")),
            false => symlink(fs::canonicalize(entry.path()).unwrap(), copy.join(entry.file_name())).unwrap(),
        }
    }
}

fn deep_copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => deep_copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
