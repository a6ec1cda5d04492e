//! Schemas with everything that the model can hold and names that nobody should use.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use undrift::model::{
    Check, Column, Deferrable, EnumType, ForeignKey, Generated, Identity, IdentityKind, Index, Nulls, Part, PartSource,
    QName, Schema, Table,
};

/// Any schema that is consistent in itself.
pub fn schema() -> impl Strategy<Value = Schema> {
    let enums = btree_map(qname(), (vec(name(), 0..3), option::of(text())), 0..3);
    let tables = btree_map(qname(), table_parts(), 0..4);
    (tables, enums, btree_set(bare(), 0..2), btree_set(bare(), 0..2)).prop_map(
        |(tables, enums, namespaces, extensions)| {
            let mut schema = Schema { namespaces, extensions, ..Schema::default() };
            for (name, (labels, comment)) in enums {
                let labels: BTreeSet<String> = labels.into_iter().collect();
                let labels = labels.into_iter().collect();
                schema.enums.insert(name.clone(), EnumType { name, labels, comment });
            }
            let mut index_names = BTreeSet::new();
            for (name, parts) in tables {
                let table = table(name.clone(), parts, &mut index_names);
                schema.tables.insert(name, table);
            }
            use_enums(&mut schema);
            refer(&mut schema);
            let names = schema.tables.keys().chain(schema.enums.keys());
            let used: Vec<_> = names.filter_map(|name| name.schema.clone()).collect();
            schema.namespaces.extend(used);
            schema.namespaces.remove("public");
            schema
        },
    )
}

type TableParts = (Vec<Column>, Vec<Index>, Vec<Check>, Option<String>, BTreeMap<String, String>, u8);

fn table_parts() -> impl Strategy<Value = TableParts> {
    (vec(column(), 1..5), vec(index(), 0..5), vec(check(), 0..3), option::of(text()), options(), any::<u8>())
}

/// A table whose keys and indexes name its own columns. `choice` says which keys it has.
fn table(name: QName, parts: TableParts, index_names: &mut BTreeSet<String>) -> Table {
    let (columns, indexes, checks, comment, options, choice) = parts;
    let mut table = Table::new(name);
    let mut seen = BTreeSet::new();
    table.columns = columns.into_iter().filter(|column| seen.insert(column.name.clone())).collect();
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    for (place, mut index) in indexes.into_iter().enumerate() {
        own_columns(&mut index, &names);
        let fresh = index.name.as_ref().is_none_or(|name| index_names.insert(name.clone()));
        match (place + usize::from(choice)) % 3 {
            0 if table.primary_key.is_none() => table.primary_key = Some(as_constraint(index)),
            1 if fresh => table.uniques.push(as_constraint(index)),
            2 if fresh && index.name.is_some() => table.indexes.push(Index { deferrable: Deferrable::No, ..index }),
            _ => {}
        }
    }
    let in_key: BTreeSet<String> = table.primary_key.iter().flat_map(Index::columns).map(str::to_owned).collect();
    table.columns.iter_mut().filter(|column| in_key.contains(&column.name)).for_each(|column| column.nullable = false);
    Table { checks, comment, options, ..table }
}

fn as_constraint(index: Index) -> Index {
    Index { unique: true, predicate: None, ..index }
}

fn own_columns(index: &mut Index, names: &[String]) {
    let mut place = 0;
    let mut next = || {
        place += 1;
        names[place % names.len()].clone()
    };
    for part in &mut index.parts {
        if let PartSource::Column(name) = &mut part.source {
            *name = next();
        }
    }
    index.include.iter_mut().for_each(|name| *name = next());
}

/// Gives every second table a column of each enum type.
fn use_enums(schema: &mut Schema) {
    let types: Vec<String> = schema.enums.keys().map(crate::fake::spelled).collect();
    for table in schema.tables.values_mut().step_by(2) {
        for (place, data_type) in types.iter().enumerate() {
            table.columns.push(Column::new(format!("enum {place}"), data_type));
        }
    }
}

/// Gives every table a foreign key to the next one that has a primary key.
fn refer(schema: &mut Schema) {
    let keys: Vec<(QName, Vec<String>)> = schema
        .tables
        .values()
        .filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            let columns: Vec<String> = key.columns().map(str::to_owned).collect();
            (columns.len() == key.parts.len()).then(|| (table.name.clone(), columns))
        })
        .collect();
    for (place, table) in schema.tables.values_mut().enumerate() {
        let Some((target, referenced)) = keys.get(place % keys.len().max(1)) else { continue };
        let own = table.columns[0].name.clone();
        table.foreign_keys.push(ForeignKey {
            name: (place % 2 == 0).then(|| format!("fk {place}: \"x\"")),
            columns: vec![own; referenced.len()],
            table: target.clone(),
            referenced: referenced.clone(),
            on_delete: (place % 3 == 0).then(|| "SET NULL".to_owned()),
            on_update: (place % 3 == 1).then(|| "NO ACTION".to_owned()),
            deferrable: [Deferrable::No, Deferrable::Immediate, Deferrable::Deferred][place % 3],
            options: BTreeMap::new(),
            comment: None,
        });
    }
}

