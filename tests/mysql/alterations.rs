//! Each kind of change on tables with rows: the goal is reached, a second look finds nothing, the rows are there.

use undrift::diff::difference;
use undrift::model::{Change, Column, Plan, QName, Renames, Schema};

use super::support::mariadb;
use super::{connect, database, plan_between, read, run};

/// Turns the first structure, with its rows, into the second one and returns the URL.
async fn alter(from: &str, rows: &str, to: &str) -> String {
    let url = database("from", &format!("{from}; {rows}"));
    let goal = read(&database("goal", to)).await;
    apply(&url, &goal, &Renames::default()).await;
    url
}

async fn apply(url: &str, goal: &Schema, renames: &Renames) -> Plan {
    let before = read(url).await;
    let plan = plan_between(url, &before, goal, renames).await;
    run(url, &plan).await;
    let remaining = difference(&read(url).await, goal, renames).changes;
    assert_eq!(remaining, [], "after\n{}", statements(&plan).join(";\n"));
    plan
}

fn statements(plan: &Plan) -> Vec<String> {
    plan.steps.iter().flat_map(|step| step.statements.clone()).collect()
}

/// Pairs of structures between which there is a way in both directions.
pub const PAIRS: &[(&str, &str)] = &[
    ("create table t (id int)", "create table t (id int, a int not null default 1, b text, c json, d timestamp null)"),
    (
        "create table t (id int, a varchar(10) default 'x')",
        "create table t (id int, a varchar(300) collate latin1_bin not null default '')",
    ),
    ("create table t (id int, a int)", "create table t (id int, a bigint unsigned)"),
    ("create table t (id int)", "create table t (id int, n int not null auto_increment primary key)"),
    ("create table t (id int not null)", "create table t (id int not null auto_increment, primary key (id))"),
    ("create table t (id int primary key)", "create table t (id int not null auto_increment, key by_id (id))"),
    (
        "create table t (id int auto_increment primary key, a int default 1)",
        "create table t (id int auto_increment, a int not null default 1, key (id), primary key (a, id))",
    ),
    ("create table t (id int, a int)", "create table t (id int, a int as (id + 1) stored)"),
    ("create table t (id int, a int as (id + 1) stored)", "create table t (id int, a int as (id + 1) virtual)"),
    (
        "create table t (id int, a int as (id + 1) virtual, key ka (a))",
        "create table t (id int, a int as (id + 2) stored, key ka (a))",
    ),
    ("create table t (id int, a int as (id + 1) virtual, key ka (a))", "create table t (id int, a int, key ka (a))"),
    ("create table t (id int, a int as (id + 1) virtual)", "create table t (id int, z int, a int as (z + 1) virtual)"),
    ("create table t (id int, a varchar(20), key ka (a))", "create table t (id int, a text, key ka (a(5)))"),
    ("create table t (id int, a int, b int, key k (a, b))", "create table t (id int, b int, c int, key k (b, c))"),
    ("create table t (id int, a int, unique key u (a, id))", "create table t (id int)"),
    (
        "create table t (id int, a int, key k1 (a), key k2 (id, a))",
        "create table t (id int, a int, key k3 (a), unique key k2 (id))",
    ),
    (
        "create table t (id int, constraint c check (id > 0))",
        "create table t (id int, constraint c check (id > -1), constraint d check (id <> 99))",
    ),
    ("create table t (id int, a int, constraint c check (a < 5))", "create table t (id int)"),
    (
        "create table p (id int primary key); create table t (id int, a int, constraint f3 foreign key (a) references p (id))",
        "create table p (id int primary key); create table t (id int, a int, constraint f3 foreign key (a) references p (id),
            constraint f2 foreign key (a) references p (id) on delete cascade)",
    ),
    (
        "create table t (id int, a int, b int, g int as (id + 1) virtual, constraint c check (length('t') = 1))",
        "create table t (id int, g int as (id + 1) stored, constraint c check (length('t') = 1))",
    ),
    ("create table t (id int check (id < 50))", "create table t (id int, constraint c check (id < 50))"),
    (
        "create table t (id int, a varchar(9), b varchar(9) collate latin1_bin)",
        "create table t (id int, a varchar(9), b varchar(9) collate latin1_bin) collate latin1_bin",
    ),
    (
        "create table t (id int, a varchar(9), b enum('x','y'))",
        "create table t (id int, a varchar(19), b enum('x','y','z')) collate utf8mb4_general_ci comment 'c' row_format=compact",
    ),
    ("create table t (id int)", "create table t (id int) engine=myisam checksum=1"),
    ("create table t (id int)", "create table t (id int) partition by hash (id) partitions 3"),
    ("create table t (id int)", "create table t (id int, b int not null default 1) partition by hash (b) partitions 3"),
    ("create table t (id int comment 'a' default 3)", "create table t (id int invisible default 4 comment 'b', x int)"),
    ("create table t (id int, j longtext)", "create table t (id int, j json)"),
    ("create table t (id int, c text, fulltext key f (c))", "create table t (id int, c text)"),
    (
        "create table t (id int, k timestamp null default '2020-01-01 00:00:00')",
        "create table t (id int, k timestamp not null default current_timestamp on update current_timestamp)",
    ),
];

