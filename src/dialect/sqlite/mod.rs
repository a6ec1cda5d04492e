//! What undrift knows about Sqlite.

use super::{
    DefaultValue, Dialect, EnumColumn, EnumRequest, Generator, IdentityRequest, NameLimit, Neutral, Unsupported,
};
use crate::model::{Change, IdentityKind, Op, Platform, QName, Schema};

/// Sqlite, in one version.
pub struct Sqlite {
    platform: Platform,
}

impl Sqlite {
    /// The dialect of one server.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

impl Dialect for Sqlite {
    fn platform(&self) -> &Platform {
        &self.platform
    }
    fn quote(&self, _name: &str) -> String {
        todo!()
    }
    fn literal(&self, _text: &str) -> String {
        todo!()
    }
    fn neutral_type(&self, _neutral: &Neutral) -> String {
        todo!()
    }
    fn enum_column(&self, _request: &EnumRequest<'_>) -> EnumColumn {
        todo!()
    }
    fn default_for(&self, _value: &DefaultValue, _data_type: &str) -> Result<String, String> {
        todo!()
    }
    fn generate(&self, _generator: Generator) -> Result<String, String> {
        todo!()
    }
    fn identity(&self, _request: IdentityRequest) -> Result<IdentityKind, String> {
        todo!()
    }
    fn settle(&self, _schema: &mut Schema) {
        todo!()
    }
    fn unsupported(&self, _schema: &Schema) -> Vec<Unsupported> {
        todo!()
    }
    fn ops(&self, _from: &Schema, _to: &Schema, _changes: &[Change]) -> Vec<Op> {
        todo!()
    }
    fn rows_query(&self, _table: &QName) -> String {
        todo!()
    }
    fn name_too_long(&self, _name: &str) -> Option<NameLimit> {
        todo!()
    }
}
