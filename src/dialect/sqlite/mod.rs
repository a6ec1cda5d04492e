//! What undrift knows about SQLite.
//!
//! SQLite keeps the author's text of everything. So beside the statements there is a tokenizer here,
//! and the one spelling that texts are compared in ([`canon`], [`settle`]).

pub mod canon;
pub mod conversion;
pub mod effects;
pub(crate) mod forms;
pub mod names;
pub mod settle;
pub mod tokens;

mod alter;
mod castable;
mod create;
mod facts;
mod hazards;
mod moves;
mod objects;
mod ops;
mod rebuild;
mod rows;
mod script;
mod script_settings;
pub mod types;
mod unsupported;

use super::{
    DefaultValue, Dialect, EnumColumn, EnumRequest, Generator, IdentityRequest, NameLimit, Neutral, Unsupported, fact,
};
use crate::model::{Change, IdentityKind, MemberKind, Op, Platform, QName, Schema, Table};

/// SQLite, in one version.
pub struct Sqlite {
    platform: Platform,
}

impl Sqlite {
    /// The dialect of one version. It is undrift's own library that runs the statements, whatever wrote the file.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

impl Dialect for Sqlite {
    fn platform(&self) -> &Platform {
        &self.platform
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

    fn enum_column(&self, request: &EnumRequest<'_>) -> EnumColumn {
        types::enum_column(request)
    }

    fn default_for(&self, value: &DefaultValue, data_type: &str) -> Result<String, String> {
        types::default(value, data_type)
    }

    fn generate(&self, generator: Generator) -> Result<String, String> {
        Ok(types::generate(generator))
    }

    fn identity(&self, request: IdentityRequest) -> Result<IdentityKind, String> {
        types::identity(request)
    }

    fn settle(&self, schema: &mut Schema) {
        settle::settle(schema);
    }

    fn script(&self, text: &str) -> crate::dialect::script::Script {
        script::script(text)
    }

    fn unsupported(&self, schema: &Schema) -> Vec<Unsupported> {
        unsupported::unsupported(schema)
    }

    fn ops(&self, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op> {
        let mut ops = ops::ops(self, from, to, changes);
        fact::name_keys(&mut ops, from, names::quote, |_, column| names::quote(column));
        ops
    }

    fn rows_query(&self, table: &QName) -> String {
        format!("SELECT count(*) FROM {}", names::quote(&table.name))
    }

    fn row_key(&self, table: &Table) -> Vec<(String, String)> {
        rows::key(table)
    }

    fn key_literal(&self, column: &str, _data_type: &str) -> String {
        rows::key_literal(column)
    }

    fn set_some(&self, table: &QName, set: &str, pending: &str, _size: usize) -> String {
        rows::set_some(table, set, pending)
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS TEXT)")
    }

    fn is_password_hash(&self, column: &str) -> String {
        rows::is_password_hash(column)
    }

    fn differs(&self, one: &str, other: &str) -> String {
        format!("{one} IS NOT {other} COLLATE BINARY")
    }

    /// A writer has the file to itself.
    fn locks_rows(&self) -> bool {
        false
    }

    fn bytes_query(&self, table: &QName) -> String {
        let name = names::literal(&table.name);
        format!(
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = TRUE AND name IN \
             (SELECT name FROM sqlite_master WHERE tbl_name = {name} COLLATE NOCASE AND rootpage > 0)"
        )
    }

    fn shares_names(&self, kind: MemberKind) -> bool {
        kind == MemberKind::Index
    }

    fn name_too_long(&self, _name: &str) -> Option<NameLimit> {
        None
    }
}
