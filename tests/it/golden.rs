//! Golden bytes: one whole history with fixed keys, clock, vault key and stage token. Every entry's id depends on every
//! byte of every stored file, message and signature before it, so these lines freeze all formats at once.
//!
//! A change here is a change of format: it needs a new `format` number and a line in the changelog, not a new constant.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use packet::model::charter::Sensitivity;
use packet::model::commit::Commit;
use packet::model::fragment::Disclosure;
use packet::model::id::{ActorId, PacketId, SectionName, SessionId, StageToken};
use packet::model::objection::{ActKind, ObjectionKind};
use packet::model::operation::Operation;
use packet::model::proposal::RejectKind;
use packet::model::release::HoldKind;
use packet::model::retention::Deadline;
use packet::model::stage::Stage;
use packet::model::symbols::Rung;
use packet::model::taxonomy::Taxonomy;
use packet::model::time::Time;
use packet::model::{canonical::Stored, range::ByteRange};
use packet::sign::{ChildEnv, KeyChoice, Signer};
use packet::store::Repo;
use packet::work::choice::Choice;
use packet::work::content::{self, NewAttachment, NewSession, NewSymbols};
use packet::work::fragment::{self, NewFragment};
use packet::work::governance::TypedCharter;
use packet::work::ledger::{self, NewObjection};
use packet::work::release::{self, Confirmation};
use packet::work::{Desk, drift, governance, open, proposals, seal};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

const ROOT: &str = "/tmp/packet-golden-bytes";

struct Golden {
    root: PathBuf,
    name: &'static str,
}

