//! What a login may do beyond one database. Code of a tenant's that it sets off may do the same.

use super::grants::{self, Grant, Object};
use super::{MysqlSession, column, scratch};
use crate::db::DbError;
use crate::model::Vendor;

/// Rights on the whole server with which nothing can be read or changed that belongs to somebody.
const HARMLESS: [&str; 2] = ["USAGE", "SHOW DATABASES"];

/// Databases that everybody sees.
const OPEN: [&str; 2] = ["information_schema", "performance_schema"];

impl MysqlSession {
    /// What this session's login may do beyond a database and scratch databases: a clause, nothing if that is nothing.
    pub(super) async fn beyond(&mut self, database: &str) -> Result<Option<String>, DbError> {
        let doing = "find out what the login may do";
        let mut lines = column(self.ask("SHOW GRANTS", doing).await?);
        let roles: Vec<String> = lines.iter().filter_map(|line| grants::granted_roles(line)).collect();
        if !roles.is_empty() && self.platform.vendor == Vendor::Mysql {
            let sql = format!("SHOW GRANTS FOR CURRENT_USER() USING {}", roles.join(", "));
            lines = column(self.ask(&sql, doing).await?);
            lines.retain(|line| grants::granted_roles(line).is_none());
        }
        let seen = column(self.ask("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA", doing).await?);
        Ok(beyond(&lines, &seen, database))
    }
}

/// What these grants give beyond a database, for a login that sees these.
fn beyond(lines: &[String], seen: &[String], database: &str) -> Option<String> {
    let is_other = |name: &&String| *name != database && !OPEN.contains(&name.as_str()) && !scratch::is_scratch(name);
    let others: Vec<&String> = seen.iter().filter(is_other).collect();
    let mut sees_all = false;
    for line in lines.iter().filter(|line| !line.starts_with("REVOKE ")) {
        let Some(grant) = Grant::parse(line) else { return Some(format!("has more than can be told: {line}")) };
        sees_all |= grant.has("SHOW DATABASES");
        if let Some(more) = more(&grant, &others, database) {
            return Some(more);
        }
    }
    let open = others.first().filter(|_| !sees_all);
    open.map(|name| format!("has rights in {name} that everybody has"))
}

fn more(grant: &Grant, others: &[&String], database: &str) -> Option<String> {
    let rights = || grant.rights.join(", ");
    match &grant.on {
        Object::Server if grant.rights.iter().all(|right| HARMLESS.contains(&right.as_str())) => None,
        Object::Server => Some(format!("has {} on the whole server", rights())),
        Object::Database(_) => {
            let other = others.iter().find(|name| grant.covers(name))?;
            Some(format!("has {} in {other}", rights()))
        }
        Object::Within(name) if name == database => None,
        Object::Within(name) => Some(format!("has {} in {name}", rights())),
        Object::Role(role) => Some(format!("can take the role {role}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], seen: &[&str]) -> Option<String> {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        beyond(&texts(lines), &texts(seen), "tenant_a")
    }

    const PLAIN: &str = "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*12A' REQUIRE SSL";

    #[test]
    fn an_applications_own_user_has_nothing_elsewhere() {
        let seen = ["information_schema", "performance_schema", "tenant_a", "undrift_scratch_1_a"];
        for own in [
            "GRANT ALL PRIVILEGES ON `tenant_a`.* TO `u`@`%` WITH GRANT OPTION",
            r"GRANT SELECT, INSERT ON `tenant\_a`.* TO `u`@`%`",
            "GRANT SELECT (`x`) ON `tenant_a`.`t` TO `u`@`%`",
            "GRANT EXECUTE ON FUNCTION `tenant_a`.`f` TO `u`@`%`",
            r"GRANT ALL PRIVILEGES ON `undrift\_scratch\_%`.* TO `u`@`%`",
            "REVOKE SELECT ON `other`.* FROM `u`@`%`",
        ] {
            assert_eq!(of(&[PLAIN, own], &seen), None, "{own}");
        }
        assert_eq!(of(&["GRANT SHOW DATABASES ON *.* TO `u`@`%`"], &["tenant_a", "other"]), None);
    }

    #[test]
    fn everything_else_is_more() {
        let seen = ["information_schema", "tenant_a", "tenant_b"];
        for more in [
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
            "GRANT USAGE ON *.* TO `root`@`localhost` WITH GRANT OPTION",
            "GRANT CREATE USER ON *.* TO `u`@`%`",
            "GRANT BINLOG_ADMIN,SET_USER_ID ON *.* TO `u`@`%`",
            "GRANT SELECT ON `tenant_b`.* TO `u`@`%`",
            r"GRANT SELECT ON `tenant\_%`.* TO `u`@`%`",
            "GRANT SELECT ON `tenant__`.* TO `u`@`%`",
            "GRANT SELECT ON `tenant_b`.`t` TO `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `tenant_b`.`f` TO `u`@`%`",
            "GRANT `reader`@`%` TO `u`@`%`",
            "GRANT reader TO `u`@`%`",
            "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION",
            "SOMETHING NEW",
        ] {
            assert!(of(&[PLAIN, more], &seen).is_some(), "{more}");
        }
        assert!(of(&[PLAIN], &["tenant_a", "test"]).is_some());
    }
}
