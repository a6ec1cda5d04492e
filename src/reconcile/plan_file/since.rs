//! What happened to a database since a plan was made for it.

use crate::diff;
use crate::model::{Renames, Schema};
use crate::reconcile::words::{self, Line};

/// What differs between the structure that a plan starts from and the one that is there now, in the words of plans.
pub fn since(start: &Schema, now: &Schema) -> Vec<Line> {
    let difference = diff::difference(start, now, &Renames::default());
    difference.changes.iter().map(words::happened).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, QName, Table};

    #[test]
    fn says_what_came_and_what_went() {
        let table = |columns: &[&str]| {
            let mut table = Table::new(QName::bare("users"));
            table.columns = columns.iter().map(|name| Column::new(*name, "integer")).collect();
            Schema { tables: [(table.name.clone(), table)].into(), ..Schema::default() }
        };
        let lines = since(&table(&["id", "old"]), &table(&["id", "by_night"]));
        let said: Vec<_> = lines.iter().map(|line| format!("{} {} {}", line.sign, line.object, line.what)).collect();
        assert_eq!(said, ["+ users.by_night new column: integer, nullable", "- users.old is gone"]);
    }
}
