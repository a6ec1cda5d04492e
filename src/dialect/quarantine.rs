//! What has to be done beside the rename when a table or column is kept instead of dropped.
//!
//! What is kept must not refuse or change anybody's rows any more. So what a drop would take along goes here too, and
//! a column that an INSERT must fill becomes one that it need not. The values stay.

use super::Dialect;
use crate::model::{Change, Column, IdentityKind, Member, Property, QName, Table};

/// What is done before a table gets its name in quarantine: its foreign keys go, which would refuse deletes or pass
/// them on, and names that other tables may want make room. `renamed` gives a name in quarantine.
pub fn before_table(dialect: &dyn Dialect, table: &Table, renamed: impl Fn(&str) -> String) -> Vec<Change> {
    let name = || table.name.clone();
    let change = |member: Member| match &member {
        Member::ForeignKey(key) if key.table != table.name => Some(Change::DropMember { table: name(), from: member }),
        _ if dialect.shares_names(member.kind()) => {
            let to = member.clone().called(Some(renamed(member.name()?)));
            Some(Change::RenameMember { table: name(), from: member, to })
        }
        _ => None,
    };
    table.members().into_iter().filter_map(change).collect()
}

/// What is done before a column gets its name in quarantine: what `goes` along with it goes, and it may be left out.
pub fn before_column(table: &QName, column: &Column, goes: Vec<Member>) -> Vec<Change> {
    let drops = goes.into_iter().map(|from| Change::DropMember { table: table.clone(), from });
    drops.chain(released(table, column)).collect()
}

/// The changes after which a row may be inserted without the column.
fn released(table: &QName, column: &Column) -> Vec<Change> {
    let mut free = column.clone();
    let numbers_by_key = |kind| matches!(kind, IdentityKind::AutoIncrement | IdentityKind::Rowid);
    let by_key = column.identity.as_ref().is_some_and(|identity| numbers_by_key(identity.kind));
    if by_key {
        free.identity = None;
    }
    free.nullable |= free.default.is_none() && free.identity.is_none();
    let alter = |property| Change::AlterColumn {
        table: table.clone(),
        property,
        from: column.clone(),
        to: free.clone(),
        fill: None,
        using: None,
    };
    let changed = [Property::Identity, Property::Nullable].into_iter().filter(|property| !property.same(column, &free));
    changed.map(alter).collect()
}
