//! MySQL and MariaDB: `mariadb-dump` or `mysqldump` of some tables, as SQL.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use secrecy::ExposeSecret;
use tokio::process::Command;

use super::place::Place;
use super::tool::Tool;
use super::{BackupError, Made, Order};
use crate::db::{Connection, Login, Session};
use crate::model::Vendor;

pub(super) const MARIADB: Tool = Tool { name: "mariadb-dump", package: "mariadb-client" };
pub(super) const MYSQL: Tool = Tool { name: "mysqldump", package: "default-mysql-client" };

/// What a dump ends with, and only a whole one.
const END: &[u8] = b"-- Dump completed";

/// How far from the end that stands at most.
const END_WITHIN: u64 = 4096;

/// A dump of some tables of one database. `loose-` options are taken by whichever of the tools knows them; what the
/// others mean is in <https://mariadb.com/kb/en/mariadb-dump/>. A dump drops no table that is there when it is read in.
const OPTIONS: [&str; 10] = [
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--no-tablespaces",
    "--skip-add-drop-table",
    "--skip-add-locks",
    "--comments",
    "--default-character-set=utf8mb4",
    "--loose-set-gtid-purged=OFF",
    "--loose-column-statistics=0",
];

pub(super) struct Dump {
    tools: [Tool; 2],
    settings: String,
    database: String,
    tables: Vec<String>,
}

impl Dump {
    pub(super) fn of(session: &Session, order: &Order<'_>) -> Result<Self, BackupError> {
        let login = Login::of(order.target)?;
        let tools = if session.platform().vendor == Vendor::Mysql { [MYSQL, MARIADB] } else { [MARIADB, MYSQL] };
        let tables = order.tables.iter().map(|table| table.name.clone()).collect();
        Ok(Self { tools, settings: settings(&login), database: session.place().database.clone(), tables })
    }

    pub(super) async fn make(&self, place: &Place) -> Result<Made, BackupError> {
        let file = place.create()?;
        let [first, second] = &self.tools;
        let made = match self.run(first, &file).await {
            Err(BackupError::NoTool { .. }) => self.run(second, &file).await.map(|()| second),
            made => made.map(|()| first),
        };
        let tool = match made {
            Err(BackupError::NoTool { .. }) => {
                return Err(BackupError::NoTool { tool: first.name, package: first.package });
            }
            made => made?,
        };
        is_whole(place, tool).map(|()| Made::File)
    }

    /// The login goes through a pipe, so that the password is in no file that could be left behind.
    async fn run(&self, tool: &Tool, file: &File) -> Result<(), BackupError> {
        let output = file.try_clone().map_err(|error| BackupError::file(Path::new(tool.name), error))?;
        let mut command = Command::new(tool.name);
        command.arg("--defaults-file=/dev/stdin").args(OPTIONS);
        command.arg("--").arg(&self.database).args(&self.tables);
        tool.fed(command.stdout(output), Some(&self.settings)).await.map(drop)
    }
}

/// The login as an option file. What is in quotes there is taken as it is, but for backslashes.
fn settings(login: &Login) -> String {
    let mut lines = vec!["[client]".to_owned()];
    let mut say = |name: &str, value: &str| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
        lines.push(format!("{name}=\"{value}\""));
    };
    match (&login.socket, &login.host) {
        (Some(socket), _) => say("socket", socket),
        (None, host) => {
            say("host", host.as_deref().unwrap_or("localhost"));
            // Otherwise the tools take `localhost` for a socket.
            say("protocol", "tcp");
        }
    }
    login.port.into_iter().for_each(|port| say("port", &port.to_string()));
    login.user.iter().for_each(|user| say("user", user));
    login.password.iter().for_each(|password| say("password", password.expose_secret()));
    for (name, names) in
        [("ssl-ca", ["sslca", "ssl-ca"]), ("ssl-cert", ["sslcert", "ssl-cert"]), ("ssl-key", ["sslkey", "ssl-key"])]
    {
        login.option(&names).into_iter().for_each(|value| say(name, value));
    }
    // MySQL's tools know one word for it, MariaDB's two switches.
    if let Some(mode) = login.option(&["sslmode", "ssl-mode"]) {
        let mode = mode.to_ascii_uppercase();
        say("loose-ssl-mode", &mode);
        lines.extend(match mode.as_str() {
            "DISABLED" => vec!["loose-skip-ssl".to_owned()],
            "VERIFY_IDENTITY" => vec!["loose-ssl".to_owned(), "loose-ssl-verify-server-cert".to_owned()],
            "PREFERRED" => Vec::new(),
            _ => vec!["loose-ssl".to_owned()],
        });
    }
    lines.join("\n") + "\n"
}

/// A tool that was cut short writes no end.
fn is_whole(place: &Place, tool: &Tool) -> Result<(), BackupError> {
    let end = || {
        let mut file = File::open(place.partial())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END_WITHIN)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    let end = end().map_err(|error| BackupError::file(place.partial(), error))?;
    if end.windows(END.len()).any(|window| window == END) {
        return Ok(());
    }
    Err(BackupError::Incomplete { tool: tool.name.to_owned(), why: "its end is missing".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Target;

    #[test]
    fn the_login_is_written_as_the_tools_read_it() {
        let login =
            Login::of(&Target::parse("mysql://u:a%22b%5Cc@h:3307/db?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca").unwrap());
        let expected = "[client]\nhost=\"h\"\nprotocol=\"tcp\"\nport=\"3307\"\nuser=\"u\"\npassword=\"a\\\"b\\\\c\"\n\
                        ssl-ca=\"/ca\"\nloose-ssl-mode=\"VERIFY_IDENTITY\"\nloose-ssl\nloose-ssl-verify-server-cert\n";
        assert_eq!(settings(&login.unwrap()), expected);
        let socket = Login::of(&Target::parse("mysql://u@localhost/db?socket=/s").unwrap()).unwrap();
        assert_eq!(settings(&socket), "[client]\nsocket=\"/s\"\nuser=\"u\"\n");
    }
}
