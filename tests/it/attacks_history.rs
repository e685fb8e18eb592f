//! Attacks on the branch as a whole: rewound, forked, truncated, replaced, begun anew, and what a web edit does to it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::forge::Forge;
use crate::forge_release::OWNER;
use crate::sandbox::{Answer, Sandbox};

const TRACKING: &str = "refs/remotes/origin/packet/checkout";

fn released() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.release();
    sandbox
}

/// Another clone of the sandbox's repository, with the branch as its remote has it now.
fn cloned(sandbox: &Sandbox, more: &[&str]) -> PathBuf {
    let clone = sandbox.path("clone");
    let from = format!("file://{}", sandbox.repo().display());
    sandbox.run(Command::new("git").args(["clone", "-q", "--no-checkout"]).args(more).arg(from).arg(&clone));
    clone
}

fn in_clone(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    let mut command = sandbox.command("ci-service");
    sandbox.answer(command.current_dir(sandbox.path("clone")).arg("--json").args(arguments))
}

/// The parent of the head.
fn parent(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "packet/checkout^"])
}

#[test]
fn a_branch_moved_back_is_rewound() {
    let sandbox = released();
    let (forge, approved) = (Forge::on(&sandbox), sandbox.head());
    forge.verify().exits(0);
    sandbox.object("triage-agent", "other", "packet");
    forge.verify().exits(1);
    forge.put(&approved);
    let rewound = forge.verify().exits(1);
    assert_eq!((rewound.reasons(), &rewound.json()["freshness"]), (vec!["rewound".to_owned()], &"unproven".into()));
    assert_eq!(forge.history().exits(1).reasons(), ["rewound"]);
    forge.command_refused("privacy-lead", &["object", "--kind", "other", "--about", "packet", "-m", "x"], "rewound");
    forge.go_back(&approved);
    assert_eq!(forge.verify().exits(0).json()["freshness"], "unproven");
    assert_eq!(forge.verify().exits(0).json()["freshness"], "not-rewound");
}

#[test]
fn a_branch_moved_aside_is_rewound() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    forge.section("privacy-lead", "summary").accepted();
    forge.put(&before);
    forge.section("reliability", "notes").land();
    assert_eq!(forge.history().exits(1).reasons(), ["rewound"]);
}

#[test]
fn an_anchor_from_another_clone_shows_what_is_withheld() {
    let sandbox = released();
    let (forge, approved) = (Forge::on(&sandbox), sandbox.head());
    sandbox.object("triage-agent", "other", "packet");
    let elsewhere = sandbox.path("anchor");
    fs::copy(forge.clone_file("anchor"), &elsewhere).unwrap();
    // This clone is given the branch without the objection, and the objection's objects beside it.
    forge.go_back(&approved);
    forge.verify().exits(0);
    let anchor = elsewhere.to_str().unwrap();
    assert_eq!(sandbox.json("ci-service", &["verify", "--anchor", anchor]).exits(1).reasons(), ["rewound"]);
}

#[test]
fn an_anchor_that_cannot_be_read_is_not_none() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let good = fs::read(forge.clone_file("anchor")).unwrap();
    for bad in [&b""[..], b"x\n", &good[1..], &good[..good.len() - 1]] {
        fs::write(forge.clone_file("anchor"), bad).unwrap();
        forge.verify().exits(3);
    }
    fs::write(forge.clone_file("anchor"), good).unwrap();
    forge.verify().exits(0);
}

#[test]
fn two_branches_that_diverge_are_forked() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    let theirs = forge.section("reliability", "notes").store();
    let ours = forge.section("privacy-lead", "summary").accepted();
    for behind in [&before, &ours] {
        sandbox.git(&["update-ref", TRACKING, behind]);
        assert_eq!(forge.history().exits(0).json()["head"], ours.as_str());
    }
    sandbox.git(&["update-ref", TRACKING, &theirs]);
    assert!(forge.history().exits(1).reasons().contains(&"forked".to_owned()));
    forge.command_refused("reliability", &["object", "--kind", "other", "--about", "packet", "-m", "x"], "forked");
}

#[test]
fn the_furthest_branch_is_judged() {
    let sandbox = released();
    let (forge, approved) = (Forge::on(&sandbox), sandbox.head());
    sandbox.object("triage-agent", "other", "packet");
    sandbox.git(&["update-ref", TRACKING, &sandbox.head()]);
    forge.go_back(&approved);
    let answer = forge.verify().exits(1);
    assert!(answer.reasons().contains(&"objection-open".to_owned()), "{answer:?}");
    sandbox.git(&["update-ref", "-d", TRACKING]);
    forge.go_back(&approved);
    forge.verify().exits(0);
}

