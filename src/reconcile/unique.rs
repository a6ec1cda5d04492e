//! Unique indexes and unique constraints, where an engine makes no difference between them.
//!
//! SQLite keeps a constraint by an index, and a unique index without a condition keeps out the same rows and can be referred to
//! like one. Programs that know only CREATE INDEX make nothing else. So each does for the other.

use crate::model::{Engine, Index, PartSource, Schema, Table};

/// Gives a schema the unique constraints and indexes of a reference wherever the other kind stands for them.
pub(super) fn align(actual: &mut Schema, reference: &Schema, engine: Engine) {
    for (name, goal) in reference.tables.iter().filter(|_| engine == Engine::Sqlite) {
        if let Some(table) = actual.tables.get_mut(name) {
            align_table(table, goal);
        }
    }
}

fn align_table(table: &mut Table, goal: &Table) {
    let own =
        |index: &Index| goal.indexes.iter().any(|wanted| wanted.same_definition(index) || has_name_of(wanted, index));
    stand_in(&mut table.indexes, &mut table.uniques, &goal.uniques, own);
    let own = |unique: &Index| goal.uniques.iter().any(|wanted| wanted.same_definition(unique));
    stand_in(&mut table.uniques, &mut table.indexes, &goal.indexes, own);
}

/// Moves from one list to another what stands for something wanted that is missing there, unless it is itself wanted where it is.
fn stand_in(from: &mut Vec<Index>, to: &mut Vec<Index>, wanted: &[Index], is_wanted: impl Fn(&Index) -> bool) {
    for missing in wanted {
        if to.iter().any(|index| index.same_definition(missing)) {
            continue;
        }
        if let Some(place) = from.iter().position(|index| does_for(index, missing) && !is_wanted(index)) {
            from.remove(place);
            // It comes first, so that it is taken for the wanted one before any other of its name.
            to.insert(0, missing.clone());
        }
    }
}

/// What has the name of something else that is wanted has to become that.
fn has_name_of(wanted: &Index, index: &Index) -> bool {
    wanted.name.as_ref().zip(index.name.as_ref()).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Whether both keep out the same rows, and act in the same way where one comes.
fn does_for(index: &Index, other: &Index) -> bool {
    let is_plain = |index: &Index| {
        let columns = index.parts.iter().all(|part| matches!(part.source, PartSource::Column(_)));
        index.unique && index.predicate.is_none() && columns
    };
    let parts = |index: &Index| -> Vec<_> {
        index.parts.iter().map(|part| (part.source.clone(), part.collation.clone())).collect()
    };
    is_plain(index) && is_plain(other) && parts(index) == parts(other) && index.options == other.options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, QName};

    fn index(name: Option<&str>, columns: &[&str]) -> Index {
        let parts = columns.iter().map(|column| Part::column(*column)).collect();
        Index { name: name.map(str::to_owned), unique: true, parts, ..Index::default() }
    }

    fn table(uniques: &[Index], indexes: &[Index]) -> Table {
        Table { uniques: uniques.to_vec(), indexes: indexes.to_vec(), ..Table::new(QName::bare("t")) }
    }

    fn aligned(mut found: Table, goal: &Table) -> Table {
        align_table(&mut found, goal);
        found
    }

    #[test]
    fn each_does_for_the_other() {
        let (constraint, named) = (index(None, &["a", "b"]), index(Some("i"), &["a", "b"]));
        let (declared, made) =
            (table(std::slice::from_ref(&constraint), &[]), table(&[], std::slice::from_ref(&named)));
        assert_eq!(aligned(made.clone(), &declared), declared);
        assert_eq!(aligned(declared.clone(), &made), made);
        let both = table(std::slice::from_ref(&constraint), std::slice::from_ref(&named));
        assert_eq!(aligned(made.clone(), &both), made, "one of two is missing");
        assert_eq!(aligned(both.clone(), &declared), both, "one is too many");
    }

    #[test]
    fn what_keeps_out_other_rows_does_not() {
        let goal = table(&[index(None, &["a", "b"])], &[]);
        let partial = Index { predicate: Some("a > 1".to_owned()), ..index(Some("i"), &["a", "b"]) };
        let nocase = Part { collation: Some("NOCASE".to_owned()), ..Part::column("a") };
        let collated = Index { parts: vec![nocase, Part::column("b")], ..index(Some("i"), &[]) };
        let plain = Index { unique: false, ..index(Some("i"), &["a", "b"]) };
        for other in [partial, collated, plain, index(Some("i"), &["b", "a"]), index(Some("i"), &["a"])] {
            let found = table(&[], &[other]);
            assert_eq!(aligned(found.clone(), &goal), found);
        }
        let options = [("conflict".to_owned(), "IGNORE".to_owned())].into();
        let ignoring = table(&[Index { options, ..index(None, &["a", "b"]) }], &[]);
        let found = table(&[], &[index(Some("i"), &["a", "b"])]);
        assert_eq!(aligned(found.clone(), &ignoring), found);
    }
}
