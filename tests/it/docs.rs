//! The documents, executed: every `sh` and `console` block of a page runs, in order, in one shell session.
//!
//! A page gets a sandbox of its own. `<!-- sandbox: release -->` in it asks for one with an approved release, otherwise
//! there is a repository without a packet. `<!-- run: COMMAND -->` is run in its place and not shown: it does what the
//! text asks the reader to do by hand. Blocks marked otherwise (`text`, `toml`, `json`) are not run.

mod tampered;

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use packet::model::reason::ReasonCode;

use crate::sandbox::{Answer, Sandbox};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The two commands of a fresh machine: the first two blocks of the README, which are not run with the rest of it.
const FRESH_MACHINE: [&str; 2] = ["cargo run --release --example quickstart", "bash tests/run.sh"];

/// One document.
struct Page {
    name: String,
    text: String,
}

/// A fenced block, or a hidden command as a block of `sh`.
struct Block {
    language: String,
    text: String,
}

impl Page {
    fn read(path: &Path) -> Self {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        Self { name, text: fs::read_to_string(path).unwrap() }
    }

    fn named(name: &str) -> Self {
        Self::read(&Path::new(ROOT).join(name))
    }

    /// README and everything below docs.
    fn all() -> Vec<Self> {
        let mut files = markdown_below(&Path::new(ROOT).join("docs"));
        files.push(Path::new(ROOT).join("README.md"));
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if let Some(language) = line.strip_prefix("```") {
                let body: Vec<&str> = lines.by_ref().take_while(|l| !l.starts_with("```")).collect();
                blocks.push(Block { language: language.to_owned(), text: body.join("\n") });
            } else if let Some(hidden) = line.strip_prefix("<!-- run: ") {
                let text = hidden.strip_suffix(" -->").expect("a hidden command is one line").to_owned();
                blocks.push(Block { language: "sh".to_owned(), text });
            }
        }
        blocks
    }

    /// Its commands as one script, and how many blocks that are.
    fn script(&self) -> (String, usize) {
        let blocks = self.blocks();
        let commands: Vec<String> = blocks.iter().filter_map(Block::commands).collect();
        let commands: Vec<&str> = commands.iter().map(String::as_str).filter(|c| !FRESH_MACHINE.contains(c)).collect();
        (format!("set -eu\n{}\n", commands.join("\n")), commands.len())
    }

    fn wants_a_release(&self) -> bool {
        self.text.contains("<!-- sandbox: release -->")
    }
}

impl Block {
    /// What is typed: all of a `sh` block, the lines after `$ ` of a `console` block.
    fn commands(&self) -> Option<String> {
        match self.language.as_str() {
            "sh" => Some(self.text.clone()),
            "console" => Some(self.text.lines().filter_map(|l| l.strip_prefix("$ ")).collect::<Vec<_>>().join("\n")),
            _ => None,
        }
    }
}

fn markdown_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(markdown_below(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A sandbox with what a reader has: `packet` on the path, a key that git knows, a dump in the vault.
struct Reader {
    sandbox: Sandbox,
    genesis: String,
    release: u32,
}

impl Reader {
    fn without_packet() -> Self {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_packet"), sandbox.path("bin/packet")).unwrap();
        let key = sandbox.key("release-owner").with_extension("pub");
        let config = format!("[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = {}\n", key.display());
        fs::write(sandbox.path("home/.gitconfig"), config).unwrap();
        sandbox.dump("checkout.dmp", 4096, 100, 16);
        Self { sandbox, genesis: String::new(), release: 0 }
    }

    fn with_release() -> Self {
        let mut reader = Self::without_packet();
        reader.genesis = reader.sandbox.release();
        reader.release = 1;
        let roster = reader.sandbox.git(&["show", "packet/checkout:allowed_signers"]);
        fs::write(reader.sandbox.path("roster"), roster + "\n").unwrap();
        reader
    }

    /// Runs a script as the reader would type it.
    fn types(&self, script: &str) -> Answer {
        let file = self.sandbox.path("session.sh");
        fs::write(&file, script).unwrap();
        let mut shell = Command::new("sh");
        self.sandbox.bare(&mut shell);
        let path = [self.sandbox.path("bin").into_os_string(), env::var_os("PATH").unwrap_or_default()];
        let vault = url::Url::from_directory_path(self.sandbox.path("vault")).unwrap();
        shell.arg(&file).current_dir(self.sandbox.repo());
        shell.env("PATH", path.join(":".as_ref())).env("TMPDIR", self.sandbox.path("."));
        shell.env("REPO", self.sandbox.repo()).env("PACKET", "checkout").env("RELEASE", self.release.to_string());
        shell.env("ROSTER", self.sandbox.path("roster")).env("GENESIS", &self.genesis);
        shell.env("PRIVACY_KEY", self.sandbox.public_key("privacy-lead")).env("VAULT_URL", vault.as_str());
        shell.env("MASKED", self.sandbox.path("checkout.dmp.masked"));
        self.sandbox.answer(&mut shell)
    }
}

#[test]
fn every_command_block_of_the_documents_runs() {
    let mut ran = 0;
    for page in Page::all() {
        let (script, blocks) = page.script();
        if blocks == 0 {
            continue;
        }
        let reader = if page.wants_a_release() { Reader::with_release() } else { Reader::without_packet() };
        let answer = reader.types(&script);
        assert_eq!(answer.code, 0, "{}: {}\n{}", page.name, answer.out, answer.err);
        ran += blocks;
    }
    assert!(ran > 10, "the documents hold command blocks");
}

#[test]
fn the_readme_begins_with_the_two_commands_of_a_fresh_machine() {
    let blocks = Page::named("README.md").blocks();
    let first: Vec<&str> = blocks.iter().filter(|b| b.language == "sh").map(|b| b.text.as_str()).take(2).collect();
    assert_eq!(first, FRESH_MACHINE);
    let ci = fs::read_to_string(Path::new(ROOT).join(".ci/run")).unwrap();
    assert!(ci.contains(FRESH_MACHINE[1]), "CI runs what the README names");
    let tests = fs::read_to_string(Path::new(ROOT).join("tests/run.sh")).unwrap();
    assert!(tests.contains("cargo nextest run"), "and that runs these tests");
}

/// The example as cargo built it beside these tests; built now when only some targets were.
fn quickstart() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_packet")).parent().unwrap().join("examples/quickstart");
    if !program.exists() {
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "--example", "quickstart", "--manifest-path"])
            .arg(format!("{ROOT}/Cargo.toml"));
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    }
    program
}

