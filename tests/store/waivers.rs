//! Waivers are written once, end once, and stand in the audit.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rstest::rstest;
use undrift::store::{AuditEvent, AuditFilter, Request, Retention, Store, WaiverError, WaiverText};

use crate::home::Home;
use crate::samples::{hash, shape, tenant};
use crate::support::Engine::{self, Postgres, Sqlite};

fn tomorrow() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().checked_add(Span::new().days(1)).unwrap()
}

fn text(target: &str, drift: &str) -> WaiverText {
    let (target, drift) = (target.to_owned(), drift.to_owned());
    WaiverText { target, drift, until: tomorrow(), owner: "dba".to_owned(), why: "ticket 4711".to_owned() }
}

async fn filled(home: &Home) -> Store {
    let store = home.open().await;
    store.save_tenants(&[tenant("tenant_a"), tenant("tenant_b")]).await.unwrap();
    store.save_shape(&shape("shape")).await.unwrap();
    store
}

async fn deeds(store: &Store) -> Vec<String> {
    let entries = store.audit(&AuditFilter::default(), None, 100).await.unwrap();
    let did = |event| if let AuditEvent::Did { who, what } = event { Some(format!("{who} {what}")) } else { None };
    entries.into_iter().filter_map(|(_, entry)| did(entry.event)).collect()
}

#[rstest]
#[tokio::test]
async fn a_waiver_is_kept_told_and_ended_once(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home).await;
    let written = store.person("anna").waive(text("tenant_*", "drop_index/votes.idx_email")).await.unwrap();
    assert_eq!(store.waivers(false).await.unwrap(), std::slice::from_ref(&written));
    assert_eq!((written.given.who.as_str(), written.given.why.as_str()), ("anna", "ticket 4711"));
    let waiver = written.waiver().unwrap();
    assert_eq!((waiver.name.as_str(), waiver.until, waiver.owner.as_str()), (&*written.id, tomorrow(), "dba"));

    let ended = store.person("bert").unwaive(&written.id[..6], "fixed").await.unwrap();
    assert_eq!(ended.ended.as_ref().map(|by| by.who.as_str()), Some("bert"));
    assert_eq!(store.waivers(false).await.unwrap(), []);
    assert_eq!(store.waivers(true).await.unwrap(), std::slice::from_ref(&ended));
    let again = store.person("bert").unwaive(&written.id, "").await;
    assert!(matches!(again, Err(WaiverError::Ended(by)) if Some(&by) == ended.ended.as_ref()));

    let (id, until) = (&written.id, tomorrow());
    let drift = "drop_index/votes.idx_email";
    assert_eq!(
        deeds(&store).await,
        [
            format!("bert ended the waiver {id} ({drift} on tenant_*): fixed"),
            format!("anna waived {drift} on tenant_* until {until} for dba: ticket 4711 ({id})"),
        ]
    );
    store.verify_audit().await.unwrap();
    let asked = Request::Check { tenants: vec!["tenant_*".to_owned()] };
    assert_eq!(store.take_requests().await.unwrap(), [asked.clone(), asked]);
}

#[rstest]
#[tokio::test]
async fn a_shape_is_named_by_the_beginning_of_its_id(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home).await;
    let written = store.person("anna").waive(text(&hash("shape").short(), "drop_*")).await.unwrap();
    assert_eq!((written.waived.shape, written.waived.tenant), (Some(hash("shape")), None));
    let everybody = Request::Check { tenants: Vec::new() };
    assert_eq!(store.take_requests().await.unwrap(), [everybody]);
}

#[rstest]
#[tokio::test]
async fn what_waives_nothing_is_refused(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home).await;
    let refused = async |text| store.person("anna").waive(text).await.unwrap_err().to_string();
    let short = &hash("shape").to_string()[..5];
    for nobody in ["tenant_c", "tier=silver", "", short] {
        let said = refused(text(nobody, "drop_index")).await;
        assert!(said.contains("neither one of the 2 tenants"), "{nobody}: {said}");
    }
    assert!(refused(text("tenant_a", "drop_indx/x")).await.contains("did you mean `drop_index`?"));
    assert!(refused(text("tenant_a", " ")).await.contains("say which drift"));
    let past = WaiverText { until: date(2020, 1, 31), ..text("tenant_a", "drop_index") };
    assert!(refused(past).await.starts_with("2020-01-31 is over"));
    assert!(matches!(store.person("anna").unwaive("abc", "").await, Err(WaiverError::NotFound)));
    assert!(matches!(store.person("anna").unwaive("%", "").await, Err(WaiverError::NotFound)));
    assert_eq!(store.waivers(true).await.unwrap(), []);
    assert_eq!(deeds(&store).await, Vec::<String>::new());
    store.person("anna").waive(text("tier=gold", "drop_index")).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn waivers_that_were_ended_are_forgotten_in_time_and_others_never(#[values(Sqlite, Postgres)] engine: Engine) {
    let home = Home::new(engine);
    let store = filled(&home).await;
    let kept = store.person("anna").waive(text("tenant_a", "drop_index")).await.unwrap();
    let gone = store.person("anna").waive(text("tenant_a", "drop_table")).await.unwrap();
    store.person("anna").unwaive(&gone.id, "").await.unwrap();
    let retention = Retention::from(undrift::config::Retention::default());
    let later = |days: i64| Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    assert_eq!(store.prune(&retention, later(29)).await.unwrap().waivers, 0);
    assert_eq!(store.prune(&retention, later(31)).await.unwrap().waivers, 1);
    assert_eq!(store.waivers(true).await.unwrap(), [kept]);
}
