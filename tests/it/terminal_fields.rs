//! Control characters in every text that a command takes or meets: nothing but plain text reaches the terminal, in text
//! and in JSON, on either stream, in a pipe and on a pseudo-terminal.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use packet::model::text::is_plain;

use crate::sandbox::{Answer, Sandbox};
use crate::terminal::on_a_terminal_with;

/// ESC with CSI and OSC, BEL, backspace, DEL, CR, C1, bidirectional marks, nothing wide, separators, a tag, and a line of
/// its own that pretends to be an answer.
pub const EVIL: &str = "a\u{1b}[45;5mb\u{1b}]0;owned\u{7}c\u{8}\u{7f}\rd\u{9b}45;5m\u{85}e\u{202e}\u{2066}\u{200f}f\
                        \u{200b}\u{feff}\u{2060}\u{ad}g\u{2028}\u{2029}\u{e0001}\u{b}\u{c}h\nFAKE approved";

/// Whether all of it is plain, and no line of it is one that the text brought along.
#[track_caller]
pub fn is_harmless(said: &str, by: &dyn std::fmt::Debug) {
    let odd: String = said.chars().filter(|c| !matches!(c, '\n' | '\t') && !is_plain(*c)).collect();
    assert!(odd.is_empty(), "{by:?} printed {odd:?}: {said:?}");
    assert!(!said.lines().any(|line| line.starts_with("FAKE")), "{by:?} printed a line that is not its own: {said}");
}

/// Runs it in text and in JSON, and looks at all it says.
#[track_caller]
pub fn speaks_plainly(sandbox: &Sandbox, actor: &str, arguments: &[&str]) -> Answer {
    for answer in [sandbox.json(actor, arguments), sandbox.packet(actor, arguments)] {
        is_harmless(&answer.out, &arguments);
        is_harmless(&answer.err, &arguments);
        if answer.code == 101 {
            panic!("{arguments:?} panicked: {answer:?}");
        }
    }
    for variables in [&[][..], &[("NO_COLOR", "1")]] {
        let (screen, _) = on_a_terminal_with(sandbox, actor, arguments, "\n", variables);
        is_harmless(&without_our_colours(&screen), &arguments);
    }
    sandbox.packet(actor, arguments)
}

/// A screen without the colours that the program itself uses; the evil one blinks on magenta.
fn without_our_colours(screen: &str) -> String {
    let screen = screen.replace("\r\n", "\n");
    let mut parts = screen.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((code, rest)) if code != "45;5" && code.bytes().all(|b| b.is_ascii_digit() || b == b';') => {
                plain.push_str(rest);
            }
            _ => plain.push_str(&format!("\u{1b}[{part}")),
        }
    }
    plain
}

/// A charter whose every text is evil.
fn charter(sandbox: &Sandbox) -> String {
    let evil: String = EVIL.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
    let said = |text: String, from: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, &format!("\"{evil}\""))
    };
    let text = said(sandbox.charter(), "\"Checkout service, recurring crash: redaction clarification\"");
    let text = said(text, "\"Clarify what the sanitized dumps still show, for restricted privacy review\"");
    let text = said(text, "\"decide whether the packet suffices for formal privacy review\"");
    let text = said(text, "\"incident command\"");
    let text =
        said(text, "[\"checkout\"]").replace(&format!("modules = \"{evil}\""), &format!("modules = [\"{evil}\"]"));
    format!("{text}\n[scope]\nwider-sharing = [\"{evil}\"]\n")
}

/// Everything that shows what is recorded.
const LOOKS: &[&[&str]] = &[
    &["status"],
    &["log"],
    &["show"],
    &["show", "charter.toml"],
    &["diff"],
    &["list"],
    &["objections"],
    &["proposals"],
    &["whoami"],
    &["drift"],
    &["gate"],
    &["sign"],
    &["verify"],
    &["verify", "--history"],
    &["repair"],
];

fn looks(sandbox: &Sandbox) {
    for arguments in LOOKS {
        speaks_plainly(sandbox, "privacy-lead", arguments);
    }
}

