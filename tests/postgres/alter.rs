//! Each kind of alteration, on tables with rows: the goal is reached and the rows are still there.

use super::engine::{assert_same, changes, dialect, ordered, read, run, schema_of, session};
use super::support::postgres;
use undrift::db::{Connection, Session};
use undrift::model::{Change, Column, Hazard, Op, Property, QName, Schema};

/// Brings a database from one script's structure to another's and returns what a query says then.
pub async fn altered(from: &str, to: &str, query: &str) -> String {
    let goal_url = postgres().database("goal");
    postgres().sql(&goal_url, to);
    let goal = schema_of(&goal_url).await;
    let url = postgres().database("start");
    postgres().sql(&url, from);
    let mut tenant = session(&url).await;
    let start = read(&mut tenant).await;
    let changes = changes(&start, &goal);
    let ops = ordered(dialect(&tenant).ops(&start, &goal, &changes));
    assert_all_carried_out(&changes, &ops);
    run(&mut tenant, &ops).await;
    assert_same(&read(&mut tenant).await, &goal);
    tenant.close().await;
    postgres().query(&url, query)
}

/// Every change has an operation, and says in its hazards what it may cost.
fn assert_all_carried_out(changes: &[Change], ops: &[Op]) {
    for (at, change) in changes.iter().enumerate() {
        assert!(ops.iter().any(|op| op.changes.contains(&at)), "nothing carries out {change:?}");
    }
}

macro_rules! alterations {
    ($($name:ident: $from:expr => $to:expr; $query:expr => $expected:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            assert_eq!(altered($from, $to, $query).await, $expected);
        }
    )*};
}

