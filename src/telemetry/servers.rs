//! The tenants' servers. They are few, so that each has its own label.

use super::registrar::{Counter, Gauge, Registrar, flag, number};

/// The tenants' servers.
pub struct Servers {
    circuit: Gauge<1>,
    openings: Counter<0>,
    connections: Gauge<1>,
}

impl Servers {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            circuit: registrar.gauge(
                "undrift_server_circuit_open",
                "1 while a server is left alone because it could not be reached.",
                ["server"],
            ),
            openings: registrar
                .counter(
                    "undrift_server_circuit_openings_total",
                    "How often undrift began to leave a server alone.",
                    [],
                )
                .starting_at_zero(),
            connections: registrar.gauge(
                "undrift_server_connections",
                "Connections to a server that are in use, by looks and by plans that run.",
                ["server"],
            ),
        }
    }

    /// Whether a server is left alone.
    pub fn circuit(&self, server: &str, open: bool) {
        if self.circuit.swap([server], flag(open)) == 0.0 && open {
            self.openings.increase([]);
        }
    }

    /// So many connections to a server are in use.
    pub fn connections(&self, server: &str, in_use: usize) {
        self.connections.set([server], number(in_use as u64));
    }

    /// Forgets servers that no tenant is on any more.
    pub fn keep(&self, known: impl Fn(&str) -> bool) {
        self.circuit.retain(|[server]| known(server));
        self.connections.retain(|[server]| known(server));
    }
}
