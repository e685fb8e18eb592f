//! Keys as git has them: configuration, files, the agent; and everything both ways with the real programs.

use std::fs;
use std::process::{Command, Stdio};

use crate::sandbox::{Answer, Sandbox};

/// Runs without `--key`, with this global git configuration and these variables.
fn configured(sandbox: &Sandbox, config: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
    fs::write(sandbox.path("home/.gitconfig"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_packet"));
    sandbox.bare(&mut command);
    command.envs(variables.iter().copied()).arg("--json").args(arguments).current_dir(sandbox.repo());
    sandbox.answer(&mut command)
}

fn signing_key(value: &str) -> String {
    format!("[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = \"{value}\"\n")
}

#[test]
fn the_key_comes_from_gits_global_configuration() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let private = sandbox.key("privacy-lead");
    let whoami = configured(&sandbox, &signing_key(private.to_str().unwrap()), &[], &["whoami"]).exits(0);
    assert_eq!(whoami.json()["actor"], "privacy-lead");
    let public = format!("{}.pub", private.display());
    let whoami = configured(&sandbox, &signing_key(&public), &[], &["whoami"]).exits(0);
    assert_eq!(whoami.json()["actor"], "privacy-lead");
    fs::create_dir(sandbox.path("home/.ssh")).unwrap();
    fs::copy(&private, sandbox.path("home/.ssh/id")).unwrap();
    let whoami = configured(&sandbox, &signing_key("~/.ssh/id"), &[], &["whoami"]).exits(0);
    assert_eq!(whoami.json()["actor"], "privacy-lead");
    let other_format = signing_key(&public).replace("ssh\n", "openpgp\n");
    assert_eq!(configured(&sandbox, &other_format, &[], &["whoami"]).exits(2).reasons(), ["key"]);
    assert_eq!(configured(&sandbox, "", &[], &["whoami"]).exits(2).reasons(), ["key"]);
}

#[test]
fn commands_that_read_need_no_key() {
    let sandbox = Sandbox::new();
    sandbox.release();
    for arguments in
        [&["status"][..], &["log"], &["show"], &["diff"], &["list"], &["objections"], &["proposals"], &["verify"]]
    {
        configured(&sandbox, "", &[], arguments).exits(0);
    }
}

/// An agent that holds one actor's key; it ends with the value.
pub struct Agent {
    child: std::process::Child,
    /// Where it listens.
    pub socket: String,
}

impl Agent {
    /// An agent with the key of this actor.
    pub fn holding(sandbox: &Sandbox, actor: &str) -> Self {
        let short = tempfile::Builder::new().prefix("agent").tempdir_in("/tmp").unwrap().keep();
        let socket = short.join("s").to_str().unwrap().to_owned();
        let mut agent = Command::new("ssh-agent");
        sandbox.bare(&mut agent);
        let child = agent.args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn().unwrap();
        let mut add = Command::new("ssh-add");
        for _ in 0..100 {
            if fs::exists(&socket).unwrap() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        sandbox.bare(&mut add);
        let added = add.arg("-q").arg(sandbox.key(actor)).env("SSH_AUTH_SOCK", &socket).output().unwrap();
        assert!(added.status.success(), "{added:?}");
        Self { child, socket }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(std::path::Path::new(&self.socket).parent().unwrap()).ok();
    }
}

#[test]
fn an_agent_signs_entries_acts_and_manifests() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let agent = Agent::holding(&sandbox, "release-owner");
    fs::rename(sandbox.key("release-owner"), sandbox.path("elsewhere")).unwrap();
    let by_agent = |value: &str, arguments: &[&str]| {
        configured(&sandbox, &signing_key(value), &[("SSH_AUTH_SOCK", &agent.socket)], arguments)
    };
    let public = format!("{}.pub", sandbox.key("release-owner").display());
    let id = sandbox.object("privacy-lead", "other", "packet");
    by_agent(&public, &["accept-residual", &id, "--rationale", "small"]).exits(0);
    let commit = sandbox.draft_and_sign();
    let literal = format!("key::{}", sandbox.public_key("release-owner"));
    by_agent(&literal, &["approve", "--confirm", &commit]).exits(0);
    sandbox.packet("ci-service", &["verify"]).exits(0);
    let nobody = configured(
        &sandbox,
        &signing_key(&public),
        &[],
        &["object", "--kind", "other", "--about", "packet", "-m", "x"],
    );
    assert_eq!(nobody.exits(2).reasons(), ["key"]);
}

#[test]
fn a_key_of_another_type_is_named_and_refused() {
    let sandbox = Sandbox::new();
    sandbox.open();
    let file = sandbox.path("keys/ecdsa");
    sandbox.run(Command::new("ssh-keygen").args(["-q", "-t", "ecdsa", "-N", "", "-f", file.to_str().unwrap()]));
    let mut whoami = Command::new(env!("CARGO_BIN_EXE_packet"));
    sandbox.bare(&mut whoami);
    whoami.arg("--key").arg(&file).arg("whoami").current_dir(sandbox.repo());
    let answer = sandbox.answer(&mut whoami).exits(2);
    assert!(answer.err.contains("ecdsa"), "{answer:?}");
}

#[test]
fn a_key_that_is_nobodys_may_not_write() {
    let sandbox = Sandbox::new();
    sandbox.open();
    sandbox.new_key("stranger");
    let object = ["object", "--kind", "other", "--about", "packet", "-m", "x"];
    assert_eq!(sandbox.json("stranger", &object).exits(1).reasons(), ["entry-key"]);
}

#[test]
fn an_entry_made_with_stock_git_and_the_right_key_is_an_entry() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let tree = sandbox.git(&["rev-parse", "packet/checkout^{tree}"]);
    // The same tree changes nothing, so stock git makes a commit that is signed, well-formed, and still no entry.
    let message = "respond: nothing\n\nPacket-Operation: respond\nPacket-Actor: privacy-lead\nPacket-Revision: 2\n";
    let key = sandbox.key("privacy-lead");
    let mut commit = Command::new("git");
    commit.arg("-C").arg(sandbox.repo()).args(["-c", "gpg.format=ssh"]);
    commit.arg("-c").arg(format!("user.signingkey={}", key.display()));
    commit.args(["commit-tree", "-S", &tree, "-p", "packet/checkout", "-m", message.trim_end()]);
    sandbox.bare(&mut commit);
    // Once: an author and a committer of different seconds make no entry at all.
    let date = format!("@{} +0000", now());
    for who in ["AUTHOR", "COMMITTER"] {
        commit
            .env(format!("GIT_{who}_NAME"), "privacy-lead")
            .env(format!("GIT_{who}_EMAIL"), "privacy-lead@packet.invalid");
        commit.env(format!("GIT_{who}_DATE"), &date);
    }
    let output = commit.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    sandbox.git(&["update-ref", "refs/heads/packet/checkout", &id]);
    let verified = sandbox.json("ci-service", &["verify", "--history"]).exits(1);
    assert_eq!(
        verified.reasons(),
        ["wrong-place"],
        "the signature of stock git holds; that it changes nothing does not"
    );
}

fn now() -> String {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string()
}
