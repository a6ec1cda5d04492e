//! A tenant on any of the engines, and the folder that undrift is run in.

use std::path::Path;

use super::{Cli, Output};

/// An engine to run a story on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    Postgres,
    Mariadb,
    Sqlite,
}

/// A database of its own, and a folder for files.
pub struct Tenant {
    pub engine: Engine,
    pub url: String,
    folder: tempfile::TempDir,
}

impl Tenant {
    /// An empty database.
    pub fn empty(engine: Engine) -> Self {
        let folder = super::folder();
        let url = match engine {
            Engine::Postgres => super::postgres().database("tenant"),
            Engine::Mariadb => super::mariadb().database("tenant"),
            Engine::Sqlite => {
                let file = folder.path().join("tenant.db");
                std::fs::write(&file, "").expect("the folder is ours");
                format!("sqlite:{}", file.display())
            }
        };
        Self { engine, url, folder }
    }

    /// Another tenant with the same structure, rows and files.
    pub fn copy(&self) -> Self {
        let folder = super::folder();
        for entry in std::fs::read_dir(self.path()).expect("the folder is ours").flatten() {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("the folder is ours");
            }
        }
        let url = match self.engine {
            Engine::Postgres => super::postgres().copy(&self.url),
            Engine::Mariadb => super::mariadb().copy(&self.url),
            Engine::Sqlite => format!("sqlite:{}", folder.path().join("tenant.db").display()),
        };
        Self { engine: self.engine, url, folder }
    }

    /// The database's structure, as the engine's own tool writes it.
    pub fn dump(&self) -> String {
        match self.engine {
            Engine::Postgres => super::postgres().dump(&self.url),
            Engine::Mariadb => super::mariadb().dump(&self.url),
            Engine::Sqlite => super::sqlite_query(&self.url, ".schema"),
        }
    }

    /// The folder that undrift is run in.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("the folder is ours");
    }

    /// Runs undrift in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Cli::new().folder(self.path()).run(arguments)
    }

    /// Runs undrift in the folder, on a terminal, with a person who answers every question with these words.
    pub fn answered(&self, arguments: &[&str], answer: &str) -> Output {
        Cli::new().folder(self.path()).answered(arguments, answer)
    }

    /// Runs a script with the engine's own client.
    pub fn sql(&self, script: &str) {
        match self.engine {
            Engine::Postgres => super::postgres().sql(&self.url, script),
            Engine::Mariadb => super::mariadb().sql(&self.url, script),
            Engine::Sqlite => super::sqlite_sql(&self.url, script),
        }
    }

    /// Whether a script goes through.
    pub fn takes(&self, script: &str) -> bool {
        match self.engine {
            Engine::Postgres => super::postgres().takes(&self.url, script),
            Engine::Mariadb => super::mariadb().takes(&self.url, script),
            Engine::Sqlite => super::sqlite_takes(&self.url, script),
        }
    }

    /// What a query returns.
    pub fn query(&self, query: &str) -> String {
        match self.engine {
            Engine::Postgres => super::postgres().query(&self.url, query),
            Engine::Mariadb => super::mariadb().query(&self.url, query),
            Engine::Sqlite => super::sqlite_query(&self.url, query),
        }
    }
}
