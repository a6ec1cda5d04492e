//! Every ALTER says how it is carried out, and says what the server took.

use undrift::db::{Connection, Trouble};
use undrift::dialect::mysql::effects::{EFFECTS, Effect};
use undrift::dialect::mysql::online::Way;
use undrift::dialect::mysql::widening::{TYPES, TypeChange};
use undrift::dialect::{self};
use undrift::model::{Hazard, Renames, Vendor};

use super::support::{Engine, Tenant};
use super::{connect, database, plan_between, read, run};

/// The body of a table in a script, whose parentheses need not be closed.
fn table(body: &str) -> String {
    let open = body.matches('(').count() + 1 > body.matches(')').count();
    format!("create table t ({body}{}", if open { ")" } else { "" })
}

/// Turns one table into another and returns the statements as the server took them.
async fn between(from: &str, to: &str) -> Vec<String> {
    let url = database("from", &table(from));
    let goal = read(&database("goal", &table(to))).await;
    let mut renames = Renames::default();
    if from.contains("a int") && to.contains("b int") && !to.contains("a int") {
        let old = [("b".to_owned(), vec!["a".to_owned()])].into_iter().collect();
        renames.columns.insert(undrift::model::QName::bare("t"), old);
    }
    let plan = plan_between(&url, &read(&url).await, &goal, &renames).await;
    run(&url, &plan).await
}

fn all_say(statements: &[String], way: Way) -> bool {
    !statements.is_empty() && statements.iter().all(|sql| sql.contains(way.clause(Vendor::Mariadb)))
}

