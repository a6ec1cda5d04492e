//! Which server and database an address leads to, however it is written.

use crate::db::Target;
use crate::model::Engine;

/// The same text for addresses of the same database, whoever logs in there.
pub(super) fn of(target: &Target) -> String {
    match (server(target), target.url()) {
        (Some(server), Ok(url)) => format!("{server}{}", url.path()),
        _ => file(target),
    }
}

/// The same text for addresses of the same server. A SQLite file has none.
pub(super) fn server(target: &Target) -> Option<String> {
    let usual_port = match target.engine() {
        Engine::Postgres => 5432,
        Engine::Mysql => 3306,
        Engine::Sqlite => return None,
    };
    let url = target.url().ok()?;
    let parameter = |wanted: &[&str]| {
        url.query_pairs().find(|(name, _)| wanted.contains(&name.as_ref())).map(|(_, value)| value.into_owned())
    };
    let host = parameter(&["host", "hostaddr", "socket"]).or_else(|| url.host_str().map(str::to_lowercase));
    let host = match host.as_deref().unwrap_or_default() {
        "" | "127.0.0.1" | "[::1]" | "::1" => "localhost".to_owned(),
        other => other.to_owned(),
    };
    let port = parameter(&["port"]).or_else(|| url.port().map(|port| port.to_string()));
    Some(format!("{}:{host}:{}", target.engine(), port.unwrap_or_else(|| usual_port.to_string())))
}

fn file(target: &Target) -> String {
    let path = target.path();
    let path = path.canonicalize().or_else(|_| std::path::absolute(&path)).unwrap_or(path);
    format!("sqlite:{}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        of(&Target::parse(a).unwrap()) == of(&Target::parse(b).unwrap())
    }

    #[test]
    fn sees_through_spellings() {
        assert!(same("postgres://a:x@localhost/d", "postgresql://b@127.0.0.1:5432/d?sslmode=require"));
        assert!(same("mysql://a@DB1/d", "mariadb://b@db1:3306/d"));
        assert!(same("postgres://a@localhost/d?host=/run/s", "postgres://b@x/d?host=/run/s"));
        assert!(same("sqlite:src/../Cargo.toml", "sqlite://Cargo.toml?mode=ro"));
        assert!(!same("postgres://a@h/d", "postgres://a@h/e"));
        assert!(!same("postgres://a@h/d", "postgres://a@h:5433/d"));
        assert!(!same("postgres://a@h/d", "mysql://a@h:5432/d"));
    }
}