fn column() -> impl Strategy<Value = Column> {
    let value = prop_oneof![
        2 => Just((None, None, None)),
        2 => default().prop_map(|default| (Some(default), None, None)),
        1 => (expression(), any::<bool>()).prop_map(|(expr, stored)| (None, Some(Generated { expr, stored }), None)),
        1 => (identity(), options()).prop_map(|(kind, options)| (None, None, Some(Identity { kind, options }))),
    ];
    let texts = (option::of(quoted()), option::of(text()), option::of(default()));
    (name(), data_type(), any::<bool>(), value, texts, options()).prop_map(
        |(name, data_type, nullable, (default, generated, identity), (collation, comment, on_update), options)| {
            Column {
                nullable,
                default,
                generated,
                identity,
                collation,
                comment,
                on_update,
                options,
                ..Column::new(name, data_type)
            }
        },
    )
}

fn identity() -> impl Strategy<Value = IdentityKind> {
    use IdentityKind::*;
    prop::sample::select(vec![Always, ByDefault, Serial, AutoIncrement, Rowid])
}

fn data_type() -> impl Strategy<Value = String> {
    let known = [
        "integer",
        "bigint",
        "text",
        "timestamp",
        "timestamp without time zone",
        "character varying(20)",
        "varchar(20)",
        "numeric(10,2)",
        "numeric",
        "\"bigint unsigned\"",
        "char(36)",
        "uuid",
        "json",
        "boolean",
        "double",
        "enum('a','it''s')",
        "\"Odd Type\"[]",
        "timestamp(3) without time zone",
        "decimal",
        "decimal(4)",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => quoted()]
}

fn default() -> impl Strategy<Value = String> {
    let known = [
        "CURRENT_TIMESTAMP",
        "random_uuid()",
        "true",
        "0",
        "010",
        "1.10",
        "-1",
        "'0'",
        "'now'",
        "'uuid'",
        "'true'",
        "''",
        "'it''s'",
        "'a'::text",
        "nextval('x'::regclass)",
        "NULL",
        "null",
        "'no'",
        "'010'",
        "(1 + 2)",
        "'; DROP TABLE x; --'",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => expression()]
}

fn index() -> impl Strategy<Value = Index> {
    let more =
        (vec(text(), 0..2), option::of(expression()), any::<bool>(), deferrable(), option::of(text()), options());
    (option::of(name()), vec(part(), 1..3), any::<bool>(), option::of(text()), more).prop_map(
        |(name, parts, unique, method, (include, predicate, nulls_not_distinct, deferrable, comment, options))| Index {
            name,
            parts,
            unique,
            method,
            include,
            predicate,
            nulls_not_distinct,
            deferrable,
            comment,
            options,
        },
    )
}

fn deferrable() -> impl Strategy<Value = Deferrable> {
    prop::sample::select(vec![Deferrable::No, Deferrable::Immediate, Deferrable::Deferred])
}

fn part() -> impl Strategy<Value = Part> {
    let source = prop_oneof![Just(PartSource::Column(String::new())), expression().prop_map(PartSource::Expr)];
    let nulls = prop::sample::select(vec![None, Some(Nulls::First), Some(Nulls::Last)]);
    (source, any::<bool>(), nulls, option::of(quoted()), option::of(quoted()), option::of(any::<u32>())).prop_map(
        |(source, desc, nulls, opclass, collation, prefix)| Part { source, desc, nulls, opclass, collation, prefix },
    )
}

fn check() -> impl Strategy<Value = Check> {
    (option::of(name()), expression(), options(), option::of(text())).prop_map(|(name, expr, options, comment)| Check {
        name,
        expr,
        options,
        comment,
    })
}

fn options() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop_oneof![3 => Just(BTreeMap::new()), 1 => btree_map(text(), text(), 1..3)]
}

fn qname() -> impl Strategy<Value = QName> {
    (option::weighted(0.3, bare()), bare()).prop_map(|(schema, name)| match schema {
        Some(schema) => QName::qualified(schema, name),
        None => QName::bare(name),
    })
}

/// A name that a server would take.
fn name() -> impl Strategy<Value = String> {
    bare()
}

fn bare() -> impl Strategy<Value = String> {
    let odd = [
        "no",
        "null",
        "010",
        "a.b",
        "any",
        "mysql",
        "date",
        "it's",
        "say \"x\"",
        "`",
        "a b",
        " x",
        "ä",
        "<<",
        "~",
        "Id",
        "id",
    ];
    prop_oneof![
        3 => "[a-z][a-z_0-9]{0,8}",
        1 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
        1 => "[^\\x00]{1,12}",
    ]
}

/// An expression with any text in it.
fn expression() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("lower('{}') > \"{}\"", text.replace('\'', "''"), text.replace('"', "\"\"")))
}

/// A name in quotes.
fn quoted() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("\"{}\"", text.replace('"', "\"\"")))
}

/// Any text that is not empty.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![2 => "[a-z '()\"]{1,12}", 1 => "[^\\x00]{1,12}", 1 => bare()]
}
