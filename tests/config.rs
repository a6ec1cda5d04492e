//! `undrift.yaml` as people write it: what it comes to, and what is said of a bad one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use undrift::config::{self, Config, Occasion, Origin, Schedule, WebhookFormat};
use undrift::model::Engine;

const EXAMPLE: &str = r#"
schema: schema/universal-core.yaml
schemas: { political_party: schema/templates/political-party.yaml }
policy: policies/default.yaml
state: sqlite://undrift-state.db
schedule: "every 5m"
tenants:
  - files: tenants/*.db
  - discover: { server: "${PG_URL}", match: "tenant_%", exclude: "tenant_old_%" }
    labels: { tier: standard }
  - list: [{ name: uml, url: "${UML_URL}", labels: { tier: gold } }, { name: dev, url: "sqlite://dev.db", schema: other.sql }]
    labels: { tier: free, region: eu }
    schema: political_party
scratch: { mysql: "mysql://u:${PASSWORD}@h/" }
concurrency: { at_once: 20, per_server: 2 }
timeouts: { connect: 5s, read: 2m }
http: { listen: "0.0.0.0:80" }
repair: false
idle_detector: true
full_read: 30m
approvals: { expire: 2d }
retention: { runs: 7d, audit: 730d }
metrics: { per_tenant: true }
webhooks:
  - { url: "https://u:${PASSWORD}@h/hook", secret: "${PASSWORD}", events: blocked }
  - { url: "https://h/s3cret", format: slack, events: [drift_found, approval_needed] }
  - { url: "http://h" }
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "PG_URL" => Some("postgres://u:s3cret@h/postgres".to_owned()),
        "UML_URL" => Some("mysql://u:s3cret@h/uml".to_owned()),
        "PASSWORD" => Some("s3cret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(text: &str) -> Config {
    Config::parse(Path::new("/etc/undrift/undrift.yaml"), text, &environment)
        .unwrap_or_else(|report| panic!("{report}"))
}

fn complaint(text: &str) -> String {
    Config::parse(Path::new("undrift.yaml"), text, &environment).unwrap_err().render(false)
}

#[test]
fn everything_in_the_example_is_resolved() {
    let config = parse(EXAMPLE);
    let in_folder = |path: &str| PathBuf::from("/etc/undrift").join(path);
    assert_eq!(config.schema.unwrap().path, in_folder("schema/universal-core.yaml"));
    assert_eq!(config.policy, Some(in_folder("policies/default.yaml")));
    assert_eq!(config.state.expose_secret(), "sqlite:/etc/undrift/undrift-state.db");
    assert_eq!(config.schedule, Schedule::Every(Duration::from_secs(300)));
    assert_eq!(config.scratch[&Engine::Mysql].expose_secret(), "mysql://u:s3cret@h/");
    assert_eq!((config.concurrency.at_once, config.concurrency.per_server), (20, 2));
    assert_eq!((config.timeouts.connect.as_secs(), config.timeouts.read.as_secs()), (5, 120));
    assert_eq!(config.listen.to_string(), "0.0.0.0:80");
}

#[test]
fn the_daemon_is_told_what_it_may_do_and_for_how_long() {
    let config = parse(EXAMPLE);
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert_eq!((config.repair, config.idle_detector, config.metrics_per_tenant), (false, true, true));
    assert_eq!((config.full_read, config.approvals_expire), (Duration::from_secs(1800), days(2)));
    assert_eq!((config.retention.runs, config.retention.audit), (days(7), days(730)));
    let usual = parse("tenants: []");
    assert_eq!((usual.repair, usual.idle_detector, usual.metrics_per_tenant), (true, false, false));
    assert_eq!((usual.full_read, usual.approvals_expire), (Duration::from_secs(3600), days(7)));
    assert_eq!((usual.retention.runs, usual.retention.audit), (days(30), days(365)));
    assert!(usual.webhooks.is_empty());
}

#[test]
fn webhooks_are_told_what_they_asked_for() {
    let config = parse(EXAMPLE);
    let [json, slack, all] = &config.webhooks[..] else { panic!("{:?}", config.webhooks) };
    assert_eq!(json.url.expose_secret(), "https://u:s3cret@h/hook");
    assert_eq!((json.secret.as_ref().unwrap().expose_secret(), json.format), ("s3cret", WebhookFormat::Json));
    assert_eq!(json.events, [Occasion::Blocked]);
    assert_eq!((slack.format, slack.secret.is_none()), (WebhookFormat::Slack, true));
    assert_eq!(slack.events, [Occasion::DriftFound, Occasion::ApprovalNeeded]);
    assert_eq!(all.events, Occasion::ALL);
}

#[test]
fn sources_carry_what_their_tenants_have_in_common() {
    let config = parse(EXAMPLE);
    let [files, discover, list] = &config.sources[..] else { panic!("{:?}", config.sources) };
    let Origin::Files { patterns, common } = &files.origin else { panic!("{files:?}") };
    assert_eq!(patterns, &[PathBuf::from("/etc/undrift/tenants/*.db")]);
    assert_eq!(common.schema.name, "schema/universal-core.yaml");
    let Origin::Discover { server, matching, exclude, common } = &discover.origin else { panic!("{discover:?}") };
    assert_eq!(server.expose_secret(), "postgres://u:s3cret@h/postgres");
    assert!(matching.matches("tenant_a") && exclude[0].matches("tenant_old_a"));
    assert_eq!(common.labels["tier"], "standard");
    let Origin::List(listed) = &list.origin else { panic!("{list:?}") };
    assert_eq!(listed[0].common.schema.name, "political_party");
    assert_eq!((listed[0].common.labels["tier"].as_str(), listed[0].common.labels["region"].as_str()), ("gold", "eu"));
    assert_eq!(listed[1].url.expose_secret(), "sqlite:/etc/undrift/dev.db");
    assert_eq!(listed[1].common.schema.path, PathBuf::from("/etc/undrift/other.sql"));
    assert_eq!(listed[1].place, "/etc/undrift/undrift.yaml:11:70");
}

#[test]
fn an_empty_map_is_a_configuration() {
    let config = parse("tenants: []");
    assert_eq!((config.concurrency.at_once, config.timeouts.connect.as_secs()), (8, 10));
    assert_eq!(config.state.expose_secret(), "sqlite:/etc/undrift/undrift-state.db");
    assert_eq!(config.listen.to_string(), "127.0.0.1:9464");
}

#[test]
fn secrets_are_not_printed() {
    assert!(!format!("{:?}", parse(EXAMPLE)).contains("s3cret"));
}

#[test]
fn variables_are_replaced_once_and_can_be_escaped() {
    let tenant = |url: &str| parse(&format!("schema: a.yaml\ntenants: [{{ list: [{{ name: t, url: {url:?} }}] }}]"));
    for (written, meant) in [
        ("mysql://u:${PASSWORD}@h/${EMPTY}d", "mysql://u:s3cret@h/d"),
        ("mysql://u@h/$${PASSWORD}", "mysql://u@h/${PASSWORD}"),
        ("mysql://u:a$b$@h/d", "mysql://u:a$b$@h/d"),
    ] {
        let config = tenant(written);
        let Origin::List(listed) = &config.sources[0].origin else { panic!() };
        assert_eq!(listed[0].url.expose_secret(), meant);
    }
}

#[test]
fn a_variable_that_is_not_set_is_shown_at_its_place() {
    let text = complaint("schema: a.yaml\ntenants:\n  - list: [{ name: t, url: \"mysql://u:${NOBODY}@h/d\" }]\n");
    assert!(text.contains("environment variable NOBODY is not set") && text.contains("undrift.yaml:3:"), "{text}");
}

#[test]
fn a_cron_line_is_a_schedule() {
    assert!(matches!(parse("schedule: \"0 3 * * *\"").schedule, Schedule::Cron(_)));
    assert!(complaint("schedule: \"0 0 31 2 *\"").contains("no day ever fits it"));
    assert!(complaint("schedule: every 0s").contains("never rest"));
}

#[test]
fn every_mistake_is_shown_at_its_place_and_no_secret() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    for name in ["mistakes", "no-schema", "service", "syntax"] {
        let text = std::fs::read_to_string(root.join(format!("{name}.yaml"))).unwrap();
        let path = PathBuf::from(format!("{name}.yaml"));
        let rendered = Config::parse(&path, &text, &environment).unwrap_err().render(false);
        assert!(!rendered.contains("s3cret"), "{rendered}");
        insta::with_settings!({ snapshot_path => &root, prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, rendered);
        });
    }
}

fn documentation() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md")).unwrap()
}

#[test]
fn the_example_of_the_documentation_is_sound() {
    let text = documentation();
    let example = text.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let set = |name: &str| Some(if name == "SLACK_URL" { "https://h/hook" } else { "mysql://u@h/d" }.to_owned());
    let config = Config::parse(Path::new("docs/config.md"), example, &set).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(config.sources.len(), 3);
}

#[test]
fn the_documentation_explains_every_key_and_event() {
    let text = documentation();
    for event in Occasion::KEYS {
        assert!(text.contains(&format!("`{event}`")), "docs/config.md lacks {event}");
    }
    let schema = config::json_schema();
    let shapes = std::iter::once(&schema).chain(schema["$defs"].as_object().into_iter().flat_map(|defs| defs.values()));
    for key in shapes.flat_map(|shape| shape["properties"].as_object().unwrap().keys()) {
        assert!(text.contains(&format!("`{key}`")), "docs/config.md lacks {key}");
    }
}
