//! What is built in scratch is not undrift's, so it is built by a login that can do nothing anywhere else.

use super::engine::{name_of, read};
use super::support::{PostgresServer, another_postgres, postgres, postgres_with_passwords};
use undrift::db::{Connection, Patience, Scratch, Session, Target, Trouble};
use undrift::model::Schema;

/// What a login that is no superuser needs, and nothing more.
fn maker(server: &PostgresServer, name: &str) {
    server.sql(&server.url("postgres"), &format!("CREATE ROLE {name} LOGIN PASSWORD 'pw' CREATEDB CREATEROLE"));
}

async fn session(url: &str) -> Session {
    Session::connect(&Target::parse(url).unwrap(), Patience::default()).await.unwrap()
}

async fn scratch(url: &str, extensions: &[&str]) -> Scratch {
    let wanted = Schema { extensions: extensions.iter().map(|name| (*name).to_owned()).collect(), ..Schema::default() };
    session(url).await.scratch(None, &wanted).await.unwrap()
}

/// Databases and roles of scratch, as the server has them.
fn left(server: &PostgresServer, name: &str) -> String {
    server.query(
        &server.url("postgres"),
        &format!(
            "SELECT datname FROM pg_database WHERE datname = '{name}' UNION ALL SELECT rolname FROM pg_roles WHERE rolname = '{name}'"
        ),
    )
}

async fn refused(session: &mut Session, sql: &str) {
    let error = session.execute(sql).await.expect_err(sql);
    assert_eq!(error.trouble, Trouble::Privilege, "{sql}: {error}");
}

/// For a superuser and for a login that may make roles and databases.
#[tokio::test]
async fn what_runs_in_scratch_can_do_nothing_elsewhere() {
    let superuser = postgres().database("tenant");
    maker(postgres(), "scratch_maker");
    let plain = superuser.replacen("postgres@", "scratch_maker@", 1);
    postgres().sql(&superuser, &format!("GRANT CONNECT ON DATABASE {} TO scratch_maker", name_of(&superuser)));
    for url in [superuser, plain] {
        let mut scratch = scratch(&url, &["pg_trgm"]).await;
        let inner = &mut scratch.session;
        let name = inner.place().database.clone();
        assert_eq!(inner.place().user, name);
        inner.prepare().await.unwrap();
        for step in ["RESET ROLE", "RESET SESSION AUTHORIZATION", "SELECT set_config('role', 'none', false)"] {
            inner.execute(step).await.unwrap();
        }
        refused(inner, "SET SESSION AUTHORIZATION postgres").await;
        for sql in [
            "SET ROLE postgres",
            "SET ROLE scratch_maker",
            "CREATE ROLE pwn SUPERUSER",
            "CREATE ROLE pwn",
            "CREATE DATABASE pwn",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "COPY (SELECT 1) TO '/tmp/pwn'",
            "SELECT pg_read_file('PG_VERSION')",
            "SELECT pg_ls_dir('.')",
            "ALTER DATABASE postgres SET work_mem = '1GB'",
            "ALTER ROLE scratch_maker PASSWORD 'pwn'",
            "SELECT rolpassword FROM pg_authid",
            "ALTER SYSTEM SET work_mem = '1GB'",
        ] {
            refused(inner, sql).await;
        }
        // Not even to itself, which it could do by being asked for it.
        let others =
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = current_user";
        assert_eq!(inner.count(others).await.unwrap(), 0);
        inner.execute("CREATE TABLE u (a text)").await.unwrap();
        inner.execute("CREATE INDEX ON u USING gin (a gin_trgm_ops)").await.unwrap();
        assert!(read(inner).await.extensions.contains("pg_trgm"));
        scratch.discard().await.unwrap();
        assert_eq!(left(postgres(), &name), "");
    }
}

