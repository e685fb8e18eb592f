//! The object database: what is there, what it hashes to, and how a loose object is encoded.

use std::path::{Path, PathBuf};

use gix::hash::oid;
use gix::objs::{Find as _, Write as _};
use gix::odb::Header as _;

use super::super::object_id::{ObjectFormat, ObjectId};
use super::super::read::Kind;
use super::delta_cache::DeltaCache;
use super::one_line;

/// No single allocation that a pack asks for is larger. git bases a delta on an object up to 32 times its size.
const ALLOCATION_CAP: usize = 128 << 20;

/// Reads and encodes objects; believes nothing and checks nothing: that is [`super::super::read`]'s part.
pub(in crate::store) struct Objects {
    database: gix::odb::Handle,
    hash: gix::hash::Kind,
}

impl Objects {
    /// Opens `<common>/objects` with its alternates, and without replacements: none is given.
    pub(in crate::store) fn open(common_dir: &Path, format: ObjectFormat) -> Result<Self, String> {
        let hash = match format {
            ObjectFormat::Sha1 => gix::hash::Kind::Sha1,
            ObjectFormat::Sha256 => gix::hash::Kind::Sha256,
        };
        let options = gix::odb::store::init::Options { alloc_limit_bytes: Some(ALLOCATION_CAP), ..Default::default() };
        let mut database =
            gix::odb::at_opts(common_dir.join("objects"), hash, [], options).map_err(|error| one_line(&error))?;
        database.ignore_replacements = true;
        database.set_pack_cache(|| Box::<DeltaCache>::default());
        Ok(Self { database, hash })
    }

    /// The kind and size that the object's header claims; `None` when there is no such object.
    pub(in crate::store) fn header(&self, id: &ObjectId) -> Result<Option<(Kind, u64)>, String> {
        let Some(name) = self.name(id) else { return Ok(None) };
        let header = self.database.try_header(name).map_err(|error| one_line(&error))?;
        Ok(header.map(|header| (from_gix(header.kind()), header.size())))
    }

    /// The kind and bytes stored under a name, whatever they hash to.
    pub(in crate::store) fn read(&self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>, String> {
        let Some(name) = self.name(id) else { return Ok(None) };
        let mut bytes = Vec::new();
        let found = self.database.try_find(name, &mut bytes).map_err(|error| one_line(&error))?;
        let Some((kind, size)) = found.map(|data| (from_gix(data.kind), data.data.len())) else { return Ok(None) };
        bytes.truncate(size);
        Ok(Some((kind, bytes)))
    }

    /// What an object with these bytes is called. Fails for bytes built to collide under SHA-1.
    pub(in crate::store) fn hash(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, String> {
        let name = gix::objs::compute_hash(self.hash, to_gix(kind), bytes).map_err(|error| one_line(&error))?;
        Ok(ObjectId::from_bytes(name.as_bytes()).expect("gix hashes are 20 or 32 bytes"))
    }

    /// Encodes an object as a loose object file below `dir`, and says where.
    pub(in crate::store) fn encode(&self, dir: &Path, kind: Kind, bytes: &[u8]) -> Result<PathBuf, String> {
        let store = gix::odb::loose::Store::at(dir, self.hash);
        let name = store.write_buf(to_gix(kind), bytes).map_err(|error| one_line(&error))?;
        Ok(store.object_path(&name))
    }

    /// An id of the other hash names nothing here.
    fn name<'a>(&self, id: &'a ObjectId) -> Option<&'a oid> {
        oid::try_from_bytes(id.as_bytes()).ok().filter(|name| name.kind() == self.hash)
    }
}

fn from_gix(kind: gix::objs::Kind) -> Kind {
    match kind {
        gix::objs::Kind::Commit => Kind::Commit,
        gix::objs::Kind::Tree => Kind::Tree,
        gix::objs::Kind::Blob => Kind::Blob,
        gix::objs::Kind::Tag => Kind::Tag,
    }
}

fn to_gix(kind: Kind) -> gix::objs::Kind {
    match kind {
        Kind::Commit => gix::objs::Kind::Commit,
        Kind::Tree => gix::objs::Kind::Tree,
        Kind::Blob => gix::objs::Kind::Blob,
        Kind::Tag => gix::objs::Kind::Tag,
    }
}