#[test]
fn every_text_field_of_every_command_is_shown_as_plain_text() {
    let sandbox = Sandbox::new();
    sandbox.open_with(&charter(&sandbox));
    let prose = sandbox.path("prose.md");
    fs::write(&prose, format!("{}\n", EVIL.replace('\r', ""))).unwrap();
    let prose = prose.to_str().unwrap();
    let masked = sandbox.dump(&format!("{EVIL}.dmp"), 4096, 100, 16);
    let (masked, dump) = (masked.to_str().unwrap(), format!("vault:{EVIL}.dmp"));
    let session = ["add-session", "s1", "--environment", EVIL, "--sensitivity", "internal"];
    let add = ["add-fragment", &dump, "--session", "s1", "--sanitized", masked, "--why", EVIL];
    let symbols = ["add-symbols", "--module", EVIL, "--code-id", "ab", "--rung", "source", "--file", prose];
    let staged: &[(&str, i32, &[&str])] = &[
        ("reliability", 0, &[&session[..], &["--crash-id", EVIL, "--process", EVIL]].concat()),
        ("reliability", 0, &add),
        ("reliability", 0, &[&add[..], &["--id", "f"]].concat()),
        ("reliability", 0, &["add-attachment", masked, "--session", "s1"]),
        (
            "reliability",
            0,
            &["add-attachment", masked, "--session", "s1", "--id", "n", "--title", EVIL, "--tool", EVIL],
        ),
        ("reliability", 0, &[&symbols[..], &["--id", "m", "--why", EVIL]].concat()),
        ("reliability", 0, &["retention", "set", "s1", "--deadline", "2999-01-01T00:00:00Z", "--basis", EVIL]),
        ("reliability", 0, &["section", "set", "notes", "--file", prose, "--owner", "reliability"]),
        ("reliability", 0, &["diff"]),
        ("reliability", 2, &["commit", "-m", EVIL]),
        ("triage-agent", 0, &["section", "set", "other", "--file", prose]),
        ("triage-agent", 0, &["propose", "-m", EVIL]),
    ];
    for (actor, code, arguments) in staged {
        let answer = speaks_plainly(&sandbox, actor, arguments);
        answer.exits(*code);
    }
    sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    looks(&sandbox);
    governance(&sandbox);
    threads(&sandbox);
    looks(&sandbox);
}

/// A proposal looked at and turned down, an amendment, an objection to be handed over: each with evil words.
fn governance(sandbox: &Sandbox) {
    let id = |answer: &serde_json::Value| answer["id"].as_str().unwrap().to_owned();
    let listed = sandbox.json("reliability", &["proposals"]).exits(0).json();
    let proposal = id(&listed["proposals"][0]);
    speaks_plainly(sandbox, "reliability", &["show", &proposal]).exits(0);
    speaks_plainly(sandbox, "reliability", &["reject", &proposal, "--because", "quality", "-m", EVIL]).exits(0);
    let charter = sandbox.json("release-owner", &["show", "charter.toml"]).exits(0).json();
    let amended = charter["text"].as_str().unwrap().replace("min_fragment = 64", "min_fragment = 32");
    let file = sandbox.path("amended.toml");
    fs::write(&file, amended).unwrap();
    let amend = ["amend", "--charter", file.to_str().unwrap(), "-m", EVIL];
    speaks_plainly(sandbox, "release-owner", &amend).exits(0);
    let about = ["object", "--kind", "other", "--about", "symbols:m", "-m", EVIL];
    let objection = id(&sandbox.json("triage-agent", &about).exits(0).json());
    let reassign = ["reassign", &objection, "--to", "privacy-lead", "--why", EVIL];
    speaks_plainly(sandbox, "release-owner", &reassign).exits(0);
    looks(sandbox);
    sandbox.packet("forensics-lead", &["withdraw", &objection, "-m", "settled"]).exits(0);
}

