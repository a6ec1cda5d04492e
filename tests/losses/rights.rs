//! Rights follow what is renamed, on MariaDB, where the server leaves them with the old name.

use super::support::{Engine, mariadb};
use super::{comes_to, tenant};

const SCHEMA: &str = "schema: core
tables:
  people:
    renamed_from: [users]
    columns:
      id: bigint
      mail: { type: varchar(90), nullable: true, renamed_from: [email] }
      b: { type: varchar(90), nullable: true, renamed_from: [a], transform: { sql: \"concat(a, '!')\" } }
    primary_key: [id]
";

#[test]
fn grants_go_to_the_new_names() {
    let script = "CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, email varchar(90), a varchar(90));
        INSERT INTO users VALUES (1, 'x', 'y');";
    let tenant = tenant(Engine::Mariadb, script);
    let user = format!("u_{}", tenant.query("SELECT right(md5(database()), 8)"));
    let (whole, parts) = (format!("'{user}'@'localhost'"), format!("'{user}'@'%'"));
    tenant.sql(&format!(
        "CREATE USER {whole}; CREATE USER {parts}; CREATE ROLE {user}_role;
         GRANT SELECT, DELETE ON users TO {whole} WITH GRANT OPTION; GRANT INSERT ON users TO {user}_role;
         GRANT SELECT (email, a), UPDATE (email), REFERENCES (id) ON users TO {parts};"
    ));
    comes_to(&tenant, SCHEMA);
    let grants = |who: &str| tenant.query(&format!("SHOW GRANTS FOR {who}"));
    let table = format!("`{}`.`people`", tenant.query("SELECT database()"));
    let line =
        |who: &str| grants(who).lines().filter(|line| line.contains(" ON `")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(line(&whole), [format!("GRANT SELECT, DELETE ON {table} TO `{user}`@`localhost` WITH GRANT OPTION")]);
    assert_eq!(line(&format!("{user}_role")), [format!("GRANT INSERT ON {table} TO `{user}_role`")]);
    let found = line(&parts).join("\n");
    for right in ["SELECT (`b`, `mail`)", "UPDATE (`mail`)", "REFERENCES (`id`)"] {
        assert!(found.contains(right) || found.contains("SELECT (`mail`, `b`)"), "{right}: {found}");
    }
    assert!(!found.contains("users") && !found.contains("email"), "{found}");
    mariadb().sql(&tenant.url, &format!("DROP USER {whole}, {parts}; DROP ROLE {user}_role;"));
}
