//! Drops that are renames, and what becomes of what was renamed.
//!
//! A plan says `drop`, because that is what differs. On a tenant whose policy wants a drop to be kept, the plan that runs
//! has the renames in its place: a plan of its own, with its own hash, proved like any other. Nothing in quarantine is
//! ever compared. It is part of the fingerprint all the same: a proof holds beside it only, and a table that is written
//! anew takes it along.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::remains::hangs_on;
use super::{Assessment, FleetMember, Reference, Study};
use crate::dialect::quarantine::{before_column, before_table};
use crate::dialect::{self, Dialect};
use crate::model::{
    Change, Extras, Fingerprint, HazardNote, Member, Plan, QName, Quarantined, Schema, Table, Tenant, Verdict,
    in_quarantine, quarantine_name,
};
use crate::plan::{self, Batch, Circle};
use crate::policy::{Case, Policy, Stay, Subject};

/// What of a shape's plan is to run on a tenant, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// Which of the plan's changes run.
    pub runs: Vec<bool>,
    /// Those of them that drop what is to be kept, with the names under which it is kept.
    pub kept: BTreeMap<usize, String>,
    /// What is dropped for good, of what the shape has in quarantine. Never beside changes of the plan.
    pub purged: Vec<Quarantined>,
}

impl Choice {
    /// These changes, drops as drops.
    pub fn of(runs: &[bool]) -> Self {
        Self { runs: runs.to_vec(), ..Self::default() }
    }

    /// Whether nothing is to run.
    pub fn is_empty(&self) -> bool {
        !self.runs.contains(&true) && self.purged.is_empty()
    }

    /// Whether it is the shape's plan as it stands.
    pub(super) fn is_everything(&self) -> bool {
        self.runs.iter().all(|runs| *runs) && self.kept.is_empty() && self.purged.is_empty()
    }
}

impl Assessment {
    /// What is to run. What has been kept long enough is dropped when nothing else is to be done.
    pub fn choice(&self, plan: &Plan) -> Choice {
        let choice = self.chosen(plan);
        if choice.runs.contains(&true) { choice } else { Choice { purged: self.over(), ..choice } }
    }

    /// What is to run of a plan.
    pub fn chosen(&self, plan: &Plan) -> Choice {
        self.of(self.runs(plan))
    }

    /// These changes of a plan, as this tenant has them.
    pub fn of(&self, runs: Vec<bool>) -> Choice {
        let kept = self.kept.iter().filter(|(index, _)| runs[**index]);
        let kept = kept.map(|(index, name)| (*index, name.clone())).collect();
        Choice { runs, kept, purged: Vec::new() }
    }

    /// What has been in quarantine for long enough.
    pub fn over(&self) -> Vec<Quarantined> {
        self.stays.iter().filter(|(_, stay)| stay.over).map(|(object, _)| object.clone()).collect()
    }
}

/// How long everything stays that a shape has in quarantine.
pub(super) fn stays(study: &Study, member: &FleetMember, policy: &Policy, now: Timestamp) -> Vec<(Quarantined, Stay)> {
    let stay = |(index, object): (usize, &Quarantined)| {
        let stay = if member.past.kept.contains(object) {
            stay_of_ours(study, &member.tenant, policy, now, (index, object))
        } else {
            stay_of_namesake(study, &member.tenant, policy, now, (index, object))
        };
        (object.clone(), stay.unwrap_or_default())
    };
    study.quarantined.iter().enumerate().map(stay).collect()
}

/// How long something stays that undrift put there: as policy says of the drop that it was.
fn stay_of_ours(
    study: &Study,
    tenant: &Tenant,
    policy: &Policy,
    now: Timestamp,
    (index, object): (usize, &Quarantined),
) -> Option<Stay> {
    let (names, hazards) = (study.names(), purge_hazards(study, index));
    let change = object.dropped_in(&study.actual)?;
    let case = Case { change: &change, hazards: &hazards, tenant, table_rows: None, names: &names };
    Some(policy.stay(&case, object.since, now))
}

