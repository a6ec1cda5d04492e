//! Declared renames: a batch of their own, before everything else.

use std::collections::BTreeMap;

use super::create::check;
use super::hazards;
use super::names::{quote, quote_table, within};
use super::ops::Batch;
use super::piece::{Phase, Piece, Slot};
use super::tokens::{Kind, mentioned, tokens};
use crate::dialect::{moves, rank, rows};
use crate::model::{Change, Check, Column, Generated, Object, Op, Pace, QName, RowWork, Table, Transform};

impl Batch<'_> {
    /// The operations for renames.
    pub fn renames(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        let mut columns: BTreeMap<&QName, Vec<(usize, &str, &str)>> = BTreeMap::new();
        for (number, change) in self.numbered() {
            match change {
                Change::RenameTable { from, to } => ops.push(rename_table(number, from, to)),
                Change::RenameColumn { table, from, to, transform: None } => {
                    columns.entry(table).or_default().push((number, from, to));
                }
                Change::RenameColumn { table, from, to, transform: Some(transform) } => {
                    ops.extend(self.transform_column(number, table, (from, to), transform));
                }
                _ => {}
            }
        }
        ops.extend(columns.into_iter().map(|(table, renames)| self.rename_columns(table, &renames)));
        ops
    }

    /// All renames of a table at once, so that names can be swapped.
    fn rename_columns(&self, table: &QName, renames: &[(usize, &str, &str)]) -> Op {
        let mut piece = Piece::new(table, renames[0].0, "", "", Phase::Change, rank::RENAME);
        piece.phrases.clear();
        piece.needs.push(Object::Table(table.clone()));
        for (number, from, to) in renames {
            piece.changes.insert(*number);
            piece.phrases.push(("rename to column", (*to).to_owned()));
            piece.hazards.extend(hazards::rename(&within(table, from)));
            piece.clauses.push((Slot::Modify, format!("RENAME COLUMN {} TO {}", quote(from), quote(to))));
            piece.drops.push(Object::Column(table.clone(), (*from).to_owned()));
            piece.makes.push(Object::Column(table.clone(), (*to).to_owned()));
        }
        if !self.dialect.is_mariadb() {
            piece.clauses.extend(self.dependents(table, renames));
        }
        piece.into_op()
    }

    /// Transforms a column's values where they are, batch by batch; then, under the lock, those that were written
    /// meanwhile, and renames the column.
    fn transform_column(
        &self,
        number: usize,
        table: &QName,
        (from, to): (&str, &str),
        transform: &Transform,
    ) -> Vec<Op> {
        let mut rename = self.rename_columns(table, &[(number, from, to)]);
        let Some(structure) = self.after(table).map(|table| moves::with_old_name(table, from, to)) else {
            return vec![rename];
        };
        let untouched = self.untouched(table, from);
        let name = quote(from);
        let (work, catch_up) = match moves::expression(transform, &name) {
            None => (moves::hash_in_place(self.dialect, &structure, from, transform, &untouched, false), None),
            Some(value) => {
                let assignment = moves::changed(self.dialect, from, value);
                let title = format!("{transform} {table}.{from}");
                let work = moves::set(self.dialect, &structure, assignment.clone(), &untouched, title);
                let catch_up = rows::at_once(self.dialect, &work, &assignment);
                (work, Some(catch_up))
            }
        };
        rename.statements.insert(0, format!("LOCK TABLES {} WRITE", quote_table(table)));
        rename.rows = catch_up.is_none().then(|| (1, RowWork { locked: true, ..work.clone() }));
        catch_up.into_iter().for_each(|sql| rename.statements.insert(1, sql));
        rename.statements.push("UNLOCK TABLES".to_owned());
        rename.alone = true;
        rename.pace = Pace::Slow;
        rename.rank = rank::RENAME + 1;
        let first = self.transform_rows(number, table, (from, transform), &structure, work);
        rename.needs.extend(first.makes.iter().cloned());
        rename.hazards.extend(first.hazards.iter().cloned());
        vec![first, rename]
    }

    fn transform_rows(
        &self,
        number: usize,
        table: &QName,
        (from, transform): (&str, &Transform),
        structure: &Table,
        work: RowWork,
    ) -> Op {
        let column = |name: &str| Object::Column(table.clone(), name.to_owned());
        let mut op = Op::new(vec![number], work.title.clone(), Vec::new());
        op.transactional = false;
        op.pace = Pace::Slow;
        op.rank = rank::RENAME;
        op.needs = std::iter::once(Object::Table(table.clone()))
            .chain(work.key.iter().filter(|(name, _)| name != from).map(|(name, _)| column(name)))
            .collect();
        op.frees = vec![column(from)];
        op.makes = vec![Object::Values(table.clone(), from.to_owned())];
        op.hazards = moves::transform_hazards(table, from, transform);
        if transform.hashes() {
            op.preconditions.extend(moves::rows_are_told_apart(self.dialect, vec![number], &work));
        }
        let old = structure.column(from);
        op.preconditions.extend(old.and_then(|old| moves::hashes_fit(vec![number], table, old, transform)));
        op.rows = Some((0, work));
        op
    }

    /// MariaDB renames a column inside of checks and generated columns; MySQL refuses the rename for their sake, so
    /// there they are dropped and made anew with it.
    fn dependents(&self, table: &QName, renames: &[(usize, &str, &str)]) -> Vec<(Slot, String)> {
        let Some(before) = self.before(table).or_else(|| self.under_old_name(table)) else { return Vec::new() };
        let touches = |expr: &str| !mentioned(expr, renames.iter().map(|(_, from, _)| *from)).is_empty();
        let mut clauses = Vec::new();
        for own in before.checks.iter().filter(|own| touches(&own.expr)) {
            clauses.extend(own.name.iter().map(|name| (Slot::DropConstraint, self.dialect.drop_check(name))));
            let renamed = Check { expr: renamed(&own.expr, renames), ..own.clone() };
            clauses.push((Slot::AddConstraint, format!("ADD {}", check(&renamed))));
        }
        for column in &before.columns {
            let Some(generated) = column.generated.as_ref().filter(|generated| touches(&generated.expr)) else {
                continue;
            };
            let generated = Some(Generated { expr: renamed(&generated.expr, renames), ..generated.clone() });
            let renamed = Column { generated, ..column.clone() };
            clauses.push((Slot::DropColumn, format!("DROP COLUMN {}", quote(&column.name))));
            clauses.push((Slot::AddColumn, format!("ADD COLUMN {}", self.dialect.column(&renamed))));
        }
        clauses
    }

    /// The table whose declared name comes with the same batch.
    fn under_old_name(&self, table: &QName) -> Option<&Table> {
        let old = self.changes.iter().find_map(|change| match change {
            Change::RenameTable { from, to } if to == table => Some(from),
            _ => None,
        })?;
        self.before(old)
    }
}

