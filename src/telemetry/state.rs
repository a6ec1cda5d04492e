//! undrift's own state.

use super::registrar::{Counter, Registrar};

/// undrift's own state.
pub struct State {
    audited: Counter<0>,
    errors: Counter<0>,
}

impl State {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            audited: registrar
                .counter("undrift_audit_entries_total", "Entries that were added to the audit.", [])
                .starting_at_zero(),
            errors: registrar
                .counter(
                    "undrift_state_errors_total",
                    "Reads and writes of undrift's own state, the audit included, that failed.",
                    [],
                )
                .starting_at_zero(),
        }
    }

    /// Entries were added to the audit.
    pub fn audited(&self, entries: u64) {
        self.audited.add([], entries);
    }

    /// The state could not be read or written.
    pub fn failed(&self) {
        self.errors.increase([]);
    }
}
