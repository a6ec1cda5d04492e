//! Records with something in every field.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use undrift::model::{Change, Engine, Fingerprint, Hash, Plan, QName, Quarantined, Reason, Ruling, Verdict};
use undrift::store::{
    Activity, Answer, ApplyOutcome, ApprovalRecord, ApprovalState, AuditEntry, AuditEvent, DriftRecord, FailureRecord,
    MemberRecord, MemberState, QuarantineRecord, Question, RolloutRecord, ShapeRecord, Stage, Sync, TenantRecord,
    TroubleRecord,
};

/// Some time, and so many seconds after it.
pub fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T06:00:00.123456789Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub fn hash(of: &str) -> Hash {
    Hash::of(of)
}

pub fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint { format: 1, hash: hash(of) }
}

fn change(name: &str) -> Change {
    Change::CreateNamespace { name: name.to_owned() }
}

pub fn tenant(name: &str) -> TenantRecord {
    TenantRecord {
        name: name.to_owned(),
        engine: Engine::Postgres,
        server: "postgres:db1:5432".to_owned(),
        labels: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
        schema: "shop".to_owned(),
        sync: Sync::Drifted,
        since: at(0),
        activity: Activity::PendingApproval,
        fingerprint: Some(fingerprint("actual")),
        shape: Some(hash("shape")),
        version: Some("2.0".to_owned()),
        good: Some(hash("goal")),
        checked_at: Some(at(1)),
        read_at: Some(at(2)),
        trouble: Some(TroubleRecord { what: "no answer\u{0}'\"".to_owned(), next: "wait".to_owned() }),
        drift: vec![DriftRecord {
            change: 0,
            ruling: Ruling { verdict: Verdict::Ask, reason: Reason::Rule { name: "drops".to_owned() } },
        }],
        blocked: vec!["users and people".to_owned()],
        failure: Some(FailureRecord { plan: plan("a").hash(), times: 2, retry_at: Some(at(3)) }),
        repaired_at: Some(at(4)),
        returned: vec![at(5), at(6)],
        quarantined: vec![QuarantineRecord {
            object: "users.undrift_dropped_20261101_nick".to_owned(),
            since: jiff::civil::date(2026, 11, 1),
            until: Some(at(7)),
        }],
        kept: vec![Quarantined {
            table: QName::bare("users"),
            column: Some("undrift_dropped_20261101_nick".to_owned()),
            since: jiff::civil::date(2026, 11, 1),
        }],
        had_tables: true,
        emptied: Some(at(8)),
    }
}

pub fn shape(id: &str) -> ShapeRecord {
    ShapeRecord {
        id: hash(id),
        platform: "PostgreSQL 15.4".to_owned(),
        schema: "shop".to_owned(),
        goal: hash("goal"),
        fingerprint: fingerprint("actual"),
        changes: vec![change("audit")],
        hazards: vec![vec!["it takes long".to_owned()]],
        plan: Some(plan("a").hash()),
        unproved: vec!["no copy".to_owned()],
        first_seen: at(0),
    }
}

pub fn plan(name: &str) -> Plan {
    Plan {
        engine: Engine::Postgres,
        start: fingerprint("actual"),
        end: Some(fingerprint("reference")),
        changes: Vec::new(),
        left_out: vec![change(name)],
        steps: Vec::new(),
    }
}

pub fn rollout(members: usize) -> RolloutRecord {
    let member = |number| (format!("tenant_{number:05}"), MemberRecord { wave: None, state: MemberState::Waiting });
    RolloutRecord {
        id: 0,
        schema: "shop".to_owned(),
        goal: hash("goal"),
        stage: Stage::Running,
        wave: 0,
        started: at(0),
        ended: None,
        members: (0..members).map(member).collect(),
    }
}

pub fn question(id: &str) -> ApprovalRecord {
    ApprovalRecord {
        id: id.to_owned(),
        question: Question::Plan {
            shape: hash("shape"),
            plan: plan("a").hash(),
            start: fingerprint("actual"),
            changes: vec!["drop column users.name".to_owned()],
            tenants: 2,
            names: vec!["a".to_owned(), "b".to_owned()],
        },
        state: ApprovalState::Pending,
        asked: at(0),
        expires: at(3600),
        answer: None,
    }
}

pub fn answer(who: &str) -> Answer {
    Answer { who: who.to_owned(), at: at(60), why: "it is Tuesday".to_owned() }
}

pub fn entry(seconds: i64, tenant: &str, event: AuditEvent) -> AuditEntry {
    AuditEntry { at: at(seconds), event, tenant: Some(tenant.to_owned()), plan: Some(plan("a").hash()) }
}

pub fn begin() -> AuditEvent {
    AuditEvent::Begin { start: fingerprint("actual"), rules: vec!["additive".to_owned()], approver: None }
}

pub fn intent(statement: usize) -> AuditEvent {
    AuditEvent::Intent { step: 1, statement, sql: format!("UPDATE \"ä\" SET x = '{statement}'\n") }
}

pub fn end() -> AuditEvent {
    AuditEvent::End { end: Some(fingerprint("reference")), outcome: ApplyOutcome::Applied, error: None }
}

/// The entries of a plan that ran on a tenant in so many statements, from a second on.
pub fn applied(seconds: i64, tenant: &str, statements: usize) -> Vec<AuditEntry> {
    let mut entries = vec![entry(seconds, tenant, begin())];
    for statement in 1..=statements {
        let outcome = AuditEvent::Outcome { step: 1, statement, millis: 12, rows: 3, error: None };
        entries.extend([entry(seconds, tenant, intent(statement)), entry(seconds, tenant, outcome)]);
    }
    entries.push(entry(seconds, tenant, end()));
    entries
}
