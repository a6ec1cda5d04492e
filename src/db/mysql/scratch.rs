//! Scratch databases: `undrift_scratch_<unix time>_<random>`, with the tenant's character set and collation.
//!
//! The session that made one holds a lock of the same name until it is dropped; what is left over and
//! not locked belongs to a process that is gone. What is built there is built by a user that can do nothing elsewhere
//! ([`throwaway`](super::throwaway)). Such a user cannot keep out of the binary log, so the database is replicated with what is
//! in it, where there is such a log, and only the user is not.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{MysqlSession, column, connect, grants};
use crate::db::{Connection, DbError, Scratch, Session, Target, Trouble, Undo, run};
use crate::dialect::mysql::names::quote;

pub(super) const PREFIX: &str = "undrift_scratch_";

/// The databases of such names, as grants name them.
pub(super) const PATTERN: &str = r"`undrift\_scratch\_%`";

/// What keeps the session's statements out of the binary log, and what lets them in again.
const NO_LOG: &str = "SET SESSION sql_log_bin = 0";
pub(super) const LOG: &str = "SET SESSION sql_log_bin = 1";

/// Whether a database is a scratch database, by its name.
pub(super) fn is_scratch(name: &str) -> bool {
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let all = |text: &str, of: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| of(&c));
    parts.is_some_and(|(time, random)| all(time, char::is_ascii_digit) && all(random, char::is_ascii_hexdigit))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A name that no other has.
pub(super) fn fresh_name() -> String {
    format!("{PREFIX}{}_{:08x}", now(), RandomState::new().build_hasher().finish() as u32)
}

impl MysqlSession {
    /// Makes one and connects to it.
    pub(super) async fn make_scratch(&mut self, server: Option<&Target>) -> Result<Scratch, DbError> {
        if server.is_none() {
            self.refuse_galera().await?;
        }
        let mut owner = connect::connect(server.unwrap_or(&self.target), self.patience).await?;
        self.same_server(&owner)?;
        let name = fresh_name();
        owner.take_lock(&name).await?;
        owner.create_database(&name, self).await?;
        let mut undo = vec![format!("DROP DATABASE {}", quote(&name))];
        let entered = self.enter(&mut owner, &name, &mut undo).await;
        let mut owner = Box::new(Session::Mysql(Box::new(owner)));
        match entered {
            Ok(session) => Ok(Scratch { session: Session::Mysql(Box::new(session)), undo: Undo::Drop(owner, undo) }),
            Err(error) => {
                let _ = run(&mut owner, &undo).await;
                owner.close().await;
                Err(error)
            }
        }
    }

