//! The indexes that MySQL makes for foreign keys where nobody declared one.
//!
//! Their names come from the key's history: how the key was called when it was added, whether the index was
//! there before. So they are not compared, and neither is whether the server made one at all, because
//! it makes none where another index begins with the key's columns.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Engine, Extras, ForeignKey, Index, Part, PartSource, QName, Schema, Table};

/// The indexes of a reference that nobody declared, by table.
pub(super) type Implicit = BTreeMap<QName, Vec<Index>>;

/// Finds the indexes that a server made for the foreign keys of a declared schema.
pub(super) fn of(declared: &Schema, read: &Schema, engine: Engine) -> Implicit {
    let mut implicit = Implicit::new();
    for (name, table) in read.tables.iter().filter(|_| engine == Engine::Mysql) {
        let Some(declared) = declared.tables.get(name) else { continue };
        let made = table.indexes.iter().filter(|index| is_for_a_key(index, table) && !is_declared(index, declared));
        let made: Vec<_> = made.cloned().collect();
        if !made.is_empty() {
            implicit.insert(name.clone(), made);
        }
    }
    implicit
}

/// Gives a schema the implicit indexes of a reference, as far as it can do without indexes of its own there.
pub(super) fn align(actual: &mut Schema, reference: &Schema, implicit: &Implicit, extras: Extras) {
    for (name, wanted) in implicit {
        let (Some(table), Some(goal)) = (actual.tables.get_mut(name), reference.tables.get(name)) else { continue };
        let names: BTreeSet<_> = goal.indexes.iter().filter_map(|index| index.name.as_deref()).collect();
        let is_wanted = |index: &Index| index.name.as_deref().is_some_and(|name| names.contains(name));
        wanted.iter().for_each(|index| align_index(table, index, &is_wanted, extras));
    }
}

/// `is_wanted` says of which indexes the names are declared: these are, or become, what is declared under them.
fn align_index(table: &mut Table, implicit: &Index, is_wanted: &dyn Fn(&Index) -> bool, extras: Extras) {
    let same = |index: &Index| index.same_definition(implicit) && index.comment == implicit.comment;
    if table.indexes.iter().any(|index| index.name == implicit.name && same(index)) {
        return;
    }
    match table.indexes.iter().position(|index| same(index) && !is_wanted(index)) {
        Some(place) => drop(table.indexes.remove(place)),
        // What the key uses now goes or becomes something else, and nothing would be left for it.
        None if serving(table, implicit).next().is_some()
            && !serving(table, implicit).any(|index| extras != Extras::Drop && !is_wanted(index)) =>
        {
            return;
        }
        // The server makes it with the key, or the key uses another index that stays.
        None => {}
    }
    // It comes first, so that it is taken for the wanted one before any other of its name.
    table.indexes.insert(0, implicit.clone());
}

/// What a key can use instead of an index that the server would make. Where it uses the primary key, the
/// wanted one is another.
fn serving<'a>(table: &'a Table, implicit: &'a Index) -> impl Iterator<Item = &'a Index> {
    table.indexes.iter().chain(&table.primary_key).filter(|index| begins_with(index, implicit))
}

fn is_declared(index: &Index, declared: &Table) -> bool {
    let all = declared.indexes.iter().chain(&declared.uniques);
    all.into_iter().any(|own| if own.name.is_some() { own.name == index.name } else { own.same_definition(index) })
}

/// Whether it is what the server makes for one of the table's keys.
fn is_for_a_key(index: &Index, table: &Table) -> bool {
    let is_plain = |key: &ForeignKey| Index { parts: plain(&key.columns), ..Index::default() }.same_definition(index);
    table.foreign_keys.iter().any(is_plain)
}

fn plain(columns: &[String]) -> Vec<Part> {
    columns.iter().map(Part::column).collect()
}

/// Whether an index can do for a foreign key what the other is there for.
fn begins_with(index: &Index, other: &Index) -> bool {
    let column = |part: &Part| matches!(part.source, PartSource::Column(_)).then(|| part.source.clone());
    let own: Vec<_> = index.parts.iter().take(other.parts.len()).map(column).collect();
    own == other.parts.iter().map(column).collect::<Vec<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, columns: &[&str]) -> Index {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        Index { name: Some(name.to_owned()), parts: plain(&columns), ..Index::default() }
    }

    fn aligned(indexes: &[Index], extras: Extras) -> Vec<Index> {
        let mut schema = Schema::default();
        let name = QName::bare("t");
        let table = Table { indexes: indexes.to_vec(), ..Table::new(name.clone()) };
        schema.tables.insert(name.clone(), table);
        let implicit = Implicit::from([(name.clone(), vec![index("a", &["a"])])]);
        let goal = Table { indexes: vec![index("a", &["a"]), index("own", &["c"])], ..Table::new(name.clone()) };
        let reference = Schema { tables: BTreeMap::from([(name.clone(), goal)]), ..Schema::default() };
        align(&mut schema, &reference, &implicit, extras);
        schema.tables.remove(&name).expect("it is there").indexes
    }

    #[test]
    fn another_name_is_no_difference() {
        let wanted = [index("a", &["a"])];
        assert_eq!(aligned(&[index("t_ibfk_1", &["a"])], Extras::Drop), wanted);
        assert_eq!(aligned(&wanted, Extras::Drop), wanted);
        let two = [index("x", &["a"]), index("a", &["a"])];
        assert_eq!(aligned(&two, Extras::Drop), two, "one of the two is too many");
    }

    #[test]
    fn an_index_with_a_declared_name_is_not_taken_for_it() {
        for extras in [Extras::Drop, Extras::Report] {
            let found = [index("own", &["a"])];
            assert_eq!(aligned(&found, extras), found);
        }
    }

    #[test]
    fn another_index_of_its_name_is_left_over() {
        let found = [index("a", &["b"]), index("x", &["a"])];
        assert_eq!(aligned(&found, Extras::Report), [index("a", &["a"]), index("a", &["b"])]);
    }

    #[test]
    fn it_is_only_missing_where_what_stands_for_it_is_dropped() {
        let wider = index("w", &["a", "b"]);
        let found = [wider.clone()];
        assert_eq!(aligned(&found, Extras::Drop), found);
        assert_eq!(aligned(&found, Extras::Report), [index("a", &["a"]), wider]);
        assert_eq!(aligned(&[], Extras::Drop), [index("a", &["a"])]);
    }
}
