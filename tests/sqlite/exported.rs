//! What is exported from a file declares just that file, however odd it is.

use undrift::desired;
use undrift::model::Schema;

use crate::bench::{file, reading, sqlite};
use crate::support::undrift;

/// The YAML that declares a structure.
fn exported(schema: &Schema) -> String {
    desired::export(schema, &*sqlite(), "exported")
}

#[tokio::test]
async fn exported_schemas_load_again() {
    for sql in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT DEFAULT 1, b BOOLEAN DEFAULT 1, c TEXT DEFAULT NULL, d BOOLEAN DEFAULT true)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL); CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY DEFAULT true, a)",
        "CREATE TABLE t (a REFERENCES nowhere, b REFERENCES nowhere (x), c REFERENCES \"no where\")",
        "CREATE TABLE p (a INT, b INT); CREATE TABLE t (a REFERENCES p (a), b REFERENCES p (rowid), c REFERENCES p)",
        "CREATE TABLE p (a, b, PRIMARY KEY (a, b)); CREATE TABLE t (a REFERENCES p)",
        "CREATE TABLE \"\" (\"\" INTEGER PRIMARY KEY, a REFERENCES \"\"); CREATE INDEX \" \" ON \"\" (\"\")",
    ] {
        let schema = reading(&file(sql).await.url).await.schema;
        let text = exported(&schema);
        let declared = desired::parse("exported.yaml", &text).unwrap_or_else(|report| panic!("{report}\n{text}"));
        let wanted = declared.wanted(&*sqlite()).unwrap_or_else(|report| panic!("{report}\n{text}"));
        assert_eq!(wanted.schema, schema, "{text}");
        assert!(wanted.unsaid.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn numbers_are_exported_as_numbers() {
    let schema = reading(&file("CREATE TABLE t (a INT DEFAULT 1, b BOOLEAN DEFAULT 1)").await.url).await.schema;
    let text = exported(&schema);
    assert!(text.contains("type: INT, nullable: true, default: 1"), "{text}");
    assert!(text.contains("type: boolean, nullable: true, default: true"), "{text}");
}

#[tokio::test]
async fn a_key_that_points_nowhere_must_say_so() {
    let schema = reading(&file("CREATE TABLE t (a REFERENCES nowhere (x))").await.url).await.schema;
    let text = exported(&schema);
    assert!(text.contains("dangling: true"), "{text}");
    let strict = desired::parse("exported.yaml", &text.replace(", dangling: true", "")).unwrap();
    assert!(strict.wanted(&*sqlite()).unwrap_err().to_string().contains("the table `nowhere` is not declared"));
}

#[tokio::test]
async fn a_key_that_points_nowhere_is_shown_without_columns_if_it_names_none() {
    let schema = reading(&file("CREATE TABLE t (a REFERENCES nowhere)").await.url).await.schema;
    let folder = crate::support::folder();
    let path = folder.path().join("schema.yaml");
    std::fs::write(&path, exported(&schema)).unwrap();
    let tenant = file("CREATE TABLE t (a)").await;
    let planned = undrift(&["plan", "--url", &tenant.url, "--schema", path.to_str().unwrap()]).expect_code(2);
    assert!(planned.stdout.contains("new foreign key: (a) → nowhere\n"), "{}", planned.stdout);
}

#[tokio::test]
async fn whether_the_rows_number_is_not_null_is_compared_where_it_is_said() {
    let folder = crate::support::folder();
    for (id, yaml, code) in [
        ("INTEGER PRIMARY KEY", "{ type: integer, identity: true }", 0),
        ("INTEGER PRIMARY KEY NOT NULL", "integer", 0),
        ("INTEGER PRIMARY KEY AUTOINCREMENT", "{ type: integer, identity: true, autoincrement: true }", 0),
        ("INTEGER PRIMARY KEY NOT NULL", "{ type: integer, identity: true, nullable: false }", 0),
        ("INTEGER PRIMARY KEY", "{ type: integer, identity: true, nullable: false }", 2),
        ("INTEGER PRIMARY KEY", "{ type: integer, identity: true, nullable: true }", 0),
        ("INTEGER PRIMARY KEY NOT NULL", "{ type: integer, identity: true, nullable: true }", 2),
    ] {
        let tenant = file(&format!("CREATE TABLE t (id {id})")).await;
        let path = folder.path().join("schema.yaml");
        std::fs::write(&path, format!("tables: {{ t: {{ columns: {{ id: {yaml} }}, primary_key: [id] }} }}")).unwrap();
        let path = path.to_str().unwrap();
        undrift(&["plan", "--url", &tenant.url, "--schema", path]).expect_code(code);
        let difference = i32::from(code != 0) * 2;
        undrift(&["diff", &tenant.url, path]).expect_code(difference);
    }
}