#[test]
fn replaced_objects_and_grafts_change_nothing() {
    let sandbox = released();
    let (forge, approved) = (Forge::on(&sandbox), sandbox.head());
    sandbox.object("triage-agent", "other", "packet");
    let objection = sandbox.head();
    sandbox.git(&["replace", "-f", &objection, &approved]);
    let git = sandbox.git(&["log", "--format=%s", "packet/checkout"]);
    assert!(!git.contains("object:"), "git itself is deceived");
    let answer = forge.verify().exits(1);
    assert_eq!(answer.json()["head"], objection.as_str());
    assert!(answer.reasons().contains(&"void".to_owned()), "{answer:?}");
    sandbox.git(&["replace", "-d", &objection]);
    let genesis = sandbox.git(&["rev-list", "--max-parents=0", "packet/checkout"]);
    fs::create_dir_all(sandbox.repo().join(".git/info")).unwrap();
    fs::write(sandbox.repo().join(".git/info/grafts"), format!("{objection} {genesis}\n")).unwrap();
    assert!(forge.verify().exits(1).reasons().contains(&"void".to_owned()));
}

/// Takes one object away, expects no verdict, and puts it back.
#[track_caller]
fn is_missed(sandbox: &Sandbox, object: &str) {
    let file = sandbox.repo().join(".git/objects").join(&object[..2]).join(&object[2..]);
    let aside = sandbox.path("aside");
    fs::rename(&file, &aside).unwrap();
    let answer = Forge::on(sandbox).verify();
    assert_eq!((answer.code, answer.reasons()), (3, vec!["unreadable".to_owned()]), "{object}");
    fs::rename(&aside, &file).unwrap();
    Forge::on(sandbox).verify().exits(0);
}

#[test]
fn a_truncated_history_decides_nothing() {
    let sandbox = released();
    let name = |of: &str| sandbox.git(&["rev-parse", of]);
    for of in [
        "packet/checkout",
        "packet/checkout~3",
        "packet/checkout~6",
        "packet/checkout^{tree}",
        "packet/checkout~5^{tree}",
        "packet/checkout:releases/1/approval.toml",
        "packet/checkout:releases/1/signatures/privacy-lead.sig",
        "packet/checkout:fragments/stack.toml",
        "packet/checkout:charter.toml",
    ] {
        is_missed(&sandbox, &name(of));
    }
    assert_eq!(sandbox.git(&["rev-list", "--count", "packet/checkout"]), "7");
}

#[test]
fn other_bytes_under_an_objects_name_decide_nothing() {
    let sandbox = released();
    let forge = Forge::on(&sandbox);
    let file = |id: &str| sandbox.repo().join(".git/objects").join(&id[..2]).join(&id[2..]);
    let victim = sandbox.git(&["rev-parse", "packet/checkout:charter.toml"]);
    let evil = forge.object("blob", forge.file("charter.toml").replace("threshold = 1", "threshold = 9").as_bytes());
    let good = fs::read(file(&victim)).unwrap();
    for bytes in [fs::read(file(&evil)).unwrap(), good[..good.len() / 2].to_vec(), Vec::new()] {
        fs::remove_file(file(&victim)).unwrap();
        fs::write(file(&victim), bytes).unwrap();
        let answer = forge.verify();
        assert_eq!((answer.code, answer.reasons()), (3, vec!["unreadable".to_owned()]));
    }
    fs::write(file(&victim), good).unwrap();
    forge.verify().exits(0);
}

#[test]
fn a_shallow_clone_decides_nothing() {
    let sandbox = released();
    let genesis = sandbox.git(&["rev-list", "--max-parents=0", "packet/checkout"]);
    cloned(&sandbox, &["--depth", "1", "--no-single-branch"]);
    let answer = in_clone(&sandbox, &["verify", "--root", &genesis]);
    assert_eq!((answer.code, answer.reasons()), (3, vec!["shallow".to_owned()]));
    sandbox.run(Command::new("git").args(["fetch", "-q", "--unshallow"]).current_dir(sandbox.path("clone")));
    in_clone(&sandbox, &["verify", "--root", &genesis]).exits(0);
}

