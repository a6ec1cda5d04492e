//! Names: plain ones, reserved words, and those that only a quoted identifier can hold.

use undrift::model::{Engine, QName};

use crate::random::Random;
use crate::spec::Spec;

const RESERVED: [&str; 12] =
    ["order", "group", "user", "table", "select", "index", "check", "default", "values", "limit", "all", "end"];

/// `#` is where the number goes that makes the name the only one of its kind.
const HOSTILE: [&str; 20] = [
    "Mixed Case #",
    "quo\"te#",
    "back`tick#",
    "it's #",
    "ünïcödé#",
    "日本#",
    "semi;colon#",
    "per%cent#",
    "back\\slash#",
    "{n}#",
    "dollar$1 #",
    "-- #",
    "/* # */",
    "tab\t#",
    "new\nline#",
    "(#)",
    "a,b#",
    "[#]",
    "#1",
    "UPPER#",
];

impl Spec {
    /// A name that nothing else has.
    pub fn name(&mut self, random: &mut Random, prefix: &str) -> String {
        let number = self.fresh();
        match random.below(10) {
            0..=5 => format!("{prefix}{number}"),
            6 => format!("{}{number}", random.one(&RESERVED)),
            7 if random.percent(30) => long(self.engine, prefix, number),
            _ => random.one(&HOSTILE).replace('#', &number.to_string()),
        }
    }

    /// A column's name, which may be a reserved word and nothing else.
    pub fn column_name(&mut self, random: &mut Random) -> String {
        let word = *random.one(&RESERVED);
        if random.percent(10) && !self.reserved.contains(&word) {
            self.reserved.push(word);
            return word.to_owned();
        }
        self.name(random, "c")
    }

    /// A table's or enum's name, on PostgreSQL sometimes in another schema.
    pub fn qualified_name(&mut self, random: &mut Random, prefix: &str) -> QName {
        let mut name = self.name(random, prefix);
        if random.percent(6) && name.len() < 60 {
            name.push_str(".x");
        }
        let schemas = ["audit", "Other Schema", "sch.ema"];
        if self.engine == Engine::Postgres && random.percent(20) {
            QName::qualified(*random.one(&schemas), name)
        } else {
            QName::bare(name)
        }
    }
}

/// As long as the engine keeps names.
fn long(engine: Engine, prefix: &str, number: u32) -> String {
    let length = if engine == Engine::Postgres { 63 } else { 64 };
    let start = format!("{prefix}{number}_");
    format!("{start}{}", "x".repeat(length - start.len()))
}
