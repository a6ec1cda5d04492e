//! What was found out about the rows of tenants, in words.

use std::collections::BTreeMap;

use super::table::{number, size};
use crate::model::QName;
use crate::reconcile::words::clean;
use crate::reconcile::{Group, Violation};

/// How large the tables are that change: `users: 12 to 3,400 rows, up to 1.2 MB`.
pub fn sizes(group: &Group<'_>) -> Vec<String> {
    let mut tables: BTreeMap<&QName, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
    for facts in &group.facts {
        facts.rows.iter().for_each(|(table, rows)| tables.entry(table).or_default().0.push(*rows));
        facts.bytes.iter().for_each(|(table, bytes)| tables.entry(table).or_default().1.push(*bytes));
    }
    let line = |(table, (rows, bytes)): (&QName, (Vec<u64>, Vec<u64>))| {
        let rows = range(&rows, number).map(|rows| format!("{rows} rows"));
        let several = bytes.iter().min() != bytes.iter().max();
        let bytes = bytes.iter().max().map(|bytes| format!("{}{}", if several { "up to " } else { "" }, size(*bytes)));
        let said: Vec<_> = [rows, bytes].into_iter().flatten().collect();
        format!("{}: {}", clean(&table.to_string()), said.join(", "))
    };
    tables.into_iter().map(line).collect()
}

fn range(values: &[u64], shown: impl Fn(u64) -> String) -> Option<String> {
    let (least, most) = (*values.iter().min()?, *values.iter().max()?);
    Some(if least == most { shown(most) } else { format!("{} to {}", shown(least), shown(most)) })
}

/// A finding with a few keys and the query for all rows.
pub struct Finding {
    /// What was found.
    pub what: String,
    /// The keys of a few rows, where the table has a key, and of which tenant, where there are several.
    pub keys: Option<String>,
    /// The query that finds all of them, where single rows are meant.
    pub find: Option<String>,
}

/// What stands in the way, as the first tenant that has it shows it.
pub fn findings(group: &Group<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (member, facts) in group.members.iter().zip(&group.facts) {
        for violation in &facts.violations {
            if findings.iter().all(|finding| finding.what != clean(&violation.finding)) {
                let tenant = (group.members.len() > 1).then_some(member.tenant.name.as_str());
                findings.push(finding(violation, tenant));
            }
        }
    }
    findings
}

fn finding(violation: &Violation, tenant: Option<&str>) -> Finding {
    let tuple = |values: &[String]| match values {
        [one] => clean(one),
        several => format!("({})", several.iter().map(|value| clean(value)).collect::<Vec<_>>().join(", ")),
    };
    let samples: Vec<_> = violation.samples.iter().map(|sample| tuple(sample)).collect();
    let more = if (samples.len() as u64) < violation.count { ", …" } else { "" };
    let on = tenant.map(|tenant| format!("on {}, ", clean(tenant))).unwrap_or_default();
    let keys = (!samples.is_empty()).then(|| {
        format!("{on}{} {}: {}{more}", clean(&violation.table.to_string()), tuple(&violation.key), samples.join(", "))
    });
    Finding {
        what: clean(&violation.finding),
        keys,
        find: Some(clean(&violation.find)).filter(|find| !find.is_empty()),
    }
}

/// What could not be found out.
pub fn not_known(group: &Group<'_>) -> Vec<String> {
    let mut all: Vec<String> = group.facts.iter().flat_map(|facts| &facts.not_known).map(|n| clean(&n.what)).collect();
    all.dedup();
    all
}