alterations! {
    strings_grow_and_shrink:
        "CREATE TABLE t (a varchar(10) DEFAULT 'x', b varchar(50), c text, d char(3));
         CREATE INDEX i ON t (a); INSERT INTO t VALUES ('a', 'b', 'c', 'd')"
        => "CREATE TABLE t (a varchar(20) DEFAULT 'x', b varchar(5) DEFAULT 'n', c varchar(10), d text);
            CREATE INDEX i ON t (a)";
        "SELECT * FROM t" => "a|b|c|d";

    storage_stays_what_it_is:
        "CREATE TABLE t (a text); ALTER TABLE t ALTER a SET STORAGE external; INSERT INTO t VALUES ('x')"
        => "CREATE TABLE t (a varchar(60)); ALTER TABLE t ALTER a SET STORAGE external";
        "SELECT a FROM t" => "x";

    integers_grow_with_their_sequences_and_references:
        "CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE q (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
         CREATE TABLE c (p_id integer REFERENCES p, q_id integer REFERENCES q ON DELETE CASCADE);
         INSERT INTO p DEFAULT VALUES; INSERT INTO q DEFAULT VALUES; INSERT INTO c VALUES (1, 1)"
        => "CREATE TABLE p (id bigserial PRIMARY KEY); CREATE TABLE q (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
            CREATE TABLE c (p_id bigint REFERENCES p, q_id bigint REFERENCES q ON DELETE CASCADE)";
        "INSERT INTO p DEFAULT VALUES; SELECT (SELECT max(id) FROM p), p_id, q_id FROM c" => "2|1|1";

    keys_become_uuids_on_both_sides:
        "CREATE TABLE p (id varchar(36) PRIMARY KEY); CREATE TABLE c (p_id varchar(36) REFERENCES p (id));
         INSERT INTO p VALUES ('11111111-1111-1111-1111-111111111111'); INSERT INTO c SELECT id FROM p"
        => "CREATE TABLE p (id uuid PRIMARY KEY); CREATE TABLE c (p_id uuid REFERENCES p (id))";
        "SELECT count(*) FROM p JOIN c ON p_id = id" => "1";

    text_becomes_an_enum_with_its_default:
        "CREATE TABLE t (s varchar(20) DEFAULT 'a' NOT NULL, CONSTRAINT s CHECK (s IN ('a', 'b')));
         CREATE INDEX i ON t (s) WHERE s = 'a'; INSERT INTO t VALUES ('b')"
        => "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (s e DEFAULT 'a' NOT NULL); CREATE INDEX i ON t (s) WHERE s = 'a'";
        "INSERT INTO t DEFAULT VALUES; SELECT string_agg(s::text, ',' ORDER BY s) FROM t" => "a,b";

    an_enum_becomes_text:
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (s e DEFAULT 'a', l e[]); CREATE INDEX i ON t (s) WHERE s = 'a';
         INSERT INTO t VALUES ('b', '{a,b}')"
        => "CREATE TABLE t (s text DEFAULT 'a', l text[]); CREATE INDEX i ON t (s) WHERE s = 'a'";
        "SELECT * FROM t" => "b|{a,b}";

    labels_are_added_anywhere:
        "CREATE TYPE e AS ENUM ('b', 'd'); CREATE TABLE t (s e DEFAULT 'b'); INSERT INTO t VALUES ('d')"
        => "CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e'); CREATE TABLE t (s e DEFAULT 'c')";
        "INSERT INTO t DEFAULT VALUES; SELECT string_agg(s::text, ',' ORDER BY s) FROM t" => "c,d";

    labels_go_and_change_places_whatever_hangs_on_them:
        "CREATE TYPE e AS ENUM ('a', 'b', 'gone');
         CREATE TABLE p (s e PRIMARY KEY);
         CREATE TABLE t (s e DEFAULT 'gone', l e[] DEFAULT '{a}', x integer,
            g text GENERATED ALWAYS AS (CASE WHEN s = 'a' THEN 'A' ELSE 'B' END) STORED,
            d e GENERATED ALWAYS AS (CASE WHEN x > 0 THEN 'a'::e ELSE 'b'::e END) STORED,
            CONSTRAINT fk FOREIGN KEY (s) REFERENCES p (s), CONSTRAINT c CHECK (s <> 'b' OR x > 0));
         CREATE INDEX i ON t (x) WHERE s = 'a'; CREATE INDEX j ON t (s); CREATE INDEX k ON t (g); CREATE INDEX l ON t ((s = 'b'));
         CREATE INDEX m ON t (d);
         COMMENT ON INDEX k IS 'kept';
         INSERT INTO p VALUES ('a'), ('b'); INSERT INTO t VALUES ('b', '{a,b}', 1)"
        => "CREATE TYPE e AS ENUM ('b', 'a');
         CREATE TABLE p (s e PRIMARY KEY);
         CREATE TABLE t (s e DEFAULT 'a', l e[] DEFAULT '{a}', x integer,
            g text GENERATED ALWAYS AS (CASE WHEN s = 'a' THEN 'A' ELSE 'B' END) STORED,
            d e GENERATED ALWAYS AS (CASE WHEN x > 0 THEN 'a'::e ELSE 'b'::e END) STORED,
            CONSTRAINT fk FOREIGN KEY (s) REFERENCES p (s), CONSTRAINT c CHECK (s <> 'b' OR x > 0));
         CREATE INDEX i ON t (x) WHERE s = 'a'; CREATE INDEX j ON t (s); CREATE INDEX k ON t (g); CREATE INDEX l ON t ((s = 'b'));
         CREATE INDEX m ON t (d);
         COMMENT ON INDEX k IS 'kept'";
        "INSERT INTO t (x) VALUES (0); SELECT string_agg(concat(s, g, d), ',' ORDER BY s) FROM t" => "bBa,aAb";

    serial_becomes_identity_and_counts_on:
        "CREATE TABLE t (id serial PRIMARY KEY, x text); INSERT INTO t VALUES (41, 'a')"
        => "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x text)";
        "INSERT INTO t (x) VALUES ('b'); SELECT max(id) FROM t" => "42";

    identity_becomes_serial_and_counts_on:
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 10) PRIMARY KEY, x text);
         INSERT INTO t (x) VALUES ('a'), ('b')"
        => "CREATE TABLE t (id bigserial PRIMARY KEY, x text)";
        "INSERT INTO t (x) VALUES ('c'); SELECT max(id) FROM t" => "12";

    a_plain_number_becomes_an_identity:
        "CREATE TABLE t (id integer, x text); INSERT INTO t VALUES (7, 'a')"
        => "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5), x text, PRIMARY KEY (id))";
        "INSERT INTO t (x) VALUES ('b'); SELECT string_agg(id::text, ',' ORDER BY id) FROM t" => "7,8";

    a_default_becomes_an_identity_and_back:
        "CREATE SEQUENCE s; CREATE TABLE t (a integer DEFAULT 5 NOT NULL, b integer GENERATED ALWAYS AS IDENTITY);
         INSERT INTO t VALUES (3)"
        => "CREATE TABLE t (a integer GENERATED BY DEFAULT AS IDENTITY, b text DEFAULT 'x')";
        "SELECT * FROM t" => "3|1";

    identity_options_change:
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY (MAXVALUE 100 CYCLE)); INSERT INTO t DEFAULT VALUES"
        => "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 5 CACHE 2))";
        "SELECT count(*) FROM t" => "1";

    a_key_is_replaced_under_a_reference:
        "CREATE TABLE p (id integer, x integer NOT NULL, CONSTRAINT pk PRIMARY KEY (id));
         CREATE TABLE c (p_id integer, CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE);
         INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1)"
        => "CREATE TABLE p (id integer NOT NULL, x integer, CONSTRAINT pk PRIMARY KEY (x), CONSTRAINT u UNIQUE (id));
            CREATE TABLE c (p_id integer, CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE)";
        "SELECT count(*) FROM c" => "1";

    a_referenced_unique_index_becomes_a_constraint:
        "CREATE TABLE p (id integer); CREATE UNIQUE INDEX u ON p (id);
         CREATE TABLE c (p_id integer REFERENCES p (id)); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)"
        => "CREATE TABLE p (id integer, CONSTRAINT u UNIQUE (id)); CREATE TABLE c (p_id integer REFERENCES p (id))";
        "SELECT count(*) FROM c" => "1";

    a_key_becomes_deferrable_when_nothing_refers_to_it:
        "CREATE TABLE p (id integer, CONSTRAINT u UNIQUE (id)); INSERT INTO p VALUES (1)"
        => "CREATE TABLE p (id integer, CONSTRAINT u UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)";
        "SELECT count(*) FROM p" => "1";

    an_expression_changes_with_what_hangs_on_it:
        "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED NOT NULL, CONSTRAINT u UNIQUE (g), CONSTRAINT c CHECK (g > a));
         CREATE INDEX i ON t (a, g); COMMENT ON COLUMN t.g IS 'kept'; INSERT INTO t VALUES (1)"
        => "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a * 10) STORED NOT NULL, CONSTRAINT u UNIQUE (g), CONSTRAINT c CHECK (g > a));
            CREATE INDEX i ON t (a, g); COMMENT ON COLUMN t.g IS 'kept'";
        "SELECT * FROM t" => "1|10";

    a_computed_column_becomes_a_plain_one:
        "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1)"
        => "CREATE TABLE t (a integer, g integer DEFAULT 5)";
        "SELECT * FROM t" => "1|2";

    a_plain_column_becomes_a_computed_one:
        "CREATE TABLE t (a integer, g integer); INSERT INTO t VALUES (1, 99); CREATE INDEX i ON t (g)"
        => "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED); CREATE INDEX i ON t (g)";
        "SELECT * FROM t" => "1|2";

    types_change_under_computed_columns:
        "CREATE TABLE t (first varchar(10), last varchar(10), full_name varchar(21) GENERATED ALWAYS AS (first || ' ' || last) STORED);
         CREATE INDEX i ON t (full_name); INSERT INTO t VALUES ('a', 'b')"
        => "CREATE TABLE t (first varchar(100), last text, full_name varchar(201) GENERATED ALWAYS AS (first || ' ' || last) STORED);
            CREATE INDEX i ON t (full_name)";
        "SELECT full_name FROM t" => "a b";

    a_computed_column_gets_another_type:
        "CREATE TABLE t (a integer, g integer GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1)"
        => "CREATE TABLE t (a integer, g bigint GENERATED ALWAYS AS (a + 1) STORED)";
        "SELECT * FROM t" => "1|2";

    computed_columns_come_and_go_with_their_base:
        "CREATE TABLE t (a integer, b integer, g integer GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1, 5)"
        => "CREATE TABLE t (b bigint, h bigint GENERATED ALWAYS AS (b + 1) STORED)";
        "SELECT * FROM t" => "5|6";

    columns_go_with_all_that_uses_them:
        "CREATE TABLE t (a integer, b integer, c integer, CONSTRAINT pk PRIMARY KEY (a, b), CONSTRAINT c CHECK (a < b), CONSTRAINT u UNIQUE (b, c));
         CREATE INDEX i ON t (c, (a + b)); CREATE INDEX j ON t (c) WHERE b > 0; INSERT INTO t VALUES (1, 2, 3)"
        => "CREATE TABLE t (a integer, c integer, CONSTRAINT pk PRIMARY KEY (a)); CREATE INDEX i ON t (c)";
        "SELECT * FROM t" => "1|3";

    every_column_is_replaced:
        "CREATE TABLE t (a integer); INSERT INTO t VALUES (1)" => "CREATE TABLE t (b integer DEFAULT 2)";
        "SELECT * FROM t" => "2";

    constraints_become_valid_and_deferrable:
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer);
         INSERT INTO p VALUES (1); INSERT INTO t VALUES (1);
         ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
         ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID"
        => "CREATE TABLE p (id integer PRIMARY KEY);
            CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0), CONSTRAINT f FOREIGN KEY (a) REFERENCES p DEFERRABLE)";
        "SELECT * FROM t" => "1";

    constraints_become_invalid_again:
        "CREATE TABLE p (id integer PRIMARY KEY);
         CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0), CONSTRAINT f FOREIGN KEY (a) REFERENCES p DEFERRABLE);
         INSERT INTO p VALUES (1); INSERT INTO t VALUES (1)"
        => "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer);
            ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
            ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID";
        "SELECT * FROM t" => "1";

    tables_that_refer_to_each_other_go_and_come:
        "CREATE TYPE e AS ENUM ('x'); CREATE SCHEMA s; CREATE TABLE s.a (id integer PRIMARY KEY, b_id integer, e e);
         CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES s.a);
         ALTER TABLE s.a ADD FOREIGN KEY (b_id) REFERENCES b; CREATE INDEX taken ON b (a_id);
         CREATE TABLE self (id integer PRIMARY KEY, up integer REFERENCES self);"
        => "CREATE TYPE f AS ENUM ('x'); CREATE SCHEMA z; CREATE TABLE z.c (id integer PRIMARY KEY, d_id integer, f f);
            CREATE TABLE d (id integer PRIMARY KEY, c_id integer REFERENCES z.c);
            ALTER TABLE z.c ADD FOREIGN KEY (d_id) REFERENCES d; CREATE INDEX taken ON d (c_id)";
        "SELECT count(*) FROM d" => "0";

    a_reference_moves_to_another_table:
        "CREATE TABLE old_parent (id integer PRIMARY KEY); CREATE TABLE c (p integer, CONSTRAINT fk FOREIGN KEY (p) REFERENCES old_parent);
         INSERT INTO old_parent VALUES (1)"
        => "CREATE TABLE new_parent (id integer PRIMARY KEY); CREATE TABLE c (p integer, CONSTRAINT fk FOREIGN KEY (p) REFERENCES new_parent)";
        "SELECT count(*) FROM c" => "0";

    names_change_places:
        "CREATE TABLE t (a integer, b integer); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b); INSERT INTO t VALUES (1, 2)"
        => "CREATE TABLE t (a integer, b integer); CREATE INDEX j ON t (a); CREATE INDEX i ON t (b)";
        "SELECT * FROM t" => "1|2";

    members_get_other_names:
        "CREATE TABLE p (id integer CONSTRAINT pk PRIMARY KEY, u integer CONSTRAINT u UNIQUE, CONSTRAINT c CHECK (u > 0));
         CREATE TABLE t (a integer CONSTRAINT f REFERENCES p); CREATE INDEX i ON t (a); INSERT INTO p VALUES (1, 1)"
        => "CREATE TABLE p (id integer CONSTRAINT pk2 PRIMARY KEY, u integer CONSTRAINT u2 UNIQUE, CONSTRAINT c2 CHECK (u > 0));
            CREATE TABLE t (a integer CONSTRAINT f2 REFERENCES p); CREATE INDEX i2 ON t (a); COMMENT ON INDEX i2 IS 'x'";
        "SELECT * FROM p" => "1|1";

    collations_change_under_indexes:
        "CREATE TABLE t (a text, b varchar(5) COLLATE \"C\"); CREATE INDEX i ON t (a, lower(b)); INSERT INTO t VALUES ('x', 'y')"
        => "CREATE TABLE t (a text COLLATE \"POSIX\", b varchar(9)); CREATE INDEX i ON t (a, lower(b))";
        "SELECT * FROM t" => "x|y";

    nullability_and_keys_change_together:
        "CREATE TABLE t (a integer PRIMARY KEY, b integer); INSERT INTO t VALUES (1, 2)"
        => "CREATE TABLE t (a integer, b integer PRIMARY KEY)";
        "INSERT INTO t VALUES (NULL, 3); SELECT count(*) FROM t" => "2";

    times_and_numbers_change:
        "CREATE TABLE t (a timestamp DEFAULT CURRENT_TIMESTAMP, b date, c numeric(10,4), d real, e boolean DEFAULT false, f json);
         INSERT INTO t VALUES ('2026-01-02 03:04:05', '2026-01-02', 1.2345, 1.5, true, '{\"a\": 1}')"
        => "CREATE TABLE t (a timestamptz DEFAULT CURRENT_TIMESTAMP, b timestamp, c numeric(12,2), d double precision, e text DEFAULT 'no', f jsonb)";
        "SELECT a AT TIME ZONE 'UTC', b, c, d, e, f FROM t" => "2026-01-02 03:04:05|2026-01-02 00:00:00|1.23|1.5|true|{\"a\": 1}";

    texts_become_numbers:
        "CREATE TABLE t (a text DEFAULT '7', b varchar(5)); INSERT INTO t VALUES ('1', '2.5')"
        => "CREATE TABLE t (a integer DEFAULT 7, b numeric(5,1))";
        "SELECT * FROM t" => "1|2.5";

    options_of_every_kind_change:
        "CREATE TABLE t (a text, b text); CREATE INDEX i ON t (a); ALTER TABLE t ALTER a SET STORAGE external;
         ALTER TABLE t ALTER b SET STATISTICS 5; INSERT INTO t VALUES ('x', 'y')"
        => "CREATE UNLOGGED TABLE t (a text, b text) WITH (fillfactor = 60, autovacuum_enabled = off); CREATE INDEX i ON t (a) WITH (fillfactor = 50);
            ALTER TABLE t ALTER b SET STORAGE main; ALTER TABLE t ALTER b SET (n_distinct = 3); COMMENT ON TABLE t IS 'x'";
        "SELECT * FROM t" => "x|y";
}