#[tokio::test]
async fn there_and_back_again() {
    for (one, two) in PAIRS {
        for (from, to) in [(one, two), (two, one)] {
            let url = alter(from, "insert into t (id) values (1), (2)", to).await;
            assert_eq!(mariadb().query(&url, "select count(*), sum(id) from t"), "2\t3", "{from} → {to}");
        }
    }
}

/// The same for tables that refer to each other.
pub const FAMILIES: &[(&str, &str)] = &[
    (
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id))",
        "create table p (id bigint primary key); create table c (p bigint, constraint f foreign key (p) references p (id))",
    ),
    (
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id))",
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id) on delete set null)",
    ),
    (
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id))",
        "create table p (id int primary key); create table c (p int, q int, key pq (p, q), constraint f foreign key (p) references p (id))",
    ),
    (
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id))",
        "create table p (id int primary key); create table c (p int, constraint g foreign key (p) references p (id))",
    ),
    (
        "create table p (id int primary key); create table c (p int, constraint f foreign key (p) references p (id))",
        "create table c (p int)",
    ),
    (
        "create table p (id int primary key); create table c (p int, key x (p), constraint f foreign key (p) references p (id))",
        "create table p (id int primary key); create table c (p int, r int, key y (p, r), constraint f foreign key (p) references p (id))",
    ),
    (
        "create table p (id int primary key, k varchar(9), unique key kk (k)); create table c (p varchar(9), constraint f foreign key (p) references p (k))",
        "create table p (id int primary key, k varchar(19) collate latin1_bin, unique key kk (k)) ; create table c (p varchar(19) collate latin1_bin, constraint f foreign key (p) references p (k))",
    ),
    (
        "create table p (id int primary key, k varchar(9), unique key kk (k)); create table c (p varchar(9), constraint f foreign key (p) references p (k))",
        "create table p (id int primary key, k varchar(9), unique key kk (k)) collate latin1_bin; create table c (p varchar(9), constraint f foreign key (p) references p (k)) collate latin1_bin",
    ),
    (
        "create table a (id int primary key, b int); create table b (id int primary key, a int, foreign key (a) references a (id)); alter table a add foreign key (b) references b (id)",
        "create table z (id int)",
    ),
    (
        "create table p (id int auto_increment primary key, up int, constraint s foreign key (up) references p (id))",
        "create table p (id bigint auto_increment primary key, up bigint, constraint s foreign key (up) references p (id) on delete cascade)",
    ),
    (
        "create table p (a int, b int, key ab (a, b)); create table c (x int, y int, constraint f foreign key (x, y) references p (a, b))",
        "create table p (a int, b int, d int, unique key abd (a, b, d)); create table c (x int, y int, constraint f foreign key (x, y) references p (a, b))",
    ),
];

#[tokio::test]
async fn families_too() {
    for (one, two) in FAMILIES {
        for (from, to) in [(one, two), (two, one)] {
            alter(from, "", to).await;
        }
    }
}

