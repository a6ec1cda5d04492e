//! What can go wrong between undrift and a server, classified for the person who must act.

use std::error::Error;
use std::fmt;

/// What kind of trouble it is: each kind asks something else of the operator. It is told from
/// SQLSTATE, error number or I/O error, never from the server's words, which may be in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Nobody listens there, or the name does not resolve.
    Unreachable,
    /// Something took longer than it may.
    TimedOut,
    /// User name or password are wrong.
    LoginRefused,
    /// There is no such database.
    NoDatabase,
    /// The login lacks a right.
    Privilege,
    /// The server has no connection to spare.
    TooManyConnections,
    /// Somebody held a lock for too long.
    LockTimeout,
    /// Two transactions waited for each other.
    Deadlock,
    /// The connection broke while in use.
    Disconnected,
    /// The database takes no writes.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// The rows do not allow it: duplicates, NULLs, orphans, values that do not fit.
    Data,
    /// The catalog could not be read completely.
    Unreadable,
    /// The address or its options make no sense, or ask for something that undrift does not do.
    Usage,
    /// The statement cannot run in the transaction that stands in for a scratch database.
    NotInTransaction,
    /// The server does not carry out an `ALTER TABLE` in the way that it says.
    NotThatWay,
    /// The server refused the statement for another reason.
    Statement,
}

impl Trouble {
    /// What to do next, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Trouble::Unreachable => "check host and port, and that the server runs",
            Trouble::TimedOut => "the server took too long: look at its load and its network, then run again",
            Trouble::LoginRefused => "check the user name and password in the URL",
            Trouble::NoDatabase => "check the name of the database, or create it",
            Trouble::Privilege => "grant the login the missing right, then run again",
            Trouble::TooManyConnections => "raise the server's connection limit or lower undrift's concurrency",
            Trouble::LockTimeout => "somebody holds a lock on the table: find them, or run again at a quieter hour",
            Trouble::Deadlock => "run again",
            Trouble::Disconnected => "the connection broke: look at the server's log, then run again",
            Trouble::ReadOnly => "point undrift at the primary, or lift the read-only mode",
            Trouble::DiskFull => "make room on the server's disk, then run again",
            Trouble::Data => "put the rows right, then run again",
            Trouble::Unreadable => "give undrift's login the right to see everything, then run again",
            Trouble::Usage => "correct the URL",
            Trouble::NotInTransaction => "let the login create databases, or name a scratch server",
            Trouble::NotThatWay => {
                "the server cannot change this table as the plan says, although it can change an empty one like it: write \
                 the table anew at a quiet hour (ALTER TABLE … FORCE), then run again"
            }
            Trouble::Statement => "read the server's message",
        }
    }

    /// Whether it says something about a statement, and not about the connection on which it was sent.
    pub(super) fn is_about_a_statement(self) -> bool {
        !matches!(self, Trouble::Disconnected | Trouble::TimedOut)
    }

    /// Its name in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Trouble::Unreachable => "unreachable",
            Trouble::TimedOut => "timed_out",
            Trouble::LoginRefused => "login_refused",
            Trouble::NoDatabase => "no_database",
            Trouble::Privilege => "privilege",
            Trouble::TooManyConnections => "too_many_connections",
            Trouble::LockTimeout => "lock_timeout",
            Trouble::Deadlock => "deadlock",
            Trouble::Disconnected => "disconnected",
            Trouble::ReadOnly => "read_only",
            Trouble::DiskFull => "disk_full",
            Trouble::Data => "data",
            Trouble::Unreadable => "unreadable",
            Trouble::Usage => "usage",
            Trouble::NotInTransaction => "not_in_transaction",
            Trouble::NotThatWay => "not_that_way",
            Trouble::Statement => "statement",
        }
    }

    /// Whether the same statement may succeed when it is simply run again.
    pub fn passes(self) -> bool {
        matches!(self, Trouble::LockTimeout | Trouble::Deadlock)
    }
}

/// Something went wrong between undrift and a server.
#[derive(Clone, Debug)]
pub struct DbError {
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// What was being done: `connect to tenant_a on db1:5432`.
    pub doing: String,
    /// What the server or the driver said, in one line or more. Never holds a secret.
    pub message: String,
    /// SQLSTATE or error number, where there is one.
    pub code: Option<String>,
    /// The statement that failed, where it was one.
    pub statement: Option<String>,
    /// What is to be done, where it is more than the trouble's own advice: the missing GRANT.
    pub remedy: Option<String>,
    /// Who holds the lock that could not be had, as far as that is known: number, user, host, since when. Never
    /// what they run.
    pub blockers: Vec<String>,
}

impl DbError {
    /// Trouble of a kind, while doing something.
    pub fn new(trouble: Trouble, doing: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            trouble,
            doing: doing.into(),
            message: message.into(),
            code: None,
            statement: None,
            remedy: None,
            blockers: Vec::new(),
        }
    }

    /// An I/O error on a file.
    pub fn io(path: &str, error: std::io::Error) -> Self {
        let trouble = match error.kind() {
            std::io::ErrorKind::NotFound => Trouble::NoDatabase,
            std::io::ErrorKind::PermissionDenied => Trouble::Privilege,
            std::io::ErrorKind::StorageFull => Trouble::DiskFull,
            _ => Trouble::Statement,
        };
        Self::new(trouble, path, error.to_string())
    }

    /// With the statement that failed.
    #[must_use]
    pub fn with_statement(mut self, statement: &str) -> Self {
        self.statement = Some(statement.to_owned());
        self
    }

    /// Without the statement that failed, where it holds what nobody should see.
    #[must_use]
    pub fn without_statement(mut self) -> Self {
        self.statement = None;
        self
    }

    /// With the server's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// With what is to be done.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What to do next.
    pub fn advice(&self) -> &str {
        self.remedy.as_deref().unwrap_or_else(|| self.trouble.advice())
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.message)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if !self.blockers.is_empty() {
            write!(f, "; the lock is held by {}", self.blockers.join("; "))?;
        }
        Ok(())
    }
}

impl Error for DbError {}
