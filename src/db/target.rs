//! Where a database is and how to log in: a URL that cannot be printed with its password.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::model::{Engine, Hash, Logins};

use super::{DbError, Trouble};

/// The address of one database.
#[derive(Clone)]
pub struct Target {
    engine: Engine,
    url: SecretString,
    shown: String,
    logins: Logins,
    lock_secret: Option<Hash>,
    /// The file that was found, whatever its name looks like.
    found: Option<PathBuf>,
}

impl Target {
    /// Reads `postgres://`, `postgresql://`, `mysql://`, `mariadb://` and `sqlite:` addresses.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when it is none of these. The message does not repeat the address.
    pub fn parse(text: &str) -> Result<Self, DbError> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let engine = match scheme {
            "postgres" | "postgresql" => Engine::Postgres,
            "mysql" | "mariadb" => Engine::Mysql,
            "sqlite" => Engine::Sqlite,
            _ => {
                return Err(DbError::new(
                    Trouble::Usage,
                    "read the URL",
                    "a database URL starts with postgres://, mysql://, mariadb:// or sqlite:",
                ));
            }
        };
        let shown = if engine == Engine::Sqlite { text.to_owned() } else { without_password(text)? };
        Ok(Self {
            engine,
            url: SecretString::from(text.to_owned()),
            shown,
            logins: Logins::default(),
            lock_secret: None,
            found: None,
        })
    }

    /// The SQLite database in a file that was found. Nothing in its name is an option.
    pub fn file(path: &Path) -> Self {
        let url = format!("sqlite:{}", path.display());
        let found = Some(path.to_path_buf());
        Self {
            engine: Engine::Sqlite,
            url: SecretString::from(url.clone()),
            shown: url,
            logins: Logins::default(),
            lock_secret: None,
            found,
        }
    }

    /// The same with what the configuration says of logins.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Over which login what belongs to the tenant is touched.
    pub fn logins(&self) -> Logins {
        self.logins
    }

    /// The same with the secret of undrift's state, from which the names of locks are worked out that everybody on a server
    /// could hold.
    #[must_use]
    pub fn with_lock_secret(self, lock_secret: Option<Hash>) -> Self {
        Self { lock_secret, ..self }
    }

    /// The secret of undrift's state, if there is one.
    pub(super) fn lock_secret(&self) -> Option<Hash> {
        self.lock_secret
    }

    /// The engine it is for.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether one logs in there at all.
    pub fn server_has_logins(&self) -> bool {
        self.engine != Engine::Sqlite
    }

    /// The file of a SQLite database: what stands after `sqlite:` or `sqlite://`, without its query.
    pub fn path(&self) -> PathBuf {
        if let Some(found) = &self.found {
            return found.clone();
        }
        let text = self.shown.trim_start_matches("sqlite:");
        let text = text.strip_prefix("//").unwrap_or(text);
        PathBuf::from(text.split('?').next().unwrap_or(text))
    }

    /// What stands behind the question mark of a SQLite database's address.
    pub(super) fn options(&self) -> &str {
        let address = if self.found.is_none() { self.shown.as_str() } else { "" };
        address.split_once('?').map_or("", |(_, options)| options)
    }

    /// The URL with its password, for the driver alone.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when it is no URL (SQLite paths are not asked for here).
    pub fn url(&self) -> Result<Url, DbError> {
        Url::parse(self.url.expose_secret()).map_err(|error| bad_url(&error))
    }

    /// What the databases of one server have in common: host, port and socket. A SQLite file is a
    /// server of its own.
    pub fn server(&self) -> String {
        match self.url() {
            Ok(url) if self.engine != Engine::Sqlite => {
                let says =
                    |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
                let socket = ["hostaddr", "host", "socket"].into_iter().find_map(says).unwrap_or_default();
                let port = says("port").unwrap_or_else(|| url.port().unwrap_or_default().to_string());
                format!("{}:{port}{socket}", url.host_str().unwrap_or_default())
            }
            _ => self.shown.clone(),
        }
    }

    /// Whose word counts for what is found there: the server's. What SQLite files mean is up to the library that is linked
    /// here, so none of them has a server.
    pub fn judge(&self) -> Option<String> {
        (self.engine != Engine::Sqlite).then(|| self.server())
    }

    /// What sessions with different databases of one server have in common, login and options too: a hash, for
    /// it holds the password.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when it is no URL.
    pub fn login(&self) -> Result<Hash, DbError> {
        let mut url = self.url()?;
        url.set_path("");
        Ok(Hash::of(url.as_str()))
    }

    /// The password that the URL holds, for logging in alone.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when it is no URL.
    pub(super) fn password(&self) -> Result<Option<String>, DbError> {
        let url = self.url()?;
        let parameter = url.query_pairs().find(|(name, _)| name == "password").map(|(_, value)| value.into_owned());
        Ok(parameter.or_else(|| url.password().map(plain)))
    }

    /// The database that the URL names.
    pub fn database(&self) -> Option<String> {
        let url = self.url().ok()?;
        let segments = url.path_segments()?.next_back()?;
        Some(plain(segments))
    }

    /// The same server and login with another database.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when the URL cannot hold one.
    pub fn with_database(&self, database: &str) -> Result<Self, DbError> {
        let mut url = self.url()?;
        let mut path = String::from("/");
        path.extend(url::form_urlencoded::byte_serialize(database.as_bytes()).map(|part| part.replace('+', "%20")));
        url.set_path(&path);
        let url = without_parameters(url, &["dbname"]);
        Ok(Self::parse(url.as_str())?.with_logins(self.logins))
    }

    /// The same server and database with another login. What the options say of certificates stays.
    ///
    /// # Errors
    /// [`Trouble::Usage`] when it is no URL.
    pub(crate) fn with_login(&self, user: &str, password: &SecretString) -> Result<Self, DbError> {
        let mut url = without_parameters(self.url()?, &["user", "password"]);
        let password = password.expose_secret();
        // A URL without a host, as one of a socket may be, cannot name a login before it.
        if url.set_username(user).and_then(|()| url.set_password(Some(password))).is_err() {
            url.query_pairs_mut().append_pair("user", user).append_pair("password", password);
        }
        Ok(Self::parse(url.as_str())?.with_logins(self.logins))
    }
}

