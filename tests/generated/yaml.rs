//! A spec as the text of a schema file.

use undrift::model::{Engine, QName};

use crate::spec::{Column, Enum, ForeignKey, Id, Kind, Member, Part, Source, Spec, Table, What};
use crate::tree::Tree;

/// The file.
pub fn text(spec: &Spec) -> String {
    let mut file = vec![("extras".to_owned(), Tree::text("drop"))];
    if spec.engine == Engine::Postgres {
        file.push(("extensions".to_owned(), Tree::one("postgres", Tree::List(extensions(spec)))));
    }
    file.push(("enums".to_owned(), Tree::Map(spec.enums.iter().map(enumeration).collect())));
    file.push(("tables".to_owned(), Tree::Map(spec.tables.iter().map(|one| table(spec, one)).collect())));
    Tree::Map(file).block(4)
}

/// An identifier in the engine's quotes.
pub fn quote(engine: Engine, name: &str) -> String {
    let mark = if engine == Engine::Mysql { '`' } else { '"' };
    format!("{mark}{}{mark}", name.replace(mark, &format!("{mark}{mark}")))
}

fn extensions(spec: &Spec) -> Vec<Tree> {
    let columns = || spec.tables.iter().flat_map(|table| &table.columns);
    let citext = columns().any(|column| matches!(column.kind, Kind::Type(known) if known.name == "citext"));
    let trigrams = spec.tables.iter().flat_map(|table| &table.members).any(|member| match &member.what {
        What::Index { parts, .. } => {
            parts.iter().any(|part| part.extra.contains(&("opclass", Tree::plain("gin_trgm_ops"))))
        }
        _ => false,
    });
    let named = |on: bool, name: &str| on.then(|| Tree::text(name));
    [named(citext, "citext"), named(trigrams, "pg_trgm")].into_iter().flatten().collect()
}

/// The key of a name, and what stands inside where the key cannot say it.
fn key(name: &QName) -> (String, Vec<(String, Tree)>) {
    let dotted = |text: &str| text.contains('.');
    match &name.schema {
        Some(schema) if dotted(schema) || dotted(&name.name) => {
            let inside = vec![pair("schema", Tree::text(schema)), pair("name", Tree::text(&name.name))];
            (format!("{schema}/{}", name.name), inside)
        }
        None if dotted(&name.name) => (name.name.clone(), vec![pair("name", Tree::text(&name.name))]),
        _ => (name.to_string(), Vec::new()),
    }
}

fn pair(key: &str, value: Tree) -> (String, Tree) {
    (key.to_owned(), value)
}

fn texts(items: &[String]) -> Tree {
    Tree::List(items.iter().map(Tree::text).collect())
}

fn enumeration(one: &Enum) -> (String, Tree) {
    let (key, mut inside) = key(&one.name);
    inside.push(pair("values", texts(&one.labels)));
    if one.check {
        inside.push(pair("storage", Tree::text("check")));
    }
    inside.extend(one.comment.iter().map(|comment| pair("comment", Tree::text(comment))));
    (key, Tree::Map(inside))
}

fn table(spec: &Spec, table: &Table) -> (String, Tree) {
    let (key, mut inside) = key(&table.name);
    if !table.old.is_empty() {
        inside.push(pair("renamed_from", Tree::List(table.old.iter().map(old_name).collect())));
    }
    inside.extend(table.comment.iter().map(|comment| pair("comment", Tree::text(comment))));
    if !table.options.is_empty() {
        inside.push(pair("options", Tree::Map(table.options.clone())));
    }
    let columns = table.columns.iter().map(|one| (one.name.clone(), column(spec, table, one)));
    inside.push(pair("columns", Tree::Map(columns.collect())));
    if let Some(key) = &table.primary_key {
        let columns = names(table, &key.columns);
        inside.push(pair(
            "primary_key",
            match &key.name {
                Some(name) => Tree::Map(vec![pair("name", Tree::text(name)), pair("columns", columns)]),
                None => columns,
            },
        ));
    }
    for section in ["unique", "indexes", "foreign_keys", "checks"] {
        let members: Vec<&Member> = table.members.iter().filter(|member| member.what.section() == section).collect();
        if !members.is_empty() {
            inside.push(pair(section, self::members(spec, table, &members)));
        }
    }
    (key, Tree::Map(inside))
}

fn old_name(name: &QName) -> Tree {
    let mut inside: Vec<_> = name.schema.iter().map(|schema| pair("schema", Tree::text(schema))).collect();
    inside.push(pair("name", Tree::text(&name.name)));
    Tree::Map(inside)
}

fn column(spec: &Spec, table: &Table, column: &Column) -> Tree {
    let mut inside = vec![pair("type", kind(spec, &column.kind))];
    if column.nullable {
        inside.push(pair("nullable", Tree::plain(true)));
    }
    let optional = [
        ("default", column.default.clone()),
        ("identity", column.identity.clone()),
        ("autoincrement", column.autoincrement.then(|| Tree::plain(true))),
        ("collation", column.collation.map(Tree::text)),
        ("on_update", column.on_update.clone()),
        ("comment", column.comment.as_ref().map(Tree::text)),
        ("backfill", column.backfill.clone()),
    ];
    inside.extend(optional.into_iter().filter_map(|(key, value)| Some(pair(key, value?))));
    if let Some(generated) = &column.generated {
        let sql = generated.formula.sql(table, &|name| quote(spec.engine, name));
        let entries = vec![pair("sql", Tree::text(sql)), pair("stored", Tree::plain(generated.stored))];
        inside.push(pair("generated", Tree::Map(entries)));
    }
    if !column.options.is_empty() {
        inside.push(pair("options", Tree::Map(column.options.clone())));
    }
    if !column.old.is_empty() {
        inside.push(pair("renamed_from", texts(&column.old)));
    }
    Tree::Map(inside)
}

