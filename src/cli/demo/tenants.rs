//! The tenants of the demo, each with what happened to it.

/// A tenant of the demo.
pub struct Story {
    /// Its name.
    pub name: &'static str,
    /// What happened, for people.
    pub what: &'static str,
    /// Whether the schema was ever built.
    pub built: bool,
    /// What was done to it after it was built and filled.
    pub script: &'static str,
}

const fn story(name: &'static str, what: &'static str, script: &'static str) -> Story {
    Story { name, what, built: true, script }
}

/// All of them.
pub const STORIES: [Story; 12] = [
    story("aurora", "as it should be", ""),
    story("birch", "as it should be", ""),
    Story { built: false, ..story("cedar", "provisioning said \"done\" and built nothing", "") },
    story("dune", "still calls the column `password`", ONLY_PASSWORD),
    story("elm", "still calls the column `password`", ONLY_PASSWORD),
    story("fjord", "has both `password` and `password_hash`, and no row disagrees", BOTH),
    story("grove", "has both, and one row holds two different values", DISAGREE),
    story("heath", "has neither", "ALTER TABLE tenant_users DROP COLUMN password_hash"),
    story(
        "iris",
        "is from before the alignment: columns are missing",
        "ALTER TABLE tenant_users DROP COLUMN phone; ALTER TABLE tenant_users DROP COLUMN first_name;
         ALTER TABLE tenant_users DROP COLUMN last_name; ALTER TABLE tenant_users DROP COLUMN must_change_password",
    ),
    story(
        "juniper",
        "its `migrations` table says that `votes` was made; it was not",
        "CREATE TABLE migrations (id INTEGER PRIMARY KEY, migration TEXT NOT NULL, batch INTEGER NOT NULL);
         INSERT INTO migrations (migration, batch) VALUES ('2026_01_01_000001_create_votes_table', 1);
         DROP TABLE votes",
    ),
    story(
        "kelp",
        "a migration died half way: one table is missing, another has no indexes",
        "DROP TABLE candidates; DROP INDEX idx_email; DROP INDEX idx_status",
    ),
    story(
        "larch",
        "somebody added a column and an index by hand at night",
        "ALTER TABLE tenant_users ADD COLUMN hotfix_note TEXT;
         CREATE INDEX idx_hotfix ON tenant_users (hotfix_note)",
    ),
];

const ONLY_PASSWORD: &str = "ALTER TABLE tenant_users RENAME COLUMN password_hash TO password";

const BOTH: &str = "ALTER TABLE tenant_users ADD COLUMN password VARCHAR(255);
    UPDATE tenant_users SET password = password_hash;
    UPDATE tenant_users SET password_hash = NULL WHERE id = 2";

const DISAGREE: &str = "ALTER TABLE tenant_users ADD COLUMN password VARCHAR(255);
    UPDATE tenant_users SET password = '$2y$10$somebodyReset.itInTheOldColumn' WHERE id = 1";
