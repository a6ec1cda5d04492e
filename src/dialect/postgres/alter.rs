//! Operations that change one property of a column.

use super::batch::{Batch, column_objects};
use super::columns::is_serial;
use super::conversion::Conversion;
use super::create::column_comment;
use super::names::{ident, qualified, spelled};
use super::settings::column_changes;
use super::text::identifiers;
use super::types::{Family, parse};
use super::{facts, identity, moves, rebuild};
use crate::dialect::rank;
use crate::model::{Change, Column, Hazard, HazardNote, Op, Pace, Property, QName};

/// One change of a column, with what all of its operations need to know.
pub(super) struct Alteration<'a> {
    pub(super) index: usize,
    pub(super) table: &'a QName,
    pub(super) from: &'a Column,
    pub(super) to: &'a Column,
    pub(super) fill: Option<&'a str>,
}

impl Alteration<'_> {
    fn op(&self, what: &str, statements: Vec<String>, place: u32) -> Op {
        let title = format!("change {what} of {}.{}", self.table, self.to.name);
        let mut op = Op::new(vec![self.index], title, statements);
        op.rank = rank::ALTER_COLUMN + place;
        op
    }

    fn alter(&self) -> String {
        format!("ALTER TABLE {} ALTER COLUMN {}", qualified(self.table), ident(&self.to.name))
    }
}

/// The operation for one changed property; `None` when another operation of the batch does it on
/// its way.
pub(super) fn op(batch: &Batch<'_>, property: Property, alteration: &Alteration<'_>) -> Option<Op> {
    let (table, column) = (alteration.table, alteration.to.name.as_str());
    if rebuild::absorbs(batch, table, column) {
        return None;
    }
    if let Some(recreation) = batch.recreation(table, column) {
        return (recreation == alteration.index).then(|| rebuild::recreate(batch, alteration));
    }
    match property {
        Property::Type => Some(data_type(batch, alteration)),
        Property::Collation => match batch.conversion_of(table, column) {
            Some(_) => None,
            None => Some(collation(batch, alteration)),
        },
        Property::Generated => Some(generated(batch, alteration)),
        Property::Identity => Some(numbering(batch, alteration)),
        Property::Nullable => Some(nullable(batch, alteration)),
        Property::Default => match batch.conversion_of(table, column) {
            Some((_, conversion)) if !conversion.same_type => None,
            _ => Some(default(batch, alteration)),
        },
        Property::Options => Some(options(alteration)),
        Property::Comment => Some(comment(alteration)),
        Property::OnUpdate => None,
    }
}

/// The changes that a change of type carries out on its way: of the collation, and of the default
/// where the old one is no value of the new type.
fn with_type(batch: &Batch<'_>, alteration: &Alteration<'_>, conversion: &Conversion) -> Vec<usize> {
    let also = |property: &Property| match property {
        Property::Collation => true,
        Property::Default => !conversion.same_type,
        _ => false,
    };
    let others = batch.alterations(alteration.table, &alteration.to.name).filter(|(_, property)| also(property));
    std::iter::once(alteration.index).chain(others.map(|(index, _)| index)).collect()
}

fn data_type(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, index, .. } = *alteration;
    let conversion = super::conversion::conversion(&from.data_type, &to.data_type);
    let target = batch.column_after(table, &to.name).unwrap_or(to);
    let mut statements = type_statements(batch, alteration, target, &conversion);
    let rebuilt = rebuild::around(batch, table, &to.name);
    statements.splice(0..0, rebuilt.before);
    statements.extend(rebuilt.after);
    let mut op = alteration.op("type", statements, 1);
    op.changes = with_type(batch, alteration, &conversion);
    op.changes.extend(rebuilt.changes);
    op.needs.extend(batch.type_object(&to.data_type));
    op.frees.extend(batch.type_object(&from.data_type));
    op.hazards = conversion_hazards(table, from, to, &conversion);
    op.pace = if conversion.rewrites { Pace::Slow } else { Pace::Quick };
    let shortened = conversion.shortens_to.map(|length| facts::no_longer_than(index, table, &to.name, length));
    op.preconditions.extend(shortened);
    op
}

