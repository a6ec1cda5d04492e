//! Every modelled property changes the fingerprint, history does not.

use undrift::db::Connection;
use undrift::model::Fingerprint;

use super::{connect, database, read};

const BASE: &str = "
create table p (id int primary key, code varchar(9), key pc (code));
create table t (id int auto_increment primary key, a int default 1, b varchar(20) not null, c text, v int as (a + 1) virtual,
  s int as (a + 2) stored, ts timestamp null, e enum('x','y'), d decimal(10,2), f int, j json,
  key ka (a), key kab (a, d), unique key ub (b), fulltext key ftc (c), constraint fk foreign key (f) references p (id),
  constraint ck check (a > 0)) comment 'c';
";

/// Each changes one thing.
const ALTERATIONS: &[&str] = &[
    "create table more (a int)",
    "drop table t",
    "alter table t add z int",
    "alter table t drop column ts",
    "alter table t rename column ts to ts2",
    "alter table t modify a bigint default 1",
    "alter table t modify a int unsigned default 1",
    "alter table t modify a int not null default 1",
    "alter table t modify a int default 2",
    "alter table t modify a int",
    "alter table t modify a int default 1 comment 'x'",
    "alter table t modify a int default 1 invisible",
    "alter table t modify a int default 1 check (a < 9)",
    "alter table t modify b varchar(21) not null",
    "alter table t modify b varchar(20) collate utf8mb4_bin not null",
    "alter table t modify b varchar(20) character set latin1 not null",
    "alter table t modify v int as (a + 3) virtual",
    "alter table t modify s int as (a + 3) stored",
    "alter table t modify s int",
    "alter table t modify ts timestamp null on update current_timestamp",
    "alter table t modify ts timestamp null default current_timestamp",
    "alter table t modify ts timestamp(3) null",
    "alter table t modify e enum('y','x')",
    "alter table t modify e enum('x','y','z')",
    "alter table t modify d decimal(10,3)",
    "alter table t modify j longtext",
    "alter table t drop key ftc, modify c text compressed",
    "alter table t modify id int not null",
    "alter table t comment 'd'",
    "alter table t row_format=compact",
    "alter table t collate latin1_bin",
    "alter table p engine=aria",
    "alter table t drop key ka",
    "alter table t rename index ka to kb",
    "alter table t drop key ka, add unique key ka (a)",
    "alter table t drop key ka, add key ka (a desc)",
    "alter table t drop key ka, add key ka (a, b)",
    "alter table t drop key kab, add key kab (d, a)",
    "alter table t drop key ub, add unique key ub (b(5))",
    "alter table t drop key ka, add key ka (a) comment 'x'",
    "alter table t alter index ka ignored",
    "alter table t drop key ftc",
    "alter table t drop primary key, add primary key (id, a)",
    "alter table t drop foreign key fk",
    "alter table t drop foreign key fk; alter table t add constraint fk foreign key (f) references p (id) on delete cascade",
    "alter table t drop foreign key fk; alter table t add constraint fk foreign key (f) references p (id) on update set null",
    "alter table t drop foreign key fk; alter table t add constraint fk2 foreign key (f) references p (id)",
    "alter table t drop constraint ck",
    "alter table t drop constraint ck, add constraint ck check (a > 1)",
    "alter table t drop constraint ck, add constraint ck2 check (a > 0)",
    "alter table p partition by hash (id) partitions 2",
];

#[tokio::test]
async fn each_property_counts() {
    let base = Fingerprint::of(&read(&database("base", BASE)).await);
    let mut seen = std::collections::BTreeMap::new();
    for alteration in ALTERATIONS {
        // A partitioned table cannot be referred to.
        let first = if alteration.contains("partition") || alteration.contains("aria") {
            "alter table t drop foreign key fk;"
        } else {
            ""
        };
        let url = database("altered", &format!("{BASE} {first} {alteration};"));
        let found = Fingerprint::of(&read(&url).await);
        assert_ne!(found, base, "{alteration}");
        if let Some(other) = seen.insert(found, alteration) {
            panic!("{alteration} looks like {other}");
        }
    }
}

#[tokio::test]
async fn history_does_not_count() {
    let base = database("history", BASE);
    let other = database(
        "history",
        "create table p (code varchar(9), id int, primary key (id)); create index pc on p (code);
         create table t (s int, gone int, id int auto_increment primary key, f int, constraint fk foreign key (f) references p (id));
         alter table t drop column s, drop column gone, add b varchar(20) not null, add d decimal(10,2), add a int default 1,
           add c text, add e enum('x','y'), add ts timestamp null, add j json, comment 'c';
         alter table t add v int as (a + 1) virtual, add s int as (a + 2) stored, add constraint ck check (a > 0);
         alter table t add unique key ub (b), add key kab (a, d), add key ka (a), add fulltext key ftc (c);
         insert into p values ('x', 1); insert into t (b, f) values ('x', 1), ('y', null); delete from t;",
    );
    let (mut one, mut two) = (connect(&base).await, connect(&other).await);
    let (one, two) = (one.read().await.unwrap(), two.read().await.unwrap());
    assert_eq!(Fingerprint::of(&one.schema), Fingerprint::of(&two.schema));
    assert_ne!(one.raw, two.raw, "the raw key may tell histories apart");
}

#[tokio::test]
async fn counters_do_not_count() {
    let url = database("counter", BASE);
    let mut session = connect(&url).await;
    let before = session.read().await.unwrap().raw;
    super::support::mariadb().sql(&url, "alter table t auto_increment = 4711");
    assert_eq!(session.read().await.unwrap().raw, before);
    super::support::mariadb().sql(&url, "alter table t comment 'AUTO_INCREMENT=4711'");
    assert_ne!(session.read().await.unwrap().raw, before);
}
