//! Definitions: columns, keys, constraints and whole tables as they stand in `CREATE TABLE` and `ALTER TABLE`.

use std::collections::BTreeMap;

use super::Mysql;
use super::names::{literal, quote, quote_list, quote_table};
use super::types::{base, whole};
use crate::model::{Check, Column, ForeignKey, Index, Part, PartSource, Table, Vendor};

/// Options of columns and tables whose values are texts.
const QUOTED: [&str; 8] = [
    "compression",
    "connection",
    "data_directory",
    "encryption",
    "engine_attribute",
    "index_directory",
    "password",
    "secondary_engine_attribute",
];

impl Mysql {
    /// `CREATE TABLE` with these of its foreign keys; the others wait for the tables they refer to.
    pub(super) fn create_table(&self, table: &Table, keys: &[ForeignKey]) -> String {
        let mut lines: Vec<String> = table.columns.iter().map(|column| self.column(column)).collect();
        lines.extend(table.primary_key.iter().map(|key| self.primary_key(key)));
        lines.extend(table.indexes.iter().map(|index| self.index(index)));
        lines.extend(table.checks.iter().map(check));
        lines.extend(keys.iter().map(foreign_key));
        let options = self.create_options(table);
        format!("CREATE TABLE {} (\n  {}\n){options}", quote_table(&table.name), lines.join(",\n  "))
    }

    /// A column's definition.
    pub(super) fn column(&self, column: &Column) -> String {
        format!("{} {}", quote(&column.name), self.column_body(column))
    }

    /// A column's definition without its name. The order is that of the server's own printing.
    fn column_body(&self, column: &Column) -> String {
        let option = |key: &str| column.options.get(key);
        let mut sql = column.data_type.clone();
        match option("compressed").map(String::as_str) {
            Some("true") => sql.push_str(" COMPRESSED"),
            Some(method) => sql.push_str(&format!(" COMPRESSED={method}")),
            None => {}
        }
        push(&mut sql, " CHARACTER SET ", option("charset"));
        push(&mut sql, " COLLATE ", column.collation.as_ref());
        sql.push_str(&self.nature(column));
        if option("invisible").is_some_and(|value| value == "true") {
            sql.push_str(" INVISIBLE");
        }
        push(&mut sql, " DEFAULT ", column.default.as_deref().map(|default| whole(default).into_owned()).as_ref());
        push(&mut sql, " ON UPDATE ", column.on_update.as_ref());
        if column.identity.is_some() {
            sql.push_str(" AUTO_INCREMENT");
        }
        push(&mut sql, if self.is_mariadb() { " REF_SYSTEM_ID=" } else { " SRID " }, option("srid"));
        push(&mut sql, " COLUMN_FORMAT ", option("column_format"));
        push(&mut sql, " STORAGE ", option("storage"));
        push_text(&mut sql, " ENGINE_ATTRIBUTE ", option("engine_attribute"));
        push_text(&mut sql, " SECONDARY_ENGINE_ATTRIBUTE ", option("secondary_engine_attribute"));
        push_text(&mut sql, " COMMENT ", column.comment.as_ref());
        if let Some(check) = option("check") {
            sql.push_str(&format!(" CHECK ({check})"));
        }
        sql
    }

    /// Generated or not, NULL or not. A nullable timestamp says so, because some servers think otherwise.
    fn nature(&self, column: &Column) -> String {
        let mut sql = String::new();
        if let Some(generated) = &column.generated {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", generated.expr));
        }
        if !column.nullable {
            sql.push_str(" NOT NULL");
        } else if base(&column.data_type) == "timestamp" && column.generated.is_none() {
            sql.push_str(" NULL");
        }
        sql
    }

    /// The primary key.
    pub(super) fn primary_key(&self, index: &Index) -> String {
        format!("PRIMARY KEY {}", self.index_body(index))
    }

    /// An index with its kind and name.
    pub(super) fn index(&self, index: &Index) -> String {
        let kind = match index.method.as_deref() {
            Some("fulltext") => "FULLTEXT ",
            Some("spatial") => "SPATIAL ",
            _ if index.unique => "UNIQUE ",
            _ => "",
        };
        let name = index.name.as_deref().map_or(String::new(), |name| format!("{} ", quote(name)));
        format!("{kind}KEY {name}{}", self.index_body(index))
    }

