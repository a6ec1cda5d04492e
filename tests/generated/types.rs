//! The types that columns get: how a file names them, three values of each, and what they can become.

use undrift::model::Engine;

use crate::random::Random;
use crate::tree::Tree;

/// What a type's values can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Int,
    Number,
    Text,
    Bool,
    Day,
    Stamp,
    Clock,
    Uuid,
    Json,
    Binary,
    /// Comparable, and nothing else is known of it.
    Other,
    /// Not even comparable: neither keys nor indexes.
    Odd,
}

use Family::{Binary, Bool, Clock, Day, Int, Json, Number, Odd, Other, Stamp, Text, Uuid};

#[derive(Debug, PartialEq)]
pub struct Type {
    /// As it stands in the file; the engine's own word for word after `=`.
    pub name: &'static str,
    pub family: Family,
    /// Literals, no two of them equal unless it is a boolean.
    pub values: [&'static str; 3],
    /// Types that these values can be converted to.
    pub to: &'static [&'static str],
}

const fn of(name: &'static str, family: Family, values: [&'static str; 3], to: &'static [&'static str]) -> Type {
    Type { name, family, values, to }
}

const INTS: [&str; 3] = ["10", "11", "12"];
const NUMBERS: [&str; 3] = ["10.25", "11.5", "-12"];
const TEXTS: [&str; 3] = ["'a0'", "'B''1'", "'cü'"];
const BOOLS: [&str; 3] = ["true", "false", "true"];
const DAYS: [&str; 3] = ["'2024-02-29'", "'2000-01-01'", "'1999-12-31'"];
const STAMPS: [&str; 3] = ["'2024-02-29 01:02:03'", "'2001-01-01 00:00:00'", "'1999-12-31 23:59:59'"];
const CLOCKS: [&str; 3] = ["'01:02:03'", "'23:59:59'", "'00:00:00'"];
const UUIDS: [&str; 3] = [
    "'00000000-0000-4000-8000-00000000000a'",
    "'00000000-0000-4000-8000-00000000000b'",
    "'00000000-0000-4000-8000-00000000000c'",
];
const JSONS: [&str; 3] = ["'{\"a\": 1}'", "'[1, 2.50]'", "'\"it''s\"'"];

/// The neutral types, whose values every engine reads in the same way.
static NEUTRAL: &[Type] = &[
    of("boolean", Bool, BOOLS, &["smallint", "bigint", "decimal(10,2)"]),
    of("smallint", Int, INTS, &["integer", "bigint", "decimal(10,2)", "text", "boolean"]),
    of("integer", Int, INTS, &["smallint", "bigint", "decimal(12,4)", "double", "varchar(20)"]),
    of("bigint", Int, INTS, &["integer", "text", "decimal(12,4)"]),
    of("decimal(10,2)", Number, NUMBERS, &["decimal(12,4)", "double", "text"]),
    of("decimal(12,4)", Number, NUMBERS, &["decimal(10,2)", "decimal"]),
    of("decimal", Number, NUMBERS, &["decimal(12,4)"]),
    of("real", Number, NUMBERS, &["double"]),
    of("double", Number, NUMBERS, &["decimal(12,4)"]),
    of("char(5)", Text, TEXTS, &["varchar(20)", "char(9)", "text"]),
    of("char(9)", Text, TEXTS, &["char(5)"]),
    of("varchar(20)", Text, TEXTS, &["varchar(60)", "text", "char(9)"]),
    of("varchar(60)", Text, TEXTS, &["varchar(20)", "text"]),
    of("text", Text, TEXTS, &["varchar(60)"]),
    of("binary", Binary, ["'ab'", "'cd'", "'ef'"], &[]),
    of("date", Day, DAYS, &["varchar(20)", "timestamp"]),
    of("time", Clock, CLOCKS, &["varchar(20)"]),
    of("timestamp", Stamp, STAMPS, &["timestamptz", "varchar(60)"]),
    of("timestamptz", Stamp, STAMPS, &["timestamp"]),
    of("uuid", Uuid, UUIDS, &["varchar(60)"]),
    of("json", Json, JSONS, &["text"]),
];

