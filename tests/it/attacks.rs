//! Attacks on the form of one entry. Each is followed by its neighbour: the same entry without the one wrong thing.

use std::fs;
use std::process::Command;

use packet::model::namespace::Namespace;

use crate::forge::{Forge, with_header};
use crate::sandbox::Sandbox;

const ME: &str = "privacy-lead";

fn opened() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open();
    sandbox
}

/// Edits a good entry before it is signed, expects `foreign-entry` with these words, and lands the good one.
#[track_caller]
fn is_foreign(words: &str, edit: impl FnOnce(String) -> String + 'static) {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let edited = |text: String| {
        let edited = edit(text.clone());
        assert_ne!(edited, text, "the attack is one");
        edited
    };
    forge.section(ME, "summary").before_signing(edited).refused("foreign-entry", words);
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_with_two_signature_headers_is_foreign() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let other = forge.sign("release-owner", Namespace::Git, b"another payload");
    let (below, above) = (other.clone(), format!("gpgsig {}\ngpgsig ", other.trim_end().replace('\n', "\n ")));
    let below = move |text: String| with_header(&text, "gpgsig", &below);
    forge.section(ME, "summary").after_signing(below).refused("foreign-entry", "no header");
    let above = move |text: String| text.replacen("gpgsig ", &above, 1);
    forge.section(ME, "summary").after_signing(above).refused("foreign-entry", "no header");
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_plain_gpgsig_header_in_a_sha_256_repository_is_foreign() {
    let sandbox = Sandbox::with_git_init(&["-b", "main", "--object-format=sha256"]);
    sandbox.open();
    let forge = Forge::on(&sandbox);
    let plain = |text: String| text.replacen("gpgsig-sha256 ", "gpgsig ", 1);
    forge.section(ME, "summary").after_signing(plain).refused("foreign-entry", "no header `gpgsig-sha256`");
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_gpgsig_sha256_header_in_a_sha_1_repository_is_foreign() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let other = |text: String| text.replacen("gpgsig ", "gpgsig-sha256 ", 1);
    forge.section(ME, "summary").after_signing(other).refused("foreign-entry", "not in the one form");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_with_an_extra_header_is_foreign() {
    is_foreign("no header `gpgsig`", |text| text.replacen("\n\n", "\nencoding ISO-8859-1\n\n", 1));
}

#[test]
fn an_entry_with_a_header_after_its_signature_is_foreign() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let extra = |text: String| text.replacen("\n\n", "\nmergetag object x\n\n", 1);
    forge.section(ME, "summary").after_signing(extra).refused("foreign-entry", "no header");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_with_two_trees_is_foreign() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let other = sandbox.git(&["rev-parse", "packet/checkout^{tree}"]);
    let doubled = move |text: String| format!("tree {other}\n{text}");
    forge.section(ME, "summary").before_signing(doubled).refused("foreign-entry", "no header `author`");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_with_two_actor_trailers_is_foreign() {
    let twice = "Packet-Actor: release-owner\nPacket-Actor: privacy-lead\n";
    is_foreign("no trailer Packet-Revision", |text| text.replace("Packet-Actor: privacy-lead\n", twice));
}

#[test]
fn an_entry_with_a_second_block_of_trailers_is_foreign() {
    let posing = "\n\nPacket-Actor: release-owner\n\nPacket-Operation";
    is_foreign("starts with `Packet-`", |text| text.replacen("\n\nPacket-Operation", posing, 1));
}

#[test]
fn an_entry_with_an_unknown_trailer_is_foreign() {
    is_foreign("not in the one form", |text| text + "Reviewed-by: release-owner\n");
}

#[test]
fn an_entry_whose_subject_says_another_operation_is_foreign() {
    is_foreign("the first line says `respond`", |text| text.replacen("\n\ncommit: ", "\n\nrespond: ", 1));
}

#[test]
fn an_entry_of_an_unknown_operation_is_foreign() {
    is_foreign("`grant` is no operation", |text| {
        text.replacen("\n\ncommit: ", "\n\ngrant: ", 1).replace("Operation: commit", "Operation: grant")
    });
}

#[test]
fn an_entry_with_another_author_than_committer_is_foreign() {
    is_foreign("not in the one form", |text| text.replacen("author privacy-lead", "author release-owner", 1));
}

#[test]
fn an_entry_in_another_time_zone_is_foreign() {
    is_foreign("an odd author", |text| text.replace("+0000", "+0200"));
}

#[test]
fn an_entry_with_terminal_escapes_in_its_message_is_foreign() {
    is_foreign("control or format characters", |text| text.replace("forged", "\u{1b}[2Jfine"));
}

#[test]
fn an_entry_with_bidirectional_marks_in_its_message_is_foreign() {
    is_foreign("control or format characters", |text| text.replace("forged", "\u{202e}fine"));
}

#[test]
fn an_entry_with_carriage_returns_is_foreign() {
    is_foreign("", |text| text.replacen("forged\n", "forged\r\n", 1));
}

#[test]
fn an_entry_with_bytes_after_its_trailers_is_foreign() {
    is_foreign("", |text| text + "\n");
}

#[test]
fn an_entry_with_a_lookalike_actor_is_foreign() {
    is_foreign("is not an actor id", |text| text.replace("Packet-Actor: privacy", "Packet-Actor: priv\u{430}cy"));
}

#[test]
fn an_entry_with_a_padded_revision_is_foreign() {
    is_foreign("not in the one form", |text| text.replace("Packet-Revision: 2", "Packet-Revision: 02"));
}

#[test]
fn a_merge_is_foreign_even_when_its_author_may_commit() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let head = sandbox.head();
    let side = forge.section(ME, "notes").store();
    let merge = forge.section(ME, "summary").parents(&[&head, &side]);
    merge.refused("foreign-entry", "no header `author`");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_unsigned_entry_is_foreign() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    forge.section(ME, "summary").signature(|_| String::new()).refused("foreign-entry", "no header `gpgsig`");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_changed_after_it_was_signed_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let changed = |text: String| text.replace("forged", "formed");
    forge.section(ME, "summary").after_signing(changed).refused("entry-signature", "did not sign these bytes");
    let tree = forge.section(ME, "notes").tree();
    let moved = move |text: String| format!("tree {tree}{}", &text[5 + tree.len()..]);
    forge.section(ME, "summary").after_signing(moved).refused("entry-signature", "did not sign these bytes");
    forge.section(ME, "summary").accepted();
}

