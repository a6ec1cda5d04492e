//! Tenants, shapes and drift as they are now.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{ChangeKind, Engine, Hazard};

use super::registrar::{Gauge, Registrar, flag, number, seconds};

/// Tenants, shapes and drift as they are now.
pub struct Fleet {
    tenants: Gauge<3>,
    changes: Gauge<2>,
    shapes: Gauge<1>,
    flapping: Gauge<0>,
    emptied: Gauge<0>,
    oldest_check: Gauge<0>,
    oldest_full_read: Gauge<0>,
    oldest_unknown: Gauge<0>,
    oldest_drift: Gauge<0>,
    single: Single,
}

/// What is shown of single tenants, if that is wanted.
struct Single {
    info: Gauge<4>,
    drifted: Gauge<1>,
    unknown: Gauge<1>,
    last_check: Gauge<1>,
}

impl Fleet {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            tenants: registrar.gauge(
                "undrift_tenants",
                "Tenants, by engine, by whether they are what they should be, and by what is going on.",
                ["engine", "sync", "activity"],
            ),
            changes: registrar.gauge(
                "undrift_drifted_changes",
                "Changes that separate tenants from their schema, each counted once per tenant, by kind and by its \
                 gravest hazard (`none` without one).",
                ["kind", "hazard"],
            ),
            shapes: registrar.gauge(
                "undrift_shapes",
                "Different structures that tenants have, by whether they are what is declared.",
                ["sync"],
            ),
            flapping: registrar.gauge(
                "undrift_flapping_tenants",
                "Tenants in which drift comes back after every repair.",
                [],
            ),
            emptied: registrar.gauge(
                "undrift_emptied_tenants",
                "Tenants that had tables and have none now: a person is asked before they are filled.",
                [],
            ),
            oldest_check: registrar.gauge(
                "undrift_oldest_check_timestamp_seconds",
                "When the tenant that waits longest was last looked at with success; absent without tenants.",
                [],
            ),
            oldest_full_read: registrar.gauge(
                "undrift_oldest_full_read_timestamp_seconds",
                "When the tenant that waits longest was last read rather than passed over; absent without tenants.",
                [],
            ),
            oldest_unknown: registrar.gauge(
                "undrift_oldest_unknown_timestamp_seconds",
                "Since when the tenant that is unknown longest has been so; absent if all could be read.",
                [],
            ),
            oldest_drift: registrar.gauge(
                "undrift_oldest_drift_timestamp_seconds",
                "Since when the tenant that drifts longest has done so, waived drift aside; absent without drift.",
                [],
            ),
            single: Single::new(registrar),
        }
    }

    /// Shows the fleet as it is now, and nothing of what it was.
    pub fn show(&self, sight: FleetSight) {
        self.tenants.replace(counted(sight.tenants));
        self.changes.replace(counted(sight.changes));
        self.shapes.replace(counted(sight.shapes));
        self.flapping.show(Some(number(sight.flapping)));
        self.emptied.show(Some(number(sight.emptied)));
        self.oldest_check.show(sight.oldest_check.map(seconds));
        self.oldest_full_read.show(sight.oldest_full_read.map(seconds));
        self.oldest_unknown.show(sight.oldest_unknown.map(seconds));
        self.oldest_drift.show(sight.oldest_drift.map(seconds));
        self.single.show(sight.single);
    }
}

impl Single {
    fn new(registrar: &mut Registrar) -> Self {
        Self {
            info: registrar.gauge(
                "undrift_tenant_info",
                "Always 1; what a tenant is. Only with `metrics: { per_tenant: true }`.",
                ["tenant", "engine", "server", "schema"],
            ),
            drifted: registrar.gauge(
                "undrift_tenant_drifted",
                "1 if the tenant differs from its schema. Only with `metrics: { per_tenant: true }`.",
                ["tenant"],
            ),
            unknown: registrar.gauge(
                "undrift_tenant_unknown",
                "1 if the tenant could not be read completely. Only with `metrics: { per_tenant: true }`.",
                ["tenant"],
            ),
            last_check: registrar.gauge(
                "undrift_tenant_last_check_timestamp_seconds",
                "When the tenant was last looked at with success. Only with `metrics: { per_tenant: true }`.",
                ["tenant"],
            ),
        }
    }

    fn show(&self, tenants: Vec<SingleSight>) {
        let of = |value: fn(&SingleSight) -> Option<f64>| {
            let values = tenants.iter().filter_map(move |tenant| Some(([tenant.info[0].clone()], value(tenant)?)));
            values.collect::<Vec<_>>()
        };
        self.drifted.replace(of(|tenant| Some(flag(tenant.drifted))));
        self.unknown.replace(of(|tenant| Some(flag(tenant.unknown))));
        self.last_check.replace(of(|tenant| tenant.last_check.map(seconds)));
        self.info.replace(tenants.into_iter().map(|tenant| (tenant.info, 1.0)));
    }
}

