//! Which key the user signs with, from the user's and the system's git configuration.
//!
//! Never from the repository's: whoever gives somebody a clone would choose who signs.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::git::config::Config;

/// What git reads from the environment to find its configuration; [`crate`]'s command line reads it once.
#[derive(Debug, Clone, Default)]
pub struct GitEnvironment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `GIT_CONFIG_GLOBAL`: replaces both files of the user.
    pub git_config_global: Option<PathBuf>,
    /// `GIT_CONFIG_SYSTEM`: replaces `/etc/gitconfig`.
    pub git_config_system: Option<PathBuf>,
    /// `GIT_CONFIG_NOSYSTEM` is true.
    pub no_system: bool,
}

/// The key that git is configured to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeySetting {
    /// `user.signingKey` as it stands there: a path that may begin with `~/`, `key::…`, or a literal public key.
    pub value: String,
    /// `gpg.format`, `ssh` for keys that this program can use.
    pub format: Option<String>,
}

/// A configuration file that cannot be read.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot read {}: {why}", path.display())]
#[diagnostic(help("see what is wrong with it: `git config --file '{}' --list`", path.display()))]
pub struct IdentityError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// The signing key of the user's configuration, with what it includes unconditionally; the later file wins, as in git.
///
/// # Errors
/// When one of the files is there and cannot be read.
pub fn user_signing_key(environment: &GitEnvironment) -> Result<Option<SigningKeySetting>, IdentityError> {
    let mut value = None;
    let mut format = None;
    for path in environment.files() {
        let home = environment.home.as_deref();
        let config = Config::read_with_includes(&path, home).map_err(|why| IdentityError { path, why })?;
        value = config.text("user.signingkey").or(value);
        format = config.text("gpg.format").or(format);
    }
    Ok(value.map(|value| SigningKeySetting { value, format }))
}

impl GitEnvironment {
    /// The configuration files, least important first.
    fn files(&self) -> Vec<PathBuf> {
        let system = self.git_config_system.clone().unwrap_or_else(|| PathBuf::from("/etc/gitconfig"));
        let mut files: Vec<PathBuf> = (!self.no_system).then_some(system).into_iter().collect();
        match &self.git_config_global {
            Some(global) => files.push(global.clone()),
            None => files.extend(self.user_files()),
        }
        files
    }

    fn user_files(&self) -> impl Iterator<Item = PathBuf> {
        let beside_home = || self.home.as_deref().map(|home| home.join(".config"));
        let xdg = self.xdg_config_home.clone().or_else(beside_home).map(|dir| dir.join("git/config"));
        xdg.into_iter().chain(self.home.as_deref().map(|home: &Path| home.join(".gitconfig")))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn key(environment: &GitEnvironment) -> Option<(String, Option<String>)> {
        user_signing_key(environment).unwrap().map(|setting| (setting.value, setting.format))
    }

    #[test]
    fn the_later_file_wins_and_globals_replace_the_users() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let system = at("system", "[user]\n\tsigningKey = system\n[gpg]\n\tformat = ssh\n");
        let mut environment = GitEnvironment {
            home: Some(dir.path().join("home")),
            git_config_system: Some(system),
            ..GitEnvironment::default()
        };
        assert_eq!(key(&environment), Some(("system".into(), Some("ssh".into()))));
        at("home/.config/git/config", "[user]\nsigningkey=xdg\n");
        assert_eq!(key(&environment).unwrap().0, "xdg");
        at("home/keys", "[user]\nsigningkey=~/.ssh/id ö.pub\n");
        at("home/.gitconfig", "[include]\npath = ~/keys\n");
        assert_eq!(key(&environment).unwrap().0, "~/.ssh/id ö.pub");
        environment.git_config_global = Some(at("global", "[user]\n\tname = nobody\n"));
        assert_eq!(key(&environment).unwrap().0, "system");
        environment.no_system = true;
        assert_eq!(key(&environment), None);
    }

    #[test]
    fn a_broken_file_is_an_error_and_an_absent_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let global = dir.path().join("broken");
        let environment =
            GitEnvironment { git_config_global: Some(global.clone()), no_system: true, ..GitEnvironment::default() };
        assert_eq!(key(&environment), None);
        fs::write(&global, "[user\n").unwrap();
        assert!(user_signing_key(&environment).is_err());
    }
}
