//! Names that get into each other's way: old and new, declared and ignored, one name twice.

use std::collections::BTreeMap;

use crate::model::{QName, Scope};
use crate::yaml::{Diagnostic, Entry, Node, Span};

use super::build::Build;
use super::engine;

/// Reports every name that cannot stand beside another.
pub(super) fn check(build: &mut Build<'_>, root: &Node, scope: &Scope) {
    let Some(tables) = root.get("tables") else { return };
    let here: Vec<&Entry> =
        tables.entries().iter().filter(|entry| engine::includes(entry.value.get("engines"), build.vendor)).collect();
    old_tables(build, &here);
    let mut index_names = Seen::default();
    for entry in &here {
        declared_or_ignored(build, entry, scope);
        let columns: Vec<&Entry> = entry
            .value
            .get("columns")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter(|column| engine::includes(column.value.get("engines"), build.vendor))
            .collect();
        old_columns(build, entry, &columns);
        same_but_for_case(build, &columns, false);
        relations(build, entry, &mut index_names);
    }
    same_but_for_case(build, &here, true);
}

/// Names with the place where each stands first.
#[derive(Default)]
struct Seen(BTreeMap<String, Span>);

impl Seen {
    /// Notes a name; where it was noted before, that place.
    fn note(&mut self, name: String, span: &Span) -> Option<Span> {
        let first = self.0.get(&name).cloned();
        self.0.entry(name).or_insert_with(|| span.clone());
        first
    }
}

fn declared_or_ignored(build: &mut Build<'_>, entry: &Entry, scope: &Scope) {
    let name = build.qualified(entry);
    if scope.ignores_table(&name) {
        let help = "remove the table, or make the pattern under `ignore.tables` narrower";
        build.problem(&entry.key_span, format!("`{name}` is declared here and ignored by `ignore.tables`"), help);
    }
}

fn old_tables(build: &mut Build<'_>, tables: &[&Entry]) {
    let mut seen = Seen::default();
    let declared: BTreeMap<QName, Span> =
        tables.iter().map(|entry| (build.qualified(entry), entry.key_span.clone())).collect();
    for table in tables {
        let Some(old_names) = table.value.get("renamed_from") else { continue };
        for item in old_names.one_or_more() {
            let Some(old) = build.old_name(item) else { continue };
            let text = old.to_string();
            old_name(build, "table", &text, &item.span, declared.get(&old), seen.note(text.clone(), &item.span));
        }
    }
}

fn old_columns(build: &mut Build<'_>, table: &Entry, columns: &[&Entry]) {
    let mut seen = Seen::default();
    for column in columns {
        let Some(old_names) = column.value.get("renamed_from") else { continue };
        for item in old_names.one_or_more() {
            let Some(old) = item.text() else { continue };
            let there = columns.iter().find(|column| column.key == old).map(|column| &column.key_span);
            let what = format!("column of `{}`", table.key);
            old_name(build, &what, old, &item.span, there, seen.note(old.to_owned(), &item.span));
        }
    }
}

/// Reports an old name that is still in use, or that two things claim.
fn old_name(build: &mut Build<'_>, what: &str, old: &str, span: &Span, declared: Option<&Span>, claimed: Option<Span>) {
    if let Some(declared) = declared {
        let problem = Diagnostic::new(span, format!("`{old}` is an old name here, and a {what} is declared under it"));
        build.problems.add(problem.related(declared, "declared here").help("remove one of the two"));
    }
    if let Some(first) = claimed {
        let problem = Diagnostic::new(span, format!("`{old}` can become only one {what}"));
        build
            .problems
            .add(problem.related(&first, "renamed here already").help("keep it under the one that holds its rows"));
    }
}

fn same_but_for_case(build: &mut Build<'_>, entries: &[&Entry], are_tables: bool) {
    let mut seen = Seen::default();
    for entry in entries {
        if let Some(first) = seen.note(build.rules.spelling.folded(&entry.key, are_tables), &entry.key_span) {
            let message = format!("`{}` and `{}` are one name", entry.key, first.text());
            let problem = Diagnostic::new(&entry.key_span, message).related(&first, "first here");
            build.problems.add(problem.help("choose another name"));
        }
    }
}

/// Indexes and keys, whose names are unique in a schema on most servers.
fn relations(build: &mut Build<'_>, table: &Entry, seen: &mut Seen) {
    let name = build.qualified(table);
    if build.rules.index_names_per_table {
        *seen = Seen::default();
    }
    for section in ["indexes", "unique"] {
        for entry in table.value.get(section).map(Node::entries).unwrap_or_default() {
            if !engine::includes(entry.value.get("engines"), build.vendor) {
                continue;
            }
            let full = name.sibling(entry.key.as_str()).to_string();
            if let Some(first) = seen.note(build.rules.spelling.folded(&full, false), &entry.key_span) {
                let message = format!("two indexes cannot both be called `{}`", entry.key);
                let problem = Diagnostic::new(&entry.key_span, message).related(&first, "first here");
                build.problems.add(problem.help("put the table's name in front of it"));
            }
        }
    }
}
