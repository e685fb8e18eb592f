//! `packed-refs`, read afresh each time (F4).

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use super::object_id::ObjectId;
use super::refs::RefError;

/// The references of `packed-refs` as it was when it was read.
pub(super) struct PackedRefs(Vec<u8>);

impl PackedRefs {
    /// Reads `<common>/packed-refs`; absent is empty.
    pub(super) fn read(common_dir: &Path) -> Result<Self, RefError> {
        let path = common_dir.join("packed-refs");
        match fs::read(&path) {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(Vec::new())),
            Err(source) => Err(RefError::Io { path, source }),
        }
    }

    /// Every line that names a reference: its name, and its target where that is an id.
    fn lines(&self) -> impl Iterator<Item = (&[u8], Option<ObjectId>)> {
        let lines = self.0.split(|byte| *byte == b'\n');
        let named = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"^"));
        named.map(|line| match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (&line[at + 1..], std::str::from_utf8(&line[..at]).ok().and_then(ObjectId::from_hex)),
            None => (line, None),
        })
    }

    /// The target of a reference.
    pub(super) fn get(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        match self.lines().find(|(found, _)| *found == name.as_bytes()) {
            None => Ok(None),
            Some((_, Some(id))) => Ok(Some(id)),
            Some((_, None)) => Err(RefError::Garbage { name: name.to_owned() }),
        }
    }

    /// The targets by name, for whoever looks up many: [`Self::get`] walks the file each time.
    pub(super) fn by_name(&self) -> HashMap<&[u8], Option<ObjectId>> {
        let mut targets = HashMap::new();
        for (name, target) in self.lines() {
            targets.entry(name).or_insert(target);
        }
        targets
    }

    /// The names that begin with `prefix`, lossily where they are no UTF-8.
    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        let lines = self.lines().filter(|(name, _)| name.starts_with(prefix.as_bytes()));
        lines.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_are_matched_and_garbage_is_no_absence() {
        let id = "ab".repeat(20);
        let text = format!("# pack-refs with: peeled\n{id} refs/heads/packet/a\n^{id}\nzz refs/heads/packet/b\n");
        let packed = PackedRefs(text.into_bytes());
        assert_eq!(packed.get("refs/heads/packet/a").unwrap(), ObjectId::from_hex(&id));
        assert_eq!(packed.get("refs/heads/packet").unwrap(), None);
        assert_eq!(packed.get("heads/packet/a").unwrap(), None);
        assert!(matches!(packed.get("refs/heads/packet/b"), Err(RefError::Garbage { .. })));
        assert_eq!(packed.names("refs/heads/packet/").len(), 2);
        assert_eq!(packed.by_name()[&b"refs/heads/packet/a"[..]], ObjectId::from_hex(&id));
        assert_eq!(packed.by_name()[&b"refs/heads/packet/b"[..]], None);
    }
}
