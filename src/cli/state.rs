//! undrift's own state, as commands use it.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::{Cli, Failure};
use crate::config::Config;
use crate::db::Target;
use crate::model::{Engine, Hash};
use crate::policy::{self, Policy, Waiver};
use crate::reconcile::Past;
use crate::store::{AnswerError, RequestError, Store, StoreError, TenantRecord, WaiverRecord};

/// Opens the state that the configuration names. One that is not there yet is made.
pub async fn open(cli: &Cli) -> Result<Store, Failure> {
    Ok(Store::open(&config(cli)?.state).await?)
}

/// Opens the state for looking: one that is not there has nothing to show.
pub async fn existing(cli: &Cli) -> Result<Store, Failure> {
    let config = config(cli)?;
    let target = Target::parse(config.state.expose_secret())?;
    if target.engine() == Engine::Sqlite && !target.path().exists() {
        let message = format!("undrift has no state yet: {target} is not there");
        return Err(Failure::new(
            message,
            "start the service with `undrift run`, or name its configuration with --config",
        ));
    }
    Ok(Store::open(&config.state).await?)
}

/// The policy that the configuration names.
pub fn policy(cli: &Cli) -> Result<Policy, Failure> {
    match config(cli)?.policy {
        Some(path) => Ok(policy::load(&path)?),
        None => Ok(Policy::default()),
    }
}

/// What a state says that matters to a command which looks at tenants by itself.
#[derive(Default)]
pub struct Remembered {
    /// What people waived.
    pub waivers: Vec<Waiver>,
    /// What the service knows of tenants, by name.
    pub pasts: BTreeMap<String, Past>,
}

/// What the state says that a configuration names; nothing, if there is no state.
pub async fn remembered(config: &Config) -> Result<Remembered, Failure> {
    let target = Target::parse(config.state.expose_secret())?;
    if target.engine() == Engine::Sqlite && !target.path().exists() {
        return Ok(Remembered::default());
    }
    let store = Store::open(&config.state).await?;
    let (waivers, tenants) = (store.waivers(false).await?, store.tenants().await?);
    store.close().await;
    let past = |record: TenantRecord| (record.name, Past { kept: record.kept, had_tables: record.had_tables });
    Ok(Remembered {
        waivers: waivers.iter().filter_map(WaiverRecord::waiver).collect(),
        pasts: tenants.into_iter().map(past).collect(),
    })
}

/// The secret of the state that a configuration names; nothing, if there is no state.
pub async fn secret(config: &Config) -> Result<Option<Hash>, Failure> {
    let target = Target::parse(config.state.expose_secret())?;
    if target.engine() == Engine::Sqlite && !target.path().exists() {
        return Ok(None);
    }
    let store = Store::open(&config.state).await?;
    let secret = store.secret().await?;
    store.close().await;
    Ok(Some(secret))
}

fn config(cli: &Cli) -> Result<Config, Failure> {
    if !cli.config.exists() {
        let message = format!("{} is not there", cli.config.display());
        return Err(Failure::new(message, "name the configuration of the service with --config"));
    }
    Ok(Config::load(&cli.config, &|name| std::env::var(name).ok())?)
}

/// Who sits at the command line.
pub fn login() -> String {
    let variable = |name| std::env::var(name).ok().filter(|login| !login.is_empty());
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable).unwrap_or_else(|| "somebody".to_owned())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::new(error.to_string(), error.advice())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Store(error) => error.into(),
            RequestError::Selection(error) => Failure::new(error.to_string(), ""),
            RequestError::Nobody { .. } => Failure::new(
                error.to_string(),
                "look at the names in the configuration; without --tenant it is about all",
            ),
        }
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        let next = match &error {
            AnswerError::NotFound => "`undrift approvals` lists the questions that wait for an answer",
            AnswerError::Ambiguous => "write more of the id; `undrift approvals` shows it",
            AnswerError::AlreadyAnswered(asked) => return answered(&error, asked),
            AnswerError::Expired | AnswerError::Withdrawn => "if it is still needed, the next pass asks anew",
            AnswerError::Store(error) => error.advice(),
        };
        Failure::new(error.to_string(), next)
    }
}

fn answered(error: &AnswerError, asked: &crate::store::ApprovalRecord) -> Failure {
    let by = asked.answer.as_ref().map(|answer| format!(" by {} at {}", answer.who, answer.at)).unwrap_or_default();
    Failure::new(
        format!("{error}{by}"),
        format!("`undrift approvals {}` shows the answer: the first one counts", asked.id),
    )
}
