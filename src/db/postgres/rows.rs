//! The rows of one reading, as they came. Their hash is known at once; what they mean is worked out only
//! when somebody asks, because mostly nothing has changed.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{Row as _, ValueRef};

use super::canon;
use super::catalog::{Builtin, Catalog};
use super::connect::Greeting;
use super::wire::Answer;
use crate::db::{DbError, Glance, Reading, Trouble};
use crate::model::{Hash, Hashing};

/// What a message of selects was answered with.
pub(super) type Answers = Vec<Answer<PgRow>>;

/// The rows of one database.
pub(in crate::db) struct Rows {
    catalog: Answers,
    builtin: Arc<Builtin>,
    database: String,
}

impl Rows {
    /// What the rows describe.
    pub(in crate::db) fn reading(self, raw: Hash) -> Result<Reading, DbError> {
        let catalog = Catalog::from_answers(self.catalog).map_err(|message| unreadable(&self.database, message))?;
        Ok(Reading { schema: canon::schema(&catalog, &self.builtin), raw, copy: None })
    }
}

/// Takes the answers to a message of selects between other statements, one of which comes after them.
/// Without `builtin` that was selected too.
pub(super) fn glance(
    mut answers: Answers,
    builtin: Option<Arc<Builtin>>,
    greeting: &Greeting,
) -> Result<(Glance, Arc<Builtin>), DbError> {
    let database = &greeting.place.database;
    answers.pop();
    let builtin = match builtin {
        Some(builtin) => builtin,
        None => {
            let selected = last(&mut answers, Builtin::SELECTS);
            Arc::new(Builtin::from_answers(selected).map_err(|message| unreadable(database, message))?)
        }
    };
    let catalog = last(&mut answers, Catalog::SELECTS);
    let key = key(greeting, &catalog).map_err(|error| unreadable(database, error.to_string()))?;
    let rows = Rows { catalog, builtin: builtin.clone(), database: database.clone() };
    Ok((Glance::postgres(key, rows), builtin))
}

fn last(answers: &mut Answers, count: usize) -> Answers {
    answers.split_off(answers.len().saturating_sub(count))
}

fn unreadable(database: &str, message: String) -> DbError {
    DbError::new(Trouble::Unreadable, format!("read {database}"), message)
}

/// The hash of everything that came back, and of where it came from.
fn key(greeting: &Greeting, catalog: &Answers) -> Result<Hash, sqlx::Error> {
    let mut hashing = Hashing::default();
    greeting.said.iter().for_each(|said| hashing.add(said.as_deref().map(str::as_bytes)));
    for answer in catalog {
        hashing.add(Some(&answer.rows.len().to_le_bytes()));
        for row in &answer.rows {
            add(&mut hashing, row)?;
        }
    }
    Ok(hashing.finish())
}

fn add(hashing: &mut Hashing, row: &PgRow) -> Result<(), sqlx::Error> {
    for at in 0..row.len() {
        let value = row.try_get_raw(at)?;
        let bytes = if value.is_null() { None } else { Some(value.as_bytes().map_err(sqlx::Error::Decode)?) };
        hashing.add(bytes);
    }
    Ok(())
}
