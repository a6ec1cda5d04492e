//! Small schemas, and the changes that are seen between them.

use super::{difference, is_extra, pending_renames};
use crate::model::{Change, Check, Column, Engine, Index, Member, Part, Property, QName, Renames, Schema, Table};

fn table(name: &str, columns: &[&str]) -> Table {
    let mut table = Table::new(QName::bare(name));
    table.columns = columns.iter().map(|name| Column::new(*name, "text")).collect();
    table
}

fn schema(tables: impl IntoIterator<Item = Table>) -> Schema {
    let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
    Schema { tables, ..Schema::default() }
}

fn index(name: &str, column: &str) -> Index {
    Index { name: Some(name.to_owned()), parts: vec![Part::column(column)], ..Index::default() }
}

fn old_names(table: &str, column: &str, old: &[&str]) -> Renames {
    let mut renames = Renames::default();
    let old = old.iter().map(|name| (*name).to_owned()).collect();
    renames.columns.entry(QName::bare(table)).or_default().insert(column.to_owned(), old);
    renames
}

fn kinds(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {}", change.kind(), change.object())).collect()
}

#[test]
fn equal_schemas_do_not_differ() {
    let one = schema([table("users", &["id", "name"])]);
    assert!(difference(&one, &one, &Renames::default()).changes.is_empty());
}

#[test]
fn the_order_of_columns_is_never_drift() {
    let a = schema([table("users", &["id", "name"])]);
    let b = schema([table("users", &["name", "id"])]);
    assert!(difference(&a, &b, &Renames::default()).changes.is_empty());
}

#[test]
fn what_was_found_evolves_into_what_is_wanted() {
    let mut from = table("users", &["id", "name", "legacy"]);
    from.indexes = vec![index("idx_old", "name"), index("idx_gone", "legacy")];
    from.comment = Some("people".into());
    let mut to = table("users", &["id", "name", "email"]);
    to.column_mut("name").unwrap().nullable = false;
    to.column_mut("name").unwrap().default = Some("''".into());
    to.indexes = vec![index("idx_new", "name"), index("idx_email", "email")];
    let (a, b) = (schema([from, table("extra", &["x"])]), schema([to, table("fresh", &["x"])]));
    let found = difference(&a, &b, &Renames::default()).changes;
    assert_eq!(
        kinds(&found),
        [
            "create_table fresh",
            "alter_column_nullable users.name",
            "alter_column_default users.name",
            "add_column users.email",
            "drop_column users.legacy",
            "rename_index users.idx_new",
            "drop_index users.idx_gone",
            "add_index users.idx_email",
            "alter_table_comment users",
            "drop_table extra",
        ]
    );
    assert!(difference(&a.evolve(&found), &b, &Renames::default()).changes.is_empty());
}

#[test]
fn a_declared_rename_is_never_a_drop_and_an_add() {
    let actual = schema([table("users", &["password"])]);
    let wanted = schema([table("users", &["password_hash"])]);
    let renames = old_names("users", "password_hash", &["password"]);
    let (found, both) = pending_renames(&actual, &wanted, &renames);
    assert_eq!(kinds(&found), ["rename_column users.password_hash"]);
    assert!(both.is_empty());
    assert!(difference(&actual.evolve(&found), &wanted, &renames).changes.is_empty());
}

#[test]
fn an_undeclared_rename_is_a_drop_and_an_add_and_says_so() {
    let actual = schema([table("users", &["password"])]);
    let wanted = schema([table("users", &["password_hash"])]);
    let found = difference(&actual, &wanted, &Renames::default()).changes;
    assert_eq!(kinds(&found), ["add_column users.password_hash", "drop_column users.password"]);
}

#[test]
fn both_names_of_a_column_are_merged() {
    let actual = schema([table("users", &["password", "password_hash"])]);
    let wanted = schema([table("users", &["password_hash"])]);
    let renames = old_names("users", "password_hash", &["password"]);
    assert!(pending_renames(&actual, &wanted, &renames).0.is_empty());
    let found = difference(&actual, &wanted, &renames).changes;
    assert_eq!(kinds(&found), ["merge_column users.password_hash"]);
    assert!(!is_extra(&found[0], &found, &renames));
}

