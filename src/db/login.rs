//! What the engines' own tools and commands of users have to know to log in where undrift does.

use secrecy::SecretString;

use super::{DbError, Target};

/// How a URL says it and how libpq does, where that differs.
const LIBPQ: [(&str, &str); 5] = [
    ("ssl-mode", "sslmode"),
    ("ssl-root-cert", "sslrootcert"),
    ("ssl-ca", "sslrootcert"),
    ("ssl-cert", "sslcert"),
    ("ssl-key", "sslkey"),
];

/// A server, a database in it and a login, taken apart.
#[derive(Clone, Debug)]
pub struct Login {
    /// The host, if the URL names one.
    pub host: Option<String>,
    /// The port, if the URL names one.
    pub port: Option<u16>,
    /// The socket's file (MySQL) or folder (PostgreSQL), if that is the way.
    pub socket: Option<String>,
    /// The user, if the URL names one.
    pub user: Option<String>,
    /// The password, if there is one.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// The options of the connection, as the URL has them.
    pub options: Vec<(String, String)>,
}

impl Login {
    /// Takes a target apart.
    ///
    /// # Errors
    /// [`super::Trouble::Usage`] when it is no URL.
    pub fn of(target: &Target) -> Result<Self, DbError> {
        let url = target.url()?;
        let mut options: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let mut take = |name: &str| {
            let at = options.iter().position(|(option, _)| option == name)?;
            Some(options.remove(at).1)
        };
        let socket = take("socket").or_else(|| take("host"));
        let port = take("port").and_then(|port| port.parse().ok()).or_else(|| url.port());
        let user = take("user").or_else(|| Some(super::target::plain(url.username())).filter(|user| !user.is_empty()));
        let database = take("dbname").or_else(|| target.database()).unwrap_or_default();
        take("password");
        let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
        let password = target.password()?.map(SecretString::from);
        Ok(Self { host, port, socket, user, password, database, options })
    }

    /// The options under the names that libpq has for them.
    pub fn libpq_options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| {
            let libpq = LIBPQ.iter().find(|(own, _)| own == name).map(|(_, libpq)| *libpq);
            (libpq.unwrap_or(name), value.as_str())
        })
    }

    /// An option under any of its names.
    pub fn option(&self, names: &[&str]) -> Option<&str> {
        self.options.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn login(url: &str) -> Login {
        Login::of(&Target::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn takes_a_url_apart() {
        let login = login("postgres://u%40x:p%40ss@db.example:5433/ten%20ant?ssl-mode=require&sslrootcert=/ca.pem");
        assert_eq!(
            (login.host.as_deref(), login.port, login.user.as_deref()),
            (Some("db.example"), Some(5433), Some("u@x"))
        );
        assert_eq!(login.password.as_ref().map(|secret| secret.expose_secret()), Some("p@ss"));
        assert_eq!(login.database, "ten ant");
        assert_eq!(login.libpq_options().collect::<Vec<_>>(), [("sslmode", "require"), ("sslrootcert", "/ca.pem")]);
        assert!(!format!("{login:?}").contains("p@ss"));
    }

    #[test]
    fn a_socket_may_stand_among_the_options() {
        let (pg, my) =
            (login("postgres:///db?host=/run/pg&user=u&password=p"), login("mysql://u@localhost/db?socket=/s"));
        assert_eq!((pg.socket.as_deref(), pg.user.as_deref(), pg.options.len()), (Some("/run/pg"), Some("u"), 0));
        assert_eq!((my.socket.as_deref(), my.port, my.database.as_str()), (Some("/s"), None, "db"));
    }
}
