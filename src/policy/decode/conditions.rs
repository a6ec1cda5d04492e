//! What stands under `match`, and the same keys of a waiver.

use std::collections::BTreeSet;

use crate::model::{ChangeKind, Engine, Glob, Hazard};
use crate::policy::matching::kinds_like;
use crate::policy::{Match, RowRange, TenantMatch};
use crate::yaml::{Diagnostic, Node, Report, nearest};

/// The conditions that a map holds; its other keys are somebody else's.
pub(super) fn matching(node: &Node, problems: &mut Report) -> Match {
    let mut list = |key: &str| node.get(key).map(|node| filled(node, problems));
    let (changes, hazards, engines) = (list("change"), list("hazard"), list("engine"));
    let [tables, columns, objects] = ["table", "column", "object"].map(list);
    Match {
        changes: changes.map(|items| items.iter().flat_map(|item| kinds(item, problems)).collect()),
        hazards: hazards.map(|items| items.iter().filter_map(hazard).collect()),
        engines: engines.map(|items| items.iter().filter_map(engine).collect()),
        tables: tables.map(|items| globs(items, problems)),
        columns: columns.map(|items| globs(items, problems)),
        objects: objects.map(|items| globs(items, problems)),
        tenants: node.get("tenant").map(|node| tenants(node, problems)).unwrap_or_default(),
        rows: node.get("table_rows").and_then(|node| rows(node, problems)),
    }
}

/// The items of a list, which must not be empty: nothing would ever match.
fn filled<'a>(node: &'a Node, problems: &mut Report) -> &'a [Node] {
    let items = node.one_or_more();
    if items.is_empty() && !node.is_map() {
        let problem = Diagnostic::new(&node.span, "an empty list matches nothing");
        problems.add(problem.help("name something, or remove the key to match everything"));
    }
    items
}

/// The kinds that a word or a pattern stands for.
fn kinds(node: &Node, problems: &mut Report) -> BTreeSet<ChangeKind> {
    let Some(pattern) = glob(node, problems) else { return BTreeSet::new() };
    let kinds = kinds_like(&pattern);
    if kinds.is_empty() {
        let problem = Diagnostic::new(&node.span, format!("`{pattern}` is no kind of change"));
        problems.add(match nearest(pattern.text(), ChangeKind::ALL.map(ChangeKind::key)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => {
                problem.help("the kinds are listed in docs/policy.md; patterns such as `drop_*` may stand for several")
            }
        });
    }
    kinds
}

fn hazard(node: &Node) -> Option<Hazard> {
    Hazard::ALL.into_iter().find(|hazard| Some(hazard.key()) == node.text())
}

fn engine(node: &Node) -> Option<Engine> {
    Engine::ALL.into_iter().find(|engine| Some(engine.key()) == node.text())
}

fn rows(node: &Node, problems: &mut Report) -> Option<RowRange> {
    match RowRange::parse(node.text()?) {
        Ok(range) => Some(range),
        Err(why) => {
            let problem = Diagnostic::new(&node.span, format!("not a number of rows: {why}"));
            problems.add(problem.help("write it as `\">1_000_000\"`; >, >=, < and <= are known"));
            None
        }
    }
}

/// A tenant's name, names, or labels. Under labels, `name` is the tenant's name.
pub(super) fn tenants(node: &Node, problems: &mut Report) -> TenantMatch {
    if !node.is_map() {
        return TenantMatch { names: Some(globs(filled(node, problems), problems)), ..TenantMatch::default() };
    }
    let mut matching = TenantMatch::default();
    for entry in node.entries() {
        let values = globs(filled(&entry.value, problems), problems);
        match entry.key.as_str() {
            "name" => matching.names = Some(values),
            label => _ = matching.labels.insert(label.to_owned(), values),
        }
    }
    matching
}

fn globs(items: &[Node], problems: &mut Report) -> Vec<Glob> {
    items.iter().filter_map(|item| glob(item, problems)).collect()
}

fn glob(node: &Node, problems: &mut Report) -> Option<Glob> {
    match Glob::new(node.text()?) {
        Ok(glob) => Some(glob),
        Err(why) => {
            let problem = Diagnostic::new(&node.span, format!("not a pattern: {why}"));
            problems.add(problem.help("`*` stands for any text, `?` for one character, `[ab]` for one of some, `{a,b}` for one of several texts"));
            None
        }
    }
}
