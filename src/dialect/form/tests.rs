//! Texts that try to be more than they are to be, and texts that are what they are.

use proptest::prelude::*;

use super::{Author, Form, Holder, check, grammar};
use crate::model::Engine;

const ENGINES: [Engine; 3] = [Engine::Postgres, Engine::Mysql, Engine::Sqlite];

fn refuses(engines: &[Engine], form: Form<'_>, texts: &[&str]) {
    for engine in engines {
        for text in texts {
            assert!(check(*engine, text, form).is_err(), "{engine:?} takes {text:?} for {}", form.words());
        }
    }
}

fn takes(engines: &[Engine], form: Form<'_>, texts: &[&str]) {
    for engine in engines {
        for text in texts {
            assert_eq!(check(*engine, text, form), Ok(()), "{engine:?}: {text:?}");
        }
    }
}

#[test]
fn an_expression_is_one_expression() {
    takes(
        &ENGINES,
        Form::Expression,
        &[
            "1",
            "a > 0 and (b < 1 or c in (1, 2))",
            "lower(email) like '%;--%'",
            "(select max(id), 1 from t)",
            "case when a then 'it''s' else \"x\" end",
            "a /* ; ) */ + 1",
            "a -- ; )\n + 1",
            "coalesce(a, ';', ')')",
        ],
    );
    refuses(
        &ENGINES,
        Form::Expression,
        &[
            "",
            "  /* only a comment */ ",
            "1); create role pwn superuser; create table y (id bigint, a int default 3",
            "a > 0)); drop table t; create table y (id bigint, a int check ((a>0",
            "a is not null; attach 'other.db' as v; drop table v.t; --",
            "1) where 1; delete from secrets; select (1",
            "1, b int",
            "true) , add column b int default (1",
            "'open",
            "\"open",
            "a /* open",
            "a -- to the end",
            "(a",
            "a)",
            ")(",
            "a\0b",
            "; select 1",
        ],
    );
}

#[test]
fn each_engine_has_quotes_of_its_own() {
    let postgres = &[Engine::Postgres];
    takes(
        postgres,
        Form::Expression,
        &["$$;)$$ || $x$'$x$", "E'\\');' || U&'\\0041'", "a[1] = any (array[1, 2])", "'\\'"],
    );
    refuses(
        postgres,
        Form::Expression,
        &[
            "E'\\\\'); drop table t; --'",
            "$$ open $x$",
            "/* a /* b */",
            "'\\'; drop table t; --'",
            "$1",
            "1a$$);$$",
            "a[1)",
            "E'a'\n'\\'); --'",
        ],
    );
    let mysql = &[Engine::Mysql];
    takes(
        mysql,
        Form::Expression,
        &["'\\');'", "\"a\\\");\"", "`a``;`", "b'01'", "_utf8mb4'x'", "{d '2020-01-01'}", "a--1"],
    );
    refuses(
        mysql,
        Form::Expression,
        &[
            "'\\\\'; drop table t; -- '",
            "1 /*!50000 ); drop table t */",
            "1 /*M! + 2 */",
            "a # to the end",
            "a -- ",
            "?",
            "a --\u{1} '\n); drop table t; -- '",
        ],
    );
    let sqlite = &[Engine::Sqlite];
    takes(sqlite, Form::Expression, &["[a;)] + `b;`", "x'00ff'", "a->>'$.b'"]);
    refuses(sqlite, Form::Expression, &["[open", "?1", ":name", "$a(;)", "'\\'; drop table t; --'"]);
}

#[test]
fn a_type_is_a_type() {
    let hostile = [
        "integer); create role pwn; create table y (id bigint, a int",
        "integer primary key",
        "integer not null",
        "integer default (1)",
        "integer default 1",
        "integer references x",
        "integer, b int",
        "int check(a)",
        "int generated always as (1)",
        "int collate x",
        "int -- x",
        "varchar(10",
        "varchar(10))",
        "int((1))",
        "int('a'; 'b')",
        "int;",
    ];
    refuses(&ENGINES, Form::Type, &hostile);
    takes(&ENGINES, Form::Type, &["integer", "varchar(255)", "decimal(10, 2)", "double precision", "BigInt", "text"]);
    let types = [
        "timestamp(3) with time zone",
        "time without time zone",
        "character varying(10)[]",
        "int[3][]",
        "integer array[4]",
        "public.\"My Type\"",
        "geometry(Point,4326)",
        "interval day to second(3)",
        "bit varying(5)",
        "numeric(5,-2)",
        "vector(3)",
        "\"char\"",
    ];
    takes(&[Engine::Postgres], Form::Type, &types);
    refuses(&[Engine::Postgres], Form::Type, &["", "integer with time zone", "a.b.", "text using x", "setof int"]);
    let types = [
        "enum('a','b;)','it''s')",
        "bigint(20) unsigned zerofill",
        "set('x')",
        "char(36)",
        "national varchar(10)",
        "vector(3)",
    ];
    takes(&[Engine::Mysql], Form::Type, &types);
    refuses(
        &[Engine::Mysql],
        Form::Type,
        &["", "int auto_increment", "varchar(10) character set x", "int comment 'x'", "int /*!1 unique */"],
    );
    takes(&[Engine::Sqlite], Form::Type, &["", "UNSIGNED BIG INT", "\"my type\"", "DECIMAL(10,-2)", "VARCHAR ( 10 )"]);
    refuses(&[Engine::Sqlite], Form::Type, &["int as (1)", "VARCHAR(max)", "int unique", "(1)"]);
}