/// Objections, their threads, holds: each with evil words.
fn threads(sandbox: &Sandbox) {
    let object = |actor: &str, about: &str| {
        let arguments = ["object", "--kind", "symbolization-scope", "--about", about, "-m", EVIL];
        let id = sandbox.json(actor, &arguments).exits(0).json()["id"].as_str().unwrap().to_owned();
        speaks_plainly(sandbox, actor, &arguments);
        id
    };
    let first = object("privacy-lead", "packet");
    let second = object("triage-agent", "symbols:m");
    speaks_plainly(sandbox, "reliability", &["respond", &first, "-m", EVIL]).exits(0);
    speaks_plainly(sandbox, "reliability", &["address", &first, "-m", EVIL]);
    speaks_plainly(sandbox, "privacy-lead", &["close", &first, "-m", EVIL]);
    speaks_plainly(sandbox, "privacy-lead", &["withdraw", &first, "-m", EVIL]);
    speaks_plainly(sandbox, "release-owner", &["accept-residual", &second, "--rationale", EVIL]).exits(0);
    for id in [&first, &second] {
        speaks_plainly(sandbox, "ci-service", &["show", &format!("ledger/{}/{id}.toml", &id[12..])]).exits(0);
    }
    sandbox.json("reliability", &["draft"]).exits(0);
    speaks_plainly(sandbox, "release-owner", &["approve"]);
    speaks_plainly(sandbox, "release-owner", &["approve", "--confirm", EVIL]).exits(1);
    speaks_plainly(sandbox, "reliability", &["hold", "--because", "other", "-m", EVIL]).exits(0);
    speaks_plainly(sandbox, "release-owner", &["supersede", "--because", "other", "-m", EVIL]).exits(0);
    speaks_plainly(sandbox, "reliability", &["remove", "section:notes", "--why", EVIL]);
}

/// Every command with each kind of argument that it cannot read; the names come from help.
#[test]
fn arguments_that_do_not_parse_are_repeated_as_plain_text() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let options: &[&[&str]] = &[
        &[EVIL],
        &["--no-such", EVIL],
        &[&format!("--{EVIL}")],
        &[&format!("-{EVIL}")],
        &["-p", EVIL],
        &["--repo", EVIL],
        &["--key", EVIL],
        &["x", "--id", EVIL],
        &["--because", EVIL],
        &["--kind", EVIL, "--about", EVIL, "-m", EVIL],
        &["--about", &format!("region:s1/{EVIL}")],
        &["--range", EVIL, "--session", EVIL],
        &["--charter", EVIL, "--taxonomy", EVIL],
        &["--file", EVIL, "--owner", EVIL],
        &["--deadline", EVIL],
        &["--at", EVIL],
        &["--root", EVIL],
        &["--policy", EVIL, "--anchor", EVIL],
        &["--limit", EVIL],
        &["--format", EVIL],
        &["--confirm", EVIL],
    ];
    let commands = ["object", "add-fragment", "add-session", "add-symbols", "retention", "section", "charter", "open"];
    let more = ["verify", "hold", "log", "show", "diff", "draft", "trust", "remove", "completions", "amend", "endorse"];
    for command in commands.into_iter().chain(more) {
        for option in options {
            let arguments: Vec<&str> = [command].iter().chain(option.iter()).copied().collect();
            for answer in [sandbox.packet("privacy-lead", &arguments), sandbox.json("privacy-lead", &arguments)] {
                assert!(answer.code != 101, "{arguments:?} panicked: {answer:?}");
                is_harmless(&answer.out, &arguments);
                is_harmless(&answer.err, &arguments);
            }
        }
    }
    for arguments in [&[EVIL][..], &["object", "--kind", EVIL], &["verify", "--at", EVIL], &["section", "set", EVIL]] {
        speaks_plainly(&sandbox, "privacy-lead", arguments).exits(2);
        let (screen, _) = on_a_terminal_with(&sandbox, "privacy-lead", arguments, "", &[]);
        assert!(!screen.contains("\u{1b}[45;5m") && !screen.contains("\u{1b}]"), "colours of their own: {screen:?}");
    }
    let mut not_text = sandbox.command("privacy-lead");
    let answer = sandbox.answer(not_text.arg("show").arg(OsStr::from_bytes(b"\xff\x1b[2J\x9b")));
    is_harmless(&answer.err, &"bytes that are no text");
    let called = sandbox.path(EVIL);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_packet"), &called).unwrap();
    for arguments in [&["--help"][..], &["status", "--help"], &["--no-such"], &[]] {
        let mut command = Command::new(&called);
        let answer = sandbox.answer(sandbox.bare(&mut command).args(arguments).current_dir(sandbox.repo()));
        is_harmless(&answer.out, &arguments);
        is_harmless(&answer.err, &arguments);
    }
}

