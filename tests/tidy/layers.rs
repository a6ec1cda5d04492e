//! Who may import whom.

use std::path::Path;

use super::files;

/// The layers from the bottom up. Each may import those before it, unless [`NARROW`] says less.
const LAYERS: [&str; 20] = [
    "model",
    "dialect",
    "hashing",
    "yaml",
    "desired",
    "diff",
    "plan",
    "policy",
    "config",
    "telemetry",
    "db",
    "registry",
    "store",
    "backup",
    "apply",
    "provision",
    "reconcile",
    "http",
    "daemon",
    "cli",
];

/// Layers that may import only these. The stages meet in `reconcile` and never know each other.
const NARROW: [(&str, &[&str]); 7] = [
    ("desired", &["model", "dialect", "hashing", "yaml"]),
    ("diff", &["model", "dialect", "yaml"]),
    ("plan", &["model", "dialect", "yaml"]),
    ("policy", &["model", "dialect", "yaml"]),
    ("db", &["model", "dialect", "telemetry"]),
    ("backup", &["model", "dialect", "config", "db"]),
    ("apply", &["model", "dialect", "hashing", "db", "telemetry", "backup"]),
];

/// Every import of a layer that its importer must not know, and every module without a layer.
pub fn violations() -> Vec<String> {
    let mut found = Vec::new();
    for path in files::below_with("src", "rs") {
        let Some(layer) = layer_of(&path) else { continue };
        if !LAYERS.contains(&layer.as_str()) {
            found.push(format!("{}: {layer} has no place among the layers", path.display()));
            continue;
        }
        for import in imports(&files::read(&path), depth(&path)) {
            if !may_import(&layer, &import) {
                found.push(format!("{}: {layer} imports {import}", path.display()));
            }
        }
    }
    found
}

/// The `db` of `src/db/error.rs` and of `src/db.rs`; the crate's roots are above all layers.
fn layer_of(path: &Path) -> Option<String> {
    let path = path.strip_prefix("src").ok()?;
    let first = path.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs");
    (name != "lib" && name != "main").then(|| name.to_owned())
}

/// How many `super::` lead from a file's module to the crate's root.
fn depth(path: &Path) -> usize {
    let parts = path.components().count() - 1;
    if path.ends_with("mod.rs") { parts - 1 } else { parts }
}

fn may_import(layer: &str, import: &str) -> bool {
    if layer == import {
        return true;
    }
    if let Some((_, allowed)) = NARROW.iter().find(|(narrow, _)| *narrow == layer) {
        return allowed.contains(&import);
    }
    let place = |name| LAYERS.iter().position(|layer| *layer == name);
    place(import) < place(layer)
}

/// The layers that a source text names through `crate::` or through `super::` up to the root.
fn imports(source: &str, depth: usize) -> Vec<String> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let to_root = "super::".repeat(depth);
    let mut found = Vec::new();
    for anchor in ["crate::", to_root.as_str()] {
        for (start, _) in code.match_indices(anchor) {
            // `$crate::` is ours too; `xcrate::` and the tail of a longer chain of `super::` are not.
            let whole =
                !code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':');
            if whole {
                found.extend(first_names(&code[start + anchor.len()..]));
            }
        }
    }
    found.retain(|name| LAYERS.contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

/// The first names of a path: one, or those at the outermost level of a `{...}` group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut names = vec![name(group)];
    let mut level = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => level += 1,
            '}' if level == 0 => break,
            '}' => level -= 1,
            ',' if level == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn sees_every_way_to_import() {
    let source = "use crate::model::{Change, plan::Plan};\n\
        use crate::{\n    dialect::Dialect,\n    yaml::{self, diff},\n};\n\
        // crate::cli in a comment\n\
        fn f() { crate::db::connect(); super::super::policy::judge(); super::config(); mycrate::apply(); }";
    assert_eq!(imports(source, 2), ["db", "dialect", "model", "policy", "yaml"]);
}

#[test]
fn stages_do_not_know_each_other() {
    assert!(may_import("reconcile", "plan") && may_import("plan", "dialect") && may_import("db", "db"));
    assert!(!may_import("plan", "diff") && !may_import("dialect", "db") && !may_import("db", "config"));
}

#[test]
fn depth_is_counted_from_the_root() {
    for (path, supers) in [("src/db.rs", 1), ("src/db/mod.rs", 1), ("src/db/error.rs", 2), ("src/db/mysql/mod.rs", 2)] {
        assert_eq!(depth(Path::new(path)), supers, "{path}");
    }
}
