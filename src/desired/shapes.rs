//! Every key of a schema file: one description for the check, the editors' JSON Schema and the
//! test that the documentation explains each.

use crate::yaml::{Key, Kind, Shape};

/// The five keys of a value that differs per engine.
const fn per_engine(kind: Kind) -> [Key; 5] {
    [
        Key::new("postgres", kind, "on PostgreSQL"),
        Key::new("mysql", kind, "on MySQL, and on MariaDB unless `mariadb` is there too"),
        Key::new("mariadb", kind, "on MariaDB"),
        Key::new("sqlite", kind, "on SQLite"),
        Key::new("any", kind, "on every engine that is not named"),
    ]
}

static TEXT_BY_ENGINE: Shape = Shape { name: "a text per engine", keys: &per_engine(Kind::Text) };
static BOOL_BY_ENGINE: Shape = Shape { name: "a switch per engine", keys: &per_engine(Kind::Bool) };
static SCALAR_BY_ENGINE: Shape = Shape { name: "a value per engine", keys: &per_engine(Kind::Scalar) };
static TEXTS_BY_ENGINE: Shape = Shape { name: "a list per engine", keys: &per_engine(Kind::OneOrMore(&Kind::Text)) };
static MAP_BY_ENGINE: Shape = Shape { name: "options per engine", keys: &per_engine(Kind::Map(&Kind::Scalar)) };
static WORD_BY_ENGINE: Shape = Shape { name: "a choice per engine", keys: &per_engine(IDENTITY_WORD) };
static DEFAULT_BY_ENGINE: Shape = Shape {
    name: "a default per engine",
    keys: &per_engine(Kind::Either(&[Kind::Nothing, Kind::Scalar, Kind::Object(&VALUE)])),
};
static TYPE_BY_ENGINE: Shape = Shape {
    name: "a type per engine",
    keys: &per_engine(Kind::Either(&[Kind::Text, Kind::Object(&NATIVE_TYPE), Kind::Object(&INLINE_ENUM)])),
};

/// Text that may differ per engine.
const TEXT: Kind = Kind::Either(&[Kind::Text, Kind::Object(&TEXT_BY_ENGINE)]);
/// A switch that may differ per engine.
const BOOL: Kind = Kind::Either(&[Kind::Bool, Kind::Object(&BOOL_BY_ENGINE)]);
/// Options by the engine's own keys.
const OPTIONS: Kind = Kind::Either(&[Kind::Map(&Kind::Scalar), Kind::Object(&MAP_BY_ENGINE)]);
const ENGINES: Kind = Kind::OneOrMore(&Kind::Words(&["postgres", "mysql", "mariadb", "sqlite"]));
const IDENTITY_WORD: Kind = Kind::Words(&["true", "false", "always", "serial"]);
const DEFERRABLE: Kind = Kind::Words(&["true", "false", "initially_immediate", "initially_deferred"]);
const ACTION: Kind = Kind::Words(&["cascade", "restrict", "set_null", "set_default", "no_action"]);
const TRANSFORM_KIND: Kind =
    Kind::Either(&[Kind::Words(&["argon2id", "bcrypt", "lower", "trim"]), Kind::Object(&TRANSFORM)]);
const ON_CONFLICT: Kind = Kind::Words(&["stop", "keep_new", "keep_old"]);
const NAMES: Kind = Kind::OneOrMore(&Kind::Either(&[Kind::Text, Kind::Object(&NAME)]));
/// What is indexed: one column, or several things in order.
const PARTS: Kind = Kind::Either(&[Kind::Text, Kind::List(&PART_KIND)]);
const PART_KIND: Kind = Kind::Either(&[Kind::Text, Kind::Object(&PART)]);

const ENGINES_DOC: &str = "The engines it is for; all when left out";
const OPTIONS_DOC: &str = "The engine's own options, plain or per engine";
const COMMENT_DOC: &str = "The comment that the database keeps";

/// The whole file.
pub static SCHEMA: Shape = Shape {
    name: "a schema",
    keys: &[
        Key::new("schema", Kind::Text, "The schema's name"),
        Key::new("version", Kind::Text, "The schema's version, for people"),
        Key::new("extends", Kind::OneOrMore(&Kind::Text), "Files that this one builds upon, relative to it"),
        Key::new("engines", ENGINES, ENGINES_DOC),
        Key::new("ignore", Kind::Object(&IGNORE), "What is never touched and never reported"),
        Key::new(
            "extras",
            Kind::Words(&["report", "ignore", "drop"]),
            "What becomes of things that are there and not declared; `report` when left out",
        ),
        Key::new("extensions", Kind::Object(&TEXTS_BY_ENGINE), "PostgreSQL extensions to install"),
        Key::new("namespaces", Kind::Object(&TEXTS_BY_ENGINE), "PostgreSQL schemas that hold nothing declared here"),
        Key::new(
            "enums",
            Kind::Map(&Kind::Either(&[Kind::List(&Kind::Text), Kind::Object(&ENUM)])),
            "Lists of labels that columns use as their type, by name",
        ),
        Key::new("tables", Kind::Map(&Kind::Object(&TABLE)), "The tables, by name"),
    ],
};

