//! Why a change may hurt.

use super::canon;
use super::conversion::conversion;
use super::ops::Group;
use super::settle::is_on;
use super::types::Affinity;
use crate::dialect::moves;
use crate::model::{Change, Column, Hazard, HazardNote, Member, Op, Opaque, Property, QName, Schema, Transform};

/// Adds what a change of a group may do.
pub fn add(op: &mut Op, group: &Group<'_>, change: &Change) {
    let mut note = |hazard, why: String| op.hazards.push(HazardNote::new(hazard, why));
    let table = group.name();
    match change {
        Change::AddColumn { to, fill: Some(_), .. } => {
            note(Hazard::ShareLock, format!("nobody else can write while {table}.{} is filled", to.name));
        }
        Change::AddColumn { to, .. }
            if !to.nullable && !canon::gives_value(to.default.as_deref()) && to.generated.is_none() =>
        {
            note(Hazard::MayFailOnData, format!("{table}.{} has no value for rows that exist", to.name));
        }
        Change::DropColumn { from, .. } => {
            op.hazards.extend(of_drop(group, from));
        }
        Change::MergeColumn { from, .. } | Change::ReplaceColumn { from, .. } => {
            if let Some(transform) = transform_of(change) {
                op.hazards.extend(moves::transform_hazards(table, &from.name, &transform));
            }
            let mut note = |hazard, why: String| op.hazards.push(HazardNote::new(hazard, why));
            let old = &from.name;
            note(Hazard::DeletesData, format!("{table}.{old} is dropped after its values were copied"));
            note(Hazard::ExclusiveLock, format!("the file is locked while the values of {table}.{old} move"));
            note(Hazard::BreaksRunningApplication, format!("statements that still name {table}.{old} fail"));
            op.hazards.extend(dependents(group, from));
        }
        Change::AlterColumn { property: Property::Type, to, using: Some(using), .. } => {
            note(Hazard::MayLoseData, format!("the values of {table}.{} become what {using} gives", to.name));
            note(Hazard::CannotBeUndone, format!("no statement brings back the old values of {table}.{}", to.name));
        }
        Change::AlterColumn { property, from, to, .. } => op.hazards.extend(of_column(group, *property, from, to)),
        Change::AddMember { to, .. } => op.hazards.extend(of_member(group, to)),
        Change::DropMember { from, .. } => op.hazards.extend(of_dropped(group, from)),
        Change::AlterMember { from, to, .. } => {
            op.hazards.extend(of_dropped(group, from));
            op.hazards.extend(of_member(group, to));
        }
        Change::RenameMember { to, .. } => op.hazards.extend(of_member(group, to)),
        Change::AlterTableOption { option, to: Some(_), .. } if option == "strict" => {
            note(Hazard::MayFailOnData, format!("a STRICT {table} refuses values that do not fit their column's type"));
        }
        _ => {}
    }
}

/// What becomes of a column's values on the way.
fn transform_of(change: &Change) -> Option<Transform> {
    match change {
        Change::MergeColumn { how, .. } => how.transform.clone(),
        Change::ReplaceColumn { expr, .. } => Some(Transform::Sql(expr.clone())),
        _ => None,
    }
}

/// Adds what building a table anew does.
pub fn of_rebuild(op: &mut Op, group: &Group<'_>) {
    let table = group.name();
    op.hazards.retain(|note| note.hazard != Hazard::RewritesTable);
    op.hazards.push(HazardNote::new(Hazard::RewritesTable, format!("{table} is written anew, row by row")));
    let why = format!("the file is locked for writing while {table} is written");
    op.hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    let stays: Vec<&str> = group.to.indexes.iter().filter_map(|index| index.name.as_deref()).collect();
    if !stays.is_empty() {
        let why = format!("the indexes of {table} are built anew over all rows: {}", stays.join(", "));
        op.hazards.push(HazardNote::new(Hazard::BuildsIndex, why));
    }
    let mut seen = std::collections::BTreeSet::new();
    op.hazards.retain(|note| seen.insert(note.clone()));
}

fn of_drop(group: &Group<'_>, column: &Column) -> Vec<HazardNote> {
    let (table, name) = (group.name(), &column.name);
    let mut notes = Vec::new();
    if column.generated.is_none() {
        notes.push(HazardNote::new(Hazard::DeletesData, format!("{table}.{name} is dropped with its values")));
    }
    let why = format!("statements that still name {table}.{name} fail");
    notes.push(HazardNote::new(Hazard::BreaksRunningApplication, why));
    notes.push(HazardNote::new(Hazard::RewritesTable, format!("every row of {table} is written without {name}")));
    notes.extend(dependents(group, column));
    notes
}

