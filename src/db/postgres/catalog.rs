//! The rows of the catalog with names and types, as they came: nothing is joined here.

use super::path;
use super::sheet::Sheet;
use super::wire::Row;
use crate::db::Extent;
use crate::model::Version;

const CATALOG: &str = include_str!("queries/catalog.sql");
const BUILTIN: &str = include_str!("queries/builtin.sql");

/// Columns of the catalog that came with a version, and what stands for them before it.
const SINCE: [(&str, u16, &str); 5] = [
    ("attcompression", 14, "''"),
    ("confdelsetcols", 15, "NULL"),
    ("indnullsnotdistinct", 15, "false"),
    ("conenforced", 18, "true"),
    ("conperiod", 18, "false"),
];

/// The catalogs of what is only kept as text, as their selects name them.
const TEXTS: [&str; 6] = [
    "FROM pg_catalog.pg_rewrite",
    "FROM pg_catalog.pg_proc",
    "FROM pg_catalog.pg_trigger",
    "FROM pg_catalog.pg_policy",
    "FROM pg_catalog.pg_statistic_ext",
    "FROM pg_catalog.pg_event_trigger",
];

/// What stands in place of such a select.
const NOTHING: &str = "SELECT WHERE false";

/// A message with the selects of [`Catalog`] for a server of this version, and with those of [`Builtin`] if asked for. It has
/// to be in a transaction, and is answered as [`path::printed`] says.
pub(super) fn query(version: Version, extent: Extent, builtin: bool) -> String {
    let text = SINCE.iter().fold(CATALOG.to_owned(), |sql, (column, since, before)| {
        sql.replace(&format!("{{{column}}}"), if version.0 >= *since { column } else { before })
    });
    let (text, more) = (uncommented(&text), uncommented(BUILTIN));
    let is_text = |select: &str| TEXTS.iter().any(|from| select.contains(from));
    let asked = text.split(';').map(|select| match extent {
        Extent::Modelled if is_text(select) => NOTHING,
        _ => select.trim(),
    });
    path::printed(asked.chain(more.split(';').map(str::trim).filter(|_| builtin)))
}

fn uncommented(sql: &str) -> String {
    sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

/// An object's number within one catalog of one database.
pub(super) type Oid = u32;

/// A value that a column of the catalog can have.
trait Cell: Sized {
    fn read(text: Option<String>) -> Result<Self, String>;
}

impl Cell for Option<String> {
    fn read(text: Option<String>) -> Result<Self, String> {
        Ok(text)
    }
}

impl Cell for String {
    fn read(text: Option<String>) -> Result<Self, String> {
        text.ok_or_else(|| "the catalog has a NULL where none can be".to_owned())
    }
}

impl Cell for bool {
    fn read(text: Option<String>) -> Result<Self, String> {
        Ok(text.as_deref() == Some("t"))
    }
}

/// One of the catalog's letters; `"char"` columns are empty for none.
impl Cell for char {
    fn read(text: Option<String>) -> Result<Self, String> {
        Ok(text.and_then(|text| text.chars().next()).unwrap_or(' '))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Cell for $number {
            fn read(text: Option<String>) -> Result<Self, String> {
                let text = String::read(text)?;
                text.parse().map_err(|_| format!("the catalog has '{text}' where a number has to be"))
            }
        }
        /// `1 2 3` as vectors are printed, or `{1,2,3}` as arrays are.
        impl Cell for Vec<$number> {
            fn read(text: Option<String>) -> Result<Self, String> {
                let text = text.unwrap_or_default();
                let words = text.split(|c: char| !c.is_ascii_digit() && c != '-').filter(|word| !word.is_empty());
                words.map(|word| <$number as Cell>::read(Some(word.to_owned()))).collect()
            }
        }
    )*};
}

numbers!(u32, i16, i64);

impl Cell for Option<i64> {
    fn read(text: Option<String>) -> Result<Self, String> {
        text.map(|text| i64::read(Some(text))).transpose()
    }
}

impl Cell for f64 {
    fn read(text: Option<String>) -> Result<Self, String> {
        let text = String::read(text)?;
        text.parse().map_err(|_| format!("the catalog has '{text}' where a number has to be"))
    }
}

