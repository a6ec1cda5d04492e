//! What undrift does not model, and what names something that goes or gets another name.
//!
//! Some servers change views and triggers along with what they name, others keep their texts, which fail from then on. Nobody
//! keeps what stands in the body of a function, which to PostgreSQL is a text. So the texts are searched for the names, whole
//! words whatever their case, in quotes, strings and comments too: who is asked once too often loses nothing.

use crate::model::{Change, Engine, Hazard, HazardNote, Member, Opaque, Plan, QName};

/// How many objects a hazard names.
const NAMED: usize = 5;

/// Something that is not there any more after a change, under the name that others know.
struct Gone<'a> {
    /// The table that it is or was part of, by every name that the plan knows; none for what belongs to no table.
    tables: Vec<&'a QName>,
    what: What<'a>,
    /// Whether something else has its place: it was only renamed.
    renamed: bool,
}

enum What<'a> {
    Table,
    Column(&'a str),
    /// An index or constraint, and a word without which no statement names it.
    Member(&'a str, &'static str),
    Type(&'a str),
}

/// Adds the hazard to the steps after which something fails that names what they take away.
pub(super) fn warn(plan: &mut Plan, opaque: &[Opaque]) {
    let texts: Vec<Text<'_>> = opaque.iter().filter_map(|each| Text::of(each, plan.engine, opaque)).collect();
    if texts.is_empty() {
        return;
    }
    for index in 0..plan.changes.len() {
        let Some(note) = note(plan, index, &texts) else { continue };
        let step = plan.steps.iter_mut().find(|step| step.changes.contains(&index));
        if let Some(step) = step.filter(|step| !step.hazards.contains(&note)) {
            step.hazards.push(note);
        }
    }
}

fn note(plan: &Plan, index: usize, texts: &[Text<'_>]) -> Option<HazardNote> {
    let change = &plan.changes[index].change;
    let gone = gone(plan, change)?;
    let mut found: Vec<&str> =
        texts.iter().filter(|text| text.breaks(plan.engine, &gone)).map(|text| text.called.as_str()).collect();
    found.dedup();
    let first = found.first()?;
    let named = found.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (named, verb) = if found.len() == 1 { (*first, "names") } else { (named.as_str(), "name") };
    let why = format!("{named}{more} {verb} {} and may fail from then on", gone.label());
    Some(HazardNote::new(Hazard::BreaksDependents, why))
}

/// What a change takes away.
fn gone<'a>(plan: &'a Plan, change: &'a Change) -> Option<Gone<'a>> {
    let old_names = plan.old_names();
    let of = |table: &'a QName| std::iter::once(table).chain(old_names.get(table).copied()).collect::<Vec<_>>();
    let gone = |tables, what, renamed| Some(Gone { tables, what, renamed });
    match change {
        Change::DropTable { from } => gone(vec![&from.name], What::Table, false),
        Change::RenameTable { from, .. } => gone(vec![from], What::Table, true),
        Change::DropColumn { table, from }
        | Change::MergeColumn { table, from, .. }
        | Change::ReplaceColumn { table, from, .. } => gone(of(table), What::Column(&from.name), false),
        Change::RenameColumn { table, from, .. } => gone(of(table), What::Column(from), true),
        Change::DropMember { table, from } => gone(of(table), member(plan.engine, from)?, false),
        Change::RenameMember { table, from, .. } => gone(of(table), member(plan.engine, from)?, true),
        Change::AlterMember { table, from, to } if from.name() != to.name() => {
            gone(of(table), member(plan.engine, from)?, true)
        }
        Change::DropEnum { from } => gone(Vec::new(), What::Type(&from.name.name), false),
        _ => None,
    }
}

/// Statements name an index where they insist on one, and a constraint where rows meet others.
fn member(engine: Engine, member: &Member) -> Option<What<'_>> {
    let word = match (engine, member) {
        (Engine::Postgres, Member::PrimaryKey(_) | Member::Unique(_)) => "constraint",
        (Engine::Mysql, Member::Index(_) | Member::Unique(_)) => "index",
        (Engine::Sqlite, Member::Index(_)) => "indexed",
        _ => return None,
    };
    Some(What::Member(member.name()?, word))
}

impl Gone<'_> {
    fn label(&self) -> String {
        let table = self.tables.first().map(|table| format!("{table}.")).unwrap_or_default();
        match self.what {
            What::Table => table.trim_end_matches('.').to_owned(),
            What::Column(name) | What::Member(name, _) | What::Type(name) => format!("{table}{name}"),
        }
    }
}

