//! Sessions: where they are, locks, transactions, scratch databases.

use std::time::Duration;

use super::engine::{assert_same, migrate, read, session};
use super::support::postgres;
use undrift::db::{Connection, Patience, Session, Target, Trouble};
use undrift::model::{QName, Schema, Table, Vendor};

#[tokio::test]
async fn the_server_says_where_we_are() {
    let url = postgres().database("place");
    let session = session(&url).await;
    assert!(url.contains(&format!("/{}?", session.place().database)));
    assert_eq!(session.place().user, "postgres");
    assert_eq!(session.platform().vendor, Vendor::Postgres);
    assert_eq!(session.platform().charset.as_deref(), Some("UTF8"));
    session.close().await;
}

#[tokio::test]
async fn one_undrift_at_a_time() {
    let url = postgres().database("lock");
    let other_url = postgres().database("lock");
    let (mut first, mut second, mut other) = (session(&url).await, session(&url).await, session(&other_url).await);
    assert!(first.lock().await.unwrap());
    assert!(!second.lock().await.unwrap());
    assert!(other.lock().await.unwrap(), "a lock is a database's");
    first.unlock().await.unwrap();
    assert!(second.lock().await.unwrap());
    second.close().await;
    let mut freed = false;
    for _ in 0..50 {
        freed = freed || first.lock().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(if freed { 0 } else { 50 })).await;
    }
    assert!(freed, "a lock dies with its session");
    first.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_lock_is_held_through_readings_until_it_is_given_back() {
    let url = postgres().database("held");
    let (mut first, mut second) = (session(&url).await, session(&url).await);
    for read in [true, false] {
        assert!(first.lock().await.unwrap());
        if read {
            first.read().await.unwrap();
            first.structure().await.unwrap();
            first.prepare().await.unwrap();
        }
        assert!(!second.lock().await.unwrap());
        first.unlock().await.unwrap();
        assert!(second.lock().await.unwrap(), "one unlocking is enough");
        second.unlock().await.unwrap();
    }
}

#[tokio::test]
async fn time_outs_outlive_a_transaction_that_was_taken_back() {
    let url = postgres().database("time_outs");
    let mut session = session(&url).await;
    let timeout = "SELECT setting FROM pg_settings WHERE name IN ('lock_timeout') AND setting = '1500'";
    session.limit(Duration::from_millis(1500), Duration::from_secs(5)).await.unwrap();
    session.begin().await.unwrap();
    assert_eq!(session.texts(timeout).await.unwrap().len(), 1);
    session.rollback().await.unwrap();
    assert_eq!(session.texts(timeout).await.unwrap().len(), 1);
    session.limit(Duration::from_millis(1500), Duration::from_secs(5)).await.unwrap();
    session.execute("VACUUM").await.unwrap();
}

#[tokio::test]
async fn transactions_end_one_way_or_the_other() {
    let url = postgres().database("transaction");
    let mut session = session(&url).await;
    session.begin().await.unwrap();
    session.execute("CREATE TABLE a ()").await.unwrap();
    assert_eq!(read(&mut session).await.tables.len(), 1, "reading inside a transaction sees it");
    session.rollback().await.unwrap();
    assert!(read(&mut session).await.tables.is_empty());
    session.begin().await.unwrap();
    session.execute("CREATE TABLE a ()").await.unwrap();
    session.execute("CREATE TABLE a ()").await.unwrap_err();
    assert_eq!(session.commit().await.unwrap_err().trouble, Trouble::Statement, "a spoiled commit says so");
    assert!(read(&mut session).await.tables.is_empty());
    session.begin().await.unwrap();
    session.execute("CREATE TABLE a ()").await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(read(&mut session).await.tables.len(), 1);
    session.close().await;
}

#[tokio::test]
async fn counting_and_executing_return_numbers() {
    let url = postgres().database("numbers");
    let mut session = session(&url).await;
    session.script("CREATE TABLE t (n integer); INSERT INTO t SELECT generate_series(1, 7)").await.unwrap();
    assert_eq!(session.execute("UPDATE t SET n = n + 1 WHERE n > 2").await.unwrap(), 5);
    assert_eq!(session.count("SELECT count(*) FROM t").await.unwrap(), 7);
    assert_eq!(session.count("SELECT NULL::bigint").await.unwrap(), 0);
    let dialect = super::engine::dialect(&session);
    let rows = session.count(&dialect.rows_query(&QName::bare("t"))).await.unwrap();
    assert!((1..1000).contains(&rows), "{rows} is no estimate of 7");
    session.execute("ANALYZE t").await.unwrap();
    assert_eq!(session.count(&dialect.rows_query(&QName::bare("t"))).await.unwrap(), 7);
    assert_eq!(session.count(&dialect.rows_query(&QName::bare("no such"))).await.unwrap(), 0);
    session.close().await;
}

