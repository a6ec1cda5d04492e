//! Drops that are renames: what is kept, and until when.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::model::Verdict;

use super::{Case, Policy, Subject};

/// How a rule has things kept that it lets be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// For how long; `None` is until a person drops them.
    pub keep_for: Option<Duration>,
}

/// How long something stays in quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// When it may be dropped for good; `None` is never without a person.
    pub until: Option<Timestamp>,
    /// Whether it may be dropped now.
    pub over: bool,
    /// Whether its table is backed up before it is dropped.
    pub backed_up: bool,
}

impl Policy {
    /// Which changes of a plan are drops that the rule which decides on them wants to be kept, in the plan's order.
    pub fn keeps(&self, subject: &Subject<'_>) -> Vec<Option<Quarantine>> {
        subject.each(|case| self.rule(case).and_then(|rule| rule.quarantine))
    }

    /// How long something stays that was dropped on a day and kept. The case is the drop, by the old name: the rule
    /// that lets it be dropped today decides. It counts from the end of that day. Whoever approved the drop, where a
    /// rule asks, approved its end.
    pub fn stay(&self, case: &Case<'_>, since: Date, now: Timestamp) -> Stay {
        let rule = self.rule(case).filter(|rule| !matches!(rule.then, Verdict::Deny | Verdict::Ignore));
        let until = rule.and_then(|rule| rule.quarantine?.keep_for).and_then(|keep_for| end(since, keep_for));
        let open = rule.and_then(|rule| rule.window.as_ref()).is_none_or(|window| window.is_open(now));
        let free = open && self.frozen(case.tenant, now).is_none() && self.waived(case, now).is_none();
        let backed_up = self.backup_before(case).is_some();
        Stay { until, over: free && until.is_some_and(|until| until <= now), backed_up }
    }
}

/// So long after the end of a day.
fn end(day: Date, keep_for: Duration) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    next.checked_add(SignedDuration::try_from(keep_for).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Change, Engine, QName, Table, Tenant};
    use crate::policy::Names;

    const POLICY: &str = "policy: p
rules:
  - { match: { change: drop_table, table: 'audit_*' }, then: deny }
  - { match: { change: drop_table, table: 'old_*' }, then: allow, quarantine: true }
  - { match: { change: drop_* }, then: ask, quarantine: { keep_for: 30d } }
";

    fn stay(table: &str, now: &str) -> Stay {
        let policy = crate::policy::parse("p.yaml", POLICY).expect("it is sound");
        let change = Change::DropTable { from: Table::new(QName::bare(table)) };
        let tenant = Tenant { name: "t".into(), engine: Engine::Sqlite, labels: BTreeMap::new() };
        let names = Names::default();
        let case = Case { change: &change, hazards: &[], tenant: &tenant, table_rows: None, names: &names };
        policy.stay(&case, "2026-01-01".parse().unwrap(), now.parse().unwrap())
    }

    #[test]
    fn it_ends_so_long_after_the_day() {
        let until = "2026-02-01T00:00:00Z".parse().ok();
        assert_eq!(stay("orders", "2026-01-31T23:59:59Z"), Stay { until, over: false, backed_up: false });
        assert_eq!(stay("orders", "2026-02-01T00:00:00Z"), Stay { until, over: true, backed_up: false });
    }

    #[test]
    fn without_a_time_or_against_a_rule_it_never_ends() {
        for table in ["old_orders", "audit_log"] {
            assert_eq!(stay(table, "2036-01-01T00:00:00Z"), Stay::default(), "{table}");
        }
    }
}
