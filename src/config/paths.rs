//! Relative paths and database URLs: both are resolved against the folder of the file that names them.

use std::path::{Path, PathBuf};

use crate::model::Engine;

/// The folder that a file's paths are relative to. Empty for the working directory.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The engine that a URL is for, told by its scheme.
pub(super) fn engine_of(url: &str) -> Option<Engine> {
    match url.split_once(':')?.0 {
        "postgres" | "postgresql" => Some(Engine::Postgres),
        "mysql" | "mariadb" => Some(Engine::Mysql),
        "sqlite" => Some(Engine::Sqlite),
        _ => None,
    }
}

/// A URL with a relative SQLite path resolved; every other URL as it is.
pub(super) fn resolve_url(url: &str, folder: &Path) -> String {
    let Some(rest) = url.strip_prefix("sqlite:") else { return url.to_owned() };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    if path.is_empty() {
        return url.to_owned();
    }
    format!("sqlite:{}{query}", folder.join(path).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_paths_are_relative_to_the_file() {
        let resolve = |url| resolve_url(url, Path::new("/etc/undrift"));
        assert_eq!(resolve("sqlite://a b.db?mode=ro"), "sqlite:/etc/undrift/a b.db?mode=ro");
        assert_eq!(resolve("sqlite:a.db"), "sqlite:/etc/undrift/a.db");
        assert_eq!(resolve("sqlite:///var/a.db"), "sqlite:/var/a.db");
        assert_eq!(resolve("postgres://h/a"), "postgres://h/a");
        assert_eq!(resolve_url("sqlite://a.db", Path::new("")), "sqlite:a.db");
    }
}
