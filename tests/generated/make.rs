//! Random schemas.

use undrift::model::Engine;

use crate::formula::Formula;
use crate::random::Random;
use crate::repair::repair;
use crate::spec::{Column, Enum, Generated, Id, Key, Kind, Spec, Table};
use crate::tree::Tree;
use crate::types::{self, Family};

/// A schema of one to five tables.
pub fn spec(random: &mut Random, engine: Engine) -> Spec {
    let mut spec = Spec { engine, enums: Vec::new(), tables: Vec::new(), next: 0, reserved: Vec::new() };
    for _ in 0..random.below(3) {
        add_enum(random, &mut spec);
    }
    for _ in 0..random.between(1, 5) {
        add_table(random, &mut spec);
    }
    let tables: Vec<Id> = spec.tables.iter().map(|table| table.id).collect();
    for table in tables {
        for _ in 0..random.below(5) {
            crate::members::add(random, &mut spec, table);
        }
    }
    repair(&mut spec);
    spec
}

pub fn add_enum(random: &mut Random, spec: &mut Spec) {
    let id = spec.fresh();
    let name = spec.qualified_name(random, "e");
    let comment = comment(random);
    let labels = labels(random);
    spec.enums.push(Enum { id, name, labels, check: random.percent(30), comment });
}

fn labels(random: &mut Random) -> Vec<String> {
    let all = ["new", "Open", "it's", "a,b", "two words", "ü", "\"q\"", "done", "null", "(x)"].map(str::to_owned);
    let mut labels = random.some(&all, 5);
    if labels.len() < 2 {
        labels.push("last".to_owned());
    }
    labels
}

pub fn add_table(random: &mut Random, spec: &mut Spec) {
    let (id, marker) = (spec.fresh(), spec.fresh());
    let name = spec.qualified_name(random, "t");
    let marker_name = spec.name(random, "row");
    let mut table = Table {
        id,
        name,
        old: Vec::new(),
        comment: comment(random),
        options: options(random, spec.engine),
        columns: vec![Column::plain(marker, marker_name, Kind::Type(types::named(spec.engine, "integer")))],
        marker,
        primary_key: None,
        members: Vec::new(),
    };
    for _ in 0..random.between(1, 6) {
        let column = column(random, spec, &table);
        let place = random.below(table.columns.len() + 1);
        table.columns.insert(place, column);
    }
    if random.percent(75) {
        table.primary_key = Some(primary_key(random, spec, &mut table));
    }
    spec.tables.push(table);
}

impl Column {
    /// A NOT NULL column with nothing else to it.
    pub fn plain(id: Id, name: String, kind: Kind) -> Self {
        Self {
            id,
            name,
            old: Vec::new(),
            kind,
            nullable: false,
            default: None,
            generated: None,
            identity: None,
            autoincrement: false,
            collation: None,
            on_update: None,
            comment: None,
            options: Vec::new(),
            backfill: None,
        }
    }

    /// Its family, where formulas may be made over it.
    pub fn family(&self) -> Option<Family> {
        match self.kind {
            Kind::Type(known) => Some(known.family),
            _ => None,
        }
    }
}

/// A column that is not in the table yet.
pub fn column(random: &mut Random, spec: &mut Spec, table: &Table) -> Column {
    let (id, name) = (spec.fresh(), spec.column_name(random));
    let mut column = Column::plain(id, name, kind(random, spec));
    column.nullable = random.percent(50);
    column.comment = comment(random);
    column.collation = collation(random, spec.engine);
    column.options = column_options(random, spec.engine);
    if random.percent(40) {
        column.default = default(random, spec, &column.kind);
    } else if random.percent(20) {
        generate(random, spec.engine, table, &mut column);
    }
    if spec.engine == Engine::Mysql && column.family() == Some(Family::Stamp) && random.percent(30) {
        column.on_update = Some(Tree::plain("now"));
    }
    column
}

fn kind(random: &mut Random, spec: &Spec) -> Kind {
    let shared: Vec<Id> = spec.enums.iter().map(|enumeration| enumeration.id).collect();
    match (random.below(10), random.any(&shared)) {
        (0, Some(id)) => Kind::Shared(id),
        (1, _) => Kind::Inline { labels: labels(random), check: random.percent(40) },
        _ => Kind::Type(types::any(random, spec.engine)),
    }
}

/// A default that fits the type.
pub fn default(random: &mut Random, spec: &Spec, kind: &Kind) -> Option<Tree> {
    match (kind, spec.labels(kind)) {
        (Kind::Type(known), _) => known.default(random, spec.engine),
        (_, Some(labels)) => Some(Tree::text(random.one(labels))),
        _ => None,
    }
}

