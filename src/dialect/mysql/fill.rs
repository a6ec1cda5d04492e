//! Values for rows that exist: new columns that are filled, and old columns that merge into new ones.
//!
//! A column under construction has a working name, so that a run that was killed leaves drift behind and not
//! a column that only looks finished.

use super::facts::{self, disagrees};
use super::names::{LONGEST_NAME, quote, quote_table};
use super::ops::Batch;
use super::piece::{Phase, Piece, Slot, alter};
use super::tables::alter_one;
use super::types::whole;
use super::{hazards, members};
use crate::dialect::{Dialect, moves, rank, rows};
use crate::model::{
    Assignment, Change, Column, Hash, Move, Object, OnConflict, QName, RowWork, Transform, work_mark, working_name,
};

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
        let name = self.free_working_name(table, &column.name, fill);
        piece.makes.push(Object::Column(table.clone(), name.clone()));
        piece.before = self.begin_column(table, column, &name, fill);
        piece.rows = self.fill(table, &name, &column.name, fill);
        let last = format!("CHANGE COLUMN {} {}", quote(&name), self.dialect.column(column));
        piece.clause(Slot::Modify, last)
    }

    /// The working column, unless a run that was cut short began it for the same values. Rows that come meanwhile
    /// get the default that they will have.
    fn begin_column(&self, table: &QName, column: &Column, name: &str, fill: &str) -> Vec<String> {
        if self.is_begun(table, name, fill) {
            return Vec::new();
        }
        let bare = Column::new(name, &column.data_type);
        let working = Column { collation: column.collation.clone(), comment: Some(work_mark(fill)), ..bare };
        let add = alter_one(table, format!("ADD COLUMN {}", self.dialect.column(&working)));
        let default = column.default.clone().or_else(|| self.fill_of_new_rows(column, fill));
        let default = default
            .map(|default| alter_one(table, format!("ALTER COLUMN {} SET DEFAULT {}", quote(name), whole(&default))));
        std::iter::once(add).chain(default).collect()
    }

    /// What rows get that are written before a column without a default is finished by those who do not know it yet: what
    /// they would be filled with. Without it the last step would meet their NULLs.
    fn fill_of_new_rows(&self, column: &Column, fill: &str) -> Option<String> {
        let reads_others = fill.to_ascii_lowercase().contains("select");
        (!column.nullable && !reads_others && self.dialect.computes_defaults()).then(|| format!("({fill})"))
    }

    /// Whether a run that was cut short left a column that is filled with the same values, and nothing takes it away.
    fn is_begun(&self, table: &QName, name: &str, fill: &str) -> bool {
        let mark = work_mark(fill);
        let begun = |column: &Column| column.comment.as_deref() == Some(&mark);
        !self.goes(table, name) && self.before(table).and_then(|table| table.column(name)).is_some_and(begun)
    }

    fn goes(&self, table: &QName, name: &str) -> bool {
        self.changes_of(table).any(|(_, change)| matches!(change, Change::DropColumn { from, .. } if from.name == name))
    }

    /// The working name, or one like it if a left-over of that name stays or goes.
    fn free_working_name(&self, table: &QName, column: &str, fill: &str) -> String {
        let stays = |name: &str| self.after(table).is_some_and(|after| after.column(name).is_some());
        let is_free = |name: &str| self.is_begun(table, name, fill) || !stays(name) && !self.goes(table, name);
        let numbered = (2..).map(|number| working_column(&format!("{column}_{number}")));
        let mut names = std::iter::once(working_column(column)).chain(numbered);
        names.find(|name| is_free(name)).unwrap_or_else(|| working_column(column))
    }

    /// Gives a value to the rows that have none. Columns that note the time of an update do not take note of this one.
    pub fn fill(&self, table: &QName, column: &str, called: &str, fill: &str) -> Option<RowWork> {
        let assignment = moves::filled(self.dialect, column, fill);
        let untouched = self.untouched(table, column);
        Some(moves::set(self.dialect, self.before(table)?, assignment, &untouched, format!("fill {table}.{called}")))
    }

    pub(super) fn untouched(&self, table: &QName, but: &str) -> String {
        let columns = self.before(table).or_else(|| self.after(table)).map_or(&[][..], |table| &table.columns);
        let noting = columns.iter().filter(|column| column.on_update.is_some() && column.name != but);
        noting.map(|column| format!(", {0} = {0}", quote(&column.name))).collect()
    }

    /// Copies the old column's values to where the new one has none, batch by batch; then makes sure under the lock
    /// that no row disagrees, and drops the old one.
    pub fn merge_column(&self, number: usize, table: &QName, (old, new): (&Column, &Column), how: &Move) -> Vec<Piece> {
        let mut piece = self.merge_piece(number, table, (old, new));
        let mut first = Piece::new(table, number, "copy into column", &new.name, Phase::Change, rank::MERGE_COLUMN - 1);
        first.alone = true;
        piece.before = vec![format!("LOCK TABLES {} WRITE", quote_table(table))];
        let untouched = self.untouched(table, &new.name);
        let agree = self
            .before(table)
            .and_then(|before| moves::agree(self.dialect, before, (old, new), how, &untouched, false));
        match agree {
            Some(work) => {
                first.preconditions.extend(moves::rows_are_told_apart(self.dialect, vec![number], &work));
                let fits =
                    how.transform.iter().filter_map(|transform| moves::hashes_fit(vec![number], table, new, transform));
                first.preconditions.extend(fits);
                first.preconditions.extend(facts::other_hash(self.dialect, number, table, (old, new), how));
                piece.rows = Some(RowWork { locked: true, ..work.clone() });
                first.rows = Some(work);
            }
            None => self.copy((old, new), how, &mut first, &mut piece),
        }
        let transforms =
            how.transform.iter().flat_map(|transform| moves::transform_hazards(table, &old.name, transform));
        first.hazards = piece.hazards.iter().cloned().chain(transforms).collect();
        first.needs.clone_from(&piece.needs);
        first.frees.clone_from(&piece.drops);
        first.makes = vec![Object::Values(table.clone(), new.name.clone())];
        piece.needs.push(Object::Values(table.clone(), new.name.clone()));
        vec![first, piece]
    }

    /// What happens under the lock.
    fn merge_piece(&self, number: usize, table: &QName, (old, new): (&Column, &Column)) -> Piece {
        let mut piece = Piece::new(table, number, "merge into column", &new.name, Phase::Change, rank::MERGE_COLUMN);
        piece.alone = true;
        piece.hazards = hazards::merge(table, &old.name);
        for index in self.going_along(table, &old.name) {
            let label = index.name.as_deref().unwrap_or_default();
            piece.hazards.push(hazards::drops_index(table, index, label));
        }
        piece.drops.push(Object::Column(table.clone(), old.name.clone()));
        piece.needs.push(Object::Column(table.clone(), new.name.clone()));
        piece.after = vec![self.drop_with_all_of_it(table, &old.name), "UNLOCK TABLES".to_owned()];
        piece
    }

    /// Drops a column with what hangs on it, in one statement.
    fn drop_with_all_of_it(&self, table: &QName, column: &str) -> String {
        let mut clauses: Vec<String> = self.stranded(table, column).into_iter().map(|(_, sql)| sql).collect();
        clauses.push(format!("DROP COLUMN {}", quote(column)));
        let checks = self.baseless_checks(table).into_iter().flat_map(|check| self.check_made_anew(check));
        let (drops, adds): (Vec<_>, Vec<_>) = checks.partition(|(slot, _)| *slot == Slot::DropConstraint);
        clauses.splice(0..0, drops.into_iter().map(|(_, sql)| sql));
        clauses.extend(adds.into_iter().map(|(_, sql)| sql));
        if let [only] = clauses.as_slice() { alter_one(table, only.clone()) } else { alter(table, &clauses) }
    }

    /// Copies values as they are, or as the server transforms them.
    fn copy(&self, (old, new): (&Column, &Column), how: &Move, first: &mut Piece, piece: &mut Piece) {
        let table = first.table.clone();
        let from = quote(&old.name);
        let value = moves::moved(how, &from).unwrap_or_else(|| from.clone());
        let pending = moves::to_be_copied(self.dialect, &old.name, &new.name, &value, how.on_conflict);
        let name = quote_table(&table);
        if how.on_conflict == OnConflict::Stop {
            first.preconditions.push(facts::disagreement(first_change(first), &table, (old, new), &value));
            let disagree = disagrees(old, new, &value);
            piece.before.push(stop_if_any(&format!("SELECT 1 FROM {name} WHERE {disagree}")));
        }
        let assignment = Assignment { column: new.name.clone(), value, pending };
        let title = format!("copy {table}.{} into {}", old.name, new.name);
        let untouched = self.untouched(&table, &new.name);
        let work =
            self.before(&table).map(|before| moves::set(self.dialect, before, assignment.clone(), &untouched, title));
        piece.before.extend(work.iter().map(|work| rows::at_once(self.dialect, work, &assignment)));
        first.rows = work;
    }

    /// Replaces a column by one whose values are computed from it. What is written to the old one counts until the new
    /// one gets its name.
    pub fn replace_column(&self, number: usize, table: &QName, (old, new): (&Column, &Column), expr: &str) -> Piece {
        let mut piece = self.add_filled(number, table, new, expr);
        let working = self.free_working_name(table, &new.name, expr);
        let (name, target) = (quote_table(table), quote(&working));
        let untouched = self.untouched(table, &working);
        let differ = self.dialect.differs(&target, &format!("({expr})"));
        piece.clauses.clear();
        piece.after = vec![
            format!("LOCK TABLES {name} WRITE"),
            format!("UPDATE {name} SET {target} = ({expr}){untouched} WHERE {differ}"),
            alter_one(table, format!("CHANGE COLUMN {target} {}", self.dialect.column(new))),
            self.drop_with_all_of_it(table, &old.name),
            "UNLOCK TABLES".to_owned(),
        ];
        piece.drops.push(Object::Column(table.clone(), old.name.clone()));
        piece.needs.retain(|object| !piece.drops.contains(object));
        piece.hazards.extend(hazards::merge(table, &old.name));
        piece.hazards.extend(moves::transform_hazards(table, &old.name, &Transform::Sql(expr.to_owned())));
        piece
    }
}

fn first_change(piece: &Piece) -> usize {
    piece.changes.first().copied().unwrap_or_default()
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