/// One tenant as it was found last.
#[derive(Clone, Copy, Debug)]
pub struct TenantSight<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its engine.
    pub engine: Engine,
    /// Its server, without secrets.
    pub server: &'a str,
    /// The name of its declared schema.
    pub schema: &'a str,
    /// Whether it is what it should be: `in_sync`, `drifted`, `unknown`.
    pub sync: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// What is going on: `idle`, `applying`, …
    pub activity: &'a str,
    /// Whether people have accepted all of its drift by waivers.
    pub waived: bool,
    /// Whether drift comes back after every repair.
    pub flapping: bool,
    /// Whether it had tables and has none now.
    pub emptied: bool,
    /// When it was last looked at with success.
    pub checked_at: Option<Timestamp>,
    /// When it was last read, rather than passed over because nothing was done in it.
    pub read_at: Option<Timestamp>,
}

/// The fleet as it is now, put together tenant by tenant.
#[derive(Debug, Default)]
pub struct FleetSight {
    per_tenant: bool,
    tenants: BTreeMap<[String; 3], u64>,
    changes: BTreeMap<[String; 2], u64>,
    shapes: BTreeMap<[String; 1], u64>,
    flapping: u64,
    emptied: u64,
    oldest_check: Option<Timestamp>,
    oldest_full_read: Option<Timestamp>,
    oldest_unknown: Option<Timestamp>,
    oldest_drift: Option<Timestamp>,
    single: Vec<SingleSight>,
}

#[derive(Debug)]
struct SingleSight {
    info: [String; 4],
    drifted: bool,
    unknown: bool,
    last_check: Option<Timestamp>,
}

impl FleetSight {
    /// An empty fleet. With `per_tenant` each tenant is shown by name as well.
    pub fn new(per_tenant: bool) -> Self {
        let none = |sync: &str| ([sync.to_owned()], 0);
        Self { per_tenant, shapes: ["in_sync", "drifted"].map(none).into(), ..Self::default() }
    }

    /// Adds a tenant. One that was never looked at waits since it was first heard of.
    pub fn tenant(&mut self, tenant: TenantSight<'_>) {
        let state = [tenant.engine.key(), tenant.sync, tenant.activity].map(str::to_owned);
        *self.tenants.entry(state).or_default() += 1;
        self.flapping += u64::from(tenant.flapping);
        self.emptied += u64::from(tenant.emptied);
        keep_older(&mut self.oldest_check, tenant.checked_at.unwrap_or(tenant.since));
        keep_older(&mut self.oldest_full_read, tenant.read_at.unwrap_or(tenant.since));
        match tenant.sync {
            "unknown" => keep_older(&mut self.oldest_unknown, tenant.since),
            "drifted" if !tenant.waived => keep_older(&mut self.oldest_drift, tenant.since),
            _ => {}
        }
        if self.per_tenant {
            self.single.push(SingleSight::of(&tenant));
        }
    }

    /// Adds a change that separates some tenants from their schema.
    pub fn change(&mut self, kind: ChangeKind, hazards: impl IntoIterator<Item = Hazard>, tenants: u64) {
        // Hazards are listed from the gravest down, but for those that say that nobody knows.
        let gravest = hazards.into_iter().min().map_or("none", Hazard::key);
        *self.changes.entry([kind.key(), gravest].map(str::to_owned)).or_default() += tenants;
    }

    /// Adds a shape.
    pub fn shape(&mut self, in_sync: bool) {
        let sync = if in_sync { "in_sync" } else { "drifted" };
        *self.shapes.entry([sync.to_owned()]).or_default() += 1;
    }
}

impl SingleSight {
    fn of(tenant: &TenantSight<'_>) -> Self {
        Self {
            info: [tenant.name, tenant.engine.key(), tenant.server, tenant.schema].map(str::to_owned),
            drifted: tenant.sync == "drifted",
            unknown: tenant.sync == "unknown",
            last_check: tenant.checked_at,
        }
    }
}

fn keep_older(oldest: &mut Option<Timestamp>, at: Timestamp) {
    *oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
}

fn counted<const N: usize>(counts: BTreeMap<[String; N], u64>) -> impl Iterator<Item = ([String; N], f64)> {
    counts.into_iter().map(|(labels, count)| (labels, number(count)))
}