static POSTGRES: &[Type] = &[
    of("jsonb", Json, JSONS, &["json", "text"]),
    of("timestamp(3)", Stamp, STAMPS, &["timestamp", "timestamp(0) with time zone"]),
    of("timestamp(0) with time zone", Stamp, STAMPS, &["date"]),
    of("time(2)", Clock, CLOCKS, &["time"]),
    of("varchar", Text, TEXTS, &["text", "varchar(20)"]),
    of("name", Other, TEXTS, &["text"]),
    of("interval", Other, ["'1 day'", "'2 hours'", "'3 mons'"], &["interval day to second(3)", "text"]),
    of("interval day to second(3)", Other, ["'1 day'", "'2 hours'", "'3 min'"], &["interval"]),
    of("bit(8)", Other, ["B'00000001'", "B'00000010'", "B'00000011'"], &["bit varying(12)"]),
    of("bit varying(12)", Other, ["B'1'", "B'10'", "B'11'"], &["bit varying"]),
    of("bit varying", Other, ["B'1'", "B'10'", "B'11'"], &["bit varying(12)"]),
    of("integer[]", Other, ["'{1,2}'", "'{}'", "'{3,NULL}'"], &["bigint[]"]),
    of("bigint[]", Other, ["'{1,2}'", "'{}'", "'{3,NULL}'"], &["integer[]", "text[]"]),
    of("text[]", Other, ["'{a,\"b c\"}'", "'{}'", "'{it''s}'"], &["varchar(9)[]"]),
    of("varchar(9)[]", Other, ["'{a,\"b c\"}'", "'{}'", "'{it''s}'"], &["text[]"]),
    of("inet", Other, ["'10.0.0.1'", "'::1'", "'10.0.0.0/8'"], &["text", "cidr"]),
    of("cidr", Other, ["'10.0.0.1/32'", "'::1/128'", "'10.0.0.0/8'"], &["inet"]),
    of("macaddr", Other, ["'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'", "'08:00:2b:01:02:05'"], &["text"]),
    of("int4range", Other, ["'[1,5)'", "'empty'", "'[7,8)'"], &["text"]),
    of("tsvector", Other, ["'a'", "'b c'", "'d'"], &["text"]),
    of("money", Other, ["'1.50'", "'2.25'", "'3'"], &["decimal(10,2)"]),
    of("\"char\"", Other, ["'a'", "'b'", "'c'"], &["text"]),
    of("oid", Other, INTS, &["bigint"]),
    of("point", Odd, ["'(1,2)'", "'(0,0)'", "'(3,4)'"], &["text"]),
    of("xml", Odd, ["'<a/>'", "'<b/>'", "'<c/>'"], &["text"]),
    of("citext", Other, TEXTS, &["text"]),
    of("numeric(8,-2)", Number, ["100", "200", "300"], &["bigint"]),
    of("=time", Clock, CLOCKS, &["time"]),
    of("=timestamp with time zone", Stamp, STAMPS, &["timestamp"]),
];

static MARIADB: &[Type] = &[
    of("bigint unsigned", Int, INTS, &["bigint", "int unsigned"]),
    of("int unsigned", Int, INTS, &["bigint unsigned", "bigint", "mediumint"]),
    of("mediumint", Int, INTS, &["integer", "tinyint"]),
    of("tinyint", Int, INTS, &["mediumint", "smallint"]),
    of("tinyint(1)", Int, INTS, &["tinyint"]),
    of("int(10) unsigned zerofill", Int, INTS, &["int unsigned"]),
    of("year", Other, ["2001", "2002", "2003"], &["integer"]),
    of("datetime", Stamp, STAMPS, &["datetime(6)", "timestamp"]),
    of("datetime(6)", Stamp, STAMPS, &["datetime"]),
    of("timestamp(3)", Stamp, STAMPS, &["timestamp", "datetime"]),
    of("tinytext", Text, TEXTS, &["mediumtext"]),
    of("mediumtext", Text, TEXTS, &["text", "longtext"]),
    of("longtext", Text, TEXTS, &["text"]),
    of("mediumblob", Binary, ["'ab'", "'cd'", "'ef'"], &["binary"]),
    of("varbinary(16)", Other, ["'ab'", "'cd'", "'ef'"], &["varbinary(20)"]),
    of("varbinary(20)", Other, ["'ab'", "'cd'", "'ef'"], &["varbinary(16)"]),
    of("binary(4)", Other, ["'ab'", "'cd'", "'ef'"], &[]),
    of("bit(3)", Other, ["1", "2", "3"], &["bit(9)"]),
    of("bit(9)", Other, ["1", "2", "3"], &["bit(3)"]),
    of("set('a','b','it''s')", Other, ["'a'", "'a,b'", "'it''s'"], &["set('a','b','it''s','d')", "varchar(60)"]),
    of("set('a','b','it''s','d')", Other, ["'a'", "'a,b'", "'it''s'"], &["text"]),
    of("enum('x','Y','z,')", Other, ["'x'", "'Y'", "'z,'"], &["varchar(60)"]),
    of("decimal(8,3) unsigned", Number, ["10.25", "11.5", "12"], &["decimal(10,2)"]),
    of("float unsigned", Number, ["10.25", "11.5", "12"], &["double"]),
    of("=uuid", Uuid, UUIDS, &["uuid"]),
    of("inet6", Other, ["'::1'", "'::2'", "'::3'"], &["varchar(60)"]),
    of("time(3)", Clock, CLOCKS, &["time"]),
    of("point", Odd, ["point(1,2)", "point(0,0)", "point(3,4)"], &[]),
];

