//! What is read, rendered, built and read again is the same.

use undrift::db::Connection;
use undrift::model::Fingerprint;

use super::{build, connect, database, read};

const RICH: &str = r#"
create table parents (id bigint unsigned not null auto_increment primary key, code varchar(10) character set latin1,
  a int not null, b int not null, unique key (code), key ab (a, b));
create table everything (
  id int auto_increment primary key, a int default 5, b varchar(20) not null default 'it''s \\ x', c text, d json,
  e json not null default '{}' comment 'json with ''quotes''', f timestamp default current_timestamp on update current_timestamp,
  g datetime(6) default current_timestamp(6), h char(36) default uuid(), i int default (1+2),
  j datetime default (now() + interval 1 day), k int generated always as (a+1) virtual,
  l varchar(50) as (concat(b,' x','é')) stored comment 'computed', m int invisible default 3,
  n enum('a','b''c','') default 'a', o set('x','y'), p bigint unsigned, q double(8,2), r bit(3) default b'101',
  s varchar(10) collate utf8mb4_bin, u varchar(10) character set latin1, v int check (v > 0), x longtext compressed,
  y point not null, z binary(16), aa decimal(10,2) default 0, ab year, ac bool not null default true, ad timestamp null,
  ae varchar(10) default null comment 'a ''q'' \n \\', af inet6, ag date default '0000-00-00', ah tinytext not null default 'x',
  ai int unsigned zerofill, aj double default 1e10, ak int default -5, al blob default x'00ff', am text default concat('a',"b'c"),
  an longtext collate utf8mb4_bin check (json_valid(an)), ao timestamp default '2020-02-02 02:02:02', ap time(3), aq int as (id) virtual,
  x1 int not null, x2 int not null,
  key k1 (a desc, b(5)), unique key u1 (b,a) comment 'cc', fulltext key ft (c), spatial key sp (y), key kh (s) using hash,
  key kb (a) using btree, key ign (q) ignored, key virt (k), unique key longer (c) using hash,
  constraint fkp foreign key (p) references parents(id) on delete cascade on update no action,
  foreign key (u) references parents(code) on delete restrict on update set null,
  constraint fk2 foreign key (x1, x2) references parents (a, b), constraint self foreign key (ak) references everything (id),
  constraint chk check (a > 0 and b like '%@%'), check (a < 100 or b <> ')')
) comment='tab ''c''' row_format=dynamic stats_persistent=0;
create table other_collation (a varchar(5), b varchar(5) collate utf8mb4_unicode_ci, c enum('x'), d varchar(5) collate latin1_german2_ci)
  collate latin1_german1_ci;
create table isam (a int, key (a)) engine=myisam checksum=1;
create table compressed (a int) page_compressed=1;
create table parted (a int, b int, key (b)) partition by range (a)
  (partition p0 values less than (10), partition p1 values less than maxvalue);
create table hashed (a int) partition by hash (a) partitions 4;
create table circle_a (id int primary key, b int);
create table circle_b (id int primary key, a int, foreign key (a) references circle_a (id));
alter table circle_a add foreign key (b) references circle_b (id);
"#;

#[tokio::test]
async fn a_schema_built_from_what_was_read_is_read_again_the_same() {
    let url = database("rich", RICH);
    let first = read(&url).await;
    assert_eq!(first.opaque, []);
    let copy = build("rich_copy", &first).await;
    let second = read(&copy).await;
    for (name, table) in &first.tables {
        assert_eq!(Some(table), second.tables.get(name));
    }
    assert_eq!(Fingerprint::of(&first), Fingerprint::of(&second));
}

#[tokio::test]
async fn canonical_forms_say_what_people_would() {
    let schema = read(&database("canon", RICH)).await;
    let table = &schema.tables[&undrift::model::QName::bare("everything")];
    let column = |name: &str| table.column(name).unwrap();
    assert_eq!(column("d").data_type, "json");
    assert_eq!((column("d").collation.as_deref(), column("d").options.len()), (None, 0));
    assert_eq!(column("an").data_type, "json", "the same thing spelled out");
    assert_eq!(column("s").collation.as_deref(), Some("utf8mb4_bin"));
    assert_eq!(column("b").collation, None);
    assert_eq!(column("v").options["check"], "`v` > 0");
    assert_eq!(column("x").options["compressed"], "true");
    assert_eq!(column("ad").default, None);
    assert_eq!(column("h").default.as_deref(), Some("uuid()"));
    let key = table.foreign_keys.iter().find(|key| key.name.as_deref() == Some("fkp")).unwrap();
    assert_eq!((key.on_delete.as_deref(), key.on_update.as_deref()), (Some("CASCADE"), None));
    assert!(!table.options.contains_key("engine") && !table.options.contains_key("collation"));
    assert_eq!(schema.tables[&undrift::model::QName::bare("isam")].options["engine"], "MyISAM");
}

#[tokio::test]
async fn a_scratch_copy_is_like_the_original() {
    let sql = format!(
        "{RICH} create sequence numbers start with 5; create table counted (n int default nextval(numbers));
         create table versioned (a int) with system versioning; create view seen as select a from isam;
         create trigger tick before insert on isam for each row set new.a = 1;
         create procedure act() select 1; create event later on schedule every 1 day do select 1;"
    );
    let url = database("original", &sql);
    let mut session = connect(&url).await;
    let original = session.read().await.unwrap();
    let kinds: Vec<&str> = original.schema.opaque.iter().map(|opaque| opaque.kind.as_str()).collect();
    assert_eq!(kinds, ["sequence", "system-versioned table", "view", "procedure", "trigger", "event"]);
    assert!(
        original.schema.opaque.iter().all(|opaque| opaque.sql.as_ref().is_some_and(|sql| !sql.contains("DEFINER=")))
    );
    let mut scratch = session.scratch(None, &original.schema).await.unwrap();
    for statement in original.copy.as_ref().unwrap() {
        scratch.session.execute(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    let copied = scratch.session.read().await.unwrap();
    assert_eq!(Fingerprint::of(&copied.schema), Fingerprint::of(&original.schema));
    scratch.discard().await.unwrap();
    session.close().await;
}
