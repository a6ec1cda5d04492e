//! Options that are either on or off.

use std::collections::BTreeMap;

use crate::model::Engine;
use crate::yaml::{Diagnostic, Node};

use super::build::Build;

/// The options of each engine that are on or off, and whether they are on where nothing is said.
const SWITCHES: [(Engine, &[(&str, bool)]); 3] = [
    (
        Engine::Postgres,
        &[("unlogged", false), ("not_valid", false), ("no_inherit", false), ("cycle", false), ("enforced", true)],
    ),
    (Engine::Mysql, &[("invisible", false), ("visible", true), ("enforced", true)]),
    (Engine::Sqlite, &[("strict", false), ("without_rowid", false)]),
];

impl Build<'_> {
    /// Takes an option in. A switch that stands as it does by itself says nothing; any other word is reported.
    pub(super) fn option(&mut self, options: &mut BTreeMap<String, String>, key: &str, value: &Node) {
        let Some(text) = value.text() else { return };
        let of_engine = SWITCHES.iter().filter(|(engine, _)| *engine == self.vendor.engine());
        let switch = of_engine.flat_map(|(_, switches)| switches.iter()).find(|(name, _)| *name == key);
        match (switch, text) {
            (None, _) => drop(options.insert(key.to_owned(), text.to_owned())),
            (Some((_, usual)), "true" | "false") if text == usual.to_string() => drop(options.remove(key)),
            (Some(_), "true" | "false") => drop(options.insert(key.to_owned(), text.to_owned())),
            (Some(_), _) => {
                let problem = Diagnostic::new(&value.span, format!("`{key}` cannot be `{text}`: it is on or off"));
                self.problems.add(problem.help("write `true` or `false`"));
            }
        }
    }
}
