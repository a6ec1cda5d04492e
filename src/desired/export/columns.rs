//! Columns, types and defaults.

use crate::dialect::{DefaultValue, IdentityRequest, Neutral};
use crate::model::{Column, Identity, IdentityKind};
use crate::yaml::{Scalar, Written};

use super::super::defaults::{default_value, holds_text, is_number, plain_value};
use super::{Entries, Export, put_flag, put_text};

/// Neutral types without numbers, those first that say most where an engine has one type for several.
const WORDS: [&str; 15] = [
    "integer",
    "bigint",
    "smallint",
    "boolean",
    "text",
    "real",
    "double",
    "binary",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "json",
    "uuid",
    "decimal",
];

impl Export<'_> {
    pub fn column(&self, column: &Column) -> Written {
        let (kind, text) = self.data_type(&column.data_type);
        let mut map: Entries = vec![("type".to_owned(), kind)];
        self.put_nullable(&mut map, column);
        if let Some(default) = &column.default {
            map.push(("default".to_owned(), self.default(default, &column.data_type, text)));
        }
        if let Some(generated) = &column.generated {
            let stored = Written::Plain(generated.stored.to_string());
            let parts = vec![("sql".to_owned(), Written::text(&generated.expr)), ("stored".to_owned(), stored)];
            map.push(("generated".to_owned(), Written::Map(parts)));
        }
        if let Some(identity) = column.identity.as_ref().filter(|_| !follows_from_key(column)) {
            self.put_identity(&mut map, identity);
        }
        put_text(&mut map, "collation", column.collation.as_ref());
        if let Some(expr) = &column.on_update {
            map.push(("on_update".to_owned(), self.default(expr, &column.data_type, text)));
        }
        put_text(&mut map, "comment", column.comment.as_ref());
        self.put_options(&mut map, &column.options);
        short_form(map)
    }

    /// Whether it may be NULL, said both ways where leaving it out would leave it open.
    fn put_nullable(&self, map: &mut Entries, column: &Column) {
        if self.rules.numbers_without_not_null && column.identity.is_some() {
            map.push(("nullable".to_owned(), Written::Plain(column.nullable.to_string())));
        } else {
            put_flag(map, "nullable", column.nullable);
        }
    }

    /// A type, and whether its values are read as text whatever they look like.
    fn data_type(&self, data_type: &str) -> (Written, bool) {
        if let Some(key) = self.enum_types.get(data_type) {
            return (Written::text(key), true);
        }
        let neutral = candidates(data_type).into_iter().find(|word| self.means(word, data_type));
        if let Some(neutral) = neutral.as_deref().and_then(Neutral::parse).zip(neutral.as_ref()) {
            return (Written::text(neutral.1), holds_text(&neutral.0));
        }
        let taken = self.enum_keys.values().any(|key| key == data_type);
        if taken || data_type.trim().is_empty() || Neutral::parse(data_type).is_some() {
            return (Written::Map(vec![("sql".to_owned(), Written::text(data_type))]), false);
        }
        (Written::text(data_type), false)
    }

    fn means(&self, word: &str, data_type: &str) -> bool {
        let shadowed = self.enum_keys.values().any(|key| key == word);
        !shadowed && Neutral::parse(word).is_some_and(|neutral| self.dialect.neutral_type(&neutral) == data_type)
    }

    /// A default as the value that gives it, or as SQL.
    fn default(&self, sql: &str, data_type: &str, text_type: bool) -> Written {
        let gives = |value: DefaultValue| self.dialect.default_for(&value, data_type).is_ok_and(|made| made == sql);
        let plain = |word: &str| Scalar { text: word.to_owned(), plain: true };
        let number = is_number(sql).then_some(sql);
        // Where a boolean is a number, `1` is `true` only in a column of booleans.
        let (before, after) = if self.means("boolean", data_type) { (None, number) } else { (number, None) };
        let words = ["now", "uuid"].into_iter().chain(before).chain(["true", "false"]).chain(after);
        for word in words {
            if gives(default_value(&plain(word), text_type)) {
                return Written::Plain(word.to_owned());
            }
        }
        if let Some(text) = literal(sql) {
            let scalar = Scalar { text: text.clone(), plain: false };
            if gives(default_value(&scalar, text_type)) {
                return Written::text(text);
            }
            if gives(plain_value(&scalar, text_type)) {
                return Written::Map(vec![("value".to_owned(), Written::text(text))]);
            }
        }
        Written::Map(vec![("sql".to_owned(), Written::text(sql))])
    }

    fn put_identity(&self, map: &mut Entries, identity: &Identity) {
        let is = |request| self.dialect.identity(request) == Ok(identity.kind);
        let requests = [
            ("true", IdentityRequest::Default),
            ("always", IdentityRequest::Always),
            ("serial", IdentityRequest::Serial),
        ];
        let word = requests.into_iter().find(|(_, request)| is(*request)).map(|(word, _)| word);
        let written = match word {
            Some(word) if identity.options.is_empty() => Written::Plain(word.to_owned()),
            _ => {
                let mut parts = vec![("kind".to_owned(), Written::text(mechanism(identity.kind)))];
                self.put_options(&mut parts, &identity.options);
                Written::Map(parts)
            }
        };
        map.push(("identity".to_owned(), written));
    }
}

/// Whether a column that is a rowid by its type and key has a default, which nobody may declare beside `identity`.
fn follows_from_key(column: &Column) -> bool {
    let is_rowid = column.identity.as_ref().is_some_and(|identity| identity.kind == IdentityKind::Rowid);
    is_rowid && column.default.is_some()
}

/// The word that names a mechanism itself.
fn mechanism(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Always => "always",
        IdentityKind::ByDefault => "by_default",
        IdentityKind::Serial => "serial",
        IdentityKind::AutoIncrement => "auto_increment",
        IdentityKind::Rowid => "rowid",
    }
}

/// A column that has nothing but a type is written as that.
fn short_form(map: Entries) -> Written {
    match map.as_slice() {
        [(_, kind @ Written::Text(_))] => kind.clone(),
        _ => Written::Map(map),
    }
}

/// The neutral types that could mean this type, with its numbers.
fn candidates(data_type: &str) -> Vec<String> {
    let inner = data_type.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    let numbers: Option<Vec<u32>> = inner.split(',').map(|number| number.trim().parse().ok()).collect();
    let mut words = match numbers.as_deref() {
        Some([length]) => vec![format!("varchar({length})"), format!("char({length})"), format!("decimal({length})")],
        Some([precision, scale]) => vec![format!("decimal({precision},{scale})")],
        _ => Vec::new(),
    };
    words.extend(WORDS.map(str::to_owned));
    words
}

/// The text of an SQL string literal, a cast after it left out.
fn literal(sql: &str) -> Option<String> {
    let mut rest = sql.strip_prefix('\'')?;
    let mut text = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return (after.is_empty() || after.starts_with("::")).then_some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_taken_apart() {
        assert_eq!(literal("'it''s'::character varying").as_deref(), Some("it's"));
        assert_eq!(literal("''").as_deref(), Some(""));
        for other in ["now()", "'a' || 'b'", "'open", "1"] {
            assert_eq!(literal(other), None, "{other}");
        }
    }
}
