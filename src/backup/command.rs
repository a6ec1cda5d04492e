//! A command of the user's: told everything in its environment, and believed when it leaves a file or says where it put
//! the backup.

use std::process::Stdio;

use secrecy::ExposeSecret;
use tokio::process::Command as Process;

use super::place::Place;
use super::tool::Tool;
use super::{BackupError, Made, Order};
use crate::db::Login;
use crate::model::Engine;

const SHELL: Tool = Tool { name: "the backup command", package: "dash" };

/// A command with what it is told.
pub(super) struct Command {
    script: String,
    environment: Vec<(&'static str, String)>,
}

impl Command {
    pub(super) fn new(script: &str, order: &Order<'_>) -> Result<Self, BackupError> {
        let tables: Vec<_> = order.tables.iter().map(ToString::to_string).collect();
        let mut environment = vec![
            ("UNDRIFT_TENANT", order.tenant.to_owned()),
            ("UNDRIFT_ENGINE", order.target.engine().key().to_owned()),
            ("UNDRIFT_TABLES", tables.join("\n")),
            ("UNDRIFT_PLAN", order.plan.to_string()),
        ];
        environment.extend(match order.target.engine() {
            Engine::Sqlite => vec![("UNDRIFT_DATABASE", order.target.path().display().to_string())],
            Engine::Postgres | Engine::Mysql => login(&Login::of(order.target)?),
        });
        Ok(Self { script: script.to_owned(), environment })
    }

    pub(super) async fn make(&self, place: &Place) -> Result<Made, BackupError> {
        let mut process = Process::new("sh");
        process.args(["-c", &self.script]).envs(self.environment.iter().cloned()).stdout(Stdio::piped());
        process.env("UNDRIFT_BACKUP_FILE", place.partial());
        let said = SHELL.run(&mut process).await?;
        if place.bytes() > 0 {
            return Ok(Made::File);
        }
        match said.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(elsewhere) => Ok(Made::Elsewhere(elsewhere.to_owned())),
            None => Err(BackupError::Incomplete {
                tool: SHELL.name.to_owned(),
                why: "it wrote nothing to $UNDRIFT_BACKUP_FILE, and did not print where the backup is".to_owned(),
            }),
        }
    }
}

fn login(login: &Login) -> Vec<(&'static str, String)> {
    let mut known = vec![("UNDRIFT_DATABASE", login.database.clone())];
    let host = login.host.clone().or_else(|| login.socket.clone());
    known.extend(host.map(|host| ("UNDRIFT_HOST", host)));
    known.extend(login.port.map(|port| ("UNDRIFT_PORT", port.to_string())));
    known.extend(login.user.clone().map(|user| ("UNDRIFT_USER", user)));
    known.extend(login.password.as_ref().map(|secret| ("UNDRIFT_PASSWORD", secret.expose_secret().to_owned())));
    known
}
