//! Plans that end between any two statements, and statements that end in their middle: a new plan goes on from there.

use std::collections::BTreeMap;
use std::time::Duration;

use undrift::apply::{self, ApplyError, Limits};
use undrift::db::Connection;
use undrift::dialect;
use undrift::diff::difference;
use undrift::model::{QName, Renames, Schema};

use super::alterations::{FAMILIES, PAIRS};
use super::locks::left_over;
use super::support::mariadb;
use super::{Settling, connect, database, plan_between, read, run};

/// Runs so many statements of a plan on a new database and leaves. `None`: the plan has no more than that.
async fn cut_short(from: &str, goal: &Schema, renames: &Renames, count: usize) -> Option<String> {
    let url = database("cut", from);
    let plan = plan_between(&url, &read(&url).await, goal, renames).await;
    let mut session = connect(&url).await;
    session.prepare().await.unwrap();
    let mut cut = Settling { dialect: dialect::of(session.platform()), taken: BTreeMap::new(), left: count };
    let ran = apply::run(&mut session, &plan, &Limits::GENEROUS, &mut cut).await;
    session.close().await;
    match ran {
        Ok(()) => None,
        Err(ApplyError::Unrecorded(why)) if why == "cut short" => Some(url),
        Err(error) => panic!("{error}"),
    }
}

/// Cuts the plan after each of its statements and plans again.
async fn goes_on(from: &str, to: &str, renames: &Renames, rows: &str, kept: &str) {
    let goal = read(&database("goal", to)).await;
    for count in 1.. {
        let Some(url) = cut_short(from, &goal, renames, count).await else { break };
        let plan = plan_between(&url, &read(&url).await, &goal, renames).await;
        run(&url, &plan).await;
        let remaining = difference(&read(&url).await, &goal, renames).changes;
        assert_eq!(remaining, [], "{count} statements of {from} → {to}");
        assert_eq!(left_over(&url), "");
        if !rows.is_empty() {
            assert_eq!(mariadb().query(&url, rows), kept, "{count} statements of {from} → {to}");
        }
    }
}

#[tokio::test]
async fn a_plan_that_was_cut_short_is_drift_like_any_other() {
    let none = Renames::default();
    for (from, to) in PAIRS {
        let from = format!("{from}; insert into t (id) values (1), (2)");
        goes_on(&from, to, &none, "select count(*), sum(id) from t", "2\t3").await;
    }
    for (from, to) in FAMILIES {
        goes_on(from, to, &none, "", "").await;
    }
}

#[tokio::test]
async fn columns_that_were_being_filled_or_merged_are_finished() {
    let from = "create table t (id int primary key, name varchar(20), password varchar(20), hash varchar(20));
        insert into t values (1, 'Ada L', 'a', null), (2, 'Bob B', null, 'b')";
    let to = "create table t (id int primary key, name varchar(20), hash varchar(20), first varchar(20) not null)";
    let mut renames = Renames::default();
    let fill = [("first".to_owned(), "substring_index(name, ' ', 1)".to_owned())].into_iter().collect();
    renames.fills.insert(QName::bare("t"), fill);
    let old = [("hash".to_owned(), vec!["password".to_owned()])].into_iter().collect();
    renames.columns.insert(QName::bare("t"), old);
    goes_on(
        from,
        to,
        &renames,
        "select id, name, hash, first from t order by id",
        "1\tAda L\ta\tAda\n2\tBob B\tb\tBob",
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_a_copy_leaves_the_old_table() {
    let url = database(
        "copying",
        "create table t (id int primary key, a varchar(60)); insert into t select seq, seq from seq_1_to_300000;",
    );
    let mut session = connect(&url).await;
    session.limit(Duration::from_secs(1), Duration::from_secs(60)).await.unwrap();
    let id = session.count("SELECT CONNECTION_ID()").await.unwrap();
    let killer = url.clone();
    let killed = std::thread::spawn(move || {
        let state = format!("select coalesce(max(state), '') from information_schema.processlist where id = {id}");
        while !mariadb().query(&killer, &state).starts_with("copy to tmp table") {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_ne!(left_over(&killer), "", "the copy is there while it is made");
        mariadb().sql(&killer, &format!("kill {id}"));
    });
    let error = session.execute("ALTER TABLE `t` MODIFY `a` TEXT, ALGORITHM=COPY, LOCK=SHARED").await.unwrap_err();
    killed.join().unwrap();
    assert!(!error.trouble.passes(), "{error}");
    while mariadb().query(&url, &format!("select count(*) from information_schema.processlist where id = {id}")) != "0"
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(left_over(&url), "");
    assert_eq!(mariadb().query(&url, "select count(*), max(id) from t"), "300000\t300000");
    let columns = read(&url).await.tables[&QName::bare("t")].columns.clone();
    assert_eq!(columns[1].data_type, "varchar(60)");
}