#[test]
fn the_quickstart_tells_its_story_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("tmp")).unwrap();
    let mut command = Command::new(quickstart());
    sandbox.bare(&mut command).env("TMPDIR", sandbox.path("tmp"));
    let told = sandbox.answer(&mut command).exits(0);
    assert!(told.out.contains("release 2 of packet checkout holds"), "{}", told.out);
    assert!(told.out.contains("files, 0 planted texts"), "{}", told.out);
    assert_eq!(fs::read_dir(sandbox.path("tmp")).unwrap().count(), 0, "the directory is removed");
    let mut command = Command::new(quickstart());
    sandbox.answer(sandbox.bare(&mut command).arg("--nonsense")).exits(2);
}

#[test]
fn every_charter_in_the_documents_is_one() {
    let reader = Reader::with_release();
    let sandbox = &reader.sandbox;
    let mut charters = 0;
    for page in Page::all() {
        for block in page.blocks().iter().filter(|b| b.language == "toml" && b.text.starts_with("format = 1")) {
            let file = sandbox.path("example.toml");
            fs::write(&file, &block.text).unwrap();
            let file = file.to_str().unwrap();
            if block.text.contains("\n[packet]") {
                sandbox.packet("release-owner", &["charter", "check", file]).exits(0);
                charters += 1;
            } else if block.text.contains("\nlane = ") {
                let judged = sandbox.packet("ci-service", &["verify", "--policy", file]);
                assert!(judged.code < 2, "a policy: {}: {judged:?}", page.name);
            }
        }
    }
    assert!(charters > 0, "the documents show a whole charter");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut pages = Page::all();
    pages.push(Page::named("CONTRIBUTING.md"));
    for page in pages {
        let directory = Path::new(ROOT).join(&page.name).parent().unwrap().to_owned();
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = link.is_empty() || link.contains("://") || link.contains(char::is_whitespace);
            assert!(elsewhere || directory.join(link).exists(), "{}: {link}", page.name);
        }
    }
}

/// A row of a table in `docs/reasons.md`: the section it is in, the code, the exit codes.
fn reasons_page() -> Vec<(String, String, String)> {
    let text = Page::named("docs/reasons.md").text;
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, code, exit, _, _, _] = cells.as_slice()
            && let Some(code) = code.strip_prefix('`').and_then(|c| c.strip_suffix('`'))
        {
            rows.push((section.clone(), code.to_owned(), (*exit).to_owned()));
        }
    }
    rows
}

/// Codes in these sections are not the gate's and the replay's: commands refuse or warn with them.
const OTHER_SECTIONS: [&str; 2] = ["Refusals of commands", "Warnings"];

#[test]
fn the_page_of_reasons_lists_every_code_with_its_exit() {
    let rows = reasons_page();
    let listed: Vec<_> = rows.iter().filter(|(section, ..)| !OTHER_SECTIONS.contains(&section.as_str())).collect();
    let codes: BTreeSet<&str> = listed.iter().map(|(_, code, _)| code.as_str()).collect();
    let known: BTreeSet<&str> = ReasonCode::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(codes, known);
    assert_eq!(listed.len(), known.len(), "each once");
    for code in ReasonCode::ALL {
        let (.., exit) = listed.iter().find(|(_, c, _)| c == code.as_str()).unwrap();
        assert_eq!(exit, if code.is_undecided() { "3" } else { "1" }, "{code}");
    }
}

#[test]
fn the_page_of_reasons_lists_every_refusal_in_the_source() {
    let listed: BTreeSet<String> = reasons_page().into_iter().map(|(_, code, _)| code).collect();
    let in_source = refusals_below(&Path::new(ROOT).join("src"));
    assert!(in_source.contains("head-moved"), "refusals are found: {in_source:?}");
    let missing: Vec<_> = in_source.difference(&listed).collect();
    assert!(missing.is_empty(), "not in docs/reasons.md: {missing:?}");
}

/// Codes that follow a verdict in the source, as in `Refused::new(Verdict::No, "exists", …)`.
fn refusals_below(directory: &Path) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes.extend(refusals_below(&path));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for verdict in ["Verdict::No,", "Verdict::Usage,", "Verdict::Undecided,"] {
            let after = text.split(verdict).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
            codes.extend(after.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    codes
}
