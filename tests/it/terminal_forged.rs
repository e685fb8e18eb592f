//! Control characters that others wrote: into references, objects, configuration and the files of a clone. Whoever looks
//! is told in plain text.

use std::fs;
use std::path::Path;

use crate::forge::{Entry, Forge};
use crate::sandbox::Sandbox;
use crate::terminal_fields::{EVIL, speaks_plainly};

const LOOKS: &[&[&str]] = &[
    &["status"],
    &["log"],
    &["list"],
    &["show"],
    &["objections"],
    &["gate"],
    &["repair"],
    &["verify"],
    &["verify", "--history"],
];

fn looks(sandbox: &Sandbox) {
    for arguments in LOOKS {
        speaks_plainly(sandbox, "privacy-lead", arguments);
    }
}

#[test]
fn forged_entries_are_named_as_plain_text() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    let section = |text: &str| forge.entry("privacy-lead", "commit").file("sections/x.md", text);
    let head = format!("format = 1\nname = \"{EVIL}\"\n");
    let evil_name = "\u{1b}[45;5m\u{9b}\u{202e}x";
    let blob = forge.object("blob", b"x\n");
    let shown = |entry: Entry<'_>| {
        entry.land();
        looks(&sandbox);
        forge.put(&before);
    };
    shown(section(&format!("{EVIL}\n")).file("sections/x.toml", "format = 1\nname = \"x\"\n"));
    shown(section("x\n").file("sections/x.toml", &head));
    shown(section("x\n").file(&format!("sections/{evil_name}.md"), "x\n"));
    shown(section("x\n").top_line(format!("100644 blob {blob}\t{evil_name}")));
    shown(section("x\n").before_signing(|text| text.replace("commit: forged", &format!("commit: {EVIL}"))));
    shown(section("x\n").before_signing(|text| text.replace("privacy-lead <", &format!("{EVIL} <"))));
    shown(section("x\n").before_signing(|text| text.replace("Packet-Actor: ", "Packet-Actor: \u{1b}[45;5m")));
    shown(section("x\n").before_signing(|text| text.replace("Operation: commit", "Operation: \u{9b}\u{7}")));
    shown(section("x\n").signature(|_| format!("{EVIL}\n")));
}

/// One file of the repository at a time.
#[test]
fn a_repository_that_is_wrong_is_described_in_plain_text() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let git = sandbox.repo().join(".git");
    let head = sandbox.head();
    let odd = EVIL.replace('\n', "\u{b}");
    let clone = |name: &str| git.join("packet/checkout").join(name);
    let config = fs::read_to_string(git.join("config")).unwrap();
    let extended = |more: &str| format!("{config}[extensions]\n\t{more}\n[core]\n\trepositoryformatversion = 1\n");
    let files = [
        (git.join("refs/heads/packet").join(&odd), format!("{head}\n")),
        (git.join("refs/remotes").join(&odd).join("packet/checkout"), "0".repeat(40) + "\n"),
        (git.join("refs/remotes/origin/packet/checkout"), EVIL.to_owned()),
        (git.join("refs/heads/packet/checkout"), format!("ref: {EVIL}\n")),
        (git.join("packed-refs"), format!("{head} refs/heads/packet/{odd}\n{EVIL} refs/heads/packet/other\n")),
        (git.join("config"), extended(&format!("refStorage = \"{}\"", EVIL.replace('\n', "\\n")))),
        (git.join("config"), format!("{config}[{EVIL}\n")),
        (git.join("config"), format!("{config}[core]\n\tbare = {odd}\n")),
        (git.join("shallow"), EVIL.to_owned()),
        (git.join("objects/info/alternates"), format!("/nonexistent/{odd}\n")),
        (git.join("HEAD"), format!("ref: {EVIL}\n")),
        (clone("root"), EVIL.to_owned()),
        (clone("anchor"), EVIL.to_owned()),
        (clone("stage/privacy-lead/stage.toml"), format!("format = 1\n{EVIL}")),
    ];
    for (file, text) in files {
        let before = fs::read(&file).ok();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        looks(&sandbox);
        speaks_plainly(&sandbox, "privacy-lead", &["diff"]);
        restore(&file, before);
    }
    fs::write(sandbox.path("vault/.packet/key"), EVIL).unwrap();
    looks(&sandbox);
    speaks_plainly(&sandbox, "privacy-lead", &["drift"]);
}

fn restore(file: &Path, before: Option<Vec<u8>>) {
    match before {
        Some(bytes) => fs::write(file, bytes).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
}
