//! The rows of one reading, as they came. Their hash is known at once; what they mean is worked out only
//! when somebody asks, because mostly nothing has changed.

use std::sync::Arc;

use super::canon;
use super::catalog::{Builtin, Catalog};
use super::connect::Greeting;
use super::sheet::Sheet;
use crate::db::{DbError, Glance, Reading, Trouble};
use crate::model::{Hash, Hashing};

/// What a message of selects was answered with.
pub(super) type Answers = Vec<Sheet>;

/// The rows of one database.
pub(in crate::db) struct Rows {
    catalog: Answers,
    builtin: Arc<Builtin>,
    database: String,
}

impl Rows {
    /// Takes the answers to a message that ends with the catalog.
    /// Without `builtin` that was selected too.
    pub(super) fn take(
        mut answers: Answers,
        builtin: Option<Arc<Builtin>>,
        greeting: &Greeting,
    ) -> Result<Self, DbError> {
        let database = greeting.place.database.clone();
        answers.pop();
        let builtin = match builtin {
            Some(builtin) => builtin,
            None => {
                let selected = last(&mut answers, Builtin::SELECTS);
                Arc::new(Builtin::from_answers(&selected).map_err(|message| unreadable(&database, message))?)
            }
        };
        Ok(Self { catalog: last(&mut answers, Catalog::SELECTS), builtin, database })
    }

    /// What the server brings along.
    pub(super) fn builtin(&self) -> Arc<Builtin> {
        self.builtin.clone()
    }

    /// A glance whose key is the hash of everything that came back, and of where it came from.
    pub(super) fn glance(self, greeting: &Greeting) -> Glance {
        let mut hashing = Hashing::default();
        greeting.said.iter().for_each(|said| hashing.add(said.as_deref().map(str::as_bytes)));
        self.catalog.iter().for_each(|sheet| hashing.add(Some(sheet.bytes())));
        Glance::postgres(hashing.finish(), self)
    }

    /// What the rows describe.
    pub(in crate::db) fn reading(self, raw: Hash) -> Result<Reading, DbError> {
        let catalog = Catalog::from_answers(&self.catalog).map_err(|message| unreadable(&self.database, message))?;
        Ok(Reading { schema: canon::schema(&catalog, &self.builtin), raw, copy: None })
    }
}

fn last(answers: &mut Answers, count: usize) -> Answers {
    answers.split_off(answers.len().saturating_sub(count))
}

fn unreadable(database: &str, message: String) -> DbError {
    DbError::new(Trouble::Unreadable, format!("read {database}"), message)
}
