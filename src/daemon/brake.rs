//! The brake: what makes undrift ask a person before it goes on.
//!
//! A new declared schema, policy or undrift explains that many tenants differ; waves and budgets guard that. The
//! brake is for what nothing explains, and for a declared schema that lost something.

use std::collections::BTreeSet;

use crate::model::{Hash, Schema};
use crate::policy;
use crate::reconcile::watch::Known;

/// Why the brake is engaged, and what it saw: another sight is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engaged {
    /// A hash of what was seen.
    pub sight: Hash,
    /// In words.
    pub why: String,
}

/// Looks at how many tenants differ that were in sync under the very same schema, policy and undrift.
pub fn unexplained(settings: policy::Brake, tenants: &[&str], of: usize) -> Option<Engaged> {
    if tenants.len() as u64 <= settings.share.of(of as u64) {
        return None;
    }
    let why = format!(
        "{} of {of} tenants differ that were in sync, and neither schema nor policy nor undrift changed: {}",
        tenants.len(),
        some(tenants.iter().copied())
    );
    Some(Engaged { sight: Hash::of_json(&("unexplained", tenants)), why })
}

/// Looks at what the declared schema lost since the last one that was accepted.
pub fn lost(accepted: &BTreeSet<String>, declared: &BTreeSet<String>, renamed: &BTreeSet<String>) -> Option<Engaged> {
    let lost: Vec<&str> =
        accepted.difference(declared).filter(|name| !renamed.contains(*name)).map(String::as_str).collect();
    // A table that is gone says it for its columns.
    let gone =
        |name: &&str| lost.iter().any(|other| name.strip_prefix(*other).is_some_and(|rest| rest.starts_with('.')));
    let shown: Vec<_> = lost.iter().copied().filter(|name| !gone(name)).collect();
    (!lost.is_empty()).then(|| Engaged {
        sight: Hash::of_json(&("lost", &lost)),
        why: format!("the declared schema lost {}", some(shown.iter().copied())),
    })
}

/// The tables and columns of the schema that a shape is to become, and the old names of what it renames.
pub fn declared(known: &Known) -> (BTreeSet<String>, BTreeSet<String>) {
    let reference = &known.study.reference;
    let mut renamed = BTreeSet::new();
    for (new, olds) in &reference.wanted.renames.tables {
        for old in olds {
            renamed.insert(old.to_string());
            // Its columns went with it.
            let columns = reference.schema.tables.get(new).into_iter().flat_map(|table| &table.columns);
            renamed.extend(columns.map(|column| format!("{old}.{}", column.name)));
        }
    }
    for (table, columns) in &reference.wanted.renames.columns {
        renamed.extend(columns.values().flatten().map(|old| format!("{table}.{old}")));
    }
    (objects(&reference.schema), renamed)
}

fn objects(schema: &Schema) -> BTreeSet<String> {
    let columns = schema
        .tables
        .iter()
        .flat_map(|(name, table)| table.columns.iter().map(move |column| format!("{name}.{}", column.name)));
    schema.tables.keys().map(ToString::to_string).chain(columns).collect()
}

fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    let mut shown: Vec<String> = names.take(5).map(str::to_owned).collect();
    if count > shown.len() {
        shown.push(format!("and {} more", count - shown.len()));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Brake, Share};

    const THIRD: Brake = Brake { share: Share { hundredths: 3_000 } };

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_share_of_the_fleet_may_drift() {
        let names: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
        let some = |count: usize| names.iter().take(count).map(String::as_str).collect::<Vec<_>>();
        assert_eq!(unexplained(THIRD, &some(3), 10), None);
        let engaged = unexplained(THIRD, &some(7), 10).unwrap();
        assert!(engaged.why.ends_with("t0, t1, t2, t3, t4, and 2 more"), "{}", engaged.why);
        assert_ne!(engaged.sight, unexplained(THIRD, &some(6), 10).unwrap().sight, "more of them: another question");
        assert_eq!(unexplained(THIRD, &some(1), 1), None, "one tenant is never the fleet");
    }

    #[test]
    fn what_was_renamed_is_not_lost() {
        let (old, new) = (set(&["users", "users.id", "users.password", "votes"]), set(&["users", "users.id", "votes"]));
        let engaged = lost(&old, &new, &set(&[])).unwrap();
        assert_eq!(engaged.why, "the declared schema lost users.password");
        assert_eq!(lost(&old, &new, &set(&["users.password"])), None);
        assert_eq!(lost(&new, &old, &set(&[])), None, "more is not less");
        assert_eq!(lost(&old, &set(&["votes"]), &set(&[])).unwrap().why, "the declared schema lost users");
    }
}
