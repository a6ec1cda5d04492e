//! New columns for which the rows that exist get values.
//!
//! Until they have them, a column has a working name. One that takes no NULLs gets its name with a check that lets no
//! new ones in; then the rows are checked while others write, and the server believes it: nobody waits for a scan.

use super::alter::Alteration;
use super::batch::{Batch, column_objects};
use super::columns::add_plain;
use super::create::column_comment;
use super::moves::{in_batches, mentioned, old_goes, under_lock, values};
use super::names::{cut, ident, qualified};
use super::text::{identifiers, whole};
use super::{facts, members, not_null, rights};
use crate::dialect::{moves, rank, rows};
use crate::model::{
    Assignment, Column, Hazard, HazardNote, Object, Op, QName, RowWork, Table, Transform, work_mark, working_name,
};

/// Words in an expression that is about the row, or about others, and so no default can say.
const OF_ROWS: [&str; 8] = ["select", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "table"];

/// A new column and what fills it.
struct Filling<'a> {
    batch: &'a Batch<'a>,
    change: usize,
    table: &'a QName,
    structure: &'a Table,
    column: &'a Column,
    fill: &'a str,
    working: String,
}

/// Adds a column and gives the rows that exist their value.
pub(super) fn add_filled(batch: &Batch<'_>, change: usize, table: &QName, column: &Column, fill: &str) -> Vec<Op> {
    let Some(filling) = Filling::of(batch, change, table, column, fill) else { return Vec::new() };
    let rest = (!filling.new_rows_have_values()).then(|| filling.at_once(&filling.assignment()));
    filling.ops(filling.named(rest))
}

/// Replaces a column by one of another name whose values are computed from it. The old one stays, and what is written
/// to it counts, until the new one gets its name.
pub(super) fn replace(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    from: &Column,
    to: &Column,
    expr: &str,
) -> Vec<Op> {
    let Some(filling) = Filling::of(batch, change, table, to, expr) else { return Vec::new() };
    let rest = moves::changed(batch.dialect, &filling.working, format!("({expr})"));
    let mut named = filling.named(Some(filling.at_once(&rest)));
    named.statements.push(rights::keep_column(table, &from.name));
    named.statements.push(format!("ALTER TABLE {} DROP COLUMN {}", qualified(table), ident(&from.name)));
    named.statements.push(rights::give_column(table, &from.name, &to.name));
    named.drops = column_objects(table, [from.name.clone()]);
    named.frees.retain(|object| !named.drops.contains(object));
    named.frees.extend(batch.type_object(&from.data_type));
    named.hazards.extend(old_goes(table, from));
    named.hazards.extend(moves::transform_hazards(table, &from.name, &Transform::Sql(expr.to_owned())));
    filling.ops(named)
}

/// Gives the rows that lack one a value in a column that is there.
pub(super) fn fill_existing(
    batch: &Batch<'_>,
    change: usize,
    table: &QName,
    column: &Column,
    fill: &str,
) -> Option<Op> {
    let title = format!("fill {table}.{}", column.name);
    let assignment = moves::filled(batch.dialect, &column.name, fill);
    let mut op = in_batches(change, moves::set(batch.dialect, batch.table_before(table)?, assignment, "", title));
    op.rank = rank::ALTER_COLUMN + 2;
    op.makes = vec![values(table, &column.name)];
    op.needs = mentioned(batch, table, fill);
    Some(op)
}

impl<'a> Filling<'a> {
    fn of(batch: &'a Batch<'a>, change: usize, table: &'a QName, column: &'a Column, fill: &'a str) -> Option<Self> {
        let structure = batch.table_before(table)?;
        Some(Self { batch, change, table, structure, column, fill, working: cut(&working_name(&column.name)) })
    }

    /// All operations, around the one that gives the column its name.
    fn ops(&self, named: Op) -> Vec<Op> {
        let mut begin = self.begin();
        let mut walk = self.walk();
        walk.needs.extend(begin.iter().flat_map(|begin| begin.makes.iter().cloned()));
        if !self.column.nullable {
            let earliest = begin.as_mut().unwrap_or(&mut walk);
            let given = facts::fill_gives_values(self.batch, self.change, self.table, self.column, self.fill);
            earliest.preconditions.extend(given);
        }
        begin.into_iter().chain([walk, named]).chain(self.proof()).collect()
    }

    fn assignment(&self) -> Assignment {
        moves::filled(self.batch.dialect, &self.working, self.fill)
    }

    fn work(&self) -> RowWork {
        let title = format!("fill {}.{}", self.table, self.column.name);
        moves::set(self.batch.dialect, self.structure, self.assignment(), "", title)
    }

    fn at_once(&self, assignment: &Assignment) -> String {
        rows::at_once(self.batch.dialect, &self.work(), assignment)
    }

    fn alter(&self, column: &str) -> String {
        format!("ALTER TABLE {} ALTER COLUMN {}", qualified(self.table), ident(column))
    }

