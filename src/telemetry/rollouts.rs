//! Schemas on their way through the fleet, and the brake.

use super::registrar::{Counter, Gauge, Registrar, flag, number};

const STAGES: [&str; 6] = ["running", "soaking", "stopped", "paused", "done", "superseded"];

/// Schemas on their way through the fleet, and the brake.
pub struct Rollouts {
    tenants: Gauge<2>,
    wave: Gauge<1>,
    stage: Gauge<2>,
    stops: Counter<0>,
    brake: Gauge<1>,
    trips: Counter<0>,
}

/// A schema on its way through the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutSight {
    /// The name of the declared schema.
    pub schema: String,
    /// The wave that runs or is watched, from one.
    pub wave: usize,
    /// Where it stands: `running`, `soaking`, `stopped`, `paused`, `done`.
    pub stage: String,
    /// How many tenants are how far: `waiting`, `running`, `done`, `failed`, `gone`.
    pub tenants: Vec<(String, usize)>,
}

impl Rollouts {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            tenants: registrar.gauge(
                "undrift_rollout_tenants",
                "Tenants in the rollout of a schema, by how far they are.",
                ["schema", "state"],
            ),
            wave: registrar.gauge(
                "undrift_rollout_wave",
                "The wave of a rollout that runs or is watched, from one.",
                ["schema"],
            ),
            stage: registrar.gauge(
                "undrift_rollout_stage",
                "1 for the stage at which a rollout is, 0 for all others.",
                ["schema", "stage"],
            ),
            stops: registrar
                .counter("undrift_rollout_stops_total", "Rollouts that stopped because too many tenants failed.", [])
                .starting_at_zero(),
            brake: registrar.gauge(
                "undrift_brake_engaged",
                "1 while a person is asked whether so much of the fleet may change, by schema.",
                ["schema"],
            ),
            trips: registrar
                .counter("undrift_brake_trips_total", "How often the brake engaged.", [])
                .starting_at_zero(),
        }
    }

    /// Shows the latest rollout of each schema, and no others.
    pub fn show(&self, rollouts: &[RolloutSight]) {
        let schema = |rollout: &RolloutSight| rollout.schema.clone();
        let waves = rollouts.iter().map(|rollout| ([schema(rollout)], number(rollout.wave as u64)));
        self.wave.replace(waves);
        self.tenants.replace(rollouts.iter().flat_map(|rollout| {
            let far = rollout.tenants.iter();
            far.map(move |(state, count)| ([schema(rollout), state.clone()], number(*count as u64)))
        }));
        self.stage.replace(rollouts.iter().flat_map(|rollout| {
            STAGES.map(|stage| ([schema(rollout), stage.to_owned()], flag(stage == rollout.stage)))
        }));
    }

    /// Too many tenants failed.
    pub fn stopped(&self) {
        self.stops.increase([]);
    }

    /// Whether a person is asked before more of a schema's tenants change.
    pub fn brake(&self, schema: &str, engaged: bool) {
        if self.brake.swap([schema], flag(engaged)) == 0.0 && engaged {
            self.trips.increase([]);
        }
    }

    /// Forgets the brakes of schemas that nobody declares any more.
    pub fn keep_brakes(&self, declared: impl Fn(&str) -> bool) {
        self.brake.retain(|[schema]| declared(schema));
    }
}
