//! Attacks on paths, modes and what an operation may touch. Each is followed by its neighbour.

use crate::forge::Forge;
use crate::sandbox::Sandbox;

const ME: &str = "privacy-lead";

fn opened() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.open();
    sandbox
}

/// An opened packet with a section of `privacy-lead`.
fn with_section() -> Sandbox {
    let sandbox = opened();
    Forge::on(&sandbox).section(ME, "summary").accepted();
    sandbox
}

/// A good revision with one more file is refused for these words; without it, it is accepted.
#[track_caller]
fn is_no_place(mode: &'static str, path: &str, bytes: impl AsRef<[u8]>, words: &str) {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    forge.section(ME, "summary").mode(mode, path, bytes).refused("wrong-place", words);
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_symbolic_link_is_refused() {
    is_no_place("120000", "sections/summary.md", "../charter.toml", "has mode 120000");
}

#[test]
fn a_submodule_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let head = sandbox.head();
    forge.section(ME, "summary").mode("160000", "sections/sub", head).refused("wrong-place", "has mode 160000");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_executable_file_is_refused() {
    is_no_place("100755", "sections/summary.md", "What is known.\n", "has mode 100755");
}

#[test]
fn a_name_that_climbs_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let blob = forge.object("blob", b"x");
    for name in ["..", ".", ".git"] {
        let line = format!("100644 blob {blob}\t{name}");
        forge.section(ME, "summary").top_line(line).refused("wrong-place", &format!("`{name}` is no name"));
    }
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let blob = forge.object("blob", b"x");
    let twice = format!("100644 blob {blob}\tcharter.toml");
    forge.section(ME, "summary").top_line(twice).refused("wrong-place", "`charter.toml` comes twice");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_empty_directory_is_refused() {
    let sandbox = opened();
    let forge = Forge::on(&sandbox);
    let empty = forge.object("tree", b"");
    forge.section(ME, "summary").top_line(format!("040000 tree {empty}\tsymbols")).refused("wrong-place", "empty");
    forge.section(ME, "summary").accepted();
}

#[test]
fn an_upper_case_path_is_refused() {
    is_no_place("100644", "sections/Summary.md", "x", "`Summary.md` is no name");
}

#[test]
fn a_lookalike_path_is_refused() {
    is_no_place("100644", "sections/s\u{443}mmary.md", "x", "is no name");
}

#[test]
fn an_unknown_path_is_refused() {
    is_no_place("100644", "readme.md", "x", "readme.md is no file of a packet");
}

#[test]
fn an_unknown_path_below_a_known_directory_is_refused() {
    is_no_place("100644", "sections/sub/summary.md", "x", "is no file of a packet");
}

#[test]
fn a_workflow_for_a_host_is_refused() {
    is_no_place("100644", ".github/workflows/x.yml", "on: push", ".github/workflows/x.yml is no file of a packet");
}

#[test]
fn a_huge_file_is_refused() {
    is_no_place("100644", "sections/summary.md", vec![b'x'; 5 << 20], "more than 4194304");
}

#[test]
fn an_entry_that_changes_nothing_is_refused() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    forge.entry(ME, "commit").refused("wrong-place", "it changes nothing");
    forge.entry(ME, "commit").file("sections/summary.md", "More.\n").accepted();
}

#[test]
fn a_commit_that_changes_the_charter_is_refused() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    let charter = forge.file("charter.toml").replace("restricted-privacy-intake", "vendor-escalation");
    for actor in ["release-owner", ME] {
        let code = if actor == ME { "wrong-place" } else { "not-allowed" };
        forge.entry(actor, "commit").file("charter.toml", &charter).refused(code, "`commit`");
    }
    forge.entry(ME, "commit").file("sections/summary.md", "More.\n").accepted();
}

#[test]
fn a_commit_that_changes_the_taxonomy_is_refused() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    let entry = forge.entry(ME, "commit").file("sections/summary.md", "More.\n");
    entry.file("taxonomy.toml", "format = 1\n# none\n").refused("wrong-place", "may not touch taxonomy.toml");
    forge.entry(ME, "commit").file("sections/summary.md", "More.\n").accepted();
}