fn kind(spec: &Spec, kind: &Kind) -> Tree {
    match kind {
        Kind::Type(known) => known.tree(),
        Kind::Shared(id) => Tree::text(key(&spec.enumeration(*id).expect("repaired").name).0),
        Kind::Inline { labels, check } => {
            let mut inside = vec![pair("enum", texts(labels))];
            if *check {
                inside.push(pair("storage", Tree::text("check")));
            }
            Tree::Map(inside)
        }
    }
}

fn names(table: &Table, ids: &[Id]) -> Tree {
    Tree::List(ids.iter().map(|id| Tree::text(&table.column(*id).expect("repaired").name)).collect())
}

/// A map by name, or a list where one of them has none.
fn members(spec: &Spec, table: &Table, members: &[&Member]) -> Tree {
    if members.iter().all(|member| member.name.is_some()) {
        let named =
            members.iter().map(|one| (one.name.clone().unwrap_or_default(), Tree::Map(member(spec, table, one))));
        return Tree::Map(named.collect());
    }
    let listed = members.iter().map(|one| {
        let mut inside: Vec<_> = one.name.iter().map(|name| pair("name", Tree::text(name))).collect();
        inside.extend(member(spec, table, one));
        Tree::Map(inside)
    });
    Tree::List(listed.collect())
}

fn member(spec: &Spec, table: &Table, member: &Member) -> Vec<(String, Tree)> {
    let sql = |formula: &crate::formula::Formula| Tree::text(formula.sql(table, &|name| quote(spec.engine, name)));
    let extra = |extra: &[(&'static str, Tree)]| extra.iter().map(|(key, value)| pair(key, value.clone())).collect();
    let mut inside: Vec<(String, Tree)> = match &member.what {
        What::Unique { columns, extra: more } => {
            let mut inside = vec![pair("columns", names(table, columns))];
            inside.extend::<Vec<_>>(extra(more));
            inside
        }
        What::Index { parts, unique, filter, include, extra: more } => {
            let parts = parts.iter().map(|one| part(spec, table, one, more));
            let mut inside = vec![pair("columns", Tree::List(parts.collect()))];
            if *unique {
                inside.push(pair("unique", Tree::plain(true)));
            }
            inside.extend(filter.iter().map(|formula| pair("where", sql(formula))));
            if !include.is_empty() {
                inside.push(pair("include", names(table, include)));
            }
            inside.extend::<Vec<_>>(extra(more));
            inside
        }
        What::ForeignKey(key) => foreign_key(spec, table, key),
        What::Check { formula } => vec![pair("sql", sql(formula))],
    };
    inside.extend(member.comment.iter().map(|comment| pair("comment", Tree::text(comment))));
    inside
}

fn part(spec: &Spec, table: &Table, part: &Part, index: &[(&'static str, Tree)]) -> Tree {
    let mut inside = match &part.source {
        Source::Column(id) => vec![pair("column", Tree::text(&table.column(*id).expect("repaired").name))],
        Source::Expr(formula) => vec![pair("expr", Tree::text(formula.sql(table, &|name| quote(spec.engine, name))))],
    };
    inside.extend(part.extra.iter().map(|(key, value)| pair(key, value.clone())));
    let long = match &part.source {
        Source::Column(id) => matches!(table.column(*id).expect("repaired").kind, Kind::Type(known) if known.is_long()),
        Source::Expr(_) => false,
    };
    let has_prefix = inside.iter().any(|(key, _)| key == "prefix");
    let full_text = index.iter().any(|(key, _)| *key == "full_text");
    if spec.engine == Engine::Mysql && long && !has_prefix && !full_text {
        inside.push(pair("prefix", Tree::plain(10)));
    }
    Tree::Map(inside)
}

fn foreign_key(spec: &Spec, table: &Table, key: &ForeignKey) -> Vec<(String, Tree)> {
    let target = spec.table(key.table).expect("repaired");
    let mut reference: Vec<_> = target.name.schema.iter().map(|schema| pair("schema", Tree::text(schema))).collect();
    reference.push(pair("table", Tree::text(&target.name.name)));
    reference.push(pair("columns", names(target, &key.referenced)));
    let mut inside = vec![pair("columns", names(table, &key.columns)), pair("references", Tree::Map(reference))];
    let words = [("on_delete", key.on_delete), ("on_update", key.on_update), ("deferrable", key.deferrable)];
    inside.extend(words.into_iter().filter_map(|(name, word)| Some(pair(name, Tree::plain(word?)))));
    if key.full {
        inside.push(pair("match", Tree::text("full")));
    }
    inside
}

impl What {
    fn section(&self) -> &'static str {
        match self {
            What::Unique { .. } => "unique",
            What::Index { .. } => "indexes",
            What::ForeignKey(_) => "foreign_keys",
            What::Check { .. } => "checks",
        }
    }
}
