//! Keys, indexes, foreign keys and checks.

use std::collections::BTreeSet;

use crate::model::{Check, Deferrable, ForeignKey, Index, Nulls, Part, PartSource, Table};
use crate::yaml::Written;

use super::super::foreign_keys;
use super::{Entries, Export, put_flag, put_text};

impl Export<'_> {
    pub fn put_members(&self, map: &mut Entries, table: &Table) {
        if let Some(key) = &table.primary_key {
            let mut parts = Vec::new();
            put_text(&mut parts, "name", key.name.as_ref());
            map.push(("primary_key".to_owned(), self.index(key, parts, false)));
        }
        put_section(map, "unique", &table.uniques, |key| key.name.clone(), |key, parts| self.index(key, parts, false));
        put_section(map, "indexes", &table.indexes, index_name, |index, parts| self.index(index, parts, index.unique));
        put_section(
            map,
            "foreign_keys",
            &table.foreign_keys,
            |key| key.name.clone(),
            |key, parts| self.foreign_key(key, parts),
        );
        put_section(map, "checks", &table.checks, |check| check.name.clone(), |check, parts| self.check(check, parts));
    }

    /// An index or key, after what stands in its map already. Just its columns, where that says all.
    fn index(&self, index: &Index, mut map: Entries, unique: bool) -> Written {
        let columns = Written::List(index.parts.iter().map(part).collect());
        map.push(("columns".to_owned(), columns.clone()));
        put_flag(&mut map, "unique", unique);
        put_text(&mut map, "method", index.method.as_ref());
        if !index.include.is_empty() {
            map.push(("include".to_owned(), Written::texts(&index.include)));
        }
        put_text(&mut map, "where", index.predicate.as_ref());
        put_flag(&mut map, "nulls_not_distinct", index.nulls_not_distinct);
        put_deferrable(&mut map, index.deferrable);
        put_text(&mut map, "comment", index.comment.as_ref());
        self.put_options(&mut map, &index.options);
        if map.len() == 1 { columns } else { Written::Map(map) }
    }

    fn foreign_key(&self, key: &ForeignKey, mut map: Entries) -> Written {
        map.push(("columns".to_owned(), Written::texts(&key.columns)));
        map.push(("references".to_owned(), reference(key)));
        let action = |action: &String| Written::text(action.to_lowercase().replace(' ', "_"));
        map.extend(key.on_delete.as_ref().map(|text| ("on_delete".to_owned(), action(text))));
        map.extend(key.on_update.as_ref().map(|text| ("on_update".to_owned(), action(text))));
        put_deferrable(&mut map, key.deferrable);
        put_flag(&mut map, "dangling", self.rules.dangling_keys && !self.points_somewhere(key));
        put_flag(&mut map, "external", !self.rules.dangling_keys && !self.tables.contains_key(&key.table));
        put_text(&mut map, "comment", key.comment.as_ref());
        self.put_options(&mut map, &key.options);
        Written::Map(map)
    }

    fn points_somewhere(&self, key: &ForeignKey) -> bool {
        foreign_keys::points_somewhere(&self.rules, self.tables, key)
    }

    fn check(&self, check: &Check, mut map: Entries) -> Written {
        let expr = Written::text(&check.expr);
        map.push(("sql".to_owned(), expr.clone()));
        put_text(&mut map, "comment", check.comment.as_ref());
        self.put_options(&mut map, &check.options);
        if map.len() == 1 { expr } else { Written::Map(map) }
    }
}

/// A section by name; a list where something has no name, or shares it.
fn put_section<T>(
    map: &mut Entries,
    key: &str,
    members: &[T],
    name: impl Fn(&T) -> Option<String>,
    write: impl Fn(&T, Entries) -> Written,
) {
    if members.is_empty() {
        return;
    }
    let names: BTreeSet<String> = members.iter().filter_map(&name).collect();
    let section = if names.len() == members.len() {
        Written::Lines(
            members.iter().map(|member| (name(member).unwrap_or_default(), write(member, Vec::new()))).collect(),
        )
    } else {
        Written::Items(members.iter().map(|member| write(member, listed_name(name(member)))).collect())
    };
    map.push((key.to_owned(), section));
}

fn listed_name(name: Option<String>) -> Entries {
    name.map(|name| ("name".to_owned(), Written::text(name))).into_iter().collect()
}

/// An index always has a name; should one have none, its columns name it.
fn index_name(index: &Index) -> Option<String> {
    index.name.clone().or_else(|| Some(format!("{}_idx", index.columns().collect::<Vec<_>>().join("_"))))
}

fn part(part: &Part) -> Written {
    let mut map = match &part.source {
        PartSource::Column(name) if *part == Part::column(name) => return Written::text(name),
        PartSource::Column(name) => vec![("column".to_owned(), Written::text(name))],
        PartSource::Expr(expr) => vec![("expr".to_owned(), Written::text(expr))],
    };
    put_flag(&mut map, "desc", part.desc);
    let nulls = |nulls| Written::text(if nulls == Nulls::First { "first" } else { "last" });
    map.extend(part.nulls.map(|order| ("nulls".to_owned(), nulls(order))));
    put_text(&mut map, "opclass", part.opclass.as_ref());
    put_text(&mut map, "collation", part.collation.as_ref());
    map.extend(part.prefix.map(|length| ("prefix".to_owned(), Written::Plain(length.to_string()))));
    Written::Map(map)
}

fn put_deferrable(map: &mut Entries, deferrable: Deferrable) {
    let word = match deferrable {
        Deferrable::No => return,
        Deferrable::Immediate => "initially_immediate",
        Deferrable::Deferred => "initially_deferred",
    };
    map.push(("deferrable".to_owned(), Written::text(word)));
}

/// `table(column)`, or a map where a name holds anything but letters, digits and `_`. One that names
/// no columns names the table only.
fn reference(key: &ForeignKey) -> Written {
    let simple = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let names = key.referenced.iter().chain(&key.table.schema).chain([&key.table.name]);
    if names.into_iter().all(simple) {
        let columns =
            if key.referenced.is_empty() { String::new() } else { format!("({})", key.referenced.join(", ")) };
        return Written::text(format!("{}{columns}", key.table));
    }
    let mut map = Vec::new();
    put_text(&mut map, "schema", key.table.schema.as_ref());
    put_text(&mut map, "table", Some(&key.table.name));
    if !key.referenced.is_empty() {
        map.push(("columns".to_owned(), Written::texts(&key.referenced)));
    }
    Written::Map(map)
}
