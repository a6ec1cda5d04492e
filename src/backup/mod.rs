//! Copies of tables, made before something in them is lost.
//!
//! Who makes them knows best how: `pg_dump`, `mariadb-dump` or `mysqldump`, SQLite's `VACUUM INTO`, or a command of the
//! user's. undrift says what is to be copied, keeps passwords off command lines, and believes in a backup only after it
//! has looked at it: a dump has to hold every table and its own end, a copied file has to open.

mod command;
mod error;
mod mysql;
mod place;
mod postgres;
mod sqlite;
mod tool;

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::config::Backups;
use crate::db::{DbError, Session, Target};
use crate::model::{Engine, Hash, QName};

pub use error::BackupError;
use place::Place;
pub use place::sweep;
pub use tool::missing;

/// What is to be copied, and where to.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Where backups go, and who makes them.
    pub settings: &'a Backups,
    /// The tenant.
    pub tenant: &'a str,
    /// Its database.
    pub target: &'a Target,
    /// The tables, by the names that they have now.
    pub tables: &'a [QName],
    /// The plan that waits for it.
    pub plan: Hash,
    /// How long a table's lock may be waited for.
    pub lock_timeout: Duration,
}

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The tables that were to be copied.
    pub tables: Vec<QName>,
    /// Where it is: a file, or what the user's command said.
    pub place: String,
    /// How large it is, if it is a file.
    pub bytes: Option<u64>,
    /// How long it took.
    pub took: Duration,
}

/// A backup that can be begun.
pub struct Job<'a> {
    order: Order<'a>,
    maker: Maker,
}

/// Who makes it.
enum Maker {
    Command(command::Command),
    Postgres(postgres::Dump),
    Mysql(mysql::Dump),
    Sqlite,
}

/// What a maker left.
enum Made {
    /// The file that it was given is whole.
    File,
    /// It is somewhere else.
    Elsewhere(String),
}

impl<'a> Job<'a> {
    /// Asks the server what there is to know beforehand. The session has to be prepared for changing things.
    ///
    /// # Errors
    /// What the server said.
    pub async fn of(session: &mut Session, order: Order<'a>) -> Result<Self, BackupError> {
        let maker = match (&order.settings.command, order.target.engine()) {
            (Some(command), _) => Maker::Command(command::Command::new(command, &order)?),
            (None, Engine::Postgres) => Maker::Postgres(postgres::Dump::of(session, &order).await?),
            (None, Engine::Mysql) => Maker::Mysql(mysql::Dump::of(session, &order)?),
            (None, Engine::Sqlite) => Maker::Sqlite,
        };
        Ok(Self { order, maker })
    }

    /// Makes the backup. Nothing is left of it if this fails or is dropped, but for a file whose name says that it is
    /// none.
    ///
    /// # Errors
    /// Why there is no backup.
    pub async fn run(self) -> Result<Backup, BackupError> {
        let begun = Instant::now();
        let Backups { to, keep, timeout: longest, .. } = self.order.settings;
        let place = Place::prepare(to, self.order.tenant, self.order.plan, self.maker.ending())?;
        let made = timeout(*longest, self.maker.make(&self.order, &place)).await;
        let made = made.unwrap_or(Err(BackupError::TimedOut { longest: *longest }))?;
        let (shown, bytes) = match made {
            Made::File => place.finish().map(|(shown, bytes)| (shown, Some(bytes)))?,
            Made::Elsewhere(shown) => (shown, None),
        };
        place::sweep_tenant(to, self.order.tenant, *keep);
        Ok(Backup { tables: self.order.tables.to_vec(), place: shown, bytes, took: begun.elapsed() })
    }
}

impl Maker {
    /// How the names of its files end.
    fn ending(&self) -> &'static str {
        match self {
            Maker::Command(_) => "backup",
            Maker::Postgres(_) => "dump",
            Maker::Mysql(_) => "sql",
            Maker::Sqlite => "db",
        }
    }

    async fn make(&self, order: &Order<'_>, place: &Place) -> Result<Made, BackupError> {
        match self {
            Maker::Command(command) => command.make(place).await,
            Maker::Postgres(dump) => dump.make(place).await,
            Maker::Mysql(dump) => dump.make(place).await,
            Maker::Sqlite => sqlite::make(order, place).await,
        }
    }
}

impl From<DbError> for BackupError {
    fn from(error: DbError) -> Self {
        BackupError::Db(error)
    }
}