    /// Whether a run that was cut short began the column for the same values, and nothing takes it away.
    fn begun(&self) -> Option<&'a Column> {
        let mark = work_mark(self.fill);
        let goes = self.batch.drops_column(self.table, &self.working);
        let column = self.batch.column_before(self.table, &self.working)?;
        (column.comment.as_deref() == Some(&mark) && !goes).then_some(column)
    }

    /// Makes the working column, unless it is begun. Within one transaction: what is there without its mark is nobody's.
    fn begin(&self) -> Option<Op> {
        if self.begun().is_some() {
            return None;
        }
        let Self { batch, table, column, working, .. } = self;
        let bare = Column { name: working.clone(), nullable: true, default: None, comment: None, ..(*column).clone() };
        let mut statements = add_plain(batch, table, &bare);
        // The default is for new rows only, and for those that come meanwhile.
        let default = column.default.as_deref().or_else(|| self.default_meanwhile());
        statements.extend(default.map(|default| format!("{} SET DEFAULT {}", self.alter(working), whole(default))));
        statements.push(column_comment(table, working, Some(&work_mark(self.fill))));
        let title = format!("add column {table}.{} as {working}", column.name);
        let mut op = Op::new(vec![self.change], title, statements);
        op.rank = rank::ADD_COLUMN;
        op.makes = column_objects(table, [working.clone()]);
        op.needs = vec![Object::Table((*table).clone())];
        op.needs.extend(batch.type_object(&column.data_type));
        Some(op)
    }

    /// What fills the rows that exist, as the default of a column that has none and takes no NULLs, until it has its name.
    fn default_meanwhile(&self) -> Option<&'a str> {
        let is_missing = self.column.default.is_none() && !self.column.nullable;
        let words = identifiers(self.fill);
        let of_rows = OF_ROWS.iter().any(|word| words.contains(*word)) || words.contains(&self.table.name);
        let reads_row = of_rows || !mentioned(self.batch, self.table, self.fill).is_empty();
        (is_missing && !reads_row).then_some(self.fill)
    }

    /// Whether no row that comes after the column can lack a value.
    fn new_rows_have_values(&self) -> bool {
        let has_default = match self.begun() {
            Some(begun) => begun.default.is_some(),
            None => self.column.default.is_some() || self.default_meanwhile().is_some(),
        };
        has_default && !self.column.nullable
    }

    /// Fills the rows in batches.
    fn walk(&self) -> Op {
        let mut op = in_batches(self.change, self.work());
        op.rank = rank::ADD_COLUMN + 1;
        op.makes = vec![values(self.table, &self.column.name)];
        // One that was begun for other values, or has no mark yet, goes first.
        op.makes.extend(column_objects(self.table, [self.working.clone()]));
        op.needs = mentioned(self.batch, self.table, self.fill);
        op.needs.push(Object::Table(self.table.clone()));
        op.frees = mentioned(self.batch, self.table, self.fill);
        op.hazards = self.hazards();
        op
    }

    /// Gives the column its name, after what does under the lock what is left.
    fn named(&self, rest: Option<String>) -> Op {
        let title = format!("give column {}.{} its name", self.table, self.column.name);
        let mut op = match rest {
            Some(rest) => under_lock(self.change, title, self.table, vec![rest]),
            None => Op::new(vec![self.change], title, Vec::new()),
        };
        op.statements.extend(self.finish());
        op.rank = rank::ADD_COLUMN + 2;
        op.needs = vec![values(self.table, &self.column.name)];
        op.frees = mentioned(self.batch, self.table, self.fill);
        op.makes = match self.column.nullable {
            true => column_objects(self.table, [self.column.name.clone()]),
            false => vec![not_null::check_of(self.table, &self.column.name)],
        };
        op.hazards = self.hazards();
        op
    }

    fn finish(&self) -> Vec<String> {
        let Self { table, column, working, .. } = self;
        let own = &column.name;
        let rename = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", qualified(table), ident(working), ident(own));
        let mut statements = vec![rename];
        let meanwhile = column.default.is_none() && self.default_meanwhile().is_some();
        statements.extend(meanwhile.then(|| format!("{} DROP DEFAULT", self.alter(own))));
        let check = (!column.nullable).then(|| members::add(table, &not_null::working_check(own)));
        statements.extend(check.into_iter().flatten());
        statements.push(column_comment(table, own, column.comment.as_deref()));
        statements
    }

    /// What makes a column NOT NULL that has its name and the check.
    fn proof(&self) -> Vec<Op> {
        let Self { batch, change, table, column, .. } = *self;
        if column.nullable {
            return Vec::new();
        }
        let alteration = Alteration { index: change, table, from: column, to: column, fill: None, using: None };
        let [mut validated, mut believed] = not_null::proved(batch, &alteration);
        validated.rank = rank::ADD_COLUMN + 3;
        believed.rank = rank::ADD_COLUMN + 4;
        believed.makes = column_objects(table, [column.name.clone()]);
        vec![validated, believed]
    }

    fn hazards(&self) -> Vec<HazardNote> {
        let why = format!("the backfill may leave rows of {} without a value for {}", self.table, self.column.name);
        (!self.column.nullable).then(|| HazardNote::new(Hazard::MayFailOnData, why)).into_iter().collect()
    }
}
