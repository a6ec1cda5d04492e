//! Which login touches what belongs to a tenant: this one if it has rights there alone, else a user that is made for it.
//!
//! A view that a tenant puts in a table's place calls its functions with the rights of whoever reads it.

use super::scratch::fresh_name;
use super::throwaway::Throwaway;
use super::{MysqlSession, scratch};
use crate::db::{Confined, DbError, Refusal, Session, Standing, Trouble};
use crate::dialect::mysql::names::quote;
use crate::model::Logins;

impl MysqlSession {
    /// What this session's login may do, beside what it may in its database.
    pub(super) async fn find_standing(&mut self) -> Result<Standing, DbError> {
        let database = self.place.database.clone();
        Ok(match self.beyond(&database).await? {
            None => Standing::Own,
            Some(_) if self.target.logins() == Logins::Auto => Standing::Other,
            Some(more) => Standing::Refused(Refusal {
                missing: format!("{} {more}, and no other login is to be made", self.place.user),
                remedy: "write logins: auto, or give a login that has rights in this database alone".to_owned(),
                everything: false,
            }),
        })
    }

    /// Makes a user for this tenant and connects with it. Beside it lives an empty scratch database, by which it is found
    /// when it is left over.
    pub(super) async fn make_confined(&mut self) -> Result<Result<Confined, Refusal>, DbError> {
        let login = fresh_name();
        self.take_lock(&login).await?;
        let connected = match self.make_tenants_user(&login).await {
            Ok(user) => user.connect(self.patience).await.map(|session| (session, user.target().clone())),
            Err(error) => Err(error),
        };
        match connected {
            Ok((session, target)) => {
                // Who is in the way of a statement is for undrift's own login to see.
                let session = MysqlSession { overseer: self.target.clone(), ..session };
                Ok(Ok(Confined { session: Session::Mysql(Box::new(session)), login, target }))
            }
            Err(error) => {
                let _ = self.remove_confined(&login).await;
                self.refusal(error).map(Err)
            }
        }
    }

    async fn make_tenants_user(&mut self, login: &str) -> Result<Throwaway, DbError> {
        let database = self.place.database.clone();
        let quiet = self.leave_no_log().await?;
        let made = match self.ask(&format!("CREATE DATABASE {}", quote(login)), "make a user for a tenant").await {
            Ok(_) => self.make_user(login, &database).await,
            Err(error) => Err(self.lacks_scratch(error)),
        };
        if quiet {
            self.ask(scratch::LOG, "make a user for a tenant").await?;
        }
        made
    }

    /// What the server does not let undrift do is a refusal; all else is an error.
    fn refusal(&self, error: DbError) -> Result<Refusal, DbError> {
        if !matches!(error.trouble, Trouble::Privilege | Trouble::LoginRefused | Trouble::Unreachable) {
            return Err(error);
        }
        let missing = format!(
            "{} has rights beyond this database, and no user can be made that has not: {}",
            self.place.user, error.message
        );
        Ok(Refusal { missing, remedy: error.advice().to_owned(), everything: false })
    }

    /// Removes a user that was made for this tenant, and what it is found by.
    pub(super) async fn remove_confined(&mut self, login: &str) -> Result<(), DbError> {
        let doing = "remove a user that was made for a tenant";
        let quiet = self.leave_no_log().await?;
        let removed = self.remove_user(login).await;
        let dropped = self.ask(&format!("DROP DATABASE IF EXISTS {}", quote(login)), doing).await;
        if quiet {
            self.ask(scratch::LOG, doing).await?;
        }
        self.release_lock(login).await?;
        removed?;
        dropped.map(drop)
    }
}
