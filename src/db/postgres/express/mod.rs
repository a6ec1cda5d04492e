//! The shortest conversation with a server that there is.
//!
//! Looking at a fleet, and changing it, means connecting to each of its tenants, so what a connection costs is what a
//! pass costs. The driver can do far more, but derives the keys of the same password again each time, takes rows apart
//! that are only hashed here, and does not know COPY between other statements. What is not spoken here (TLS, other ways
//! to log in) is left to the driver: then there is no connection and no error either.

mod frames;
mod login;
mod scram;

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::net::TcpStream;
use tokio::time::timeout;

use self::frames::{Frames, Stream, message};
pub(super) use self::login::Login;
pub(super) use self::scram::{Remembered, verifier};
use super::error::{Moment, Said, classify, from_words};
use super::sheet::Sheet;
use super::wire::{Answer, seconds};
use crate::db::{DbError, Patience, Trouble};

/// The question whether the server speaks TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What asks for the answer to all that was sent.
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];

/// A connection to one database.
pub(super) struct Express {
    frames: Frames,
    version: Option<u32>,
}

/// What can go wrong, here or on the driver's way.
pub(super) enum Failure {
    Io(io::Error),
    Server(Said),
    Driver(sqlx::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl Failure {
    /// In our words.
    pub(super) fn explain(self, moment: Moment, doing: &str) -> DbError {
        match self {
            Self::Io(error) => classify(sqlx::Error::Io(error), moment, doing),
            Self::Server(said) => from_words(&said, doing),
            Self::Driver(error) => classify(error, moment, doing),
        }
    }

    fn strange(message: &str) -> Self {
        Self::Io(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

impl Express {
    /// Connects and logs in. `None` if that takes more than is known here.
    pub(super) async fn connect(
        options: &PgConnectOptions,
        login: &Login<'_>,
        patience: Patience,
        doing: &str,
    ) -> Result<Option<Self>, DbError> {
        let connecting = async {
            let Some(mut frames) = reach(options).await? else { return Ok(None) };
            let version = login.carry_out(&mut frames, options).await?;
            Ok(version.map(|version| Self { frames, version }))
        };
        match timeout(patience.connect, connecting).await {
            Ok(connected) => connected.map_err(|failure: Failure| failure.explain(Moment::Connecting, doing)),
            Err(_) => {
                let message = format!("no answer within {}", seconds(patience.connect));
                Err(DbError::new(Trouble::TimedOut, doing, message))
            }
        }
    }

    /// The version's number as the server said it: `150004`.
    pub(super) fn version_number(&self) -> Option<u32> {
        self.version
    }

    /// Sends a message of statements and waits for the answer to each.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<Vec<Answer<Sheet>>, Failure> {
        self.frames.send(&message(Some(b'Q'), &[sql.as_bytes(), b"\0"])).await?;
        self.answers().await
    }

    /// Sends one statement. Several the server refuses in this form.
    pub(super) async fn ask_one(&mut self, sql: &str) -> Result<Answer<Sheet>, Failure> {
        self.frames.send(&[one(sql), SYNC.to_vec()].concat()).await?;
        let answer = self.answers().await?.into_iter().next();
        Ok(answer.unwrap_or(Answer { rows: Sheet::default(), affected: 0 }))
    }

    /// Sends statements one after the other without waiting. After one that fails the server skips the others.
    pub(super) async fn ask_each(&mut self, statements: &[String]) -> Result<(), Failure> {
        let mut parts: Vec<u8> = statements.iter().flat_map(|statement| one(statement)).collect();
        parts.extend(SYNC);
        self.frames.send(&parts).await?;
        self.answers().await.map(drop)
    }

    async fn answers(&mut self) -> Result<Vec<Answer<Sheet>>, Failure> {
        let (mut answers, mut rows) = (Vec::new(), Sheet::default());
        let mut said = None;
        loop {
            let frame = match (self.frames.next().await, said) {
                (Ok(frame), before) => {
                    said = before;
                    frame
                }
                // Who hangs up says why just before.
                (Err(_), Some(said)) => return Err(Failure::Server(said)),
                (Err(error), None) => return Err(error.into()),
            };
            match frame.kind {
                // Data of a query, or of a COPY.
                b'D' | b'd' => rows.push(frame.body),
                b'C' => answers.push(Answer { rows: std::mem::take(&mut rows), affected: affected(frame.body) }),
                b'E' => said = Some(Said::read(frame.body)),
                b'Z' => return said.map_or(Ok(answers), |said| Err(Failure::Server(said))),
                // Descriptions, acknowledgements, notices, settings.
                b'T' | b'H' | b'c' | b'I' | b'1' | b'2' | b'N' | b'S' | b'A' => {}
                _ => return Err(Failure::strange("the server sent something unknown")),
            }
        }
    }

    /// Ends the session. Whether the server hears of it does not matter.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(5), self.frames.send(&message(Some(b'X'), &[]))).await;
    }
}

/// One statement, in the form in which the server takes one alone.
fn one(sql: &str) -> Vec<u8> {
    let parse = message(Some(b'P'), &[b"\0", sql.as_bytes(), b"\0", &[0; 2]]);
    let bind = message(Some(b'B'), &[b"\0\0", &[0; 6]]);
    let execute = message(Some(b'E'), &[b"\0", &[0; 4]]);
    [parse, bind, execute].concat()
}

/// The 5 in `INSERT 0 5`.
fn affected(tag: &[u8]) -> u64 {
    let words = std::str::from_utf8(tag).unwrap_or_default().trim_end_matches('\0');
    words.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// A stream to the server that is not encrypted, unless it is to be.
async fn reach(options: &PgConnectOptions) -> io::Result<Option<Frames>> {
    let (host, port) = (options.get_host(), options.get_port());
    if matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        return Ok(None);
    }
    let folder = options.get_socket().cloned().or_else(|| host.starts_with('/').then(|| host.into()));
    if let Some(folder) = folder {
        return local(&folder.join(format!(".s.PGSQL.{port}"))).await.map(|stream| stream.map(Frames::new));
    }
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let mut frames = Frames::new(Box::new(stream));
    if matches!(options.get_ssl_mode(), PgSslMode::Prefer) {
        frames.send(&SSL_REQUEST).await?;
        if frames.byte().await? != b'N' {
            return Ok(None);
        }
    }
    Ok(Some(frames))
}

#[cfg(unix)]
async fn local(path: &std::path::Path) -> io::Result<Option<Box<dyn Stream>>> {
    Ok(Some(Box::new(tokio::net::UnixStream::connect(path).await?)))
}

#[cfg(not(unix))]
async fn local(_path: &std::path::Path) -> io::Result<Option<Box<dyn Stream>>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rows() {
        assert_eq!(affected(b"INSERT 0 5\0"), 5);
        assert_eq!(affected(b"UPDATE 12\0"), 12);
        assert_eq!(affected(b"ALTER TABLE\0"), 0);
    }
}
