//! The changes of one call, with the two schemas around them, and questions about them.

use super::Postgres;
use super::conversion::{Conversion, conversion};
use super::text::mentions;
use super::types::user_type;
use crate::model::{
    Change, Check, Column, Deferrable, ForeignKey, Index, Member, Object, PartSource, Property, QName, Schema, Table,
};

/// Changes with the schemas before and after all of them.
pub(super) struct Batch<'a> {
    pub(super) dialect: &'a Postgres,
    pub(super) from: &'a Schema,
    pub(super) to: &'a Schema,
    pub(super) changes: &'a [Change],
}

/// Where a member stands while the columns of its table change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is there before and after.
    Stays,
    /// It is dropped first, for good or to come back as another one.
    Goes,
}

impl<'a> Batch<'a> {
    /// A table as it is.
    pub(super) fn table_before(&self, name: &QName) -> Option<&'a Table> {
        self.from.tables.get(name)
    }

    /// A table as it will be.
    pub(super) fn table_after(&self, name: &QName) -> Option<&'a Table> {
        self.to.tables.get(name)
    }

    /// A column as it will be.
    pub(super) fn column_after(&self, table: &QName, column: &str) -> Option<&'a Column> {
        self.table_after(table)?.column(column)
    }

    /// A column as it is.
    pub(super) fn column_before(&self, table: &QName, column: &str) -> Option<&'a Column> {
        self.table_before(table)?.column(column)
    }

    /// The enum type that a type text names, before or after.
    pub(super) fn enum_of(&self, data_type: &str) -> Option<QName> {
        let name = user_type(data_type)?;
        (self.from.enums.contains_key(&name) || self.to.enums.contains_key(&name)).then_some(name)
    }

    /// The type that has to be there for a column of this type text.
    pub(super) fn type_object(&self, data_type: &str) -> Option<Object> {
        self.enum_of(data_type).map(Object::Type)
    }

    /// The changes of one column's properties, as indexes.
    pub(super) fn alterations(&self, table: &QName, column: &str) -> impl Iterator<Item = (usize, Property)> {
        self.changes.iter().enumerate().filter_map(move |(index, change)| match change {
            Change::AlterColumn { table: t, property, to, .. } if t == table && to.name == column => {
                Some((index, *property))
            }
            _ => None,
        })
    }

    /// The change of one property of a column, as an index.
    pub(super) fn alteration(&self, table: &QName, column: &str, property: Property) -> Option<usize> {
        self.alterations(table, column).find(|(_, found)| *found == property).map(|(index, _)| index)
    }

    /// What a change of type in this batch means for a column, if there is one.
    pub(super) fn conversion_of(&self, table: &QName, column: &str) -> Option<(usize, Conversion)> {
        let index = self.alteration(table, column, Property::Type)?;
        let Change::AlterColumn { from, to, using, .. } = &self.changes[index] else { return None };
        let found = conversion(&from.data_type, &to.data_type);
        Some((index, if using.is_some() { found.by_expression() } else { found }))
    }

    /// The change that has to drop a column and make it anew, because PostgreSQL has no other way
    /// to give it this expression.
    pub(super) fn recreation(&self, table: &QName, column: &str) -> Option<usize> {
        let index = self.alteration(table, column, Property::Generated)?;
        let Change::AlterColumn { from, to, .. } = &self.changes[index] else { return None };
        let version = self.dialect.version().0;
        let in_place = match (&from.generated, &to.generated) {
            (Some(old), None) => old.stored && version >= 13,
            (Some(old), Some(new)) => old.stored == new.stored && version >= 17,
            _ => false,
        };
        (!in_place).then_some(index)
    }

    /// Whether a column is dropped.
    pub(super) fn drops_column(&self, table: &QName, column: &str) -> bool {
        self.changes.iter().any(|change| match change {
            Change::DropColumn { table: t, from }
            | Change::MergeColumn { table: t, from, .. }
            | Change::ReplaceColumn { table: t, from, .. } => t == table && from.name == column,
            _ => false,
        })
    }

    /// The old column whose values move into this one.
    pub(super) fn merged_from(&self, table: &QName, column: &str) -> Option<&'a str> {
        self.changes.iter().find_map(|change| match change {
            Change::MergeColumn { table: t, from, to, .. } if t == table && to.name == column => {
                Some(from.name.as_str())
            }
            _ => None,
        })
    }

    fn fate(&self, table: &QName, member: &Member) -> Fate {
        let same = |other: &Member| other.kind() == member.kind() && other.name() == member.name();
        let goes = self.changes.iter().any(|change| match change {
            Change::DropMember { table: t, from } => t == table && same(from),
            Change::AlterMember { table: t, from, to } => t == table && same(from) && replaces(from, to),
            Change::DropTable { from } => from.name == *table,
            _ => false,
        });
        if goes { Fate::Goes } else { Fate::Stays }
    }

    /// The members of a table, as it is, that no change of this batch takes away.
    pub(super) fn staying_members(&self, table: &'a Table) -> impl Iterator<Item = Member> {
        members_of(table).filter(move |member| self.fate(&table.name, member) == Fate::Stays)
    }

    /// The generated columns of a table whose expressions mention a column, and that stay.
    pub(super) fn generated_from(&self, table: &'a Table, column: &str) -> Vec<&'a Column> {
        let uses =
            |other: &&Column| other.generated.as_ref().is_some_and(|generated| mentions(&generated.expr, column));
        let stays = |other: &&Column| !self.drops_column(&table.name, &other.name);
        table.columns.iter().filter(uses).filter(stays).collect()
    }
}

