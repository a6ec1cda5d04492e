//! What a person declares, in SQLite's form, and what SQLite cannot hold.

use undrift::dialect::{DefaultValue, EnumRequest, Generator, IdentityRequest, Neutral};
use undrift::model::{
    Column, Deferrable, Generated, Identity, IdentityKind, Index, Nulls, Part, PartSource, QName, Schema, Table,
};

use crate::bench::{file, query, schema, sqlite, statements};

fn index(name: &str, columns: &[&str]) -> Index {
    let parts = columns.iter().map(|name| Part::column(*name)).collect();
    Index { name: Some(name.to_owned()), parts, ..Index::default() }
}

/// A table as YAML might declare it for SQLite.
fn members() -> Table {
    let dialect = sqlite();
    let name = QName::bare("members");
    let mut table = Table::new(name.clone());
    let identity = Identity { kind: dialect.identity(IdentityRequest::Default).unwrap(), options: Default::default() };
    let labels = ["active".to_owned(), "it's".to_owned()];
    let request = EnumRequest { table: &name, column: "status", name: &name, labels: &labels, as_check: false };
    let status = dialect.enum_column(&request);
    let now = dialect.default_for(&DefaultValue::Now, "DATETIME").unwrap();
    let typed = |name: &str, neutral| Column { nullable: false, ..Column::new(name, dialect.neutral_type(&neutral)) };
    table.columns = vec![
        Column { identity: Some(identity), comment: Some("number".into()), ..typed("id", Neutral::BigInt) },
        Column { default: dialect.default_for(&DefaultValue::Uuid, "CHAR(36)").ok(), ..typed("uuid", Neutral::Uuid) },
        Column { default: Some("'active'".into()), ..Column::new("status", status.data_type) },
        Column { default: Some(now), ..typed("created_at", Neutral::Timestamp) },
        typed("price", Neutral::Decimal(Some((10, 2)))),
    ];
    table.checks.extend(status.check);
    table.primary_key = Some(Index { unique: true, ..index("members_pk", &["id"]) });
    table.uniques = vec![Index { unique: true, ..index("members_uuid_key", &["uuid"]) }];
    table.indexes = vec![index("idx_status", &["status", "created_at"])];
    table.comment = Some("people".into());
    table
}

fn of(table: Table) -> Schema {
    Schema { tables: [(table.name.clone(), table)].into(), ..Schema::default() }
}

#[tokio::test]
async fn a_declared_table_is_read_back_as_it_was_settled() {
    for strict in [false, true] {
        let mut declared = of(members());
        if strict {
            declared.tables.values_mut().for_each(|table| drop(table.options.insert("strict".into(), "true".into())));
        }
        assert_eq!(sqlite().unsupported(&declared), []);
        sqlite().settle(&mut declared);
        let sql = statements(&declared).join(";\n");
        assert_eq!(schema(&sql).await, declared, "{sql}");
    }
}

#[tokio::test]
async fn generated_uuids_are_uuids() {
    let file = file("CREATE TABLE t (a)").await;
    for (generator, version) in [(Generator::Uuid, '4'), (Generator::UuidV7, '7')] {
        let expression = sqlite().generate(generator).unwrap();
        let uuid = query(&file, &format!("SELECT {expression}"));
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(uuid.chars().nth(14), Some(version), "{uuid}");
        assert!("89ab".contains(uuid.chars().nth(19).unwrap()), "{uuid}");
        assert_ne!(query(&file, &format!("SELECT {expression}")), uuid);
    }
}

#[test]
fn what_sqlite_lacks_is_said() {
    type Spoil = fn(&mut Table);
    let spoiled: [(Spoil, &str); 15] = [
        (|table| table.name.schema = Some("audit".into()), "no schemas"),
        (|table| table.columns[1].on_update = Some("now".into()), "no ON UPDATE"),
        (|table| table.columns[1].collation = Some("de_DE".into()), "not de_DE"),
        (|table| drop(table.columns[1].options.insert("storage".into(), "plain".into())), "`storage`"),
        (|table| table.columns[0].identity.as_mut().unwrap().kind = IdentityKind::Always, "identity: true"),
        (|table| table.primary_key.as_mut().unwrap().parts.push(Part::column("uuid")), "whole primary key"),
        (|table| drop(table.options.insert("without_rowid".into(), "true".into())), "cannot number"),
        (|table| drop(table.options.insert("engine".into(), "InnoDB".into())), "`engine`"),
        (|table| table.indexes[0].method = Some("gin".into()), "no gin indexes"),
        (|table| table.indexes[0].include.push("uuid".into()), "no INCLUDE"),
        (|table| table.indexes[0].parts[0].prefix = Some(9), "substr"),
        (|table| table.indexes[0].parts[0].nulls = Some(Nulls::Last), "NULLs first"),
        (|table| table.uniques[0].deferrable = Deferrable::Deferred, "defer"),
        (|table| table.uniques[0].parts[0].source = PartSource::Expr("lower(uuid)".into()), "unique index"),
        (
            |table| {
                table.columns[1].generated = Some(Generated { expr: "1".into(), stored: true });
            },
            "neither default nor identity",
        ),
    ];
    for (spoil, message) in spoiled {
        let mut table = members();
        spoil(&mut table);
        let found = sqlite().unsupported(&of(table));
        assert!(found.iter().any(|finding| finding.message.contains(message)), "{message}: {found:?}");
    }
}
