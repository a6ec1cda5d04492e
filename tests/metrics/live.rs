//! The dashboard and the alerts, asked of a real Prometheus.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use undrift::telemetry::Metrics;

use super::support::{Prometheus, promtool};
use super::{events, expressions};

#[test]
fn rules_are_sound_and_each_fires_when_it_should() {
    for (check, file) in [("check", "grafana/alerts.yaml"), ("test", "grafana/alerts-test.yaml")] {
        let path = expressions::root().join(file);
        let (content, said) = promtool(&[check, "rules", path.to_str().unwrap()], "");
        assert!(content, "{said}");
    }
}

#[test]
fn every_alert_is_tried_out() {
    let tests = std::fs::read_to_string(expressions::root().join("grafana/alerts-test.yaml")).unwrap();
    for alert in expressions::alerts() {
        assert!(tests.contains(&format!("ALERTS{{alertname=\"{}\"", alert.place)), "{} is not", alert.place);
    }
}

#[test]
fn every_panel_and_alert_gets_an_answer() {
    let metrics = Metrics::new();
    events::show(&metrics, true);
    let prometheus = Prometheus::watching(serve(&metrics), &expressions::rules());
    prometheus.wait_for("undrift_build_info");
    // A counter that is seen for the first time has not increased yet.
    for round in 1..=2 {
        events::happen(&metrics);
        prometheus.wait_for(&format!("undrift_passes_total >= {round}"));
    }
    let silent: Vec<_> = expressions::panels()
        .into_iter()
        .chain(expressions::alerts())
        .filter(|each| {
            prometheus.query(&each.text).unwrap_or_else(|error| panic!("{}: {error}", each.place)).is_empty()
        })
        .map(|each| each.place)
        .collect();
    // It runs, and did not start just now.
    assert_eq!(silent, ["undrift started", "UndriftDown"]);
    annotations_are_written_out(&prometheus);
}

fn annotations_are_written_out(prometheus: &Prometheus) {
    let expected = expressions::alerts().len() - 1;
    prometheus.wait_for(&format!("count(count by (alertname) (ALERTS)) == {expected}"));
    let answer = prometheus.get("/api/v1/alerts");
    for alert in answer["data"]["alerts"].as_array().unwrap() {
        let annotations = alert["annotations"].as_object().unwrap();
        for text in annotations.values().filter_map(|text| text.as_str()) {
            assert!(!["{{", "<error", "<no value>"].iter().any(|sign| text.contains(sign)), "{text}");
        }
    }
}

/// Serves the metrics for as long as the process lives.
fn serve(metrics: &Arc<Metrics>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = Arc::clone(metrics);
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &metrics.render())));
    address
}

fn answer(mut stream: TcpStream, body: &str) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let _ = head.count();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close";
    // Prometheus may have gone when the test ends.
    let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}
