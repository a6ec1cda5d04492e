//! The order of operations: explicit edges, each with a reason, and a total tie-break.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::Circle;
use crate::model::{Object, Op};

/// Which operations make, drop, need and free an object.
#[derive(Default)]
struct Uses {
    makes: Vec<usize>,
    drops: Vec<usize>,
    needs: Vec<usize>,
    frees: Vec<usize>,
}

/// The edges between operations: `(a, b)` means that `a` runs before `b`.
///
/// Four reasons for one: `b` needs what `a` makes; `a` lets go of what `b` drops; `a` drops what `b`
/// makes anew under the same name; `a` needs what `b` drops and nobody makes again.
pub(super) fn edges(ops: &[Op]) -> BTreeSet<(usize, usize)> {
    let mut edges = BTreeSet::new();
    for uses in uses(ops).values() {
        let mut all = |before: &[usize], after: &[usize]| {
            for a in before {
                edges.extend(after.iter().filter(|b| *b != a).map(|b| (*a, *b)));
            }
        };
        all(&uses.makes, &uses.needs);
        all(&uses.frees, &uses.drops);
        all(&uses.drops, &uses.makes);
        if uses.makes.is_empty() {
            all(&uses.needs, &uses.drops);
        }
    }
    edges
}

fn uses(ops: &[Op]) -> BTreeMap<&Object, Uses> {
    let mut uses: BTreeMap<&Object, Uses> = BTreeMap::new();
    for (index, op) in ops.iter().enumerate() {
        op.makes.iter().for_each(|object| uses.entry(object).or_default().makes.push(index));
        op.drops.iter().for_each(|object| uses.entry(object).or_default().drops.push(index));
        op.needs.iter().for_each(|object| uses.entry(object).or_default().needs.push(index));
        op.frees.iter().for_each(|object| uses.entry(object).or_default().frees.push(index));
    }
    uses
}

/// The operations' indexes in the order in which they run: edges first, then rank, title, position.
pub(super) fn order(ops: &[Op]) -> Result<Vec<usize>, Circle> {
    let edges = edges(ops);
    let mut followers = vec![Vec::new(); ops.len()];
    let mut waiting_for = vec![0_usize; ops.len()];
    for (before, after) in edges {
        followers[before].push(after);
        waiting_for[after] += 1;
    }
    let key = |index: usize| Reverse((ops[index].rank, ops[index].title.as_str(), index));
    let mut ready: BinaryHeap<_> = (0..ops.len()).filter(|index| waiting_for[*index] == 0).map(key).collect();
    let mut order = Vec::with_capacity(ops.len());
    while let Some(Reverse((_, _, index))) = ready.pop() {
        order.push(index);
        for follower in &followers[index] {
            waiting_for[*follower] -= 1;
            if waiting_for[*follower] == 0 {
                ready.push(key(*follower));
            }
        }
    }
    if order.len() == ops.len() { Ok(order) } else { Err(circle(ops, &order)) }
}

fn circle(ops: &[Op], done: &[usize]) -> Circle {
    let stuck = (0..ops.len()).filter(|index| !done.contains(index));
    Circle { titles: stuck.map(|index| ops[index].title.clone()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QName;

    fn op(title: &str, rank: u32) -> Op {
        Op { rank, ..Op::new(vec![0], title, vec![title.to_owned()]) }
    }

    fn table(name: &str) -> Object {
        Object::Table(QName::bare(name))
    }

    fn titles(ops: &[Op]) -> Vec<&str> {
        order(ops).unwrap().into_iter().map(|index| ops[index].title.as_str()).collect()
    }

    #[test]
    fn rank_and_title_decide_where_nothing_else_does() {
        assert_eq!(titles(&[op("b", 2), op("c", 1), op("a", 2)]), ["c", "a", "b"]);
    }

    #[test]
    fn what_is_needed_is_made_first_whatever_the_rank() {
        let make = Op { makes: vec![table("t")], ..op("make", 9) };
        let need = Op { needs: vec![table("t")], ..op("need", 1) };
        assert_eq!(titles(&[need, make]), ["make", "need"]);
    }

    #[test]
    fn what_is_used_is_let_go_of_before_it_is_dropped_and_made_anew_after_that() {
        let drop = Op { drops: vec![table("t")], ..op("drop", 2) };
        let free = Op { frees: vec![table("t")], ..op("free", 9) };
        let make = Op { makes: vec![table("t")], ..op("make", 1) };
        let need = Op { needs: vec![table("t")], ..op("need", 1) };
        assert_eq!(titles(&[drop, free, make, need]), ["free", "drop", "make", "need"]);
    }

    #[test]
    fn a_circle_is_named() {
        let a = Op { makes: vec![table("a")], needs: vec![table("b")], ..op("make a", 1) };
        let b = Op { makes: vec![table("b")], needs: vec![table("a")], ..op("make b", 1) };
        assert_eq!(order(&[a, b]).unwrap_err().titles, ["make a", "make b"]);
    }
}
