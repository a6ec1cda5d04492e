//! What a run that did not end leaves in a catalog: indexes that are half built, constraints that nobody has
//! checked the rows for, and things that still have their working names.

use super::{Deferrable, ForeignKey, Hash, Index, Member, Schema, is_working_name, working_name};

/// The option of an index that was never built to its end, and that no query uses.
const HALF_BUILT: &str = "invalid";

/// The option of a constraint that holds for new rows only.
const UNCHECKED: &str = "not_valid";

impl Index {
    /// Whether its build did not end.
    pub fn is_half_built(&self) -> bool {
        self.options.contains_key(HALF_BUILT)
    }
}

impl Member {
    /// Whether it is an index whose build did not end.
    pub fn is_half_built(&self) -> bool {
        match self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.is_half_built(),
            Member::ForeignKey(_) | Member::Check(_) => false,
        }
    }

    /// What it is called as long as it is on the way to something else: a name that holds a mark of what it says, so that
    /// nothing else is taken for it by its name alone.
    pub fn working_name(&self, name: &str) -> String {
        working_name(&format!("{}_{name}", self.mark()))
    }

    /// Whether undrift made it on the way to something else: under a working name, and with the mark in it, or half built.
    pub fn is_left_over(&self) -> bool {
        let marked = |name: &str| is_working_name(name) && name.starts_with(&working_name(&self.mark()));
        let name = self.name().filter(|name| is_working_name(name));
        name.is_some_and(|name| self.is_half_built() || marked(name))
    }

    /// What tells its definition from others, whatever it is called and however far it got.
    fn mark(&self) -> String {
        let bare = self.clone().finished();
        let hash = match &bare {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
                Hash::of_json(&Index { name: None, comment: None, deferrable: Deferrable::No, ..index.clone() })
            }
            Member::ForeignKey(key) => Hash::of_json(&ForeignKey { name: None, comment: None, ..key.clone() }),
            Member::Check(check) => Hash::of_json(&(&check.expr, &check.options)),
        };
        hash.short()
    }

    /// Whether the other is this one, brought to its end.
    pub fn becomes(&self, other: &Member) -> bool {
        let finished = self.clone().finished();
        finished != *self && finished.same_definition(other)
    }

    fn finished(mut self) -> Self {
        let options = match &mut self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => &mut index.options,
            Member::ForeignKey(key) => &mut key.options,
            Member::Check(check) => &mut check.options,
        };
        options.remove(HALF_BUILT);
        options.remove(UNCHECKED);
        self
    }
}

impl Schema {
    /// Marks the indexes as half built that are so in another schema. No copy can be made of one: there the
    /// index is whole.
    pub fn mark_half_built_as_in(&mut self, original: &Schema) {
        for (name, table) in &original.tables {
            let Some(copied) = self.tables.get_mut(name) else { continue };
            for index in table.indexes.iter().filter(|index| index.is_half_built()) {
                let copy = copied.indexes.iter_mut().find(|copy| copy.name == index.name);
                copy.into_iter().for_each(|copy| drop(copy.options.insert(HALF_BUILT.to_owned(), "true".to_owned())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Check, Part, QName, Table};

    fn index(name: &str, half_built: bool) -> Index {
        let options = half_built.then(|| (HALF_BUILT.to_owned(), "true".to_owned())).into_iter().collect();
        Index { name: Some(name.to_owned()), parts: vec![Part::column("a")], options, ..Index::default() }
    }

    #[test]
    fn what_is_unfinished_becomes_what_it_was_to_be() {
        let (half, whole) = (Member::Index(index("i", true)), Member::Index(index("j", false)));
        assert!(half.becomes(&whole) && half.is_half_built() && !whole.becomes(&whole));
        let check = |options: &[(&str, &str)]| {
            let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            Member::Check(Check { name: None, expr: "a > 0".to_owned(), options, comment: None })
        };
        assert!(check(&[("not_valid", "true")]).becomes(&check(&[])));
        assert!(!check(&[]).becomes(&check(&[])));
    }

    #[test]
    fn a_name_alone_says_nothing() {
        let called = |name: &str, half_built| Member::Index(index(name, half_built)).is_left_over();
        assert!(!called("undrift_new_i", false) && called("undrift_new_i", true) && !called("i", true));
        let made = Member::Index(index("i", false)).working_name("i");
        assert!(called(&made, false), "{made}");
        let mut other = index(&made, false);
        other.unique = true;
        assert!(!Member::Index(other).is_left_over(), "it says something else");
    }

    #[test]
    fn a_copy_gets_the_marks_of_its_original() {
        let schema = |half_built| {
            let mut table = Table::new(QName::bare("t"));
            table.indexes = vec![index("i", half_built), index("j", false)];
            Schema { tables: [(table.name.clone(), table)].into(), ..Schema::default() }
        };
        let mut copy = schema(false);
        copy.mark_half_built_as_in(&schema(true));
        assert_eq!(copy, schema(true));
    }
}
