//! The harness itself: what the other tests take for granted.

mod support;

#[test]
fn postgres_gives_every_test_a_database_of_its_own() {
    let server = support::postgres();
    let (one, other) = (server.database("shop"), server.database("shop"));
    server.sql(&one, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    assert_eq!(server.query(&one, "SELECT a FROM t ORDER BY a"), "1\n2");
    assert_eq!(server.query(&other, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    assert!(server.dump(&one).contains("CREATE TABLE public.t"));
    assert_eq!(server.query(&server.tcp_url("postgres", "postgres"), "SELECT 1"), "1");
}

#[test]
fn mariadb_gives_every_test_a_database_of_its_own() {
    let server = support::mariadb();
    let (one, other) = (server.database("shop"), server.database("shop"));
    server.sql(&one, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    assert_eq!(server.query(&one, "SELECT a FROM t ORDER BY a"), "1\n2");
    assert_eq!(server.query(&other, "SHOW TABLES"), "");
    assert!(server.dump(&one).contains("CREATE TABLE `t`"));
}

#[test]
fn sqlite_gives_every_test_a_file_of_its_own() {
    let (folder, url) = support::sqlite("CREATE TABLE t (a)");
    support::sqlite_sql(&url, "INSERT INTO t VALUES (1)");
    assert_eq!(support::sqlite_query(&url, "SELECT a FROM t"), "1");
    assert!(folder.path().join("tenant.db").exists());
}

#[test]
fn a_script_that_fails_fails_the_test() {
    let url = support::postgres().database("broken");
    let failed = std::panic::catch_unwind(|| support::postgres().sql(&url, "SELECT 1; CREATE TABLE"));
    let message = *failed.expect_err("it is a syntax error").downcast::<String>().expect("a message");
    assert!(message.contains("syntax error"), "{message}");
}
