//! Random keys, indexes, foreign keys and checks.

use undrift::model::Engine;

use crate::formula::Formula;
use crate::make::{collation, comment, usable};
use crate::random::Random;
use crate::spec::{Column, ForeignKey, Id, Kind, Member, Part, Source, Spec, Table, What};
use crate::tree::Tree;
use crate::types::Family;

/// Adds a member to a table.
pub fn add(random: &mut Random, spec: &mut Spec, table: Id) {
    let what = match random.below(10) {
        0 | 1 => unique(random, spec, table),
        2..=5 => index(random, spec, table),
        6 | 7 => foreign_key(random, spec, table),
        _ => check(random, spec, table),
    };
    let Some(what) = what else { return };
    let id = spec.fresh();
    let unnamed = random.percent(12) && !matches!(what, What::Index { .. });
    let name = (!unnamed).then(|| spec.name(random, "m"));
    let comment = name.is_some().then(|| comment(random)).flatten();
    let table = spec.tables.iter_mut().find(|known| known.id == table).expect("it is one of them");
    table.members.push(Member { id, name, comment, what });
}

/// Another definition for a member of the same kind.
pub fn again(random: &mut Random, spec: &mut Spec, table: Id, what: &What) -> Option<What> {
    match what {
        What::Unique { .. } => unique(random, spec, table),
        What::Index { .. } => index(random, spec, table),
        What::Check { .. } => check(random, spec, table),
        What::ForeignKey(key) => {
            let mut key = key.clone();
            actions(random, spec.engine, &mut key);
            Some(What::ForeignKey(key))
        }
    }
}

fn flag(on: bool, key: &'static str) -> Option<(&'static str, Tree)> {
    on.then(|| (key, Tree::plain(true)))
}

fn distinct(spec: &Spec, table: &Table) -> Vec<Id> {
    table.columns.iter().filter(|column| spec.is_distinct(column)).map(|column| column.id).collect()
}

fn unique(random: &mut Random, spec: &Spec, table: Id) -> Option<What> {
    let table = spec.table(table)?;
    let columns = random.some(&distinct(spec, table), 3);
    let postgres = spec.engine == Engine::Postgres;
    let mut extra: Vec<_> = flag(postgres && random.percent(20), "nulls_not_distinct").into_iter().collect();
    if postgres && random.percent(20) {
        extra.push(("deferrable", Tree::plain(*random.one(&["initially_deferred", "initially_immediate"]))));
    }
    (!columns.is_empty()).then_some(What::Unique { columns, extra })
}

fn check(random: &mut Random, spec: &Spec, table: Id) -> Option<What> {
    let formula = Formula::over(random, spec.engine, None, &usable(spec.table(table)?))?;
    Some(What::Check { formula })
}

fn index(random: &mut Random, spec: &Spec, table: Id) -> Option<What> {
    let table = spec.table(table)?;
    if random.percent(25)
        && let Some(special) = special_index(random, spec, table)
    {
        return Some(special);
    }
    let unique = random.percent(25);
    let fits = |column: &&Column| if unique { spec.is_distinct(column) } else { spec.is_ordered(column) };
    let fitting: Vec<Id> = table.columns.iter().filter(fits).map(|column| column.id).collect();
    if fitting.is_empty() {
        return None;
    }
    let mut parts: Vec<Part> =
        random.some(&fitting, 3).into_iter().map(|id| column_part(random, spec, table, id)).collect();
    if spec.engine != Engine::Mysql && random.percent(25) {
        let family = if random.percent(50) { Family::Int } else { Family::Text };
        let formula = Formula::over(random, spec.engine, Some(family), &usable(table));
        let extra = direction(random, spec.engine);
        parts.extend(formula.map(|formula| Part { source: Source::Expr(formula), extra }));
    }
    let partial = spec.engine != Engine::Mysql && random.percent(20);
    let filter = if partial { Formula::over(random, spec.engine, None, &usable(table)) } else { None };
    let postgres = spec.engine == Engine::Postgres;
    let include = if postgres && random.percent(15) { random.some(&fitting, 2) } else { Vec::new() };
    let mut extra: Vec<_> = flag(postgres && unique && random.percent(20), "nulls_not_distinct").into_iter().collect();
    if postgres && random.percent(10) {
        extra.push(("options", Tree::one("fillfactor", Tree::plain(70))));
    }
    Some(What::Index { parts, unique, filter, include, extra })
}

fn column_part(random: &mut Random, spec: &Spec, table: &Table, id: Id) -> Part {
    let mut extra = direction(random, spec.engine);
    let family = table.column(id).and_then(Column::family);
    if family == Some(Family::Text) {
        match spec.engine {
            Engine::Mysql if random.percent(20) => extra.push(("prefix", Tree::plain(3))),
            Engine::Postgres if random.percent(15) => extra.push(("opclass", Tree::plain("text_pattern_ops"))),
            Engine::Postgres | Engine::Sqlite if random.percent(15) => {
                extra.extend(collation(random, spec.engine).map(|name| ("collation", Tree::text(name))));
            }
            _ => {}
        }
    }
    Part { source: Source::Column(id), extra }
}

