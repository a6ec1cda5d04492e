//! What can run a tenant's code: its functions and triggers, the operators, casts and types that it made, views in a
//! table's place.
//!
//! What only changes the structure, by plain names and types, evaluates nothing. Everything else may: reading or writing
//! rows, building an index, whatever holds an expression.

use crate::model::{Change, Column, Index, Member, Pace, Part, PartSource, Plan, Property, Step, Table};

/// Whether a change of a plan may run code of the tenant's.
pub(super) fn may_run(plan: &Plan, change: usize) -> bool {
    let mut steps = plan.steps.iter().filter(|step| step.changes.contains(&change));
    steps.any(touches_rows) || evaluates(&plan.changes[change].change)
}

/// Whether a plan may.
pub(super) fn plan_may_run(plan: &Plan) -> bool {
    plan.steps.iter().any(touches_rows) || plan.changes.iter().any(|planned| evaluates(&planned.change))
}

/// Types of the engines' own, by the first word of their names.
const TYPES: [&str; 40] = [
    "bigint",
    "binary",
    "bit",
    "blob",
    "bool",
    "boolean",
    "bytea",
    "char",
    "character",
    "cidr",
    "date",
    "datetime",
    "decimal",
    "double",
    "float",
    "inet",
    "int",
    "integer",
    "interval",
    "json",
    "jsonb",
    "longblob",
    "longtext",
    "macaddr",
    "mediumblob",
    "mediumint",
    "mediumtext",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "tinyblob",
    "tinyint",
    "tinytext",
    "uuid",
    "varbinary",
    "varchar",
    "year",
];

/// Whether a step reads or writes rows. An index that goes waits for others, and reads nothing.
fn touches_rows(step: &Step) -> bool {
    let only_drops = !step.statements.is_empty() && step.statements.iter().all(|sql| sql.starts_with("DROP "));
    step.rows.is_some() || !step.preconditions.is_empty() || (step.pace != Pace::Quick && !only_drops)
}

/// Whether a change brings along something that the server has to work out.
fn evaluates(change: &Change) -> bool {
    match change {
        Change::CreateNamespace { .. }
        | Change::DropNamespace { .. }
        | Change::CreateEnum { .. }
        | Change::DropEnum { .. }
        | Change::AlterEnum { .. }
        | Change::DropTable { .. }
        | Change::RenameTable { .. }
        | Change::AlterTableComment { .. }
        | Change::AlterTableOption { .. }
        | Change::DropColumn { .. }
        | Change::DropMember { .. }
        | Change::RenameMember { .. } => false,
        Change::CreateTable { to } => !is_plain_table(to),
        Change::AddColumn { to, fill, .. } => fill.is_some() || !is_plain(to),
        Change::RenameColumn { transform, .. } => transform.is_some(),
        Change::AlterColumn { property, to, .. } => match property {
            Property::Nullable => !to.nullable,
            Property::Default => to.default.is_some(),
            Property::Comment => false,
            _ => true,
        },
        Change::CreateExtension { .. }
        | Change::MergeColumn { .. }
        | Change::ReplaceColumn { .. }
        | Change::AddMember { .. }
        | Change::AlterMember { .. } => true,
    }
}

/// Whether a new table has nothing but plain columns and indexes on them.
fn is_plain_table(table: &Table) -> bool {
    let plain = |member: Member| match member {
        Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => is_plain_index(&index),
        Member::ForeignKey(_) | Member::Check(_) => false,
    };
    table.columns.iter().all(is_plain) && table.members().into_iter().all(plain)
}

/// Whether a new column has a type of the engine's own, and no value that has to be worked out.
fn is_plain(column: &Column) -> bool {
    let in_a_type = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '(' | ')' | ',');
    let first = column.data_type.split([' ', '(']).next().unwrap_or_default();
    let own = TYPES.contains(&first) && column.data_type.chars().all(in_a_type);
    own && column.default.is_none() && column.generated.is_none()
}

fn is_plain_index(index: &Index) -> bool {
    let plain = |part: &Part| matches!(part.source, PartSource::Column(_)) && part.opclass.is_none();
    index.predicate.is_none() && index.parts.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QName;

    fn add(data_type: &str) -> Change {
        let table = QName::bare("t");
        Change::AddColumn { table, to: Column::new("c", data_type), fill: None }
    }

    #[test]
    fn columns_of_the_engines_types_evaluate_nothing() {
        for plain in ["integer", "character varying(40)", "timestamp(3) with time zone", "numeric(10,2)"] {
            assert!(!evaluates(&add(plain)), "{plain}");
        }
        for own in ["public.d", "d", "\"text\"", "money_of_mine(3)", "integer[]"] {
            assert!(evaluates(&add(own)), "{own}");
        }
    }

    #[test]
    fn values_are_worked_out() {
        let mut column = Column::new("c", "text");
        column.default = Some("lower('X')".to_owned());
        assert!(evaluates(&Change::AddColumn { table: QName::bare("t"), to: column, fill: None }));
    }
}
