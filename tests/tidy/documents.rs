//! Files that the documents name.
//!
//! Markdown links to files must lead somewhere. Of the names between backticks, those are taken for
//! the repository's own that start with one of its folders, or that end like source or a document;
//! `undrift.yaml` and `tenants/*.db` are the reader's own files and are not looked for.

use std::path::{Component, Path, PathBuf};

use super::files;

/// What documents name and the repository does not have, as `document:line: name`.
pub fn missing_files() -> Vec<String> {
    let all = files::below("");
    let mut found = Vec::new();
    for document in documents() {
        for (line, name) in names(&files::read(&document)) {
            if !exists(&name, &document, &all) {
                found.push(format!("{}:{line}: {}", document.display(), name.text()));
            }
        }
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let at_root = |path: &PathBuf| path.components().count() == 1;
    let all = files::below_with("", "md").into_iter();
    all.filter(|path| at_root(path) || path.starts_with("docs")).collect()
}

/// A file's name in a document.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// The target of a link, relative to the document.
    Link(String),
    /// Something between backticks, relative to the root or just a part of a path.
    Quoted(String),
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Name::Link(text) | Name::Quoted(text) => text,
        }
    }
}

/// The names in a document with their line numbers. Blocks of code hold examples, not references.
fn names(document: &str) -> Vec<(usize, Name)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in document.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let quoted = quoted(line).into_iter().map(Name::Quoted);
            found.extend(quoted.chain(links(line).into_iter().map(Name::Link)).map(|name| (number + 1, name)));
        }
    }
    found
}

fn quoted(line: &str) -> Vec<String> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter(|span| looks_like_a_path(span)).flat_map(expand).collect()
}

fn looks_like_a_path(span: &str) -> bool {
    let plain = span.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./*{},".contains(letter));
    let ours = |path: &str| path.ends_with(".rs") || path.ends_with(".md");
    plain && !span.starts_with('/') && (ours(span) || span.split_once('/').is_some_and(|(top, _)| is_top_folder(top)))
}

fn is_top_folder(name: &str) -> bool {
    !name.is_empty() && !name.starts_with("..") && name != "." && files::root().join(name).is_dir()
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expand(span: &str) -> Vec<String> {
    let Some((before, rest)) = span.split_once('{') else { return vec![span.to_owned()] };
    let Some((choices, after)) = rest.split_once('}') else { return vec![span.to_owned()] };
    choices.split(',').flat_map(|choice| expand(&format!("{before}{}{after}", choice.trim()))).collect()
}

fn links(line: &str) -> Vec<String> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or(target).to_owned()).collect()
}

fn exists(name: &Name, document: &Path, all: &[PathBuf]) -> bool {
    match name {
        Name::Link(target) => files::root().join(document).parent().is_some_and(|folder| folder.join(target).exists()),
        Name::Quoted(path) => files::root().join(path).exists() || all.iter().any(|file| ends_like(file, path)),
    }
}

/// Whether the last components of a file, or of one of its folders, are those of `path`, where `*` is anything.
fn ends_like(file: &Path, path: &str) -> bool {
    let wanted: Vec<_> = path.trim_end_matches('/').split('/').collect();
    file.ancestors().any(|folder| {
        let have: Vec<_> = folder.components().filter_map(normal).collect();
        let tail = have.len().checked_sub(wanted.len()).map(|start| &have[start..]);
        tail.is_some_and(|tail| tail.iter().zip(&wanted).all(|(have, wanted)| matches(have, wanted)))
    })
}

fn normal<'path>(component: Component<'path>) -> Option<&'path str> {
    component.as_os_str().to_str()
}

fn matches(have: &str, wanted: &str) -> bool {
    match wanted.split_once('*') {
        None => have == wanted,
        Some((before, after)) => {
            have.starts_with(before) && have.ends_with(after.trim_start_matches('*')) && have.len() >= wanted.len() - 1
        }
    }
}

#[test]
fn finds_names_and_passes_over_examples() {
    let document = "See `src/{model,db}/mod.rs`, `undrift.yaml`, `a.b`, [this](docs/x.md#top), [that](https://a/b.md).\n\
        ```\n`src/no.rs`\n```\n`tenants/*.db` `error.rs` `and/or`";
    let found: Vec<_> = names(document).into_iter().map(|(line, name)| format!("{line} {}", name.text())).collect();
    assert_eq!(found, ["1 src/model/mod.rs", "1 src/db/mod.rs", "1 docs/x.md", "5 error.rs"]);
}

#[test]
fn a_part_of_a_path_is_enough() {
    let file = Path::new("src/dialect/mysql/mod.rs");
    for part in ["mod.rs", "mysql/", "dialect/*/mod.rs", "src/dialect", "mysql/*.rs"] {
        assert!(ends_like(file, part), "{part}");
    }
    for other in ["od.rs", "src/mysql", "x/src/dialect/mysql/mod.rs", "dialect/*.rs"] {
        assert!(!ends_like(file, other), "{other}");
    }
}
