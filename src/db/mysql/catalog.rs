//! Reading a database in two messages: what is there, then how each thing would be created.
//!
//! Two readings of the same structure give the same schema whatever its history. Tables come in the
//! form of [`canon`](super::canon); everything else is kept as text and counts as not modelled.

use std::sync::Arc;

use super::canon::{self, Charsets, Defaults, NotModelled};
use super::connect::default_word;
use super::wire::Answer;
use super::{MysqlSession, grants};
use crate::db::{DbError, Extent, Glance, Reading, Target, Trouble};
use crate::dialect::form::{self, Form};
use crate::dialect::mysql::forms::reaches_outside;
use crate::dialect::mysql::names::quote;
use crate::model::{Engine, Hash, Hashing, Opaque, Platform, QName, Schema, Vendor};

const INVENTORY: &str = include_str!("queries/inventory.sql");

/// The default collation of each character set: the server's, so it is asked for once a session.
const CHARSETS: &str = "SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS";

/// A thing in the database, before its definition is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    kind: Kind,
    name: String,
    table: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Sequence,
    Table,
    View,
    /// `PROCEDURE`, `FUNCTION`, `PACKAGE`, `PACKAGE BODY`.
    Routine(String),
    Trigger,
    Event,
}

impl Kind {
    /// What `SHOW CREATE` calls it.
    fn keyword(&self) -> &str {
        match self {
            Kind::Sequence => "SEQUENCE",
            Kind::Table => "TABLE",
            Kind::View => "VIEW",
            Kind::Routine(kind) => kind,
            Kind::Trigger => "TRIGGER",
            Kind::Event => "EVENT",
        }
    }

    /// Where in the row of `SHOW CREATE` the statement stands.
    fn column(&self) -> usize {
        match self {
            Kind::Sequence | Kind::Table | Kind::View => 1,
            Kind::Routine(_) | Kind::Trigger => 2,
            Kind::Event => 3,
        }
    }
}

/// The questions what is there. Those for what is not to be read are left blank.
fn questions(extent: Extent) -> String {
    let is_asked = |question: &str| {
        let others = ["information_schema.ROUTINES", "information_schema.TRIGGERS", "information_schema.EVENTS"];
        extent == Extent::Whole || !others.iter().any(|other| question.contains(other))
    };
    let asked = INVENTORY.split(';').map(|question| if is_asked(question) { question } else { "DO 0" });
    asked.collect::<Vec<_>>().join(";")
}

/// What the first message tells.
struct Inventory {
    items: Vec<Item>,
    defaults: Defaults,
}

impl MysqlSession {
    /// Reads so much, once more from the start if something was dropped between the two messages.
    pub(super) async fn read_catalog(&mut self, extent: Extent) -> Result<Glance, DbError> {
        match self.read_once(extent).await {
            Err(error) if is_gone(&error) => self.read_once(extent).await,
            other => other,
        }
    }

    /// Reads another database of the same server. It is entered in the message that asks what is there,
    /// and where that was must be known before anything else is asked.
    pub(super) async fn visit(&mut self, target: &Target) -> Result<Glance, DbError> {
        self.target = target.clone();
        self.place.database = target.database().unwrap_or_default();
        let entering = format!("USE {};\n", quote(&self.place.database));
        let inventory = self.inventory(&entering, Extent::Whole).await?;
        match self.describe(inventory).await {
            Err(error) if is_gone(&error) => self.read_once(Extent::Whole).await,
            other => other,
        }
    }

    async fn read_once(&mut self, extent: Extent) -> Result<Glance, DbError> {
        let inventory = self.inventory("", extent).await?;
        self.describe(inventory).await
    }

    async fn describe(&mut self, inventory: Inventory) -> Result<Glance, DbError> {
        let texts = self.definitions(&inventory.items).await?;
        let rows = Rows::new(inventory, texts);
        Ok(Glance::mysql(rows.key(&self.platform), rows))
    }

