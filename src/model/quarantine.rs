//! Quarantine: what was dropped and is kept under a dated name for a while.
//!
//! The name says it all: that undrift put it there, on which day (of UTC), and what it was called. So nothing has to be
//! remembered, and whoever looks into the database sees what it is.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Change, Column, Plan, QName, Schema, Table};

/// How the names of what is in quarantine begin.
const PREFIX: &str = "undrift_dropped_";

/// The length of a date as it stands in names.
const DATE: usize = "20270131".len();

/// A table or column in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Quarantined {
    /// The table, under its name in quarantine if it is the table itself.
    pub table: QName,
    /// The column under its name in quarantine, if it is one.
    pub column: Option<String>,
    /// The day on which it was put there, in UTC.
    pub since: Date,
}

/// The name under which something is kept that was dropped on this day. Where it would be too long for the engine,
/// as `fits` says, it is cut and a hash of the whole stands at its end; where it is taken, a number does.
pub fn quarantine_name(name: &str, date: Date, fits: impl Fn(&str) -> bool, taken: impl Fn(&str) -> bool) -> String {
    let start = format!("{PREFIX}{}_", date.strftime("%Y%m%d"));
    let candidate = |end: &str| cut(&start, name, end, &fits);
    let numbered = (2..).map(|number: u32| candidate(&format!("_{number}")));
    std::iter::once(candidate("")).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

fn cut(start: &str, name: &str, end: &str, fits: impl Fn(&str) -> bool) -> String {
    let whole = format!("{start}{name}{end}");
    if fits(&whole) {
        return whole;
    }
    let hash = super::Hash::of(name).short();
    let shorter = name.char_indices().rev().map(|(at, _)| format!("{start}{}_{hash}{end}", &name[..at]));
    shorter.into_iter().find(|name| fits(name)).unwrap_or(whole)
}

/// What a name in quarantine says: since when it is there, and what it was called, as far as there was room.
pub fn in_quarantine(name: &str) -> Option<(Date, &str)> {
    let rest = name.strip_prefix(PREFIX)?;
    let (date, old) = rest.split_at_checked(DATE)?;
    if !date.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date = Date::new(date[..4].parse().ok()?, date[4..6].parse().ok()?, date[6..].parse().ok()?).ok()?;
    let old = old.strip_prefix('_').filter(|old| !old.is_empty())?;
    Some((date, old))
}

fn since(name: &str) -> Option<Date> {
    in_quarantine(name).map(|(date, _)| date)
}

impl Quarantined {
    /// What it is called, qualified: `users.undrift_dropped_20270131_nick`.
    pub fn object(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.table),
            None => self.table.to_string(),
        }
    }

    /// The change that drops it for good; `None` if it is not there.
    pub fn drop_in(&self, schema: &Schema) -> Option<Change> {
        let table = schema.tables.get(&self.table)?;
        Some(match &self.column {
            Some(column) => Change::DropColumn { table: self.table.clone(), from: table.column(column)?.clone() },
            None => Change::DropTable { from: table.clone() },
        })
    }

    /// The rename that put it there, as far as its name says what it was called; `None` if it is not there.
    pub fn renamed_in(&self, schema: &Schema) -> Option<Change> {
        Some(match (self.drop_in(schema)?, self.dropped_in(schema)?) {
            (Change::DropColumn { table, from: now }, Change::DropColumn { from: old, .. }) => {
                Change::RenameColumn { table, from: old.name, to: now.name, transform: None }
            }
            (Change::DropTable { from: now }, Change::DropTable { from: old }) => {
                Change::RenameTable { from: old.name, to: now.name }
            }
            _ => return None,
        })
    }

    /// What a plan puts into quarantine.
    pub fn put_by(plan: &Plan) -> impl Iterator<Item = Quarantined> {
        plan.changes.iter().filter_map(|planned| {
            let (table, column, name) = match &planned.change {
                Change::RenameTable { to, .. } => (to, None, &to.name),
                Change::RenameColumn { table, to, .. } => (table, Some(to.clone()), to),
                _ => return None,
            };
            Some(Quarantined { table: table.clone(), column, since: since(name)? })
        })
    }

    /// The change that put it there, as policy judged it: by its old name.
    pub fn dropped_in(&self, schema: &Schema) -> Option<Change> {
        let old = |name: &str| in_quarantine(name).map_or_else(|| name.to_owned(), |(_, old)| old.to_owned());
        Some(match self.drop_in(schema)? {
            Change::DropColumn { table, from } => {
                Change::DropColumn { table, from: Column { name: old(&from.name), ..from } }
            }
            Change::DropTable { from } => {
                Change::DropTable { from: Table { name: from.name.sibling(old(&from.name.name)), ..from } }
            }
            other => other,
        })
    }
}