/// Whether going from one definition to the other takes a drop and an add.
pub(super) fn replaces(from: &Member, to: &Member) -> bool {
    super::member_ops::in_place(&QName::bare(""), from, to).is_none()
}

/// All members of a table.
pub(super) fn members_of(table: &Table) -> impl Iterator<Item = Member> {
    let keys = table.primary_key.iter().cloned().map(Member::PrimaryKey);
    let uniques = table.uniques.iter().cloned().map(Member::Unique);
    let indexes = table.indexes.iter().cloned().map(Member::Index);
    let foreign_keys = table.foreign_keys.iter().cloned().map(Member::ForeignKey);
    let checks = table.checks.iter().cloned().map(Member::Check);
    keys.chain(uniques).chain(indexes).chain(foreign_keys).chain(checks)
}

/// Whether a member hangs on a column: the server drops it silently with the column.
pub(super) fn uses_column(member: &Member, column: &str) -> bool {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            index_columns(index).any(|name| name == column) || expressions(member).any(|expr| mentions(expr, column))
        }
        Member::ForeignKey(key) => key.columns.iter().any(|name| name == column),
        Member::Check(check) => mentions(&check.expr, column),
    }
}

/// The expressions of a member: what the server parsed once, with the types of that time.
pub(super) fn expressions(member: &Member) -> Box<dyn Iterator<Item = &str> + '_> {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            let parts = index.parts.iter().filter_map(|part| match &part.source {
                PartSource::Expr(expr) => Some(expr.as_str()),
                PartSource::Column(_) => None,
            });
            Box::new(parts.chain(index.predicate.as_deref()))
        }
        Member::Check(Check { expr, .. }) => Box::new(std::iter::once(expr.as_str())),
        Member::ForeignKey(_) => Box::new(std::iter::empty()),
    }
}

fn index_columns(index: &Index) -> impl Iterator<Item = &str> {
    index.columns().chain(index.include.iter().map(String::as_str))
}

/// The columns of a table that a member hangs on.
pub(super) fn used_columns(table: &Table, member: &Member) -> Vec<String> {
    let used = table.columns.iter().filter(|column| uses_column(member, &column.name));
    used.map(|column| column.name.clone()).collect()
}

/// The columns of a key that foreign keys can refer to, sorted; `None` where none can.
pub(super) fn key_columns(member: &Member) -> Option<Vec<String>> {
    let index = match member {
        Member::PrimaryKey(index) | Member::Unique(index) => index,
        Member::Index(index) if index.unique && index.predicate.is_none() => index,
        _ => return None,
    };
    let plain = index.parts.iter().all(|part| matches!(part.source, PartSource::Column(_)));
    (plain && index.deferrable == Deferrable::No).then(|| sorted(index.columns()))
}

/// Names in order, as the objects that stand for keys want them.
pub(super) fn sorted<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

/// What a foreign key refers to.
pub(super) fn referenced_key(batch: &Batch<'_>, key: &ForeignKey) -> Object {
    let columns = if key.referenced.is_empty() {
        let table = batch.table_after(&key.table).or_else(|| batch.table_before(&key.table));
        let primary = table.and_then(|table| table.primary_key.as_ref());
        sorted(primary.into_iter().flat_map(Index::columns))
    } else {
        sorted(key.referenced.iter().map(String::as_str))
    };
    Object::Key(key.table.clone(), columns)
}

/// What a member is for the order of a plan: itself, its index name, and the key it makes.
pub(super) fn objects(table: &QName, member: &Member) -> Vec<Object> {
    let mut objects = vec![Object::Member(table.clone(), member.label())];
    let has_index = matches!(member, Member::PrimaryKey(_) | Member::Unique(_) | Member::Index(_));
    objects.extend(member.name().filter(|_| has_index).map(|name| Object::IndexName(table.sibling(name))));
    objects.extend(key_columns(member).map(|columns| Object::Key(table.clone(), columns)));
    objects
}

/// Columns of a table as objects.
pub(super) fn column_objects(table: &QName, columns: impl IntoIterator<Item = String>) -> Vec<Object> {
    columns.into_iter().map(|column| Object::Column(table.clone(), column)).collect()
}