#[test]
fn the_most_recent_old_name_is_renamed_and_older_ones_are_merged() {
    let actual = schema([table("users", &["pass", "pwd"])]);
    let wanted = schema([table("users", &["password_hash"])]);
    let renames = old_names("users", "password_hash", &["pwd", "pass"]);
    let (found, _) = pending_renames(&actual, &wanted, &renames);
    assert!(matches!(&found[..], [Change::RenameColumn { from, .. }] if from == "pwd"));
    let rest = difference(&actual.evolve(&found), &wanted, &renames).changes;
    assert!(matches!(&rest[..], [Change::MergeColumn { from, .. }] if from.name == "pass"));
}

#[test]
fn a_table_under_both_names_is_said_and_not_touched() {
    let actual = schema([table("users", &["id"]), table("tenant_users", &["id"])]);
    let wanted = schema([table("tenant_users", &["id"])]);
    let mut renames = Renames::default();
    renames.tables.insert(QName::bare("tenant_users"), vec![QName::bare("users")]);
    let (found, both) = pending_renames(&actual, &wanted, &renames);
    assert!(found.is_empty());
    assert_eq!(both.len(), 1);
    let rest = difference(&actual, &wanted, &renames).changes;
    assert!(rest.iter().all(|change| !is_extra(change, &rest, &renames)), "an old name is never an extra");
}

#[test]
fn a_replaced_member_is_no_extra_and_one_that_nobody_declared_is() {
    let mut from = table("t", &["a"]);
    from.indexes = vec![Index { unique: true, ..index("t_a", "a") }, index("by_night", "a")];
    let mut to = table("t", &["a"]);
    to.uniques = vec![Index { unique: true, ..index("t_a", "a") }];
    let found = difference(&schema([from]), &schema([to]), &Renames::default()).changes;
    let extras: Vec<_> =
        found.iter().filter(|c| is_extra(c, &found, &Renames::default())).map(Change::object).collect();
    assert_eq!(extras, ["t.by_night"]);
}

#[test]
fn names_that_nobody_declared_are_not_compared() {
    let key = |name: Option<&str>| Index {
        name: name.map(str::to_owned),
        parts: vec![Part::column("id")],
        unique: true,
        ..Index::default()
    };
    let (mut from, mut to) = (table("t", &["id"]), table("t", &["id"]));
    from.primary_key = Some(key(Some("users_pkey")));
    to.primary_key = Some(key(None));
    let check = |name: Option<&str>| Check {
        name: name.map(str::to_owned),
        expr: "id > 0".into(),
        options: Default::default(),
        comment: None,
    };
    from.checks = vec![check(Some("t_check"))];
    to.checks = vec![check(None)];
    assert!(difference(&schema([from]), &schema([to]), &Renames::default()).changes.is_empty());
}