/// What a login is made a member of it need not have: then it takes the role where it needs what the role has.
#[tokio::test]
async fn a_login_that_inherits_nothing_makes_scratch_databases() {
    let url = postgres().database("tenant");
    maker(postgres(), "heirless");
    postgres().sql(&url, "ALTER ROLE heirless NOINHERIT");
    let mut scratch = scratch(&url.replacen("postgres@", "heirless@", 1), &["pg_trgm"]).await;
    let name = scratch.session.place().database.clone();
    assert!(read(&mut scratch.session).await.extensions.contains("pg_trgm"));
    scratch.discard().await.unwrap();
    assert_eq!(left(postgres(), &name), "");
}

/// Another login than the scratch database's own is kept out, with or without rights elsewhere.
#[tokio::test]
async fn nobody_else_is_let_into_scratch() {
    let server = postgres();
    server.sql(&server.url("postgres"), "CREATE ROLE outsider LOGIN");
    let scratch = scratch(&server.database("tenant"), &[]).await;
    let name = scratch.session.place().database.clone();
    let url = server.url(&name).replacen("postgres@", "outsider@", 1);
    assert!(server.takes(&url.replacen(&name, "postgres", 1), "SELECT 1"));
    assert!(!server.takes(&url, "SELECT 1"));
    scratch.discard().await.unwrap();
}

#[tokio::test]
async fn the_password_is_one_that_the_server_asks_for_and_nobody_sees() {
    let server = postgres_with_passwords();
    maker(server, "maker");
    let url = server.tcp_url("maker:pw", "postgres");
    let scratch = scratch(&url, &[]).await;
    let name = scratch.session.place().database.clone();
    assert_eq!(scratch.session.place().user, name);
    let kept = server.query(
        &server.url("postgres"),
        &format!("SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%', rolvaliduntil > now() FROM pg_authid WHERE rolname = '{name}'"),
    );
    assert_eq!(kept, "t|t");
    assert!(!server.takes(&server.tcp_url(&format!("{name}:pw"), &name), "SELECT 1"));
    scratch.discard().await.unwrap();
    assert_eq!(left(server, &name), "");
}

#[tokio::test]
async fn a_server_that_takes_no_passwords_is_told_from_one_that_took_a_wrong_one() {
    let server = another_postgres();
    server.sql(&server.url("postgres"), "CREATE ROLE known LOGIN PASSWORD 'pw' CREATEDB CREATEROLE");
    server.let_in("local all all trust\nhost all known 127.0.0.1/32 scram-sha-256\n");
    let error = session(&server.tcp_url("known:pw", "postgres")).await.scratch(None, &Schema::default()).await.err();
    let error = error.expect("nobody else is let in");
    assert_eq!(error.trouble, Trouble::LoginRefused);
    assert!(error.message.contains("no login in that undrift makes"), "{error}");
    assert!(error.advice().contains("pg_hba.conf"), "{}", error.advice());
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'undrift%' AND pg_has_role('known', oid, 'MEMBER')";
    assert_eq!(server.query(&server.url("postgres"), left), "0");
}

/// A killed run leaves a database, a role or both. What somebody else made under such a name is not ours.
#[tokio::test]
async fn what_a_killed_run_left_goes_with_its_role() {
    let url = postgres().database("sweeper");
    let end = "LOGIN VALID UNTIL '2999-01-01'";
    postgres().sql(
        &url,
        &format!(
            "CREATE ROLE undrift_scratch_2000_0a {end}; CREATE ROLE undrift_scratch_2000_0b {end};
             CREATE ROLE undrift_scratch_2000_0c {end}; CREATE ROLE undrift_scratch_2000_0d LOGIN;
             CREATE ROLE somebody LOGIN"
        ),
    );
    postgres()
        .sql(&url, "CREATE DATABASE undrift_scratch_2000_0a OWNER undrift_scratch_2000_0a ALLOW_CONNECTIONS false");
    postgres().sql(&url, "CREATE DATABASE undrift_scratch_2000_0e OWNER somebody");
    let held = "SELECT pg_advisory_lock(1935897204, hashtext('undrift_scratch_2000_0c'))";
    let mut holder = session(&url).await;
    holder.execute(held).await.unwrap();
    let swept = session(&url).await.sweep().await.unwrap();
    let ours: Vec<_> = swept.iter().filter(|name| name.contains("_2000_")).collect();
    assert_eq!(ours, ["undrift_scratch_2000_0a", "undrift_scratch_2000_0a", "undrift_scratch_2000_0b"]);
    holder.close().await;
    postgres().sql(&url, "DROP DATABASE undrift_scratch_2000_0e");
    let kept = "SELECT string_agg(rolname, ' ' ORDER BY 1) FROM pg_roles WHERE rolname LIKE 'undrift_scratch_2000%'";
    assert_eq!(postgres().query(&url, kept), "undrift_scratch_2000_0c undrift_scratch_2000_0d");
}

