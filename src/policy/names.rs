//! The names of what a change is about: the one that it has now, the one that it gets, and those that it had.
//!
//! A declared rename must not take anything out of a rule that guards it. So what guards looks at every name, those
//! among them that the schema declares as old ones (`renamed_from`), and what lets through has to fit all that the thing
//! has before and after the plan. Names are compared as the engine compares them.

use std::collections::BTreeMap;

use crate::model::{Change, Engine, Folding, Plan, QName, Renames};

use super::Case;
use super::matching::Doubt;

/// Other names of tables and columns.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// What a plan renames.
    planned: Links,
    /// The same with every declared old name.
    known: Links,
}

/// Names that come before others.
#[derive(Clone, Debug, Default)]
struct Links {
    tables: BTreeMap<QName, Vec<QName>>,
    columns: BTreeMap<(QName, String), Vec<String>>,
}

impl Names {
    /// The names by which a plan and the declared schema know the same things.
    pub fn of(plan: &Plan, declared: &Renames) -> Self {
        let mut planned = Links::default();
        plan.changes.iter().for_each(|each| planned.add(&each.change));
        let mut known = planned.clone();
        for (new, old) in &declared.tables {
            known.tables.entry(new.clone()).or_default().extend(old.iter().cloned());
        }
        for (table, columns) in &declared.columns {
            for (new, old) in columns {
                known.columns.entry((table.clone(), new.clone())).or_default().extend(old.iter().cloned());
            }
        }
        Self { planned, known }
    }

    /// The same where these changes were made, too.
    #[must_use]
    pub fn with(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        for change in changes {
            self.planned.add(&change);
            self.known.add(&change);
        }
        self
    }

    fn links(&self, doubt: Doubt) -> &Links {
        match doubt {
            Doubt::Holds => &self.known,
            Doubt::Fails => &self.planned,
        }
    }
}

impl Links {
    fn add(&mut self, change: &Change) {
        let (table, old, new) = match change {
            Change::RenameTable { from, to } => return self.tables.entry(to.clone()).or_default().push(from.clone()),
            Change::RenameColumn { table, from, to, .. } => (table, from, to),
            Change::MergeColumn { table, from, to, .. } | Change::ReplaceColumn { table, from, to, .. } => {
                (table, &from.name, &to.name)
            }
            _ => return,
        };
        self.columns.entry((table.clone(), new.clone())).or_default().push(old.clone());
    }

    fn tables(&self, first: Vec<QName>) -> Vec<QName> {
        closure(first, |name| self.tables.get(name).into_iter().flatten().cloned())
    }

    fn columns(&self, tables: &[QName], first: Vec<String>) -> Vec<String> {
        closure(first, |name| {
            let of = |table: &QName| self.columns.get(&(table.clone(), name.clone())).into_iter().flatten().cloned();
            tables.iter().flat_map(of).collect::<Vec<_>>()
        })
    }
}

/// These, and everything that can be reached from them, each once.
fn closure<T: PartialEq, I: IntoIterator<Item = T>>(mut found: Vec<T>, next: impl Fn(&T) -> I) -> Vec<T> {
    let mut at = 0;
    while at < found.len() {
        for other in next(&found[at]) {
            if !found.contains(&other) {
                found.push(other);
            }
        }
        at += 1;
    }
    found
}

