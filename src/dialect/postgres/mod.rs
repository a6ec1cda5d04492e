//! What undrift knows about PostgreSQL 12 and later.
//!
//! `names` and `types` make SQL of names and values; `create` and `members` of tables and what is
//! in them. The statements that get from one schema to another start at `ops`.

mod alter;
mod batch;
mod castable;
mod columns;
pub mod conversion;
mod counter;
mod create;
mod detours;
mod enums;
mod facts;
mod fill;
pub(crate) mod forms;
mod identity;
pub mod impact;
mod member_ops;
mod members;
mod moves;
mod names;
mod naming;
mod not_null;
mod online;
mod ops;
mod rebuild;
mod rights;
mod rows;
mod script;
mod script_settings;
mod settings;
mod text;
pub(crate) mod tokens;
mod types;
mod unsupported;

pub(crate) use create::{row_security, special_table};
pub(crate) use members::create_index;
pub(crate) use names::{ident, literal, qualified as ident_qualified, spell};
pub(crate) use text::stable;
pub(crate) use types::user_type as parse_name;

use super::{
    DefaultValue, Dialect, EnumColumn, EnumRequest, Generator, IdentityRequest, NameLimit, Neutral, Unsupported, fact,
};
use crate::model::{Change, IdentityKind, MemberKind, Op, Platform, QName, Schema, Table, Version};

/// PostgreSQL, in one version.
pub struct Postgres {
    platform: Platform,
}

impl Postgres {
    /// The dialect of one server.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    fn version(&self) -> Version {
        self.platform.version
    }
}

impl Dialect for Postgres {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn quote(&self, name: &str) -> String {
        names::ident(name)
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
        types::default_for(value, data_type, self.version())
    }

    fn generate(&self, generator: Generator) -> Result<String, String> {
        types::generate(generator, self.version())
    }

    fn identity(&self, request: IdentityRequest) -> Result<IdentityKind, String> {
        types::identity(request)
    }

    fn settle(&self, schema: &mut Schema) {
        schema.tables.values_mut().for_each(settle_table);
    }

    fn script(&self, text: &str) -> crate::dialect::script::Script {
        script::script(text)
    }

    fn unsupported(&self, schema: &Schema) -> Vec<Unsupported> {
        unsupported::unsupported(schema, self.version())
    }

    fn ops(&self, from: &Schema, to: &Schema, changes: &[Change]) -> Vec<Op> {
        let mut ops = ops::ops(&batch::Batch { dialect: self, from, to, changes });
        fact::name_keys(&mut ops, from, names::ident, |_, column| names::ident(column));
        ops
    }

    /// The planner's own estimate: rows per page as last counted, times the pages there are now.
    /// A table that was never counted is taken to have rows of a hundred bytes. Every operand has the type that the server's
    /// own operator takes: a tenant's would be chosen where it fitted better.
    fn rows_query(&self, table: &QName) -> String {
        let table = names::literal(&names::qualified(table));
        format!(
            "SELECT coalesce((SELECT (CASE WHEN reltuples > 0::float4 AND relpages > 0 \
             THEN reltuples::float8 / relpages::float8 * (pg_catalog.pg_relation_size(oid::pg_catalog.regclass) \
             / pg_catalog.current_setting('block_size')::int8)::float8 \
             ELSE pg_catalog.pg_relation_size(oid::pg_catalog.regclass)::float8 / 100::float8 END)::int8 \
             FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({table})::pg_catalog.oid), 0::int8)"
        )
    }

    fn row_key(&self, table: &Table) -> Vec<(String, String)> {
        rows::key(table)
    }

    fn key_literal(&self, column: &str, data_type: &str) -> String {
        rows::key_literal(column, data_type)
    }

    fn set_some(&self, table: &QName, set: &str, pending: &str, size: usize) -> String {
        rows::set_some(table, set, pending, size)
    }

    fn as_text(&self, column: &str) -> String {
        format!("{column}::text")
    }

    fn is_password_hash(&self, column: &str) -> String {
        rows::is_password_hash(column)
    }

    fn keeps_to_the_key(&self) -> [&'static [&'static str]; 2] {
        [&rows::KEEP_TO_THE_KEY, &rows::LET_GO_OF_THE_KEY]
    }

    fn moment(&self) -> Option<&'static str> {
        Some(rows::MOMENT)
    }

    fn touched_since(&self, moment: &str, condition: &str) -> String {
        rows::touched_since(moment, condition)
    }

    fn differs(&self, one: &str, other: &str) -> String {
        format!("{one} IS DISTINCT FROM {other}")
    }

    fn bytes_query(&self, table: &QName) -> String {
        let table = names::literal(&names::qualified(table));
        format!("SELECT coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass({table})), 0::int8)")
    }

    fn shares_names(&self, kind: MemberKind) -> bool {
        matches!(kind, MemberKind::PrimaryKey | MemberKind::Unique | MemberKind::Index)
    }

    fn name_too_long(&self, name: &str) -> Option<NameLimit> {
        (name.len() > names::NAME_BYTES).then_some(NameLimit { limit: names::NAME_BYTES, unit: "bytes" })
    }
}

/// Primary keys and identity columns are NOT NULL whether somebody says so or not. What `serial` stands for
/// is a default, and that may be NULL.
fn settle_table(table: &mut Table) {
    let key: Vec<String> = table.primary_key.iter().flat_map(|key| key.columns().map(str::to_owned)).collect();
    for column in &mut table.columns {
        let identity = column.identity.is_some() && !columns::is_serial(column);
        column.nullable &= !identity && !key.contains(&column.name);
    }
}
