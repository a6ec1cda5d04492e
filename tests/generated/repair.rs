//! Makes a schema one that the engine can hold: what refers to something that is not there any more,
//! or that the engine does not allow, is taken out. So generating, mutating and minimising may be careless.

use std::collections::BTreeSet;

use undrift::model::Engine;

use crate::formula::Formula;
use crate::spec::{Column, ForeignKey, Id, Kind, Member, Part, Source, Spec, Table, What};
use crate::types::{self, Family};

/// Takes out what cannot be. One thing taken out may make another impossible.
pub fn repair(spec: &mut Spec) {
    for _ in 0..5 {
        for index in 0..spec.tables.len() {
            let mut table = spec.tables[index].clone();
            columns(spec, &mut table);
            primary_key(spec, &mut table);
            identities(spec.engine, &mut table);
            options(spec, &mut table);
            let members = std::mem::take(&mut table.members);
            // Keys of the table itself may be referred to.
            table.members.clone_from(&members);
            let standing = members.into_iter().filter(|member| stands(spec, &table, member));
            table.members = without_doubles(&table, standing.collect());
            spec.tables[index] = with_members(spec, table);
        }
    }
}

fn columns(spec: &Spec, table: &mut Table) {
    let before = table.clone();
    let name_length = table.name.name.len();
    for column in &mut table.columns {
        if let Kind::Shared(id) = column.kind
            && spec.enumeration(id).is_none()
        {
            column.kind = Kind::Type(types::named(spec.engine, "varchar(20)"));
            column.default = None;
        }
        if let Kind::Inline { check, .. } = &mut column.kind {
            *check |= name_length + column.name.len() > 60;
        }
        let unsound =
            |generated: &crate::spec::Generated| !generated_from(spec, &before, column.id, &generated.formula);
        if column.generated.as_ref().is_some_and(unsound) {
            column.generated = None;
        }
        if column.generated.is_some() {
            (column.default, column.identity, column.on_update, column.backfill) = (None, None, None, None);
            let bases = column.generated.iter().flat_map(|generated| &generated.formula.columns);
            let from_null = bases.filter_map(|id| before.column(*id)).any(|base| base.nullable);
            column.nullable |= spec.engine == Engine::Mysql || from_null;
        }
        settle_column(spec, column);
    }
}

fn settle_column(spec: &Spec, column: &mut Column) {
    let family = column.family();
    let labels = spec.labels(&column.kind).map(<[String]>::to_vec);
    if let (Some(labels), Some(crate::tree::Tree::Text(default))) = (&labels, &column.default)
        && !labels.contains(default)
    {
        column.default = None;
    }
    let enum_with_collation = labels.is_some() && spec.engine != Engine::Postgres;
    if family != Some(Family::Text) && !enum_with_collation {
        column.collation = None;
    }
    if family != Some(Family::Stamp) {
        column.on_update = None;
    }
    let text = matches!(column.kind, Kind::Type(known) if matches!(known.name, "text" | "varchar(20)" | "varchar(60)"));
    let hidden = column.nullable || column.default.is_some();
    let generated = column.generated.is_some();
    column.options.retain(|(key, _)| match key.as_str() {
        "storage" => text,
        "invisible" => hidden && !generated,
        _ => true,
    });
}

/// Whether a formula can be computed over a table's columns.
fn computes(table: &Table, formula: &Formula) -> bool {
    let mut collations = BTreeSet::new();
    formula.columns.iter().zip(formula.template.takes).all(|(id, family)| {
        let Some(column) = table.column(*id) else { return false };
        if *family == Family::Text {
            collations.insert(column.collation);
        }
        // A condition holds for the values of the test, not for what is computed from them.
        let known = column.generated.is_none() || formula.template.gives.is_some();
        column.family() == Some(*family) && collations.len() < 2 && known
    })
}

fn generated_from(spec: &Spec, table: &Table, own: Id, formula: &Formula) -> bool {
    let in_foreign_key = |id: Id| table.foreign_keys().any(|key| key.columns.contains(&id));
    own != table.marker
        && computes(table, formula)
        && formula.columns.iter().filter_map(|id| table.column(*id)).all(|base| {
            let plain = base.generated.is_none() && base.id != own;
            // What a CHAR's padding looks like depends on the SQL mode,
            // and of what is less than zero and unsigned too.
            let moody = |known: &types::Type| known.name.starts_with("char(") || known.name.contains("unsigned");
            let moody = matches!(base.kind, Kind::Type(known) if moody(known));
            let free = base.identity.is_none() && !in_foreign_key(base.id) && !moody;
            plain && (spec.engine != Engine::Mysql || free)
        })
}