#[test]
fn a_commit_that_adds_a_line_to_allowed_signers_is_refused() {
    let sandbox = with_section();
    sandbox.new_key("stranger");
    let forge = Forge::on(&sandbox);
    let line = format!("stranger namespaces=\"git\" {}\n", sandbox.public_key("stranger"));
    let roster = forge.file("allowed_signers") + &line;
    let entry = forge.entry(ME, "commit").file("sections/summary.md", "More.\n");
    entry.file("allowed_signers", roster).refused("wrong-place", "may not touch allowed_signers");
    forge.entry(ME, "commit").file("sections/summary.md", "More.\n").accepted();
}

#[test]
fn a_second_genesis_on_top_is_refused() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    let charter = forge.file("charter.toml").replace("72h", "8760h");
    let entry = forge.entry("release-owner", "open").file("charter.toml", charter).revision(3);
    entry.refused("wrong-sequence", "a packet is opened once");
}

#[test]
fn a_section_is_changed_by_its_owner_alone() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    let text = "sections/summary.md";
    let owner = forge.file("sections/summary.toml").replace(ME, "reliability");
    forge.entry("reliability", "commit").file(text, "Mine.\n").refused("not-allowed", "belongs to privacy-lead");
    let entry = forge.entry("reliability", "commit").file("sections/summary.toml", &owner);
    entry.refused("not-allowed", "belongs to privacy-lead");
    let gone = forge.entry("reliability", "commit").remove(text).remove("sections/summary.toml");
    gone.refused("not-allowed", "belongs to privacy-lead");
    forge.entry(ME, "commit").file("sections/summary.toml", &owner).accepted();
    forge.entry("reliability", "commit").file(text, "Mine.\n").accepted();
}

#[test]
fn an_objection_that_also_changes_content_is_refused() {
    let sandbox = with_section();
    let forge = Forge::on(&sandbox);
    let before = sandbox.head();
    let id = sandbox.object(ME, "other", "section:summary");
    let path = format!("ledger/{}/{id}.toml", &id[12..]);
    let (objection, time) = (forge.file(&path), forge.time());
    forge.go_back(&before);
    let entry = || forge.entry(ME, "object").time(time).file(&path, &objection);
    entry()
        .file("sections/summary.md", "Other.\n")
        .refused("wrong-place", "`object` may not touch sections/summary.md");
    entry().remove("allowed_signers").refused("wrong-place", "`object` may not touch allowed_signers");
    entry().accepted();
}

#[test]
fn what_is_recorded_is_not_removed_by_any_operation() {
    let sandbox = Sandbox::new();
    sandbox.release();
    let id = sandbox.object("triage-agent", "other", "packet");
    sandbox.json("reliability", &["drift", "--record"]).exits(0);
    sandbox.packet("privacy-lead", &["hold", "1", "--because", "disagreement", "-m", "wait"]).exits(0);
    let forge = Forge::on(&sandbox);
    let recorded = [
        format!("ledger/{}/{id}.toml", &id[12..]),
        "checks/1.toml".to_owned(),
        "releases/1/manifest.json".to_owned(),
        "releases/1/signatures/privacy-lead.sig".to_owned(),
        "releases/1/approval.toml".to_owned(),
        "releases/1/hold-1.toml".to_owned(),
    ];
    for path in &recorded {
        for (actor, operation) in [
            ("reliability", "commit"),
            ("reliability", "propose"),
            ("reliability", "drift"),
            ("reliability", "draft"),
            ("privacy-lead", "sign"),
            ("release-owner", "approve"),
            ("release-owner", "supersede"),
            ("privacy-lead", "hold"),
            ("triage-agent", "respond"),
            ("forensics-lead", "withdraw"),
        ] {
            let gone = forge.entry(actor, operation).remove(path).land();
            let answer = forge.history().exits(1);
            let code = answer.reasons().remove(0);
            assert!(["wrong-place", "malformed-file"].contains(&code.as_str()), "{operation} {path}: {answer:?}");
            assert_eq!(answer.json()["reasons"][0]["subject"], format!("entry:{gone}").as_str());
            forge.put(forge.commit(&gone).lines().find_map(|l| l.strip_prefix("parent ")).unwrap());
        }
        // The same files may stay as they are beside a good revision.
        assert!(!forge.file(path).is_empty());
    }
    forge.section(ME, "summary").accepted();
}

