//! Source files that nothing compiles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files;

/// The files in `src` that no `mod` leads to.
pub fn unreachable() -> Vec<String> {
    let mut reached = BTreeSet::new();
    for crate_root in ["src/lib.rs", "src/main.rs"] {
        follow(Path::new(crate_root), &mut reached);
    }
    let all = files::below_with("src", "rs").into_iter();
    all.filter(|path| !reached.contains(path)).map(|path| path.display().to_string()).collect()
}

fn follow(file: &Path, reached: &mut BTreeSet<PathBuf>) {
    if !files::root().join(file).exists() || !reached.insert(file.to_owned()) {
        return;
    }
    let folder = children_of(file);
    for name in declared(&files::read(file)) {
        follow(&folder.join(format!("{name}.rs")), reached);
        follow(&folder.join(name).join("mod.rs"), reached);
    }
}

/// Where the modules that a file declares are.
fn children_of(file: &Path) -> PathBuf {
    let own_folder = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| file.ends_with(name));
    if own_folder { file.with_file_name("") } else { file.with_extension("") }
}

/// The names in `mod name;`, whatever their visibility.
fn declared(source: &str) -> Vec<&str> {
    let names = source.lines().filter_map(|line| {
        let line = line.trim().strip_suffix(';')?;
        let (before, name) = line.split_once("mod ")?;
        let visibility = before.trim();
        (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
    });
    names.collect()
}

#[test]
fn reads_declarations() {
    let source = "mod a;\npub mod b;\n    pub(crate) mod c;\n// mod d;\nmod e {}\nlet mod_f = 1;";
    assert_eq!(declared(source), ["a", "b", "c"]);
    assert_eq!(children_of(Path::new("src/db/error.rs")), Path::new("src/db/error"));
    assert_eq!(children_of(Path::new("src/db/mod.rs")), Path::new("src/db/"));
}
