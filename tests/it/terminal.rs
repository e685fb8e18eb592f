//! What a person sees: prompts, pipes, colours, escapes, help.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

/// Runs the program on a pseudo-terminal of real `script` with these keystrokes; gives the screen and the exit code.
pub fn on_a_terminal(sandbox: &Sandbox, actor: &str, arguments: &[&str], typed: &str) -> (String, i32) {
    on_a_terminal_with(sandbox, actor, arguments, typed, &[])
}

/// As [`on_a_terminal`], with these variables.
pub fn on_a_terminal_with(
    sandbox: &Sandbox,
    actor: &str,
    arguments: &[&str],
    typed: &str,
    variables: &[(&str, &str)],
) -> (String, i32) {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut words =
        vec![quote(env!("CARGO_BIN_EXE_packet")), "--key".into(), quote(sandbox.key(actor).to_str().unwrap())];
    words.extend(arguments.iter().map(|a| quote(a)));
    let mut script = Command::new("script");
    sandbox.bare(&mut script);
    script.args(["-q", "-e", "-c", &words.join(" "), "/dev/null"]).current_dir(sandbox.repo()).env("TERM", "xterm");
    script.envs(variables.iter().copied());
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    // A program that asks nothing may be gone by now.
    keyboard.write_all(typed.as_bytes()).and_then(|()| keyboard.flush()).ok();
    let output = child.wait_with_output().unwrap();
    drop(keyboard);
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1))
}

#[test]
fn approve_shows_the_release_and_asks_for_the_bound_commit() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let id = sandbox.object("privacy-lead", "other", "packet");
    sandbox.packet("release-owner", &["accept-residual", &id, "--rationale", "a small risk"]).exits(0);
    let commit = sandbox.draft_and_sign();
    let head = sandbox.head();
    let (screen, code) = on_a_terminal(&sandbox, "release-owner", &["approve"], "0123456789ab\n");
    assert_eq!(code, 1, "{screen}");
    assert_eq!(sandbox.head(), head);
    let (screen, code) = on_a_terminal(&sandbox, "release-owner", &["approve"], &format!("{}\n", &commit[..11]));
    assert_eq!(code, 1, "eleven digits are too few: {screen}");
    let (screen, code) = on_a_terminal(&sandbox, "release-owner", &["approve"], &format!("{}\n", &commit[..12]));
    assert_eq!(code, 0, "{screen}");
    for shown in
        [&commit, "restricted-privacy-intake", "intake-reviewer", "privacy-lead", "a small risk", "retention", "since"]
    {
        assert!(screen.contains(shown), "{shown} is not shown: {screen}");
    }
    let approval = sandbox.git(&["show", "packet/checkout:releases/1/approval.toml"]);
    assert!(approval.contains("presence = \"terminal\""), "{approval}");
}

#[test]
fn recorded_escapes_never_reach_the_terminal_raw() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gnp.exe\r\nfake line";
    let object = ["object", "--kind", "other", "--about", "packet", "-m", evil];
    let id = sandbox.json("triage-agent", &object).exits(0).json()["id"].as_str().unwrap().to_owned();
    sandbox.packet("release-owner", &["accept-residual", &id, "--rationale", evil]).exits(0);
    let section = sandbox.path("section.md");
    std::fs::write(&section, "text \u{1b}[31mred\n").unwrap();
    sandbox.packet("privacy-lead", &["section", "set", "notes", "--file", section.to_str().unwrap()]).exits(0);
    let raw = |text: &str| text.chars().any(|c| c != '\n' && c != '\t' && (c.is_control() || c == '\u{202e}'));
    let looks: &[&[&str]] = &[
        &["objections"],
        &["status"],
        &["log"],
        &["diff"],
        &["show", &format!("ledger/{}/{id}.toml", &id[12..])],
        &["verify", "--history"],
    ];
    for arguments in looks {
        for answer in [sandbox.packet("privacy-lead", arguments), sandbox.json("privacy-lead", arguments)] {
            assert!(!raw(&answer.out) && !raw(&answer.err), "{arguments:?}: {answer:?}");
        }
    }
    sandbox.packet("privacy-lead", &["commit", "-m", "notes"]).exits(0);
    assert!(!raw(&sandbox.packet("privacy-lead", &["show", "sections/notes.md"]).out));
    let refused = sandbox.packet("privacy-lead", &["commit", "-m", evil]).exits(2);
    assert!(!raw(&refused.err), "{refused:?}");
}

#[test]
fn long_work_shows_its_progress_on_a_terminal_and_nowhere_else() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let session = ["add-session", "s1", "--environment", "prod", "--sensitivity", "internal"];
    sandbox.packet("reliability", &session).exits(0);
    let large = std::fs::File::create(sandbox.path("vault/large.dmp")).unwrap();
    large.set_len(300 << 20).unwrap();
    let add = ["add-fragment", "vault:large.dmp", "--session", "s1", "--annex"];
    let quiet = sandbox.packet("reliability", &add).exits(0);
    assert!(quiet.err.is_empty(), "{quiet:?}");
    let (screen, code) = on_a_terminal(&sandbox, "reliability", &add, "");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("300.00 MiB"), "{screen}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let mut log = sandbox.command("ci-service");
    log.arg("log").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = log.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_colour_in_a_pipe_or_with_no_color() {
    let sandbox = Sandbox::new();
    let help = sandbox.packet("release-owner", &["--help"]).exits(0);
    assert!(!help.out.contains('\u{1b}'));
    let refused = sandbox.packet("release-owner", &["status"]).exits(3);
    assert!(!refused.err.contains('\u{1b}'));
    assert!(refused.err.contains("packet charter new"), "the next command is named: {refused:?}");
}

#[test]
fn every_command_has_help_that_teaches() {
    let sandbox = Sandbox::new();
    let help = sandbox.packet("release-owner", &["--help"]).exits(0).out;
    let commands =
        help.lines().skip_while(|l| !l.starts_with("Commands:")).skip(1).take_while(|l| !l.trim().is_empty());
    let named = commands.filter_map(|l| l.strip_prefix("  ")).filter(|l| !l.starts_with(' '));
    let names: Vec<&str> = named.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let page = sandbox.packet("release-owner", &[name, "--help"]).exits(0).out;
        assert!(page.contains("Usage:") && page.len() > 200, "{name}: {page}");
    }
}

#[test]
fn completions_and_the_manual_are_printed() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            sandbox.packet("release-owner", &["completions", shell]).exits(0).out.contains("add-fragment"),
            "{shell}"
        );
    }
    assert!(sandbox.packet("release-owner", &["man"]).exits(0).out.contains(".TH"));
}