/// Views and triggers that seem to use a column that goes.
fn dependents(group: &Group<'_>, column: &Column) -> Vec<HazardNote> {
    let table = group.name();
    let uses = |text: &str| canon::mentions(text, &column.name) && canon::mentions(text, &table.name);
    seem_to_use(group.before, &format!("{table}.{}", column.name), uses)
}

/// Views, and triggers of other tables, that seem to use a table that goes.
pub fn of_dropped_table(schema: &Schema, table: &QName) -> Vec<HazardNote> {
    let others = schema.opaque.iter().filter(|opaque| opaque.table.as_ref() != Some(table)).cloned();
    let others = Schema { opaque: others.collect(), ..Schema::default() };
    seem_to_use(&others, &table.name, |text| canon::mentions(text, &table.name))
}

fn seem_to_use(schema: &Schema, what: &str, uses: impl Fn(&str) -> bool) -> Vec<HazardNote> {
    let users = schema.opaque.iter().filter(|opaque| opaque.sql.as_deref().is_some_and(&uses));
    let why = |opaque: &Opaque| format!("the {} {} seems to use {what}", opaque.kind, opaque.name);
    users.map(|opaque| HazardNote::new(Hazard::CannotBeAnalysed, why(opaque))).collect()
}

fn of_column(group: &Group<'_>, property: Property, from: &Column, to: &Column) -> Option<HazardNote> {
    let column = format!("{}.{}", group.name(), to.name);
    match property {
        Property::Type => of_type(group, &column, from, to),
        Property::Nullable if !to.nullable => {
            let why = format!("rows without a value for {column} stop it");
            Some(HazardNote::new(Hazard::MayFailOnData, why))
        }
        Property::Generated if from.generated.is_none() => {
            let why = format!("the values of {column} give way to computed ones");
            Some(HazardNote::new(Hazard::DeletesData, why))
        }
        Property::Identity if to.identity.is_some() && from.identity.is_none() => {
            let why = format!("values of {column} that are no whole numbers stop it");
            Some(HazardNote::new(Hazard::MayFailOnData, why))
        }
        Property::Collation => {
            let why =
                format!("values of {column} that the new collation takes for equal stop it where they are unique");
            Some(HazardNote::new(Hazard::MayFailOnData, why))
        }
        _ => None,
    }
}

fn of_type(group: &Group<'_>, column: &str, from: &Column, to: &Column) -> Option<HazardNote> {
    if is_on(&group.to, "strict") {
        let why = format!("values of {column} that are no {} stop it", to.data_type);
        return Some(HazardNote::new(Hazard::MayFailOnData, why));
    }
    let loss = conversion(Affinity::of(&from.data_type), Affinity::of(&to.data_type)).loss()?;
    Some(HazardNote::new(Hazard::MayLoseData, format!("{column}: {loss}")))
}

fn of_member(group: &Group<'_>, member: &Member) -> Vec<HazardNote> {
    let what = format!("{} {} of {}", member.kind().words(), member.label(), group.name());
    let builds = || HazardNote::new(Hazard::BuildsIndex, format!("{what} is built over all rows"));
    let locks = || HazardNote::new(Hazard::ShareLock, format!("nobody else can write while {what} is built"));
    let fails = |rows: &str| HazardNote::new(Hazard::MayFailOnData, format!("{rows} stop {what}"));
    match member {
        Member::Index(index) if index.unique => vec![builds(), locks(), fails("duplicates")],
        Member::Index(_) => vec![builds(), locks()],
        Member::PrimaryKey(_) | Member::Unique(_) => vec![builds(), fails("duplicates")],
        Member::ForeignKey(_) => vec![fails("rows without a counterpart")],
        Member::Check(_) => vec![fails("rows that violate it")],
    }
}

fn of_dropped(group: &Group<'_>, member: &Member) -> Option<HazardNote> {
    let what = format!("{} {} of {}", member.kind().words(), member.label(), group.name());
    match member {
        Member::Index(_) | Member::PrimaryKey(_) | Member::Unique(_) => {
            Some(HazardNote::new(Hazard::DropsIndex, format!("queries that used the {what} may become slow")))
        }
        Member::ForeignKey(_) | Member::Check(_) => None,
    }
}
