//! Makes a failing pair smaller, as long as it goes on failing.

use crate::check::Story;
use crate::mutate::note_old_names;
use crate::repair::repair;
use crate::spec::{Id, Spec};

/// A pair of schemas.
#[derive(Clone)]
pub struct Pair {
    pub before: Spec,
    pub after: Spec,
}

impl Pair {
    pub fn story(&self) -> Story {
        Story::of(&self.before, &self.after)
    }
}

/// The smallest pair that was found within so many tries.
pub fn smallest(pair: Pair, mut tries: usize, fails: &mut dyn FnMut(&Pair) -> bool) -> Pair {
    let mut smallest = pair;
    loop {
        let mut smaller = None;
        for candidate in candidates(&smallest) {
            if tries == 0 {
                return smallest;
            }
            tries -= 1;
            if fails(&candidate) {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(pair) => smallest = pair,
            None => return smallest,
        }
    }
}

/// The pair with one thing less, or with one thing less changed; the largest first.
fn candidates(pair: &Pair) -> Vec<Pair> {
    let mut all = Vec::new();
    let both = |change: &dyn Fn(&mut Spec)| {
        let mut smaller = pair.clone();
        change(&mut smaller.before);
        change(&mut smaller.after);
        settled(smaller)
    };
    for id in ids(pair, |spec| spec.tables.iter().map(|table| table.id).collect()) {
        all.push(both(&|spec| spec.tables.retain(|table| table.id != id)));
    }
    for id in ids(pair, |spec| spec.enums.iter().map(|one| one.id).collect()) {
        all.push(both(&|spec| spec.enums.retain(|one| one.id != id)));
    }
    for id in ids(pair, members) {
        all.push(both(&|spec| spec.tables.iter_mut().for_each(|table| table.members.retain(|member| member.id != id))));
    }
    for id in ids(pair, |spec| spec.tables.iter().map(|table| table.id).collect()) {
        all.push(both(&|spec| bare(spec, id)));
    }
    for id in ids(pair, columns) {
        all.push(both(&|spec| spec.tables.iter_mut().for_each(|table| table.columns.retain(|column| column.id != id))));
        all.push(both(&|spec| plain(spec, id)));
        all.push(unchanged(pair, id));
    }
    let size = |pair: &Pair| crate::yaml::text(&pair.before).len() + crate::yaml::text(&pair.after).len();
    let differs = |other: &Pair| {
        crate::yaml::text(&other.before) != crate::yaml::text(&pair.before)
            || crate::yaml::text(&other.after) != crate::yaml::text(&pair.after)
    };
    let largest = size(pair);
    all.retain(|other| differs(other) && size(other) <= largest);
    all
}

fn settled(mut pair: Pair) -> Pair {
    repair(&mut pair.before);
    repair(&mut pair.after);
    note_old_names(&pair.before, &mut pair.after);
    pair
}

fn ids(pair: &Pair, of: impl Fn(&Spec) -> Vec<Id>) -> Vec<Id> {
    let mut all = of(&pair.before);
    all.extend(of(&pair.after));
    all.sort_unstable();
    all.dedup();
    all
}

fn members(spec: &Spec) -> Vec<Id> {
    spec.tables.iter().flat_map(|table| &table.members).map(|member| member.id).collect()
}

fn columns(spec: &Spec) -> Vec<Id> {
    let others = spec.tables.iter().flat_map(|table| table.columns.iter().filter(|column| column.id != table.marker));
    others.map(|column| column.id).collect()
}

/// A table without key, options and comment.
fn bare(spec: &mut Spec, id: Id) {
    for table in spec.tables.iter_mut().filter(|table| table.id == id) {
        (table.primary_key, table.comment) = (None, None);
        table.options.clear();
    }
}

/// A column with nothing but its type.
fn plain(spec: &mut Spec, id: Id) {
    for column in spec.tables.iter_mut().filter_map(|table| table.column_mut(id)) {
        (column.default, column.comment, column.collation, column.on_update) = (None, None, None, None);
        (column.generated, column.identity, column.backfill) = (None, None, None);
        column.options.clear();
        column.nullable = true;
    }
}

/// A column that is after as it was before.
fn unchanged(pair: &Pair, id: Id) -> Pair {
    let mut smaller = pair.clone();
    let before = smaller.before.tables.iter().find_map(|table| table.column(id)).cloned();
    if let (Some(before), Some(after)) =
        (before, smaller.after.tables.iter_mut().find_map(|table| table.column_mut(id)))
    {
        *after = before;
    }
    settled(smaller)
}
