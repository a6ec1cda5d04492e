//! Names as Prometheus' conventions have them, and values that mean what they say.

use std::collections::BTreeSet;

use undrift::telemetry::{Described, FleetSight, MetricKind, Metrics, TenantSight};

use super::events;
use super::support::promtool;

#[test]
fn names_and_help_follow_the_conventions() {
    let metrics = Metrics::new();
    let wrong: Vec<_> = metrics.catalogue().iter().flat_map(faults).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn faults(metric: &Described) -> Vec<String> {
    let name = metric.name;
    let rules = [
        (name.starts_with("undrift_"), "no prefix"),
        (name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "other characters than a-z and _"),
        ((metric.kind == MetricKind::Counter) == name.ends_with("_total"), "counters, and no others, end in _total"),
        ((metric.kind != MetricKind::Histogram) || name.ends_with("_seconds"), "a histogram without its unit"),
        (!name.contains("timestamp") || name.ends_with("_timestamp_seconds"), "an instant without its unit"),
        (!["_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)), "an ending that histograms use"),
        (metric.help.ends_with('.') && metric.help.split(' ').count() > 3, "help that is no sentence"),
        (
            metric.labels.iter().all(|label| !["le", "quantile", "job", "instance"].contains(label)),
            "a label of Prometheus' own",
        ),
        (
            !metric.labels.contains(&"tenant") || metric.kind == MetricKind::Gauge,
            "a series per tenant that is no gauge",
        ),
    ];
    rules.into_iter().filter(|(kept, _)| !kept).map(|(_, what)| format!("{name}: {what}")).collect()
}

#[test]
fn the_rules_for_names_find_something() {
    let bad = Described {
        name: "pass_total_count",
        help: "passes",
        kind: MetricKind::Histogram,
        labels: vec!["le", "tenant"],
    };
    assert_eq!(faults(&bad).len(), 6, "{:?}", faults(&bad));
}

#[test]
fn promtool_has_nothing_to_say() {
    let metrics = Metrics::new();
    events::happen(&metrics);
    events::show(&metrics, true);
    let (content, said) = promtool(&["check", "metrics"], &metrics.render());
    assert!(content && said.trim().is_empty(), "{said}");
}

/// Before and after every event: nothing that is told is lost.
#[test]
fn every_event_is_seen() {
    let metrics = Metrics::new();
    events::happen(&metrics);
    events::show(&metrics, true);
    let text = metrics.render();
    let absent: Vec<_> = metrics.catalogue().iter().filter(|metric| !has_value(&text, metric)).collect();
    assert!(absent.is_empty(), "{absent:?}");
}

fn has_value(text: &str, metric: &Described) -> bool {
    let name = match metric.kind {
        MetricKind::Histogram => format!("{}_count", metric.name),
        _ => metric.name.to_owned(),
    };
    let of_it = |line: &&str| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let mut lines = text.lines().filter(of_it);
    match metric.kind {
        MetricKind::Gauge => lines.next().is_some(),
        _ => lines.any(|line| !line.ends_with(" 0")),
    }
}

#[test]
fn the_number_of_series_does_not_depend_on_the_number_of_tenants() {
    let series = |tenants| {
        let metrics = Metrics::new();
        metrics.fleet.show(events::fleet(false, tenants));
        metrics.render().lines().count()
    };
    assert_eq!(series(1), series(500));
}

#[test]
fn tenants_are_named_only_where_that_is_wanted_and_disappear() {
    let metrics = Metrics::new();
    metrics.fleet.show(events::fleet(true, 2));
    let named =
        |text: &str| text.lines().filter(|line| line.contains("tenant=")).map(str::to_owned).collect::<Vec<_>>();
    let lines = named(&metrics.render());
    assert_eq!(lines.len(), 2 * 3 * 4, "{lines:?}");
    let names: BTreeSet<_> = lines.iter().filter_map(|line| line.split(['{', ' ']).next()).collect();
    assert!(names.iter().all(|name| name.starts_with("undrift_tenant_")), "{names:?}");
    assert!(lines.contains(&"undrift_tenant_drifted{tenant=\"drifted_1\"} 1".to_owned()), "{lines:?}");
    metrics.fleet.show(events::fleet(true, 1));
    assert_eq!(named(&metrics.render()).len(), 3 * 4);
    metrics.fleet.show(events::fleet(false, 1));
    assert!(named(&metrics.render()).is_empty());
}

#[test]
fn the_fleet_is_counted_and_the_oldest_are_found() {
    let metrics = Metrics::new();
    metrics.fleet.show(events::fleet(false, 3));
    let old = format!("{:?}", events::long_ago().as_second());
    let text = metrics.render();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
    assert!(text.contains("undrift_tenants{activity=\"blocked\",engine=\"postgres\",sync=\"drifted\"} 3"), "{text}");
    assert!(text.contains("undrift_drifted_changes{hazard=\"deletes_data\",kind=\"drop_column\"} 2"), "{text}");
    assert!(text.contains("undrift_drifted_changes{hazard=\"none\",kind=\"add_column\"} 5"), "{text}");
    // To within a thousand seconds: the clock ran on.
    assert!(line("undrift_oldest_drift_timestamp_seconds ").contains(&old[..7]), "{text}");
}

#[test]
fn what_is_waived_is_no_unresolved_drift_and_what_is_gone_is_not_shown() {
    let metrics = Metrics::new();
    metrics.fleet.show(events::fleet(false, 1));
    assert!(metrics.render().contains("undrift_oldest_drift_timestamp_seconds"));
    let mut waived = FleetSight::new(false);
    waived.tenant(TenantSight { sync: "drifted", waived: true, ..events::tenant("a") });
    metrics.fleet.show(waived);
    let text = metrics.render();
    assert!(!text.contains("undrift_oldest_drift_timestamp_seconds"), "{text}");
    assert!(!text.contains("undrift_oldest_unknown_timestamp_seconds"), "{text}");
    assert!(text.contains("undrift_oldest_check_timestamp_seconds"), "{text}");
}

#[test]
fn trips_and_openings_are_counted_when_they_begin() {
    let metrics = Metrics::new();
    for engaged in [false, true, true, false, true] {
        metrics.rollouts.brake("core", engaged);
        metrics.servers.circuit("db1", engaged);
    }
    let text = metrics.render();
    assert!(text.contains("undrift_brake_trips_total 2"), "{text}");
    assert!(text.contains("undrift_server_circuit_openings_total 2"), "{text}");
    metrics.rollouts.keep_brakes(|_| false);
    metrics.servers.keep(|_| false);
    let text = metrics.render();
    assert!(!text.contains("undrift_brake_engaged{") && !text.contains("undrift_server_circuit_open{"), "{text}");
}

#[test]
fn whoever_asks_for_anything_makes_no_series() {
    let metrics = Metrics::new();
    metrics.http.answered(None, "BREW", 418, std::time::Duration::ZERO);
    let expected = "undrift_http_requests_total{method=\"other\",route=\"none\",status=\"4xx\"} 1";
    assert!(metrics.render().contains(expected), "{}", metrics.render());
}