#[test]
fn findings_and_checks_are_not_removed_with_a_revision() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    sandbox.json("reliability", &["drift", "--record"]).exits(0);
    let forge = Forge::on(&sandbox);
    let touches = "`commit` may not touch checks/1.toml";
    forge.section(ME, "summary").remove("checks/1.toml").refused("wrong-place", touches);
    let edited = forge.file("checks/1.toml").replace("same", "new");
    forge.section(ME, "summary").file("checks/1.toml", edited).refused("wrong-place", touches);
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_hold_is_not_lifted() {
    let sandbox = Sandbox::new();
    sandbox.release();
    sandbox.packet(ME, &["hold", "1", "--because", "disagreement", "-m", "wait"]).exits(0);
    let forge = Forge::on(&sandbox);
    assert_eq!(forge.verify().exits(1).reasons(), ["held"]);
    let hold = "releases/1/hold-1.toml";
    let softer = forge.file(hold).replace("wait", "fine");
    forge.entry(ME, "hold").remove(hold).refused("wrong-place", "adds exactly one file");
    forge.entry(ME, "hold").file(hold, softer).refused("wrong-place", "adds exactly one file");
    let entry = forge.entry(ME, "hold").file("releases/1/hold-3.toml", forge.file(hold));
    entry.refused("wrong-place", "the next hold is releases/1/hold-2.toml");
    forge.entry(ME, "hold").file("releases/1/hold-2.toml", forge.file(hold)).accepted();
    assert_eq!(forge.verify().exits(1).reasons(), ["held", "held"]);
}

#[test]
fn the_vaults_key_is_never_another() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let forge = Forge::on(&sandbox);
    let pin = forge.file("sources/vault.toml");
    let key = pin.split("key = \"").nth(1).unwrap().trim_end_matches("\"\n").to_owned();
    let other = pin.replace(&key, "0123456789abcdef");
    let entry = forge.section(ME, "summary").file("sources/vault.toml", other);
    entry.refused("not-allowed", "the vault's key is never another");
    forge.section(ME, "summary").remove("sources/vault.toml").refused("not-allowed", "never another");
    forge.section(ME, "summary").accepted();
}

#[test]
fn a_proposal_changes_no_policy_and_names_its_own_proposer() {
    let sandbox = opened();
    let (forge, agent, text) = (Forge::on(&sandbox), "triage-agent", sandbox.path("text"));
    std::fs::write(&text, "What is known.\n").unwrap();
    let stage = ["section", "set", "summary", "--file", text.to_str().unwrap(), "--owner", ME];
    sandbox.packet(agent, &stage).exits(0);
    let before = sandbox.head();
    let id = sandbox.json(agent, &["propose", "-m", "x"]).exits(0).json()["id"].as_str().unwrap().to_owned();
    let path = |name: &str| format!("proposals/{id}/{name}");
    let names = ["proposal.toml", "sections/summary.md", "sections/summary.toml"];
    let (time, files) = (forge.time(), names.map(|name| (path(name), forge.file(&path(name)))));
    forge.go_back(&before);
    let propose = |actor: &str| {
        let entry = forge.entry(actor, "propose").time(time);
        files.iter().fold(entry, |entry, (path, bytes)| entry.file(path, bytes))
    };
    let charter = forge.file("charter.toml").replace("72h", "8760h");
    propose(agent).file(&path("charter.toml"), &charter).refused("wrong-place", "`propose` may not touch");
    propose(agent).file("sections/summary.md", "x").refused("wrong-place", "may not touch sections/summary.md");
    propose("reliability").refused("malformed-file", "names another id, proposer or time");
    propose(agent).file(&path("sections/more.md"), "x").refused("malformed-file", "does not list what lies beside it");
    propose(agent).file(&path("sections/summary.md"), "Other.\n").refused("malformed-file", "does not list");
    propose("ci-service").refused("not-allowed", "`propose` is for an actor with role `contributor`");
    propose(agent).accepted();
}

#[test]
fn a_check_of_the_sources_is_its_own_checkers_and_complete() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let (forge, before) = (Forge::on(&sandbox), sandbox.head());
    sandbox.json("reliability", &["drift", "--record"]).exits(0);
    let (check, time) = (forge.file("checks/1.toml"), forge.time());
    forge.go_back(&before);
    let record =
        |k: u32, text: &str| forge.entry("reliability", "drift").time(time).file(&format!("checks/{k}.toml"), text);
    record(2, &check).refused("wrong-place", "the next check is checks/1.toml");
    record(1, &check.replace("reliability", ME)).refused("malformed-file", "another checker");
    record(1, &check.replace("name = \"vault\"", "name = \"other\"")).refused("malformed-file", "");
    record(1, &check.replace("state = \"same\"", "state = \"fine\"")).refused("malformed-file", "fine");
    record(1, &check).accepted();
}
