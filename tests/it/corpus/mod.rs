//! One corpus of hostile histories, data in `tests/corpus/`: each is made from a base, judged by the built `packet`, and
//! must get exactly its verdict; and so must its neighbour, the same history without the one wrong thing.

mod entry;
mod format;
mod judge;
mod scene;
mod steps;
mod workshop;

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use format::Ready;
use workshop::{Workshop, all_cases, corpus};

/// How many there must be.
const MUST_FAIL: usize = 150;
const MUST_PASS: usize = 60;

#[test]
#[expect(clippy::print_stdout, reason = "the run says what it judged")]
fn every_hostile_history_gets_its_verdict_and_so_does_its_neighbour() {
    let started = Instant::now();
    let cases = wanted(all_cases());
    unique(&cases);
    let out = env::var_os("PACKET_CORPUS_OUT").map(PathBuf::from);
    if let Some(dir) = &out {
        fs::create_dir_all(dir).unwrap();
        assert!(fs::read_dir(dir).unwrap().next().is_none(), "{} is not empty", dir.display());
    }
    let mut workshop = Workshop::new(out.as_deref());
    workshop.build(&cases);
    let failures = judged(&workshop, &cases, out.is_some());
    if out.is_some() {
        fs::remove_dir_all(workshop.dir().join("bases")).unwrap();
    }
    for failure in &failures {
        println!("{failure}");
    }
    let (fail, pass) = cases.iter().partition::<Vec<_>, _>(|c| c.case.expect.exit != 0);
    let passed = cases.len() - failures.len();
    println!("corpus: {} must fail, {} must pass, {:.1} s", fail.len(), pass.len(), started.elapsed().as_secs_f64());
    println!("corpus: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{} verdicts are wrong", failures.len());
    if env::var_os("PACKET_CORPUS_ONLY").is_none() {
        assert!(fail.len() >= MUST_FAIL && pass.len() >= MUST_PASS, "the corpus is too small");
    }
}

/// The cases whose name holds the words of `PACKET_CORPUS_ONLY`, where it is set.
fn wanted(cases: Vec<Ready>) -> Vec<Ready> {
    let Some(only) = env::var_os("PACKET_CORPUS_ONLY") else { return cases };
    let only = only.to_str().unwrap();
    cases.into_iter().filter(|c| format!("{}/{}", c.family, c.case.name).contains(only)).collect()
}

fn unique(cases: &[Ready]) {
    let mut names = BTreeSet::new();
    for ready in cases {
        assert!(
            names.insert((&ready.family, &ready.case.name)),
            "two cases named {}/{}",
            ready.family,
            ready.case.name
        );
    }
}

/// Makes and judges every case, on as many threads as there are processors.
fn judged(workshop: &Workshop, cases: &[Ready], keep: bool) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    panic::set_hook(Box::new(|_| {}));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(ready) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = one(workshop, ready, keep) {
                        failures.lock().unwrap().push(format!("FAILED {}/{}: {what}", ready.family, ready.case.name));
                    }
                }
            });
        }
    });
    drop(panic::take_hook());
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}

/// Makes and judges one case; what cannot be made is a failure too.
fn one(workshop: &Workshop, ready: &Ready, keep: bool) -> Result<(), String> {
    let attempt = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut scene = workshop.scene(ready);
        for (k, step) in ready.case.steps.iter().enumerate() {
            scene.step(step, ready.wrong.get(k).copied().unwrap_or(false));
        }
        let own = scene.sandbox.path("own");
        let here = scene.git_dir().join("packet");
        if keep && here.is_dir() {
            scene::copy(&here, &own);
        }
        let verdict = judge::judge(ready, &scene);
        match keep {
            true => judge::export(ready, &scene, &own),
            false => fs::remove_dir_all(scene.sandbox.path("")).unwrap(),
        }
        verdict
    }));
    attempt.unwrap_or_else(|panicked| {
        let text = panicked.downcast_ref::<String>().cloned();
        Err(format!(
            "not made: {}",
            text.or_else(|| panicked.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default()
        ))
    })
}

#[test]
fn every_attack_of_the_design_has_a_case_or_a_named_test() {
    let listed = fs::read_to_string(corpus().join("attacks.txt")).unwrap();
    let mut attacks = std::collections::BTreeMap::new();
    for line in listed.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (attack, test) = line.split_once(" = ").map_or((line, None), |(a, t)| (a, Some(t)));
        attacks.insert(attack.to_owned(), test.map(str::to_owned));
    }
    let cases = all_cases();
    for ready in &cases {
        assert!(attacks.contains_key(&ready.case.attack), "{}: `{}` is in no list", ready.case.name, ready.case.attack);
    }
    let tests = sources();
    for (attack, test) in attacks {
        let cases = cases.iter().filter(|c| c.case.attack == attack && c.case.expect.exit != 0).count();
        let tested = test.as_ref().is_some_and(|t| tests.contains(&format!("fn {t}(")));
        assert!(cases > 0 || tested, "no case and no test for: {attack}");
        assert!(test.is_none() || tested, "there is no test {test:?}");
    }
}

/// The text of every integration test.
fn sources() -> String {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    files.map(|f| fs::read_to_string(f).unwrap()).collect()
}
