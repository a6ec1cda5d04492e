//! What every tenant looks like: 14 tables, 104 columns, 38 indexes, 11 foreign keys.

const TABLES: usize = 14;
const INDEXES: usize = 38 - TABLES;
const FOREIGN_KEYS: usize = 11;

/// The types of a table's columns beside its key and its reference, in an engine's words.
pub struct Words {
    pub key: &'static str,
    pub reference: &'static str,
    pub columns: [&'static str; 6],
}

/// The statements that make a tenant.
pub fn script(words: &Words) -> String {
    let mut statements: Vec<String> = (0..TABLES).map(|number| table(number, words)).collect();
    statements.extend((0..INDEXES).map(|number| {
        let (table, column) = (number % TABLES, number / TABLES + 1);
        format!("CREATE INDEX table_{table}_column_{column}_index ON table_{table} (column_{column}, id)")
    }));
    statements.join(";\n") + ";\n"
}

/// Seven columns and a bit: the first six tables have one more.
fn table(number: usize, words: &Words) -> String {
    let mut parts = vec![format!("id {}", words.key)];
    parts.extend((1..=5).map(|column| format!("column_{column} {}", words.columns[column % words.columns.len()])));
    parts.extend((number < 6).then(|| "column_6 integer".to_owned()));
    parts.push(format!("parent {}", words.reference));
    if (1..=FOREIGN_KEYS).contains(&number) {
        let parent = number - 1;
        parts.push(format!("CONSTRAINT table_{number}_parent FOREIGN KEY (parent) REFERENCES table_{parent} (id)"));
    }
    format!("CREATE TABLE table_{number} ({})", parts.join(", "))
}
