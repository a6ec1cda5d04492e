//! Names and texts that try to be more than names and texts.

use super::engine::{assert_same, changes, migrate, ordered, read, run, schema_of, session};
use super::support::postgres;
use undrift::db::Connection;
use undrift::dialect::Dialect;
use undrift::model::{
    Change, Check, Column, EnumType, ForeignKey, Identity, IdentityKind, Index, Member, Part, QName, Schema, Table,
};

const LONG: &str = "sixty_three_bytes_long_sixty_three_bytes_long_sixty_three_bytes";

const NAMES: [&str; 12] = [
    "a\"b",
    "a'b",
    "a;b--",
    "\"; DROP TABLE victims; --",
    "'; DROP TABLE victims; --",
    "select",
    "User",
    "Ünïcödé 🎉",
    "with space",
    "per%cent $$ $1 \\ {n}",
    "a.b",
    LONG,
];

const TEXT: &str = "it's \"quoted\" \\ $$ $x$ %s {n}\n'; DROP TABLE victims; --";

/// A schema in which everything is called like that.
fn schema(name: &str, dialect: &dyn Dialect) -> Schema {
    let mut schema = Schema::default();
    let enumeration = QName::bare(name);
    let labels = vec![TEXT.to_owned(), "plain".to_owned()];
    let data_type = dialect.quote_name(&enumeration);
    let declared = EnumType { name: enumeration.clone(), labels, comment: Some(TEXT.to_owned()) };
    schema.enums.insert(enumeration, declared);
    schema.namespaces.insert(format!("{}2", name.chars().take(20).collect::<String>()));
    let tables = [
        QName::bare(format!("{}1", name.chars().take(50).collect::<String>())),
        QName { schema: schema.namespaces.first().cloned(), name: name.to_owned() },
    ];
    for table in tables {
        schema.tables.insert(table.clone(), hostile_table(table, name, &data_type, dialect));
    }
    schema
}

fn hostile_table(table: QName, name: &str, data_type: &str, dialect: &dyn Dialect) -> Table {
    let other = format!("{}3", name.chars().take(30).collect::<String>());
    let serial = format!("{}4", name.chars().take(30).collect::<String>());
    let constraint = |suffix: &str| Some(format!("{}{suffix}", name.chars().take(30).collect::<String>()));
    let comment = Some(TEXT.to_owned());
    let mut table = Table { comment: comment.clone(), ..Table::new(table) };
    let numbered = Some(Identity { kind: IdentityKind::Serial, options: [("cache".into(), "5".into())].into() });
    table.columns = vec![
        Column { nullable: false, comment: comment.clone(), ..Column::new(name, "integer") },
        Column { default: Some(format!("{}::text", dialect.literal(TEXT))), ..Column::new(&other, "text") },
        Column { identity: numbered, nullable: false, ..Column::new(&serial, "integer") },
        Column { default: Some(dialect.literal(TEXT)), ..Column::new("label", data_type) },
    ];
    let index = |suffix: &str, column: &str| Index {
        name: constraint(suffix),
        parts: vec![Part::column(column)],
        comment: comment.clone(),
        ..Index::default()
    };
    table.primary_key = Some(Index { unique: true, ..index("_pk", name) });
    table.uniques = vec![Index { unique: true, ..index("_u", &other) }];
    table.indexes = vec![Index {
        predicate: Some(format!("{} <> {}", dialect.quote(&other), dialect.literal(TEXT))),
        include: vec![name.to_owned()],
        ..index("_i", &serial)
    }];
    table.foreign_keys = vec![ForeignKey {
        name: constraint("_fk"),
        columns: vec![serial],
        table: table.name.clone(),
        referenced: vec![name.to_owned()],
        on_delete: Some("CASCADE".into()),
        on_update: None,
        deferrable: Default::default(),
        options: Default::default(),
        comment: comment.clone(),
    }];
    let expr = format!("{} <> {}", dialect.quote(&other), dialect.literal(TEXT));
    table.checks = vec![Check { name: constraint("_c"), expr, options: Default::default(), comment }];
    table
}

#[tokio::test]
async fn names_are_only_names() {
    for name in NAMES {
        let url = postgres().database("hostile");
        postgres().sql(&url, "CREATE TABLE victims (id integer)");
        let mut tenant = session(&url).await;
        let declared = schema(name, &*super::engine::dialect(&tenant));
        migrate(&mut tenant, &Schema::default(), &declared).await;
        let built = read(&mut tenant).await;
        assert!(built.tables.contains_key(&QName::bare("victims")), "{name}");
        assert_eq!(built.tables.len(), 3, "{name}");
        let copy_url = postgres().database("hostile_copy");
        let mut copy = session(&copy_url).await;
        migrate(&mut copy, &Schema::default(), &built).await;
        assert_same(&read(&mut copy).await, &built);
        alter_all(&mut copy, &built).await;
        tenant.close().await;
        copy.close().await;
    }
}

