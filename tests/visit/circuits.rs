//! Servers that are away.

use std::time::{Duration, Instant};

use undrift::db::{CircuitState, DbError, Look, Target, Trouble, Visitor};

use super::road::Road;
use super::support::{mariadb, postgres};
use super::{meet, target, visitor};

async fn fail(visitor: &Visitor, target: &Target) -> DbError {
    match visitor.visit(target, Look::default()).await {
        Err(error) => error,
        Ok(_) => panic!("the server is away"),
    }
}

fn circuit(visitor: &Visitor, target: &Target) -> CircuitState {
    visitor.circuits()[&(target.engine(), target.server())]
}

/// A server goes away and comes back.
async fn away_and_back(near: &str) {
    let mut road = Road::to(near).await;
    let far = road.by(near);
    let there = target(&far);
    let visitor = visitor();
    meet(&visitor, &far).await;
    road.close().await;
    for _ in 0..3 {
        assert_eq!(circuit(&visitor, &there), CircuitState::Closed);
        assert_eq!(fail(&visitor, &there).await.trouble, Trouble::Unreachable);
    }
    assert!(matches!(circuit(&visitor, &there), CircuitState::Open { .. }));
    let error = fail(&visitor, &there).await;
    assert!(error.message.contains("circuit"), "{error}");
    road.open().await;
    let opened = Instant::now();
    while visitor.visit(&there, Look::default()).await.is_err() {
        assert!(opened.elapsed() < Duration::from_secs(20), "it stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(circuit(&visitor, &there), CircuitState::Closed);
}

#[tokio::test]
async fn postgres_goes_away_and_comes_back() {
    let name = target(&postgres().database("away")).database().unwrap();
    away_and_back(&postgres().tcp_url("postgres", &name)).await;
}

#[tokio::test]
async fn mariadb_goes_away_and_comes_back() {
    let name = target(&mariadb().database("away")).database().unwrap();
    mariadb().sql(&mariadb().url("mysql"), "GRANT ALL ON *.* TO far@127.0.0.1 IDENTIFIED BY 'pw'");
    away_and_back(&mariadb().tcp_url("far:pw", &name)).await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_by_all() {
    // It takes connections and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = target(&format!("postgres://u@{}/db", listener.local_addr().unwrap()));
    let patience = undrift::db::Patience { connect: Duration::from_millis(300), read: Duration::from_secs(1) };
    let visitor = Visitor::new(patience, undrift::db::Budget { at_once: 4, per_server: 2 });
    let started = Instant::now();
    let mut troubles = Vec::new();
    for visit in futures_util::future::join_all((0..40).map(|_| fail(&visitor, &there))).await {
        troubles.push(visit.trouble);
    }
    assert!(troubles.contains(&Trouble::TimedOut) && troubles.contains(&Trouble::Unreachable), "{troubles:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wrong_password_is_one_tenants() {
    let name = target(&mariadb().database("login")).database().unwrap();
    mariadb().sql(&mariadb().url("mysql"), "GRANT ALL ON *.* TO correct@127.0.0.1 IDENTIFIED BY 'pw'");
    let visitor = visitor();
    let wrong = target(&mariadb().tcp_url("correct:wrong", &name));
    for _ in 0..5 {
        assert_eq!(fail(&visitor, &wrong).await.trouble, Trouble::LoginRefused);
    }
    let right = mariadb().tcp_url("correct:pw", &name);
    meet(&visitor, &right).await;
    assert_eq!(circuit(&visitor, &target(&right)), CircuitState::Closed);
    assert_eq!(fail(&visitor, &wrong).await.trouble, Trouble::LoginRefused, "sessions are not lent to others");
}