    fn index_body(&self, index: &Index) -> String {
        let mut sql = format!("({})", index.parts.iter().map(part).collect::<Vec<_>>().join(", "));
        if let Some(method) = index.method.as_deref().filter(|method| !matches!(*method, "fulltext" | "spatial")) {
            sql.push_str(&format!(" USING {}", method.to_ascii_uppercase()));
        }
        push(&mut sql, " KEY_BLOCK_SIZE=", index.options.get("key_block_size"));
        push(&mut sql, " CLUSTERING=", index.options.get("clustering"));
        push(&mut sql, " WITH PARSER ", index.options.get("parser").map(|name| quote(name)).as_ref());
        push_text(&mut sql, " COMMENT ", index.comment.as_ref());
        if index.options.get("visible").is_some_and(|visible| visible == "false") {
            sql.push_str(if self.is_mariadb() { " IGNORED" } else { " INVISIBLE" });
        }
        sql
    }

    /// The options after the parentheses. The engine is always said, so that the server's setting does not matter.
    fn create_options(&self, table: &Table) -> String {
        let mut sql = String::new();
        if !table.options.contains_key("engine") {
            sql.push_str(" ENGINE=InnoDB");
        }
        for (key, value) in plain_options(&table.options) {
            sql.push_str(&format!(" {}", table_option(key, value)));
        }
        push_text(&mut sql, " COMMENT=", table.comment.as_ref());
        push(&mut sql, "\n", table.options.get("partitions"));
        sql
    }

    /// Whether the server is MariaDB.
    pub(super) fn is_mariadb(&self) -> bool {
        self.platform.vendor == Vendor::Mariadb
    }
}

/// The options that are written as `KEY=value`; the character set stands before the collation.
fn plain_options(options: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    options.iter().filter(|(key, _)| *key != "partitions")
}

/// A table option as it stands in a statement.
pub(super) fn table_option(key: &str, value: &str) -> String {
    let quoted = QUOTED.contains(&key) || !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = if quoted { literal(value) } else { value.to_owned() };
    match key {
        "charset" => format!("DEFAULT CHARACTER SET={value}"),
        "collation" => format!("DEFAULT COLLATE={value}"),
        "data_directory" | "index_directory" => format!("{}={value}", key.to_ascii_uppercase().replace('_', " ")),
        "tablespace" => format!("TABLESPACE {}", quote(value.trim_matches('\''))),
        "page_compressed" | "encrypted" if value.parse::<u8>().is_err() => {
            format!("{}='{}'", key.to_ascii_uppercase(), value.trim_matches('\''))
        }
        _ => format!("{}={value}", key.to_ascii_uppercase()),
    }
}

/// What takes a table option back to its default.
pub(super) fn default_option(key: &str, database_collation: Option<&str>) -> String {
    match key {
        "engine" => "ENGINE=InnoDB".to_owned(),
        "collation" | "charset" => {
            database_collation.map_or(String::new(), |collation| format!("DEFAULT COLLATE={collation}"))
        }
        "compression" => "COMPRESSION='none'".to_owned(),
        "encryption" => "ENCRYPTION='N'".to_owned(),
        "key_block_size" | "max_rows" | "min_rows" | "avg_row_length" | "checksum" | "delay_key_write"
        | "transactional" | "page_checksum" => format!("{}=0", key.to_ascii_uppercase()),
        _ => format!("{}=DEFAULT", key.to_ascii_uppercase()),
    }
}

fn part(part: &Part) -> String {
    let mut sql = match &part.source {
        PartSource::Column(name) => quote(name),
        PartSource::Expr(expr) => format!("({expr})"),
    };
    if let Some(prefix) = part.prefix {
        sql.push_str(&format!("({prefix})"));
    }
    if part.desc {
        sql.push_str(" DESC");
    }
    sql
}

/// A foreign key with its name.
pub(super) fn foreign_key(key: &ForeignKey) -> String {
    let mut sql = named(key.name.as_deref());
    let (columns, referenced) = (quote_list(&key.columns), quote_list(&key.referenced));
    sql.push_str(&format!("FOREIGN KEY ({columns}) REFERENCES {} ({referenced})", quote_table(&key.table)));
    push(&mut sql, " ON DELETE ", key.on_delete.as_ref());
    push(&mut sql, " ON UPDATE ", key.on_update.as_ref());
    sql
}

/// A check with its name.
pub(super) fn check(check: &Check) -> String {
    let mut sql = format!("{}CHECK ({})", named(check.name.as_deref()), check.expr);
    if check.options.get("enforced").is_some_and(|enforced| enforced == "false") {
        sql.push_str(" NOT ENFORCED");
    }
    sql
}

fn named(name: Option<&str>) -> String {
    name.map_or(String::new(), |name| format!("CONSTRAINT {} ", quote(name)))
}

fn push(sql: &mut String, before: &str, value: Option<&String>) {
    if let Some(value) = value {
        sql.push_str(before);
        sql.push_str(value);
    }
}

fn push_text(sql: &mut String, before: &str, text: Option<&String>) {
    push(sql, before, text.map(|text| literal(text)).as_ref());
}
