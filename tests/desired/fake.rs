//! A dialect that knows just enough to be asked by the declared schema: types and defaults that
//! are easy to tell from what was written.

use undrift::dialect::{
    DefaultValue, Dialect, EnumColumn, EnumRequest, Generator, IdentityRequest, NameLimit, Neutral, Unsupported,
};
use undrift::model::{
    Change, Check, Engine, EnumType, IdentityKind, Op, Platform, QName, Schema, Table, Vendor, Version,
};

/// The fake of one server.
pub struct Fake(Platform);

/// A fake of each server.
pub fn all() -> Vec<Box<dyn Dialect>> {
    [Vendor::Postgres, Vendor::Mysql, Vendor::Mariadb, Vendor::Sqlite].into_iter().map(of).collect()
}

/// The fake of one server.
pub fn of(vendor: Vendor) -> Box<dyn Dialect> {
    Box::new(Fake(Platform::new(vendor, Version(1, 2, 3))))
}

impl Fake {
    fn engine(&self) -> Engine {
        self.0.engine()
    }

    fn lacks(&self, table: &Table) -> Vec<Unsupported> {
        let partial = table.indexes.iter().filter(|index| index.predicate.is_some() && self.engine() == Engine::Mysql);
        let items = partial.map(|index| (index.name.clone(), "no partial indexes"));
        let methods = table.indexes.iter().filter(|index| index.method.is_some() && self.engine() == Engine::Sqlite);
        let items = items.chain(methods.map(|index| (index.name.clone(), "no index methods")));
        items
            .map(|(item, what)| Unsupported {
                table: Some(table.name.clone()),
                item,
                message: format!("{} has {what}", self.0.vendor),
            })
            .collect()
    }
}

impl Dialect for Fake {
    fn platform(&self) -> &Platform {
        &self.0
    }

    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn neutral_type(&self, neutral: &Neutral) -> String {
        match (neutral, self.engine()) {
            (Neutral::Boolean, Engine::Mysql) => "tinyint(1)".to_owned(),
            (Neutral::Varchar(length), Engine::Postgres) => format!("character varying({length})"),
            (Neutral::Varchar(length), _) => format!("varchar({length})"),
            (Neutral::Char(length), _) => format!("char({length})"),
            (Neutral::Decimal(Some((precision, scale))), _) => format!("numeric({precision},{scale})"),
            (Neutral::Decimal(None), _) => "numeric".to_owned(),
            (Neutral::Timestamp, Engine::Postgres) => "timestamp without time zone".to_owned(),
            (Neutral::Integer | Neutral::BigInt | Neutral::SmallInt, Engine::Sqlite) => "integer".to_owned(),
            (other, _) => format!("{other:?}").to_lowercase(),
        }
    }

    fn enum_column(&self, request: &EnumRequest<'_>) -> EnumColumn {
        let labels: Vec<_> = request.labels.iter().map(|label| self.literal(label)).collect();
        let check = || Check {
            name: Some(format!("{}_{}_check", request.table.name, request.column)),
            expr: format!("{} in ({})", self.quote(request.column), labels.join(", ")),
            options: Default::default(),
            comment: None,
        };
        let (data_type, as_check) = match self.engine() {
            Engine::Postgres if request.as_check => ("character varying(255)".to_owned(), true),
            Engine::Postgres => (spelled(request.name), false),
            Engine::Mysql => (format!("enum({})", labels.join(",")), false),
            Engine::Sqlite => ("text".to_owned(), true),
        };
        let is_type = self.engine() == Engine::Postgres && !as_check;
        let labels = request.labels.to_vec();
        EnumColumn {
            data_type,
            enum_type: is_type.then(|| EnumType { name: request.name.clone(), labels, comment: None }),
            check: as_check.then(check),
        }
    }

