//! Finding and opening a repository without obeying it.

use std::path::{Path, PathBuf};

use super::super::object_id::ObjectFormat;
use super::one_line;

/// Where a repository keeps its parts, and what its configuration claims about the format.
pub(in crate::store) struct Layout {
    pub(in crate::store) git_dir: PathBuf,
    pub(in crate::store) common_dir: PathBuf,
    pub(in crate::store) work_dir: Option<PathBuf>,
    pub(in crate::store) format: ObjectFormat,
}

/// The git directory of the repository that `start` is in, looking upwards as git does.
pub(in crate::store) fn find(start: &Path) -> Result<PathBuf, String> {
    let (path, _trust) =
        gix::discover::upwards(start).map_err(|_| "no .git here or in any directory above".to_owned())?;
    Ok(match path {
        gix::discover::repository::Path::LinkedWorkTree { work_dir, .. } => work_dir,
        gix::discover::repository::Path::WorkTree(work_dir) => work_dir,
        gix::discover::repository::Path::Repository(git_dir) => git_dir,
    })
}

/// Opens a repository isolated: its own configuration file alone, no environment, no includes, strictly.
///
/// The owner of the directory does not matter here, as it does to git: nothing in it is ever executed, and its format
/// must be known whoever owns it.
pub(in crate::store) fn open(dir: &Path) -> Result<Layout, String> {
    let options = gix::open::Options::isolated().strict_config(true).with(gix::sec::Trust::Full);
    let repo = options.open(dir).map_err(|error| one_line(&error))?.to_thread_local();
    let format = match repo.object_hash() {
        gix::hash::Kind::Sha1 => ObjectFormat::Sha1,
        gix::hash::Kind::Sha256 => ObjectFormat::Sha256,
        other => return Err(format!("objects are named by {other}, neither SHA-1 nor SHA-256")),
    };
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| error.to_string());
    Ok(Layout {
        git_dir: absolute(repo.git_dir())?,
        common_dir: repo.common_dir().canonicalize().map_err(|error| error.to_string())?,
        work_dir: repo.workdir().map(absolute).transpose()?,
        format,
    })
}