impl Case<'_> {
    /// The names of its table.
    pub(super) fn tables(&self, doubt: Doubt) -> Vec<QName> {
        let own = match self.change {
            // Of what is new there is nothing to guard under an old name.
            Change::CreateTable { to } => return vec![to.name.clone()],
            Change::RenameTable { from, to } => vec![from.clone(), to.clone()],
            _ => self.change.table().into_iter().cloned().collect(),
        };
        self.names.links(doubt).tables(own)
    }

    /// The names of its column.
    pub(super) fn columns(&self, doubt: Doubt) -> Vec<String> {
        let own: Vec<&str> = match self.change {
            Change::AddColumn { to, .. } => return vec![to.name.clone()],
            Change::RenameColumn { from, to, .. } => vec![from, to],
            Change::MergeColumn { from, to, .. }
            | Change::ReplaceColumn { from, to, .. }
            | Change::AlterColumn { from, to, .. } => vec![&from.name, &to.name],
            _ => self.change.column().into_iter().collect(),
        };
        self.names.links(doubt).columns(&self.tables(doubt), each_once(own.into_iter().map(str::to_owned)))
    }

    /// The full names of what it is about: its table's and its own, in every combination.
    pub(super) fn objects(&self, doubt: Doubt) -> Vec<(Option<QName>, String)> {
        let within = match self.change {
            Change::AlterTableOption { option, .. } => vec![option.clone()],
            Change::AddMember { to, .. } => vec![to.label()],
            Change::DropMember { from, .. } => vec![from.label()],
            Change::AlterMember { from, to, .. } | Change::RenameMember { from, to, .. } => {
                each_once([from.label(), to.label()].into_iter())
            }
            _ => self.columns(doubt),
        };
        let tables = self.tables(doubt);
        if tables.is_empty() {
            return vec![(None, self.change.object())];
        }
        if within.is_empty() {
            return tables.iter().map(|table| (None, table.to_string())).collect();
        }
        tables.iter().flat_map(|table| within.iter().map(|name| (Some(table.clone()), name.clone()))).collect()
    }

    /// How a pattern meets the name of a table. Whether MySQL tells `Users` from `users` depends on the server's files:
    /// what guards does not tell them apart, what lets through does.
    pub(super) fn folds_tables(&self, doubt: Doubt) -> Folding {
        match (self.tenant.engine, doubt) {
            (Engine::Mysql, Doubt::Fails) => Folding::Exact,
            (engine, _) => Folding::of(engine),
        }
    }

    /// How a pattern meets any other name. In doubt MySQL's accents count for nothing.
    pub(super) fn folds_others(&self, doubt: Doubt) -> Folding {
        match (self.tenant.engine, doubt) {
            (Engine::Mysql, Doubt::Fails) => Folding::Case,
            (engine, _) => Folding::of(engine),
        }
    }
}

fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    names.fold(Vec::new(), |mut found, name| {
        if !found.contains(&name) {
            found.push(name);
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap as Map;

    use super::*;
    use crate::model::{Column, Tenant};

    #[test]
    fn what_guards_knows_more_names_than_what_lets_through() {
        let (users, people, folk) = (QName::bare("users"), QName::bare("people"), QName::bare("folk"));
        let declared = Renames {
            tables: Map::from([(folk.clone(), vec![people.clone(), users.clone()])]),
            columns: Map::from([(folk.clone(), Map::from([("mail".to_owned(), vec!["email".to_owned()])]))]),
            ..Renames::default()
        };
        let renames = [Change::RenameTable { from: people.clone(), to: folk.clone() }];
        let names = Names { known: Names::of(&empty(), &declared).known, ..Names::default() }.with(renames);
        let change = Change::DropColumn { table: folk.clone(), from: Column::new("mail", "text") };
        let tenant = Tenant { name: "t".into(), engine: Engine::Sqlite, labels: Map::new() };
        let case = Case { change: &change, hazards: &[], tenant: &tenant, table_rows: None, names: &names };
        assert_eq!(case.tables(Doubt::Fails), [folk.clone(), people.clone()]);
        assert_eq!(case.tables(Doubt::Holds), [folk, people, users]);
        assert_eq!(case.columns(Doubt::Holds), ["mail", "email"]);
        assert_eq!(case.columns(Doubt::Fails), ["mail"]);
        assert_eq!(case.objects(Doubt::Holds).len(), 6);
    }

    fn empty() -> Plan {
        Plan {
            engine: Engine::Sqlite,
            start: crate::model::Fingerprint::of(&crate::model::Schema::default()),
            end: None,
            changes: Vec::new(),
            left_out: Vec::new(),
            steps: Vec::new(),
        }
    }
}
