//! No number is given twice.

use rstest::rstest;

use super::support::Engine;
use super::{comes_to, tenant};

fn schema(id: &str, more: &str) -> String {
    format!(
        "schema: core\nextras: drop\ntables:\n  t:\n    columns:\n      id: {{ {id} }}\n      {more}\n    primary_key: [id]\n"
    )
}

/// Fifty rows, of which the last forty are gone.
fn rows() -> String {
    let values: Vec<String> = (1..=50).map(|number| format!("('{number}')")).collect();
    format!("INSERT INTO t (a) VALUES {}; DELETE FROM t WHERE id > 10;", values.join(", "))
}

#[rstest]
#[case(Engine::Postgres, "type: bigint, identity: true", "a: text")]
#[case(Engine::Postgres, "type: bigint, identity: always", "a: { type: text, nullable: true }")]
#[case(Engine::Postgres, "type: bigint, identity: serial", "a: varchar(9)")]
#[case(Engine::Mariadb, "type: bigint unsigned, identity: true", "a: varchar(9)")]
#[case(Engine::Sqlite, "type: integer, identity: true, autoincrement: true", "a: { type: text, nullable: true }")]
fn the_next_number_is_the_next(#[case] engine: Engine, #[case] id: &str, #[case] more: &str) {
    let kinds: &[&str] = match engine {
        Engine::Postgres => &["serial", "bigserial", "int generated always as identity"],
        Engine::Mariadb => &["int not null auto_increment"],
        Engine::Sqlite => &["integer"],
    };
    let key = if engine == Engine::Sqlite { "primary key autoincrement" } else { "primary key" };
    for kind in kinds {
        let tenant = tenant(engine, &format!("CREATE TABLE t (id {kind} {key}, a varchar(20) not null); {}", rows()));
        comes_to(&tenant, &schema(id, more));
        tenant.sql("INSERT INTO t (a) VALUES ('x')");
        assert_eq!(tenant.query("SELECT max(id) FROM t"), "51", "{kind} -> {id}");
    }
}

#[test]
fn mariadb_goes_on_counting_when_another_column_counts() {
    let script = "CREATE TABLE t (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, a varchar(9), n int NOT NULL DEFAULT 0, KEY n (n))";
    let tenant = tenant(Engine::Mariadb, &format!("{script}; {}", rows()));
    let more = "a: { type: varchar(9), nullable: true }\n      n: { type: int, identity: true }";
    let schema = schema("type: int", more) + "    indexes: { n: [n] }\n";
    comes_to(&tenant, &schema);
    tenant.sql("INSERT INTO t (id, a) VALUES (900, 'x')");
    assert_eq!(tenant.query("SELECT n FROM t WHERE id = 900"), "51");
}