#[test]
fn every_property_of_a_column_is_a_change_of_its_own() {
    let from = Column::new("c", "text");
    let to = Column {
        data_type: "integer".into(),
        nullable: false,
        default: Some("1".into()),
        collation: Some("C".into()),
        comment: Some("x".into()),
        on_update: Some("now()".into()),
        options: [("storage".to_owned(), "plain".to_owned())].into(),
        generated: Some(crate::model::Generated { expr: "1".into(), stored: true }),
        identity: Some(crate::model::Identity {
            kind: crate::model::IdentityKind::Always,
            options: Default::default(),
        }),
        ..from.clone()
    };
    let with = |column: Column| schema([Table { columns: vec![column], ..table("t", &[]) }]);
    let (from, to) = (with(from), with(to));
    let found = difference(&from, &to, &Renames::default()).changes;
    let properties: Vec<_> = found
        .iter()
        .map(|change| match change {
            Change::AlterColumn { property, .. } => *property,
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(properties, Property::ALL);
    assert_eq!(from.evolve(&found), to);
}

#[test]
fn a_wanted_table_whose_name_is_taken_is_an_obstacle() {
    let mut actual = schema([]);
    actual.opaque =
        vec![crate::model::Opaque { kind: "view".into(), name: QName::bare("users"), table: None, sql: None }];
    let found = difference(&actual, &schema([table("users", &["id"])]), &Renames::default());
    assert!(found.changes.is_empty());
    assert_eq!(found.obstacles[0].kind, "view");
}

#[test]
fn the_primary_key_is_one_thing_in_two_versions() {
    let key = |column: &str| Index { parts: vec![Part::column(column)], unique: true, ..Index::default() };
    let (mut from, mut to) = (table("t", &["a", "b"]), table("t", &["a", "b"]));
    from.primary_key = Some(key("a"));
    to.primary_key = Some(key("b"));
    let found = difference(&schema([from]), &schema([to]), &Renames::default()).changes;
    assert!(matches!(&found[..], [Change::AlterMember { to: Member::PrimaryKey(_), .. }]));
}

fn spelled(engine: Engine) -> Renames {
    Renames::none(engine)
}

#[test]
fn other_cases_are_renames_of_spelling_where_they_do_not_count() {
    let a = schema([table("users", &["id", "EMAIL", "Both", "BOTH2"])]);
    let b = schema([table("Users", &["id", "email", "both", "Both2"])]);
    let renamed = |engine| kinds(&pending_renames(&a, &b, &spelled(engine)).0);
    assert_eq!(
        renamed(Engine::Sqlite),
        ["rename_table Users", "rename_column Users.email", "rename_column Users.both", "rename_column Users.Both2"]
    );
    assert!(renamed(Engine::Mysql).is_empty(), "tables are files there");
    let b = schema([table("users", &["id", "email"])]);
    assert_eq!(kinds(&pending_renames(&a, &b, &spelled(Engine::Mysql)).0), ["rename_column users.email"]);
    assert!(pending_renames(&a, &b, &spelled(Engine::Postgres)).0.is_empty());
}

#[test]
fn a_declared_old_name_in_another_case_is_the_old_name() {
    let a = schema([table("users", &["id", "MAIL"])]);
    let b = schema([table("users", &["id", "email"])]);
    let mut renames = Renames { spelling: spelled(Engine::Mysql).spelling, ..old_names("users", "email", &["mail"]) };
    assert_eq!(pending_renames(&a, &b, &renames).0.len(), 1);
    let a = schema([table("users", &["id", "MAIL", "Email"])]);
    assert_eq!(kinds(&pending_renames(&a, &b, &renames).0), ["rename_column users.email"]);
    let renamed = a.evolve(&pending_renames(&a, &b, &renames).0);
    assert_eq!(kinds(&difference(&renamed, &b, &renames).changes), ["merge_column users.email"]);
    renames.spelling = spelled(Engine::Postgres).spelling;
    assert!(pending_renames(&a, &b, &renames).0.is_empty());
}

#[test]
fn indexes_and_keys_keep_what_they_are_in_another_spelling() {
    let mut from = table("users", &["id", "name"]);
    from.indexes = vec![index("IX_Name", "name")];
    let mut to = table("users", &["id", "name"]);
    to.indexes = vec![index("ix_name", "name")];
    let (a, b) = (schema([from.clone()]), schema([to.clone()]));
    assert_eq!(kinds(&difference(&a, &b, &spelled(Engine::Mysql)).changes), ["rename_index users.ix_name"]);
    to.indexes = vec![index("ix_name", "id")];
    let b = schema([to]);
    assert_eq!(kinds(&difference(&a, &b, &spelled(Engine::Mysql)).changes), ["alter_index users.ix_name"]);
    let found = kinds(&difference(&a, &b, &spelled(Engine::Postgres)).changes);
    assert_eq!(found, ["drop_index users.IX_Name", "add_index users.ix_name"]);
}
