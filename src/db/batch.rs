//! Many statements in few messages: how structures are built in scratch databases.

use super::{DbError, Trouble};

/// What goes in one message at most. A transaction of many more would fill the server's table of
/// locks, and waiting for the server's answers would take as long as its work.
const STATEMENTS: usize = 128;
const BYTES: usize = 256 * 1024;

/// Where a list of statements came to a halt.
#[derive(Debug)]
pub struct Halt {
    /// How many of the statements are done for good. The one after them was not.
    pub done: usize,
    /// What went wrong with that one.
    pub error: DbError,
}

/// Nothing of the batch was done.
impl From<DbError> for Halt {
    fn from(error: DbError) -> Self {
        Self { done: 0, error }
    }
}

/// Cuts statements into batches, in order. Each has one at least, however long it is.
pub(super) fn batches(statements: &[String]) -> impl Iterator<Item = &[String]> {
    let mut rest = statements;
    std::iter::from_fn(move || {
        let (batch, after) = rest.split_at(first_batch(rest));
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

fn first_batch(statements: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |statement: &&String| {
        bytes += statement.len();
        bytes <= BYTES
    };
    statements.iter().take(STATEMENTS).take_while(fits).count().max(statements.len().min(1))
}

/// Makes sure that there was an answer to each statement: a quote that is left open in one and closed in
/// another makes one of all between them.
pub(super) fn one_answer_each(batch: &[String], answers: usize, doing: &str) -> Result<(), DbError> {
    if answers == batch.len() {
        return Ok(());
    }
    let message = format!("{} statements in one message had {answers} answers", batch.len());
    Err(DbError::new(Trouble::Statement, doing, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(statements: &[String]) -> Vec<usize> {
        batches(statements).map(<[String]>::len).collect()
    }

    #[test]
    fn batches_are_bounded_in_number_and_length() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec!["x".to_owned(); STATEMENTS * 2 + 1]), [STATEMENTS, STATEMENTS, 1]);
        let long = "x".repeat(BYTES);
        assert_eq!(sizes(&[long.clone(), "x".to_owned(), long]), [1, 1, 1]);
        assert_eq!(sizes(&["x".repeat(BYTES + 1)]), [1]);
    }

    #[test]
    fn nothing_is_lost_between_batches() {
        let statements: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(batches(&statements).collect::<Vec<_>>().concat(), statements);
    }
}
