//! Which steps of a plan share a transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Change, Engine, Member, Plan, QName, Step};

impl Plan {
    /// The steps that run together, in order: neighbours that fit in one transaction, or one step that does not.
    ///
    /// A transaction on PostgreSQL keeps the lock of each table that it has touched, and everybody out, while it waits
    /// for the next one's, or while something is asked about rows. So one table that others use is enough for a
    /// transaction, and what asks something begins one, unless a change would be half done before.
    pub fn transactions(&self) -> Vec<Range<usize>> {
        let mut transactions = Vec::new();
        let mut start = 0;
        for run in self.steps.chunk_by(|a, b| shares(a) && shares(b)) {
            let end = start + run.len();
            transactions.extend(self.apart(start..end));
            start = end;
        }
        transactions
    }

    /// Neighbours that could share one transaction, cut where those who use the tables would wait for long.
    fn apart(&self, run: Range<usize>) -> Vec<Range<usize>> {
        if self.engine != Engine::Postgres {
            return vec![run];
        }
        let ends = self.ends(run.clone());
        let (mut parts, mut start, mut end, mut locked) = (Vec::new(), run.start, run.start, BTreeSet::new());
        for at in run.clone() {
            let more = self.locked_by(&self.steps[at]);
            let waits = !more.is_subset(&locked) || !self.steps[at].preconditions.is_empty();
            if !locked.is_empty() && waits && end < at {
                parts.push(start..at);
                start = at;
                locked.clear();
            }
            locked.extend(more);
            end = self.steps[at].changes.iter().filter_map(|change| ends.get(change)).fold(end, |a, b| a.max(*b));
        }
        parts.push(start..run.end);
        parts
    }

    /// The last of some steps that carries out a change, by the change.
    fn ends(&self, run: Range<usize>) -> BTreeMap<usize, usize> {
        run.flat_map(|at| self.steps[at].changes.iter().map(move |change| (*change, at))).collect()
    }

    /// The tables that a step may lock and that somebody else may use.
    fn locked_by(&self, step: &Step) -> BTreeSet<&QName> {
        let changes = step.changes.iter().filter_map(|change| self.changes.get(*change));
        let tables = changes.flat_map(|planned| locked_by(&planned.change));
        tables.filter(|table| !self.makes(table)).collect()
    }

    /// Whether the plan makes a table, which nobody else knows then.
    fn makes(&self, table: &QName) -> bool {
        self.changes.iter().any(|planned| matches!(&planned.change, Change::CreateTable { to } if to.name == *table))
    }
}

/// Whether a step can share a transaction with others.
fn shares(step: &Step) -> bool {
    step.transactional && !step.alone
}

/// The tables that a change is about, those that its foreign keys refer to among them.
fn locked_by(change: &Change) -> Vec<&QName> {
    let referenced: Vec<&QName> = match change {
        Change::CreateTable { to: table } | Change::DropTable { from: table } => {
            table.foreign_keys.iter().map(|key| &key.table).collect()
        }
        Change::AddMember { to: member, .. } | Change::DropMember { from: member, .. } => {
            referenced_by(member).into_iter().collect()
        }
        Change::AlterMember { from, to, .. } => referenced_by(from).into_iter().chain(referenced_by(to)).collect(),
        _ => Vec::new(),
    };
    change.table().into_iter().chain(referenced).collect()
}

/// The table that a foreign key refers to.
fn referenced_by(member: &Member) -> Option<&QName> {
    match member {
        Member::ForeignKey(key) => Some(&key.table),
        Member::PrimaryKey(_) | Member::Unique(_) | Member::Index(_) | Member::Check(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Column, Deferrable, FactKind, Fingerprint, ForeignKey, Op, PlannedChange, Precondition, Schema, Table,
    };

    fn add(table: &str) -> Change {
        Change::AddColumn { table: QName::bare(table), to: Column::new("phone", "text"), fill: None }
    }

    /// A plan with a step for each list of changes.
    fn plan(engine: Engine, changes: Vec<Change>, steps: &[&[usize]]) -> Plan {
        let step = |changes: &&[usize]| Step::from(Op::new(changes.to_vec(), "", Vec::new()));
        let planned = |change| PlannedChange { change, requires: Vec::new() };
        Plan {
            engine,
            start: Fingerprint::of(&Schema::default()),
            end: None,
            changes: changes.into_iter().map(planned).collect(),
            left_out: Vec::new(),
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn tables_that_others_use_do_not_share_a_transaction() {
        let changes = || vec![add("a"), add("b"), add("b")];
        let steps: &[&[usize]] = &[&[0], &[1], &[2]];
        assert_eq!(plan(Engine::Postgres, changes(), steps).transactions(), [0..1, 1..3]);
        assert_eq!(plan(Engine::Sqlite, changes(), steps).transactions().len(), 1);
    }

    #[test]
    fn a_change_of_two_tables_is_done_as_a_whole() {
        let steps: &[&[usize]] = &[&[0], &[1], &[0], &[2]];
        let found = plan(Engine::Postgres, vec![add("a"), add("b"), add("c")], steps).transactions();
        assert_eq!(found, [0..3, 3..4]);
    }

    #[test]
    fn rows_are_asked_about_before_their_table_is_locked() {
        let asks = Precondition {
            changes: vec![1],
            kind: FactKind::Nulls,
            table: QName::bare("a"),
            query: "SELECT count(*) FROM a".to_owned(),
            finding: "{n} rows of a".to_owned(),
            find: String::new(),
            key: Vec::new(),
        };
        let mut plan = plan(Engine::Postgres, vec![add("a"), add("a"), add("a")], &[&[0], &[1], &[2]]);
        plan.steps[1].preconditions.push(asks);
        assert_eq!(plan.transactions(), [0..1, 1..3]);
        plan.steps[2].changes = vec![0];
        assert_eq!(plan.transactions().len(), 1, "a change would be half done");
    }

    #[test]
    fn nobody_waits_for_tables_that_are_made() {
        let key = ForeignKey {
            name: None,
            columns: vec!["a_id".to_owned()],
            table: QName::bare("a"),
            referenced: vec!["id".to_owned()],
            on_delete: None,
            on_update: None,
            deferrable: Deferrable::No,
            options: BTreeMap::new(),
            comment: None,
        };
        let create = |name: &str, keys: Vec<ForeignKey>| Change::CreateTable {
            to: Table { foreign_keys: keys, ..Table::new(QName::bare(name)) },
        };
        let changes = vec![create("n", vec![]), create("m", vec![key]), add("a"), add("b")];
        let found = plan(Engine::Postgres, changes, &[&[0], &[1], &[2], &[3]]).transactions();
        assert_eq!(found, [0..3, 3..4]);
    }

    #[test]
    fn what_stands_alone_stays_alone() {
        let mut plan = plan(Engine::Postgres, vec![add("a")], &[&[0], &[0], &[0], &[0]]);
        plan.steps[1].alone = true;
        plan.steps[2].transactional = false;
        assert_eq!(plan.transactions(), [0..1, 1..2, 2..3, 3..4]);
    }
}
