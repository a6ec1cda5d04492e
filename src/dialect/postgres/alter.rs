//! Operations that change one property of a column.

use super::batch::{Batch, column_objects, members_of, uses_column};
use super::columns::is_serial;
use super::conversion::Conversion;
use super::create::column_comment;
use super::names::{ident, qualified, spelled};
use super::settings::column_changes;
use super::text::{identifiers, whole};
use super::types::{Family, parse};
use super::{detours, facts, identity, impact, not_null, rebuild};
use crate::dialect::rank;
use crate::model::{Change, Column, Hazard, HazardNote, MemberKind, Op, Pace, Property, QName};

/// One change of a column, with what all of its operations need to know.
pub(super) struct Alteration<'a> {
    pub(super) index: usize,
    pub(super) table: &'a QName,
    pub(super) from: &'a Column,
    pub(super) to: &'a Column,
    pub(super) fill: Option<&'a str>,
    /// What gives the values of a new type.
    pub(super) using: Option<&'a str>,
}

/// What goes before types change: defaults, numberings, expressions.
const BEFORE_TYPES: u32 = rank::ALTER_COLUMN;
/// Types and collations.
const TYPES: u32 = rank::ALTER_COLUMN + 1;
/// Foreign keys that had to make room for them.
pub(super) const AFTER_TYPES: u32 = rank::ALTER_COLUMN + 2;
/// Backfills, and the three steps to NOT NULL.
pub(super) const NOT_NULL: u32 = rank::ALTER_COLUMN + 3;
/// Numberings and defaults that come, and what else follows.
const AFTERWARDS: u32 = rank::ALTER_COLUMN + 7;
/// A column may be NULL when no key has it any more.
const MAY_BE_NULL: u32 = rank::COMMENT - 5;

/// An operation of an alteration.
pub(super) fn op(alteration: &Alteration<'_>, what: &str, statements: Vec<String>, rank: u32) -> Op {
    let Alteration { table, to, index, .. } = *alteration;
    let mut op = Op::new(vec![index], format!("change {what} of {table}.{}", to.name), statements);
    op.rank = rank;
    op
}

impl Alteration<'_> {
    /// The beginning of a statement that alters the column.
    pub(super) fn alter(&self) -> String {
        format!("ALTER TABLE {} ALTER COLUMN {}", qualified(self.table), ident(&self.to.name))
    }
}

/// Whether the properties of a column are changed one by one, and not on the way of something else.
pub(super) fn is_on_its_own(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    !rebuild::absorbs(batch, table, column) && batch.recreation(table, column).is_none()
}

