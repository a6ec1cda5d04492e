//! Indexes that the server makes for foreign keys: whatever they are called, they are no drift.

use super::support::{Engine, Tenant};

const SCHEMA: &str = "
schema: shop
tables:
  parents:
    columns: { id: bigint }
    primary_key: [id]
  children:
    columns: { id: bigint, parent_id: bigint, other_id: bigint, n: { type: int, nullable: true } }
    primary_key: [id]
    foreign_keys:
      - { columns: [parent_id], references: parents(id) }
      - { name: to_other, columns: [other_id], references: parents(id) }
";

const TABLES: &str = "create table parents (id bigint not null primary key);
    create table children (id bigint not null primary key, parent_id bigint not null, other_id bigint not null, n int";

fn tenant(extras: &str, members: &str) -> Tenant {
    let tenant = Tenant::empty(Engine::Mariadb);
    tenant.write("shop.yaml", &format!("extras: {extras}{SCHEMA}"));
    tenant.write("all.yaml", include_str!("../../policies/permissive.yaml"));
    tenant.sql(&format!("{TABLES}{members});"));
    tenant
}

fn run(tenant: &Tenant, command: &[&str], code: i32) -> String {
    let files = ["--url", &tenant.url, "--schema", "shop.yaml", "--policy", "all.yaml"];
    tenant.run(&[command, &files].concat()).expect_code(code).stdout
}

fn indexed(tenant: &Tenant) -> String {
    tenant.query(
        "select group_concat(column_name order by column_name) from information_schema.statistics
         where table_schema = database() and table_name = 'children' and index_name <> 'PRIMARY'",
    )
}

#[test]
fn their_names_are_the_servers_business() {
    let members = ", key own_name (parent_id), key other_id (other_id),
        constraint children_ibfk_1 foreign key (parent_id) references parents (id),
        constraint to_other foreign key (other_id) references parents (id)";
    for extras in ["report", "drop"] {
        let tenant = tenant(extras, members);
        let plan = run(&tenant, &["plan"], 0);
        assert!(plan.contains("1 in sync"), "{plan}");
        let diff = tenant.run(&["diff", &tenant.url, "shop.yaml"]).expect_code(0);
        assert_eq!(diff.stdout, "");
    }
}

#[test]
fn another_index_may_stand_for_them_as_long_as_it_stays() {
    let members = ", key wide (parent_id, n), key wider (other_id, n),
        constraint children_ibfk_1 foreign key (parent_id) references parents (id),
        constraint to_other foreign key (other_id) references parents (id)";
    let kept = tenant("report", members);
    let plan = run(&kept, &["plan"], 2);
    assert!(plan.contains("children.wider") && !plan.contains("ALTER TABLE"), "{plan}");
    let dropped = tenant("drop", members);
    run(&dropped, &["apply", "--yes"], 0);
    assert_eq!(indexed(&dropped), "other_id,parent_id");
    run(&dropped, &["plan"], 0);
}

#[test]
fn they_come_with_their_keys() {
    for extras in ["report", "drop"] {
        let tenant = tenant(extras, "");
        let apply = run(&tenant, &["apply", "--yes"], 0);
        assert!(apply.contains("1 repaired"), "{apply}");
        assert!(!apply.contains("ADD INDEX") && !apply.contains("ADD KEY"), "{apply}");
        assert_eq!(indexed(&tenant), "other_id,parent_id");
        run(&tenant, &["plan"], 0);
    }
}