/// A text that the server does not keep up to date by itself.
struct Text<'a> {
    /// Its kind and name, for people.
    called: String,
    kind: &'a str,
    /// The table whose rows it is run for.
    table: Option<&'a QName>,
    /// Tables whose triggers call it.
    fires_on: Vec<&'a QName>,
    /// In small letters.
    words: String,
}

impl<'a> Text<'a> {
    fn of(opaque: &'a Opaque, engine: Engine, all: &'a [Opaque]) -> Option<Self> {
        let sql = opaque.sql.as_deref()?;
        let words = match (engine, opaque.kind.as_str()) {
            (Engine::Postgres, "function" | "procedure") => body(sql)?,
            (Engine::Postgres, _) | (_, "table" | "sequence") => return None,
            _ => sql,
        };
        let bare = opaque.name.name.split('(').next().unwrap_or_default().to_lowercase();
        let calls = |other: &&Opaque| {
            other.kind == "trigger" && other.sql.as_ref().is_some_and(|sql| count(&sql.to_lowercase(), &bare) > 0)
        };
        let is_called = matches!(opaque.kind.as_str(), "function" | "procedure");
        let callers = all.iter().filter(|_| is_called).filter(calls);
        Some(Self {
            called: format!("the {} {}", opaque.kind, opaque.name),
            kind: &opaque.kind,
            table: opaque.table.as_ref(),
            fires_on: callers.filter_map(|other| other.table.as_ref()).collect(),
            words: words.to_lowercase(),
        })
    }

    /// Whether it names what is gone, and is not changed along with it.
    fn breaks(&self, engine: Engine, gone: &Gone<'_>) -> bool {
        let follows = engine == Engine::Sqlite && gone.renamed && self.kind != "virtual table";
        let is_own = |table: &&QName| self.table == Some(*table);
        let names = |table: &QName| self.count(&table.name);
        !follows
            && match gone.what {
                // Its own triggers name their table once, and go or are renamed with it.
                What::Table if gone.tables.iter().any(is_own) => {
                    gone.renamed && gone.tables.iter().any(|table| names(table) > 1)
                }
                What::Table => gone.tables.iter().any(|table| names(table) > 0),
                What::Type(name) => self.count(name) > 0,
                What::Column(name) => self.knows(&gone.tables) && self.count(name) > 0,
                What::Member(name, word) => self.knows(&gone.tables) && self.count(name) > 0 && self.count(word) > 0,
            }
    }

    /// Whether it is about one of these names of a table.
    fn knows(&self, tables: &[&QName]) -> bool {
        tables
            .iter()
            .any(|table| self.table == Some(*table) || self.fires_on.contains(table) || self.count(&table.name) > 0)
    }

    /// How often it says a name, in quotes or out of them.
    fn count(&self, name: &str) -> usize {
        let name = name.to_lowercase();
        let quoted = ['"', '`', '\''].map(|quote| name.replace(quote, &format!("{quote}{quote}")));
        let others =
            quoted.iter().filter(|other| **other != name).map(|other| count(&self.words, other)).sum::<usize>();
        count(&self.words, &name) + others
    }
}

/// What PostgreSQL keeps of a function as a text. What it keeps as a tree follows what it names.
fn body(sql: &str) -> Option<&str> {
    let at = sql.find("AS $").or_else(|| sql.find("AS '"))?;
    Some(&sql[at..])
}