/// A table called `t`, its session and what it looks like.
async fn tenant(sql: &str) -> (Session, Schema) {
    let url = postgres().database("facts");
    postgres().sql(&url, sql);
    let mut tenant = session(&url).await;
    let schema = read(&mut tenant).await;
    (tenant, schema)
}

fn t() -> QName {
    QName::bare("t")
}

/// The schema with its table `t` changed.
fn with(schema: &Schema, change: impl FnOnce(&mut undrift::model::Table)) -> Schema {
    let mut schema = schema.clone();
    change(schema.tables.get_mut(&t()).unwrap());
    schema
}

#[tokio::test]
async fn a_fill_gives_old_rows_their_values_and_new_ones_the_default() {
    let (mut tenant, from) = tenant("CREATE TABLE t (a text); INSERT INTO t VALUES ('x y'), ('z')").await;
    let default = Some("'new'::text".to_owned());
    let column = Column { nullable: false, default, ..Column::new("b", "text") };
    let to = with(&from, |table| table.columns.push(column.clone()));
    let change = Change::AddColumn { table: t(), to: column, fill: Some("split_part(a, ' ', 1)".into()) };
    let ops = dialect(&tenant).ops(&from, &to, &[change]);
    run(&mut tenant, &ops).await;
    assert_same(&read(&mut tenant).await, &to);
    tenant.execute("INSERT INTO t (a) VALUES ('q')").await.unwrap();
    assert_eq!(tenant.count("SELECT count(*) FROM t WHERE b IN ('x', 'z', 'new')").await.unwrap(), 3);
    tenant.close().await;
}

