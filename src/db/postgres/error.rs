//! What the driver's errors mean. Kinds are told by SQLSTATE and I/O error, never by words.

use std::io;

use sqlx::postgres::PgDatabaseError;

use super::pooling::REMEDY;
use crate::db::{DbError, Trouble};

/// What was being done when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The connection was being made.
    Connecting,
    /// The connection stood.
    Talking,
}

/// The driver's error in our words.
pub(crate) fn classify(error: sqlx::Error, moment: Moment, doing: &str) -> DbError {
    match error {
        sqlx::Error::Database(error) => from_server(error.downcast_ref::<PgDatabaseError>(), doing),
        sqlx::Error::Io(error) => DbError::new(from_io(&error, moment), doing, error.to_string()),
        sqlx::Error::Tls(error) => DbError::new(Trouble::Unreachable, doing, format!("TLS: {error}"))
            .with_remedy("check the certificates, or set sslmode in the URL to what the server offers"),
        sqlx::Error::Configuration(error) => DbError::new(Trouble::Usage, doing, error.to_string()),
        error if moment == Moment::Connecting => DbError::new(Trouble::Unreachable, doing, error.to_string()),
        error => DbError::new(Trouble::Disconnected, doing, error.to_string()),
    }
}

fn from_io(error: &io::Error, moment: Moment) -> Trouble {
    match (error.kind(), moment) {
        (io::ErrorKind::TimedOut, _) => Trouble::TimedOut,
        (_, Moment::Connecting) => Trouble::Unreachable,
        (_, Moment::Talking) => Trouble::Disconnected,
    }
}

fn from_server(error: &PgDatabaseError, doing: &str) -> DbError {
    let (code, message) = (error.code().to_owned(), error.message().to_owned());
    from_words(&Said { code, message, detail: error.detail().map(str::to_owned) }, doing)
}

/// What a server says of an error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) detail: Option<String>,
}

impl Said {
    /// Reads the fields of an error message of the protocol: a letter and a text each.
    pub(super) fn read(fields: &[u8]) -> Self {
        let mut said = Self::default();
        for field in fields.split(|byte| *byte == 0) {
            let text = || String::from_utf8_lossy(&field[1..]).into_owned();
            match field.first() {
                Some(b'C') => said.code = text(),
                Some(b'M') => said.message = text(),
                Some(b'D') => said.detail = Some(text()),
                _ => {}
            }
        }
        said
    }
}

/// A server's error in our words.
pub(super) fn from_words(said: &Said, doing: &str) -> DbError {
    let (code, mut message) = (said.code.as_str(), said.message.clone());
    // The detail of a data error quotes the row, which may hold what nobody should read.
    let quotes_rows = code.starts_with("22") || code.starts_with("23");
    if let Some(detail) = said.detail.as_ref().filter(|_| !quotes_rows) {
        message.push('\n');
        message.push_str(detail);
    }
    let error = DbError::new(from_sqlstate(code), doing, message).with_code(code);
    // The server and the driver get along, so this is somebody between them.
    if code == "08P01" { error.with_remedy(pooler()) } else { error }
}

/// What to do where somebody in between does not understand.
fn pooler() -> String {
    let parameters = "that takes the driver's parameters (PgBouncer: ignore_startup_parameters = extra_float_digits)";
    format!("a connection pooler is in between: {REMEDY} {parameters}")
}

/// The kind of trouble that a SQLSTATE stands for.
pub(super) fn from_sqlstate(code: &str) -> Trouble {
    match code {
        "08P01" => Trouble::Usage,
        "28P01" | "28000" => Trouble::LoginRefused,
        "3D000" => Trouble::NoDatabase,
        "42501" => Trouble::Privilege,
        "53300" => Trouble::TooManyConnections,
        "53100" => Trouble::DiskFull,
        "55P03" => Trouble::LockTimeout,
        // A serialisation failure passes like a deadlock: by trying again.
        "40P01" | "40001" => Trouble::Deadlock,
        "57014" => Trouble::TimedOut,
        "57P03" => Trouble::Unreachable,
        "57P01" | "57P02" | "25P03" => Trouble::Disconnected,
        "25006" => Trouble::ReadOnly,
        _ => match &code.get(..2) {
            Some("08") => Trouble::Disconnected,
            Some("22" | "23") => Trouble::Data,
            _ => Trouble::Statement,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_server_says() {
        let said = Said::read(b"SFATAL\0VFATAL\0C3D000\0Mno such\0Dnone\0\0");
        assert_eq!(said, Said { code: "3D000".into(), message: "no such".into(), detail: Some("none".into()) });
        assert_eq!(from_words(&said, "connect").trouble, Trouble::NoDatabase);
    }

    #[test]
    fn tells_kinds_by_code() {
        for (code, trouble) in [
            ("28P01", Trouble::LoginRefused),
            ("23505", Trouble::Data),
            ("22001", Trouble::Data),
            ("08006", Trouble::Disconnected),
            ("42P07", Trouble::Statement),
            ("", Trouble::Statement),
        ] {
            assert_eq!(from_sqlstate(code), trouble, "{code}");
        }
    }
}
