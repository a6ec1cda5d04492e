//! Where metrics are made: a name, what it means, its labels. Knows Prometheus; nobody else does.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{CounterVec, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry};

use crate::model::Engine;

/// What a metric is called and means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What it is to Prometheus.
    pub kind: MetricKind,
    /// Its labels, in order.
    pub labels: Vec<&'static str>,
}

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only ever goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many observations were how large.
    Histogram,
}

impl MetricKind {
    /// The word of the text format.
    pub fn key(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        }
    }
}

/// Makes metrics and remembers what it made.
pub(super) struct Registrar {
    pub(super) registry: Registry,
    pub(super) catalogue: Vec<Described>,
}

impl Registrar {
    pub(super) fn new() -> Self {
        Self { registry: Registry::new(), catalogue: Vec::new() }
    }

    pub(super) fn counter<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
    ) -> Counter<N> {
        let made = CounterVec::new(Opts::new(name, help), &labels);
        Counter(self.register(made, MetricKind::Counter, name, help, &labels))
    }

    pub(super) fn gauge<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
    ) -> Gauge<N> {
        let made = GaugeVec::new(Opts::new(name, help), &labels);
        Gauge { vec: self.register(made, MetricKind::Gauge, name, help, &labels), shown: Mutex::default() }
    }

    pub(super) fn histogram<const N: usize>(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: [&'static str; N],
        buckets: &[f64],
    ) -> Histogram<N> {
        let made = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &labels);
        Histogram(self.register(made, MetricKind::Histogram, name, help, &labels))
    }

    fn register<C: Collector + Clone + 'static>(
        &mut self,
        made: prometheus::Result<C>,
        kind: MetricKind,
        name: &'static str,
        help: &'static str,
        labels: &[&'static str],
    ) -> C {
        let made = made.expect("the name, labels and buckets are constants that are sound");
        self.registry.register(Box::new(made.clone())).expect("no two metrics have one name");
        self.catalogue.push(Described { name, help, kind, labels: labels.to_vec() });
        made
    }
}

/// A counter for each combination of labels.
pub(super) struct Counter<const N: usize>(CounterVec);

impl<const N: usize> Counter<N> {
    pub(super) fn increase(&self, labels: [&str; N]) {
        self.add(labels, 1);
    }

    pub(super) fn add(&self, labels: [&str; N], more: u64) {
        self.0.with_label_values(&labels).inc_by(number(more));
    }
}

impl Counter<0> {
    /// Shows zero before anything has happened, so that the first time is seen as an increase.
    pub(super) fn starting_at_zero(self) -> Self {
        self.add([], 0);
        self
    }
}

impl Counter<1> {
    /// The same for each engine.
    pub(super) fn starting_at_zero_for_engines(self) -> Self {
        Engine::ALL.iter().for_each(|engine| self.add([engine.key()], 0));
        self
    }
}

/// A gauge for each combination of labels.
pub(super) struct Gauge<const N: usize> {
    vec: GaugeVec,
    shown: Mutex<BTreeSet<[String; N]>>,
}

impl<const N: usize> Gauge<N> {
    /// Sets one.
    pub(super) fn set(&self, labels: [&str; N], value: f64) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(labels.map(str::to_owned));
        self.vec.with_label_values(&labels).set(value);
    }

    /// Sets one and returns what it was before.
    pub(super) fn swap(&self, labels: [&str; N], value: f64) -> f64 {
        let before = self.vec.with_label_values(&labels).get();
        self.set(labels, value);
        before
    }

    /// Shows these and no others. A scrape meanwhile may see old and new ones, but never a hole.
    pub(super) fn replace(&self, values: impl IntoIterator<Item = ([String; N], f64)>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeSet::new();
        for (labels, value) in values {
            self.vec.with_label_values(&labels).set(value);
            now.insert(labels);
        }
        for gone in shown.difference(&now) {
            // It was shown, so it is there to be removed.
            let _ = self.vec.remove_label_values(gone);
        }
        *shown = now;
    }

    /// Keeps only some.
    pub(super) fn retain(&self, keep: impl Fn(&[String; N]) -> bool) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|labels| {
            let kept = keep(labels);
            if !kept {
                let _ = self.vec.remove_label_values(labels);
            }
            kept
        });
    }
}

impl Gauge<0> {
    /// Shows a value, or nothing at all.
    pub(super) fn show(&self, value: Option<f64>) {
        self.replace(value.map(|value| ([], value)));
    }
}

/// A histogram for each combination of labels.
pub(super) struct Histogram<const N: usize>(HistogramVec);

impl<const N: usize> Histogram<N> {
    pub(super) fn observe(&self, labels: [&str; N], took: Duration) {
        self.0.with_label_values(&labels).observe(took.as_secs_f64());
    }
}

impl Histogram<1> {
    /// Shows that nothing was measured for each engine, so that the first time is seen as an increase.
    pub(super) fn starting_at_zero_for_engines(self) -> Self {
        Engine::ALL.iter().for_each(|engine| drop(self.0.with_label_values(&[engine.key()])));
        self
    }
}

/// A count as Prometheus keeps it; exact up to 2^53.
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// An instant as Prometheus keeps it: seconds since 1970.
pub(super) fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// Whether something holds, as a number.
pub(super) fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