    async fn inventory(&mut self, entering: &str, extent: Extent) -> Result<Inventory, DbError> {
        let doing = format!("read the catalog of {}", self.place.database);
        if self.place.database.is_empty() {
            return Err(DbError::new(Trouble::Usage, doing, "the URL names no database"));
        }
        let charsets = if self.charsets.is_none() { CHARSETS } else { "DO 0" };
        let sql = format!("{entering}{charsets};\n{};\n{}", self.show_grants(), questions(extent));
        let answers = self.wire.ask(&sql, self.patience.read, &doing).await?;
        let Some([charsets, grants, tables, routines, triggers, events, place]) = answers.last_chunk() else {
            return Err(DbError::new(Trouble::Unreadable, doing, "the server did not answer every question"));
        };
        self.check_place(place, &doing)?;
        self.check_grants(grants, &doing)?;
        let charsets = self.charsets.get_or_insert_with(|| default_collations(charsets)).clone();
        let mut items = [
            in_order(tables.rows.iter().map(|row| table_item(row))),
            in_order(routines.rows.iter().map(|row| routine_item(row))),
            in_order(triggers.rows.iter().map(|row| trigger_item(row))),
            in_order(events.rows.iter().map(|row| Item { kind: Kind::Event, name: text(row, 0), table: None })),
        ]
        .concat();
        items.retain(|item| extent == Extent::Whole || item.kind == Kind::Table);
        let defaults = Defaults {
            database: self.place.database.clone(),
            vendor: self.platform.vendor,
            collation: self.platform.collation.clone().unwrap_or_default(),
            charsets,
        };
        Ok(Inventory { items, defaults })
    }

    /// On MySQL the rights that come from active roles are only listed when the roles are named.
    fn show_grants(&self) -> String {
        match (self.platform.vendor, self.role.as_str()) {
            (Vendor::Mysql, role) if role != "NONE" => {
                format!("SHOW GRANTS FOR CURRENT_USER() USING {}", grants::roles(role))
            }
            _ => "SHOW GRANTS".to_owned(),
        }
    }

    /// That this is the database it should be; some servers fold its name. Remembers its defaults.
    fn check_place(&mut self, place: &Answer, doing: &str) -> Result<(), DbError> {
        let row = place.rows.first().map(Vec::as_slice).unwrap_or_default();
        let now = text(row, 0);
        if now != self.place.database && now != self.place.database.to_lowercase() {
            return Err(DbError::new(Trouble::Usage, doing, format!("the session is in {now} now")));
        }
        self.place.database = now;
        self.platform.charset = default_word(&text(row, 1), doing)?;
        self.platform.collation = default_word(&text(row, 2), doing)?;
        Ok(())
    }

    /// That the login sees everything. Rights on the whole server hold from the next session on, so one that
    /// began with others cannot be judged by them.
    fn check_grants(&mut self, grants: &Answer, doing: &str) -> Result<(), DbError> {
        let now = Hash::of_json(&grants.rows);
        if self.grants.replace(now).is_some_and(|before| before != now) {
            let message = format!("the rights of {} changed since the session began", self.place.user);
            return Err(DbError::new(Trouble::Disconnected, doing, message));
        }
        let lines: Vec<String> = grants.rows.iter().map(|row| text(row, 0)).collect();
        let missing = grants::missing(&lines, &self.place.database);
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("{} lacks {} on the whole database", self.place.user, missing.join(", "));
        let remedy = grants::remedy(&missing, &self.place.database, &self.place.user);
        Err(DbError::new(Trouble::Unreadable, doing, message).with_remedy(remedy))
    }

