//! The failures that happen to tables in use: SCENARIOS 2, 3 and 5.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rstest::rstest;
use undrift::hashing;

use crate::application::{Application, Done};
use crate::run::{Ran, apply};
use crate::support::{Engine, Tenant};

const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

const POLICY: &str = "policy: all\nrules: [{ then: allow }]\nlimits: { lock_timeout: 2s, retries: 20 }\n";

/// The most that a run may take, in MB.
const MEMORY: u64 = 200;

fn rows() -> u64 {
    std::env::var("UNDRIFT_ROWS").map_or(20_000, |rows| rows.parse().unwrap())
}

/// A tenant with many rows, made by the server.
fn tenant(engine: Engine, columns: &str, names: &str, values: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", POLICY);
    tenant.write("core.yaml", &schema(columns, ""));
    apply(&tenant);
    let numbers = match engine {
        Engine::Postgres => format!("generate_series(1, {}) AS n(seq)", rows()),
        _ => format!("seq_1_to_{}", rows()),
    };
    tenant.sql(&format!(
        "INSERT INTO tenant_users (id, email, visits{names}) SELECT seq, concat('u', seq, '@x'), 0{values} FROM {numbers}"
    ));
    tenant
}

fn schema(columns: &str, members: &str) -> String {
    format!(
        "schema: core\nextras: drop\ntables:\n  tenant_users:\n    columns:\n      id: bigint\n      email: varchar(190)\n      \
         visits: {{ type: bigint, default: 0 }}\n{columns}    primary_key: [id]\n{members}"
    )
}

/// Every row is there, with the address and the visits that it had or was given.
#[track_caller]
fn nothing_is_lost(tenant: &Tenant, writer: &Done) {
    let old = tenant
        .query(&format!("SELECT count(*) FROM tenant_users WHERE id <= {} AND email = concat('u', id, '@x')", rows()));
    assert_eq!(old, rows().to_string(), "old rows");
    let new = tenant.query(&format!("SELECT count(*) FROM tenant_users WHERE id > {}", rows()));
    assert_eq!(new, writer.inserted.to_string(), "rows that were inserted meanwhile");
    assert_eq!(tenant.query("SELECT sum(visits) FROM tenant_users"), writer.updated.to_string(), "updates");
}

/// Nobody waited for long, and undrift did not take much.
#[track_caller]
fn nobody_waited(what: &str, tenant: &Tenant, ran: &Ran, (writer, reader): (&Done, &Done)) {
    println!(
        "{what} on {:?}, {} rows: {:.1?}, {} MB at most; writer {} statements, longest {:.0?}; reader {}, longest {:.0?}",
        tenant.engine,
        rows(),
        ran.took,
        ran.megabytes,
        writer.statements,
        writer.longest,
        reader.statements,
        reader.longest,
    );
    let longest = writer.longest.max(reader.longest);
    assert!(longest <= LOCK_TIMEOUT + Duration::from_secs(1), "somebody waited for {longest:?}\n{}", ran.said);
    assert!(ran.megabytes < MEMORY, "undrift took {} MB", ran.megabytes);
    assert!(writer.statements > 0 && reader.statements > 0, "nobody was at work");
}

const HASHED: &str = "      password_hash: { type: varchar(255), nullable: true, renamed_from: [password], \
                      transform: { argon2id: { memory: 8, iterations: 1 } } }\n";

#[rstest]
fn scenario_2_passwords_are_hashed_while_people_change_theirs(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let plain = "      password: { type: varchar(255), nullable: true }\n";
    let tenant = tenant(engine, plain, ", password", ", concat('p', seq)");
    tenant.write("core.yaml", &schema(HASHED, ""));
    let application = Application::at_work(&tenant, rows(), Some("password"));
    let ran = apply(&tenant);
    let (writer, reader) = application.end();
    nobody_waited("hash and rename", &tenant, &ran, (&writer, &reader));
    nothing_is_lost(&tenant, &writer);
    passwords_are_what_was_written(&tenant, &writer);
}

