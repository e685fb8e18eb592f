//! git configuration files as key and value, from paths that are given.

use std::path::Path;

use gix::config::file::{Metadata, includes, init};
use gix::config::{File, Source};

use super::one_line;

/// One configuration file.
pub(in crate::store) struct Config(File);

impl Config {
    /// Reads a file alone, as git reads the format of a repository; absent is empty.
    pub(in crate::store) fn read(path: &Path) -> Result<Self, String> {
        Self::load(path, includes::Options::no_follow())
    }

    /// Reads a file of the user's with what it includes; `~/` is `home`. Conditional includes are not followed.
    pub(in crate::store) fn read_with_includes(path: &Path, home: Option<&Path>) -> Result<Self, String> {
        Self::load(path, includes::Options::follow_without_conditional(home))
    }

    fn load(path: &Path, includes: includes::Options<'_>) -> Result<Self, String> {
        let meta = Metadata::from(Source::User).at(path);
        let options = init::Options { includes, ..Default::default() };
        let file = File::from_paths_metadata_buf(&mut std::iter::once(meta), &mut Vec::new(), false, options)
            .map_err(|error| one_line(&error))?;
        Ok(Self(file.unwrap_or_default()))
    }

    /// The last value of `section.key`.
    pub(in crate::store) fn text(&self, key: &str) -> Option<String> {
        self.0.string(key).map(|value| value.to_string())
    }

    /// The last value of `section.key` as git reads a truth value; `None` when unset or not one.
    pub(in crate::store) fn flag(&self, key: &str) -> Option<bool> {
        self.0.boolean(key).ok().flatten()
    }

    /// Every key of a section without subsection, in lower case.
    pub(in crate::store) fn keys(&self, section: &str) -> Vec<String> {
        let sections = self.0.sections_by_name(section).into_iter().flatten();
        sections.flat_map(|section| section.value_names().map(|name| name.to_lowercase()).collect::<Vec<_>>()).collect()
    }
}
