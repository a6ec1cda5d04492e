//! What is not modelled and yet needed: tables stand on it, and it stands on what is declared.

use super::support::{Cli, folder, postgres};

const TENANT: &str = "
CREATE SCHEMA store;
CREATE TYPE store.kind AS ENUM ('dry', 'cold');
CREATE TYPE store.place AS (kind store.kind, shelf integer);
CREATE DOMAIN store.amount AS integer CHECK (VALUE > 0);
CREATE TABLE store.items (id integer PRIMARY KEY, place store.place, amount store.amount NOT NULL);
";

#[test]
fn what_the_tenant_has_is_there_for_the_reference_too() {
    let (url, folder) = (postgres().database("beside"), folder());
    postgres().sql(&url, TENANT);
    let cli = Cli::new().folder(folder.path());
    let exported = cli.run(&["export", "--url", &url]).expect_code(0).stdout;
    std::fs::write(folder.path().join("store.yaml"), exported).unwrap();
    cli.run(&["plan", "--url", &url, "--schema", "store.yaml"]).expect_code(0);
}