#[test]
fn words_actions_and_lists() {
    takes(&ENGINES, Form::Word, &["utf8mb4", "InnoDB", "a_1"]);
    refuses(&ENGINES, Form::Word, &["", "utf8mb4; drop database prod; -- ", "a b", "a'", "a-b"]);
    takes(&ENGINES, Form::Action, &["CASCADE", "SET NULL"]);
    refuses(&ENGINES, Form::Action, &["CASCADE, drop x", "", "cascade;"]);
    takes(&ENGINES, Form::Number, &["1", "-9223372036854775808"]);
    refuses(&ENGINES, Form::Number, &["", "1; drop", "1e3", "x"]);
    takes(
        &[Engine::Postgres],
        Form::OperatorClass,
        &["text_pattern_ops", "\"s\".\"ops\"", "gist_trgm_ops (siglen=32)", "\"x\" (\"a\"='1')"],
    );
    refuses(
        &[Engine::Postgres],
        Form::OperatorClass,
        &["\"x\" desc", "f(1)); drop table t; --", "\"x\", b", "\"open", "x (select 1)("],
    );
    takes(&[Engine::Postgres], Form::Collation, &["de_DE", "\"s\".\"c\"", "a b"]);
    refuses(&[Engine::Postgres], Form::Collation, &["\"c\" (a)", "\"c\"; drop table t"]);
    takes(&[Engine::Postgres], Form::Names, &["a, b", "\"a,b\", c"]);
    refuses(&[Engine::Postgres], Form::Names, &["\"a\"); drop table t; --", "a(b)"]);
    refuses(&[Engine::Mysql], Form::Collation, &["utf8mb4_bin; drop", "`x`"]);
    takes(&[Engine::Mysql], Form::OnUpdate, &["CURRENT_TIMESTAMP", "now(6)", "current_timestamp()"]);
    refuses(&[Engine::Mysql], Form::OnUpdate, &["now() primary key", "1", "now(6), add x int", "sleep(9)"]);
    takes(&[Engine::Sqlite], Form::Conflict, &["REPLACE", "ignore"]);
    refuses(&[Engine::Sqlite], Form::Conflict, &["REPLACE check (x)", ""]);
}

#[test]
fn partitions_are_partitions() {
    let mysql = &[Engine::Mysql];
    takes(
        mysql,
        Form::Partitions,
        &[
            "PARTITION BY HASH (`id`)\nPARTITIONS 4",
            "PARTITION BY RANGE COLUMNS(`a`)\n(PARTITION `p0` VALUES LESS THAN ('2020') ENGINE = InnoDB,\n PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "PARTITION BY LINEAR KEY ALGORITHM=2 (a) PARTITIONS 3",
            "PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (to_days(d)) SUBPARTITIONS 2 (PARTITION p0 VALUES IN (1, 2))",
        ],
    );
    refuses(
        mysql,
        Form::Partitions,
        &[
            "PARTITION BY HASH (id) AS SELECT * FROM prod.users",
            "PARTITION BY HASH (id); DROP DATABASE prod",
            "PARTITION BY HASH (id) (PARTITION p0 DATA DIRECTORY = '/etc')",
            "PARTITION BY HASH ((select 1))",
            "ENGINE=InnoDB",
            "PARTITION BY HASH (id",
        ],
    );
}

fn statement<'a>(kind: &'a str, name: &'a str) -> Form<'a> {
    Form::Statement(kind, Some(name))
}