/// How long something stays that is merely called so, as far as undrift knows: it is an extra, and goes if schema and policy
/// let any extra go, by each of its names, once the time is over.
fn stay_of_namesake(
    study: &Study,
    tenant: &Tenant,
    policy: &Policy,
    now: Timestamp,
    (index, object): (usize, &Quarantined),
) -> Option<Stay> {
    let hazards = purge_hazards(study, index);
    let change = object.drop_in(&study.actual)?;
    let names = study.names().with(object.renamed_in(&study.actual));
    let case = Case { change: &change, hazards: &hazards, tenant, table_rows: None, names: &names };
    let goes = study.reference.wanted.extras == Extras::Drop && policy.judge(&case, now).verdict == Verdict::Allow;
    let stay = policy.stay(&case, object.since, now);
    Some(if goes { stay } else { Stay { until: None, over: false, ..stay } })
}

fn purge_hazards(study: &Study, index: usize) -> Vec<HazardNote> {
    study.purge.hazards_of(index).cloned().collect()
}

/// The names under which a tenant's drops are kept, by the position of the change in the plan.
pub(super) fn kept(study: &Study, subject: &Subject<'_>, policy: &Policy, now: Timestamp) -> BTreeMap<usize, String> {
    let day = now.to_zoned(TimeZone::UTC).date();
    let dialect = dialect::of(&study.observed.platform);
    let fits = |name: &str| dialect.name_too_long(name).is_none();
    let mut kept: BTreeMap<usize, String> = BTreeMap::new();
    for (index, quarantine) in policy.keeps(subject).into_iter().enumerate() {
        let old = quarantine.and_then(|_| keepable(&study.plan.changes[index].change));
        if let Some(old) = old {
            let taken = |name: &str| is_taken(&study.actual, name) || kept.values().any(|other| other == name);
            let name = quarantine_name(old, day, fits, taken);
            kept.insert(index, name);
        }
    }
    kept
}

/// What a change drops that there is a point in keeping: not what is computed.
fn keepable(change: &Change) -> Option<&str> {
    match change {
        Change::DropTable { from } => Some(from.name.name.as_str()),
        Change::DropColumn { from, .. } if from.generated.is_none() => Some(from.name.as_str()),
        _ => None,
    }
}

fn is_taken(schema: &Schema, name: &str) -> bool {
    let in_table = |table: &Table| {
        table.name.name == name
            || table.column(name).is_some()
            || table.members().iter().any(|member| member.name() == Some(name))
    };
    schema.tables.values().any(in_table) || schema.opaque.iter().any(|opaque| opaque.name.name == name)
}

/// The plan that drops for good what is in quarantine, and leaves everything else that differs as it is.
pub(super) fn purge(
    reference: &Reference,
    start: Fingerprint,
    actual: &Schema,
    purged: &[Quarantined],
    mut left_out: Vec<Change>,
) -> Result<Plan, Circle> {
    let drops: Vec<Change> = purged.iter().filter_map(|object| object.drop_in(actual)).collect();
    let goal = actual.evolve(&drops);
    left_out.extend(uncovered(actual, &goal, &reference.schema));
    let nothing = Batch { from: actual, to: actual, changes: &[] };
    let rest = Batch { from: actual, to: &goal, changes: &drops };
    plan::build(&*dialect::of(&reference.platform), start, nothing, rest, left_out)
}

/// What stayed for the sake of what goes, and differs from then on.
fn uncovered(actual: &Schema, goal: &Schema, wanted: &Schema) -> Vec<Change> {
    let (before, after) = (actual.clone().without_quarantined(wanted), goal.clone().without_quarantined(wanted));
    let namespaces = after.namespaces.difference(&before.namespaces).cloned();
    let enums = after.enums.into_values().filter(|own| !before.enums.contains_key(&own.name));
    let namespaces = namespaces.map(|name| Change::DropNamespace { name });
    namespaces.chain(enums.map(|from| Change::DropEnum { from })).collect()
}

