//! A repository whose configuration, hooks and attributes all name programs, in an environment that does so too: no
//! command runs one of them, none changes its verdict, and what is run on purpose knows no more than it needs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::keys::Agent;
use crate::sandbox::{Answer, Sandbox, can_trace};

/// Settings of a repository that make git run something.
const SETTINGS: &[&str] = &[
    "core.fsmonitor",
    "core.sshCommand",
    "core.gitProxy",
    "core.askPass",
    "core.editor",
    "core.pager",
    "core.alternateRefsCommand",
    "pager.log",
    "pager.show",
    "sequence.editor",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.ssh.defaultKeyCommand",
    "gpg.x509.program",
    "credential.helper",
    "diff.external",
    "diff.trap.command",
    "diff.trap.textconv",
    "merge.trap.driver",
    "filter.trap.clean",
    "filter.trap.smudge",
    "filter.trap.process",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.receivepack",
    "remote.origin.vcs",
    "init.templateDir",
    "trace2.eventTarget",
    "alias.verify",
];

/// Every hook that git knows.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Variables that make git, a pager, a shell or the loader run or load something.
const VARIABLES: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_TEMPLATE_DIR",
    "PAGER",
    "MANPAGER",
    "LESSOPEN",
    "BASH_ENV",
    "ENV",
    "BROWSER",
    "LD_LIBRARY_PATH",
    "PYTHONSTARTUP",
    "PERL5OPT",
];

/// Programs of somebody else's, first on the path.
const PROGRAMS: &[&str] = &["git", "ssh", "gpg", "sh", "less", "more", "vi", "nano", "cat", "pager", "sensible-editor"];

/// What a child may know (`cli/context.rs`).
const PASSED_ON: &[&str] = &["HOME", "PATH", "SSH_AUTH_SOCK", "TERM", "TMPDIR", "LANG", "EDITOR", "VISUAL"];

/// A sandbox with traps everywhere.
struct Trapped {
    sandbox: Sandbox,
    trap: PathBuf,
}

impl Trapped {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let trap = sandbox.path("trap");
        let this = Self { sandbox, trap };
        this.program(&this.trap.clone(), &format!("touch '{}'", this.sandbox.path("sprung").display()));
        this
    }

    fn program(&self, path: &Path, does: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Lays every trap that a repository can hold.
    fn lay(&self) {
        let trap = self.trap.to_str().unwrap();
        for name in SETTINGS {
            self.sandbox.git(&["config", name, trap]);
        }
        let (hooks, own) = (self.sandbox.path("hooks"), self.sandbox.repo().join(".git/hooks"));
        for hook in HOOKS {
            for dir in [&hooks, &own] {
                fs::create_dir_all(dir).unwrap();
                fs::copy(&self.trap, dir.join(hook)).unwrap();
            }
        }
        let included = self.sandbox.path("included");
        fs::write(&included, format!("[core]\n\thooksPath = \"{}\"\n\tfsmonitor = {trap:?}\n", hooks.display()))
            .unwrap();
        let identity = self.sandbox.key("release-owner");
        for (name, value) in [
            ("include.path", included.to_str().unwrap()),
            ("includeIf.gitdir:/.path", included.to_str().unwrap()),
            ("core.hooksPath", hooks.to_str().unwrap()),
            ("core.attributesFile", included.to_str().unwrap()),
            ("user.signingkey", identity.to_str().unwrap()),
            ("gpg.format", "ssh"),
            ("gpg.ssh.allowedSignersFile", included.to_str().unwrap()),
        ] {
            self.sandbox.git(&["config", name, value]);
        }
        let attributes = "* filter=trap diff=trap merge=trap\n";
        fs::write(self.sandbox.repo().join(".gitattributes"), attributes).unwrap();
        fs::write(self.sandbox.repo().join(".git/info/attributes"), attributes).unwrap();
        for program in PROGRAMS {
            fs::create_dir_all(self.sandbox.path("bin")).unwrap();
            fs::copy(&self.trap, self.sandbox.path("bin").join(program)).unwrap();
        }
        fs::remove_file(self.sandbox.path("sprung")).ok();
    }

    /// Lays every trap that an environment can hold.
    fn surround(&self, command: &mut Command) {
        let elsewhere = self.sandbox.path("elsewhere");
        for name in VARIABLES {
            command.env(name, &self.trap);
        }
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE"] {
            command.env(name, &elsewhere);
        }
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.sandbox.path("bin").display()));
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &elsewhere).env("GIT_NAMESPACE", "other");
        command.env("GIT_CONFIG", &elsewhere).env("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='/bin/false'");
        command.env("GIT_CONFIG_COUNT", "2").env("GIT_CONFIG_KEY_0", "user.signingkey");
        command.env("GIT_CONFIG_VALUE_0", self.sandbox.key("release-owner"));
        command.env("GIT_CONFIG_KEY_1", "gpg.format").env("GIT_CONFIG_VALUE_1", "ssh");
        command.env("GIT_DEFAULT_HASH", "sha256").env("GIT_DEFAULT_REF_FORMAT", "reftable");
        command.env("GIT_REPLACE_REF_BASE", "refs/heads/").env("GIT_GRAFT_FILE", &elsewhere);
        command.env("GIT_CEILING_DIRECTORIES", "/").env("GIT_TRACE2_EVENT", &self.trap);
        // A library that is there, so that the loader has nothing to say about it.
        command.env("LD_PRELOAD", "libc.so.6").env("LESS", "+!touch x").env("SHELLOPTS", "xtrace");
    }

    /// Runs the program among the traps; gives its answer, and each program it ran with its environment.
    fn traced(&self, prepare: impl FnOnce(&mut Command)) -> (Answer, Vec<Child>) {
        let trace = self.sandbox.path("trace");
        let mut strace = Command::new("strace");
        self.sandbox.bare(&mut strace).current_dir(self.sandbox.repo());
        strace.args(["-f", "-qq", "-v", "-s", "65536", "-e", "trace=execve,execveat", "-o"]).arg(&trace);
        strace.arg(env!("CARGO_BIN_EXE_packet"));
        // What strace itself runs is found and loaded before the traps are.
        self.surround(&mut strace);
        prepare(&mut strace);
        let strace_program = which("strace");
        let mut command = Command::new(strace_program);
        command.args(strace.get_args()).env_clear().current_dir(self.sandbox.repo());
        command.envs(strace.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let answer = self.sandbox.answer(&mut command);
        let lines = fs::read_to_string(trace).unwrap();
        let ran = |line: &&str| line.contains("execve(") && !line.ends_with("ENOENT (No such file or directory)");
        let children = lines.lines().filter(ran).skip(1);
        (answer, children.map(Child::of).collect())
    }

    fn run(&self, actor: &str, arguments: &[&str]) -> (Answer, Vec<Child>) {
        let key = self.sandbox.key(actor);
        self.traced(|command| {
            command.arg("--key").arg(key).arg("--json").args(arguments);
        })
    }

    /// Runs a command that runs nothing.
    #[track_caller]
    fn alone(&self, actor: &str, arguments: &[&str]) -> Answer {
        let (answer, children) = self.run(actor, arguments);
        assert!(children.is_empty(), "{arguments:?} ran {children:?}");
        assert!(!self.sandbox.path("sprung").exists(), "{arguments:?} sprang a trap");
        answer
    }
}

