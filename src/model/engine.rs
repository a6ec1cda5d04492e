//! Database engines, vendors and versions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A family of servers that one dialect speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// All engines, in the order in which they are listed to people.
    pub const ALL: [Engine; 3] = [Engine::Postgres, Engine::Mysql, Engine::Sqlite];

    /// The key that stands for the engine in schema files.
    pub fn key(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
            Engine::Sqlite => "sqlite",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Who makes the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// PostgreSQL.
    Postgres,
    /// Oracle's MySQL and those who follow it (Percona Server).
    Mysql,
    /// MariaDB.
    Mariadb,
    /// SQLite.
    Sqlite,
}

impl Vendor {
    /// The family this vendor belongs to.
    pub fn engine(self) -> Engine {
        match self {
            Vendor::Postgres => Engine::Postgres,
            Vendor::Mysql | Vendor::Mariadb => Engine::Mysql,
            Vendor::Sqlite => Engine::Sqlite,
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Vendor::Postgres => "PostgreSQL",
            Vendor::Mysql => "MySQL",
            Vendor::Mariadb => "MariaDB",
            Vendor::Sqlite => "SQLite",
        })
    }
}

/// A server version as three numbers, so that capabilities can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What a dialect has to know about the server and database it writes statements for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// Who makes the server.
    pub vendor: Vendor,
    /// Its version.
    pub version: Version,
    /// The database's default character set (MySQL) or encoding (PostgreSQL).
    pub charset: Option<String>,
    /// The database's default collation.
    pub collation: Option<String>,
    /// PostgreSQL: `LC_CTYPE` where it differs from the collation; MySQL: nothing.
    pub ctype: Option<String>,
}

impl Platform {
    /// The engine family.
    pub fn engine(&self) -> Engine {
        self.vendor.engine()
    }

    /// A platform with nothing known but vendor and version.
    pub fn new(vendor: Vendor, version: Version) -> Self {
        Self { vendor, version, charset: None, collation: None, ctype: None }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Since version 10 PostgreSQL's versions have two numbers.
        match self.vendor {
            Vendor::Postgres => write!(f, "{} {}.{}", self.vendor, self.version.0, self.version.1),
            _ => write!(f, "{} {}", self.vendor, self.version),
        }
    }
}
