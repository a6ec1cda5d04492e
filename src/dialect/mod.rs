//! What each engine knows, without a connection: quoting, types, statements for a change, hazards.
//!
//! Everything here is pure. An engine's folder holds the same file names as its neighbours', and
//! nothing outside these folders asks which engine it is dealing with.

mod fact;
pub mod form;
pub mod lexeme;
pub mod moves;
mod neutral;
pub mod quarantine;
pub mod rank;
pub mod rows;
pub mod script;
pub mod texts;

pub mod mysql;
pub mod postgres;
pub mod sqlite;

pub use neutral::Neutral;

use crate::model::{
    Change, Check, Engine, EnumType, IdentityKind, MemberKind, Op, Opaque, Platform, QName, Renamed, Schema, Step,
    Table,
};

/// One engine's knowledge, for one server version.
pub trait Dialect: Send + Sync {
    /// The server that statements are written for.
    fn platform(&self) -> &Platform;

    /// A name as an identifier: always quoted, quotes inside it doubled.
    fn quote(&self, name: &str) -> String;

    /// A qualified name as an identifier. The default schema is left out.
    fn quote_name(&self, name: &QName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&name.name)),
            None => self.quote(&name.name),
        }
    }

    /// A text as an SQL string literal.
    fn literal(&self, text: &str) -> String;

    /// The engine's type for a neutral one, in the spelling of the documentation's table.
    fn neutral_type(&self, neutral: &Neutral) -> String;

    /// How a column that takes one of a few labels is declared.
    fn enum_column(&self, request: &EnumRequest<'_>) -> EnumColumn;

    /// The default for a value that a person wrote, for a column of this type. An error says why
    /// the value cannot be the default of such a column.
    ///
    /// # Errors
    /// A sentence for people.
    fn default_for(&self, value: &DefaultValue, data_type: &str) -> Result<String, String>;

    /// The expression that makes a fresh value for an existing row.
    ///
    /// # Errors
    /// A sentence for people when this server version cannot make one.
    fn generate(&self, generator: Generator) -> Result<String, String>;

    /// Whether a change of type can compute the new values with an expression.
    ///
    /// # Errors
    /// A sentence for people when the engine has no way to do so.
    fn cast(&self) -> Result<(), String> {
        Ok(())
    }

    /// How rows are numbered for what a person asked for.
    ///
    /// # Errors
    /// A sentence for people when the engine has no such mechanism.
    fn identity(&self, request: IdentityRequest) -> Result<IdentityKind, String>;

    /// Gives a declared schema the form that the engine wants (SQLite: an identity column's type is
    /// INTEGER, and so on) before anything is made from it.
    fn settle(&self, schema: &mut Schema);

    /// Reads a schema that is an SQL script: what of it is run in a scratch database, and what cannot stand there.
    fn script(&self, text: &str) -> script::Script;

    /// What of a declared schema this server cannot hold. Nothing is left out silently.
    fn unsupported(&self, schema: &Schema) -> Vec<Unsupported>;

    /// The operations that carry out these changes. `from` is the schema before all of them and `to`
    /// the schema after all of them, so that an operation can look at the whole table.
    fn ops(&self, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op>;

    /// Whether something that is not modelled is made in scratch databases, too, where a declared schema may stand on it.
    fn makes_again(&self, opaque: &Opaque) -> bool {
        opaque.sql.is_some()
    }

    /// A statement that the server refused as it says it is to be carried out, in the next best way. `None` when there
    /// is no other way.
    fn weaker(&self, _statement: &str) -> Option<String> {
        None
    }

    /// Puts right why a step may hurt and how long it may take, now that the server has taken its statements on a
    /// scratch copy in the ways that they say.
    fn judge(&self, _step: &mut Step) {}

    /// A query for the rights on a table by its name, where the server leaves them with the old name of what is
    /// renamed: user, host, column and rights.
    fn rights_query(&self, _table: &QName) -> Option<String> {
        None
    }

    /// The statements that let such rights follow what was renamed.
    fn rights_follow(&self, _rights: &[Vec<Option<String>>], _renamed: &Renamed) -> Vec<String> {
        Vec::new()
    }

    /// A query that returns one integer: how many rows a table has, or an estimate of it that
    /// reads no rows where the engine keeps one.
    fn rows_query(&self, table: &QName) -> String;

    /// What tells a table's rows apart and puts them in an order that the engine can follow through an index, as
    /// columns with their types. Empty if there is nothing like that.
    fn row_key(&self, table: &Table) -> Vec<(String, String)>;

    /// An expression for the literal that stands for a key column's value.
    fn key_literal(&self, column: &str, data_type: &str) -> String;

    /// The condition that a row's key is less or greater than these values.
    fn key_compares(&self, columns: &[String], operator: &str, values: &[String]) -> String {
        match (columns, values) {
            ([column], [value]) => format!("{column} {operator} {value}"),
            _ => format!("({}) {operator} ({})", columns.join(", "), values.join(", ")),
        }
    }

    /// Statements that keep the server on the key while rows are walked along it, and those that let it choose its way
    /// again. Without them a condition that looks rare may send it over the whole table for every batch.
    fn keeps_to_the_key(&self) -> [&'static [&'static str]; 2] {
        [&[], &[]]
    }

    /// Makes assignments in so many of a table's pending rows, where no key tells them apart.
    fn set_some(&self, table: &QName, set: &str, pending: &str, size: usize) -> String;

    /// An expression for a column's value as a text.
    fn as_text(&self, column: &str) -> String;

    /// The condition that a column's value is a password hash, as `hashing` tells it.
    fn is_password_hash(&self, column: &str) -> String;

    /// A query for the present moment, as a text, where rows tell whether they were touched since.
    fn moment(&self) -> Option<&'static str> {
        None
    }

    /// The condition, for rows that may have been touched since a moment only: false for the others, without a look.
    fn touched_since(&self, _moment: &str, condition: &str) -> String {
        condition.to_owned()
    }

    /// The condition that two values are not the same, NULL being the same as NULL. Texts are compared byte by byte.
    fn differs(&self, one: &str, other: &str) -> String;

    /// Whether rows can be locked one by one.
    fn locks_rows(&self) -> bool {
        true
    }

    /// A query that returns one integer: how many bytes a table takes, its indexes included.
    fn bytes_query(&self, table: &QName) -> String;

    /// Whether two tables cannot both have a key, index or constraint of this kind under one name.
    fn shares_names(&self, _kind: MemberKind) -> bool {
        false
    }

    /// Names longer than the engine keeps, in the engine's own unit.
    fn name_too_long(&self, name: &str) -> Option<NameLimit>;
}