impl Golden {
    /// A place whose paths are always the same: the charter names the vault, and the charter is hashed.
    fn new(name: &'static str, format: &str) -> Self {
        let golden = Self { root: Path::new(ROOT).join(name), name };
        fs::remove_dir_all(&golden.root).ok();
        fs::create_dir_all(golden.vault().join(".packet")).unwrap();
        let key = golden.vault().join(".packet/key");
        fs::write(&key, [9; 32]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(golden.vault().join("a.dmp"), [b'a'; 512]).unwrap();
        let mut masked = [b'a'; 512];
        masked[64..80].fill(b'X');
        masked[100] = b'Y';
        fs::write(golden.root.join("masked"), masked).unwrap();
        let mut init = Command::new("git");
        let init = init.args(["init", "-q", "--bare", "--object-format", format]).arg(golden.root.join("repo"));
        assert!(init.status().unwrap().success());
        golden
    }

    fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    fn desk(&self, minute: i64) -> Desk {
        Desk {
            repo: Repo::open(&self.root.join("repo")).unwrap(),
            name: PacketId::new("golden").unwrap(),
            now: Time::from_seconds(1_800_000_000 + 60 * minute).unwrap(),
            here: self.root.clone(),
            allow: vec![],
            wait: Duration::from_secs(60),
        }
    }

    fn signer(&self, seed: u8) -> Signer {
        let pair = Ed25519Keypair::from_seed(&[seed; 32]);
        let key = PrivateKey::new(KeypairData::Ed25519(pair), "").unwrap();
        let file = self.root.join(format!("key-{seed}"));
        fs::write(&file, key.to_openssh(LineEnding::LF).unwrap()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        Signer::open(&KeyChoice::File(file), ChildEnv::default()).unwrap()
    }

    fn charter(&self) -> String {
        let actor = |id: &str, kind: &str, more: &str, roles: &str, seed: u8| {
            let key = self.signer(seed).public_key().to_string();
            format!("[[actor]]\nid = \"{id}\"\nkind = \"{kind}\"\n{more}roles = [{roles}]\nkeys = [\"{key}\"]\n")
        };
        [
            crate::sandbox::CHARTER_HEAD.to_owned(),
            actor("release-owner", "human", "recipients = [\"age1example\"]\n", "\"governance\"", 1),
            actor("privacy-lead", "human", "", "\"privacy-lead\", \"contributor\"", 2),
            actor("reliability", "human", "", "\"reliability\", \"contributor\"", 3),
            actor("forensics-lead", "human", "", "\"forensics\", \"contributor\"", 4),
            actor("triage-agent", "agent", "operator = \"forensics-lead\"\n", "\"contributor\"", 5),
            format!("[[source]]\nname = \"vault\"\nkind = \"evidence\"\nurl = \"file://{}\"\n", self.vault().display()),
        ]
        .concat()
    }

    /// The next stage of an actor gets a fixed token.
    fn fixed_stage(&self, desk: &Desk, actor: &str, digit: char) {
        let token = StageToken::new(String::from(digit).repeat(32)).unwrap();
        let file = format!("stage/{actor}/stage.toml");
        desk.clone_dir().write(&file, Stage::new(token).encode().as_bytes()).unwrap();
    }

    /// Every kind of entry and file that this version writes.
    fn history(&self) -> String {
        let (owner, privacy, reliability, forensics, agent) =
            (self.signer(1), self.signer(2), self.signer(3), self.signer(4), self.signer(5));
        let charter = open::read_charter("charter", &self.charter()).unwrap();
        open::open(&self.desk(0), &owner, &charter, &Taxonomy::default()).unwrap();
        self.content(&reliability);
        let said = |about: &str, text: &str| NewObjection {
            kind: ObjectionKind::IdentifierLeakage,
            about: about.parse().unwrap(),
            text: text.to_owned(),
            veto: false,
        };
        let first =
            ledger::object(&self.desk(2), &agent, &said("fragment:a@64+16", "shows \"a\"\n\u{1b}[31m")).unwrap().id;
        ledger::act(&self.desk(3), &privacy, &first, ActKind::Respond, "looked").unwrap();
        ledger::act(&self.desk(3), &reliability, &first, ActKind::Address, "masked").unwrap();
        ledger::act(&self.desk(3), &forensics, &first, ActKind::Close, "agreed").unwrap();
        let second = ledger::object(&self.desk(4), &privacy, &said("lane", "wide")).unwrap().id;
        ledger::act(&self.desk(4), &privacy, &second, ActKind::Withdraw, "fine").unwrap();
        let third = ledger::object(&self.desk(5), &privacy, &said("session:s1", "long")).unwrap().id;
        ledger::act(&self.desk(5), &owner, &third, ActKind::AcceptResidual, "small").unwrap();
        let desk = self.desk(6);
        self.fixed_stage(&desk, "triage-agent", '2');
        let name = SectionName::new("by-agent").unwrap();
        content::set_section(&desk, &agent, &name, "Proposed.\n", Some(&ActorId::new("privacy-lead").unwrap()))
            .unwrap();
        seal::propose(&desk, &agent, "a section").unwrap();
        drift::record(&self.desk(7), &reliability, |_| Box::new(|_| ())).unwrap();
        let draft = release::draft(&self.desk(8), &reliability, &|_| Box::new(|_| ())).unwrap();
        for signer in [&privacy, &reliability, &forensics] {
            release::sign(&self.desk(9), signer, None).unwrap();
        }
        let confirmed = Confirmation { commit: draft.commit, typed: false };
        release::approve(&self.desk(10), &owner, None, &confirmed, None, &|_| Box::new(|_| ())).unwrap();
        release::stop(&self.desk(11), &privacy, Operation::Hold, None, HoldKind::Scope, "drifts").unwrap();
        self.lines()
    }

    /// Every kind of entry of proposals and governance.
    fn governance(&self) -> String {
        let (owner, privacy, reliability, agent) = (self.signer(1), self.signer(2), self.signer(3), self.signer(5));
        let governs = |charter: String, role: &str| {
            charter.replace(&format!("[\"{role}\""), &format!("[\"{role}\", \"governance\""))
        };
        let typed = self.charter().replace("threshold = 1", "threshold = 2");
        let typed = governs(governs(typed, "privacy-lead"), "reliability");
        let charter = open::read_charter("charter", &typed).unwrap();
        open::open(&self.desk(0), &owner, &charter, &Taxonomy::default()).unwrap();
        let propose = |minute: i64, name: &str, digit: char| {
            let desk = self.desk(minute);
            self.fixed_stage(&desk, "triage-agent", digit);
            let (name, owner) = (SectionName::new(name).unwrap(), ActorId::new("privacy-lead").unwrap());
            content::set_section(&desk, &agent, &name, "Proposed.\n", Some(&owner)).unwrap();
            seal::propose(&desk, &agent, "a section").unwrap().id
        };
        proposals::apply(&self.desk(2), &privacy, &propose(1, "one", '1')).unwrap();
        let second = propose(3, "two", '2');
        proposals::reject(&self.desk(4), &reliability, &second, RejectKind::WiderSharing, "it shares").unwrap();
        let text = typed.replace("approval_lifetime = \"72h\"", "approval_lifetime = \"24h\"");
        let charter = open::read_charter("charter", &text).unwrap();
        let shorter = TypedCharter { file: "charter".into(), text, charter };
        let amended = governance::amend(&self.desk(5), &privacy, Some(&shorter), None, "shorter").unwrap();
        governance::endorse(&self.desk(6), &owner, &amended.id).unwrap();
        let about = NewObjection {
            kind: ObjectionKind::Other,
            about: "section:one".parse().unwrap(),
            text: "unclear".to_owned(),
            veto: false,
        };
        let objection = ledger::object(&self.desk(7), &agent, &about).unwrap().id;
        let to = ActorId::new("reliability").unwrap();
        let handed = governance::reassign(&self.desk(8), &privacy, &objection, &to, "gone").unwrap();
        governance::endorse(&self.desk(9), &reliability, &handed.id).unwrap();
        ledger::act(&self.desk(10), &reliability, &objection, ActKind::Withdraw, "clear").unwrap();
        self.lines()
    }

    fn content(&self, signer: &Signer) {
        let desk = self.desk(1);
        self.fixed_stage(&desk, "reliability", '1');
        let session = SessionId::new("s1").unwrap();
        let new = NewSession {
            id: session.clone(),
            environment: "prod-eu".into(),
            sensitivity: Sensitivity::Restricted,
            customer_facing: true,
            crash_id: Some("crash-1".into()),
            process: Some("checkout".into()),
            captured_at: Some(desk.now),
        };
        content::add_session(&desk, signer, &new).unwrap();
        let fragment = NewFragment {
            dump: "vault:a.dmp".into(),
            session: session.clone(),
            choice: Choice::Range(ByteRange { offset: 0, length: 256 }),
            sanitizer: None,
            sanitized: Some(self.root.join("masked")),
            id: Some("a".parse().unwrap()),
            why: Some("the stack".into()),
            disclosure: Disclosure::Included,
        };
        fragment::add_fragment(&desk, signer, &fragment, |_| Box::new(|_| ())).unwrap();
        let annex =
            NewFragment { sanitized: None, id: Some("b".parse().unwrap()), disclosure: Disclosure::Annex, ..fragment };
        fragment::add_fragment(&desk, signer, &annex, |_| Box::new(|_| ())).unwrap();
        let attachment = NewAttachment {
            file: self.root.join("masked"),
            session: session.clone(),
            id: Some("walk".parse().unwrap()),
            title: Some("Stack walk".into()),
            from: vec!["a".parse().unwrap()],
            tool: Some("walker 1".into()),
            disclosure: Disclosure::Annex,
        };
        content::add_attachment(&desk, signer, &attachment).unwrap();
        let symbols = NewSymbols {
            id: None,
            module: "checkout".into(),
            code_id: "5F3A".into(),
            debug_id: None,
            rung: Rung::Private,
            frames: Some(8),
            thread: Some(1),
            file: Some(self.root.join("masked")),
            why: None,
        };
        content::add_symbols(&desk, signer, &symbols).unwrap();
        let deadline = Deadline { basis: "contract".into(), at: Time::parse("2028-01-01T00:00:00Z").unwrap() };
        content::set_retention(&desk, signer, &session, &deadline).unwrap();
        content::set_section(&desk, signer, &SectionName::new("summary").unwrap(), "Größe.\n", None).unwrap();
        seal::commit(&desk, signer, "first evidence\n\nWith a body.").unwrap();
    }

    /// A line an entry, and the tag.
    fn lines(&self) -> String {
        let desk = self.desk(12);
        let head = desk.repo.local_head(&desk.name).unwrap().unwrap();
        let chain = desk.repo.chain(&head, None).unwrap();
        let mut lines: Vec<String> = chain
            .iter()
            .map(|(id, bytes)| format!("{} {id}", Commit::parse(bytes).unwrap().unsigned.message.operation))
            .collect();
        lines.extend(desk.repo.tag(&desk.name, 1).unwrap().map(|tag| format!("tag {tag}")));
        lines.join("\n") + "\n"
    }

    #[track_caller]
    fn is_frozen(&self, made: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{}.txt", self.name));
        let frozen = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(made, frozen, "the bytes of {} changed; see this module", file.display());
        fs::remove_dir_all(&self.root).unwrap();
    }
}

#[test]
fn the_bytes_of_a_sha1_history_are_frozen() {
    let golden = Golden::new("sha1", "sha1");
    golden.is_frozen(&golden.history());
}

#[test]
fn the_bytes_of_a_sha256_history_are_frozen() {
    let golden = Golden::new("sha256", "sha256");
    golden.is_frozen(&golden.history());
}

#[test]
fn the_bytes_of_a_history_of_governance_are_frozen() {
    for (name, format) in [("governance-sha1", "sha1"), ("governance-sha256", "sha256")] {
        let golden = Golden::new(name, format);
        golden.is_frozen(&golden.governance());
    }
}