impl Schema {
    /// Everything in it that is in quarantine. Of a table that is, the columns are not mentioned.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.tables.values().flat_map(of_table).collect()
    }

    /// The schema as it is compared: without what is in quarantine, and without the PostgreSQL schemas and enums
    /// that cannot go before it does and that `wanted` does not have.
    #[must_use]
    pub fn without_quarantined(mut self, wanted: &Schema) -> Schema {
        let needed = self.needed_in_quarantine();
        self.namespaces.retain(|name| wanted.namespaces.contains(name) || !needed.has_namespace(name));
        self.enums.retain(|name, _| wanted.enums.contains_key(name) || !needed.has_type(&name.name));
        self.tables.retain(|name, _| since(&name.name).is_none());
        for table in self.tables.values_mut() {
            let gone: Vec<String> = quarantined_columns(table).map(|column| column.name.clone()).collect();
            table.columns.retain(|column| !gone.contains(&column.name));
            for member in table.members().iter().filter(|member| gone.iter().any(|column| member.is_over(column))) {
                table.remove_member(member);
            }
        }
        self
    }

    /// What stays as long as something in quarantine does.
    pub fn needed_in_quarantine(&self) -> Needed {
        let mut needed = Needed::default();
        for table in self.tables.values() {
            if since(&table.name.name).is_some() {
                needed.namespaces.extend(table.name.schema.clone());
                needed.types.extend(table.columns.iter().map(|column| column.data_type.clone()));
            }
            needed.types.extend(quarantined_columns(table).map(|column| column.data_type.clone()));
        }
        needed
    }
}

/// PostgreSQL schemas and types that something in quarantine is made of.
#[derive(Clone, Debug, Default)]
pub struct Needed {
    namespaces: Vec<String>,
    types: Vec<String>,
}

impl Needed {
    /// Whether a change would drop something that is needed.
    pub fn forbids(&self, change: &Change) -> bool {
        match change {
            Change::DropNamespace { name } => self.has_namespace(name),
            Change::DropEnum { from } => self.has_type(&from.name.name),
            _ => false,
        }
    }

    fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.iter().any(|own| own == name)
    }

    /// Types are texts: a name that stands in one is taken to be meant.
    fn has_type(&self, name: &str) -> bool {
        self.types.iter().any(|data_type| data_type.contains(name))
    }
}

fn of_table(table: &Table) -> Vec<Quarantined> {
    let found = |column: Option<String>, since| Quarantined { table: table.name.clone(), column, since };
    match since(&table.name.name) {
        Some(since) => vec![found(None, since)],
        None => quarantined_columns(table)
            .filter_map(|column| Some(found(Some(column.name.clone()), since(&column.name)?)))
            .collect(),
    }
}

fn quarantined_columns(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| since(&column.name).is_some())
}

impl Plan {
    /// What people approve: the plan, whichever day it runs on. The names of what it puts in quarantine hold the day,
    /// and an answer must not be void at midnight.
    pub fn intent(&self) -> super::Hash {
        let dated: Vec<String> = self.changes.iter().filter_map(|planned| start_of_name(&planned.change)).collect();
        if dated.is_empty() {
            return self.hash();
        }
        let plan = Plan { end: None, ..self.clone() };
        let text = serde_json::to_string(&plan).unwrap_or_default();
        super::Hash::of(dated.iter().fold(text, |text, start| text.replace(start.as_str(), PREFIX)))
    }
}

/// How the names of this day begin, if a change puts something in quarantine.
fn start_of_name(change: &Change) -> Option<String> {
    let (from, to) = match change {
        Change::RenameTable { from, to } => (&from.name, &to.name),
        Change::RenameColumn { from, to, .. } => (from, to),
        _ => return None,
    };
    let fresh = in_quarantine(from).is_none() && in_quarantine(to).is_some();
    fresh.then(|| to[..PREFIX.len() + DATE + 1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_name_says_when_and_what() {
        let name = quarantine_name("orders", date(2026, 11, 28), |_| true, |_| false);
        assert_eq!(name, "undrift_dropped_20261128_orders");
        assert_eq!(in_quarantine(&name), Some((date(2026, 11, 28), "orders")));
        for other in [
            "orders",
            "undrift_dropped_",
            "undrift_dropped_20261128",
            "undrift_dropped_20261128_",
            "undrift_dropped_20261328_x",
            "undrift_dropped_2026112é_x",
            "undrift_dropped_+2261128_x",
            "undrift_dropped_202é112_x",
        ] {
            assert_eq!(in_quarantine(other), None, "{other}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = |end: &str| format!("{}é{end}", "ä".repeat(40));
        let make = |name: &str| quarantine_name(name, date(2026, 1, 2), |name| name.len() <= 63, |_| false);
        let (one, other) = (make(&long("x")), make(&long("y")));
        assert!(one.len() <= 63 && other.len() <= 63 && one != other, "{one} {other}");
        assert!(in_quarantine(&one).is_some());
    }

    #[test]
    fn names_that_are_taken_get_a_number() {
        let taken = |name: &str| name.ends_with("_a") || name.ends_with("_2");
        assert_eq!(quarantine_name("a", date(2026, 1, 2), |_| true, taken), "undrift_dropped_20260102_a_3");
    }

    #[test]
    fn what_is_in_quarantine_is_not_compared() {
        let mut schema = Schema::default();
        let mut table = Table::new(QName::bare("users"));
        table.columns = vec![Column::new("id", "integer"), Column::new("undrift_dropped_20260102_nick", "text")];
        schema.tables.insert(table.name.clone(), table);
        let gone = Table::new(QName::qualified("audit", "undrift_dropped_20260102_events"));
        schema.namespaces.insert("audit".to_owned());
        schema.tables.insert(gone.name.clone(), gone);
        let objects: Vec<_> = schema.quarantined().iter().map(Quarantined::object).collect();
        assert_eq!(objects, ["users.undrift_dropped_20260102_nick", "audit.undrift_dropped_20260102_events"]);
        let compared = schema.without_quarantined(&Schema::default());
        assert_eq!((compared.tables.len(), compared.namespaces.len()), (1, 0));
        assert_eq!(compared.tables[&QName::bare("users")].columns.len(), 1);
    }
}