fn primary_key(spec: &Spec, table: &mut Table) {
    let Some(key) = table.primary_key.clone() else { return };
    let columns: Vec<&Column> = key.columns.iter().filter_map(|id| table.column(*id)).collect();
    let fits = |column: &&Column| spec.is_distinct(column) && !(spec.engine == Engine::Mysql && is_long(column));
    if columns.is_empty() || columns.len() < key.columns.len() || !columns.iter().all(fits) {
        table.primary_key = None;
    } else if spec.engine != Engine::Sqlite {
        table.columns.iter_mut().filter(|column| key.columns.contains(&column.id)).for_each(|c| c.nullable = false);
    }
}

fn is_long(column: &Column) -> bool {
    matches!(column.kind, Kind::Type(known) if known.is_long())
}

fn identities(engine: Engine, table: &mut Table) {
    let key = table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
    let mut numbered = false;
    for column in &mut table.columns {
        if column.identity.is_none() {
            column.autoincrement = false;
            continue;
        }
        let own = matches!(column.kind, Kind::Type(known) if ["smallint", "integer", "bigint"].contains(&known.name));
        let fits = own
            && match engine {
                Engine::Postgres => true,
                Engine::Mysql => key.first() == Some(&column.id) && !numbered,
                Engine::Sqlite => key == [column.id] && !numbered,
            };
        if fits {
            numbered = true;
            (column.nullable, column.default, column.backfill) = (false, None, None);
        } else {
            column.identity = None;
            column.autoincrement = false;
        }
    }
}

fn options(spec: &Spec, table: &mut Table) {
    let referred = spec.tables.iter().flat_map(Table::foreign_keys).any(|key| key.table == table.id);
    let linked = referred || table.foreign_keys().next().is_some();
    let numbered = table.columns.iter().any(|column| column.identity.is_some());
    let strict = table.columns.iter().all(|column| !matches!(column.kind, Kind::Type(known) if !known.is_strict()));
    let has_key = table.primary_key.is_some();
    let indexed = |id: Id| table.members.iter().any(|member| member.what.columns().contains(&id));
    let virtual_index = table.columns.iter().any(|c| c.generated.as_ref().is_some_and(|g| !g.stored) && indexed(c.id));
    let other_engine = table.is_on("engine") && !linked && !virtual_index;
    table.options.retain(|(key, _)| match key.as_str() {
        "engine" => other_engine,
        "unlogged" => !linked,
        "row_format" => !other_engine,
        "without_rowid" => has_key && !numbered,
        "strict" => strict,
        _ => true,
    });
}

/// Whether everything that a member is about is there and of the right kind.
fn stands(spec: &Spec, table: &Table, member: &Member) -> bool {
    if member.what.columns().iter().any(|id| table.column(*id).is_none()) {
        return false;
    }
    match &member.what {
        // SQLite cannot rename the column of a key that is in another key of a table without rowid.
        What::Unique { columns, .. } if table.is_on("without_rowid") => {
            let keyed = |id: &Id| table.primary_key.as_ref().is_some_and(|key| key.columns.contains(id));
            columns.iter().filter_map(|id| table.column(*id)).all(|c| is_unique(spec, c)) && !columns.iter().any(keyed)
        }
        What::Unique { columns, .. } => columns.iter().filter_map(|id| table.column(*id)).all(|c| is_unique(spec, c)),
        What::Check { formula } => computes(table, formula) && is_checkable(spec, table, formula),
        What::ForeignKey(key) => refers(spec, table, key),
        What::Index { parts, unique, filter, extra, .. } => {
            let sound = |part: &Part| part_stands(spec, table, part, *unique, extra);
            parts.iter().all(sound) && filter.iter().all(|formula| computes(table, formula))
        }
    }
}

/// A key over the columns of another key is none to PostgreSQL.
fn without_doubles(table: &Table, members: Vec<Member>) -> Vec<Member> {
    let mut seen: Vec<Vec<Id>> = table.primary_key.iter().map(|key| key.columns.clone()).collect();
    let mut keeps = |member: &Member| match &member.what {
        What::Unique { columns, .. } if seen.contains(columns) => false,
        What::Unique { columns, .. } => {
            seen.push(columns.clone());
            true
        }
        _ => true,
    };
    members.into_iter().filter(|member| keeps(member)).collect()
}

fn is_unique(spec: &Spec, column: &Column) -> bool {
    spec.is_distinct(column) && !(spec.engine == Engine::Mysql && is_long(column))
}

/// MariaDB checks nothing of columns that it changes by itself: the number of the row, a foreign key.
fn is_checkable(spec: &Spec, table: &Table, formula: &Formula) -> bool {
    let numbered = |id: &Id| table.column(*id).is_some_and(|column| column.identity.is_some());
    let linked = |id: &Id| table.foreign_keys().any(|key| key.columns.contains(id));
    spec.engine != Engine::Mysql || !formula.columns.iter().any(|id| numbered(id) || linked(id))
}