/// A URL without some of what stands after its question mark.
fn without_parameters(mut url: Url, names: &[&str]) -> Url {
    if url.query_pairs().any(|(name, _)| names.contains(&name.as_ref())) {
        let pairs = url.query_pairs().filter(|(name, _)| !names.contains(&name.as_ref()));
        let kept: Vec<_> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url
}

/// A part of a URL's authority or path as it is meant.
pub(super) fn plain(text: &str) -> String {
    String::from_utf8_lossy(&percent_decode(text)).into_owned()
}

fn percent_decode(text: &str) -> Vec<u8> {
    // In a query a plus sign is a space; in a path it is itself.
    let query = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned().into_bytes())
        .unwrap_or_default()
}

fn bad_url(error: &url::ParseError) -> DbError {
    DbError::new(Trouble::Usage, "read the URL", format!("it is not a URL: {error}"))
        .with_remedy("write it as postgres://user:password@host:port/database; escape special characters as %40 (@), %2F (/), %23 (#)")
}

fn without_password(text: &str) -> Result<String, DbError> {
    let mut url = Url::parse(text).map_err(|error| bad_url(&error))?;
    if url.password().is_some() {
        url.set_password(Some("***")).map_err(|()| bad_url(&url::ParseError::EmptyHost))?;
    }
    let url = without_parameters(url, &["password", "sslpassword", "ssl-key", "sslkey"]);
    Ok(url.to_string())
}