/// No plain text is left, and what people wrote last is what they can come in with.
fn passwords_are_what_was_written(tenant: &Tenant, writer: &Done) {
    let plain = "SELECT count(*) FROM tenant_users WHERE password_hash NOT LIKE '$argon2id$%'";
    assert_eq!(tenant.query(plain), "0", "plain text is left");
    let none =
        tenant.query(&format!("SELECT count(*) FROM tenant_users WHERE id <= {} AND password_hash IS NULL", rows()));
    assert_eq!(none, "0", "passwords are gone");
    let last: BTreeMap<u64, String> = writer.secrets.iter().cloned().collect();
    let untouched = (1..=rows()).filter(|id| !last.contains_key(id)).take(20).map(|id| (id, format!("p{id}")));
    for (id, secret) in last.clone().into_iter().rev().take(200).chain(untouched) {
        let hash = tenant.query(&format!("SELECT password_hash FROM tenant_users WHERE id = {id}"));
        assert!(hashing::is_hash_of(&hash, &secret), "the password of {id} is not {secret:?}");
    }
}

#[rstest]
fn scenario_2_both_columns_become_one(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let both = "      password: { type: varchar(255), nullable: true }\n      \
                password_hash: { type: varchar(255), nullable: true }\n";
    let tenant = tenant(engine, both, ", password, password_hash", ", concat('p', seq), nullif('', '')");
    let merged = "      password_hash: { type: varchar(255), nullable: true, renamed_from: [password], on_conflict: keep_old }\n";
    tenant.write("core.yaml", &schema(merged, ""));
    let application = Application::at_work(&tenant, rows(), Some("password"));
    let ran = apply(&tenant);
    let (writer, reader) = application.end();
    nobody_waited("merge", &tenant, &ran, (&writer, &reader));
    nothing_is_lost(&tenant, &writer);
    let last: BTreeMap<u64, String> = writer.secrets.iter().cloned().collect();
    let kept = tenant.query(&format!(
        "SELECT count(*) FROM tenant_users WHERE id <= {} AND password_hash = concat('p', id)",
        rows()
    ));
    assert_eq!(kept, (rows() - last.len() as u64).to_string(), "passwords that nobody changed");
    let secrets = tenant.query("SELECT count(*) FROM tenant_users WHERE password_hash LIKE 'secret%'");
    assert_eq!(secrets, last.len().to_string(), "passwords that were changed meanwhile");
}