#[tokio::test]
async fn a_fill_replaces_nulls_before_a_column_is_not_null() {
    let (mut tenant, from) = tenant("CREATE TABLE t (a integer); INSERT INTO t VALUES (NULL), (5)").await;
    let to = with(&from, |table| table.columns[0].nullable = false);
    let (old, new) = (from.tables[&t()].columns[0].clone(), to.tables[&t()].columns[0].clone());
    let alter = |fill| Change::AlterColumn {
        table: t(),
        property: Property::Nullable,
        from: old.clone(),
        to: new.clone(),
        fill,
        using: None,
    };
    let without = dialect(&tenant).ops(&from, &to, &[alter(None)]);
    assert_eq!(tenant.count(&without[0].preconditions[0].query).await.unwrap(), 1);
    let empty = dialect(&tenant).ops(&from, &to, &[alter(Some("nullif(1, 1)".into()))]);
    assert_eq!(tenant.count(&empty[0].preconditions[0].query).await.unwrap(), 1, "a fill that fills nothing");
    let filled = dialect(&tenant).ops(&from, &to, &[alter(Some("7".into()))]);
    run(&mut tenant, &filled).await;
    assert_eq!(tenant.count("SELECT sum(a) FROM t").await.unwrap(), 12);
    tenant.close().await;
}

