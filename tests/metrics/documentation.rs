//! `docs/metrics.md` lists what there is, and nothing else.

use undrift::telemetry::Metrics;

use super::expressions;

const BEGIN: &str = "<!-- The table is made from the code: UNDRIFT_UPDATE=1 cargo test --test metrics -->\n";
const END: &str = "<!-- The end of the table. -->";

#[test]
fn the_documentation_lists_every_metric_and_no_other() {
    let path = expressions::root().join("docs/metrics.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table begins somewhere");
    let (_, after) = rest.split_once(END).expect("the table ends somewhere");
    let current = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UNDRIFT_UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), current, "run again with UNDRIFT_UPDATE=1");
}

fn table() -> String {
    let metrics = Metrics::new();
    let rows = metrics.catalogue().iter().map(|metric| {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let alerts: Vec<_> = alerts_on(metric.name).into_iter().map(|alert| format!("`{alert}`")).collect();
        let (kind, labels, alerts) = (metric.kind.key(), labels.join(", "), alerts.join(", "));
        format!("| `{}` | {kind} | {labels} | {} | {alerts} |\n", metric.name, metric.help)
    });
    let head = "| metric | type | labels | meaning | alert |\n|---|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows).collect()
}

fn alerts_on(metric: &str) -> Vec<String> {
    let alerts = expressions::alerts().into_iter();
    alerts.filter(|alert| expressions::names(&alert.text).contains(metric)).map(|alert| alert.place).collect()
}