/// An array of texts as the server prints it: `{a,"b c",NULL}`.
impl Cell for Vec<String> {
    fn read(text: Option<String>) -> Result<Self, String> {
        let text = text.unwrap_or_default();
        let mut items = Vec::new();
        let mut item = String::new();
        let (mut quoted, mut begun) = (false, false);
        let mut rest = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().chars();
        while let Some(c) = rest.next() {
            match c {
                '"' => quoted = !quoted,
                '\\' => item.extend(rest.next()),
                ',' if !quoted => items.push(std::mem::take(&mut item)),
                c => item.push(c),
            }
            begun = true;
        }
        items.extend(begun.then_some(item));
        Ok(items)
    }
}

/// Something that is read from one row.
trait Record: Sized {
    fn read(row: Row) -> Result<Self, String>;
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name { $(pub(super) $field: $kind),* }

        impl Record for $name {
            fn read(row: Row) -> Result<Self, String> {
                let mut cells = row.into_iter();
                Ok(Self { $($field: <$kind as Cell>::read(cells.next().flatten())?),* })
            }
        }
    )*};
}

records! {
    /// A row of `pg_namespace`.
    Namespace { oid: Oid, name: String }
    /// A row of `pg_extension`.
    Extension { name: String }
    /// What an extension owns.
    Owned { class: Oid, object: Oid }
    /// What a column owns; `kind` is `i` for identity columns, `a` for what goes with the column.
    ColumnOwned { object: Oid, relation: Oid, column: i16, kind: char }
    /// A row of `pg_class`.
    Relation {
        oid: Oid, name: String, namespace: Oid, kind: char, persistence: char, partition: bool, of_type: Oid,
        method: Oid, toast: Oid, row_security: bool, force_row_security: bool, replica_identity: char,
        options: Vec<String>, bound: Option<String>,
    }
    /// A row of `pg_attribute`.
    Attribute {
        relation: Oid, number: i16, name: String, type_oid: Oid, data_type: String, not_null: bool, identity: char,
        generated: char, collation: Oid, collation_name: Option<String>, storage: char, compression: char,
        statistics: Option<i64>, options: Vec<String>,
    }
    /// A row of `pg_attrdef`.
    Default { relation: Oid, number: i16, expr: String }
    /// A row of `pg_constraint`.
    Constraint {
        oid: Oid, name: String, kind: char, relation: Oid, of_type: Oid, deferrable: bool, deferred: bool,
        validated: bool, no_inherit: bool, index: Oid, columns: Vec<i16>, referenced: Oid,
        referenced_columns: Vec<i16>, on_update: char, on_delete: char, matching: char, set_columns: Vec<i16>,
        enforced: bool, period: bool, parent: Oid, expr: Option<String>, definition: Option<String>,
    }
    /// A row of `pg_index`.
    IndexRow {
        oid: Oid, relation: Oid, unique: bool, nulls_not_distinct: bool, valid: bool, replica_identity: bool,
        clustered: bool, key_parts: i16, columns: Vec<i16>, classes: Vec<u32>, collations: Vec<u32>,
        options: Vec<i16>, exprs: Vec<String>, predicate: Option<String>,
    }
    /// A row of `pg_opclass`.
    OperatorClass { oid: Oid, name: String, namespace: Oid, method: Oid, default: bool, type_oid: Oid }
    /// A row of `pg_am`.
    AccessMethod { oid: Oid, name: String }
    /// A row of `pg_type`.
    Type {
        oid: Oid, name: String, namespace: Oid, kind: char, category: char, storage: char,
        collation: Oid, not_null: bool, base: Option<String>, default: Option<String>,
    }
    /// A row of `pg_enum`.
    Label { type_oid: Oid, order: f64, label: String }
    /// A row of `pg_sequence`.
    Sequence {
        oid: Oid, data_type: String, start: i64, increment: i64, max: i64, min: i64, cache: i64, cycle: bool,
    }
    /// A row of `pg_description`.
    Comment { class: Oid, object: Oid, column: i64, text: String }
    /// A row of `pg_inherits`.
    Inherits { child: Oid, parent: Oid }
    /// A row of `pg_partitioned_table`.
    Partitioned { relation: Oid, key: String }
    /// A row of `pg_rewrite`: a view's query, or a rule.
    Rule { oid: Oid, relation: Oid, name: String, definition: String }
    /// A row of `pg_proc`.
    Function { oid: Oid, name: String, namespace: Oid, kind: char, arguments: String, definition: Option<String> }
    /// A row of `pg_trigger`.
    Trigger { oid: Oid, relation: Oid, name: String, definition: String }
    /// A row of `pg_policy`.
    Policy {
        oid: Oid, relation: Oid, name: String, command: char, permissive: bool, roles: Vec<String>,
        using: Option<String>, check: Option<String>,
    }
    /// A row of `pg_statistic_ext`.
    Statistics { oid: Oid, name: String, namespace: Oid, relation: Oid, definition: String }
    /// A row of `pg_event_trigger`.
    EventTrigger { oid: Oid, name: String }
}

