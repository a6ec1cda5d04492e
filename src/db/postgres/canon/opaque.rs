//! What exists and is not modelled, with a statement that makes it again where there is one.

use super::super::catalog::{Catalog, Constraint, Function, Oid, Policy, Relation, Type};
use super::lookup::{CLASS, Lookup, TYPE};
use super::{constraints, indexes, sequences, table};
use crate::dialect::postgres::{create_index, ident, ident_qualified, row_security, special_table};
use crate::model::{Opaque, QName, Table};

/// Why a relation is not modelled; `None` for a table that is.
pub(super) fn kind(relation: &Relation, lookup: &Lookup<'_>) -> Option<&'static str> {
    match relation.kind {
        'r' if relation.partition => Some("partition"),
        'r' if !lookup.parents(relation.oid).is_empty() => Some("inheriting table"),
        'r' if relation.of_type != 0 => Some("typed table"),
        'r' => None,
        'p' => Some("partitioned table"),
        'v' => Some("view"),
        'm' => Some("materialized view"),
        'f' => Some("foreign table"),
        'S' => Some("sequence"),
        'c' => Some("composite type"),
        _ => Some(""),
    }
}

/// What was found, with the number that says when it was made.
#[derive(Default)]
pub(super) struct Found(Vec<(Oid, Opaque)>);

impl Found {
    /// In an order in which it can be made: as it was made the first time.
    pub(super) fn in_order(mut self) -> Vec<Opaque> {
        self.0.sort();
        self.0.into_iter().map(|(_, opaque)| opaque).collect()
    }

    fn add(&mut self, oid: Oid, kind: &str, name: QName, table: Option<QName>, sql: Option<String>) {
        self.0.push((oid, Opaque { kind: kind.to_owned(), name, table, sql }));
    }

    /// A relation that is not modelled. Indexes have no kind of their own: they come with tables.
    pub(super) fn relation(&mut self, relation: &Relation, kind: &str, lookup: &Lookup<'_>) {
        let Some(name) = lookup.name_of(relation) else { return };
        match relation.kind {
            // Their queries are among the rules.
            'v' | 'm' | 'i' | 'I' | 't' => {}
            'S' if sequences::is_numbering(relation, lookup) => {}
            'S' => {
                let sql = lookup.sequence(relation.oid).map(|sequence| sequences::create(&name, sequence));
                self.add(relation.oid, kind, name, None, sql);
            }
            'c' => self.add(relation.oid, kind, name.clone(), None, Some(composite(&name, relation, lookup))),
            'r' | 'p' => self.add(relation.oid, kind, name.clone(), None, special(&name, relation, lookup)),
            _ => self.add(relation.oid, kind, name, None, None),
        }
    }

    /// What hangs on a table that is modelled.
    pub(super) fn beside_table(&mut self, relation: &Relation, table: &Table, lookup: &Lookup<'_>) {
        let name = &table.name;
        let hanging = |word: &str| format!("ALTER TABLE {} {word}", ident_qualified(name));
        if relation.row_security {
            self.0.push((relation.oid, row_security(name, false)));
        }
        if relation.force_row_security {
            self.0.push((relation.oid, row_security(name, true)));
        }
        for index in lookup.indexes(relation.oid) {
            let Some(label) = lookup.relation(index.oid).map(|index| ident(&index.name)) else { continue };
            if index.replica_identity && relation.replica_identity == 'i' {
                let sql = hanging(&format!("REPLICA IDENTITY USING INDEX {label}"));
                self.add(index.oid, "replica identity", name.clone(), Some(name.clone()), Some(sql));
            }
            if index.clustered {
                let sql = hanging(&format!("CLUSTER ON {label}"));
                self.add(index.oid, "clustering index", name.clone(), Some(name.clone()), Some(sql));
            }
        }
        let replica = match relation.replica_identity {
            'f' => Some("REPLICA IDENTITY FULL"),
            'n' => Some("REPLICA IDENTITY NOTHING"),
            _ => None,
        };
        if let Some(words) = replica {
            self.add(relation.oid, "replica identity", name.clone(), Some(name.clone()), Some(hanging(words)));
        }
    }

    /// Everything that is no relation.
    pub(super) fn others(&mut self, catalog: &Catalog, lookup: &Lookup<'_>) {
        self.types(catalog, lookup);
        self.rules(catalog, lookup);
        let unmodelled = catalog.constraints.iter().filter(|row| row.relation != 0 && !constraints::is_modelled(row));
        unmodelled.for_each(|row| self.constraint(row, lookup));
        catalog.functions.iter().for_each(|row| self.function(row, lookup));
        for row in &catalog.triggers {
            self.on_table(row.oid, "trigger", &row.name, row.relation, Some(row.definition.clone()), lookup);
        }
        for row in &catalog.policies {
            let sql = ours(row.relation, lookup).map(|table| policy(row, &table));
            self.on_table(row.oid, "policy", &row.name, row.relation, sql, lookup);
        }
        for row in &catalog.statistics {
            if let Some(name) = lookup.qualified(row.namespace, &row.name) {
                let table = ours(row.relation, lookup);
                self.add(row.oid, "extended statistics", name, table, Some(row.definition.clone()));
            }
        }
        for row in &catalog.event_triggers {
            self.add(row.oid, "event trigger", QName::bare(&row.name), None, None);
        }
    }

    fn on_table(&mut self, oid: Oid, kind: &str, name: &str, table: Oid, sql: Option<String>, lookup: &Lookup<'_>) {
        if let Some(table) = ours(table, lookup) {
            self.add(oid, kind, table.sibling(name), Some(table), sql);
        }
    }

    fn types(&mut self, catalog: &Catalog, lookup: &Lookup<'_>) {
        for row in catalog.types.iter().filter(|row| !lookup.is_extensions(TYPE, row.oid)) {
            let Some(name) = lookup.qualified(row.namespace, &row.name) else { continue };
            match row.kind {
                'd' => self.add(row.oid, "domain", name.clone(), None, Some(domain(&name, row, catalog))),
                'r' => self.add(row.oid, "range type", name, None, None),
                'b' if row.category != 'A' => self.add(row.oid, "base type", name, None, None),
                _ => {}
            }
        }
    }

    fn rules(&mut self, catalog: &Catalog, lookup: &Lookup<'_>) {
        for rule in &catalog.rules {
            let Some(relation) = lookup.relation(rule.relation) else { continue };
            let Some(name) = ours(rule.relation, lookup) else { continue };
            match (rule.name.as_str(), relation.kind) {
                ("_RETURN", 'm') => {
                    let sql = view("MATERIALIZED VIEW", &name, relation, &rule.definition, " WITH NO DATA");
                    self.add(relation.oid, "materialized view", name.clone(), None, Some(sql));
                    self.indexes_of_view(&name, relation, lookup);
                }
                ("_RETURN", _) => {
                    let sql = view("VIEW", &name, relation, &rule.definition, "");
                    self.add(relation.oid, "view", name, None, Some(sql));
                }
                (rule_name, _) => {
                    let definition = Some(rule.definition.clone());
                    self.on_table(rule.oid, "rule", rule_name, rule.relation, definition, lookup);
                }
            }
        }
    }

    fn indexes_of_view(&mut self, name: &QName, relation: &Relation, lookup: &Lookup<'_>) {
        for row in lookup.indexes(relation.oid) {
            if let Some(index) = indexes::index(row, lookup) {
                let index_name = name.sibling(index.name.clone().unwrap_or_default());
                let sql = create_index(name, &index);
                self.add(row.oid, "index of a materialized view", index_name, Some(name.clone()), Some(sql));
            }
        }
    }

    fn constraint(&mut self, row: &Constraint, lookup: &Lookup<'_>) {
        let kind = match row.kind {
            'x' => "exclusion constraint",
            _ if row.period => "temporal constraint",
            _ => return,
        };
        let Some(relation) = lookup.relation(row.relation) else { return };
        let sql = row.definition.as_ref().zip(lookup.name_of(relation)).map(|(definition, table)| {
            format!("ALTER TABLE {} ADD CONSTRAINT {} {definition}", ident_qualified(&table), ident(&row.name))
        });
        self.on_table(row.oid, kind, &row.name, row.relation, sql, lookup);
    }

    fn function(&mut self, row: &Function, lookup: &Lookup<'_>) {
        let kind = match row.kind {
            'p' => "procedure",
            'a' => "aggregate",
            _ => "function",
        };
        let called = format!("{}({})", row.name, row.arguments);
        if let Some(name) = lookup.qualified(row.namespace, &called) {
            self.add(row.oid, kind, name, None, row.definition.clone());
        }
    }
}

/// The name of a relation that no extension owns.
fn ours(relation: Oid, lookup: &Lookup<'_>) -> Option<QName> {
    let relation = lookup.relation(relation).filter(|relation| !lookup.is_extensions(CLASS, relation.oid))?;
    lookup.name_of(relation)
}

fn view(word: &str, name: &QName, relation: &Relation, query: &str, end: &str) -> String {
    let options =
        if relation.options.is_empty() { String::new() } else { format!(" WITH ({})", relation.options.join(", ")) };
    format!("CREATE {word} {}{options} AS {}{end}", ident_qualified(name), query.trim_end().trim_end_matches(';'))
}

/// A table that is a partition, has partitions or inherits; a typed table cannot be made again.
fn special(name: &QName, relation: &Relation, lookup: &Lookup<'_>) -> Option<String> {
    let parents = lookup.parents(relation.oid);
    let parents: Vec<_> =
        parents.iter().filter_map(|parent| lookup.name_of(parent)).map(|n| ident_qualified(&n)).collect();
    let key = lookup.partition_key(relation.oid).map(|key| format!("PARTITION BY {key}")).unwrap_or_default();
    if relation.partition {
        let bound = relation.bound.as_deref()?;
        let partition =
            format!("CREATE TABLE {} PARTITION OF {} {bound} {key}", ident_qualified(name), parents.first()?);
        return Some(partition.trim_end().to_owned());
    }
    let clause = match parents.is_empty() {
        true if key.is_empty() => return None,
        true => key,
        false => format!("INHERITS ({})", parents.join(", ")),
    };
    let mut table = table(relation, lookup);
    let inherited = |name: &String| {
        let parents = lookup.parents(relation.oid);
        parents.iter().any(|parent| lookup.attributes(parent.oid).iter().any(|column| column.name == *name))
    };
    table.columns.retain(|column| !inherited(&column.name));
    Some(special_table(&table, &clause))
}

fn composite(name: &QName, relation: &Relation, lookup: &Lookup<'_>) -> String {
    let columns = lookup.attributes(relation.oid).iter();
    let columns: Vec<_> = columns.map(|column| format!("{} {}", ident(&column.name), column.data_type)).collect();
    format!("CREATE TYPE {} AS ({})", ident_qualified(name), columns.join(", "))
}

fn domain(name: &QName, row: &Type, catalog: &Catalog) -> String {
    let mut sql = format!("CREATE DOMAIN {} AS {}", ident_qualified(name), row.base.as_deref().unwrap_or_default());
    sql.extend(row.default.iter().map(|default| format!(" DEFAULT {default}")));
    sql.push_str(if row.not_null { " NOT NULL" } else { "" });
    for constraint in catalog.constraints.iter().filter(|constraint| constraint.of_type == row.oid) {
        let definition = constraint.definition.as_deref().unwrap_or_default();
        sql.push_str(&format!(" CONSTRAINT {} {definition}", ident(&constraint.name)));
    }
    sql
}

fn policy(row: &Policy, table: &QName) -> String {
    let kind = if row.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let command = match row.command {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        _ => "ALL",
    };
    let roles: Vec<_> = row.roles.iter().map(|role| ident(role)).collect();
    let roles = if roles.is_empty() { "PUBLIC".to_owned() } else { roles.join(", ") };
    let mut sql =
        format!("CREATE POLICY {} ON {} AS {kind} FOR {command} TO {roles}", ident(&row.name), ident_qualified(table));
    sql.extend(row.using.iter().map(|expr| format!(" USING ({expr})")));
    sql.extend(row.check.iter().map(|expr| format!(" WITH CHECK ({expr})")));
    sql
}