/// A default that is no value of the new type is taken off first and set anew.
fn type_statements(
    batch: &Batch<'_>,
    alteration: &Alteration<'_>,
    target: &Column,
    conversion: &Conversion,
) -> Vec<String> {
    let alter = alteration.alter();
    let data_type = &target.data_type;
    let replaces_default = alteration.from.default.is_some() && !conversion.same_type;
    let mut statements: Vec<_> = replaces_default.then(|| format!("{alter} DROP DEFAULT")).into_iter().collect();
    let collation = target.collation.as_ref().map(|name| format!(" COLLATE {}", spelled(name))).unwrap_or_default();
    let casts = conversion.cast && target.generated.is_none();
    let using = if casts { format!(" USING {}", cast(batch, alteration.from, data_type)) } else { String::new() };
    statements.push(format!("{alter} TYPE {data_type}{collation}{using}"));
    if !conversion.same_type {
        // The default of the old type stays where another one is wanted and kept back.
        let stays = target.default == alteration.from.default && target.default != alteration.to.default;
        let kept = stays && conversion.cast;
        let spelling = |default: &String| if kept { format!("({default})::{data_type}") } else { default.clone() };
        statements.extend(target.default.as_ref().map(|default| format!("{alter} SET DEFAULT {}", spelling(default))));
        if is_serial(alteration.from) && is_serial(target) {
            statements.push(identity::sequence_type(alteration.table, &target.name, data_type));
        }
    }
    statements
}

/// The values of a column as another type. Enums are known to nothing but texts.
fn cast(batch: &Batch<'_>, from: &Column, data_type: &str) -> String {
    let (old, new) = (parse(&from.data_type).family, parse(data_type).family);
    // Between booleans and numbers the server knows one cast alone, that of `integer`.
    if old == Family::Boolean && new.is_number() {
        return format!("{}::integer::{data_type}", ident(&from.name));
    }
    if old.is_number() && new == Family::Boolean {
        return format!("{} <> 0", ident(&from.name));
    }
    let has_enum = batch.enum_of(&from.data_type).is_some() || batch.enum_of(data_type).is_some();
    let text = match (has_enum, from.data_type.ends_with("[]")) {
        (true, true) => "::text[]",
        (true, false) => "::text",
        (false, _) => "",
    };
    format!("{}{text}::{data_type}", ident(&from.name))
}

fn conversion_hazards(table: &QName, from: &Column, to: &Column, conversion: &Conversion) -> Vec<HazardNote> {
    let change = format!("{table}.{} becomes {} from {}", to.name, to.data_type, from.data_type);
    let mut hazards = Vec::new();
    let mut note = |hazard, why: String| hazards.push(HazardNote::new(hazard, why));
    if conversion.rewrites {
        note(Hazard::RewritesTable, format!("{change}: every row is written anew"));
        note(Hazard::ExclusiveLock, format!("{table} can be neither read nor written meanwhile"));
    }
    if let Some(why) = conversion.loses {
        note(Hazard::MayLoseData, format!("{change}: {why}"));
        note(Hazard::CannotBeUndone, format!("{change}: the old values cannot be computed from the new ones"));
    }
    if let Some(why) = conversion.refuses {
        note(Hazard::MayFailOnData, format!("{change}: {why}"));
    }
    hazards
}

fn collation(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, to, .. } = *alteration;
    let target = batch.column_after(table, &to.name).unwrap_or(to);
    let collation = to.collation.as_ref().map(|name| format!(" COLLATE {}", spelled(name))).unwrap_or_default();
    let data_type = batch.column_before(table, &to.name).map_or(&target.data_type, |column| &column.data_type);
    let mut statements = vec![format!("{} TYPE {data_type}{collation}", alteration.alter())];
    let rebuilt = rebuild::around(batch, table, &to.name);
    statements.splice(0..0, rebuilt.before);
    statements.extend(rebuilt.after);
    let mut op = alteration.op("collation", statements, 1);
    op.changes.extend(rebuilt.changes);
    op.pace = Pace::Slow;
    let why = format!("{table} can be neither read nor written while indexes on {} are built anew", to.name);
    op.hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    op
}