/// The dialect for a server.
pub fn of(platform: &Platform) -> Box<dyn Dialect> {
    match platform.engine() {
        Engine::Postgres => Box::new(postgres::Postgres::new(platform.clone())),
        Engine::Mysql => Box::new(mysql::Mysql::new(platform.clone())),
        Engine::Sqlite => Box::new(sqlite::Sqlite::new(platform.clone())),
    }
}

/// A default as a person writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// The current time.
    Now,
    /// A random UUID.
    Uuid,
    /// `true` or `false`.
    Bool(bool),
    /// A number, digit for digit as it was written.
    Number(String),
    /// A string.
    Text(String),
    /// An SQL expression; parenthesised where the engine asks for it.
    Sql(String),
}

/// What can fill a column of existing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Random UUIDs (version 4).
    Uuid,
    /// UUIDs that sort by time (version 7).
    UuidV7,
}

/// What a person wrote under `identity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityRequest {
    /// `true`: the engine's usual way.
    Default,
    /// `always`.
    Always,
    /// `serial`.
    Serial,
    /// `true` beside `autoincrement: true`.
    AutoIncrement,
}

/// A column that takes one of a few labels.
#[derive(Clone, Copy, Debug)]
pub struct EnumRequest<'a> {
    /// The table of the column.
    pub table: &'a QName,
    /// The column.
    pub column: &'a str,
    /// The name of the enum: the shared one's, or `<table>_<column>`.
    pub name: &'a QName,
    /// Its labels.
    pub labels: &'a [String],
    /// Whether a CHECK was asked for (`storage: check`) rather than the engine's type.
    pub as_check: bool,
}

/// How such a column is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumColumn {
    /// The column's type.
    pub data_type: String,
    /// The type to create, where the engine has enum types.
    pub enum_type: Option<EnumType>,
    /// The check that stands for the type where it has none.
    pub check: Option<Check>,
}

/// Something that this server cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The table, if it is in one.
    pub table: Option<QName>,
    /// The column, index or constraint by name, if it is one.
    pub item: Option<String>,
    /// What the server cannot do and what to write instead, as a sentence for people.
    pub message: String,
}

/// How long a name may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameLimit {
    /// The limit.
    pub limit: usize,
    /// What is counted: `bytes` or `characters`.
    pub unit: &'static str,
}
