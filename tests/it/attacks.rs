//! Attacks on the form of one entry. Each is followed by its neighbour: the same entry without the one wrong thing.

use std::fs;
use std::process::Command;

use crate::forge::Forge;
use crate::sandbox::Sandbox;

const ME: &str = "privacy-lead";

fn opened() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open();
    sandbox
}

#[test]
fn a_key_of_another_type_signs_nothing() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let file = sandbox.key("rsa");
    let file = file.to_str().unwrap();
    sandbox.run(Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", file]));
    let rsa = move |payload: &[u8]| stock_signature(forge, "rsa", payload);
    forge.section(ME, "summary").signature(rsa).refused("entry-signature", "ssh-rsa");
    forge.section(ME, "summary").signature(move |payload| stock_signature(forge, ME, payload)).accepted();
}

fn stock_signature(forge: Forge<'_>, key: &str, payload: &[u8]) -> String {
    let file = forge.sandbox.key(key);
    let mut command = Command::new("ssh-keygen");
    forge.git_with(command.args(["-Y", "sign", "-n", "git", "-f"]).arg(file), payload) + "\n"
}

#[test]
fn an_entry_that_plain_git_makes_in_good_form_is_one() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let entry = forge.section(ME, "summary");
    let (tree, message, time) = (entry.tree(), entry.message(), format!("{} +0000", forge.time()));
    let mut git = Command::new("git");
    git.args(["-c", "gpg.format=ssh", "-c", "user.name=privacy-lead", "-c", "user.email=privacy-lead@packet.invalid"]);
    git.arg("-c").arg(format!("user.signingkey={}", sandbox.key(ME).display()));
    git.args(["commit-tree", "-S", "-p", "packet/checkout", &tree]);
    sandbox.bare(&mut git).env("GIT_AUTHOR_DATE", &time).env("GIT_COMMITTER_DATE", &time);
    fs::write(sandbox.path("message"), message).unwrap();
    let output = git.arg("-F").arg(sandbox.path("message")).current_dir(sandbox.repo()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    forge.put(String::from_utf8(output.stdout).unwrap().trim());
    assert_eq!(forge.history().exits(0).json()["entries_checked"], 2);
}
