//! Trouble told from error numbers. The server's words may be in any language and are only shown.

use sqlx::mysql::MySqlDatabaseError;

use crate::db::{DbError, Trouble};

/// An error while connecting.
pub(super) fn connecting(failure: &sqlx::Error, doing: &str) -> DbError {
    let error = of(failure, doing, Trouble::Unreachable);
    match error.code.as_deref() {
        Some("1044") => error.with_remedy("grant the login access to this database, or check the database's name"),
        _ => error,
    }
}

/// An error while running a statement.
pub(super) fn statement(failure: &sqlx::Error, doing: &str) -> DbError {
    of(failure, doing, Trouble::Disconnected)
}

fn of(failure: &sqlx::Error, doing: &str, wire: Trouble) -> DbError {
    match failure {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<MySqlDatabaseError>() {
            Some(own) => DbError::new(numbered(own.number()), doing, own.message()).with_code(own.number().to_string()),
            None => DbError::new(Trouble::Statement, doing, database.message()),
        },
        sqlx::Error::Io(io) => DbError::new(wire, doing, io.to_string()),
        sqlx::Error::Tls(tls) => DbError::new(Trouble::Unreachable, doing, format!("TLS: {tls}"))
            .with_remedy("check the server's certificate and the ssl-mode and ssl-ca of the URL"),
        sqlx::Error::Configuration(cause) => DbError::new(Trouble::Usage, doing, cause.to_string()),
        sqlx::Error::Protocol(words) => DbError::new(wire, doing, words.as_str())
            .with_remedy("log in over TLS or a socket: undrift does not send passwords over an open connection"),
        other => DbError::new(Trouble::Statement, doing, other.to_string()),
    }
}

/// The error with what to do where the server does not prepare a statement of this kind.
pub(super) fn not_prepared(error: DbError, sql: &str) -> DbError {
    match error.code.as_deref() {
        Some("1295") => error.with_statement(sql).with_remedy(
            "leave it out: this server takes such a statement only in a way in which it could hold others",
        ),
        _ => error,
    }
}

/// The kind of trouble behind an error number of MySQL or MariaDB.
fn numbered(number: u16) -> Trouble {
    match number {
        1045 | 1130 | 1250 | 1251 | 1275 | 1524 | 1698 | 1820 | 1862 | 3118 | 3955 | 4151 => Trouble::LoginRefused,
        1049 => Trouble::NoDatabase,
        1044 | 1095 | 1131 | 1132 | 1141 | 1142 | 1143 | 1147 | 1211 | 1227 | 1370 | 1396 | 1410 | 1419 => {
            Trouble::Privilege
        }
        1040 | 1203 | 1226 | 1041 => Trouble::TooManyConnections,
        1205 | 3572 => Trouble::LockTimeout,
        1213 | 1614 => Trouble::Deadlock,
        1317 | 1969 | 3024 => Trouble::TimedOut,
        1053 | 1077 | 1079 | 1080 | 1152..=1161 | 1184 | 1189 | 1190 | 1927 | 2006 | 2013 => Trouble::Disconnected,
        1129 => Trouble::Unreachable,
        1036 | 1290 | 1792 | 1836 | 3100 => Trouble::ReadOnly,
        1021 | 1114 | 3675 => Trouble::DiskFull,
        // 4092: a table of MySQL can be altered instantly so many times only.
        1845 | 1846 | 4092 => Trouble::NotThatWay,
        1022
        | 1048
        | 1062
        | 1138
        | 1169
        | 1216
        | 1217
        | 1242
        | 1263..=1265
        | 1292
        | 1365
        | 1366
        | 1367
        | 1369
        | 1406
        | 1411
        | 1416
        | 1441
        | 1451
        | 1452
        | 1525
        | 1557
        | 1586
        | 1690
        | 1761
        | 1762
        | 3140
        | 3819
        | 4025 => Trouble::Data,
        _ => Trouble::Statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_what_to_do() {
        assert_eq!(numbered(1045), Trouble::LoginRefused);
        assert_eq!(numbered(1049), Trouble::NoDatabase);
        assert_eq!(numbered(1142), Trouble::Privilege);
        assert_eq!(numbered(1205), Trouble::LockTimeout);
        assert_eq!(numbered(1062), Trouble::Data);
        assert_eq!(numbered(1064), Trouble::Statement);
    }
}