    /// The definition of each item, where the server gives one.
    async fn definitions(&mut self, items: &[Item]) -> Result<Vec<Option<String>>, DbError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let show = |item: &Item| format!("SHOW CREATE {} {}", item.kind.keyword(), quote(&item.name));
        let sql = items.iter().map(show).collect::<Vec<_>>().join(";\n");
        let doing = format!("read the definitions in {}", self.place.database);
        let answers = self.wire.ask(&sql, self.patience.read, &doing).await?;
        let definition = |(answer, item): (&Answer, &Item)| answer.rows.first()?.get(item.kind.column())?.clone();
        Ok(answers.iter().zip(items).map(definition).collect())
    }
}

/// Things of one answer in an order that is always the same. Sorting on the server would cost more than the rows.
fn in_order(items: impl Iterator<Item = Item>) -> Vec<Item> {
    let mut items: Vec<Item> = items.collect();
    items.sort();
    items
}

/// Whether something was dropped before it was asked for.
fn is_gone(error: &DbError) -> bool {
    matches!(error.code.as_deref(), Some("1146" | "1305" | "1360" | "1539" | "4091"))
}

fn text(row: &[Option<String>], at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

fn lower(row: &[Option<String>], at: usize) -> String {
    text(row, at).to_ascii_lowercase()
}

fn table_item(row: &[Option<String>]) -> Item {
    let kind = match text(row, 1).as_str() {
        "VIEW" | "SYSTEM VIEW" => Kind::View,
        "SEQUENCE" => Kind::Sequence,
        _ => Kind::Table,
    };
    Item { kind, name: text(row, 0), table: None }
}

fn routine_item(row: &[Option<String>]) -> Item {
    Item { kind: Kind::Routine(text(row, 0)), name: text(row, 1), table: None }
}

fn trigger_item(row: &[Option<String>]) -> Item {
    Item { kind: Kind::Trigger, name: text(row, 0), table: Some(text(row, 1)) }
}

fn default_collations(answer: &Answer) -> Arc<Charsets> {
    Arc::new(answer.rows.iter().map(|row| (lower(row, 0), lower(row, 1))).collect())
}

/// What the two messages were answered with.
pub(in crate::db) struct Rows {
    inventory: Inventory,
    texts: Vec<Option<String>>,
    structure: Hash,
}

impl Rows {
    fn new(inventory: Inventory, texts: Vec<Option<String>>) -> Self {
        Self { structure: structure(&inventory, &texts), inventory, texts }
    }

    /// The hash of everything that the modelled structure comes from. Databases of one server with the same have the
    /// same structure.
    pub(in crate::db) fn structure(&self) -> Hash {
        self.structure
    }

    /// The hash of everything that was answered.
    fn key(&self, platform: &Platform) -> Hash {
        let mut hashing = Hashing::default();
        hashing.add(Some(platform.to_string().as_bytes()));
        hashing.add(Some(self.inventory.defaults.database.as_bytes()));
        hashing.add(Some(self.structure.to_string().as_bytes()));
        for (item, text) in self.items().filter(|(item, _)| item.kind != Kind::Table) {
            hashing.add(Some(item.kind.keyword().as_bytes()));
            hashing.add(Some(item.name.as_bytes()));
            hashing.add(text.map(str::as_bytes));
        }
        hashing.finish()
    }

    fn items(&self) -> impl Iterator<Item = (&Item, Option<&str>)> {
        items(&self.inventory, &self.texts)
    }

    /// What the definitions describe.
    pub(in crate::db) fn reading(self, raw: Hash) -> Result<Reading, DbError> {
        let mut schema = Schema::default();
        let mut copied = Vec::new();
        for (item, text) in self.items() {
            let structure = add(item, text, &self.inventory.defaults, &mut schema);
            if let Some(sql) = structure {
                is_one_statement(item, &sql)?;
                copied.extend(Some((item.kind != Kind::Sequence, sql)).filter(|(_, sql)| !reaches_outside(sql)));
            }
        }
        Ok(Reading { schema, raw, copy: Some(copy(copied)) })
    }
}

/// What there is, each with its text.
fn items<'a>(
    inventory: &'a Inventory,
    texts: &'a [Option<String>],
) -> impl Iterator<Item = (&'a Item, Option<&'a str>)> {
    inventory.items.iter().zip(texts.iter().map(Option::as_deref))
}