static IGNORE: Shape = Shape {
    name: "an `ignore`",
    keys: &[
        Key::new("tables", Kind::OneOrMore(&Kind::Text), "Globs on the bare or the schema-qualified name"),
        Key::new(
            "properties",
            Kind::OneOrMore(&Kind::Text),
            "Properties that are never compared: comment, collation, storage, …",
        ),
    ],
};

static NAME: Shape = Shape {
    name: "a name",
    keys: &[
        Key::new("schema", Kind::Text, "The PostgreSQL schema"),
        Key::required("name", Kind::Text, "The bare name, which may contain dots"),
    ],
};

static ENUM: Shape = Shape {
    name: "an enum",
    keys: &[
        Key::required("values", Kind::List(&Kind::Text), "The labels, in order"),
        Key::new(
            "storage",
            Kind::Words(&["type", "check"]),
            "PostgreSQL: an enum type (usual) or a varchar with a CHECK",
        ),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("schema", Kind::Text, "The PostgreSQL schema, where the name contains a dot"),
        Key::new("name", Kind::Text, "The bare name, where it contains a dot"),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

static INLINE_ENUM: Shape = Shape {
    name: "an inline enum",
    keys: &[
        Key::required("enum", Kind::List(&Kind::Text), "The labels, in order"),
        Key::new(
            "storage",
            Kind::Words(&["type", "check"]),
            "PostgreSQL: an enum type (usual) or a varchar with a CHECK",
        ),
    ],
};

static NATIVE_TYPE: Shape = Shape {
    name: "a native type",
    keys: &[Key::required(
        "sql",
        Kind::Text,
        "The engine's own type, word for word, even if a neutral type has that name",
    )],
};

static TABLE: Shape = Shape {
    name: "a table",
    keys: &[
        Key::new("schema", Kind::Text, "The PostgreSQL schema, where the name contains a dot"),
        Key::new("name", Kind::Text, "The bare name, where it contains a dot"),
        Key::new("renamed_from", NAMES, "Old names, the most recent first"),
        Key::new("engines", ENGINES, ENGINES_DOC),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        // A file that extends another may leave out what it inherits: `columns` and `type` are
        // missed by `tables` and `columns`, after merging.
        Key::new(
            "columns",
            Kind::Map(&Kind::Either(&[Kind::Text, Kind::Object(&COLUMN)])),
            "The columns by name: a type, or a map",
        ),
        Key::new(
            "primary_key",
            Kind::Either(&[Kind::Text, Kind::List(&PART_KIND), Kind::Object(&CONSTRAINT)]),
            "The primary key: its columns, or a map",
        ),
        Key::new(
            "unique",
            Kind::Either(&[
                Kind::Map(&Kind::Either(&[Kind::Text, Kind::List(&PART_KIND), Kind::Object(&CONSTRAINT)])),
                Kind::List(&Kind::Either(&[Kind::Text, Kind::List(&PART_KIND), Kind::Object(&CONSTRAINT)])),
            ]),
            "Unique constraints by name, or a list of unnamed ones",
        ),
        Key::new(
            "indexes",
            Kind::Map(&Kind::Either(&[Kind::Text, Kind::List(&PART_KIND), Kind::Object(&INDEX)])),
            "Indexes by name",
        ),
        Key::new(
            "foreign_keys",
            Kind::Either(&[Kind::Map(&Kind::Object(&FOREIGN_KEY)), Kind::List(&Kind::Object(&FOREIGN_KEY))]),
            "Foreign keys by name, or a list of unnamed ones",
        ),
        Key::new(
            "checks",
            Kind::Either(&[
                Kind::Map(&Kind::Either(&[Kind::Text, Kind::Object(&CHECK)])),
                Kind::List(&Kind::Either(&[Kind::Text, Kind::Object(&CHECK)])),
            ]),
            "Conditions by name, or a list of unnamed ones",
        ),
    ],
};

static COLUMN: Shape = Shape {
    name: "a column",
    keys: &[
        Key::new(
            "type",
            Kind::Either(&[
                Kind::Text,
                Kind::Object(&TYPE_BY_ENGINE),
                Kind::Object(&INLINE_ENUM),
                Kind::Object(&NATIVE_TYPE),
            ]),
            "A neutral type, an enum, the engine's own type, or one per engine",
        ),
        Key::new("nullable", BOOL, "Whether it may be NULL; false when left out"),
        Key::new(
            "default",
            Kind::Either(&[Kind::Nothing, Kind::Scalar, Kind::Object(&VALUE), Kind::Object(&DEFAULT_BY_ENGINE)]),
            "A value, `now`, `uuid`, `{ value: … }`, `{ sql: … }`, or one per engine",
        ),
        Key::new("generated", Kind::Object(&GENERATED), "The expression that computes it"),
        Key::new(
            "identity",
            Kind::Either(&[IDENTITY_WORD, Kind::Object(&IDENTITY), Kind::Object(&WORD_BY_ENGINE)]),
            "Whether the server numbers new rows, and how",
        ),
        Key::new("autoincrement", Kind::Bool, "SQLite: the keyword AUTOINCREMENT beside `identity: true`"),
        Key::new("collation", TEXT, "The collation; the database's own when left out"),
        Key::new("charset", TEXT, "MySQL: the character set; the table's own when left out"),
        Key::new(
            "on_update",
            Kind::Either(&[Kind::Scalar, Kind::Object(&VALUE), Kind::Object(&DEFAULT_BY_ENGINE)]),
            "MySQL: what an UPDATE sets it to, usually `{ mysql: now }`",
        ),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        Key::new("renamed_from", Kind::OneOrMore(&Kind::Text), "Old names, the most recent first"),
        Key::new("backfill", Kind::Object(&BACKFILL), "What rows that are already there get"),
        Key::new("using", TEXT, "The SQL expression that gives rows their values when the type changes"),
        Key::new("transform", TRANSFORM_KIND, "What becomes of values that come from an old name"),
        Key::new("on_conflict", ON_CONFLICT, "Which value counts where old and new column hold different ones"),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

static VALUE: Shape = Shape {
    name: "a default",
    keys: &[
        Key::new("value", SCALAR, "The value itself, even if it is spelled like a keyword"),
        Key::new("sql", TEXT, "An SQL expression"),
    ],
};

/// A value that may differ per engine.
const SCALAR: Kind = Kind::Either(&[Kind::Scalar, Kind::Object(&SCALAR_BY_ENGINE)]);

static GENERATED: Shape = Shape {
    name: "a generated column",
    keys: &[
        Key::required("sql", TEXT, "The expression"),
        Key::new("stored", BOOL, "Whether it is stored (usual) or computed when read"),
    ],
};

static IDENTITY: Shape = Shape {
    name: "an identity",
    keys: &[
        Key::required(
            "kind",
            Kind::Words(&["default", "always", "by_default", "serial", "auto_increment", "rowid"]),
            "The mechanism; `default` is the engine's usual one",
        ),
        Key::new("options", OPTIONS, "Sequence options: start, increment, min, max, cache, cycle"),
    ],
};

static BACKFILL: Shape = Shape {
    name: "a backfill",
    keys: &[
        Key::new("value", SCALAR, "One value for all rows"),
        Key::new("sql", TEXT, "An SQL expression over the row"),
        Key::new("generate", Kind::Words(&["uuid", "uuid_v7", "uuidv7"]), "A fresh value for each row"),
    ],
};

static TRANSFORM: Shape = Shape {
    name: "a transform",
    keys: &[
        Key::new("argon2id", Kind::Object(&ARGON2ID), "What is no password hash yet becomes one of argon2id"),
        Key::new("bcrypt", Kind::Object(&BCRYPT), "What is no password hash yet becomes one of bcrypt"),
        Key::new("sql", TEXT, "An SQL expression over the row"),
    ],
};

static ARGON2ID: Shape = Shape {
    name: "the cost of argon2id",
    keys: &[
        Key::new("memory", Kind::Number, "Memory in KiB; 19456 when left out"),
        Key::new("iterations", Kind::Number, "Passes over the memory; 2 when left out"),
        Key::new("parallelism", Kind::Number, "Lanes; 1 when left out"),
    ],
};

static BCRYPT: Shape = Shape {
    name: "the cost of bcrypt",
    keys: &[Key::new("cost", Kind::Number, "The logarithm of the number of rounds; 12 when left out")],
};

static PART: Shape = Shape {
    name: "an index part",
    keys: &[
        Key::new("column", Kind::Text, "The column"),
        Key::new("expr", TEXT, "An SQL expression instead of a column"),
        Key::new("desc", Kind::Bool, "Whether it is sorted downwards"),
        Key::new("nulls", Kind::Words(&["first", "last"]), "Where NULLs go, if not where they go anyway"),
        Key::new("opclass", Kind::Text, "PostgreSQL: the operator class"),
        Key::new("collation", TEXT, "The collation, if not the column's own"),
        Key::new("prefix", Kind::Number, "MySQL: how many characters are indexed"),
    ],
};

static CONSTRAINT: Shape = Shape {
    name: "a key",
    keys: &[
        Key::new("name", Kind::Text, "Its name; not compared when left out"),
        Key::required("columns", PARTS, "The columns, in order"),
        Key::new("deferrable", DEFERRABLE, "Whether it can wait for the end of the transaction"),
        Key::new("nulls_not_distinct", Kind::Bool, "PostgreSQL 15: NULLs count as equal"),
        Key::new("include", Kind::OneOrMore(&Kind::Text), "PostgreSQL: columns that are stored with it"),
        Key::new("method", TEXT, "The access method: btree, hash, …"),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

static INDEX: Shape = Shape {
    name: "an index",
    keys: &[
        Key::required("columns", PARTS, "The columns and expressions, in order"),
        Key::new("unique", Kind::Bool, "Whether it is unique"),
        Key::new("where", TEXT, "The condition of a partial index"),
        Key::new("method", TEXT, "The access method: gin, gist, hash, …"),
        Key::new("full_text", Kind::Bool, "MySQL: a full-text index"),
        Key::new("include", Kind::OneOrMore(&Kind::Text), "PostgreSQL: columns that are stored with it"),
        Key::new("nulls_not_distinct", Kind::Bool, "PostgreSQL 15: NULLs count as equal"),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

static FOREIGN_KEY: Shape = Shape {
    name: "a foreign key",
    keys: &[
        Key::new("name", Kind::Text, "Its name, in a list"),
        Key::required("columns", Kind::OneOrMore(&Kind::Text), "The columns that refer"),
        Key::required(
            "references",
            Kind::Either(&[Kind::Text, Kind::Object(&REFERENCE)]),
            "What they refer to: `table(column, …)`, or a map",
        ),
        Key::new("on_delete", ACTION, "What becomes of a row when the one it refers to goes"),
        Key::new("on_update", ACTION, "What becomes of a row when the key it refers to changes"),
        Key::new("deferrable", DEFERRABLE, "Whether it can wait for the end of the transaction"),
        Key::new("match", Kind::Words(&["simple", "full", "partial"]), "How keys with NULLs match"),
        Key::new("dangling", Kind::Bool, "SQLite: it may point nowhere, and what it refers to is not checked"),
        Key::new(
            "external",
            Kind::Bool,
            "What it refers to is kept by somebody else: a table that undrift does not model or that is not declared",
        ),
        Key::new("not_valid", Kind::Bool, "PostgreSQL: rows that are already there are not checked"),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

static REFERENCE: Shape = Shape {
    name: "a reference",
    keys: &[
        Key::new("schema", Kind::Text, "The PostgreSQL schema, or the database on MySQL and MariaDB"),
        Key::required("table", Kind::Text, "The table's bare name, which may contain dots"),
        Key::new("columns", Kind::OneOrMore(&Kind::Text), "The columns; the primary key when left out"),
    ],
};

static CHECK: Shape = Shape {
    name: "a check",
    keys: &[
        Key::new("name", Kind::Text, "Its name, in a list"),
        Key::new("sql", TEXT, "The condition"),
        Key::new("postgres", Kind::Text, "The condition on PostgreSQL"),
        Key::new("mysql", Kind::Text, "The condition on MySQL, and on MariaDB unless `mariadb` is there too"),
        Key::new("mariadb", Kind::Text, "The condition on MariaDB"),
        Key::new("sqlite", Kind::Text, "The condition on SQLite"),
        Key::new("any", Kind::Text, "The condition on every engine that is not named"),
        Key::new("not_valid", Kind::Bool, "PostgreSQL: rows that are already there are not checked"),
        Key::new("comment", Kind::Text, COMMENT_DOC),
        Key::new("options", OPTIONS, OPTIONS_DOC),
        Key::new("engines", ENGINES, ENGINES_DOC),
    ],
};

/// All objects of a schema file, for the test that the documentation explains each key.
pub static ALL: &[&Shape] = &[
    &SCHEMA,
    &IGNORE,
    &NAME,
    &ENUM,
    &INLINE_ENUM,
    &NATIVE_TYPE,
    &TABLE,
    &COLUMN,
    &VALUE,
    &GENERATED,
    &IDENTITY,
    &BACKFILL,
    &TRANSFORM,
    &ARGON2ID,
    &BCRYPT,
    &PART,
    &CONSTRAINT,
    &INDEX,
    &FOREIGN_KEY,
    &REFERENCE,
    &CHECK,
];
