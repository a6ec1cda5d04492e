//! Users that are made for one purpose and thrown away.
//!
//! Code that is not undrift's runs with the rights of the login that sets it off, so it runs under one that may do everything
//! in one database and nothing elsewhere. Each is named after a scratch database, beside which it lives: a lock
//! of the same name says that its maker is there, and what is left over is found by the database, which every login that can
//! make one can see.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};

use super::{MysqlSession, column, connect, grants, scratch};
use crate::db::{Connection, DbError, Patience, Target, Trouble};
use crate::dialect::mysql::names::{literal, quote};

/// A user that undrift made.
pub(super) struct Throwaway {
    account: String,
    target: Target,
}

impl Throwaway {
    /// How it logs in.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The statement that removes it.
    pub fn removal(&self) -> String {
        removal(&self.account)
    }

    /// Connects to the database that it was made for, and makes sure that it has rights in no other: what a server gives
    /// to everybody, it gives to this one.
    pub async fn connect(&self, patience: Patience) -> Result<MysqlSession, DbError> {
        let mut session = connect::connect(&self.target, patience).await.map_err(|error| no_way_in(error, self))?;
        let database = session.place.database.clone();
        match session.beyond(&database).await? {
            None => Ok(session),
            Some(more) => {
                session.close().await;
                Err(too_much(&more))
            }
        }
    }
}

fn removal(account: &str) -> String {
    format!("DROP USER IF EXISTS {account}")
}

/// The name of the user beside a scratch database. No version takes longer ones than 32 characters.
fn user(scratch: &str) -> String {
    scratch.replacen(scratch::PREFIX, "undrift_", 1)
}

impl MysqlSession {
    /// Makes a user beside a scratch database that is there, with all rights on a database and nothing else.
    pub(super) async fn make_user(&mut self, scratch: &str, database: &str) -> Result<Throwaway, DbError> {
        let doing = "make a user that has rights in one database alone";
        let account = format!("{}@{}", quote(&user(scratch)), quote(self.host()));
        let password = password()?;
        let target = self.target.with_database(database)?.with_login(&user(scratch), &password)?;
        let made = Throwaway { account, target };
        let create = format!("CREATE USER {} IDENTIFIED BY {}", made.account, literal(password.expose_secret()));
        self.ask(&create, doing).await.map_err(|error| self.lacks_rights(error, scratch, database))?;
        let grant = format!("GRANT ALL PRIVILEGES ON {}.* TO {}", grants::pattern(database), made.account);
        if let Err(error) = self.ask(&grant, doing).await {
            let _ = self.ask(&made.removal(), doing).await;
            return Err(self.lacks_rights(error, scratch, database));
        }
        Ok(made)
    }

    /// From where this login comes, as the server has it: another one comes from there too.
    fn host(&self) -> &str {
        self.place.user.rsplit_once('@').map(|(_, host)| host).filter(|host| !host.is_empty()).unwrap_or("%")
    }

    /// What gives the login the rights to make such users.
    fn lacks_rights(&self, error: DbError, scratch: &str, database: &str) -> DbError {
        if error.trouble != Trouble::Privilege {
            return error;
        }
        let database = if database == scratch { scratch::PATTERN.to_owned() } else { grants::pattern(database) };
        let account = grants::account(&self.place.user);
        error.with_remedy(format!(
            "GRANT CREATE USER ON *.* TO {account}; GRANT ALL PRIVILEGES ON {database}.* TO {account} WITH GRANT OPTION;"
        ))
    }

    /// Removes the user beside a scratch database, wherever it may come from.
    pub(super) async fn remove_user(&mut self, scratch: &str) -> Result<(), DbError> {
        let doing = "remove a user that was made for a while";
        let sql = format!("SELECT Host FROM mysql.user WHERE User = {}", literal(&user(scratch)));
        let hosts = match self.ask(&sql, doing).await {
            Ok(answers) => column(answers),
            // Who may not look there made it from where this login comes.
            Err(_) => vec![self.host().to_owned()],
        };
        let mut sql = String::new();
        for host in &hosts {
            let _ = write!(sql, "{};", removal(&format!("{}@{}", quote(&user(scratch)), quote(host))));
        }
        // Who may not remove users made none.
        if sql.is_empty() { Ok(()) } else { self.try_ask(sql.trim_end_matches(';'), doing).await.map(drop) }
    }
}

/// 24 random bytes, and one of each kind of character that servers ask for.
fn password() -> Result<SecretString, DbError> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| DbError::io("random numbers", error.into()))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(SecretString::from(format!("Un-drift.0{digits}")))
}

/// The password is right, so it is the way that is closed.
fn no_way_in(error: DbError, user: &Throwaway) -> DbError {
    if !matches!(error.trouble, Trouble::LoginRefused | Trouble::Unreachable) {
        return error;
    }
    let message = format!("the server does not let the user {} in that undrift made: {}", user.account, error.message);
    DbError { message, ..error }.with_remedy(
        "log in over TLS (ssl-mode=REQUIRED), without which MySQL's passwords are not sent, and see that no anonymous user \
         takes the place of others: SELECT Host FROM mysql.user WHERE User = ''",
    )
}

fn too_much(more: &str) -> DbError {
    let message = format!("a user that undrift makes {more}, as every user of this server does");
    DbError::new(Trouble::Privilege, "make a user that has rights in one database alone", message).with_remedy(
        "take from everybody what everybody has: see SELECT Host, Db FROM mysql.db WHERE User = '', SHOW GRANTS FOR PUBLIC \
         (MariaDB) and SHOW VARIABLES LIKE 'mandatory_roles' (MySQL)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_after_its_database() {
        let name = scratch::fresh_name();
        let user = user(&name);
        assert!(
            user.len() <= 32 && user.starts_with("undrift_") && name.ends_with(&user["undrift_".len()..]),
            "{user}"
        );
    }

    #[test]
    fn passwords_are_different_and_of_all_kinds() {
        let (one, other) = (password().unwrap(), password().unwrap());
        let (one, other) = (one.expose_secret(), other.expose_secret());
        assert_ne!(one, other);
        assert!(one.chars().any(char::is_uppercase) && one.contains(['-', '.']) && one.contains('0') && one.len() > 50);
    }
}
