//! Whether what a plan left behind is what it left out.
//!
//! It has to be exactly that, with one exception: engines drop what hangs on a column together with
//! the column. Where a plan drops a column, an extra that hangs on it may be gone too.

use crate::model::{Change, Member, PartSource, Plan};

/// Says how what remained differs from what a plan left out, if it does.
pub(super) fn surprise(plan: &Plan, remained: &[Change]) -> Option<String> {
    let unexpected = beyond(remained, &plan.left_out);
    let mut vanished = beyond(&plan.left_out, remained);
    vanished.retain(|change| !goes_along(plan, change));
    let clauses = [("these changes remained", unexpected), ("these went away, though they were to stay", vanished)];
    let said = clauses.iter().filter(|(_, changes)| !changes.is_empty()).map(|(clause, changes)| {
        let keys: Vec<_> = changes.iter().map(|change| key(change)).collect();
        format!("{clause}: {}", keys.join(", "))
    });
    Some(said.collect::<Vec<_>>().join("; ")).filter(|said| !said.is_empty())
}

/// What a plan left out and is still there.
pub(super) fn still_there(plan: &Plan, remained: &[Change]) -> Vec<Change> {
    let gone = beyond(&plan.left_out, remained);
    plan.left_out.iter().filter(|change| !gone.contains(change)).cloned().collect()
}

/// Those of these changes that are not among those.
fn beyond<'a>(these: &'a [Change], those: &[Change]) -> Vec<&'a Change> {
    let mut those: Vec<_> = those.iter().map(key).collect();
    let is_new = |change: &&Change| {
        let key = key(change);
        let place = those.iter().position(|other| *other == key);
        place.map(|place| those.swap_remove(place)).is_none()
    };
    these.iter().filter(is_new).collect()
}

/// What a change is about, whatever else of its object has changed meanwhile.
fn key(change: &Change) -> String {
    format!("{} {}", change.kind(), change.object())
}

/// Whether a key, index or constraint that a plan lets stay hangs on a column that it drops.
fn goes_along(plan: &Plan, left_out: &Change) -> bool {
    let Change::DropMember { table, from: member } = left_out else { return false };
    plan.changes.iter().any(|planned| match &planned.change {
        Change::DropColumn { table: of, from }
        | Change::MergeColumn { table: of, from, .. }
        | Change::ReplaceColumn { table: of, from, .. } => of == table && hangs_on(member, &from.name),
        _ => false,
    })
}

/// Whether a key, index or constraint is made over a column or mentions it.
pub(super) fn hangs_on(member: &Member, column: &str) -> bool {
    member.is_over(column) || expressions(member).iter().any(|expr| mentions(expr, column))
}

fn expressions(member: &Member) -> Vec<&String> {
    match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
            let parts = index.parts.iter().filter_map(|part| match &part.source {
                PartSource::Expr(expr) => Some(expr),
                PartSource::Column(_) => None,
            });
            parts.chain(&index.predicate).collect()
        }
        Member::ForeignKey(_) => Vec::new(),
        Member::Check(check) => vec![&check.expr],
    }
}

/// Whether a column's name stands in an expression, as a whole word.
fn mentions(expr: &str, column: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    expr.match_indices(column)
        .any(|(at, _)| !expr[..at].ends_with(is_word) && !expr[at + column.len()..].starts_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Check, Column, Engine, Fingerprint, Index, Part, PlannedChange, QName, Schema};

    fn drops(member: Member) -> Change {
        Change::DropMember { table: QName::bare("t"), from: member }
    }

    fn index(name: &str, column: &str) -> Change {
        let index = Index { name: Some(name.to_owned()), parts: vec![Part::column(column)], ..Index::default() };
        drops(Member::Index(index))
    }

    fn check(name: &str, expr: &str) -> Change {
        let name = Some(name.to_owned());
        drops(Member::Check(Check { name, expr: expr.to_owned(), options: Default::default(), comment: None }))
    }

    /// A plan that merges `t.old` into `t.new` and leaves these changes out.
    fn plan(left_out: &[Change]) -> Plan {
        let (from, to) = (Column::new("old", "int"), Column::new("new", "int"));
        let change = Change::MergeColumn { table: QName::bare("t"), from, to, how: Default::default() };
        Plan {
            engine: Engine::Mysql,
            start: Fingerprint::of(&Schema::default()),
            end: None,
            changes: vec![PlannedChange { change, requires: Vec::new() }],
            left_out: left_out.to_vec(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn what_hangs_on_a_dropped_column_may_go_with_it() {
        let left_out = [index("a", "old"), check("b", "(`old` > 3)"), index("c", "older")];
        let plan = plan(&left_out);
        assert_eq!(surprise(&plan, &left_out), None, "it may stay as well");
        assert_eq!(surprise(&plan, &left_out[2..]), None);
        assert_eq!(still_there(&plan, &left_out[2..]), left_out[2..]);
    }

    #[test]
    fn nothing_else_may_go_and_nothing_may_come() {
        let left_out = [index("a", "old"), index("c", "older"), check("d", "cold > 3 and old_2 > 3")];
        let said = surprise(&plan(&left_out), &[index("new", "old")]).expect("it is one");
        let expected = "these changes remained: drop_index t.new; \
                        these went away, though they were to stay: drop_index t.c, drop_check t.d";
        assert_eq!(said, expected);
    }
}