/// A tenant sets what it likes for its own database, and that is nobody else's.
#[tokio::test]
async fn what_a_tenant_sets_for_its_database_does_not_hold_in_scratch() {
    let url = postgres().database("sets");
    let name = name_of(&url).to_owned();
    let set = |what: &str| postgres().sql(&postgres().url("postgres"), &format!("ALTER DATABASE {name} SET {what}"));
    set("default_transaction_read_only = on");
    set("work_mem = '77MB'");
    let mut scratch = scratch(&url, &[]).await;
    let set = scratch.session.texts("SELECT current_setting('work_mem')").await.unwrap();
    assert_ne!(set, [[Some("77MB".to_owned())]]);
    scratch.session.execute("CREATE TABLE t ()").await.unwrap();
    scratch.discard().await.unwrap();
}

#[tokio::test]
async fn a_statement_in_scratch_comes_to_an_end() {
    let url = postgres().database("endless");
    let patience = Patience { read: std::time::Duration::from_secs(1), ..Patience::default() };
    let mut tenant = Session::connect(&Target::parse(&url).unwrap(), patience).await.unwrap();
    let mut scratch = tenant.scratch(None, &Schema::default()).await.unwrap();
    scratch.session.limit(std::time::Duration::ZERO, std::time::Duration::ZERO).await.unwrap();
    let error = scratch.session.execute("SELECT pg_sleep(30)").await.unwrap_err();
    assert_eq!((error.trouble, error.code.as_deref()), (Trouble::TimedOut, Some("57014")), "{error}");
    scratch.discard().await.unwrap();
}

/// A login that is a member of two tenants' owners could be led from one to the other by what is tried out in scratch.
#[tokio::test]
async fn a_login_with_rights_in_several_tenants_builds_nothing_by_itself() {
    let tenants = [postgres().database("shared"), postgres().database("shared")];
    postgres().sql(&tenants[0], "CREATE ROLE shared_login LOGIN CREATEDB");
    for url in &tenants {
        let owner = format!("{}_owner", name_of(url));
        let grants = format!("CREATE ROLE {owner}; GRANT {owner} TO shared_login WITH ADMIN OPTION;");
        postgres().sql(url, &format!("{grants} CREATE TABLE t (); ALTER TABLE t OWNER TO {owner}"));
    }
    let url = tenants[0].replacen("postgres@", "shared_login@", 1);
    let alter = |what: &str| postgres().sql(&tenants[0], &format!("ALTER ROLE shared_login {what}"));
    for rights in ["CREATEDB NOCREATEROLE", "NOCREATEDB NOCREATEROLE", "NOCREATEDB CREATEROLE"] {
        alter(rights);
        let error = session(&url).await.scratch(None, &Schema::default()).await.err().expect(rights);
        assert_eq!(error.trouble, Trouble::Privilege, "{rights}: {error}");
        assert!(error.advice().contains("ALTER ROLE \"shared_login\" CREATEROLE CREATEDB"), "{}", error.advice());
    }
    alter("CREATEDB CREATEROLE");
    let scratch = scratch(&url, &[]).await;
    assert_eq!(scratch.session.place().user, scratch.session.place().database);
    scratch.discard().await.unwrap();
}