/// A batch of changes in which drops have made room for what keeps things.
pub(super) struct Exchanged {
    /// The changes, without those drops, with what has to be done before the renames.
    pub changes: Vec<Change>,
    /// The renames.
    pub renames: Vec<Change>,
    /// What is still left out.
    pub left_out: Vec<Change>,
}

/// Exchanges drops for renames. `from` is the schema before the changes; `kept` are the drops with the new names.
pub(super) fn exchange(
    dialect: &dyn Dialect,
    from: &Schema,
    changes: Vec<Change>,
    left_out: Vec<Change>,
    kept: &[(Change, String)],
) -> Exchanged {
    let mut exchanged = Exchanged { changes, renames: Vec::new(), left_out };
    if kept.is_empty() {
        return exchanged;
    }
    exchanged.changes.retain(|change| !kept.iter().any(|(drop, _)| drop == change));
    for (drop, name) in kept {
        let before = before(dialect, from, &exchanged.changes, drop, name);
        exchanged.left_out.retain(|change| !does_the_same(&before, change));
        exchanged.changes.extend(before);
        exchanged.renames.extend(rename(drop, name));
    }
    let needed = from.evolve(&exchanged.renames).needed_in_quarantine();
    exchanged.changes.retain(|change| !needed.forbids(change));
    exchanged.left_out.retain(|change| !needed.forbids(change));
    exchanged
}

/// Whether one of these changes drops what the other would.
fn does_the_same(changes: &[Change], left_out: &Change) -> bool {
    let Change::DropMember { table, from } = left_out else { return false };
    let same = |change: &Change| matches!(change, Change::DropMember { table: of, from: own } if of == table && is_same(own, from));
    changes.iter().any(same)
}

/// What is done before a rename, others of the changes aside.
fn before(dialect: &dyn Dialect, from: &Schema, others: &[Change], drop: &Change, name: &str) -> Vec<Change> {
    match drop {
        Change::DropTable { from: table } => {
            before_table(dialect, from.tables.get(&table.name).unwrap_or(table), |old| {
                let day = in_quarantine(name).map_or_else(Default::default, |(day, _)| day);
                quarantine_name(old, day, |name| dialect.name_too_long(name).is_none(), |name| is_taken(from, name))
            })
        }
        Change::DropColumn { table, from: column } => {
            let whole = from.tables.get(table);
            let members = whole.map(Table::members).unwrap_or_default();
            let goes = |member: &Member| hangs_on(member, &column.name) && !is_handled(others, table, member);
            let column = whole.and_then(|table| table.column(&column.name)).unwrap_or(column);
            before_column(table, column, members.into_iter().filter(goes).collect())
        }
        _ => Vec::new(),
    }
}

/// Whether both are one key, index or constraint, whatever of it is not compared.
fn is_same(one: &Member, other: &Member) -> bool {
    one.kind() == other.kind() && (one.label() == other.label() || one.same_definition(other))
}

/// Whether another change takes a key, index or constraint away already.
fn is_handled(changes: &[Change], table: &QName, member: &Member) -> bool {
    changes.iter().any(|change| match change {
        Change::DropMember { table: of, from } | Change::AlterMember { table: of, from, .. } => {
            of == table && is_same(from, member)
        }
        _ => false,
    })
}

fn rename(drop: &Change, name: &str) -> Option<Change> {
    match drop {
        Change::DropTable { from } => {
            Some(Change::RenameTable { from: from.name.clone(), to: from.name.sibling(name) })
        }
        Change::DropColumn { table, from } => Some(Change::RenameColumn {
            table: table.clone(),
            from: from.name.clone(),
            to: name.to_owned(),
            transform: None,
        }),
        _ => None,
    }
}
