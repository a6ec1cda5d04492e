//! Values for rows that exist: new columns that are filled, and old columns that merge into new ones.
//!
//! A column under construction has a working name, so that a run that was killed leaves drift behind and not
//! a column that only looks finished.

use super::facts::{self, disagrees};
use super::names::{LONGEST_NAME, quote, quote_table};
use super::ops::Batch;
use super::piece::{Phase, Piece, Slot, alter};
use super::tables::alter_one;
use super::{hazards, members};
use crate::dialect::rank;
use crate::model::{Column, Hash, Object, QName, working_name};

/// The name of a column under construction. One that would be too long keeps its beginning and gets a hash.
fn working_column(column: &str) -> String {
    let name = working_name(column);
    if name.chars().count() <= LONGEST_NAME {
        return name;
    }
    let hash = Hash::of(column).short();
    let kept: String = name.chars().take(LONGEST_NAME - hash.len() - 1).collect();
    format!("{kept}_{hash}")
}

impl Batch<'_> {
    /// Adds a column under its working name, fills it and gives it its name and final form.
    pub fn add_filled(&self, number: usize, table: &QName, column: &Column, fill: &str) -> Piece {
        let mut piece = Piece::new(table, number, "add and fill column", &column.name, Phase::Change, rank::ADD_COLUMN);
        piece.alone = true;
        piece.hazards = hazards::fills(table, &column.name);
        if !column.nullable {
            piece.hazards.push(hazards::may_fail(format!("{fill} may give no value for {}", column.name)));
        }
        piece.makes.push(Object::Column(table.clone(), column.name.clone()));
        piece.needs.extend(self.mentions(table, column));
        piece.needs.extend(self.after(table).map_or(Vec::new(), |after| members::columns_of(after, fill)));
        let name = self.free_working_name(table, &column.name);
        let working = Column { collation: column.collation.clone(), ..Column::new(&name, &column.data_type) };
        piece.makes.push(Object::Column(table.clone(), name));
        let add = alter_one(table, format!("ADD COLUMN {}", self.dialect.column(&working)));
        piece.before = vec![add, self.fill(table, &working.name, fill)];
        let last = format!("CHANGE COLUMN {} {}", quote(&working.name), self.dialect.column(column));
        piece.clause(Slot::Modify, last)
    }

    /// The working name, or one like it if a left-over of that name stays.
    fn free_working_name(&self, table: &QName, column: &str) -> String {
        let stays = |name: &str| self.after(table).is_some_and(|after| after.column(name).is_some());
        let numbered = (2..).map(|number| working_column(&format!("{column}_{number}")));
        let mut names = std::iter::once(working_column(column)).chain(numbered);
        names.find(|name| !stays(name)).unwrap_or_else(|| working_column(column))
    }

    /// Gives a value to the rows that have none. Columns that note the time of an update do not take note of this one.
    pub fn fill(&self, table: &QName, column: &str, fill: &str) -> String {
        let name = quote(column);
        format!(
            "UPDATE {} SET {name} = ({fill}){} WHERE {name} IS NULL",
            quote_table(table),
            self.untouched(table, column)
        )
    }

    fn untouched(&self, table: &QName, but: &str) -> String {
        let columns = self.before(table).map_or(&[][..], |table| &table.columns);
        let noting = columns.iter().filter(|column| column.on_update.is_some() && column.name != but);
        noting.map(|column| format!(", {0} = {0}", quote(&column.name))).collect()
    }

    /// Copies the old column's values to where the new one has none, makes sure under the lock that no row disagrees,
    /// and drops the old one.
    pub fn merge_column(&self, number: usize, table: &QName, old: &Column, new: &Column) -> Piece {
        let mut piece = Piece::new(table, number, "merge into column", &new.name, Phase::Change, rank::MERGE_COLUMN);
        piece.alone = true;
        piece.hazards = hazards::merge(table, &old.name);
        for index in self.going_along(table, &old.name) {
            let label = index.name.as_deref().unwrap_or_default();
            piece.hazards.push(hazards::drops_index(table, index, label));
        }
        piece.preconditions.push(facts::disagreement(number, table, old, new));
        piece.drops.push(Object::Column(table.clone(), old.name.clone()));
        piece.needs.push(Object::Column(table.clone(), new.name.clone()));
        let name = quote_table(table);
        let (from, to) = (quote(&old.name), quote(&new.name));
        let untouched = self.untouched(table, &new.name);
        let mut clauses: Vec<String> = self.stranded(table, &old.name).into_iter().map(|(_, sql)| sql).collect();
        clauses.push(format!("DROP COLUMN {from}"));
        let checks = self.baseless_checks(table).into_iter().flat_map(|check| self.check_made_anew(check));
        let (drops, adds): (Vec<_>, Vec<_>) = checks.partition(|(slot, _)| *slot == Slot::DropConstraint);
        clauses.splice(0..0, drops.into_iter().map(|(_, sql)| sql));
        clauses.extend(adds.into_iter().map(|(_, sql)| sql));
        piece.before = vec![
            format!("LOCK TABLES {name} WRITE"),
            stop_if_any(&format!("SELECT 1 FROM {name} WHERE {}", disagrees(old, new))),
            format!("UPDATE {name} SET {to} = {from}{untouched} WHERE {to} IS NULL AND {from} IS NOT NULL"),
        ];
        piece.after = vec![
            if let [only] = clauses.as_slice() { alter_one(table, only.clone()) } else { alter(table, &clauses) },
            "UNLOCK TABLES".to_owned(),
        ];
        piece
    }
}

/// A statement that fails ("subquery returns more than 1 row") if a query finds anything: outside of stored programs
/// nothing else can stop a script.
fn stop_if_any(query: &str) -> String {
    format!(
        "SELECT (SELECT 1 FROM (SELECT 1 AS n UNION ALL SELECT 2) AS two WHERE EXISTS ({query})) AS rows_that_disagree"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_names_fit() {
        assert_eq!(working_column("phone"), "undrift_new_phone");
        let long = working_column(&"é".repeat(64));
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert_ne!(long, working_column(&"é".repeat(63)));
    }
}