#[tokio::test]
async fn an_implicit_index_that_stays_stays() {
    let start = "create table p (id int primary key); create table c (x int, y int, constraint f foreign key (x) references p (id))";
    let url = database("implicit", start);
    let before = read(&url).await;
    let wanted = "create table p (id int primary key); create table c (x int, y int, key f (x), key xy (x, y), constraint f foreign key (x) references p (id))";
    let goal = read(&database("goal", wanted)).await;
    assert_eq!(difference(&before, &goal, &Renames::default()).changes.len(), 1);
    apply(&url, &goal, &Renames::default()).await;
}

#[tokio::test]
async fn harmless_changes_do_not_share_a_statement_with_harmful_ones() {
    let url = database("shared", "create table t (id int, gone int, a int)");
    let goal = read(&database("goal", "create table t (id int, n1 int, n2 int, a bigint comment 'x')")).await;
    let plan = apply(&url, &goal, &Renames::default()).await;
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles, ["t: add column n1, add column n2", "alter column t.a", "drop column t.gone"]);
    assert!(plan.steps[0].hazards.is_empty());
}

#[tokio::test]
async fn new_columns_are_filled() {
    let start = "create table t (id int primary key, name varchar(20), seen timestamp not null default '2020-01-01 00:00:00' on update current_timestamp)";
    let url = database("filled", &format!("{start}; insert into t (id, name) values (0, 'Ada L'), (7, 'Bob B');"));
    let wanted = "create table t (id int primary key, name varchar(20) not null,
        seen timestamp not null default '2020-01-01 00:00:00' on update current_timestamp,
        first varchar(20) not null, uuid char(36) not null, extra int, unique key u (uuid))";
    let goal = read(&database("goal", wanted)).await;
    let fills = [("first", "substring_index(name, ' ', 1)"), ("uuid", UUID), ("extra", "id * 2"), ("name", "'?'")];
    let fills = fills.into_iter().map(|(column, sql)| (column.to_owned(), sql.to_owned())).collect();
    let mut renames = Renames::default();
    renames.fills.insert(QName::bare("t"), fills);
    mariadb().sql(&url, "alter table t add undrift_new_first int");
    apply(&url, &goal, &renames).await;
    assert_eq!(
        mariadb().query(&url, "select id, first, extra, seen, length(uuid) from t order by id"),
        "0\tAda\t0\t2020-01-01 00:00:00\t36\n7\tBob\t14\t2020-01-01 00:00:00\t36"
    );
}

const UUID: &str =
    "concat(left(lower(hex(random_bytes(4))), 8), '-0000-4000-8000-', left(lower(hex(random_bytes(6))), 12))";

#[tokio::test]
async fn generated_values_are_uuids_and_each_is_another() {
    use undrift::db::Connection;
    use undrift::dialect::{self, Generator};
    let url = database("uuids", "create table t (id int, u char(36)); insert into t (id) values (1), (2), (3);");
    let mut session = connect(&url).await;
    let dialect = dialect::of(session.platform());
    for (generator, version) in [(Generator::Uuid, '4'), (Generator::UuidV7, '7')] {
        session.execute(&format!("UPDATE t SET u = ({})", dialect.generate(generator).unwrap())).await.unwrap();
        let form = format!("^[0-9a-f]{{8}}-[0-9a-f]{{4}}-{version}[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$");
        assert_eq!(mariadb().query(&url, &format!("select count(distinct u), sum(u regexp '{form}') from t")), "3\t3");
    }
}