    /// A session within a scratch database, of a user that can do nothing elsewhere. What undoes it comes first.
    async fn enter(
        &mut self,
        owner: &mut MysqlSession,
        name: &str,
        undo: &mut Vec<String>,
    ) -> Result<MysqlSession, DbError> {
        let quiet = owner.leave_no_log().await?;
        let made = owner.make_user(name, name).await;
        if quiet {
            undo.insert(0, LOG.to_owned());
        }
        match made {
            Ok(user) => {
                undo.insert(0, user.removal());
                user.connect(self.patience).await
            }
            Err(error) if error.trouble == Trouble::Privilege => {
                self.may_build_itself(owner, error).await?;
                let mut session = connect::connect(&owner.target.with_database(name)?, self.patience).await?;
                session.leave_no_log().await?;
                Ok(session)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether undrift's own login may build there: it has no rights beyond this tenant, or the server is one that was named
    /// for it.
    async fn may_build_itself(&mut self, owner: &mut MysqlSession, refused: DbError) -> Result<(), DbError> {
        if owner.whereabouts().await? != self.whereabouts().await? {
            return Ok(());
        }
        let database = self.place.database.clone();
        let Some(more) = owner.beyond(&database).await? else { return Ok(()) };
        let message = format!("{} {more}, and can make no user that has not: {}", self.place.user, refused.message);
        Err(DbError { message, ..refused })
    }

    /// What tells this server from others, whatever address it was reached by.
    async fn whereabouts(&mut self) -> Result<Vec<String>, DbError> {
        let sql = "SELECT CONCAT_WS(' ', @@hostname, @@port, @@datadir)";
        Ok(column(self.ask(sql, "find out which server this is").await?))
    }

    /// A database made on one node of a cluster is made on all, whatever the session says.
    async fn refuse_galera(&mut self) -> Result<(), DbError> {
        let doing = "make a scratch database";
        let answers = self.ask("SHOW VARIABLES LIKE 'wsrep_on'", doing).await?;
        let on = answers.iter().flat_map(|answer| &answer.rows).any(|row| row.get(1) == Some(&Some("ON".to_owned())));
        if !on {
            return Ok(());
        }
        Err(DbError::new(Trouble::Usage, doing, "the server is part of a Galera cluster, which would replicate it")
            .with_remedy("name a server of the same version outside of the cluster under scratch: mysql:"))
    }

    /// Another version prints other definitions, so nothing could be compared.
    fn same_server(&self, other: &MysqlSession) -> Result<(), DbError> {
        if (self.platform.vendor, self.platform.version) == (other.platform.vendor, other.platform.version) {
            return Ok(());
        }
        let message = format!("the scratch server is {}, the tenant's is {}", other.platform, self.platform);
        Err(DbError::new(Trouble::Usage, "make a scratch database", message)
            .with_remedy("name a scratch server of exactly the tenant's version, or none"))
    }

    /// Keeps what follows out of the binary log where the login may. Whether it may.
    pub(super) async fn leave_no_log(&mut self) -> Result<bool, DbError> {
        self.try_ask(NO_LOG, "keep users out of the binary log").await
    }

    pub(super) async fn create_database(&mut self, name: &str, like: &MysqlSession) -> Result<(), DbError> {
        let mut sql = format!("CREATE DATABASE {}", quote(name));
        if let Some(charset) = &like.platform.charset {
            sql.push_str(&format!(" CHARACTER SET {}", quote(charset)));
        }
        if let Some(collation) = &like.platform.collation {
            sql.push_str(&format!(" COLLATE {}", quote(collation)));
        }
        let made = self.ask(&sql, "make a scratch database").await;
        made.map(drop).map_err(|error| self.lacks_scratch(error.with_statement(&sql)))
    }

    /// What lets the login make scratch databases.
    pub(super) fn lacks_scratch(&self, error: DbError) -> DbError {
        if error.trouble != Trouble::Privilege {
            return error;
        }
        let account = grants::account(&self.place.user);
        DbError { statement: None, ..error }
            .with_remedy(format!("GRANT ALL PRIVILEGES ON {PATTERN}.* TO {account} WITH GRANT OPTION;"))
    }

    /// Drops what killed processes left behind: a maker has the lock before there is a database, until it has dropped it.
    pub(super) async fn sweep_scratch(&mut self) -> Result<Vec<String>, DbError> {
        let pattern = PREFIX.replace('_', "\\_");
        let answers = self.ask(&format!("SHOW DATABASES LIKE '{pattern}%'"), "look for scratch databases").await?;
        let mut swept = Vec::new();
        for name in column(answers).into_iter().filter(|name| is_scratch(name)) {
            // This session gets what it has, so that nobody has it is asked first.
            if self.is_free(&name).await? && self.take_lock(&name).await? {
                let dropped = self.drop_left_over(&name).await;
                self.release_lock(&name).await?;
                swept.extend(dropped?.then_some(name));
            }
        }
        Ok(swept)
    }

    /// The user first: by the database it is found.
    async fn drop_left_over(&mut self, name: &str) -> Result<bool, DbError> {
        let doing = "drop a left-over scratch database";
        let quiet = self.leave_no_log().await?;
        let removed = self.remove_user(name).await;
        if quiet {
            self.ask(LOG, doing).await?;
        }
        removed?;
        self.try_ask(&format!("DROP DATABASE IF EXISTS {}", quote(name)), doing).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_scratch() {
        assert!(is_scratch(&fresh_name()));
        for name in ["undrift_scratch_", "undrift_scratch_x_1", "undrift_scratch_1", "my_undrift_scratch_1_a"] {
            assert!(!is_scratch(name), "{name}");
        }
    }
}