#[tokio::test]
async fn two_columns_become_one_unless_they_disagree() {
    let (mut tenant, from) = tenant(
        "CREATE TABLE t (id integer, password varchar(255), password_hash varchar(100));
         INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 'b'), (3, NULL, 'c'), (4, NULL, NULL), (5, 'e', 'other')",
    )
    .await;
    let table = &from.tables[&t()];
    let (old, new) = (table.columns[1].clone(), table.columns[2].clone());
    let to = with(&from, |table| drop(table.columns.remove(1)));
    let merge = Change::MergeColumn { table: t(), from: old, to: new, how: Default::default() };
    let ops = dialect(&tenant).ops(&from, &to, &[merge]);
    let fact = &ops[0].preconditions[0];
    assert_eq!(tenant.count(&fact.query).await.unwrap(), 1);
    assert_eq!(fact.finding, "{n} rows of t have both password and password_hash with different values");
    assert!(ops[0].hazards.iter().any(|note| note.hazard == Hazard::DeletesData));
    // Somebody writes between the check and the lock: the transaction stops all the same.
    tenant.begin().await.unwrap();
    let mut failed = false;
    for statement in &ops[1].statements {
        failed |= tenant.execute(statement).await.is_err();
    }
    tenant.rollback().await.unwrap();
    assert!(failed);
    assert_same(&read(&mut tenant).await, &from);
    tenant.execute("UPDATE t SET password_hash = 'e' WHERE id = 5").await.unwrap();
    run(&mut tenant, &ops).await;
    assert_same(&read(&mut tenant).await, &to);
    let hashes = "SELECT count(*) FROM t WHERE password_hash = ('{a,b,c,NULL,e}'::text[])[id] OR id = 4";
    assert_eq!(tenant.count(hashes).await.unwrap(), 5);
    tenant.close().await;
}

