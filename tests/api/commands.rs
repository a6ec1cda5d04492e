//! The commands, through the real binary, on a state file.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use undrift::model::Engine;
use undrift::store::token;
use undrift::store::{Activity, ApprovalRecord, AuditEvent, Request, Role, Store, Sync, TenantRecord, Trigger};

use super::routes::{asked, plan};
use super::samples;
use super::world::open;
use crate::support::{self, Cli, Output};

/// A folder with a configuration, and a state if it was opened.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = support::folder();
        std::fs::write(folder.path().join("undrift.yaml"), "state: sqlite:state.db\n").unwrap();
        Self { folder }
    }

    async fn store(&self) -> Store {
        open(&self.folder).await
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Cli::new().folder(self.folder.path()).variable("USER", "anna").run(arguments)
    }

    /// Runs a command that fails, and returns what it says.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).expect_code(1);
        assert!(output.stderr.contains("next: ") || output.stderr.contains("error: "), "{}", output.stderr);
        output.stderr
    }
}

/// A state with these tenants.
pub async fn desk_with(tenants: &[TenantRecord]) -> Desk {
    let desk = Desk::new();
    let store = desk.store().await;
    store.save_tenants(tenants).await.unwrap();
    store.close().await;
    desk
}

fn tenant(name: &str, sync: Sync) -> TenantRecord {
    TenantRecord { sync, activity: Activity::Idle, trouble: None, failure: None, ..samples::tenant(name) }
}

#[test]
fn without_a_state_there_is_nothing_to_show() {
    let desk = Desk::new();
    for command in
        [&["status"][..], &["history"], &["approvals"], &["approve", "a"], &["audit", "verify"], &["token", "list"]]
    {
        assert!(desk.fails(command).contains("undrift has no state yet"), "{command:?}");
    }
    assert!(!desk.state().exists(), "looking makes nothing");
    std::fs::remove_file(desk.folder.path().join("undrift.yaml")).unwrap();
    assert!(desk.fails(&["status"]).contains("undrift.yaml is not there"));
}

#[tokio::test]
async fn the_exit_code_of_status_tells_how_the_fleet_is() {
    for (states, code) in [
        (&[][..], 1),
        (&[Sync::InSync], 0),
        (&[Sync::InSync, Sync::Drifted], 2),
        (&[Sync::InSync, Sync::Drifted, Sync::Unknown], 1),
    ] {
        let tenants: Vec<_> = states.iter().map(|sync| tenant(&sync.to_string(), *sync)).collect();
        let desk = desk_with(&tenants).await;
        let output = desk.run(&["status"]).expect_code(code);
        assert!(output.stdout.starts_with(&format!("{} tenants: ", states.len())), "{}", output.stdout);
    }
}