#[test]
fn sqlites_texts_make_what_their_rows_say() {
    let sqlite = &[Engine::Sqlite];
    takes(
        sqlite,
        statement("table", "t"),
        &["CREATE TABLE t (a) -- end", "CREATE TABLE \"t\"(a, b CHECK (b <> ';')) STRICT", "CREATE TABLE 'T' (a)"],
    );
    takes(
        sqlite,
        statement("index", "i"),
        &["CREATE UNIQUE INDEX [i] ON t (a) WHERE a > 1", "CREATE INDEX i ON t(a);"],
    );
    takes(sqlite, statement("view", "v"), &["CREATE VIEW v (a) AS SELECT 1, 2 FROM t"]);
    takes(sqlite, statement("virtual table", "f"), &["CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'porter')"]);
    let trigger = "CREATE TRIGGER g AFTER UPDATE OF a ON t WHEN new.a > 1 BEGIN \
        UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END; INSERT INTO t VALUES (new.end); SELECT raise(abort, ';'); END";
    takes(
        sqlite,
        statement("trigger", "g"),
        &[trigger, "CREATE TRIGGER g DELETE ON begin BEGIN WITH x AS (SELECT 1) DELETE FROM t; END;"],
    );
    let end = "; attach '/other.db' as v; delete from v.users";
    refuses(
        sqlite,
        statement("table", "t"),
        &[
            &format!("CREATE TABLE t (a){end}"),
            "CREATE TABLE u (a)",
            "CREATE TABLE temp.t (a)",
            "CREATE TABLE t AS SELECT 1",
            "DROP TABLE t",
        ],
    );
    refuses(
        sqlite,
        statement("index", "i"),
        &[
            &format!("CREATE INDEX i ON t (a) WHERE a is not null{end}"),
            "CREATE INDEX i ON t (a",
            "CREATE VIEW i AS SELECT 1",
        ],
    );
    refuses(
        sqlite,
        statement("view", "v"),
        &[&format!("CREATE VIEW v AS SELECT 1{end}"), "CREATE VIEW v AS SELECT 'open"],
    );
    refuses(sqlite, statement("virtual table", "f"), &[&format!("CREATE VIRTUAL TABLE f USING fts5(a){end}")]);
    refuses(
        sqlite,
        statement("trigger", "g"),
        &[
            &format!("{trigger}{end}"),
            &trigger.replace("END", "attach '/other.db' as v; END"),
            "CREATE TRIGGER g AFTER INSERT ON t; delete from v.users; end",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END END",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1",
        ],
    );
    refuses(sqlite, statement("pragma", "t"), &["PRAGMA writable_schema = 1"]);
}

#[test]
fn mysqls_tables_make_themselves_and_nothing_else() {
    let mysql = &[Engine::Mysql];
    let table = "CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL COMMENT 'select; table',\n  `select` int,\n  CHECK (`a` like 'x')\n) ENGINE=InnoDB";
    takes(
        mysql,
        statement("table", "t"),
        &[table, &format!("{table}\n/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 4 */")],
    );
    takes(
        mysql,
        statement("sequence", "s"),
        &["CREATE SEQUENCE `s` start with 1 minvalue 1 cache 1000 nocycle ENGINE=InnoDB"],
    );
    refuses(
        mysql,
        statement("table", "t"),
        &[
            &format!("{table}; DROP DATABASE prod"),
            &format!("{table} AS SELECT * FROM prod.users"),
            &format!("{table} (SELECT * FROM prod.users)"),
            &format!("{table} TABLE prod.users"),
            &format!("{table} /*!99999 ( */"),
            &format!("{table} /*! ; DROP DATABASE prod */"),
            "CREATE TABLE `t` LIKE `prod`.`users`",
            "CREATE TABLE `prod`.`t` (`a` int)",
            "CREATE TABLE `u` (`a` int)",
            "CREATE OR REPLACE TABLE `t` (`a` int)",
            "DROP DATABASE prod",
            "CREATE TABLE `t` (`a` int DEFAULT 'open)",
        ],
    );
}