fn rename_table(number: usize, from: &QName, to: &QName) -> Op {
    let statement = format!("RENAME TABLE {} TO {}", quote_table(from), quote_table(to));
    let mut op = Op::new(vec![number], format!("rename table {from} to {to}"), vec![statement]);
    op.transactional = false;
    op.hazards = hazards::rename(&from.to_string());
    op.drops.push(Object::Table(from.clone()));
    op.makes.push(Object::Table(to.clone()));
    op.rank = rank::RENAME;
    op
}

/// An expression with other column names in it. The server prints all of them in backticks.
fn renamed(expr: &str, renames: &[(usize, &str, &str)]) -> String {
    let mut text = String::with_capacity(expr.len());
    let mut at = 0;
    for token in tokens(expr).iter().filter(|token| token.kind == Kind::Quoted) {
        let name = token.name().unwrap_or_default();
        if let Some((_, _, to)) = renames.iter().find(|(_, from, _)| from.eq_ignore_ascii_case(&name)) {
            text.push_str(&expr[at..token.start]);
            text.push_str(&quote(to));
            at = token.end();
        }
    }
    text.push_str(&expr[at..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_and_strings_do_not() {
        assert_eq!(renamed("`a` > `b` and 'a' <> `A`", &[(0, "a", "c")]), "`c` > `b` and 'a' <> `c`");
    }
}
