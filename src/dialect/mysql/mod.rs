//! What undrift knows about MySQL and MariaDB.
//!
//! Both are one engine with two vendors; where they differ, [`Platform::vendor`] decides. Names and types are in
//! `names` and `types`, definitions in `create`, statements for changes in `ops`.

mod alter;
mod births;
mod castable;
mod create;
pub mod effects;
mod facts;
mod fill;
mod foreign;
pub(crate) mod forms;
mod generate;
mod hazards;
mod knots;
mod members;
pub(crate) mod names;
pub mod online;
mod ops;
mod options;
mod piece;
mod renames;
mod rights;
mod rows;
mod script;
mod script_settings;
mod settle;
mod tables;
pub(crate) mod tokens;
pub(crate) mod types;
mod unsupported;
pub mod widening;

use super::{
    DefaultValue, Dialect, EnumColumn, EnumRequest, Generator, IdentityRequest, NameLimit, Neutral, Unsupported, fact,
};
use crate::model::{Change, IdentityKind, Op, Opaque, Platform, QName, Renamed, Schema, Step, Table, Version};

/// MySQL or MariaDB, in one version.
pub struct Mysql {
    platform: Platform,
}

impl Mysql {
    /// The dialect of one server.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    /// Whether a default may be any expression over the row.
    fn computes_defaults(&self) -> bool {
        let since = if self.is_mariadb() { Version(10, 2, 1) } else { Version(8, 0, 13) };
        self.platform.version >= since
    }
}

impl Dialect for Mysql {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    /// No table stands on views, routines, triggers and events, and an event would run.
    fn makes_again(&self, opaque: &Opaque) -> bool {
        opaque.sql.is_some() && forms::is_made_again(&opaque.kind)
    }

    fn quote(&self, name: &str) -> String {
        names::quote(name)
    }

    fn literal(&self, text: &str) -> String {
        names::literal(text)
    }

    fn neutral_type(&self, neutral: &Neutral) -> String {
        types::neutral(neutral)
    }

    /// Always an `ENUM`: it is checked by the server and what Laravel makes.
    fn enum_column(&self, request: &EnumRequest<'_>) -> EnumColumn {
        let labels: Vec<String> = request.labels.iter().map(|label| names::literal(label)).collect();
        EnumColumn { data_type: format!("enum({})", labels.join(",")), enum_type: None, check: None }
    }

    fn default_for(&self, value: &DefaultValue, data_type: &str) -> Result<String, String> {
        types::default(value, data_type, self.platform.vendor)
    }

    fn generate(&self, generator: Generator) -> Result<String, String> {
        Ok(generate::expression(generator, &self.platform))
    }

    fn cast(&self) -> Result<(), String> {
        let why = "MySQL converts the values itself when a type changes: `using` has no place there. For another conversion, \
                   declare a new column with a `backfill` beside the old one";
        Err(why.to_owned())
    }

    fn identity(&self, request: IdentityRequest) -> Result<IdentityKind, String> {
        match request {
            IdentityRequest::Default | IdentityRequest::AutoIncrement => Ok(IdentityKind::AutoIncrement),
            IdentityRequest::Always | IdentityRequest::Serial => {
                Err("MySQL numbers rows with AUTO_INCREMENT only: write identity: true".to_owned())
            }
        }
    }

    fn settle(&self, schema: &mut Schema) {
        settle::settle(schema, self.platform.vendor);
    }

    fn script(&self, text: &str) -> crate::dialect::script::Script {
        script::script(text, &self.platform)
    }

    fn unsupported(&self, schema: &Schema) -> Vec<Unsupported> {
        self.all_unsupported(schema)
    }

    fn ops(&self, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op> {
        let mut ops = ops::ops(self, from, to, changes);
        fact::name_keys(&mut ops, from, names::quote, |table, column| facts::shown(from, table, column));
        ops
    }

    fn weaker(&self, statement: &str) -> Option<String> {
        online::weaker(statement, &self.platform)
    }

    fn judge(&self, step: &mut Step) {
        online::judge(step, &self.platform);
    }

    /// The engine's estimate, which may be off by half: counting would read the table.
    fn rights_query(&self, table: &QName) -> Option<String> {
        Some(rights::query(table))
    }

    fn rights_follow(&self, rights: &[Vec<Option<String>>], renamed: &Renamed) -> Vec<String> {
        rights::follow(rights, renamed)
    }

    fn rows_query(&self, table: &QName) -> String {
        let name = names::literal(&table.name);
        format!(
            "SELECT COALESCE(MAX(TABLE_ROWS), 0) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}"
        )
    }

    fn row_key(&self, table: &Table) -> Vec<(String, String)> {
        rows::key(table)
    }

    fn key_literal(&self, column: &str, data_type: &str) -> String {
        rows::key_literal(column, data_type)
    }

    fn key_compares(&self, columns: &[String], operator: &str, values: &[String]) -> String {
        rows::compares(columns, operator, values)
    }

    fn set_some(&self, table: &QName, set: &str, pending: &str, size: usize) -> String {
        rows::set_some(table, set, pending, size)
    }

    fn as_text(&self, column: &str) -> String {
        format!("CONVERT({column} USING utf8mb4)")
    }

    fn is_password_hash(&self, column: &str) -> String {
        rows::is_password_hash(column)
    }

    fn differs(&self, one: &str, other: &str) -> String {
        format!("NOT ({} <=> {})", rows::bytes(one), rows::bytes(other))
    }

    fn bytes_query(&self, table: &QName) -> String {
        let name = names::literal(&table.name);
        format!(
            "SELECT COALESCE(MAX(DATA_LENGTH + INDEX_LENGTH), 0) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}"
        )
    }

    fn name_too_long(&self, name: &str) -> Option<NameLimit> {
        let limit = NameLimit { limit: names::LONGEST_NAME, unit: "characters" };
        (name.chars().count() > limit.limit).then_some(limit)
    }
}