/// Makes a column a generated one, if the table has something to compute it from.
pub fn generate(random: &mut Random, engine: Engine, table: &Table, column: &mut Column) {
    let usable: Vec<(Id, Family)> = usable(table);
    let family = if random.percent(50) { Family::Int } else { Family::Text };
    if let Some(formula) = Formula::over(random, engine, Some(family), &usable) {
        let stored = engine == Engine::Postgres || random.percent(60);
        let name = if family == Family::Int { "bigint" } else { "varchar(60)" };
        column.kind = Kind::Type(types::named(engine, name));
        column.generated = Some(Generated { formula, stored });
        (column.default, column.identity, column.on_update) = (None, None, None);
        column.nullable |= engine == Engine::Mysql || random.percent(80);
    }
}

/// The columns that formulas may be made over.
pub fn usable(table: &Table) -> Vec<(Id, Family)> {
    table.columns.iter().filter_map(|column| Some((column.id, column.family()?))).collect()
}

/// A primary key over new or existing columns.
pub fn primary_key(random: &mut Random, spec: &mut Spec, table: &mut Table) -> Key {
    let name = (spec.engine == Engine::Postgres && random.percent(30)).then(|| spec.name(random, "pk"));
    if random.percent(70) {
        let (column, own_name) = (spec.fresh(), spec.name(random, "id"));
        let size = if random.percent(60) { "bigint" } else { "integer" };
        let mut own = Column::plain(column, own_name, Kind::Type(types::named(spec.engine, size)));
        own.identity = random.percent(70).then(|| identity(random, spec.engine));
        own.autoincrement = spec.engine == Engine::Sqlite && own.identity.is_some() && random.percent(40);
        table.columns.insert(0, own);
        return Key { name, columns: vec![column] };
    }
    let columns: Vec<Id> = table.columns.iter().filter(|column| spec.is_distinct(column)).map(|c| c.id).collect();
    Key { name, columns: random.some(&columns, 3) }
}

/// A way to number rows.
pub fn identity(random: &mut Random, engine: Engine) -> Tree {
    if engine != Engine::Postgres {
        return Tree::plain(true);
    }
    let options = |start: u32| {
        Tree::Map(vec![("start".to_owned(), Tree::plain(start)), ("increment".to_owned(), Tree::plain(5))])
    };
    match random.below(6) {
        0 => Tree::plain("always"),
        1 => Tree::plain("serial"),
        2 => Tree::Map(vec![("kind".to_owned(), Tree::plain("by_default")), ("options".to_owned(), options(100))]),
        3 => Tree::Map(vec![("kind".to_owned(), Tree::plain("serial")), ("options".to_owned(), options(50))]),
        _ => Tree::plain(true),
    }
}

pub fn comment(random: &mut Random) -> Option<String> {
    let texts = ["a comment", "it's", "\"quoted\" `so`", "two\nlines", "ü -- {n} \\ ; /* %s */", "日本"];
    random.percent(20).then(|| (*random.one(&texts)).to_owned())
}

pub fn collation(random: &mut Random, engine: Engine) -> Option<&'static str> {
    let known: &[&str] = match engine {
        Engine::Postgres => &["C", "ucs_basic", "und-x-icu"],
        Engine::Mysql => &["utf8mb4_bin", "utf8mb4_general_ci", "latin1_swedish_ci"],
        Engine::Sqlite => &["NOCASE", "rtrim", "binary"],
    };
    random.percent(15).then(|| *random.one(known))
}

fn column_options(random: &mut Random, engine: Engine) -> Vec<(String, Tree)> {
    if !random.percent(8) {
        return Vec::new();
    }
    let option = |key: &str, value: &str| vec![(key.to_owned(), Tree::text(value))];
    match engine {
        Engine::Postgres if random.percent(50) => option("storage", "external"),
        Engine::Postgres => option("statistics", "250"),
        Engine::Mysql => option("invisible", "true"),
        Engine::Sqlite => Vec::new(),
    }
}

/// What the engine knows of a table beside its columns.
pub fn options(random: &mut Random, engine: Engine) -> Vec<(String, Tree)> {
    if random.percent(60) {
        return Vec::new();
    }
    let choices: &[(&str, &str)] = match engine {
        Engine::Postgres => {
            &[("fillfactor", "80"), ("unlogged", "true"), ("autovacuum_enabled", "false"), ("parallel_workers", "2")]
        }
        Engine::Mysql => {
            &[("engine", "MyISAM"), ("engine", "Aria"), ("collation", "utf8mb4_bin"), ("row_format", "COMPRESSED")]
        }
        Engine::Sqlite => &[("strict", "true"), ("without_rowid", "true")],
    };
    let mut chosen: Vec<(String, Tree)> = Vec::new();
    for (key, value) in random.some(choices, 2) {
        if chosen.iter().all(|(known, _)| known != key) {
            chosen.push((key.to_owned(), Tree::plain(value)));
        }
    }
    chosen
}