/// How often a text says a word.
fn count(text: &str, word: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    if word.is_empty() {
        return 0;
    }
    let ends = |at: usize| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word);
    text.match_indices(word).filter(|(at, _)| ends(*at)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, Fingerprint, PlannedChange, Schema, Step};

    fn warned(engine: Engine, change: Change, opaque: &[Opaque]) -> Option<String> {
        let step = Step::from(crate::model::Op::new(vec![0], "", Vec::new()));
        let mut plan = Plan {
            engine,
            start: Fingerprint::of(&Schema::default()),
            end: None,
            changes: vec![PlannedChange { change, requires: Vec::new() }],
            left_out: Vec::new(),
            steps: vec![step],
        };
        warn(&mut plan, opaque);
        plan.steps[0].hazards.pop().map(|note| note.why)
    }

    fn opaque(kind: &str, name: &str, table: Option<&str>, sql: &str) -> Opaque {
        let table = table.map(QName::bare);
        Opaque { kind: kind.to_owned(), name: QName::bare(name), table, sql: Some(sql.to_owned()) }
    }

    fn rename_column() -> Change {
        Change::RenameColumn { table: QName::bare("users"), from: "email".into(), to: "mail".into(), transform: None }
    }

    fn drop_column() -> Change {
        Change::DropColumn { table: QName::bare("users"), from: Column::new("email", "text") }
    }

    #[test]
    fn whole_words_are_found_wherever_they_stand() {
        assert_eq!(count("new.email, `email`, 'email' e.email_2 myemail", "email"), 3);
        assert_eq!(count("é email", "email"), 1);
        assert_eq!(count("übemail", "email"), 0);
    }

    #[test]
    fn the_body_of_a_trigger_function_names_columns_of_the_trigger_s_table() {
        let function =
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $function$ begin new.Email := ''; end $function$";
        let trigger =
            opaque("trigger", "t", Some("users"), "CREATE TRIGGER t BEFORE INSERT ON users EXECUTE FUNCTION f()");
        let both = [opaque("function", "f()", None, function), trigger.clone()];
        let said = warned(Engine::Postgres, rename_column(), &both).expect("it names it");
        assert_eq!(said, "the function f() names users.email and may fail from then on");
        let alone = [opaque("function", "f()", None, function)];
        assert_eq!(warned(Engine::Postgres, rename_column(), &alone), None, "nobody calls it for this table");
        assert_eq!(warned(Engine::Postgres, rename_column(), &[trigger]), None, "the server keeps it up to date");
        let tree =
            opaque("function", "g()", None, "CREATE FUNCTION g() BEGIN ATOMIC SELECT users.email FROM users; END");
        assert_eq!(warned(Engine::Postgres, rename_column(), &[tree]), None);
    }

    #[test]
    fn mysql_keeps_texts_as_they_are() {
        let view = opaque("view", "v", None, "CREATE VIEW `v` AS select `users`.`email` AS `email` from `users`");
        assert!(warned(Engine::Mysql, rename_column(), std::slice::from_ref(&view)).is_some());
        let (from, to) = (QName::bare("users"), QName::bare("people"));
        let rename = Change::RenameTable { from, to };
        assert!(warned(Engine::Mysql, rename.clone(), &[view]).is_some());
        let trigger =
            opaque("trigger", "t", Some("users"), "CREATE TRIGGER `t` BEFORE INSERT ON `users` SET new.a = 1");
        assert_eq!(warned(Engine::Mysql, rename, &[trigger]), None, "it goes along");
    }

    #[test]
    fn sqlite_changes_views_and_triggers_along_with_a_rename_and_nothing_else() {
        let trigger =
            opaque("trigger", "t", Some("users"), "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT new.email; END");
        assert_eq!(warned(Engine::Sqlite, rename_column(), std::slice::from_ref(&trigger)), None);
        assert!(warned(Engine::Sqlite, drop_column(), &[trigger]).is_some());
        let words = opaque("virtual table", "w", None, "CREATE VIRTUAL TABLE w USING fts5(email, content='users')");
        assert!(warned(Engine::Sqlite, rename_column(), &[words]).is_some());
    }
}