/// A program that was run.
#[derive(Debug)]
struct Child {
    program: String,
    variables: Vec<String>,
}

impl Child {
    /// From `1234 execve("/usr/bin/x", ["x", "y"], ["A=1", "B=2"]) = 0`.
    fn of(line: &str) -> Self {
        let (_, call) = line.split_once("execve").unwrap();
        let program = call.split('"').nth(1).unwrap().to_owned();
        let (_, environment) = call.rsplit_once("], [").unwrap_or(("", ""));
        let variables = environment.split("\", \"").filter_map(|pair| pair.trim_start_matches('"').split_once('='));
        Self { program, variables: variables.map(|(name, _)| name.to_owned()).collect() }
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap();
    path.split(':').map(|dir| Path::new(dir).join(program)).find(|file| file.is_file()).unwrap()
}

/// The whole of a packet's life with a plain key file: no program is run, and every verdict is that of a quiet place.
#[test]
fn no_command_runs_a_program_that_repository_or_environment_name() {
    if !can_trace() {
        return;
    }
    let trapped = Trapped::new();
    let sandbox = &trapped.sandbox;
    sandbox.open();
    trapped.lay();
    let prose = sandbox.path("prose.md");
    fs::write(&prose, "Prose.\n").unwrap();
    let masked = sandbox.dump("a.dmp", 4096, 100, 16);
    let (prose, masked) = (prose.to_str().unwrap(), masked.to_str().unwrap());
    let charter = sandbox.path("charter.toml");
    let charter = charter.to_str().unwrap();
    let add = ["add-fragment", "vault:a.dmp", "--session", "s1", "--sanitized", masked, "--id", "stack"];
    let symbols = ["add-symbols", "--module", "checkout", "--code-id", "ab", "--rung", "public", "--frames", "8"];
    let before: &[(&str, i32, &[&str])] = &[
        ("release-owner", 0, &["charter", "new", "--id", "release-owner"]),
        ("release-owner", 0, &["charter", "check", charter]),
        ("release-owner", 0, &["open", "checkout", "--charter", charter]),
        ("reliability", 0, &["add-session", "s1", "--environment", "prod-eu", "--sensitivity", "restricted"]),
        ("reliability", 0, &add),
        ("reliability", 0, &["add-attachment", prose, "--session", "s1"]),
        ("reliability", 0, &symbols),
        ("reliability", 0, &["retention", "set", "s1", "--deadline", "2999-01-01T00:00:00Z", "--basis", "x"]),
        ("reliability", 0, &["section", "set", "notes", "--file", prose, "--owner", "reliability"]),
        ("reliability", 0, &["diff"]),
        ("reliability", 0, &["commit", "-m", "evidence"]),
        ("reliability", 0, &["remove", "attachment:prose-md", "--why", "x"]),
        ("reliability", 0, &["discard"]),
        ("triage-agent", 0, &["section", "set", "other", "--file", prose]),
        ("triage-agent", 0, &["propose", "-m", "x"]),
        ("reliability", 0, &["drift", "--record"]),
        ("reliability", 0, &["draft"]),
        ("privacy-lead", 0, &["sign"]),
        ("reliability", 0, &["sign"]),
        ("forensics-lead", 0, &["sign"]),
        ("release-owner", 0, &["gate"]),
    ];
    for (actor, code, arguments) in before {
        trapped.alone(actor, arguments).exits(*code);
    }
    let commit = trapped.alone("release-owner", &["gate"]).json()["commit"].as_str().unwrap().to_owned();
    trapped.alone("release-owner", &["approve", "--confirm", &commit]).exits(0);
    judged_alike(&trapped);
    let id = sandbox.object("privacy-lead", "other", "packet");
    let after: &[(&str, &[&str])] = &[
        ("reliability", &["respond", &id, "-m", "x"]),
        ("reliability", &["address", &id, "-m", "x"]),
        ("privacy-lead", &["close", &id, "-m", "x"]),
        ("privacy-lead", &["hold", "--because", "other", "-m", "x"]),
        ("release-owner", &["supersede", "--because", "other", "-m", "x"]),
        ("reliability", &["repair"]),
        ("release-owner", &["completions", "bash"]),
        ("release-owner", &["man"]),
    ];
    for (actor, arguments) in after {
        trapped.alone(actor, arguments).exits(0);
    }
    judged_alike(&trapped);
}

/// What only reads says the same in a quiet environment.
#[track_caller]
fn judged_alike(trapped: &Trapped) {
    let looks: &[&[&str]] = &[
        &["verify"],
        &["verify", "--history"],
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
    ];
    for arguments in looks {
        let quiet = trapped.sandbox.json("privacy-lead", arguments);
        let loud = trapped.alone("privacy-lead", arguments);
        assert_eq!((loud.code, loud.json()), (quiet.code, quiet.json()), "{arguments:?}");
    }
}

/// Neither the repository nor `GIT_CONFIG_*` chooses who signs.
#[test]
fn who_signs_is_not_for_the_repository_or_git_variables_to_say() {
    if !can_trace() {
        return;
    }
    let trapped = Trapped::new();
    trapped.sandbox.with_evidence();
    trapped.lay();
    let (answer, children) = trapped.traced(|command| {
        command.args(["--json", "whoami"]);
    });
    assert_eq!(answer.exits(2).reasons(), ["key"]);
    assert!(children.is_empty(), "{children:?}");
}

/// A key in an agent needs `ssh-keygen`, and nothing else; the editor is the person's own.
#[test]
fn children_that_are_meant_know_no_more_than_they_need() {
    if !can_trace() {
        return;
    }
    let trapped = Trapped::new();
    let sandbox = &trapped.sandbox;
    sandbox.with_evidence();
    trapped.lay();
    let agent = Agent::holding(sandbox, "privacy-lead");
    fs::rename(sandbox.key("privacy-lead"), sandbox.path("put-aside")).unwrap();
    let public = sandbox.key("privacy-lead").with_extension("pub");
    let with_agent = |arguments: &[&str]| {
        trapped.traced(|command| {
            command.arg("--key").arg(&public).arg("--json").args(arguments).env("SSH_AUTH_SOCK", &agent.socket);
        })
    };
    let signing: &[&[&str]] = &[
        &["object", "--kind", "other", "--about", "packet", "-m", "x"],
        &["hold", "--because", "other", "-m", "no release yet"],
        &["status"],
    ];
    for (arguments, runs) in signing.iter().zip([1, 0, 0]) {
        let (_, children) = with_agent(arguments);
        knows_little(&children, "/ssh-keygen", runs);
    }
    let editor = sandbox.path("editor");
    trapped.program(&editor, "echo Edited. > \"$1\"");
    let link = std::env::temp_dir().join(format!("packet-editor-{}", std::process::id()));
    std::os::unix::fs::symlink(&editor, &link).unwrap();
    let key = sandbox.key("reliability");
    let (answer, children) = trapped.traced(|command| {
        command.env("VISUAL", &link).arg("--key").arg(key).args(["--json", "section", "edit", "notes"]);
    });
    fs::remove_file(&link).unwrap();
    answer.exits(0);
    knows_little(&children, link.to_str().unwrap(), 1);
    assert!(!sandbox.path("sprung").exists());
}

#[track_caller]
fn knows_little(children: &[Child], program: &str, runs: usize) {
    assert_eq!(children.len(), runs, "{children:?}");
    for child in children {
        assert!(child.program.ends_with(program), "{child:?}");
        assert!(!child.variables.is_empty(), "no environment was read from the trace: {child:?}");
        for name in &child.variables {
            assert!(PASSED_ON.contains(&name.as_str()), "{program} was told {name}");
        }
    }
}