/// Changes something of everything, so that every statement meets the name.
async fn alter_all(session: &mut undrift::db::Session, built: &Schema) {
    let mut wanted = built.clone();
    for table in wanted.tables.values_mut().filter(|table| table.columns.len() > 1) {
        table.comment = None;
        table.columns[0].comment = Some("'".into());
        table.columns[1].data_type = "character varying(200)".into();
        table.columns[1].default = Some("'x'::character varying".into());
        table.columns[1].nullable = false;
        table.columns[2].identity = Some(Identity { kind: IdentityKind::ByDefault, options: Default::default() });
        table.columns[3].default = None;
        table.indexes[0].name = Some(format!("{}z", table.indexes[0].name.as_deref().unwrap()));
        table.checks.clear();
        table.foreign_keys[0].on_delete = None;
        table.columns.push(Column { default: Some("'it''s'::text".into()), ..Column::new("fresh '\"", "text") });
    }
    for enumeration in wanted.enums.values_mut() {
        enumeration.labels.push(format!("{TEXT}2"));
        enumeration.comment = None;
    }
    let ops = ordered(super::engine::dialect(session).ops(built, &wanted, &changes(built, &wanted)));
    run(session, &ops).await;
    let reached = read(session).await;
    let names = |schema: &Schema| schema.tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&reached), names(&wanted));
    assert_same(&relaxed(&reached), &relaxed(&wanted));
}

/// Predicates are printed another way once the type of their column has changed.
fn relaxed(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema.tables.values_mut().flat_map(|table| &mut table.indexes).for_each(|index| index.predicate = None);
    schema
}

#[tokio::test]
async fn renames_take_any_name() {
    for name in NAMES {
        let url = postgres().database("hostile_rename");
        postgres().sql(&url, "CREATE TABLE old_table (old_column integer)");
        let mut tenant = session(&url).await;
        let from = read(&mut tenant).await;
        let table = QName::bare(name);
        let renames = [
            Change::RenameTable { from: QName::bare("old_table"), to: table.clone() },
            Change::RenameColumn { table: table.clone(), from: "old_column".into(), to: name.into(), transform: None },
        ];
        let ops = ordered(super::engine::dialect(&tenant).ops(&from, &from, &renames));
        run(&mut tenant, &ops).await;
        let back =
            Change::RenameColumn { table: table.clone(), from: name.into(), to: "old_column".into(), transform: None };
        assert!(read(&mut tenant).await.tables[&table].column(name).is_some());
        let ops = super::engine::dialect(&tenant).ops(&from, &from, &[back]);
        run(&mut tenant, &ops).await;
        assert!(read(&mut tenant).await.tables[&table].column("old_column").is_some());
        tenant.close().await;
    }
}

#[tokio::test]
async fn a_merge_and_its_guards_take_any_name() {
    for name in NAMES {
        let url = postgres().database("hostile_merge");
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        postgres().sql(&url, &format!("CREATE TABLE {quoted} ({quoted} text, target text)"));
        postgres().sql(&url, &format!("INSERT INTO {quoted} VALUES ('kept', NULL)"));
        let mut tenant = session(&url).await;
        let from = read(&mut tenant).await;
        let table = &from.tables[&QName::bare(name)];
        let (old, new) = (table.columns[0].clone(), table.columns[1].clone());
        let merge = Change::MergeColumn { table: QName::bare(name), from: old, to: new, how: Default::default() };
        let ops = super::engine::dialect(&tenant).ops(&from, &from, &[merge]);
        run(&mut tenant, &ops).await;
        tenant.close().await;
        assert_eq!(postgres().query(&url, &format!("SELECT * FROM {quoted}")), "kept");
    }
}

/// A statement cannot be cut short by a NUL character.
#[tokio::test]
async fn a_nul_character_is_refused() {
    let url = postgres().database("nul");
    let mut tenant = session(&url).await;
    let error = tenant.execute("SELECT 'a\0b'").await.unwrap_err();
    assert_eq!(error.trouble, undrift::db::Trouble::Usage);
    tenant.execute("SELECT 1").await.unwrap();
    assert!(schema_of(&url).await.tables.is_empty());
}

/// What `DropMember` and its like are called does not matter either.
#[tokio::test]
async fn members_are_dropped_by_any_name() {
    for name in NAMES {
        let url = postgres().database("hostile_drop");
        let mut tenant = session(&url).await;
        let declared = schema(name, &*super::engine::dialect(&tenant));
        migrate(&mut tenant, &Schema::default(), &declared).await;
        let built = read(&mut tenant).await;
        let drops = built.tables.values().flat_map(|table| {
            let indexes = table.indexes.iter().cloned().map(Member::Index);
            let uniques = table.uniques.iter().cloned().map(Member::Unique);
            let checks = table.checks.iter().cloned().map(Member::Check);
            let members = indexes.chain(uniques).chain(checks);
            members.map(|from| Change::DropMember { table: table.name.clone(), from }).collect::<Vec<_>>()
        });
        let drops: Vec<_> = drops.collect();
        let ops = ordered(super::engine::dialect(&tenant).ops(&built, &built, &drops));
        run(&mut tenant, &ops).await;
        migrate(&mut tenant, &read(&mut session(&url).await).await, &Schema::default()).await;
        assert_same(&read(&mut tenant).await, &Schema::default());
        tenant.close().await;
    }
}
