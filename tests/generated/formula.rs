//! Expressions over columns, from templates that every engine gets in its own words.

use undrift::model::Engine;

use crate::random::Random;
use crate::spec::{Id, Table};
use crate::types::Family::{self, Int, Text};

/// A template with its places filled by columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    pub template: &'static Template,
    pub columns: Vec<Id>,
}

/// An expression with `{0}`, `{1}`, … where columns go.
#[derive(Debug, PartialEq)]
pub struct Template {
    pub sql: &'static str,
    pub takes: &'static [Family],
    /// What it gives; `None` is a condition that every row of the test fulfils.
    pub gives: Option<Family>,
    engines: &'static [Engine],
}

const ALL: &[Engine] = &Engine::ALL;
const PG: &[Engine] = &[Engine::Postgres];
const MY: &[Engine] = &[Engine::Mysql];
const LITE: &[Engine] = &[Engine::Sqlite];
const PIPES: &[Engine] = &[Engine::Postgres, Engine::Sqlite];

const fn gives(sql: &'static str, takes: &'static [Family], gives: Family, engines: &'static [Engine]) -> Template {
    Template { sql, takes, gives: Some(gives), engines }
}

const fn holds(sql: &'static str, takes: &'static [Family], engines: &'static [Engine]) -> Template {
    Template { sql, takes, gives: None, engines }
}

static TEMPLATES: &[Template] = &[
    gives("{0} + 1", &[Int], Int, ALL),
    gives("({0} * 2) - {1}", &[Int, Int], Int, ALL),
    gives("coalesce({0}, 0)", &[Int], Int, ALL),
    gives("abs({0})", &[Int], Int, ALL),
    gives("-{0}", &[Int], Int, ALL),
    gives("{0} % 7", &[Int], Int, ALL),
    gives("CASE WHEN {0} > 10 THEN 1 WHEN {0} IS NULL THEN -1 ELSE 0 END", &[Int], Int, ALL),
    gives("length({0})", &[Text], Int, ALL),
    gives("upper({0})", &[Text], Text, ALL),
    gives("coalesce({0}, '')", &[Text], Text, ALL),
    gives("trim({0})", &[Text], Text, ALL),
    gives("replace({0}, '\"', '''')", &[Text], Text, ALL),
    gives("substr({0}, 1, 3)", &[Text], Text, LITE),
    gives("{0} || 'x''y'", &[Text], Text, PIPES),
    gives("{0} || ' ' || {1}", &[Text, Text], Text, PIPES),
    gives("concat({0}, 'it''s', {1})", &[Text, Text], Text, MY),
    gives("concat_ws(',', {0}, '(')", &[Text], Text, MY),
    gives("Lower( {0} )", &[Text], Text, LITE),
    gives("{0}  +1 -- one\n", &[Int], Int, LITE),
    gives("CAST({0} AS text)", &[Int], Text, PIPES),
    gives("({0})::bigint + 1::bigint", &[Int], Int, PG),
    gives("left({0}, 2)", &[Text], Text, PG),
    holds("{0} > -100000", &[Int], ALL),
    holds("{0} BETWEEN -1000 AND 1000000", &[Int], ALL),
    holds("{0} in (1, 2, 3, 10, 11, 12) or {0} > 0", &[Int], ALL),
    holds("NOT ({0} < -5)", &[Int], ALL),
    holds("{0} IS NULL OR {0} + 1 <> {1} + 100000", &[Int, Int], ALL),
    holds("{0} <> 'it''s'", &[Text], ALL),
    holds("{0} NOT LIKE '%zz_%'", &[Text], ALL),
    holds("length({0}) < 500", &[Text], ALL),
    holds("{0} NOT IN ('a,b', '(', '{n}', '--', '\"`')", &[Text], ALL),
    holds("{0} is not null or {0} is null", &[Text], ALL),
    holds("{0} IS NOT NULL OR {1} IS NULL OR 1 = 1", &[Text, Int], ALL),
    holds("{0} <> '' OR {1} > 0", &[Text, Int], ALL),
    holds("{0} ~ '^[^;]*$'", &[Text], PG),
    holds("({0})::text = ANY (ARRAY['a0'::text, 'b1'::text, 'c2'::text]) OR true", &[Text], PG),
    holds("{0} GLOB '*'", &[Text], LITE),
    holds("typeof({0}) <> 'blob'", &[Int], LITE),
    holds("{0} regexp '^.*$'", &[Text], MY),
    holds("json_valid(concat('\"', {0}, '\"')) or 1 = 1", &[Text], MY),
];

impl Formula {
    /// A formula over some of a table's columns that gives what is asked for.
    pub fn over(random: &mut Random, engine: Engine, gives: Option<Family>, columns: &[(Id, Family)]) -> Option<Self> {
        let fits = |template: &&Template| {
            let known = |family: &Family| columns.iter().any(|(_, known)| known == family);
            template.gives == gives && template.engines.contains(&engine) && template.takes.iter().all(known)
        };
        let fitting: Vec<&'static Template> = TEMPLATES.iter().filter(fits).collect();
        let template = random.any(&fitting)?;
        let columns = template.takes.iter().map(|family| {
            let fitting: Vec<Id> = columns.iter().filter(|(_, known)| known == family).map(|(id, _)| *id).collect();
            *random.one(&fitting)
        });
        Some(Self { template, columns: columns.collect() })
    }

    /// The formula with the columns' present names.
    pub fn sql(&self, table: &Table, quote: &dyn Fn(&str) -> String) -> String {
        let mut sql = self.template.sql.to_owned();
        for (place, id) in self.columns.iter().enumerate() {
            // Marked first, so that a name with braces in it is not taken for a place.
            sql = sql.replace(&format!("{{{place}}}"), &format!("\u{1}{id}\u{2}"));
        }
        for id in &self.columns {
            let name = &table.column(*id).expect("repaired").name;
            sql = sql.replace(&format!("\u{1}{id}\u{2}"), &quote(name));
        }
        sql
    }
}
