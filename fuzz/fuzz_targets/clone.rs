//! What a clone keeps beside git, the file by the first byte: root, anchor, stage, cache. A packet of one entry is loaded
//! with it: refused, or the packet as it is; never another.

#![no_main]

use std::fs;
use std::path::Path;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use packet::model::id::{CommitId, PacketId};
use packet::model::taxonomy::Taxonomy;
use packet::model::time::Time;
use packet::sign::{ChildEnv, KeyChoice, Signer};
use packet::store::Repo;
use packet::work::load::{self, Anchor, Replay};
use packet::work::stage::Staging;
use packet::work::{Desk, open, stage};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use tempfile::TempDir;

struct Place {
    dir: TempDir,
    genesis: CommitId,
    signer: Signer,
}

thread_local! {
    static PLACE: Place = Place::new();
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        for name in ["vault", "git/objects/info", "git/objects/pack", "git/refs/heads", "git/refs/tags"] {
            fs::create_dir_all(at(name)).expect("a directory");
        }
        fs::write(at("git/HEAD"), "ref: refs/heads/main\n").expect("a file");
        fs::write(at("git/config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n").expect("a file");
        let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&[7; 32]));
        let key = PrivateKey::new(pair, "").and_then(|key| key.to_openssh(LineEnding::LF)).expect("a key");
        fs::write(at("key"), key).expect("a file");
        let signer = Signer::open(&KeyChoice::File(at("key")), ChildEnv::default()).expect("a key");
        let vault = url::Url::from_directory_path(at("vault")).expect("an absolute path");
        let charter = CHARTER.replace("@KEY@", &signer.public_key().to_string()).replace("@VAULT@", vault.as_str());
        let charter = open::read_charter("charter.toml", &charter).expect("a charter");
        let desk = desk(dir.path());
        let genesis = open::open(&desk, &signer, &charter, &Taxonomy::default()).expect("opened").genesis;
        Self { dir, genesis, signer }
    }
}

const CHARTER: &str = include_str!("../charter.toml");

fn desk(dir: &Path) -> Desk {
    Desk {
        repo: Repo::open(&dir.join("git")).expect("a repository in form"),
        name: PacketId::new("checkout").expect("a name"),
        now: Time::from_seconds(1_795_600_000).expect("a time"),
        here: dir.to_owned(),
        allow: vec![],
        wait: Duration::ZERO,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let file = match kind {
        b'r' => "root",
        b'a' => "anchor",
        b's' => "stage/release-owner/stage.toml",
        b'v' => "verified",
        _ => return,
    };
    PLACE.with(|place| {
        let desk = desk(place.dir.path());
        let bytes = &with_genesis(*kind, bytes, &place.genesis);
        let kept = desk.clone_dir().path().join(file);
        let before = fs::read(&kept).ok();
        fs::create_dir_all(kept.parent().expect("it lies in a directory")).expect("a directory");
        fs::write(&kept, bytes).expect("a file");
        judge(place, &desk, *kind, bytes);
        match before {
            Some(before) => fs::write(&kept, before),
            None => fs::remove_file(&kept),
        }
        .expect("as it was");
    });
});

/// In root and anchor, which are hex, `G` stands for the packet's own genesis: it is another in every run.
fn with_genesis(kind: u8, bytes: &[u8], genesis: &CommitId) -> Vec<u8> {
    let spelled = |byte: &u8| match byte {
        b'G' if matches!(kind, b'r' | b'a') => genesis.as_str().as_bytes().to_vec(),
        byte => vec![*byte],
    };
    bytes.iter().flat_map(spelled).collect()
}

fn judge(place: &Place, desk: &Desk, kind: u8, bytes: &[u8]) {
    match load::load(desk, None, Replay::Cached) {
        Ok(snapshot) => assert_eq!(snapshot.packet.genesis, place.genesis),
        Err(refused) => assert!(!refused.reasons.is_empty()),
    }
    if kind == b'a' {
        if let Ok(anchor) = Anchor::parse(Path::new("anchor"), bytes) {
            assert_eq!(anchor.encode().as_bytes(), bytes, "one anchor, one encoding");
        }
    }
    if kind == b's' {
        if let Ok(staging) = Staging::load(desk, &place.signer) {
            drop(staging.content().map(|content| content.problem()));
        }
        drop(stage::read(desk, &packet::model::id::ActorId::new("release-owner").expect("a name")));
    }
}