const MISSING: &str = "      uuid: { type: uuid, backfill: { generate: uuid } }
      first_name: { type: varchar(100), default: '', backfill: { sql: \"concat('first ', email)\" } }
      phone: { type: varchar(30), nullable: true }
      must_change_password: { type: boolean, default: false }
      created_at: { type: timestamp, nullable: true }\n";

#[rstest]
fn scenario_3_missing_columns_are_filled(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let tenant = tenant(engine, "", "", "");
    let keys = "    unique: { tenant_users_uuid: [uuid] }\n    indexes: { idx_first_name: [first_name] }\n";
    tenant.write("core.yaml", &schema(MISSING, keys));
    let application = Application::at_work(&tenant, rows(), None);
    let ran = apply(&tenant);
    let (writer, reader) = application.end();
    nobody_waited("add, backfill and index", &tenant, &ran, (&writer, &reader));
    nothing_is_lost(&tenant, &writer);
    let filled = format!(
        "SELECT count(DISTINCT uuid), count(*) FROM tenant_users WHERE id <= {} AND first_name = concat('first ', email)",
        rows()
    );
    let both = tenant.query(&filled).replace('|', "\t");
    assert_eq!(both, format!("{0}\t{0}", rows()));
}

#[rstest]
fn scenario_5_half_a_migration_is_finished(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let columns = "      status: { type: varchar(20), nullable: true }\n";
    let tenant = tenant(engine, columns, ", status", ", 'active'");
    let members = "    indexes: { idx_status: [status], idx_email: [email] }\n  \
                   elections:\n    columns: { id: bigint, chief_id: { type: bigint, nullable: true } }\n    primary_key: [id]\n    \
                   indexes: { idx_chief: [chief_id] }\n    \
                   foreign_keys: { chief: { columns: [chief_id], references: tenant_users(id), on_delete: set_null } }\n";
    let more = "      status: { type: varchar(20), nullable: true, default: active }\n      phone: { type: varchar(30), nullable: true }\n";
    tenant.write("core.yaml", &schema(more, members));
    // The run before died after it had made the table.
    tenant.sql("CREATE TABLE elections (id bigint PRIMARY KEY, chief_id bigint)");
    let application = Application::at_work(&tenant, rows(), None);
    let ran = apply(&tenant);
    let (writer, reader) = application.end();
    nobody_waited("indexes, a foreign key, a column", &tenant, &ran, (&writer, &reader));
    nothing_is_lost(&tenant, &writer);
}

#[rstest]
fn whoever_holds_the_table_is_waited_for_without_keeping_others(
    #[values(Engine::Postgres, Engine::Mariadb)] engine: Engine,
) {
    let tenant = tenant(engine, "", "", "");
    tenant.write("core.yaml", &schema("      phone: { type: varchar(30), nullable: true }\n", ""));
    let application = Application::at_work(&tenant, rows(), None);
    let (ran, held) = std::thread::scope(|scope| {
        let held = scope.spawn(|| hold(&tenant, "tenant_users", 9));
        std::thread::sleep(Duration::from_millis(500));
        (apply(&tenant), held.join().unwrap())
    });
    let (writer, reader) = application.end();
    assert!(ran.said.contains("trying again in"), "it did not have to wait:\n{}", ran.said);
    assert!(held >= Duration::from_secs(9), "the table was held for {held:?} only");
    nobody_waited("a column, while somebody holds the table", &tenant, &ran, (&writer, &reader));
    nothing_is_lost(&tenant, &writer);
}

/// Somebody who looks at a table and forgets for some seconds to say that they are done. Returns for how long.
fn hold(tenant: &Tenant, table: &str, seconds: u64) -> Duration {
    let sleep = if tenant.engine == Engine::Postgres { "pg_sleep" } else { "sleep" };
    let begun = Instant::now();
    tenant.sql(&format!("BEGIN; SELECT count(*) FROM {table} WHERE id = 1; SELECT {sleep}({seconds}); COMMIT"));
    begun.elapsed()
}

#[rstest]
fn whoever_holds_one_table_keeps_nobody_from_another(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let tenant = tenant(engine, "", "", "");
    let votes = |more: &str| format!("  votes:\n    columns: {{ id: bigint{more} }}\n    primary_key: [id]\n");
    tenant.write("core.yaml", &schema("", &votes("")));
    apply(&tenant);
    let phone = "phone: { type: varchar(30), nullable: true }";
    tenant.write("core.yaml", &schema(&format!("      {phone}\n"), &votes(&format!(", {phone}"))));
    let application = Application::at_work(&tenant, rows(), None);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| hold(&tenant, "votes", 5));
        std::thread::sleep(Duration::from_millis(500));
        apply(&tenant)
    });
    let (writer, reader) = application.end();
    let (first, second) = (ran.said.find("tenant_users"), ran.said.find("votes"));
    assert!(
        first < second && ran.said.contains("trying again in"),
        "the table that is held has to come last:\n{}",
        ran.said
    );
    nobody_waited("two tables, while somebody holds the second", &tenant, &ran, (&writer, &reader));
    let longest = writer.longest.max(reader.longest);
    assert!(longest < LOCK_TIMEOUT / 2, "somebody waited {longest:?} for a table that nobody else had");
    nothing_is_lost(&tenant, &writer);
}