    fn default_for(&self, value: &DefaultValue, data_type: &str) -> Result<String, String> {
        Ok(match value {
            DefaultValue::Now => "CURRENT_TIMESTAMP".to_owned(),
            DefaultValue::Uuid => "random_uuid()".to_owned(),
            DefaultValue::Bool(value) => value.to_string(),
            DefaultValue::Number(digits) => digits.clone(),
            DefaultValue::Text(text) if data_type.ends_with("int") || data_type == "integer" => {
                return Err(format!("`{text}` is no whole number"));
            }
            DefaultValue::Text(text) => self.literal(text),
            DefaultValue::Sql(sql) => sql.clone(),
        })
    }

    fn generate(&self, generator: Generator) -> Result<String, String> {
        match generator {
            Generator::Uuid => Ok("random_uuid()".to_owned()),
            Generator::UuidV7 => Err(format!("{} makes no UUIDs of version 7", self.0)),
        }
    }

    fn identity(&self, request: IdentityRequest) -> Result<IdentityKind, String> {
        match (request, self.engine()) {
            (IdentityRequest::Default, Engine::Postgres) => Ok(IdentityKind::ByDefault),
            (IdentityRequest::Always, Engine::Postgres) => Ok(IdentityKind::Always),
            (IdentityRequest::Serial, Engine::Postgres) => Ok(IdentityKind::Serial),
            (IdentityRequest::Default, Engine::Sqlite) => Ok(IdentityKind::Rowid),
            (IdentityRequest::Default, Engine::Mysql) | (IdentityRequest::AutoIncrement, _) => {
                Ok(IdentityKind::AutoIncrement)
            }
            (IdentityRequest::Always | IdentityRequest::Serial, _) => {
                Err(format!("{} has no such identity", self.0.vendor))
            }
        }
    }

    fn settle(&self, _schema: &mut Schema) {}

    fn script(&self, text: &str) -> undrift::dialect::script::Script {
        undrift::dialect::of(self.platform()).script(text)
    }

    fn unsupported(&self, schema: &Schema) -> Vec<Unsupported> {
        schema.tables.values().flat_map(|table| self.lacks(table)).collect()
    }

    fn ops(&self, _from: &Schema, _to: &Schema, _changes: &[Change]) -> Vec<Op> {
        Vec::new()
    }

    fn row_key(&self, _table: &Table) -> Vec<(String, String)> {
        Vec::new()
    }

    fn key_literal(&self, column: &str, _data_type: &str) -> String {
        column.to_owned()
    }

    fn set_some(&self, table: &QName, set: &str, pending: &str, _size: usize) -> String {
        format!("UPDATE {} SET {set} WHERE {pending}", self.quote_name(table))
    }

    fn as_text(&self, column: &str) -> String {
        column.to_owned()
    }

    fn is_password_hash(&self, column: &str) -> String {
        format!("{column} LIKE '$%'")
    }

    fn differs(&self, one: &str, other: &str) -> String {
        format!("{one} IS DISTINCT FROM {other}")
    }

    fn bytes_query(&self, table: &QName) -> String {
        format!("SELECT size('{table}')")
    }

    fn rows_query(&self, table: &QName) -> String {
        format!("SELECT count(*) FROM {}", self.quote_name(table))
    }

    fn name_too_long(&self, name: &str) -> Option<NameLimit> {
        match self.engine() {
            Engine::Postgres => (name.len() > 63).then_some(NameLimit { limit: 63, unit: "bytes" }),
            Engine::Mysql => (name.chars().count() > 64).then_some(NameLimit { limit: 64, unit: "characters" }),
            Engine::Sqlite => None,
        }
    }
}

/// A qualified name as a type, in quotes where it has to be.
pub fn spelled(name: &QName) -> String {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let part = |part: &str| if plain(part) { part.to_owned() } else { format!("\"{}\"", part.replace('"', "\"\"")) };
    match &name.schema {
        Some(schema) => format!("{}.{}", part(schema), part(&name.name)),
        None => part(&name.name),
    }
}
