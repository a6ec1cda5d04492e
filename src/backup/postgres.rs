//! PostgreSQL: `pg_dump` of some tables in its custom format, from which `pg_restore` takes what is wanted.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use url::form_urlencoded::byte_serialize;

use super::place::Place;
use super::tool::Tool;
use super::{BackupError, Made, Order};
use crate::db::{Connection, Login, Session};
use crate::dialect;
use crate::dialect::Dialect;
use crate::dialect::postgres::ident;

pub(super) const PG_DUMP: Tool = Tool { name: "pg_dump", package: "postgresql-client" };
const PG_RESTORE: Tool = Tool { name: "pg_restore", package: "postgresql-client" };

/// What undrift's login has become, where it is not itself any more.
const ROLE: &str = "SELECT CASE WHEN current_user <> session_user THEN current_user::text END";

/// A dump of some tables.
pub(super) struct Dump {
    address: String,
    password: Option<SecretString>,
    role: Option<String>,
    /// Patterns that each mean one table.
    tables: Vec<String>,
    /// How many of them hold rows of their own.
    with_rows: usize,
    lock_timeout: Duration,
}

impl Dump {
    pub(super) async fn of(session: &mut Session, order: &Order<'_>) -> Result<Self, BackupError> {
        let login = Login::of(order.target)?;
        let role = session.texts(ROLE).await?.pop().and_then(|mut row| row.pop()).flatten();
        let found = session.texts(&relations(&*dialect::of(session.platform()), order)).await?;
        if found.is_empty() {
            let why = "the tables are not there any more".to_owned();
            return Err(BackupError::Incomplete { tool: PG_DUMP.name.to_owned(), why });
        }
        let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        Ok(Self {
            address: address(&login),
            password: login.password,
            role,
            tables: found.iter().map(|row| pattern(&text(row, 0), &text(row, 1))).collect(),
            with_rows: found.iter().filter(|row| text(row, 2) == "r").count(),
            lock_timeout: order.lock_timeout,
        })
    }

    pub(super) async fn make(&self, place: &Place) -> Result<Made, BackupError> {
        let mut command = Command::new(PG_DUMP.name);
        command.args(["--format=custom", "--no-password", "--strict-names"]);
        command.arg(format!("--lock-wait-timeout={}", self.lock_timeout.as_millis().max(1)));
        command.arg(format!("--dbname={}", self.address));
        command.args(self.role.iter().map(|role| format!("--role={role}")));
        command.args(self.tables.iter().map(|table| format!("--table={table}")));
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password.expose_secret());
        }
        PG_DUMP.run(command.stdout(place.create()?)).await?;
        self.is_whole(place).await.map(|()| Made::File)
    }

    /// The dump's list of contents names the rows of every table, also of empty ones.
    async fn is_whole(&self, place: &Place) -> Result<(), BackupError> {
        let mut command = Command::new(PG_RESTORE.name);
        let list =
            PG_RESTORE.run(command.arg("--list").arg(place.partial()).stdout(std::process::Stdio::piped())).await?;
        let found = list.lines().filter(|line| !line.starts_with(';') && line.contains(" TABLE DATA ")).count();
        if found >= self.with_rows {
            return Ok(());
        }
        let why = format!("it holds the rows of {found} tables, and not of {}", self.with_rows);
        Err(BackupError::Incomplete { tool: PG_DUMP.name.to_owned(), why })
    }
}

/// The query for the tables with what they are partitioned or inherited into: their rows are there.
fn relations(dialect: &dyn Dialect, order: &Order<'_>) -> String {
    let name = |table| dialect.literal(&dialect.quote_name(table));
    let of = |table| format!("pg_catalog.to_regclass({})::pg_catalog.oid", name(table));
    let tables: Vec<_> = order.tables.iter().map(of).collect();
    format!(
        "WITH RECURSIVE found AS (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid IN ({}) \
         UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN found ON i.inhparent = found.oid) \
         SELECT n.nspname::text, c.relname::text, c.relkind::text FROM found JOIN pg_catalog.pg_class c USING (oid) \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2",
        tables.join(", ")
    )
}

/// A pattern that means one table: what stands in quotes is taken as it is.
fn pattern(schema: &str, table: &str) -> String {
    format!("{}.{}", ident(schema), ident(table))
}

/// Where to connect to, without the password.
fn address(login: &Login) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let mut address = String::from("postgresql://");
    if let Some(user) = &login.user {
        address.push_str(&format!("{}@", encoded(user)));
    }
    address.push_str(login.host.as_deref().unwrap_or_default());
    if let Some(port) = login.port {
        address.push_str(&format!(":{port}"));
    }
    address.push_str(&format!("/{}", encoded(&login.database)));
    let socket = login.socket.iter().map(|socket| ("host", socket.as_str()));
    let known = |(name, _): &(&str, &str)| *name != "application_name";
    for (at, (name, value)) in socket.chain(login.libpq_options().filter(known)).enumerate() {
        address.push_str(&format!("{}{name}={}", if at == 0 { '?' } else { '&' }, encoded(value)));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Target;

    fn address_of(url: &str) -> String {
        address(&Login::of(&Target::parse(url).unwrap()).unwrap())
    }

    #[test]
    fn the_address_is_libpqs_and_holds_no_password() {
        assert_eq!(
            address_of("postgres://u%40x:s3cret@h:5433/ten%20ant?ssl-mode=require&ssl-ca=/c%20a.pem"),
            "postgresql://u%40x@h:5433/ten%20ant?sslmode=require&sslrootcert=%2Fc%20a.pem"
        );
        assert_eq!(
            address_of("postgres:///db?host=/run/pg&port=5433&user=u&password=p"),
            "postgresql://u@:5433/db?host=%2Frun%2Fpg"
        );
    }

    #[test]
    fn patterns_mean_one_table() {
        assert_eq!(pattern("public", "a\"b*.c"), "\"public\".\"a\"\"b*.c\"");
    }
}
