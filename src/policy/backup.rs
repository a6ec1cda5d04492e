//! Backups: which changes do not run before the tables that they touch were copied.

use super::{Case, Policy, Subject};

/// How a rule wants tables to be backed up before something in them is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// Whether tables are copied too whose plain text is about to become hashes.
    pub plain_text: bool,
}

impl Policy {
    /// For each change of a plan, in the plan's order, the backup that has to be there before it runs. Only what can lose
    /// something needs one.
    pub fn backs_up(&self, subject: &Subject<'_>) -> Vec<Option<Backup>> {
        subject.each(|case| self.backup_before(case))
    }

    /// The backup that a change has to wait for.
    pub(super) fn backup_before(&self, case: &Case<'_>) -> Option<Backup> {
        let loses = case.hazards.iter().any(|note| note.hazard.loses_data());
        self.rule(case).filter(|_| loses).and_then(|rule| rule.backup)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Change, Column, Engine, Hazard, HazardNote, QName, Tenant};
    use crate::policy::Names;

    const POLICY: &str = "policy: p
rules:
  - { match: { column: secret_* }, then: ask, backup: { plain_text: true } }
  - { match: { column: cache_* }, then: allow, backup: false }
  - { then: ask, backup: true }
";

    fn before(column: &str, hazard: Hazard) -> Option<Backup> {
        let policy = crate::policy::parse("p.yaml", POLICY).expect("it is sound");
        let change = Change::DropColumn { table: QName::bare("users"), from: Column::new(column, "text") };
        let tenant = Tenant { name: "t".into(), engine: Engine::Sqlite, labels: BTreeMap::new() };
        let hazards = [HazardNote::new(hazard, "why")];
        let names = Names::default();
        policy.backup_before(&Case {
            change: &change,
            hazards: &hazards,
            tenant: &tenant,
            table_rows: None,
            names: &names,
        })
    }

    #[test]
    fn the_rule_that_decides_says_whether() {
        assert_eq!(before("nick", Hazard::DeletesData), Some(Backup { plain_text: false }));
        assert_eq!(before("nick", Hazard::MayLoseData), Some(Backup { plain_text: false }));
        assert_eq!(before("secret_word", Hazard::DeletesData), Some(Backup { plain_text: true }));
        assert_eq!(before("cache_size", Hazard::DeletesData), None);
    }

    #[test]
    fn what_loses_nothing_needs_none() {
        assert_eq!(before("nick", Hazard::RewritesTable), None);
    }
}
