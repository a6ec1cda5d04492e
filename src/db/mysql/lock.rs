//! Undrift's lock on a database. `GET_LOCK` is server-wide, whoever knows a name can hold it, and every login may: so the
//! names can be worked out only from what tenants do not know.

use super::{MysqlSession, column};
use crate::db::{DbError, Target, Trouble};
use crate::dialect::mysql::names::literal;
use crate::model::Hash;

/// The names of the lock on a database: short enough for every version, whatever the database is called. One comes from the
/// secret of undrift's state, one from the login's password, so that runs with either in common exclude each other. Where
/// there is no secret at all, anybody can work the name out.
pub(super) fn names(target: &Target, database: &str) -> Result<Vec<String>, DbError> {
    let password = target
        .password()?
        .filter(|password| !password.is_empty())
        .map(|password| Hash::of_json(&("password", password)));
    let name = |secret: Hash| format!("undrift:{}", &Hash::of_json(&(secret, database)).to_string()[..40]);
    let names: Vec<String> = target.lock_secret().into_iter().chain(password).map(name).collect();
    let known = || vec![format!("undrift:{}", Hash::of(database).short())];
    Ok(if names.is_empty() { known() } else { names })
}

impl MysqlSession {
    /// Takes locks if all of them are free. The server gives them back when the session ends, however it ends.
    pub(super) async fn take_locks(&mut self, names: &[String]) -> Result<bool, DbError> {
        for (at, name) in names.iter().enumerate() {
            if !self.take_lock(name).await? {
                self.release_locks(&names[..at]).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives locks back.
    pub(super) async fn release_locks(&mut self, names: &[String]) -> Result<(), DbError> {
        for name in names {
            self.release_lock(name).await?;
        }
        Ok(())
    }

    /// Takes a lock if it is free.
    pub(super) async fn take_lock(&mut self, name: &str) -> Result<bool, DbError> {
        let doing = "take undrift's lock";
        let answers = self.ask(&format!("SELECT GET_LOCK({}, 0)", literal(name)), doing).await?;
        match column(answers).first().map(String::as_str) {
            Some("1") => Ok(true),
            Some("0") => Ok(false),
            _ => Err(DbError::new(Trouble::Statement, doing, "the server could not say whether the lock is free")),
        }
    }

    /// Whether nobody has a lock, not even this session.
    pub(super) async fn is_free(&mut self, name: &str) -> Result<bool, DbError> {
        let answers = self.ask(&format!("SELECT IS_FREE_LOCK({})", literal(name)), "look at undrift's lock").await?;
        Ok(column(answers).first().is_some_and(|free| free == "1"))
    }

    /// Gives a lock back.
    pub(super) async fn release_lock(&mut self, name: &str) -> Result<(), DbError> {
        self.ask(&format!("DO RELEASE_LOCK({})", literal(name)), "give back undrift's lock").await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, secret: Option<&str>) -> Vec<String> {
        let target = Target::parse(url).unwrap().with_lock_secret(secret.map(Hash::of));
        names(&target, "shop").unwrap()
    }

    #[test]
    fn names_come_from_what_tenants_do_not_know() {
        let known = of("mysql://u@h/shop", None);
        assert_eq!(known, [format!("undrift:{}", Hash::of("shop").short())]);
        let (password, state) = (of("mysql://u:p@h/shop", None), of("mysql://u@h/shop", Some("s")));
        let both = of("mysql://u:p@h/shop", Some("s"));
        assert_eq!(both, [state.clone(), password.clone()].concat());
        assert_ne!(password, of("mysql://u:q@h/shop", None));
        assert_ne!(state, of("mysql://u@h/shop", Some("t")));
        for name in both {
            assert!(!known.contains(&name) && name.len() <= 64, "{name}");
        }
    }
}