/// The hash of everything that the modelled structure comes from.
fn structure(inventory: &Inventory, texts: &[Option<String>]) -> Hash {
    let Defaults { database, vendor, collation, charsets } = &inventory.defaults;
    let mut hashing = Hashing::default();
    hashing.add(Some(vendor.to_string().as_bytes()));
    hashing.add(Some(collation.as_bytes()));
    for (charset, collation) in &**charsets {
        hashing.add(Some(charset.as_bytes()));
        hashing.add(Some(collation.as_bytes()));
    }
    // A text that has the database's own name in it means something else in another one.
    let own = format!("{}.", quote(database));
    let mut is_named = false;
    for (item, text) in items(inventory, texts).filter(|(item, _)| item.kind == Kind::Table) {
        is_named |= text.is_some_and(|text| text.contains(&own));
        hashing.add(Some(item.name.as_bytes()));
        hashing.add(text.map(canon::without_counter).as_deref().map(str::as_bytes));
    }
    hashing.add(is_named.then_some(database.as_bytes()));
    hashing.finish()
}

/// Adds a thing to the schema. Returns the statement by which a copy gets it, if it is to.
fn add(item: &Item, text: Option<&str>, defaults: &Defaults, schema: &mut Schema) -> Option<String> {
    let Some(text) = text.filter(|_| item.kind == Kind::Table) else {
        let sql = text.map(canon::without_definer);
        schema.opaque.push(opaque(item, sql.clone()));
        return sql.filter(|_| item.kind == Kind::Sequence);
    };
    match canon::table(text, defaults) {
        Ok(shown) => {
            let cut = shown.cut(text);
            schema.tables.insert(shown.table.name.clone(), shown.table);
            Some(cut)
        }
        Err(NotModelled(what)) => {
            tracing::debug!(table = item.name, what, "a table is not modelled");
            let kind = canon::kind_of(text).to_owned();
            let kept = Some(text.to_owned()).filter(|text| !reaches_outside(text));
            schema.opaque.push(Opaque { kind, ..opaque(item, kept) });
            Some(text.to_owned())
        }
    }
}

/// That a text by which a copy is made makes this thing and nothing else, elsewhere least of all.
fn is_one_statement(item: &Item, sql: &str) -> Result<(), DbError> {
    let kind = item.kind.keyword().to_ascii_lowercase();
    form::check(Engine::Mysql, sql, Form::Statement(&kind, Some(&item.name))).map_err(|misfit| {
        let message = format!("what the server shows is not one statement that makes this {kind}: {}", misfit.why);
        DbError::new(Trouble::Unreadable, format!("read the {kind} {}", item.name), message)
            .with_statement(sql)
            .with_remedy(
                "look at SHOW CREATE with the server's own client: nothing is run that is not what it should be",
            )
    })
}

fn opaque(item: &Item, sql: Option<String>) -> Opaque {
    Opaque {
        kind: item.kind.keyword().to_ascii_lowercase(),
        name: QName::bare(&item.name),
        table: item.table.as_deref().map(QName::bare),
        sql,
    }
}

/// What builds the same tables elsewhere: sequences first, because defaults count with them. Foreign keys are
/// part of the texts, so they are not checked meanwhile. Views, routines, triggers and events stay out: the server
/// changes tables under them without asking, so they would prove nothing, and an event would run.
fn copy(mut statements: Vec<(bool, String)>) -> Vec<String> {
    statements.sort_by_key(|(after, _)| *after);
    let mut copy = vec!["SET SESSION foreign_key_checks = 0".to_owned()];
    copy.extend(statements.into_iter().map(|(_, sql)| sql));
    copy.push("SET SESSION foreign_key_checks = 1".to_owned());
    copy
}