impl PartialEq for Target {
    /// The same address, login and password, and the same said of logins.
    fn eq(&self, other: &Self) -> bool {
        self.engine == other.engine
            && self.logins == other.logins
            && self.url.expose_secret() == other.url.expose_secret()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_a_password() {
        for url in ["postgres://u:s3cret@h/db", "mysql://u:s3cret@h:1/db", "postgres:///db?host=/s&password=s3cret"] {
            let target = Target::parse(url).unwrap();
            assert!(!format!("{target} {target:?}").contains("s3cret"), "{target}");
        }
        assert!(!Target::parse("postgres//u:s3cret@h").unwrap_err().to_string().contains("s3cret"));
    }

    #[test]
    fn servers_and_logins_are_told_apart() {
        let of = |url| Target::parse(url).unwrap();
        let (first, second) = (of("postgres://u:p@h/a?host=/s&port=5432"), of("postgres://u:p@h/b?host=/s&port=5433"));
        assert_ne!(first.server(), second.server());
        assert_ne!(of("postgres://h/a?hostaddr=10.0.0.1").server(), of("postgres://h/a?hostaddr=10.0.0.2").server());
        assert_eq!((of("sqlite:/a.db").judge(), first.judge()), (None, Some(first.server())));
        assert_eq!(first.login().unwrap(), of("postgres://u:p@h/b?host=/s&port=5432").login().unwrap());
        assert_ne!(of("mysql://u:p@h/a").login().unwrap(), of("mysql://u:q@h/a").login().unwrap());
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        let of = |url| Target::parse(url).unwrap().password().unwrap();
        assert_eq!(of("postgres://u:p%40+w%26@h/db").as_deref(), Some("p@+w&"));
        assert_eq!(of("postgres://u:p@h/db?password=q%2Bw").as_deref(), Some("q+w"));
        assert_eq!(of("postgres://u@h/db"), None);
    }

    #[test]
    fn another_database_is_escaped() {
        let target = Target::parse("postgres://u:p@h/db?sslmode=require").unwrap();
        let other = target.with_database("ten ant/ü?").unwrap();
        assert_eq!(other.to_string(), "postgres://u:***@h/ten%20ant%2F%C3%BC%3F?sslmode=require");
    }

    #[test]
    fn another_database_is_the_only_one_that_is_named() {
        let target = Target::parse("postgres://u:p@h/a?dbname=b&sslmode=require").unwrap();
        assert_eq!(target.with_database("c").unwrap().to_string(), "postgres://u:***@h/c?sslmode=require");
    }

    #[test]
    fn another_login_replaces_the_first_wherever_it_stands() {
        let secret = SecretString::from("q%/w");
        for url in ["postgres://u:p@h/db?sslmode=require", "postgres:///db?host=/s&user=u&password=p", "mysql://u@h/db"]
        {
            let target = Target::parse(url).unwrap().with_login("other", &secret).unwrap();
            assert_eq!(target.password().unwrap().as_deref(), Some("q%/w"), "{target}");
            let user = super::super::Login::of(&target).unwrap().user;
            assert_eq!(user.as_deref(), Some("other"), "{target}");
            assert_eq!(target.database(), Target::parse(url).unwrap().database());
            assert!(!format!("{target} {target:?}").contains("q%"), "{target}");
        }
    }

    #[test]
    fn a_sqlite_path_is_a_path() {
        assert_eq!(Target::parse("sqlite://a b.db?mode=ro").unwrap().path(), PathBuf::from("a b.db"));
        assert_eq!(Target::parse("sqlite:/x/y.db").unwrap().path(), PathBuf::from("/x/y.db"));
        assert_eq!(Target::parse("sqlite:///x/y.db").unwrap().path(), PathBuf::from("/x/y.db"));
        let odd = Path::new("/x/y.db?mode=rwc");
        assert_eq!((Target::file(odd).path(), Target::file(odd).options()), (odd.to_path_buf(), ""));
        assert_eq!(Target::parse("sqlite:/x/y.db?mode=ro").unwrap().options(), "mode=ro");
    }
}