macro_rules! catalog {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $record:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name { $(pub(super) $field: Vec<$record>),* }

        impl $name {
            /// How many selects there are.
            pub(super) const SELECTS: usize = [$(stringify!($field)),*].len();

            /// Takes the answers to the selects apart.
            ///
            /// # Errors
            /// What is not as this version of the catalog should be.
            pub(super) fn from_answers(answers: &[Sheet]) -> Result<Self, String> {
                let mut answers = answers.iter();
                Ok(Self { $($field: records(answers.next())?),* })
            }
        }
    };
}

catalog! {
    /// What all databases of a server have in common, by catalog, in the order of the selects.
    Builtin {
        operator_classes: OperatorClass,
        access_methods: AccessMethod,
        types: Type,
    }
}

catalog! {
    /// What a database has of its own, by catalog, in the order of the selects.
    Catalog {
    namespaces: Namespace,
    extensions: Extension,
    extension_owned: Owned,
    column_owned: ColumnOwned,
    relations: Relation,
    attributes: Attribute,
    defaults: Default,
    constraints: Constraint,
    indexes: IndexRow,
    operator_classes: OperatorClass,
    access_methods: AccessMethod,
    types: Type,
    labels: Label,
    sequences: Sequence,
    comments: Comment,
    inherits: Inherits,
    partitioned: Partitioned,
    rules: Rule,
    functions: Function,
    triggers: Trigger,
    policies: Policy,
    statistics: Statistics,
    event_triggers: EventTrigger,
    }
}

fn records<R: Record>(answer: Option<&Sheet>) -> Result<Vec<R>, String> {
    let answer = answer.ok_or("the server answered fewer queries than it was asked")?;
    answer.texts().into_iter().map(R::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_vectors_and_arrays() {
        assert_eq!(<Vec<i16> as Cell>::read(Some("1 0 -3".into())).unwrap(), [1, 0, -3]);
        assert_eq!(<Vec<i16> as Cell>::read(Some("{4,2}".into())).unwrap(), [4, 2]);
        assert!(<Vec<i16> as Cell>::read(None).unwrap().is_empty());
        let texts = <Vec<String> as Cell>::read(Some(r#"{a=1,"b\"c, d",""}"#.into())).unwrap();
        assert_eq!(texts, ["a=1", "b\"c, d", ""]);
    }

    #[test]
    fn asks_each_version_for_what_it_has() {
        assert!(!query(Version(12, 0, 0), Extent::Whole, false).contains("conenforced"));
        assert!(query(Version(18, 0, 0), Extent::Whole, false).contains("indnullsnotdistinct"));
        assert!(!query(Version(15, 0, 0), Extent::Whole, true).contains('{'));
    }

    #[test]
    fn what_is_only_kept_as_text_can_be_left_out() {
        let (whole, modelled) = (Extent::Whole, Extent::Modelled);
        let selects = |extent| query(Version(15, 0, 0), extent, true).split(';').count();
        assert_eq!(selects(whole), selects(modelled));
        let text = query(Version(15, 0, 0), modelled, false);
        assert_eq!(text.matches(NOTHING).count(), TEXTS.len());
        assert!(!text.contains("pg_get_triggerdef") && text.contains("FROM pg_catalog.pg_index"));
    }
}
