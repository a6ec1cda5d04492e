//! Reading the catalog in a session: all of it, or only the signs that it is as it was.

use super::catalog;
use super::path::USUAL_HERE;
use super::question::{self, BEGINNING, Question};
use super::rows::{Answers, Rows};
use super::signs::{self, Kinds, Told};
use super::{GRACE, PostgresSession, Transaction, inside};
use crate::db::{DbError, Extent, Glance};
use crate::model::Hash;

impl PostgresSession {
    /// Sends a message of selects under the time to read.
    pub(super) async fn fetch(&mut self, sql: &str) -> Result<Answers, DbError> {
        let answers = self.wire.fetch(&self.along(sql), self.patience.read + GRACE).await;
        self.noted(answers)
    }

    /// The catalog's rows, from one snapshot.
    async fn rows(&mut self, extent: Extent) -> Result<Answers, DbError> {
        match self.transaction {
            Transaction::None if self.inside => inside::rows(self, &self.catalog(extent)).await,
            Transaction::None => self.rows_after("", 0, extent).await,
            _ => {
                let catalog = self.catalog(extent);
                let mut answers = self.fetch(&format!("{catalog}; {USUAL_HERE}")).await?;
                answers.pop();
                Ok(answers)
            }
        }
    }

    /// The catalog's rows in a transaction of their own, after the answers to as many questions of the same moment.
    async fn rows_after(&mut self, questions: &str, count: usize, extent: Extent) -> Result<Answers, DbError> {
        let beginning = question::beginning(self.patience.read);
        let proof = self.lock.proof().map(|proof| format!("{proof}; ")).unwrap_or_default();
        let catalog = self.catalog(extent);
        let message = format!("{beginning}; {questions}{proof}{catalog}; COMMIT");
        let mut answers = self.read_alone(&message).await?;
        answers.pop();
        self.check_lock(answers.get(BEGINNING + count))?;
        Ok(answers)
    }

    fn catalog(&self, extent: Extent) -> String {
        catalog::query(self.greeting.platform.version, extent, self.builtin.is_none())
    }

    /// So much of the catalog.
    pub(super) async fn read_so_much(&mut self, extent: Extent) -> Result<Glance, DbError> {
        let answers = self.rows(extent).await?;
        self.glance_at(answers)
    }

    /// What is modelled, and the signs of the same moment. It is a message of its own.
    pub(super) async fn read_with_signs(&mut self) -> Result<(Glance, Option<Told>), DbError> {
        let version = self.greeting.platform.version;
        let (questions, count) = signs::query(version, Kinds::ALL, self.wire.manner());
        let answers = self.rows_after(&format!("{questions}; "), count, Extent::Modelled).await?;
        let told = signs::told(question::between(&answers, count), version, Kinds::ALL);
        Ok((self.glance_at(answers)?, told))
    }

    fn glance_at(&mut self, answers: Answers) -> Result<Glance, DbError> {
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
