//! Connecting, and asking the server who and where it is.

use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;

use super::wire::{Answer, Wire};
use super::{MysqlSession, SETTINGS};
use crate::db::{DbError, Patience, Place, Target, Trouble};
use crate::dialect::mysql::names::is_word;
use crate::model::{Platform, Vendor, Version};

const IDENTITY: &str = include_str!("queries/identity.sql");

/// Connects to a target.
pub(super) async fn connect(target: &Target, patience: Patience) -> Result<MysqlSession, DbError> {
    let doing = format!("connect to {target}");
    let mut wire = Wire::open(options(target)?, patience.connect, &doing).await?;
    let answers = wire.ask(&format!("{SETTINGS};\n{IDENTITY}"), patience.connect, &doing).await?;
    let row = answers.last().and_then(|answer: &Answer| answer.rows.first());
    let row = row.ok_or_else(|| DbError::new(Trouble::Unreachable, &doing, "the server does not say what it is"))?;
    let field = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    wire.numbered(field(4).parse().unwrap_or_default());
    Ok(MysqlSession {
        wire,
        target: target.clone(),
        overseer: target.clone(),
        platform: platform(&field(0), &field(1), default_word(&field(5), &doing)?, default_word(&field(6), &doing)?),
        place: Place { database: field(2), user: field(3) },
        role: field(7),
        implicit_timestamps: field(8) == "0",
        charsets: None,
        grants: None,
        patience,
        statement: patience.read,
        pending: None,
        tables_locked: false,
    })
}

/// The driver's own ideas of a session (`||` as concatenation, a time zone) are switched off: ours are in
/// `queries/settings.sql`.
fn options(target: &Target) -> Result<MySqlConnectOptions, DbError> {
    let doing = format!("connect to {target}");
    let url = target.url()?;
    let options = MySqlConnectOptions::from_url(&url)
        .map_err(|failure| DbError::new(Trouble::Usage, doing, failure.to_string()))?;
    Ok(options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(0)
        .disable_statement_logging())
}

/// A character set or collation as a server names it; none where it names none. Statements hold these words, so nothing
/// but a word is taken for one.
pub(super) fn default_word(said: &str, doing: &str) -> Result<Option<String>, DbError> {
    match said {
        "" => Ok(None),
        word if is_word(word) => Ok(Some(word.to_ascii_lowercase())),
        other => {
            let message = format!("the server says that its database's character set or collation is `{other}`");
            Err(DbError::new(Trouble::Unreadable, doing, message)
                .with_remedy("look at the server: a character set and a collation are one word each"))
        }
    }
}

fn platform(version: &str, comment: &str, charset: Option<String>, collation: Option<String>) -> Platform {
    let mariadb = [version, comment].iter().any(|text| text.to_ascii_lowercase().contains("mariadb"));
    let vendor = if mariadb { Vendor::Mariadb } else { Vendor::Mysql };
    Platform { charset, collation, ..Platform::new(vendor, numbers(version)) }
}

/// The numbers in front of a version: `5.5.5-10.11.6-MariaDB` (an old disguise), `8.0.36-0ubuntu0`.
fn numbers(version: &str) -> Version {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    Version(next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_vendors_and_versions() {
        let of = |version, comment| {
            let platform = platform(version, comment, None, None);
            (platform.vendor, platform.version)
        };
        assert_eq!(of("10.11.19-MariaDB-0+deb12u1", "Debian 12"), (Vendor::Mariadb, Version(10, 11, 19)));
        assert_eq!(of("5.5.5-10.6.4-MariaDB", ""), (Vendor::Mariadb, Version(10, 6, 4)));
        assert_eq!(of("8.0.36-0ubuntu0.22.04.1", "(Ubuntu)"), (Vendor::Mysql, Version(8, 0, 36)));
    }

    #[test]
    fn a_character_set_is_a_word() {
        assert_eq!(default_word("UTF8MB4", "connect").unwrap().as_deref(), Some("utf8mb4"));
        assert_eq!(default_word("", "connect").unwrap(), None);
        for hostile in ["utf8mb4; drop database prod; -- ", "utf8mb4 collate x", "`utf8`", "utf8\0"] {
            let error = default_word(hostile, "connect").unwrap_err();
            assert_eq!(error.trouble, Trouble::Unreadable, "{hostile}");
        }
    }
}