/// A stored expression that goes leaves its values; one that changes is computed anew for all rows.
fn generated(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let alter = alteration.alter();
    let statement = match &to.generated {
        Some(generated) => format!("{alter} SET EXPRESSION AS ({})", generated.expr),
        None => format!("{alter} DROP EXPRESSION"),
    };
    let mut op = alteration.op("expression", vec![statement], 0);
    op.frees = expression_columns(batch, table, from);
    op.needs = expression_columns(batch, table, to);
    if to.generated.as_ref().is_some_and(|generated| generated.stored) {
        op.pace = Pace::Slow;
        let why = format!("{}.{} is computed anew in every row", table, to.name);
        op.hazards.push(HazardNote::new(Hazard::RewritesTable, why));
        let why = format!("{table} can be neither read nor written meanwhile");
        op.hazards.push(HazardNote::new(Hazard::ExclusiveLock, why));
    }
    op
}

/// The columns that a generated column is computed from.
pub(super) fn expression_columns(batch: &Batch<'_>, table: &QName, column: &Column) -> Vec<crate::model::Object> {
    let names = column.generated.iter().flat_map(|generated| identifiers(&generated.expr));
    let known = |name: &String| batch.column_before(table, name).is_some() || batch.column_after(table, name).is_some();
    column_objects(table, names.filter(known))
}

/// A numbering goes before the type changes and NULLs are allowed, and comes after.
fn numbering(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let target = batch.column_after(table, &to.name).unwrap_or(to);
    let column = Column { identity: to.identity.clone(), ..target.clone() };
    let statements = identity::transition(batch.from, table, from, &column);
    alteration.op("identity", statements, if to.identity.is_none() { 0 } else { 3 })
}

fn nullable(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, to, fill, index, .. } = *alteration;
    let alter = alteration.alter();
    if to.nullable {
        return alteration.op("nullability", vec![format!("{alter} DROP NOT NULL")], 4);
    }
    let (name, column) = (qualified(table), ident(&to.name));
    let update = fill.map(|fill| format!("UPDATE {name} SET {column} = ({fill}) WHERE {column} IS NULL"));
    let statements = update.into_iter().chain([format!("{alter} SET NOT NULL")]).collect();
    let mut op = alteration.op("nullability", statements, 2);
    op.pace = Pace::Slow;
    op.hazards = vec![
        HazardNote::new(Hazard::MayFailOnData, format!("rows of {table} may have no value for {}", to.name)),
        HazardNote::new(
            Hazard::ExclusiveLock,
            format!("{table} can be neither read nor written while it is read through"),
        ),
    ];
    match fill {
        Some(fill) => op.preconditions.extend(facts::fill_gives_values(batch, index, table, to, fill)),
        None => op.preconditions.push(facts::no_nulls(batch, index, table, &to.name)),
    }
    op
}

fn default(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let alter = alteration.alter();
    match &alteration.to.default {
        Some(default) => {
            let mut op = alteration.op("default", vec![format!("{alter} SET DEFAULT {default}")], 5);
            op.needs.extend(batch.type_object(&alteration.to.data_type));
            op
        }
        None => alteration.op("default", vec![format!("{alter} DROP DEFAULT")], 0),
    }
}

fn options(alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let statements = column_changes(&qualified(table), &to.name, &to.data_type, &from.options, &to.options);
    alteration.op("options", statements, 6)
}

fn comment(alteration: &Alteration<'_>) -> Op {
    let Alteration { table, to, index, .. } = *alteration;
    let statement = column_comment(table, &to.name, to.comment.as_deref());
    let mut op = Op::new(vec![index], format!("change comment of {table}.{}", to.name), vec![statement]);
    op.rank = rank::COMMENT;
    op
}

/// The operations for a change that alters a column: rows that lack a value get it before NULLs are forbidden.
pub(super) fn from_change(batch: &Batch<'_>, index: usize, change: &Change) -> Vec<Op> {
    let Change::AlterColumn { table, property, from, to, fill } = change else { return Vec::new() };
    let Some(mut op) = op(batch, *property, &Alteration { index, table, from, to, fill: fill.as_deref() }) else {
        return Vec::new();
    };
    let fill = fill.as_deref().filter(|_| *property == Property::Nullable && op.changes == [index]);
    let mut fill = fill.and_then(|fill| moves::fill_existing(batch, index, table, to, fill));
    if let Some(fill) = &mut fill {
        op.needs.extend(fill.makes.iter().cloned());
        fill.preconditions.append(&mut op.preconditions);
    }
    fill.into_iter().chain([op]).collect()
}
