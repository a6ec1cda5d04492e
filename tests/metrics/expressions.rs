//! Expressions of the dashboard and the alerts, and the metrics that they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use undrift::telemetry::{MetricKind, Metrics};
use undrift::yaml;

/// An expression and where it stands.
pub struct Expression {
    pub place: String,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn rules() -> PathBuf {
    root().join("grafana/alerts.yaml")
}

pub fn dashboard() -> Value {
    let text = std::fs::read_to_string(root().join("grafana/undrift.json")).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("grafana/undrift.json: {error}"))
}

/// All alerts, by name.
pub fn alerts() -> Vec<Expression> {
    let rules = yaml::read(&rules()).unwrap_or_else(|report| panic!("{report}"));
    let groups = rules.get("groups").unwrap().items().iter();
    let rules = groups.flat_map(|group| group.get("rules").unwrap().items());
    let text =
        |node: &yaml::Node, key: &str| node.text_of(key).unwrap_or_else(|| panic!("{key} is missing")).to_owned();
    rules.map(|rule| Expression { place: text(rule, "alert"), text: text(rule, "expr") }).collect()
}

/// The dashboard's panels, annotations and variables, with what Grafana would put in place of its variables.
pub fn panels() -> Vec<Expression> {
    let dashboard = dashboard();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push(expression(&panel["title"], &target["expr"]));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        if !annotation["expr"].is_null() {
            found.push(expression(&annotation["name"], &annotation["expr"]));
        }
    }
    found
}

fn expression(place: &Value, text: &Value) -> Expression {
    let text = text.as_str().unwrap();
    let text = [("$__rate_interval", "1m"), ("$__interval", "1m"), ("$job", "undrift"), ("$instance", ".*")]
        .into_iter()
        .fold(text.to_owned(), |text, (variable, value)| text.replace(variable, value));
    assert!(!text.contains('$'), "a variable that nobody replaces: {text}");
    Expression { place: place.as_str().unwrap().to_owned(), text }
}

/// The metrics that an expression names, without the endings of a histogram's series.
pub fn names(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let names = words.filter(|word| word.starts_with("undrift_") || word.starts_with("process_"));
    names.map(|name| histogram_of(name).unwrap_or(name).to_owned()).collect()
}

fn histogram_of(name: &str) -> Option<&str> {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end))
}

#[test]
fn every_name_is_the_name_of_a_metric() {
    let metrics = Metrics::new();
    let text = metrics.render();
    let process = text.lines().filter_map(|line| line.strip_prefix("# TYPE process_")?.split(' ').next());
    let mut known: BTreeSet<_> = process.map(|name| format!("process_{name}")).collect();
    known.extend(metrics.catalogue().iter().map(|metric| metric.name.to_owned()));
    for expression in panels().into_iter().chain(alerts()) {
        let unknown: Vec<_> = names(&expression.text).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", expression.place);
    }
}

#[test]
fn every_metric_is_shown_somewhere() {
    let shown: BTreeSet<_> = panels().into_iter().chain(alerts()).flat_map(|each| names(&each.text)).collect();
    let metrics = Metrics::new();
    let hidden: Vec<_> =
        metrics.catalogue().iter().map(|metric| metric.name).filter(|name| !shown.contains(*name)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn histograms_are_asked_for_by_their_series() {
    let metrics = Metrics::new();
    let histograms = metrics.catalogue().iter().filter(|metric| metric.kind == MetricKind::Histogram);
    let histograms: Vec<_> = histograms.map(|metric| metric.name).collect();
    for expression in panels().into_iter().chain(alerts()) {
        for name in &histograms {
            let bare =
                expression.text.match_indices(name).any(|(at, _)| !expression.text[at + name.len()..].starts_with('_'));
            assert!(!bare, "{}: {}", expression.place, expression.text);
        }
    }
}

#[test]
fn panels_say_what_they_show_and_do_not_overlap() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}: its id is another's, too", panel["title"]);
        assert!(at("x") + at("w") <= 24, "{}: too far to the right", panel["title"]);
        for place in (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{}: overlaps another at {place:?}", panel["title"]);
        }
    }
}

#[test]
fn alerts_say_how_grave_they_are_and_what_to_do() {
    let rules = yaml::read(&rules()).unwrap();
    let groups = rules.get("groups").unwrap().items().iter();
    for rule in groups.flat_map(|group| group.get("rules").unwrap().items()) {
        let name = rule.text_of("alert").unwrap();
        let severity = rule.get("labels").and_then(|labels| labels.text_of("severity"));
        assert!(severity.is_some_and(|severity| ["critical", "warning", "info"].contains(&severity)), "{name}");
        let annotations = rule.get("annotations").unwrap();
        assert!(annotations.text_of("summary").is_some(), "{name}");
        assert!(annotations.text_of("description").is_some_and(|text| text.contains(". ")), "{name}: what is next?");
        assert_eq!(annotations.text_of("runbook_url").unwrap(), format!("docs/operations.md#alert-{}", kebab(name)));
    }
}

/// `UndriftDown` as `undrift-down`.
fn kebab(name: &str) -> String {
    let parts = name.char_indices().map(|(at, letter)| match letter {
        letter if letter.is_ascii_uppercase() && at > 0 => format!("-{}", letter.to_ascii_lowercase()),
        letter => letter.to_ascii_lowercase().to_string(),
    });
    parts.collect()
}