#[test]
fn postgres_statements_are_of_their_kind() {
    let postgres = &[Engine::Postgres];
    let of = |kind| Form::Statement(kind, None);
    takes(postgres, of("view"), &["CREATE VIEW \"v\" AS  SELECT 1, ';'"]);
    takes(postgres, of("rule"), &["CREATE RULE r AS ON INSERT TO t DO ALSO ( SELECT 1; SELECT 2; );"]);
    let body = "CREATE OR REPLACE FUNCTION public.f(a integer)\n RETURNS integer\n LANGUAGE sql\nBEGIN ATOMIC\n SELECT CASE WHEN (a > 1) THEN 1 ELSE 2 END;\n SELECT 2;\nEND\n";
    let quoted = "CREATE OR REPLACE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$ begin perform 1; return new; end; $function$\n";
    takes(postgres, of("function"), &[body, quoted]);
    takes(postgres, of("row-level security"), &["ALTER TABLE \"t\" ENABLE ROW LEVEL SECURITY"]);
    takes(postgres, of("partition"), &["CREATE TABLE \"p\" PARTITION OF \"t\" FOR VALUES IN (1, 2)"]);
    refuses(
        postgres,
        of("view"),
        &["CREATE VIEW v AS SELECT 1; CREATE ROLE pwn", "CREATE ROLE pwn", "CREATE VIEW v AS SELECT 1 --"],
    );
    refuses(
        postgres,
        of("function"),
        &[
            &format!("{body}; DROP TABLE t"),
            &format!("{quoted}; DROP TABLE t"),
            &body.replace("\nEND\n", ""),
            "DROP FUNCTION f()",
        ],
    );
    refuses(postgres, of("rule"), &["CREATE RULE r AS ON INSERT TO t DO ALSO SELECT 1; DROP TABLE t"]);
    refuses(
        postgres,
        of("row-level security"),
        &["ALTER TABLE t ENABLE ROW LEVEL SECURITY, OWNER TO evil", "DROP TABLE t"],
    );
    refuses(postgres, of("trigger"), &["CREATE VIEW v AS SELECT 1"]);
}

#[test]
fn options_of_a_file_stay_in_the_database() {
    let mysql = grammar(Engine::Mysql);
    for key in ["union", "CONNECTION", "data_directory", "x=1; drop table t; --", "", "a b"] {
        assert!(mysql.option(Holder::Table, key, Author::File).is_err(), "{key}");
    }
    assert_eq!(mysql.option(Holder::Table, "data_directory", Author::Server), Ok(Form::Quoted));
    assert_eq!(mysql.option(Holder::Table, "row_format", Author::File), Ok(Form::Quoted));
    assert_eq!(grammar(Engine::Postgres).option(Holder::Identity, "max", Author::File), Ok(Form::Number));
    assert_eq!(grammar(Engine::Sqlite).option(Holder::Index, "conflict", Author::Server), Ok(Form::Conflict));
}

#[test]
fn a_hundred_thousand_parentheses_are_read() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let open = "(".repeat(100_000);
    let comments = "/*".repeat(100_000);
    for engine in ENGINES {
        assert_eq!(check(engine, &deep, Form::Expression), Ok(()));
        assert!(check(engine, &open, Form::Expression).is_err());
        assert!(check(engine, &comments, Form::Expression).is_err());
        assert!(check(engine, &deep, Form::Type).is_err());
    }
}

/// Pieces from which texts are put together that look as if they could get out.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "1",
        " ",
        "\n",
        "(",
        ")",
        "[",
        "]",
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "$$",
        "$x$",
        "E'",
        "U&'",
        "--",
        "-- ",
        "#",
        "/*",
        "*/",
        "/*!",
        ";",
        ",",
        "+",
        ".",
        "::",
        "x'",
        "\u{1}",
        "é",
        "drop table t",
        "$1",
        "?",
        "{",
        "}",
        "e",
        "0x",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever passes for an expression is read in the middle of a statement as it is read alone, and what comes after it
    /// comes after it.
    #[test]
    fn an_expression_stays_in_its_place(text in pieces()) {
        for engine in ENGINES {
            if check(engine, &text, Form::Expression).is_err() {
                continue;
            }
            let grammar = grammar(engine);
            let alone = grammar.lex(&text).unwrap().lexemes.len();
            let statement = format!("CHECK ({text}) NOT NULL, b 'end'");
            let lexed = grammar.lex(&statement).unwrap();
            let shown: Vec<&str> = lexed.lexemes.iter().map(|lexeme| lexeme.text).collect();
            prop_assert_eq!(shown.len(), alone + 8, "{}", text);
            prop_assert_eq!(&shown[alone + 2..], [")", "NOT", "NULL", ",", "b", "'end'"]);
            let mut depths = Vec::new();
            lexed.walk(|lexeme, depth| { depths.push((depth, lexeme.is_mark(";"))); Ok(()) }).unwrap();
            prop_assert!(depths[2..alone + 2].iter().all(|(depth, ends)| *depth > 0 && !ends));
        }
    }

    /// No text makes a reader panic.
    #[test]
    fn any_text_can_be_read(text in "\\PC{0,40}", other in pieces()) {
        for engine in ENGINES {
            for text in [&text, &other] {
                for form in [Form::Expression, Form::Type, Form::OperatorClass, Form::Names, Form::Partitions, Form::OnUpdate,
                    statement("table", "t"), statement("trigger", "t"), statement("function", "t")] {
                    let _ = check(engine, text, form);
                }
            }
        }
    }
}
