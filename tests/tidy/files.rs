//! The repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the repository, relative to the root, in order; none if it is not there.
pub fn below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    found
}

/// Those with this extension.
pub fn below_with(folder: &str, extension: &str) -> Vec<PathBuf> {
    below(folder).into_iter().filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// A file's text, by its path relative to the root.
pub fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let relative = path.strip_prefix(root()).expect("it was found below the root");
        if [".git", "target"].iter().any(|built| relative == Path::new(built)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(relative.to_owned());
        }
    }
}
