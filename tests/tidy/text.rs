//! What must, and must not, stand in a file.

use std::path::PathBuf;

use super::files;

const MOST_LINES: usize = 700;

/// Put together here, so that this file does not find itself.
const LEFTOVERS: [&str; 6] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Source files that nobody can keep in their head.
pub fn too_long() -> Vec<String> {
    let lines = files::below_with("src", "rs").into_iter().map(|path| (files::read(&path).lines().count(), path));
    let long = lines.filter(|(count, _)| *count > MOST_LINES);
    long.map(|(count, path)| format!("{}: {count} lines, more than {MOST_LINES}", path.display())).collect()
}

/// Source files without a word on what lives in them.
pub fn without_introduction() -> Vec<String> {
    let sources = files::below_with("src", "rs").into_iter().chain(files::below_with("tests", "rs"));
    let silent = sources.filter(|path| !files::read(path).starts_with("//!"));
    silent.map(|path| path.display().to_string()).collect()
}

/// Unfinished code, and paths that exist on one machine only.
pub fn leftovers() -> Vec<String> {
    let mut found = Vec::new();
    for path in written_by_hand() {
        for (number, line) in files::read(&path).lines().enumerate() {
            for leftover in LEFTOVERS.iter().filter(|leftover| line.contains(**leftover)) {
                found.push(format!("{}:{}: {leftover}", path.display(), number + 1));
            }
        }
    }
    found
}

fn written_by_hand() -> Vec<PathBuf> {
    let known = ["rs", "md", "sh", "sql", "yaml", "yml", "toml"];
    let by_extension = |path: &PathBuf| path.extension().is_some_and(|found| known.iter().any(|known| found == *known));
    let scripts = |path: &PathBuf| path.starts_with("scripts") || path.starts_with(".ci");
    files::below("").into_iter().filter(|path| by_extension(path) || scripts(path)).collect()
}
