//! Names and texts that want to be statements.

use undrift::dialect::{self};
use undrift::model::{Column, Fingerprint, Index, Part, QName, Schema, Table};
use undrift::model::{Platform, Vendor, Version};

use super::{build, read};

const HOSTILE: [&str; 10] = [
    "back`tick",
    "'quo\"te",
    "select",
    "drop table `x`; --",
    "ünï çødé 漢字",
    "a b",
    "1a",
    "per%cent_",
    "back\\slash",
    "); DROP TABLE users; /*",
];

#[tokio::test]
async fn hostile_names_and_texts_are_only_names_and_texts() {
    let longest = "ß".repeat(64);
    let mut schema = Schema::default();
    for (number, name) in HOSTILE.into_iter().chain([longest.as_str()]).enumerate() {
        let mut table = Table::new(QName::bare(name));
        let text = format!("'; DROP TABLE x; -- {name} \\ \n \\' 漢");
        table.comment = Some(text.clone());
        let mut key = Column::new("id", "int(11)");
        key.nullable = false;
        let mut column = Column::new(name, "varchar(200)");
        column.comment = Some(text.clone());
        column.default = Some(dialect::of(&Platform::new(Vendor::Mariadb, Version(10, 11, 0))).literal(&text));
        column.nullable = number % 2 == 0;
        table.columns = vec![key, column];
        table.primary_key = Some(Index { parts: vec![Part::column("id")], unique: true, ..Index::default() });
        let parts = vec![Part { prefix: Some(20), ..Part::column(name) }];
        table.indexes = vec![Index { name: Some(name.to_owned()), parts, comment: Some(text), ..Index::default() }];
        schema.tables.insert(table.name.clone(), table);
    }
    let again = read(&build("hostile", &schema).await).await;
    for (name, table) in &schema.tables {
        let found = &again.tables[name];
        assert_eq!(found.comment, table.comment);
        assert_eq!(found.columns[1].comment, table.columns[1].comment);
        assert_eq!(found.indexes, table.indexes);
    }
    let third = read(&build("hostile_again", &again).await).await;
    assert_eq!(Fingerprint::of(&again), Fingerprint::of(&third));
    assert_eq!(again, third);
}
