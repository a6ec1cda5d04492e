//! Scratch databases: `undrift_scratch_<unix time>_<random>`, with the tenant's character set and collation.
//!
//! The session that made one holds a lock of the same name until it is dropped; what is left over and
//! not locked belongs to a process that is gone. Where the login may, nothing of it is written to the binary log.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{MysqlSession, column, connect};
use crate::db::{Connection, DbError, Scratch, Session, Target, Trouble, Undo};
use crate::dialect::mysql::names::quote;

const PREFIX: &str = "undrift_scratch_";

/// Whether a database is a scratch database, by its name.
pub(super) fn is_scratch(name: &str) -> bool {
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let all = |text: &str, of: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| of(&c));
    parts.is_some_and(|(time, random)| all(time, char::is_ascii_digit) && all(random, char::is_ascii_hexdigit))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn fresh_name() -> String {
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
        owner.leave_no_log().await?;
        let name = fresh_name();
        owner.take_lock(&name).await?;
        let statement = format!("DROP DATABASE {}", quote(&name));
        owner.create_database(&name, self).await?;
        match owner.enter(&name).await {
            Ok(session) => Ok(Scratch {
                session: Session::Mysql(Box::new(session)),
                undo: Undo::Drop(Box::new(Session::Mysql(Box::new(owner))), vec![statement]),
            }),
            Err(error) => {
                let _ = owner.execute(&statement).await;
                owner.close().await;
                Err(error)
            }
        }
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

    /// Keeps what follows out of the binary log where the login may; else it is replicated, and dropped there too.
    async fn leave_no_log(&mut self) -> Result<(), DbError> {
        self.try_ask("SET SESSION sql_log_bin = 0", "keep the scratch database out of the binary log").await.map(drop)
    }

    async fn create_database(&mut self, name: &str, like: &MysqlSession) -> Result<(), DbError> {
        let mut sql = format!("CREATE DATABASE {}", quote(name));
        if let Some(charset) = &like.platform.charset {
            sql.push_str(&format!(" CHARACTER SET {}", quote(charset)));
        }
        if let Some(collation) = &like.platform.collation {
            sql.push_str(&format!(" COLLATE {}", quote(collation)));
        }
        let made = self.ask(&sql, "make a scratch database").await;
        made.map(drop).map_err(|error| match error.trouble {
            Trouble::Privilege => {
                let (user, host) = self.place.user.rsplit_once('@').unwrap_or((&self.place.user, "%"));
                let (user, host) = (quote(user), quote(host));
                error.with_remedy(format!("GRANT ALL PRIVILEGES ON `undrift\\_scratch\\_%`.* TO {user}@{host};"))
            }
            _ => error.with_statement(&sql),
        })
    }

    /// A second session, within the scratch database.
    async fn enter(&self, name: &str) -> Result<MysqlSession, DbError> {
        let mut session = connect::connect(&self.target.with_database(name)?, self.patience).await?;
        session.leave_no_log().await?;
        session.prepare().await?;
        Ok(session)
    }

    /// Drops what killed processes left behind: a maker has the lock before there is a database, until it has dropped it.
    pub(super) async fn sweep_scratch(&mut self) -> Result<Vec<String>, DbError> {
        let pattern = PREFIX.replace('_', "\\_");
        let answers = self.ask(&format!("SHOW DATABASES LIKE '{pattern}%'"), "look for scratch databases").await?;
        let mut swept = Vec::new();
        for name in column(answers).into_iter().filter(|name| is_scratch(name)) {
            if self.take_lock(&name).await? {
                let sql = format!("DROP DATABASE IF EXISTS {}", quote(&name));
                let dropped = self.try_ask(&sql, "drop a left-over scratch database").await;
                self.release_lock(&name).await?;
                swept.extend(dropped?.then_some(name));
            }
        }
        Ok(swept)
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
