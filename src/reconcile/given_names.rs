//! Names that nobody declared: a server gave them, and a tenant's server may have given others.

use std::collections::BTreeMap;

use crate::model::{Member, MemberKind, QName, Schema, Table};

/// The keys and constraints that nobody named, as the server that built the reference calls them.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenNames(BTreeMap<QName, Vec<Member>>);

impl GivenNames {
    /// Takes the names that nobody declared out of what was read back, and keeps them.
    pub(super) fn forget(read: &mut Schema, declared: &Schema) -> Self {
        let mut given = BTreeMap::new();
        for (name, table) in &mut read.tables {
            let Some(declared) = declared.tables.get(name) else { continue };
            let members = nobody_named(table, declared);
            for member in &members {
                table.remove_member(member);
                table.add_member(member.clone().called(None));
            }
            given.insert(name.clone(), members);
        }
        Self(given)
    }

    /// The reference beside a database. What nobody named is found there by what it says. Where only
    /// something else has the name that a server gives, that is an older version of it, not an extra.
    pub(super) fn recalled(&self, reference: &Schema, actual: &Schema) -> Schema {
        let mut reference = reference.clone();
        for (name, given) in &self.0 {
            if let (Some(has), Some(wants)) = (actual.tables.get(name), reference.tables.get_mut(name)) {
                recall(given, &has.members(), wants);
            }
        }
        reference
    }
}

fn recall(given: &[Member], has: &[Member], wants: &mut Table) {
    let wanted = wants.members();
    for member in given.iter().filter(|member| member.kind() != MemberKind::PrimaryKey) {
        let found = match has.iter().find(|found| found.same_definition(member)) {
            // Whoever changes a comment has to say whose.
            Some(found) => Some(found).filter(|found| found.comment() != member.comment()),
            None => has.iter().find(|found| is_older_version(found, member, &wanted)),
        };
        if let Some(found) = found {
            wants.remove_member(&member.clone().called(None));
            wants.add_member(member.clone().called(found.name().map(str::to_owned)));
        }
    }
}

fn is_older_version(found: &Member, member: &Member, wanted: &[Member]) -> bool {
    let same_place = found.kind() == member.kind() && found.name() == member.name();
    same_place && !wanted.iter().any(|wanted| wanted.same_definition(found))
}

/// The members of a table whose names nobody declared.
fn nobody_named(read: &Table, declared: &Table) -> Vec<Member> {
    let declared = declared.members();
    let is_declared = |member: &Member| declared.iter().any(|known| known.name() == member.name());
    let may_be_unnamed =
        |member: &Member| declared.iter().any(|known| known.name().is_none() && alike(known.kind(), member.kind()));
    let mut members = read.members();
    members.retain(|member| member.name().is_some() && !is_declared(member) && may_be_unnamed(member));
    members
}

/// Some servers make no difference between a unique constraint and an index.
fn alike(one: MemberKind, other: MemberKind) -> bool {
    let keyed = |kind| matches!(kind, MemberKind::Unique | MemberKind::Index);
    one == other || (keyed(one) && keyed(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::difference;
    use crate::model::{Change, Check, Column, Renames};

    fn check(name: Option<&str>, expr: &str) -> Check {
        Check { name: name.map(str::to_owned), expr: expr.to_owned(), options: BTreeMap::new(), comment: None }
    }

    fn schema(checks: &[Check]) -> Schema {
        let mut table = Table::new(QName::bare("t"));
        table.columns = vec![Column::new("a", "integer")];
        table.checks = checks.to_vec();
        Schema { tables: [(table.name.clone(), table)].into(), ..Schema::default() }
    }

    /// The changes from what a database has, where the scratch server gave these names.
    fn changes(has: &[Check], declared: &[Check], read_back: &[Check]) -> Vec<Change> {
        let (has, mut reference) = (schema(has), schema(read_back));
        let given = GivenNames::forget(&mut reference, &schema(declared));
        difference(&has, &given.recalled(&reference, &has), &Renames::default()).changes
    }

    #[test]
    fn a_name_that_nobody_declared_is_not_compared() {
        let declared = [check(None, "a > 0"), check(Some("mine"), "a < 9")];
        let read_back = [check(Some("t_a_check"), "a > 0"), check(Some("mine"), "a < 9")];
        let by_other_server = [check(Some("t_chk_1"), "a > 0"), check(Some("mine"), "a < 9")];
        assert_eq!(changes(&by_other_server, &declared, &read_back), []);
        let by_hand = [check(Some("t_a_check"), "a > 0"), check(Some("yours"), "a < 9")];
        assert!(matches!(&changes(&by_hand, &declared, &read_back)[..], [Change::RenameMember { .. }]));
    }

    #[test]
    fn what_has_the_given_name_and_says_something_else_is_altered() {
        let found = changes(
            &[check(Some("t_a_check"), "a > 0")],
            &[check(None, "a > 1")],
            &[check(Some("t_a_check"), "a > 1")],
        );
        assert!(matches!(&found[..], [Change::AlterMember { .. }]), "{found:?}");
    }

    #[test]
    fn given_names_that_changed_places_mean_nothing() {
        let declared = [check(None, "a > 1"), check(None, "a > 2")];
        let read_back = [check(Some("c1"), "a > 1"), check(Some("c2"), "a > 2")];
        let found = changes(&[check(Some("c1"), "a > 2"), check(Some("c2"), "a > 1")], &declared, &read_back);
        assert_eq!(found, []);
        let found = changes(&[check(Some("c2"), "a > 1")], &declared, &read_back);
        assert!(matches!(&found[..], [Change::AddMember { to, .. }] if to.name().is_none()), "{found:?}");
    }
}