#[test]
fn the_signature_of_another_entry_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let first = forge.section(ME, "summary").accepted();
    let text = forge.commit(&first);
    let block = text.split_once("gpgsig ").unwrap().1.split_once("\n\n").unwrap().0.replace("\n ", "\n") + "\n";
    forge.section(ME, "notes").signature(|_| block).refused("entry-signature", "did not sign these bytes");
    forge.section(ME, "notes").accepted();
}

#[test]
fn a_signature_made_for_another_purpose_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    for namespace in [Namespace::Release, Namespace::Ledger, Namespace::Charter] {
        let entry = forge.section(ME, "summary").signature(move |payload| forge.sign(ME, namespace, payload));
        entry.refused("entry-signature", "not `git`");
    }
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_second_signature_block_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let twice = move |payload: &[u8]| forge.sign(ME, Namespace::Git, payload).repeat(2);
    forge.section(ME, "summary").signature(twice).refused("entry-signature", "");
    let trailing = move |payload: &[u8]| forge.sign(ME, Namespace::Git, payload) + "and more\n";
    forge.section(ME, "summary").signature(trailing).refused("entry-signature", "");
    forge.section(ME, "summary").accepted();
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
fn an_entry_signed_by_an_unknown_key_is_refused() {
    let sandbox = opened();
    sandbox.new_key("stranger");
    let forge = Forge::on(&sandbox);
    forge.section(ME, "summary").key("stranger").refused("entry-key", "is nobody's in the charter");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_that_names_another_actor_than_its_key_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    forge.section(ME, "summary").key("reliability").refused("entry-key", "signed by reliability's key");
    forge.section(ME, "summary").key("triage-agent").refused("entry-key", "signed by triage-agent's key");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_entry_with_a_wrong_revision_number_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    for revision in [0, 1, 3, u32::MAX] {
        forge.section(ME, "summary").revision(revision).refused("wrong-sequence", "after revision 1");
    }
    forge.section(ME, "summary").revision(2).accepted();
}

#[test]
fn a_backdated_entry_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let time = forge.time();
    forge.section(ME, "summary").time(time - 1).refused("wrong-sequence", "before its parent's");
    forge.section(ME, "summary").time(0).refused("wrong-sequence", "before its parent's");
    forge.section(ME, "summary").time(time).accepted();
}

#[test]
fn an_entry_six_minutes_ahead_is_undecided_and_one_four_minutes_ahead_is_fine() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let time = forge.time();
    for ahead in [360, 86_400, 250_000_000_000] {
        forge.section(ME, "summary").time(time + ahead).ends_the_history(3, "future-entry", "5 minutes ahead");
    }
    forge.section(ME, "summary").time(time + 240).accepted();
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