#[tokio::test]
async fn the_server_does_what_the_table_of_effects_says() {
    let mut wrong = Vec::new();
    for Effect { change, mariadb, example: [from, to], .. } in EFFECTS {
        let taken = if *change == "rename a column" { renamed().await } else { between(from, to).await };
        if !all_say(&taken, *mariadb) {
            wrong.push(format!("{change}: {mariadb:?}, but {}", taken.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A declared rename is a batch of its own.
async fn renamed() -> Vec<String> {
    use undrift::model::{Change, Fingerprint, QName};
    use undrift::plan::{self, Batch};
    let url = database("rename", "create table t (id int, a int)");
    let from = read(&url).await;
    let changes = [Change::RenameColumn { table: QName::bare("t"), from: "a".into(), to: "b".into(), transform: None }];
    let to = from.evolve(&changes);
    let dialect = dialect::of(connect(&url).await.platform());
    let nothing = Batch { from: &to, to: &to, changes: &[] };
    let renames = Batch { from: &from, to: &to, changes: &changes };
    run(&url, &plan::build(&*dialect, Fingerprint::of(&from), renames, nothing, Vec::new()).unwrap()).await
}

#[tokio::test]
async fn the_server_does_what_the_table_of_types_says() {
    let mut wrong = Vec::new();
    for row in TYPES {
        let [from, to] = row.types.map(|data_type| format!("id int, a {data_type}"));
        let taken = between(&from, &to).await;
        let instant = row.instant_on_mariadb || row.fate == TypeChange::Instant;
        if !all_say(&taken, if instant { Way::Instant } else { Way::Copy }) {
            wrong.push(format!("{}: {}", row.words, taken.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What can be at once stays so beside everything else that changes in the table.
#[tokio::test]
async fn nothing_becomes_worse_by_sharing_a_statement() {
    let from = "id int primary key, c1 int, c2 int, c3 varchar(20), c4 enum('a'), c5 varchar(20) collate utf8mb4_general_ci,
        c6 varchar(20) collate utf8mb3_general_ci, c7 int as (id + 1) virtual, c8 int, d1 int, d2 int, d3 int as (id) virtual,
        d4 int as (id) stored, d5 int, key k8 (c8), constraint k5 check (d5 > 0)";
    let to = "id int primary key, c1 int default 5, c2 int invisible, c3 varchar(200), c4 enum('a','b'),
        c5 varchar(20) collate utf8mb4_bin, c6 varchar(20) collate utf8mb4_general_ci, c7 int as (id + 2) virtual, c8 int,
        d5 int, key l8 (c8), n1 int, n2 varchar(20) not null default 'x', n3 json, n4 int as (id + 1) virtual,
        n5 int as (id + 2) virtual) comment 'x' stats_persistent=1";
    let taken = between(from, to).await;
    assert!(all_say(&taken, Way::Instant), "{}", taken.join("\n"));
    assert!(taken.len() < 12, "what can share does:\n{}", taken.join("\n"));

    let from = format!("{from}, e1 int, e2 int not null default 1, e3 text, e4 text, e5 int");
    let more = "e1 bigint, e2 int default 1, e3 text, e4 text, e5 int, constraint k6 check (e5 > 0), key i1 (d5),
        fulltext key f3 (e3), fulltext key f4 (e4), n6 int as (id + 2) stored";
    let taken = between(&from, &to.replace(") comment", &format!(", {more}) comment"))).await;
    let of = |way: Way| taken.iter().filter(|sql| sql.contains(way.clause(Vendor::Mariadb))).collect::<Vec<_>>();
    let instant: String = of(Way::Instant).into_iter().cloned().collect();
    for clause in ["`n1`", "`c3`", "`n4`", "COMMENT=", "RENAME INDEX", "DROP COLUMN `d1`"] {
        assert!(instant.contains(clause), "{clause} is not at once any more:\n{}", taken.join("\n"));
    }
    assert!(of(Way::Copy).iter().all(|sql| ["`e1`", "`k6`", "`n6`"].iter().any(|own| sql.contains(own))));
    assert_eq!(of(Way::InplaceShared).len() + of(Way::NocopyShared).len(), 2, "{}", taken.join("\n"));
}

const OLD: &str = "
schema: old
tables:
  events:
    columns:
      id: { type: bigint, identity: true }
      town: { type: varchar(60), nullable: true }
    primary_key: [id]
    options: { mysql: { row_format: compressed } }
";

/// An `events` that needs all sorts of things, on a tenant whose `events` has rows.
fn tenant(new: &str) -> Tenant {
    let tenant = Tenant::empty(Engine::Mariadb);
    tenant.write("old.yaml", OLD);
    tenant.write("new.yaml", new);
    tenant.write("policy.yaml", "policy: some\nlimits: { max_copy_rows: 2 }\nrules: [{ name: all, then: allow }]\n");
    tenant.run(&["apply", "--url", &tenant.url, "--schema", "old.yaml"]).expect_code(0);
    tenant.sql("INSERT INTO events (town) VALUES ('a'), ('b'), ('c')");
    tenant
}

fn undrift(tenant: &Tenant, command: &str, more: &[&str]) -> super::support::Output {
    let fixed = [command, "--url", &tenant.url, "--schema", "new.yaml", "--policy", "policy.yaml"];
    tenant.run(&[&fixed, more].concat())
}

#[test]
fn the_plan_says_what_the_scratch_copy_took() {
    let tenant = tenant(&OLD.replace("      town:", "      phone: { type: varchar(9), nullable: true }\n      town:"));
    let plan = undrift(&tenant, "plan", &["--format", "sql"]).expect_code(2).stdout;
    assert!(plan.contains("ALGORITHM=INPLACE, LOCK=NONE"), "a compressed table cannot be altered instantly:\n{plan}");
    let json = undrift(&tenant, "plan", &["--format", "json"]).expect_code(2).stdout;
    assert!(json.contains(Hazard::RewritesTable.key()) && !json.contains(Hazard::CopiesTable.key()), "{json}");
    undrift(&tenant, "apply", &["--yes"]).expect_code(0);
    assert_eq!(tenant.query("SELECT COUNT(*), COUNT(phone) FROM events"), "3\t0");
}

#[test]
fn a_copy_of_a_large_table_waits_for_a_person() {
    let tenant = tenant(&OLD.replace("varchar(60)", "text"));
    let refused = undrift(&tenant, "apply", &[]);
    let told = refused.expect_code(3).stdout.clone();
    assert!(told.contains("the server copies the table with its 3 rows; max_copy_rows is 2"), "{told}");
    tenant.write("policy.yaml", "policy: some\nlimits: { max_copy_rows: 3 }\nrules: [{ name: all, then: allow }]\n");
    undrift(&tenant, "apply", &["--yes"]).expect_code(0);
    assert_eq!(tenant.query("SELECT GROUP_CONCAT(town ORDER BY id) FROM events"), "a,b,c");
}

#[tokio::test]
async fn a_tenant_that_the_server_cannot_change_so_says_what_to_do() {
    let url = database("refused", "create table t (id int) row_format=compressed");
    let mut session = connect(&url).await;
    let error = session.execute("ALTER TABLE `t` ADD COLUMN `a` INT, ALGORITHM=INSTANT, LOCK=NONE").await.unwrap_err();
    assert_eq!((error.trouble, error.code.as_deref()), (Trouble::NotThatWay, Some("1845")));
    assert!(!error.trouble.passes() && error.advice().contains("ALTER TABLE … FORCE"), "{}", error.advice());
    assert_eq!(
        session
            .count(
                "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = 't' AND TABLE_SCHEMA = DATABASE()"
            )
            .await
            .unwrap(),
        1
    );
}