#[test]
fn a_clone_without_a_root_decides_nothing_until_it_trusts_one() {
    let sandbox = released();
    let genesis = sandbox.git(&["rev-list", "--max-parents=0", "packet/checkout"]);
    cloned(&sandbox, &[]);
    for arguments in [&["verify"][..], &["verify", "--history"]] {
        let answer = in_clone(&sandbox, arguments);
        assert_eq!((answer.code, answer.reasons()), (3, vec!["no-root".to_owned()]));
    }
    let other = sandbox.head();
    assert_eq!(in_clone(&sandbox, &["trust", "checkout", &other]).exits(1).reasons(), ["root-mismatch"]);
    in_clone(&sandbox, &["trust", "checkout", &genesis]).exits(0);
    in_clone(&sandbox, &["verify"]).exits(0);
    assert_eq!(in_clone(&sandbox, &["verify", "--root", &other]).exits(1).reasons(), ["root-mismatch"]);
}

#[test]
fn a_self_made_genesis_of_the_same_name_is_another_packet() {
    let sandbox = released();
    let (forge, real) = (Forge::on(&sandbox), sandbox.head());
    // The impostor runs the real commands, with keys of the same names that are all their own.
    let impostor = Sandbox::new();
    impostor.release();
    impostor.git(&["tag", "-d", "packet/checkout/1"]);
    let url = impostor.repo();
    sandbox.git(&["fetch", "-q", url.to_str().unwrap(), "+packet/checkout:packet/checkout"]);
    assert_eq!(sandbox.head(), impostor.head());
    for arguments in [&["verify"][..], &["verify", "--history"], &["gate"]] {
        let answer = sandbox.json("ci-service", arguments).exits(1);
        assert_eq!(answer.reasons(), ["root-mismatch"]);
    }
    // The anchor alone pins the genesis too.
    fs::remove_file(forge.clone_file("root")).unwrap();
    assert_eq!(forge.verify().exits(1).reasons(), ["root-mismatch"]);
    forge.put(&real);
    forge.verify().exits(0);
}

/// A genesis whose charter or roster is edited, in a clone that is told to take it as its root.
#[track_caller]
fn is_no_genesis(edit: impl FnOnce(&Sandbox, &mut String, &mut String), words: &str) {
    let sandbox = Sandbox::new();
    sandbox.open();
    let forge = Forge::on(&sandbox);
    let (charter, roster) = (forge.file("charter.toml"), forge.file("allowed_signers"));
    let genesis = |charter: &str, roster: &str| {
        let entry = forge.entry(OWNER, "open").parents(&[]).revision(1);
        entry.file("charter.toml", charter).file("allowed_signers", roster)
    };
    let (mut other_charter, mut other_roster) = (charter.clone(), roster.clone());
    edit(&sandbox, &mut other_charter, &mut other_roster);
    assert_ne!((&other_charter, &other_roster), (&charter, &roster), "the attack is one");
    for name in ["anchor", "root"] {
        fs::remove_file(forge.clone_file(name)).unwrap();
    }
    let judged = |id: &str| sandbox.json("ci-service", &["verify", "--history", "--root", id]);
    let answer = judged(&genesis(&other_charter, &other_roster).land()).exits(1);
    assert_eq!(answer.reasons(), ["malformed-file"], "{answer:?}");
    let json = answer.json();
    let message = json["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains(words), "no `{words}` in: {message}");
    judged(&genesis(&charter, &roster).land()).exits(0);
}

#[test]
fn a_genesis_with_one_key_under_two_actors_is_refused() {
    is_no_genesis(
        |sandbox, charter, _| {
            let (first, second) = (sandbox.public_key("privacy-lead"), sandbox.public_key("forensics-lead"));
            *charter = charter.replace(&second, &first);
        },
        "belongs to `privacy-lead` and to `forensics-lead`",
    );
}

#[test]
fn a_genesis_with_a_required_count_of_zero_is_refused() {
    is_no_genesis(|_, charter, _| *charter = charter.replacen("count = 1", "count = 0", 1), "cannot be met");
}

#[test]
fn a_genesis_that_demands_nobodys_signature_is_refused() {
    let none = |_: &Sandbox, charter: &mut String, _: &mut String| {
        let blocks: Vec<&str> = charter.split("\n\n").filter(|b| !b.starts_with("[[lane.required")).collect();
        *charter = blocks.join("\n\n").replacen("[lane]\n", "[lane]\nrequired_signers = []\n", 1);
    };
    is_no_genesis(none, "");
}

#[test]
fn a_genesis_whose_owner_is_an_agent_is_refused() {
    let agent = |_: &Sandbox, charter: &mut String, _: &mut String| {
        *charter = charter.replace("release_owner = \"release-owner\"", "release_owner = \"triage-agent\"");
    };
    is_no_genesis(agent, "is not a human of this roster");
}

#[test]
fn a_genesis_with_a_longer_roster_than_its_charter_is_refused() {
    is_no_genesis(
        |sandbox, _, roster| {
            sandbox.new_key("stranger");
            roster.push_str(&format!("stranger namespaces=\"git\" {}\n", sandbox.public_key("stranger")));
        },
        "it is not the roster that follows from the charter",
    );
}

#[test]
fn a_genesis_in_another_spelling_is_refused() {
    is_no_genesis(|_, charter, _| *charter = charter.replace('\n', "\r\n"), "canonical form");
    is_no_genesis(|_, charter, _| charter.insert(0, '\u{feff}'), "charter.toml");
    is_no_genesis(|_, charter, _| charter.insert_str(0, "# a remark\n"), "canonical form");
    is_no_genesis(|_, charter, _| *charter = charter.replace("format = 1", "format = 1\nextra = 1"), "extra");
}

#[test]
fn an_entry_cut_out_of_the_middle_breaks_every_later_signature() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    sandbox.object("triage-agent", "other", "packet");
    let objection = sandbox.head();
    let reply = forge.section("privacy-lead", "summary").accepted();
    let text = forge.commit(&reply) + "\n";
    let cut = forge.object("commit", text.replace(&objection, &before).as_bytes());
    forge.go_back(&before);
    forge.put(&cut);
    forge.ends_before(&cut, &before, 1, "entry-signature", "did not sign these bytes");
    forge.put(&reply);
    forge.history().exits(0);
}