/// What the rows do not allow is counted before anything runs.
#[tokio::test]
async fn rows_that_stand_in_the_way_are_counted() {
    let rows = "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE t (a integer, b text, c integer);
                INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 'long text', 1), (1, 'x', 2), (2, 'x', NULL), (3, NULL, 9)";
    for (goal, count, finding) in [
        ("ALTER TABLE t ADD COLUMN n integer NOT NULL", 4, "rows of t would have no value for n"),
        ("DELETE FROM t WHERE b IS NULL; ALTER TABLE t ALTER b SET NOT NULL", 1, "rows of t have no value for b"),
        ("DELETE FROM t; ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", 1, "values of a occur more than once in t"),
        ("DELETE FROM t; CREATE UNIQUE INDEX u ON t (lower(b))", 1, "values of lower(b) occur more than once"),
        ("DELETE FROM t; CREATE UNIQUE INDEX u ON t (a) WHERE a > 1", 0, ""),
        ("DELETE FROM t; ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES p", 2, "rows of t refer to a row of p"),
        ("ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES p NOT VALID", 0, ""),
        ("DELETE FROM t; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1)", 2, "rows of t violate c"),
        (
            "DELETE FROM t; CREATE TABLE q (id integer PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES q",
            3,
            "rows of t",
        ),
        ("DELETE FROM t; ALTER TABLE t ALTER b TYPE varchar(5)", 1, "rows of t have more than 5 characters in b"),
    ] {
        let (mut tenant, from) = tenant(rows).await;
        tenant.begin().await.unwrap();
        let goal = goal.replace(
            "ADD COLUMN n integer NOT NULL",
            "ADD COLUMN n integer; DELETE FROM t; ALTER TABLE t ALTER n SET NOT NULL",
        );
        tenant.script(&goal).await.unwrap_or_else(|error| panic!("{goal}: {error}"));
        let to = read(&mut tenant).await;
        tenant.rollback().await.unwrap();
        let ops = ordered(dialect(&tenant).ops(&from, &to, &changes(&from, &to)));
        let mut found = Vec::new();
        for fact in ops.iter().flat_map(|op| &op.preconditions) {
            let number = tenant.count(&fact.query).await.unwrap_or_else(|error| panic!("{}: {error}", fact.query));
            if number > 0 {
                found.push((number, fact.finding.replace("{n} ", "")));
            }
        }
        match found.as_slice() {
            [] => assert_eq!(count, 0, "{goal}"),
            [(number, text)] => assert!(*number == count && text.starts_with(finding), "{goal}: {number} {text}"),
            more => panic!("{goal}: {more:?}"),
        }
        tenant.close().await;
    }
}

