//! SQLite files by path or pattern.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::config::Common;
use crate::db::Target;
use crate::model::Glob;

use super::{Fleet, Problem};

/// What SQLite and undrift put beside a database.
const COMPANIONS: [&str; 4] = ["-wal", "-shm", "-journal", ".undrift-lock"];

/// The tenants in the files that fit the patterns. A tenant is called as its file without extension.
pub(super) fn tenants(patterns: &[PathBuf], common: &Common, place: &str) -> Fleet {
    let mut fleet = Fleet::default();
    let mut known = BTreeSet::new();
    for pattern in patterns {
        match expand(pattern) {
            Err(problem) => fleet.trouble(place, problem),
            Ok(files) if files.is_empty() => fleet.trouble(place, Problem::NoFiles { pattern: pattern.clone() }),
            Ok(files) => {
                for file in files.into_iter().filter(|file| known.insert(file.clone())) {
                    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    fleet.add(name, Target::file(&file), common, place);
                }
            }
        }
    }
    fleet
}

/// The files that fit a pattern, in order. `*` stays within a folder, `**` goes through all below.
fn expand(pattern: &Path) -> Result<Vec<PathBuf>, Problem> {
    if pattern.is_file() {
        return Ok(vec![pattern.to_path_buf()]);
    }
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        found = match component.as_os_str().to_str() {
            Some("**") => below(found)?,
            Some(name) if matches!(component, Component::Normal(_)) && is_pattern(name) => {
                within(found, pattern, name)?
            }
            _ => found.into_iter().map(|path| path.join(component)).collect(),
        };
    }
    found.retain(|path| path.is_file() && !is_companion(path));
    found.sort();
    Ok(found)
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

fn is_companion(path: &Path) -> bool {
    path.to_str().is_some_and(|path| COMPANIONS.iter().any(|end| path.ends_with(end)))
}

/// What fits a pattern directly within some folders. Hidden files only fit a pattern that begins with a dot.
fn within(folders: Vec<PathBuf>, whole: &Path, name: &str) -> Result<Vec<PathBuf>, Problem> {
    let glob = Glob::new(name).map_err(|why| Problem::Pattern { pattern: whole.to_path_buf(), why })?;
    let fits = |entry: &str| glob.matches(entry) && (!entry.starts_with('.') || name.starts_with('.'));
    let mut found = Vec::new();
    for folder in folders {
        found.extend(entries(&folder)?.into_iter().filter(|entry| fits(entry)).map(|entry| folder.join(entry)));
    }
    Ok(found)
}

/// Some folders and all folders below them. Links are not followed.
fn below(folders: Vec<PathBuf>) -> Result<Vec<PathBuf>, Problem> {
    let mut found = folders;
    let mut next = 0;
    while next < found.len() {
        let folder = found[next].clone();
        let children = entries(&folder)?.into_iter().filter(|entry| !entry.starts_with('.'));
        let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
        found.extend(children.map(|entry| folder.join(entry)).filter(is_folder));
        next += 1;
    }
    Ok(found)
}

/// The names in a folder; none of something that is not there or no folder.
fn entries(folder: &Path) -> Result<Vec<String>, Problem> {
    let listed = if folder.as_os_str().is_empty() { fs::read_dir(".") } else { fs::read_dir(folder) };
    match listed {
        Ok(entries) => Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(Problem::Folder { folder: folder.to_path_buf(), error }),
    }
}
