//! Who is in the way when a lock cannot be had: asked on a second connection, for the message. What they run is
//! theirs and is not asked for.

use super::wire::Answer;
use super::{MysqlSession, connect};
use crate::db::{DbError, Patience, Trouble};
use crate::dialect::mysql::names::literal;
use crate::dialect::mysql::tokens::{Kind, tokens};

/// Who holds locks on a table for sure: MariaDB's plugin `metadata_lock_info`, and the performance schema.
const SURE: [&str; 2] = [include_str!("queries/holders_by_plugin.sql"), include_str!("queries/holders_by_schema.sql")];

/// Who is in the database, those in a transaction first.
const PERHAPS: &str = include_str!("queries/holders_by_transaction.sql");

/// How long asking may take.
const HASTE: Patience =
    Patience { connect: std::time::Duration::from_secs(2), read: std::time::Duration::from_secs(2) };

impl MysqlSession {
    /// The error with those who are in the way, if it is about a lock.
    pub(super) async fn with_blockers(&self, error: DbError, sql: &str) -> DbError {
        if error.trouble != Trouble::LockTimeout {
            return error;
        }
        let blockers = self.blockers(sql).await;
        DbError { blockers, ..error }
    }

    /// Nothing where nobody can be told: the first error is the one to show.
    async fn blockers(&self, sql: &str) -> Vec<String> {
        let Ok(mut second) = connect::connect(&self.overseer, HASTE).await else { return Vec::new() };
        let names = tokens(sql).into_iter().filter(|token| token.kind == Kind::Quoted).filter_map(|token| token.name());
        let tables = names.map(|name| literal(&name)).collect::<Vec<_>>().join(", ");
        let own = self.wire.id().to_string();
        let mut found = Vec::new();
        for (query, is_sure) in SURE.into_iter().map(|query| (query, true)).chain([(PERHAPS, false)]) {
            if found.is_empty() && !(is_sure && tables.is_empty()) {
                let query = query.replace("{tables}", &tables).replace("{own}", &own);
                // A server may lack the plugin or the performance schema, and the login the right to look.
                let answers = second.ask(&query, "see who holds the lock").await.unwrap_or_default();
                found = answers.iter().flat_map(lines).map(|line| words(&line, is_sure)).collect();
            }
        }
        second.wire.close().await;
        found
    }
}

/// A session: number, user, host, command, its age in seconds, that of its transaction.
type Line = [Option<String>; 6];

fn lines(answer: &Answer) -> impl Iterator<Item = Line> {
    answer.rows.iter().filter_map(|row| <Line>::try_from(row.clone()).ok())
}

/// `connection 12 of app@10.0.0.7:51234, idle for 3 s, in a transaction for 4 s`.
fn words([id, user, host, command, seconds, transaction]: &Line, is_sure: bool) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
    let command = match text(command).as_str() {
        "Sleep" => "idle".to_owned(),
        other => format!("at its {}", other.to_lowercase()),
    };
    let mut words =
        format!("connection {} of {}@{}, {command} for {} s", text(id), text(user), text(host), text(seconds));
    if let Some(age) = transaction {
        words.push_str(&format!(", in a transaction for {age} s"));
    }
    if !is_sure {
        words.push_str(" (perhaps)");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_told_without_what_it_runs() {
        let line = |transaction: Option<&str>| {
            let text = |text: &str| Some(text.to_owned());
            [text("12"), text("app"), text("10.0.0.7:51234"), text("Sleep"), text("3"), transaction.map(str::to_owned)]
        };
        assert_eq!(words(&line(None), true), "connection 12 of app@10.0.0.7:51234, idle for 3 s");
        assert_eq!(
            words(&line(Some("4")), false),
            "connection 12 of app@10.0.0.7:51234, idle for 3 s, in a transaction for 4 s (perhaps)"
        );
    }
}