fn part_stands(
    spec: &Spec,
    table: &Table,
    part: &Part,
    unique: bool,
    extra: &[(&'static str, crate::tree::Tree)],
) -> bool {
    let id = match &part.source {
        Source::Expr(formula) => return computes(table, formula),
        Source::Column(id) => *id,
    };
    let Some(column) = table.column(id) else { return false };
    let special = extra.iter().any(|(key, _)| matches!(*key, "method" | "full_text"));
    if special {
        return special_stands(spec, column, part, extra);
    }
    let fits = if unique { spec.is_distinct(column) } else { spec.is_ordered(column) };
    fits && part.extra.iter().all(|(key, _)| match *key {
        "opclass" => {
            matches!(column.kind, Kind::Type(known) if known.name == "text" || known.name.starts_with("varchar"))
        }
        "prefix" | "collation" => column.family() == Some(Family::Text),
        _ => true,
    })
}

fn special_stands(spec: &Spec, column: &Column, part: &Part, extra: &[(&'static str, crate::tree::Tree)]) -> bool {
    let Kind::Type(known) = column.kind else { return false };
    let method = extra.iter().find_map(|(key, value)| match value {
        crate::tree::Tree::Plain(value) if *key == "method" => Some(value.as_str()),
        _ => None,
    });
    let class = part.extra.iter().find_map(|(key, value)| match value {
        crate::tree::Tree::Plain(value) if *key == "opclass" => Some(value.as_str()),
        _ => None,
    });
    match (method, class) {
        (None, _) => spec.engine == Engine::Mysql && known.family == Family::Text && column.generated.is_none(),
        (Some("gin"), Some("gin_trgm_ops")) => known.name == "text",
        (Some("gin"), Some(_)) => known.name == "jsonb",
        (Some("gin"), None) => matches!(known.name, "jsonb" | "integer[]" | "text[]" | "tsvector"),
        (Some("gist"), _) => matches!(known.name, "int4range" | "point"),
        _ => matches!(known.family, Family::Int | Family::Text | Family::Stamp),
    }
}

fn refers(spec: &Spec, table: &Table, key: &ForeignKey) -> bool {
    let Some(target) = spec.table(key.table) else { return false };
    let target = if target.id == table.id { table } else { target };
    let sorted = |ids: &[Id]| ids.iter().copied().collect::<BTreeSet<_>>();
    let is_key = target.keys().iter().any(|known| match spec.engine {
        Engine::Mysql => *known == key.referenced,
        _ => sorted(known) == sorted(&key.referenced),
    });
    is_key
        && key.columns.iter().zip(&key.referenced).all(|(own, referenced)| {
            let (Some(own), Some(other)) = (table.column(*own), target.column(*referenced)) else { return false };
            let textual = !matches!(own.family(), Some(Family::Int | Family::Number));
            let ruled = table.is_on("collation") || target.is_on("collation");
            own.kind == other.kind
                && own.collation == other.collation
                && own.generated.is_none()
                && can_be_looked_up(own)
                && !(ruled && textual && own.collation.is_none())
        })
}

/// PostgreSQL cannot check the rows that are there when it adds a foreign key over lists of varchar: it
/// cannot determine the element type.
fn can_be_looked_up(column: &Column) -> bool {
    !matches!(column.kind, Kind::Type(known) if known.name == "varchar(9)[]")
}

/// The table with its members' details made to fit its columns.
fn with_members(spec: &Spec, mut table: Table) -> Table {
    let mut members = std::mem::take(&mut table.members);
    let long = spec.engine == Engine::Mysql && table.name.name.len() > 56;
    for member in &mut members {
        if long && matches!(member.what, What::ForeignKey(_)) {
            let id = member.id;
            member.name.get_or_insert_with(|| format!("m{id}"));
        }
        match &mut member.what {
            What::ForeignKey(key) => foreign_key(spec, &mut table, key),
            What::Index { parts, include, .. } => {
                let keyed: Vec<Id> = parts.iter().flat_map(|part| part.source.columns()).collect();
                include.retain(|id| !keyed.contains(id));
                include.dedup();
            }
            _ => {}
        }
    }
    table.members = members;
    table
}

fn foreign_key(spec: &Spec, table: &mut Table, key: &mut ForeignKey) {
    let target = spec.table(key.table).expect("it stands");
    let parent_is_null = key.referenced.iter().filter_map(|id| target.column(*id)).any(|column| column.nullable);
    let in_key = |id: &Id| table.primary_key.as_ref().is_some_and(|primary| primary.columns.contains(id));
    let bound: Vec<Id> = key.columns.iter().copied().filter(in_key).collect();
    for column in table.columns.iter_mut().filter(|column| key.columns.contains(&column.id)) {
        column.nullable |= parent_is_null && !bound.contains(&column.id);
    }
    let nullable: Vec<bool> =
        key.columns.iter().filter_map(|id| table.column(*id)).map(|column| column.nullable).collect();
    key.full &= nullable.iter().all(|first| *first == nullable[0]);
    for action in [&mut key.on_delete, &mut key.on_update] {
        action.take_if(|action| *action == "set_null" && nullable.contains(&false));
    }
}
