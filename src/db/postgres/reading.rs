//! Reading the catalog in a session: all of it, or only the signs that it is as it was.

use super::catalog;
use super::question::{self, BEGINNING, Question};
use super::rows::{Answers, Rows};
use super::signs::Kinds;
use super::{GRACE, PostgresSession, Transaction, inside};
use crate::db::{DbError, Extent, Glance};
use crate::model::Hash;

/// How the catalog's texts are to be printed: as they resolve when statements run.
const READABLY: &str = "SET LOCAL search_path = pg_catalog, public";

impl PostgresSession {
    /// Sends a message of selects under the time to read.
    pub(super) async fn fetch(&mut self, sql: &str) -> Result<Answers, DbError> {
        let answers = self.wire.fetch(&self.along(sql), self.patience.read + GRACE).await;
        self.noted(answers)
    }

    /// The catalog's rows, from one snapshot.
    async fn rows(&mut self, extent: Extent) -> Result<Answers, DbError> {
        let catalog = catalog::query(self.greeting.platform.version, extent, self.builtin.is_none());
        match self.transaction {
            Transaction::None if self.inside => inside::rows(self, &catalog).await,
            Transaction::None => {
                let beginning = question::beginning(self.patience.read);
                let proof = self.lock.proof().map(|proof| format!("{proof}; ")).unwrap_or_default();
                let answers = self.read_alone(&format!("{beginning}; {proof}{READABLY}; {catalog}; COMMIT")).await?;
                self.check_lock(answers.get(BEGINNING))?;
                Ok(answers)
            }
            _ => self.fetch(&format!("{READABLY}; {catalog}; SET LOCAL search_path = public")).await,
        }
    }

    /// So much of the catalog.
    pub(super) async fn read_so_much(&mut self, extent: Extent) -> Result<Glance, DbError> {
        let answers = self.rows(extent).await?;
        let rows = Rows::take(answers, self.builtin.take(), &self.greeting)?;
        self.builtin = Some(rows.builtin());
        Ok(rows.glance(&self.greeting))
    }

    /// Sends a message that is a transaction of its own, and only reads.
    async fn read_alone(&mut self, message: &str) -> Result<Answers, DbError> {
        let answers = self.fetch(message).await;
        if answers.is_err() {
            // The message ended before its COMMIT.
            let _ = self.wire.send("ROLLBACK", GRACE).await;
        }
        answers
    }

    /// Whether the signs are those that a visit saw.
    pub(super) async fn has_signs(&mut self, key: Hash, kinds: Kinds) -> Result<bool, DbError> {
        let version = self.greeting.platform.version;
        let question = Question::new(version, kinds, self.wire.manner(), self.patience.read);
        let proof = self.lock.proof().map(|proof| format!("; {proof}")).unwrap_or_default();
        let answers = self.read_alone(&format!("{}{proof}", question.message)).await?;
        self.check_lock(answers.last())?;
        Ok(question.is_answered_with(key, &answers))
    }
}