#[tokio::test]
async fn ten_thousand_tenants_fit_on_a_screen() {
    let tenant = |number: usize| {
        let sync = if number.is_multiple_of(100) { Sync::Unknown } else { Sync::InSync };
        let mut tenant = tenant(&format!("tenant_{number:05}"), sync);
        tenant.engine = Engine::ALL[number % 3];
        tenant.shape = Some(samples::hash(&(number % 40).to_string()));
        tenant
    };
    let desk = desk_with(&(0..10_000).map(tenant).collect::<Vec<_>>()).await;
    let store = desk.store().await;
    for number in 0..40 {
        store.save_shape(&samples::shape(&number.to_string())).await.unwrap();
    }
    store.new_rollout(&samples::rollout(10_000)).await.unwrap();
    store.begin_run(Trigger::Start, samples::at(0)).await.unwrap();
    store.close().await;
    let begun = std::time::Instant::now();
    let output = desk.run(&["status"]).expect_code(1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    let text = output.stdout;
    assert!(text.starts_with("10,000 tenants: 9,900 in sync, 0 drifted, 100 unknown\n"), "{text}");
    for line in ["\nSHAPES 10 of 40\n", "\nPROBLEMS, the worst first\n", "#1 shop: wave 1 runs; 0 of 10,000 done\n"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.lines().count() <= 50 && text.lines().all(|line| line.len() < 160), "{text}");
}

#[tokio::test]
async fn what_a_tenant_is_called_cannot_move_the_cursor() {
    let desk = desk_with(&[tenant("a\u{1b}[2J", Sync::Unknown)]).await;
    let output = desk.run(&["status"]).expect_code(1);
    assert!(output.stdout.contains("a\\u{1b}[2J") && !output.stdout.contains('\u{1b}'), "{:?}", output.stdout);
}

pub async fn desk_with_questions(ids: &[&str]) -> Desk {
    let desk = Desk::new();
    let store = desk.store().await;
    store.save_plan(&plan()).await.unwrap();
    for id in ids {
        let mut record: ApprovalRecord = asked(id);
        if let undrift::store::Question::Plan { plan: hash, .. } = &mut record.question {
            *hash = plan().hash();
        }
        store.ask(&record).await.unwrap();
    }
    store.close().await;
    desk
}

#[tokio::test]
async fn a_question_is_listed_read_and_answered() {
    let desk = desk_with_questions(&["aaaaaaaaaaaa", "bbbbbbbbbbbb"]).await;
    let list = desk.run(&["approvals"]).expect_code(0).stdout;
    assert!(list.contains("aaaaaaaaaaaa") && list.contains("drop column users.name"), "{list}");
    let one = desk.run(&["approvals", "aaaa"]).expect_code(0).stdout;
    assert!(one.contains("CREATE SCHEMA \"audit\"") && one.contains("undrift approve aaaaaaaaaaaa"), "{one}");
    let yes = desk.run(&["approve", "aaaa", "--why", "it is Tuesday"]).expect_code(0).stdout;
    assert!(yes.starts_with("approved aaaaaaaaaaaa: the plan goes out to 2 tenants"), "{yes}");
    desk.run(&["reject", "bbbb", "--why", "not today"]).expect_code(0);
    assert_eq!(desk.run(&["approvals"]).expect_code(0).stdout, "no question waits for an answer\n");
    let all = desk.run(&["approvals", "--all"]).expect_code(0).stdout;
    assert!(all.contains("approved by anna") && all.contains("rejected by anna"), "{all}");
    let json: Value =
        serde_json::from_str(&desk.run(&["approvals", "-a", "-o", "json"]).expect_code(0).stdout).unwrap();
    assert_eq!(json["items"][0]["answer"]["who"], "anna");
    let history = desk.run(&["history"]).expect_code(0).stdout;
    let lines: Vec<_> = history.lines().collect();
    assert!(lines[1].ends_with("anna approved aaaaaaaaaaaa: it is Tuesday"), "{history}");
    assert!(lines[2].ends_with("anna rejected bbbbbbbbbbbb: not today"), "{history}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_says_why() {
    let desk = desk_with_questions(&["aaaaaaaaaaaa", "aaaabbbbbbbb"]).await;
    desk.run(&["approve", "aaaaaaaaaaaa"]).expect_code(0);
    let twice = desk.fails(&["reject", "aaaaaaaaaaaa", "--why", "no"]);
    assert!(twice.contains("it has been answered: approved by anna"), "{twice}");
    assert!(desk.fails(&["approve", "cccc"]).contains("there is no such question"));
    assert!(desk.fails(&["approve", "aaaa"]).contains("several questions begin like that"));
    assert!(desk.fails(&["reject", "aaaab", "--why", " "]).contains("say why"));
    assert!(desk.fails(&["reject", "aaaab"]).contains("--why"));
    assert!(desk.run(&["approvals"]).stdout.contains("aaaabbbbbbbb"), "it waits as before");
}

#[tokio::test]
async fn history_is_the_audit_as_people_read_it() {
    let desk = desk_with(&[tenant("shop_a", Sync::InSync), tenant("shop_b", Sync::InSync)]).await;
    let store = desk.store().await;
    store.append(&samples::applied(0, "shop_a", 1)).await.unwrap();
    let failed = AuditEvent::Outcome {
        step: 2,
        statement: 1,
        millis: 7,
        rows: 0,
        error: Some("no\u{7} such\ntable".to_owned()),
    };
    store.append(&[samples::entry(1, "shop_b", failed)]).await.unwrap();
    store.close().await;
    let text = desk.run(&["history", "shop_a"]).expect_code(0).stdout;
    let what: Vec<_> = text.lines().skip(1).map(|line| line.split_once("shop_a  ").unwrap().1).collect();
    let plan = samples::plan("a").hash().short();
    assert_eq!(
        what,
        [
            format!("plan {plan} begins: additive"),
            "step 1.1: UPDATE \"ä\" SET x = '1'".to_owned(),
            "step 1.1 ran: 12 ms, 3 rows".to_owned(),
            format!("plan {plan} was applied"),
        ]
    );
    assert!(text.contains("2026-11-21 06:00:00Z"), "{text}");
    let last = desk.run(&["history", "--limit", "1"]).expect_code(0).stdout;
    assert!(
        last.lines().nth(1).unwrap().ends_with("shop_b  step 2.1 failed after 7 ms: no\\u{7} such table"),
        "{last}"
    );
    let json: Value = serde_json::from_str(&desk.run(&["history", "-o", "json"]).expect_code(0).stdout).unwrap();
    assert_eq!((json["items"].as_array().unwrap().len(), &json["items"][0]["sequence"]), (5, &1.into()));
    assert!(desk.fails(&["history", "shop_c"]).contains("did you mean `shop_"));
}

#[tokio::test]
async fn the_service_is_asked_through_the_state() {
    let desk = desk_with(&[tenant("shop_a", Sync::Drifted)]).await;
    assert!(desk.run(&["check-now", "--tenant", "shop_*"]).expect_code(0).stdout.contains("no service runs"));
    assert!(desk.fails(&["check-now", "--tenant", "shop_b"]).contains("none of the 1 tenants"));
    desk.run(&["pause", "--why", "lunch"]).expect_code(0);
    let status = desk.run(&["status"]).expect_code(2).stdout;
    assert!(status.contains("paused by anna") && status.contains("lunch"), "{status}");
    assert!(desk.run(&["resume", "--tenant", "shop_a"]).expect_code(0).stdout.contains("the pause goes on"));
    assert!(desk.run(&["resume"]).expect_code(0).stdout.starts_with("the pause of anna ended (lunch)"));
    let store = desk.store().await;
    assert!(store.pause().await.unwrap().is_none());
    let shop = |name: &str| vec![name.to_owned()];
    let asked = [
        Request::Check { tenants: shop("shop_*") },
        Request::Resume { tenants: shop("shop_a") },
        Request::Resume { tenants: Vec::new() },
    ];
    assert_eq!(store.take_requests().await.unwrap(), asked);
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked() {
    let desk = Desk::new();
    let made = desk.run(&["token", "create", "--name", "ci", "--role", "operator", "--expires", "90d"]).expect_code(0);
    let secret = made.stdout.trim_end();
    let (id, _) = token::parts(secret).expect("only the token is on stdout");
    assert!(made.stderr.contains(id), "{}", made.stderr);
    let listed = desk.run(&["token", "list"]).expect_code(0).stdout;
    assert!(listed.contains(id) && listed.contains("operator") && listed.contains("until 2"), "{listed}");
    let json = desk.run(&["token", "list", "-o", "json"]).expect_code(0).stdout;
    for shown in [&listed, &json] {
        assert!(!shown.contains(secret) && !shown.contains("argon2"), "{shown}");
    }
    let store = desk.store().await;
    let record = store.tokens().await.unwrap().remove(0);
    assert_eq!((record.name.as_str(), record.role), ("ci", Role::Operator));
    assert_eq!(record.expires.unwrap().duration_since(record.created).as_hours(), 90 * 24);
    store.close().await;
    desk.run(&["token", "revoke", &id[..6]]).expect_code(0);
    assert!(desk.fails(&["token", "revoke", id]).contains("was revoked before"));
    assert!(desk.fails(&["token", "revoke", "zz"]).contains("there is no token zz"));
    assert!(desk.run(&["token", "list"]).expect_code(0).stdout.contains("revoked 2"));
    for expires in ["0s", "soon", "90", "4000d"] {
        let said = desk.fails(&["token", "create", "--name", "x", "--role", "viewer", "--expires", expires]);
        assert!(said.contains("90d"), "{said}");
    }
    let history = desk.run(&["history"]).expect_code(0).stdout;
    assert!(history.contains(&format!("anna made the operator token {id} for ci")), "{history}");
    assert!(history.contains(&format!("anna revoked the token {id} of ci")), "{history}");
}

#[tokio::test]
async fn a_changed_audit_is_found_out() {
    let desk = Desk::new();
    let store = desk.store().await;
    store.append(&samples::applied(0, "shop_a", 2)).await.unwrap();
    let head = store.verify_audit().await.unwrap().head;
    store.close().await;
    let text = desk.run(&["audit", "verify"]).expect_code(0).stdout;
    assert!(text.contains("all 6 entries hold, from 1 to 6") && text.contains(&head.to_string()), "{text}");
    let url = format!("sqlite:{}", desk.state().display());
    support::sqlite_sql(
        &url,
        "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_kept;
         UPDATE audit SET entry = replace(entry, '\"rows\":3', '\"rows\":0') WHERE sequence = 3;",
    );
    let said = desk.fails(&["audit", "verify"]);
    assert!(said.contains("the audit is broken at entry 3"), "{said}");
    let json: Value =
        serde_json::from_str(&desk.run(&["audit", "verify", "-o", "json"]).expect_code(1).stdout).unwrap();
    assert_eq!((&json["holds"], &json["broken_at"]), (&false.into(), &3.into()));
}
