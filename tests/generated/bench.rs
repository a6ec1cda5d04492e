//! Throw-away databases on a private server.

use undrift::model::Engine;

use crate::support;

pub struct Bench {
    pub engine: Engine,
}

/// A database that is there until it is discarded; a failure leaves it to the server's own end.
pub struct Database {
    pub url: String,
    folder: Option<tempfile::TempDir>,
}

impl Bench {
    /// An empty database.
    pub fn database(&self) -> Database {
        match self.engine {
            Engine::Postgres => Database { url: support::postgres().database("pair"), folder: None },
            Engine::Mysql => Database { url: support::mariadb().database("pair"), folder: None },
            Engine::Sqlite => {
                let (folder, url) = support::sqlite("");
                Database { url, folder: Some(folder) }
            }
        }
    }

    pub fn discard(&self, database: Database) {
        let name = database.url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        match self.engine {
            Engine::Postgres => {
                let server = support::postgres();
                server.sql(&server.url("postgres"), &format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
            }
            Engine::Mysql => {
                let server = support::mariadb();
                server.sql(&server.url("mysql"), &format!("DROP DATABASE `{name}`"));
            }
            Engine::Sqlite => drop(database.folder),
        }
    }

    pub fn sql(&self, url: &str, sql: &str) {
        match self.engine {
            Engine::Postgres => support::postgres().sql(url, sql),
            Engine::Mysql => support::mariadb().sql(url, sql),
            Engine::Sqlite => support::sqlite_sql(url, sql),
        }
    }

    pub fn query(&self, url: &str, sql: &str) -> String {
        match self.engine {
            Engine::Postgres => support::postgres().query(url, sql),
            Engine::Mysql => support::mariadb().query(url, sql),
            Engine::Sqlite => support::sqlite_query(url, sql),
        }
    }
}
