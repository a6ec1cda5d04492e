//! How large the fleet is.

/// So many databases of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub postgres: usize,
    pub mariadb: usize,
    pub sqlite: usize,
    /// Every tenant whose number can be divided by this has drifted.
    pub drifted: usize,
    /// Tenants of each server with wrong credentials.
    pub refused: usize,
}

impl Size {
    /// Whether the large fleet is asked for.
    pub fn is_full() -> bool {
        std::env::var("UNDRIFT_FLEET").is_ok_and(|asked| asked == "full")
    }

    /// What `UNDRIFT_FLEET` asks for: `full`, or a fleet that fits in a minute.
    pub fn wanted() -> Self {
        match std::env::var("UNDRIFT_FLEET").as_deref() {
            Ok("full") => Self { postgres: 200, mariadb: 200, sqlite: 500, drifted: 10, refused: 5 },
            Ok(other) => panic!("UNDRIFT_FLEET={other}: only `full` is known"),
            Err(_) => Self { postgres: 12, mariadb: 12, sqlite: 30, drifted: 2, refused: 1 },
        }
    }

    /// All tenants whose credentials are right.
    pub fn sound(&self) -> usize {
        self.postgres + self.mariadb + self.sqlite
    }
}
