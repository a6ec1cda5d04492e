//! What a plan gives another name.

use std::collections::BTreeMap;

use super::{Change, Plan, QName, in_quarantine};

/// A table of which the name changes, or names of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The table's name before.
    pub from: QName,
    /// And after.
    pub to: QName,
    /// The columns that get another name, or whose place another column takes: before and after.
    pub columns: Vec<(String, String)>,
}

impl Plan {
    /// What it gives another name. What it only puts aside is not among it.
    pub fn renamed(&self) -> Vec<Renamed> {
        let mut all: BTreeMap<&QName, Renamed> = BTreeMap::new();
        let old_names = self.old_names();
        let of = |table: &QName| Renamed {
            from: old_names.get(table).map_or(table, |old| *old).clone(),
            to: table.clone(),
            columns: Vec::new(),
        };
        for planned in &self.changes {
            let (table, columns) = match &planned.change {
                Change::RenameTable { to, .. } => (to, None),
                Change::RenameColumn { table, from, to, .. } => (table, Some((from, to))),
                Change::ReplaceColumn { table, from, to, .. } | Change::MergeColumn { table, from, to, .. } => {
                    (table, Some((&from.name, &to.name)))
                }
                _ => continue,
            };
            let renamed = all.entry(table).or_insert_with(|| of(table));
            renamed.columns.extend(columns.map(|(from, to)| (from.clone(), to.clone())));
        }
        let is_put_aside = |name: &str| in_quarantine(name).is_some();
        all.values_mut().for_each(|renamed| renamed.columns.retain(|(_, to)| !is_put_aside(to)));
        all.into_values().filter(|renamed| !is_put_aside(&renamed.to.name)).collect()
    }
}