static SQLITE: &[Type] = &[
    of("=", Other, ["'a'", "2", "3.5"], &["text", "=ANY"]),
    of("=ANY", Other, ["'a'", "2", "3.5"], &["="]),
    of("=INT", Int, INTS, &["integer", "text"]),
    of("=NUMERIC", Number, NUMBERS, &["double"]),
    of("=VARCHAR (255)", Text, TEXTS, &["text"]),
    of("=UNSIGNED BIG INT", Int, INTS, &["integer"]),
    of("=native character(70)", Text, TEXTS, &["text"]),
    of("=Blob", Binary, ["x'61'", "x'62'", "x'63'"], &["binary"]),
];

/// The engine's own types, which are as many again as the neutral ones.
fn own(engine: Engine) -> &'static [Type] {
    match engine {
        Engine::Postgres => POSTGRES,
        Engine::Mysql => MARIADB,
        Engine::Sqlite => SQLITE,
    }
}

/// The type that a file calls so.
pub fn named(engine: Engine, name: &str) -> &'static Type {
    let all = || own(engine).iter().chain(NEUTRAL);
    all().find(|known| known.name == name).unwrap_or_else(|| panic!("{engine} has no type {name} in the tests"))
}

/// A type, more often a neutral one.
pub fn any(random: &mut Random, engine: Engine) -> &'static Type {
    if random.percent(60) { random.one(NEUTRAL) } else { random.one(own(engine)) }
}

impl Type {
    pub fn tree(&self) -> Tree {
        match self.name.strip_prefix('=') {
            Some(own) => Tree::one("sql", Tree::text(own)),
            None => Tree::text(self.name),
        }
    }

    /// The value of a row as a literal.
    pub fn literal(&self, row: usize, engine: Engine) -> String {
        // A text is no blob to SQLite.
        let blob = self.family == Binary && engine == Engine::Sqlite && self.values[row].starts_with('\'');
        if blob { format!("CAST({} AS BLOB)", self.values[row]) } else { self.values[row].to_owned() }
    }

    /// Whether MariaDB indexes only prefixes of it.
    pub fn is_long(&self) -> bool {
        let base = self.name.trim_start_matches('=').to_ascii_lowercase();
        base.ends_with("text") || base.ends_with("blob") || base == "binary" || base == "json"
    }

    /// Whether a btree takes it and its three values differ.
    pub fn is_distinct(&self) -> bool {
        self.is_ordered() && self.family != Bool
    }

    pub fn is_ordered(&self) -> bool {
        !matches!(self.family, Odd | Json)
    }

    /// Whether SQLite's STRICT tables know it or undrift knows what to make of it.
    pub fn is_strict(&self) -> bool {
        !matches!(self.name, "=")
    }

    /// Literals as defaults, as they stand in a file.
    pub fn default(&self, random: &mut Random, engine: Engine) -> Option<Tree> {
        let sql = |text: &str| Tree::one("sql", Tree::text(text));
        let choices = match self.family {
            Int => vec![Tree::plain(0), Tree::plain(7), sql("1 + 2"), Tree::text("9")],
            Number => vec![Tree::plain(0), Tree::plain("1.50"), sql("2.5 * 2")],
            Text => texts(engine),
            Bool => vec![Tree::plain(true), Tree::plain(false)],
            Day => vec![Tree::plain("now"), Tree::text("2020-02-29")],
            Clock => vec![Tree::text("12:34:56")],
            Stamp => vec![Tree::plain("now"), Tree::text("2020-02-29 12:00:00")],
            Uuid => vec![Tree::plain("uuid"), Tree::text("00000000-0000-4000-8000-0000000000ff")],
            Json if engine == Engine::Postgres => vec![sql("'{}'"), Tree::text("[]"), Tree::text("{\"a\": \"it's\"}")],
            Json => vec![sql("'{}'"), Tree::text("[]")],
            Binary | Other | Odd => vec![sql(&self.literal(0, engine))],
        };
        random.any(&choices)
    }
}

fn texts(engine: Engine) -> Vec<Tree> {
    let mut choices: Vec<_> =
        ["", "x", "it's", "ü", "\"`", "7", "a,b", "--", "{n}", "null", "true"].map(Tree::text).into();
    choices.push(Tree::one("value", Tree::text("now")));
    choices.push(Tree::one("sql", Tree::text("upper('a')")));
    choices.push(Tree::one("sql", Tree::text("'b'")));
    choices.extend(["a\\b", "l\ni", "t\tb"].map(Tree::text));
    if engine == Engine::Postgres {
        choices.push(Tree::one("sql", Tree::text("'a' || 'b'")));
    }
    choices
}
