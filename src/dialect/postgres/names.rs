//! Identifiers and literals: the only place where a name or a text becomes SQL.

use crate::model::{Hash, Member, QName};

/// How many bytes of a name PostgreSQL keeps.
pub(super) const NAME_BYTES: usize = 63;

/// A name as an identifier, always quoted.
pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A qualified name as an identifier; `public` is left to the search path.
pub(crate) fn qualified(name: &QName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", ident(schema), ident(&name.name)),
        None => ident(&name.name),
    }
}

/// Names as a list of identifiers.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}

/// A text as a string literal, for sessions with `standard_conforming_strings` on.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as the server itself prints it: quoted only where it has to be.
pub(crate) fn spell(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if starts_well && name.chars().all(plain) && KEYWORDS.binary_search(&name).is_err() {
        name.to_owned()
    } else {
        ident(name)
    }
}

/// A qualified name as the server prints it with `public` in the search path.
pub(super) fn spell_qualified(name: &QName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", spell(schema), spell(&name.name)),
        None => spell(&name.name),
    }
}

/// The name of a collation or operator class, which is a bare name or, where that is not enough,
/// already SQL: quoted, qualified, with parameters.
pub(super) fn spelled(text: &str) -> String {
    if is_sql(text) { text.to_owned() } else { ident(text) }
}

/// Whether the name of a collation or operator class is SQL already.
pub(super) fn is_sql(text: &str) -> bool {
    text.starts_with('"') || text.contains('(')
}

/// A list of columns in an option, where each is a bare name or already quoted: `a, "b c"`.
pub(super) fn spelled_list(text: &str) -> String {
    let mut quoted = false;
    let separator = |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    text.split(separator).map(|name| spelled(name.trim())).collect::<Vec<_>>().join(", ")
}

/// A storage parameter's name, which may be qualified: `toast.autovacuum_enabled`.
pub(super) fn parameter(key: &str) -> String {
    match key.split_once('.') {
        Some((scope, name)) => format!("{}.{}", ident(scope), ident(name)),
        None => ident(key),
    }
}

/// A name made from parts as the server makes them for keys and sequences, cut to what it keeps.
pub(super) fn made_name(table: &str, column: &str, suffix: &str) -> String {
    let (mut table, mut column) = (table.to_owned(), column.to_owned());
    while table.len() + column.len() + suffix.len() + 2 > NAME_BYTES {
        if table.len() >= column.len() {
            table.pop()
        } else {
            column.pop()
        };
    }
    format!("{table}_{column}_{suffix}")
}

/// A name cut to what the server keeps, as it would cut it itself.
pub(super) fn cut(name: &str) -> String {
    let end = (0..=name.len().min(NAME_BYTES)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name[..end].to_owned()
}

/// The name of a key, index or constraint under construction. One that would be too long keeps its beginning and gets
/// a hash.
pub(super) fn working(member: &Member, name: &str) -> String {
    let whole = member.working_name(name);
    if whole.len() <= NAME_BYTES {
        return whole;
    }
    let hash = Hash::of(name).short();
    let mut kept = cut(&whole);
    while kept.len() + hash.len() + 1 > NAME_BYTES {
        kept.pop();
    }
    format!("{kept}_{hash}")
}

/// The words that the server quotes when they are names (all but its unreserved keywords), in order.
const KEYWORDS: [&str; 163] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_whatever_a_name_holds() {
        assert_eq!(ident("a\"; drop table x; --"), "\"a\"\"; drop table x; --\"");
        assert_eq!(literal("'; DROP TABLE t; --\\"), "'''; DROP TABLE t; --\\'");
        assert_eq!(spelled_list("a, \"b,c\""), "\"a\", \"b,c\"");
    }

    #[test]
    fn keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn made_names_fit() {
        assert_eq!(made_name("t", "id", "seq"), "t_id_seq");
        assert_eq!(made_name(&"ü".repeat(40), "id", "seq").len(), 63);
    }

    #[test]
    fn spells_as_the_server_does() {
        assert_eq!(spell("user_status"), "user_status");
        assert_eq!(spell("user"), "\"user\"");
        assert_eq!(spell("Status"), "\"Status\"");
    }
}