/// A batch can be carried out in part: each change alone leaves something that can be gone on with.
#[tokio::test]
async fn a_part_of_the_changes_is_enough() {
    let start =
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id serial PRIMARY KEY, a integer, b text DEFAULT 'q', c integer);
                 CREATE INDEX i ON t (a); INSERT INTO t (a, b) VALUES (1, '1')";
    let goal_url = postgres().database("goal");
    postgres().sql(
        &goal_url,
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE p (id bigint PRIMARY KEY);
         CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a bigint DEFAULT 3 REFERENCES p, b text COLLATE \"C\", d text,
            CHECK (a > 0)); CREATE INDEX i ON t (b); COMMENT ON COLUMN t.b IS 'x'",
    );
    let goal = schema_of(&goal_url).await;
    let (tenant, from) = tenant(start).await;
    let all = changes(&from, &goal);
    let dialect = dialect(&tenant);
    assert!(all.len() > 10);
    for at in 0..all.len() {
        let ops = dialect.ops(&from, &goal, &all[at..=at]);
        for op in &ops {
            assert!(op.changes.iter().all(|change| *change == 0), "{op:?}");
            assert!(!op.statements.is_empty() && op.statements.iter().all(|sql| !sql.ends_with(';')), "{op:?}");
        }
        assert!(!ops.is_empty(), "{:?}", all[at]);
    }
    tenant.close().await;
}

/// An expression that somebody declared gives the values of the new type, and says that it may lose some.
#[tokio::test]
async fn a_declared_expression_gives_the_values_of_the_new_type() {
    let (mut tenant, from) = tenant(
        "CREATE TABLE t (size text DEFAULT 'small', factor integer); CREATE INDEX i ON t (size);
         INSERT INTO t VALUES ('small', 10), ('large', 10)",
    )
    .await;
    let to = with(&from, |table| {
        table.columns[0].data_type = "integer".into();
        table.columns[0].default = Some("1".into());
    });
    let (old, new) = (from.tables[&t()].columns[0].clone(), to.tables[&t()].columns[0].clone());
    let using = Some("CASE size WHEN 'small' THEN 1 ELSE 2 END * factor".to_owned());
    let alter = |property, using| Change::AlterColumn {
        table: t(),
        property,
        from: old.clone(),
        to: new.clone(),
        fill: None,
        using,
    };
    let changes = [alter(Property::Type, using), alter(Property::Default, None)];
    let ops = dialect(&tenant).ops(&from, &to, &changes);
    let has = |hazard| ops.iter().flat_map(|op| &op.hazards).any(|note| note.hazard == hazard);
    assert!([Hazard::MayLoseData, Hazard::MayFailOnData, Hazard::RewritesTable].into_iter().all(has));
    run(&mut tenant, &ordered(ops)).await;
    assert_same(&read(&mut tenant).await, &to);
    assert_eq!(tenant.count("SELECT sum(size) FROM t").await.unwrap(), 30);
    tenant.close().await;
}