#[tokio::test]
async fn a_dump_is_a_script() {
    let url = postgres().database("dumped");
    postgres().sql(&url, "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id serial PRIMARY KEY, e e DEFAULT 'a')");
    let dump = postgres().dump(&url);
    let mut original = session(&url).await;
    let copy_url = postgres().database("dumped");
    let mut copy = session(&copy_url).await;
    copy.script(&dump).await.unwrap();
    assert_same(&read(&mut copy).await, &read(&mut original).await);
    copy.execute("CREATE TABLE found_by_search_path ()").await.expect("the search path is ours again");
    original.close().await;
    copy.close().await;
}

#[tokio::test]
async fn a_scratch_database_is_like_the_tenants_and_goes() {
    let url = postgres().database("tenant");
    let mut tenant = session(&url).await;
    let mut wanted = Schema::default();
    wanted.extensions.insert("citext".to_owned());
    let mut scratch = tenant.scratch(None, &wanted).await.unwrap();
    let name = scratch.session.place().database.clone();
    assert_eq!(scratch.session.platform(), tenant.platform());
    assert!(name.starts_with("undrift_scratch_"));
    assert_eq!(read(&mut scratch.session).await.extensions, wanted.extensions);
    scratch.session.prepare().await.unwrap();
    let mut to = wanted.clone();
    to.tables.insert(QName::bare("t"), Table::new(QName::bare("t")));
    migrate(&mut scratch.session, &wanted, &to).await;
    assert_same(&read(&mut scratch.session).await, &to);
    assert!(!tenant.sweep().await.unwrap().contains(&name), "a live one is left alone");
    scratch.discard().await.unwrap();
    assert!(!tenant.databases().await.unwrap().contains(&name));
    assert!(read(&mut tenant).await.tables.is_empty());
    tenant.close().await;
}

#[tokio::test]
async fn an_extension_that_cannot_be_is_named() {
    let url = postgres().database("tenant");
    let mut tenant = session(&url).await;
    let mut wanted = Schema::default();
    wanted.extensions.insert("no_such_extension".to_owned());
    let Err(error) = tenant.scratch(None, &wanted).await else { panic!("it was installed") };
    assert_eq!(error.trouble, Trouble::Unreadable);
    assert!(error.message.contains("no_such_extension"), "{error}");
    tenant.close().await;
}

#[tokio::test]
async fn what_a_killed_run_left_is_swept() {
    let url = postgres().database("sweeper");
    postgres().sql(&url, "CREATE DATABASE undrift_scratch_1000_0a");
    postgres().sql(&url, "CREATE DATABASE undrift_scratch_1000_0b");
    let busy = postgres().url("undrift_scratch_1000_0b");
    let holder = Session::connect(&Target::parse(&busy).unwrap(), Patience::default()).await.unwrap();
    let mut session = session(&url).await;
    assert_eq!(session.sweep().await.unwrap(), ["undrift_scratch_1000_0a"]);
    holder.close().await;
    let databases = session.databases().await.unwrap();
    assert!(databases.contains(&"undrift_scratch_1000_0b".to_owned()));
    assert!(!databases.iter().any(|name| name == "postgres" || name.starts_with("template")));
    session.close().await;
}

/// A thousand tables are read within a second on a quiet machine; here, within a generous bound.
#[tokio::test]
async fn a_large_schema_is_read_in_one_go() {
    let url = postgres().database("large");
    postgres().sql(
        &url,
        "DO $$ BEGIN FOR n IN 1..300 LOOP EXECUTE format(
            'CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, b integer DEFAULT 1, c jsonb);
             CREATE INDEX ON t%s (a, b)', n, n); END LOOP; END $$",
    );
    let mut session = session(&url).await;
    let started = std::time::Instant::now();
    assert_eq!(read(&mut session).await.tables.len(), 300);
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
    session.close().await;
}

#[tokio::test]
async fn statements_in_batches_stop_at_the_one_that_fails() {
    let mut session = session(&postgres().database("batches")).await;
    let mut statements: Vec<_> = (0..300).map(|number| format!("CREATE TABLE t{number} (id integer)")).collect();
    statements[250] = "CREATE TABLE wrong (id no_such_type)".to_owned();
    let halt = session.build(&statements).await.unwrap_err();
    assert_eq!(halt.done, 250);
    assert!(halt.error.to_string().contains("no_such_type"), "{}", halt.error);
    assert_eq!(read(&mut session).await.tables.len(), 250);
    session.build(&statements[251..]).await.unwrap();
    assert_eq!(read(&mut session).await.tables.len(), 299);
    session.close().await;
}

#[tokio::test]
async fn a_quote_that_another_statement_closes_is_no_way_to_lose_what_is_between() {
    let mut session = session(&postgres().database("quotes")).await;
    let statements =
        ["CREATE TABLE a (a text DEFAULT 'x)", "CREATE TABLE b (b text)", "CREATE TABLE c (c text DEFAULT ')"];
    let halt = session.build(&statements.map(str::to_owned)).await.unwrap_err();
    assert_eq!(halt.done, 0);
    assert!(read(&mut session).await.tables.is_empty());
    session.close().await;
}