fn direction(random: &mut Random, engine: Engine) -> Vec<(&'static str, Tree)> {
    let mut extra: Vec<_> = flag(random.percent(20), "desc").into_iter().collect();
    if engine == Engine::Postgres && random.percent(20) {
        extra.push(("nulls", Tree::plain(*random.one(&["first", "last"]))));
    }
    extra
}

/// An index of another kind than the usual one, over one column.
fn special_index(random: &mut Random, spec: &Spec, table: &Table) -> Option<What> {
    let column = random.one(&table.columns);
    let method = |name: &str| Some(("method", Tree::plain(name)));
    let mut part = Part { source: Source::Column(column.id), extra: Vec::new() };
    let known = match column.kind {
        Kind::Type(known) => known,
        _ => return None,
    };
    let extra = match (spec.engine, known.family, known.name) {
        (Engine::Mysql, Family::Text, _) => Some(("full_text", Tree::plain(true))),
        (Engine::Postgres, _, "jsonb") => {
            part.extra.extend(random.percent(50).then(|| ("opclass", Tree::plain("jsonb_path_ops"))));
            method("gin")
        }
        (Engine::Postgres, _, "int4range" | "point") => method("gist"),
        (Engine::Postgres, _, "integer[]" | "text[]" | "tsvector") => method("gin"),
        (Engine::Postgres, Family::Text, "text") if random.percent(40) => {
            part.extra.push(("opclass", Tree::plain("gin_trgm_ops")));
            method("gin")
        }
        (Engine::Postgres, Family::Int | Family::Text | Family::Stamp, _) => {
            method(if random.percent(50) { "hash" } else { "brin" })
        }
        _ => None,
    }?;
    Some(What::Index { parts: vec![part], unique: false, filter: None, include: Vec::new(), extra: vec![extra] })
}

/// A foreign key to a key of any table, over columns that are made for it.
fn foreign_key(random: &mut Random, spec: &mut Spec, table: Id) -> Option<What> {
    let target = random.one(&spec.tables).clone();
    let keys: Vec<Vec<Id>> = target.keys();
    let mut referenced = random.any(&keys)?;
    if referenced.len() > 1 && random.percent(30) && spec.engine == Engine::Postgres {
        referenced.rotate_left(1);
    }
    let nullable = random.percent(60);
    let mut columns = Vec::new();
    for id in &referenced {
        let original = target.column(*id)?.clone();
        let (id, name) = (spec.fresh(), spec.name(random, "ref"));
        let mut column = Column::plain(id, name, original.kind.clone());
        column.nullable = nullable;
        column.collation = original.collation;
        columns.push(column);
    }
    let mut key = ForeignKey {
        columns: columns.iter().map(|column| column.id).collect(),
        table: target.id,
        referenced,
        on_delete: None,
        on_update: None,
        deferrable: None,
        full: spec.engine == Engine::Postgres && random.percent(15),
    };
    actions(random, spec.engine, &mut key);
    spec.tables.iter_mut().find(|known| known.id == table)?.columns.extend(columns);
    Some(What::ForeignKey(key))
}

fn actions(random: &mut Random, engine: Engine, key: &mut ForeignKey) {
    let known: &[&'static str] = match engine {
        Engine::Mysql => &["cascade", "restrict", "set_null", "no_action"],
        _ => &["cascade", "restrict", "set_null", "set_default", "no_action"],
    };
    key.on_delete = random.percent(50).then(|| *random.one(known));
    key.on_update = random.percent(30).then(|| *random.one(known));
    let waits = ["true", "initially_immediate", "initially_deferred"];
    key.deferrable = (engine != Engine::Mysql && random.percent(25)).then(|| *random.one(&waits));
}

impl Table {
    /// What foreign keys may refer to: the primary key, and unique constraints that are checked at once.
    pub fn keys(&self) -> Vec<Vec<Id>> {
        let uniques = self.members.iter().filter_map(|member| match &member.what {
            What::Unique { columns, extra } if extra.iter().all(|(key, _)| *key != "deferrable") => {
                Some(columns.clone())
            }
            _ => None,
        });
        self.primary_key.iter().map(|key| key.columns.clone()).chain(uniques).collect()
    }
}

impl Spec {
    /// Whether the rows of the test all have another value in a column.
    pub fn is_distinct(&self, column: &Column) -> bool {
        matches!(column.kind, Kind::Type(known) if known.is_distinct()) && column.generated.is_none()
    }

    /// Whether a usual index takes a column.
    pub fn is_ordered(&self, column: &Column) -> bool {
        match column.kind {
            Kind::Type(known) => known.is_ordered(),
            _ => true,
        }
    }
}