#[test]
fn a_web_edit_is_foreign_and_repair_takes_it_off_again() {
    let sandbox = released();
    let (forge, good) = (Forge::on(&sandbox), sandbox.head());
    let tree = forge.section("privacy-lead", "summary").tree();
    let web = ["-c", "user.name=Web", "-c", "user.email=web@example.com", "commit-tree", "-p", &good, "-m", "Update"];
    let foreign = sandbox.git(&[&web[..], &[&tree]].concat());
    forge.put(&foreign);
    forge.ends_before(&foreign, &good, 1, "foreign-entry", "not an entry");
    let anchor = fs::read_to_string(forge.clone_file("anchor")).unwrap();
    assert!(anchor.ends_with(&format!("{good}\n")), "anchors remember valid heads only");
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
    forge.command_refused("privacy-lead", &object, "foreign-entry");
    let wrong = sandbox.json("privacy-lead", &["repair", "--confirm", &parent(&sandbox)[..39]]).exits(1);
    assert_eq!((wrong.reasons(), sandbox.head()), (vec!["wrong-commit".to_owned()], foreign));
    sandbox.json("privacy-lead", &["repair"]).exits(2);
    let repaired = sandbox.json("privacy-lead", &["repair", "--confirm", &good]).exits(0).json();
    assert_eq!((&repaired["to"], sandbox.head()), (&good.as_str().into(), good));
    forge.verify().exits(0);
    assert_eq!(sandbox.json("privacy-lead", &["repair"]).exits(0).json()["done"], false);
}

#[test]
fn an_entry_on_top_of_a_foreign_commit_does_not_count() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let (forge, good) = (Forge::on(&sandbox), sandbox.head());
    let foreign = forge.section("privacy-lead", "summary").signature(|_| String::new()).land();
    forge.section("reliability", "notes").land();
    forge.ends_before(&foreign, &good, 1, "foreign-entry", "no header `gpgsig`");
    sandbox.packet("privacy-lead", &["repair", "--confirm", &good]).exits(0);
    forge.section("reliability", "notes").accepted();
}

#[test]
fn a_branch_that_is_a_link_or_gone_decides_nothing() {
    let sandbox = released();
    let (forge, good) = (Forge::on(&sandbox), sandbox.head());
    sandbox.git(&["update-ref", "refs/heads/evil", &good]);
    sandbox.git(&["symbolic-ref", &forge.branch(), "refs/heads/evil"]);
    assert_eq!(sandbox.json("ci-service", &["-p", "checkout", "verify"]).exits(3).reasons(), ["unreadable"]);
    sandbox.git(&["symbolic-ref", "--delete", &forge.branch()]);
    assert_eq!(sandbox.json("ci-service", &["-p", "checkout", "verify"]).exits(3).reasons(), ["no-packet"]);
    forge.put(&good);
    forge.verify().exits(0);
}
