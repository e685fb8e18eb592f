//! Attacks on the branch as a whole: rewound, forked, truncated, replaced, begun anew, and what a web edit does to it.

use std::fs;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

fn released() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.release();
    sandbox
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