/// The operations for one changed property; none when another operation of the batch does it on its way.
fn ops(batch: &Batch<'_>, property: Property, alteration: &Alteration<'_>) -> Vec<Op> {
    let (table, column) = (alteration.table, alteration.to.name.as_str());
    if !is_on_its_own(batch, table, column) {
        let recreated =
            !rebuild::absorbs(batch, table, column) && batch.recreation(table, column) == Some(alteration.index);
        return recreated.then(|| rebuild::recreate(batch, alteration)).into_iter().collect();
    }
    let conversion = batch.conversion_of(table, column).map(|(_, conversion)| conversion);
    match property {
        Property::Type => vec![data_type(batch, alteration)],
        Property::Collation if conversion.is_none() => vec![collation(batch, alteration)],
        Property::Generated => vec![generated(batch, alteration)],
        Property::Identity => vec![numbering(batch, alteration)],
        Property::Nullable => nullable(batch, alteration),
        Property::Default if conversion.is_none_or(|conversion| conversion.same_type) => {
            vec![default(batch, alteration)]
        }
        Property::Options => vec![options(alteration)],
        Property::Comment => vec![comment(alteration)],
        Property::Collation | Property::Default | Property::OnUpdate => Vec::new(),
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
    let conversion = converted(alteration);
    let target = batch.column_after(table, &to.name).unwrap_or(to);
    let mut statements = type_statements(batch, alteration, target, &conversion);
    let rebuilt = rebuild::around(batch, table, &to.name);
    statements.splice(0..0, rebuilt.before);
    statements.extend(rebuilt.after);
    let mut op = self::op(alteration, "type", statements, TYPES);
    op.changes = with_type(batch, alteration, &conversion);
    op.changes.extend(rebuilt.changes);
    op.hazards.extend(rebuilt.hazards);
    op.needs.extend(batch.type_object(&to.data_type));
    op.frees.extend(batch.type_object(&from.data_type));
    op.frees.extend(used_by(batch, alteration));
    let impact = match (conversion.rewrites, conversion.reindexes && is_indexed(batch, table, &to.name)) {
        (true, _) => impact::REWRITE,
        (false, true) => impact::SCAN,
        (false, false) => impact::CATALOG,
    };
    impact.applies(&mut op, table);
    op.hazards.extend(conversion_hazards(table, from, to, &conversion));
    stands_alone(batch, alteration.index, &mut op);
    if alteration.using.is_none() {
        op.preconditions.extend(facts::for_conversion(batch, index, table, from, to));
    }
    op
}

/// What the change of type means: what the expression gives that somebody wrote, or what a cast does.
fn converted(alteration: &Alteration<'_>) -> Conversion {
    let conversion = super::conversion::conversion(&alteration.from.data_type, &alteration.to.data_type);
    if alteration.using.is_some() { conversion.by_expression() } else { conversion }
}

/// The other columns from which the values of the new type are computed.
fn used_by(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Vec<crate::model::Object> {
    let Alteration { table, to, using, .. } = *alteration;
    let names = using.into_iter().flat_map(identifiers);
    let others = names.filter(|name| *name != to.name && batch.column_before(table, name).is_some());
    column_objects(table, others)
}

/// Whether an index or key hangs on a column.
fn is_indexed(batch: &Batch<'_>, table: &QName, column: &str) -> bool {
    let members = batch.table_before(table).into_iter().flat_map(members_of);
    let mut indexed = members.filter(|member| !matches!(member.kind(), MemberKind::ForeignKey | MemberKind::Check));
    indexed.any(|member| uses_column(&member, column))
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
    let using = match alteration.using {
        Some(using) => format!(" USING ({using})"),
        None if casts => format!(" USING {}", cast(batch, alteration.from, data_type)),
        None => String::new(),
    };
    statements.push(format!("{alter} TYPE {data_type}{collation}{using}"));
    statements.extend(stored_as_before(alteration.table, target));
    if !conversion.same_type {
        // The default of the old type stays where another one is wanted and kept back.
        let stays = target.default == alteration.from.default && target.default != alteration.to.default;
        let kept = stays && conversion.cast;
        let spelling =
            |default: &String| if kept { format!("({default})::{data_type}") } else { whole(default).into_owned() };
        statements.extend(target.default.as_ref().map(|default| format!("{alter} SET DEFAULT {}", spelling(default))));
        if is_serial(alteration.from) && is_serial(target) {
            statements.push(identity::sequence_type(alteration.table, &target.name, data_type));
        }
    }
    statements
}

/// The server forgets with the type how values are stored.
fn stored_as_before(table: &QName, column: &Column) -> Vec<String> {
    let stored = |(key, _): &(&String, &String)| matches!(key.as_str(), "storage" | "compression");
    let options = column.options.iter().filter(stored).map(|(key, value)| (key.clone(), value.clone())).collect();
    column_changes(&qualified(table), &column.name, &column.data_type, &Default::default(), &options)
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
    let mut op = self::op(alteration, "collation", statements, TYPES);
    op.changes.extend(rebuilt.changes);
    op.hazards.extend(rebuilt.hazards);
    impact::SCAN.applies(&mut op, table);
    stands_alone(batch, alteration.index, &mut op);
    op
}

/// What takes its time has a transaction of its own: nobody waits for it who uses another table. One that
/// foreign keys had to make room for shares theirs.
pub(super) fn stands_alone(batch: &Batch<'_>, change: usize, op: &mut Op) {
    op.alone = op.pace == Pace::Slow && !detours::makes_room_for(batch, change);
}

/// A stored expression that goes leaves its values; one that changes is computed anew for all rows.
fn generated(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let alter = alteration.alter();
    let statement = match &to.generated {
        Some(generated) => format!("{alter} SET EXPRESSION AS ({})", generated.expr),
        None => format!("{alter} DROP EXPRESSION"),
    };
    let mut op = self::op(alteration, "expression", vec![statement], BEFORE_TYPES);
    op.frees = expression_columns(batch, table, from);
    op.needs = expression_columns(batch, table, to);
    if to.generated.as_ref().is_some_and(|generated| generated.stored) {
        impact::REWRITE.applies(&mut op, table);
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
    self::op(alteration, "identity", statements, if to.identity.is_none() { BEFORE_TYPES } else { AFTERWARDS })
}

fn nullable(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Vec<Op> {
    if !alteration.to.nullable {
        return not_null::ops(batch, alteration);
    }
    let statement = format!("{} DROP NOT NULL", alteration.alter());
    vec![op(alteration, "nullability", vec![statement], MAY_BE_NULL)]
}

fn default(batch: &Batch<'_>, alteration: &Alteration<'_>) -> Op {
    let alter = alteration.alter();
    match &alteration.to.default {
        Some(default) => {
            let mut op = self::op(
                alteration,
                "default",
                vec![format!("{alter} SET DEFAULT {}", whole(default))],
                AFTERWARDS + 1,
            );
            op.needs.extend(batch.type_object(&alteration.to.data_type));
            op
        }
        None => self::op(alteration, "default", vec![format!("{alter} DROP DEFAULT")], BEFORE_TYPES),
    }
}

fn options(alteration: &Alteration<'_>) -> Op {
    let Alteration { table, from, to, .. } = *alteration;
    let statements = column_changes(&qualified(table), &to.name, &to.data_type, &from.options, &to.options);
    self::op(alteration, "options", statements, AFTERWARDS + 2)
}

fn comment(alteration: &Alteration<'_>) -> Op {
    let Alteration { table, to, index, .. } = *alteration;
    let statement = column_comment(table, &to.name, to.comment.as_deref());
    let mut op = Op::new(vec![index], format!("change comment of {table}.{}", to.name), vec![statement]);
    op.rank = rank::COMMENT;
    op
}

/// The operations for a change that alters a column.
pub(super) fn from_change(batch: &Batch<'_>, index: usize, change: &Change) -> Vec<Op> {
    let Change::AlterColumn { table, property, from, to, fill, using } = change else { return Vec::new() };
    ops(batch, *property, &Alteration { index, table, from, to, fill: fill.as_deref(), using: using.as_deref() })
}
