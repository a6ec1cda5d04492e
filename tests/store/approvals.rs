//! A question is asked once and answered once.

use rstest::rstest;
use undrift::store::{AnswerError, ApprovalRecord, ApprovalState, AuditEvent, AuditFilter};

use crate::home::Home;
use crate::samples::{answer, at, plan, question};
use crate::support::Engine::{self, Postgres, Sqlite};

const A: &str = "aaaa00000001";
const B: &str = "aaaa00000002";

#[rstest]
#[tokio::test]
async fn an_answer_is_never_overwritten(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    assert!(store.ask(&question(A)).await.unwrap());
    assert!(!store.ask(&question(A)).await.unwrap(), "it stands");
    let approved = store.answer(A, true, answer("anna"), at(60)).await.unwrap();
    let expected = ApprovalRecord { state: ApprovalState::Approved, answer: Some(answer("anna")), ..question(A) };
    assert_eq!(approved, expected);
    assert_eq!(store.approval(A).await.unwrap(), expected);

    let late = store.answer(A, false, answer("bert"), at(61)).await;
    assert!(matches!(late, Err(AnswerError::AlreadyAnswered(record)) if *record == expected));
    assert!(!store.ask(&question(A)).await.unwrap());
    assert_eq!(store.approvals(None).await.unwrap(), [expected]);
    assert_eq!(store.approvals(Some(ApprovalState::Pending)).await.unwrap(), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_answers_at_once_one_counts(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let stores = [home.open().await, home.open().await];
    for round in 0..10 {
        let id = format!("{round:012x}");
        stores[0].ask(&question(&id)).await.unwrap();
        let (yes, no) = tokio::join!(
            stores[0].answer(&id, true, answer("anna"), at(60)),
            stores[1].answer(&id, false, answer("bert"), at(60)),
        );
        let (winner, loser) = if yes.is_ok() { (yes, no) } else { (no, yes) };
        let winner = winner.unwrap();
        assert!(matches!(loser, Err(AnswerError::AlreadyAnswered(record)) if *record == winner));
        assert_eq!(stores[1].approval(&id).await.unwrap(), winner);
    }
    let told =
        stores[0].audit(&AuditFilter { plan: Some(plan("a").hash()), ..AuditFilter::default() }, None, 100).await;
    let answers = told.unwrap().into_iter().filter(|(_, entry)| matches!(entry.event, AuditEvent::Answered { .. }));
    assert_eq!(answers.count(), 10, "one entry for each question");
    assert_eq!(stores[0].verify_audit().await.unwrap().entries, 10);
}

#[rstest]
#[tokio::test]
async fn what_is_not_used_in_time_expires_and_is_asked_anew(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    store.ask(&question(A)).await.unwrap();
    store.ask(&question(B)).await.unwrap();
    store.ask(&ApprovalRecord { expires: at(9999), ..question("cccc") }).await.unwrap();
    store.answer(B, true, answer("anna"), at(60)).await.unwrap();

    assert_eq!(store.expire(at(3599)).await.unwrap(), []);
    let late = store.answer(A, true, answer("anna"), at(3600)).await;
    assert!(matches!(late, Err(AnswerError::Expired)), "its time is over although nobody has told yet");
    let mut expired = store.expire(at(3600)).await.unwrap();
    expired.sort_by(|a, b| a.id.cmp(&b.id));
    let states: Vec<_> = expired.iter().map(|record| (record.id.as_str(), record.state)).collect();
    assert_eq!(states, [(A, ApprovalState::Expired), (B, ApprovalState::Expired)]);
    assert_eq!(expired[1].answer, Some(answer("anna")), "who said yes is not forgotten");
    assert_eq!(store.expire(at(3600)).await.unwrap(), []);

    let again = ApprovalRecord { asked: at(4000), expires: at(8000), ..question(B) };
    assert!(store.ask(&again).await.unwrap());
    assert_eq!(store.approval(B).await.unwrap(), again);
}

#[rstest]
#[tokio::test]
async fn a_question_without_an_object_is_withdrawn(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    for id in [A, B, "cccc"] {
        store.ask(&question(id)).await.unwrap();
    }
    store.answer(B, false, answer("anna"), at(60)).await.unwrap();
    store.withdraw(&[A.to_owned(), B.to_owned()]).await.unwrap();
    assert_eq!(store.approval(A).await.unwrap().state, ApprovalState::Withdrawn);
    assert_eq!(store.approval(B).await.unwrap().state, ApprovalState::Rejected, "a no stays a no");
    assert_eq!(store.approval("cccc").await.unwrap().state, ApprovalState::Pending);
    assert!(matches!(store.answer(A, true, answer("anna"), at(61)).await, Err(AnswerError::Withdrawn)));
    assert!(store.ask(&question(A)).await.unwrap());
    assert_eq!(store.approval(A).await.unwrap(), question(A));
}

#[rstest]
#[tokio::test]
async fn an_id_may_be_cut_short(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = home.open().await;
    for id in [A, B, "cccc00000003"] {
        store.ask(&question(id)).await.unwrap();
    }
    assert_eq!(store.approval("C").await.unwrap().id, "cccc00000003");
    assert_eq!(store.answer("cc", true, answer("anna"), at(60)).await.unwrap().id, "cccc00000003");
    assert_eq!(store.approval(B).await.unwrap().id, B);
    assert!(matches!(store.answer("aaaa", true, answer("anna"), at(60)).await, Err(AnswerError::Ambiguous)));
    for nobody in ["", "%", "b", "aaaa000000011", "g", "' OR 1=1"] {
        assert!(matches!(store.approval(nobody).await, Err(AnswerError::NotFound)), "{nobody}");
    }
}