/// Files and directories that are there under such names, and charters with such bytes as they are.
#[test]
fn paths_and_files_that_are_wrong_are_named_as_plain_text() {
    let sandbox = Sandbox::new();
    let below = sandbox.repo().join(EVIL);
    fs::create_dir(&below).unwrap();
    let within = |name: &str| below.join(name).to_str().unwrap().to_owned();
    let good = sandbox.charter();
    for (name, text) in [
        ("good.toml", good.clone()),
        ("raw.toml", good.replace("format = 1", &format!("format = 1\nx = \"{EVIL}\""))),
        ("unknown.toml", good.replace("format = 1", &format!("format = 1\n\"{}\" = 1", EVIL.escape_default()))),
        ("wrong.toml", good.replace("id = \"restricted-privacy-intake\"", "id = \"\\u001b[45;5m\\u202e\\nFAKE\"")),
        ("key.toml", good.replacen("keys = [\"ssh-ed25519 ", "keys = [\"ssh-\\u001b[45;5m\\u009b ", 1)),
        ("url.toml", good.replace("url = \"file:", "url = \"\\u001b]0;x\\u0007file:")),
    ] {
        fs::write(within(name), text).unwrap();
        speaks_plainly(&sandbox, "release-owner", &["charter", "check", &within(name)]);
        for option in ["--policy", "--anchor", "--key"] {
            speaks_plainly(&sandbox, "release-owner", &["verify", option, &within(name)]);
        }
        if name != "good.toml" {
            speaks_plainly(&sandbox, "release-owner", &["open", "checkout", "--charter", &within(name)]);
        }
    }
    speaks_plainly(&sandbox, "release-owner", &["charter", "new", "--id", "a", "--out", &within("new.toml")]);
    let good = within("good.toml");
    speaks_plainly(
        &sandbox,
        "release-owner",
        &["open", "checkout", "--charter", &good, "--taxonomy", &within("raw.toml")],
    );
    speaks_plainly(&sandbox, "release-owner", &["open", "checkout", "--charter", &good]).exits(0);
    for arguments in [
        &["add-attachment", &good, "--session", "s1"][..],
        &["add-fragment", &good, "--session", "s1", "--annex"],
        &["section", "set", "x", "--file", &within("absent")],
        &["show", &within("absent")],
        &["diff", EVIL],
        &["--repo", &within("absent"), "status"],
        &["--key", &within("absent"), "whoami"],
    ] {
        speaks_plainly(&sandbox, "reliability", arguments);
    }
    environment(&sandbox, &below);
}

/// Variables and the user's own git configuration.
fn environment(sandbox: &Sandbox, below: &std::path::Path) {
    let configured = |text: &str, variables: &[(&str, &str)], arguments: &[&str]| {
        fs::write(below.join(".gitconfig"), text).unwrap();
        for json in [&[][..], &["--json"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_packet"));
            sandbox.bare(&mut command).env("HOME", below).envs(variables.iter().copied());
            let answer = sandbox.answer(command.args(json).args(arguments).current_dir(sandbox.repo()));
            is_harmless(&answer.out, &arguments);
            is_harmless(&answer.err, &arguments);
        }
    };
    let escaped = "a\\b\u{1b}[45;5m\u{9b}\u{202e}\\nFAKE approved";
    for setting in ["key::ssh-ed25519 ", "ssh-", "~/", ""] {
        let key = format!("[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = \"{setting}{escaped}\"\n");
        configured(&key, &[], &["whoami"]);
    }
    configured(&format!("[gpg]\n\tformat = \"{escaped}\"\n[user]\n\tsigningkey = x\n"), &[], &["whoami"]);
    configured(&format!("[user\u{1b}[45;5m\n{EVIL}"), &[], &["whoami"]);
    let key = sandbox.key("reliability");
    let key = key.to_str().unwrap();
    for (name, value) in [("VISUAL", EVIL), ("EDITOR", EVIL), ("PACKET_LOCK_WAIT", EVIL), ("TMPDIR", EVIL)] {
        configured("", &[(name, value)], &["--key", key, "section", "edit", "notes"]);
    }
}
