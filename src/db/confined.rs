//! Whose login touches what belongs to a tenant.
//!
//! undrift's own login reads catalogs and makes databases and logins. It may be able to do more than a tenant's owner,
//! and a tenant's functions, triggers, views and operators run with the rights of whoever sets them off. So rows are
//! read and written, and statements run, over a login that has rights in this tenant alone.

use super::{Connection, DbError, Session, Target, Trouble};

/// What a session may do in the tenant that it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything: its login has rights in this tenant alone, or there is nothing of a tenant's that it could set off.
    Own,
    /// It has more rights; a login can be made that has not.
    Other,
    /// It has more rights, and such a login cannot be had.
    Refused(Refusal),
}

/// Why what can run a tenant's code does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the login can do beyond this tenant, and what is missing: a clause.
    pub missing: String,
    /// What gives it: a statement, or what to write.
    pub remedy: String,
    /// Whether not even the structure may be changed.
    pub everything: bool,
}

impl Refusal {
    /// It as an error.
    pub fn error(&self, doing: impl Into<String>) -> DbError {
        DbError::new(Trouble::Privilege, doing, self.missing.clone()).with_remedy(self.remedy.clone())
    }
}

/// A session over a login that was made for one tenant.
pub struct Confined {
    /// The session.
    pub session: Session,
    /// The login's name, by which it is removed.
    pub(super) login: String,
    /// How it logs in.
    pub(super) target: Target,
}

impl Confined {
    /// How it logs in.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Ends the session and removes its login.
    ///
    /// # Errors
    /// When the server refuses. The next run removes it then.
    pub async fn dismiss(self, own: &mut Session) -> Result<(), DbError> {
        self.session.close().await;
        own.dismiss(&self.login).await
    }
}

/// What a session of an engine says that makes no logins.
pub(super) fn none_is_made(doing: &str) -> DbError {
    DbError::new(Trouble::Usage, doing, "no login is made here")
}
