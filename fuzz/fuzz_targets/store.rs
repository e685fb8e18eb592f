//! A repository in which somebody put one file, the kind by the first byte: configuration, packed and loose references, a
//! loose object, a tree under its right name, a pack with its index.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use packet::model::id::{CommitId, PacketId, TreeId};
use packet::store::{ObjectId, Repo};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const NAME: &str = "ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12";

thread_local! {
    static PLACE: TempDir = tempfile::tempdir().expect("a directory");
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first().filter(|(kind, _)| b"chplaotk".contains(kind)) else { return };
    PLACE.with(|place| {
        let git = init(&place.path().join(char::from(*kind).to_string()));
        match kind {
            b'c' => opened(&git, "config", bytes),
            b'h' => opened(&git, "HEAD", bytes),
            b'p' => opened(&git, "packed-refs", bytes),
            b'l' => opened(&git, "refs/heads/packet/one", bytes),
            b'a' => opened(&git, "objects/info/alternates", bytes),
            b'o' => object(&git, bytes),
            b't' => tree(&git, bytes),
            b'k' => pack(&git, bytes),
            _ => unreachable!("no other kind passes"),
        }
    });
});

/// An empty SHA-256 repository, made once for each kind.
fn init(git: &Path) -> PathBuf {
    if !git.exists() {
        for dir in ["objects/info", "objects/pack", "objects/ab", "refs/heads/packet", "refs/tags", "refs/remotes"] {
            fs::create_dir_all(git.join(dir)).expect("a directory");
        }
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
        let format = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n";
        fs::write(git.join("config"), format).expect("a file");
    }
    git.to_owned()
}

fn write(git: &Path, name: &str, bytes: &[u8]) {
    fs::write(git.join(name), bytes).expect("a file");
}

fn opened(git: &Path, name: &str, bytes: &[u8]) {
    write(git, name, bytes);
    match Repo::open(git) {
        Ok(repo) => looked_at(&repo),
        Err(error) => drop(error.to_string()),
    }
}

fn looked_at(repo: &Repo) {
    let packets = repo.packets().map(|packets| packets.ids).unwrap_or_default();
    for packet in packets.into_iter().chain([PacketId::new("one").expect("a name")]).take(4) {
        let head = repo.local_head(&packet);
        drop(repo.remote_heads(&packet));
        drop(repo.tag(&packet, 1));
        drop(repo.checked_out(&packet));
        if let Ok(Some(head)) = head {
            drop(repo.chain(&head, None));
        }
    }
    repo.is_shallow();
    repo.sets_signing_key();
}

/// Whatever lies under the name of an object hashes to another.
fn object(git: &Path, bytes: &[u8]) {
    write(git, &format!("objects/ab/{}", &NAME[2..]), bytes);
    any_kind(git).for_each(|refused| assert!(refused, "these bytes do not hash to {NAME}"));
}

fn any_kind(git: &Path) -> impl Iterator<Item = bool> {
    let repo = Repo::open(git).expect("a repository in form");
    let id = ObjectId::from_hex(NAME).expect("hex");
    let refused = [
        repo.blob(&id).is_err(),
        repo.tag_bytes(&id).is_err(),
        repo.commit_bytes(&CommitId::new(NAME).expect("hex")).is_err(),
        repo.trees().changes(None, &TreeId::new(NAME).expect("hex")).is_err(),
    ];
    refused.into_iter()
}

/// A tree under its right name reaches the parser.
fn tree(git: &Path, bytes: &[u8]) {
    let header = format!("tree {}\0", bytes.len());
    let name: String = Sha256::new().chain_update(&header).chain_update(bytes).finalize().iter().map(hex).collect();
    let dir = git.join("objects").join(&name[..2]);
    fs::create_dir_all(&dir).expect("a directory");
    let path = dir.join(&name[2..]);
    fs::write(&path, zlib(&[header.as_bytes(), bytes].concat())).expect("a file");
    let repo = Repo::open(git).expect("a repository in form");
    let id = TreeId::new(name).expect("hex");
    assert_eq!(repo.tree_bytes(&id).expect("it is there under its name"), bytes);
    match repo.trees().changes(None, &id) {
        Ok(changes) => assert!(changes.is_empty(), "no file of it is here"),
        Err(error) => drop(error.to_string()),
    }
    drop(repo.blob_at(&id, "ledger/00/o.toml"));
    fs::remove_file(path).expect("it was just made");
}

fn hex(byte: &u8) -> String {
    format!("{byte:02x}")
}

/// The bytes as a zlib stream of stored blocks.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// Two bytes of length, the index, the pack: the name is looked up in it.
fn pack(git: &Path, bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((index, pack)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else { return };
    let name = "objects/pack/pack-00000000000000000000000000000000000000000000000000000000000000";
    write(git, &format!("{name}00.idx"), index);
    write(git, &format!("{name}00.pack"), pack);
    any_kind(git).for_each(drop);
}
