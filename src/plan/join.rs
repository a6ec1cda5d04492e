//! Work on the rows of one table that is done in one walk instead of several.

use std::collections::BTreeSet;

use super::order;
use crate::model::{Hazard, Op};

/// The operations, with work on rows joined where it can go along with other work and nothing has to happen between
/// the two.
pub(super) fn walks(mut ops: Vec<Op>) -> Vec<Op> {
    while let Some((one, other)) = pair(&ops) {
        let other = ops.remove(other);
        absorb(&mut ops[one], other);
    }
    ops
}

/// Two operations that can be one, the first of them first.
fn pair(ops: &[Op]) -> Option<(usize, usize)> {
    let walking: Vec<usize> = (0..ops.len()).filter(|index| only_walks(&ops[*index])).collect();
    let pairs = walking.iter().flat_map(|one| walking.iter().map(move |other| (*one, *other)));
    let alike: Vec<_> = pairs.filter(|(one, other)| one < other && goes_along_with(&ops[*one], &ops[*other])).collect();
    if alike.is_empty() {
        return None;
    }
    let edges = order::edges(ops);
    alike.into_iter().find(|(one, other)| !leads(&edges, *one, *other) && !leads(&edges, *other, *one))
}

/// Whether an operation is work on rows and nothing else.
fn only_walks(op: &Op) -> bool {
    op.rows.is_some() && op.statements.is_empty() && op.undo.is_empty()
}

/// Whether two are of one kind. What is kept back for its hazards keeps nothing else back.
fn goes_along_with(one: &Op, other: &Op) -> bool {
    let (Some((_, work)), Some((_, other_work))) = (&one.rows, &other.rows) else { return false };
    let hazards = |op: &Op| op.hazards.iter().map(|note| note.hazard).collect::<BTreeSet<Hazard>>();
    one.rank == other.rank
        && one.pace == other.pace
        && hazards(one) == hazards(other)
        && work.goes_along_with(other_work)
}

/// Whether one operation has to run before another, be it for the sake of a third.
fn leads(edges: &BTreeSet<(usize, usize)>, from: usize, to: usize) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        let next = edges.range((at, 0)..=(at, usize::MAX)).map(|(_, next)| *next);
        open.extend(next.filter(|next| seen.insert(*next)));
    }
    false
}

fn absorb(one: &mut Op, other: Op) {
    one.changes.extend(other.changes);
    one.changes.sort_unstable();
    one.changes.dedup();
    one.title = format!("{}, {}", one.title, other.title);
    one.rows = match (one.rows.take(), other.rows) {
        (Some((at, work)), Some((_, more))) => Some((at, work.along_with(more))),
        (one, other) => one.or(other),
    };
    one.hazards.extend(other.hazards);
    one.preconditions.extend(other.preconditions);
    one.needs.extend(other.needs);
    one.makes.extend(other.makes);
    one.frees.extend(other.frees);
    one.drops.extend(other.drops);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Assignment, Object, QName, RowTask, RowWork};

    fn column(name: &str) -> Object {
        Object::Column(QName::bare("t"), name.into())
    }

    fn fill(change: usize, name: &str) -> Op {
        let pending = format!("{name} IS NULL");
        let each = vec![Assignment { column: name.into(), value: "'-'".into(), pending: pending.clone() }];
        let work = RowWork {
            table: QName::bare("t"),
            key: Vec::new(),
            pending,
            task: RowTask::Set { each, untouched: String::new() },
            locked: false,
            title: format!("fill {name}"),
            shown: String::new(),
        };
        let op = Op::new(vec![change], work.title.clone(), Vec::new());
        Op { rows: Some((0, work)), makes: vec![column(name)], ..op }
    }

    fn titles(ops: Vec<Op>) -> Vec<String> {
        walks(ops).into_iter().map(|op| op.title).collect()
    }

    #[test]
    fn all_columns_of_a_table_are_filled_at_once() {
        let joined = walks(vec![fill(2, "phone"), fill(0, "status"), fill(1, "uuid")]);
        let [op] = joined.as_slice() else { panic!("{joined:?}") };
        assert_eq!(op.changes, [0, 1, 2]);
        assert_eq!(op.title, "fill phone, fill status, fill uuid");
        assert_eq!(op.makes, [column("phone"), column("status"), column("uuid")]);
    }

    #[test]
    fn what_has_to_wait_for_something_that_waits_for_the_first_is_done_later() {
        let between = Op { needs: vec![column("phone")], makes: vec![column("type")], ..Op::new(vec![1], "x", vec![]) };
        let waiting = Op { needs: vec![column("type")], ..fill(2, "uuid") };
        assert_eq!(titles(vec![waiting, fill(0, "phone"), between]), ["fill uuid", "fill phone", "x"]);
    }

    #[test]
    fn what_is_harmless_does_not_wait_for_the_leave_to_do_something_else() {
        let why = crate::model::HazardNote::new(Hazard::MayFailOnData, "no value");
        let hazardous = Op { hazards: vec![why], ..fill(1, "uuid") };
        assert_eq!(titles(vec![fill(0, "phone"), hazardous]), ["fill phone", "fill uuid"]);
    }
}