#[tokio::test]
async fn two_columns_merge_unless_they_disagree() {
    use undrift::db::{Connection, Trouble};
    let start = "create table t (id int, password varchar(20), password_hash varchar(20), unique key both_of_them (password, id)); create table p (id int)";
    let url =
        database("merge", &format!("{start}; insert into t values (1, 'a', null), (2, null, 'b'), (3, 'C', 'c');"));
    let goal =
        read(&database("goal", "create table t (id int, password_hash varchar(20)); create table p (id int)")).await;
    let mut renames = Renames::default();
    let old = [("password_hash".to_owned(), vec!["password".to_owned()])].into_iter().collect();
    renames.columns.insert(QName::bare("t"), old);
    let before = read(&url).await;
    let mut plan = plan_between(&url, &before, &goal, &renames).await;
    let position = |plan: &Plan, verb: &str| plan.steps.iter().position(|step| step.title.starts_with(verb)).unwrap();
    let (copy, step) = (position(&plan, "copy"), position(&plan, "merge"));
    let mut session = connect(&url).await;
    assert_eq!(
        session.count(&plan.steps[copy].preconditions[0].query).await.unwrap(),
        1,
        "only case differs, but it differs"
    );
    let stopped = {
        session.execute(&plan.steps[step].statements[0]).await.unwrap();
        session.execute(&plan.steps[step].statements[1]).await.unwrap_err()
    };
    assert_eq!(stopped.trouble, Trouble::Data);
    assert_eq!(session.count("SELECT COUNT(*) FROM p").await.unwrap(), 0, "no table is locked any more");
    mariadb().sql(&url, "update t set password = 'c' where id = 3");
    plan.steps.iter_mut().for_each(|step| step.hazards.clear());
    run(&url, &plan).await;
    assert_eq!(mariadb().query(&url, "select * from t order by id"), "1\ta\n2\tb\n3\tc");
}

#[tokio::test]
async fn rows_in_the_way_are_counted_beforehand() {
    let start = "create table p (id int primary key); create table t (id int, a int, b int)";
    let url = database("facts", &format!("{start}; insert into t values (1, 5, null), (1, 6, 3), (2, null, 4);"));
    let wanted = "create table p (id int primary key); create table t (id int, a int not null, b int, c int not null,
        unique key u (id), constraint f foreign key (b) references p (id), constraint k check (a > 5))";
    let goal = read(&database("goal", wanted)).await;
    let before = read(&url).await;
    let plan = plan_between(&url, &before, &goal, &Renames::default()).await;
    let mut findings = Vec::new();
    let mut session = connect(&url).await;
    for precondition in plan.steps.iter().flat_map(|step| &step.preconditions) {
        use undrift::db::Connection;
        let found = session.count(&precondition.query).await.unwrap();
        findings.push(precondition.finding.replace("{n}", &found.to_string()));
    }
    findings.sort();
    assert_eq!(
        findings,
        [
            "1 rows of t have NULL in a: declare a backfill",
            "1 rows of t violate the check k",
            "1 values of u stand in more than one row of t",
            "2 rows of t refer by (b) to rows that p does not have",
            "3 rows of t would have no value for c: declare a default or a backfill",
        ]
    );
}

#[tokio::test]
async fn renames_take_everything_with_them() {
    let start = "create table users (id int primary key, password varchar(9), n int, g int as (n + 1) virtual,
        key kp (password), constraint c check (n > 0));
        create table roles (u int, constraint f foreign key (u) references users (id))";
    let url = database("renames", &format!("{start}; insert into users (id, password, n) values (1, 'x', 2);"));
    let from = read(&url).await;
    let users = QName::bare("tenant_users");
    let rename = |old: &str, new: &str| Change::RenameColumn {
        table: users.clone(),
        from: old.into(),
        to: new.into(),
        transform: None,
    };
    let changes = [
        Change::RenameTable { from: QName::bare("users"), to: users.clone() },
        rename("password", "password_hash"),
        rename("n", "g2"),
    ];
    let to = from.evolve(&changes);
    let session = connect(&url).await;
    let dialect = undrift::dialect::of(undrift::db::Connection::platform(&session));
    let renames = undrift::plan::Batch { from: &from, to: &to, changes: &changes };
    let nothing = undrift::plan::Batch { from: &to, to: &to, changes: &[] };
    let plan =
        undrift::plan::build(&*dialect, undrift::model::Fingerprint::of(&from), renames, nothing, Vec::new()).unwrap();
    run(&url, &plan).await;
    assert_eq!(plan.steps.len(), 2);
    let after = read(&url).await;
    let names: Vec<&str> = after.tables[&users].columns.iter().map(|column: &Column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "password_hash", "g2", "g"]);
    assert_eq!(mariadb().query(&url, "select password_hash, g from tenant_users"), "x\t3");
}
