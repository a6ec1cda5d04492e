//! What commands print: for people, as SQL, as JSON, as Markdown.

pub mod facts;
pub mod json;
pub mod markdown;
pub mod quarantine;
pub mod sql;
pub mod status;
pub mod table;
pub mod text;

use crate::model::QName;
use crate::reconcile::{Assessment, FleetMember, Outlook, Study, words};

/// How many tenants stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// In sync.
    pub in_sync: usize,
    /// Drifted.
    pub drifted: usize,
    /// Not everything could be read.
    pub unknown: usize,
}

impl Tally {
    /// Counts the tenants of a survey.
    pub fn of(fleet: &crate::reconcile::Fleet) -> Self {
        let mut tally = Tally { unknown: fleet.unknown.len(), ..Tally::default() };
        for shape in &fleet.shapes {
            for (_, assessment) in &shape.tenants {
                match assessment.as_ref().map(|assessment| shape.outlook(assessment)) {
                    Ok(Outlook::InSync) => tally.in_sync += 1,
                    Ok(_) => tally.drifted += 1,
                    Err(_) => tally.unknown += 1,
                }
            }
        }
        tally
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in sync, {} drifted, {} unknown", self.in_sync, self.drifted, self.unknown)
    }
}

/// The names of tables on one line.
pub fn tables(tables: &[QName]) -> String {
    tables.iter().map(|table| words::clean(&table.to_string())).collect::<Vec<_>>().join(", ")
}

/// The tables that are backed up before what runs at some time runs.
pub fn backed_up(study: &Study, assessment: &Assessment) -> Vec<QName> {
    assessment.backed_up(study, &assessment.of(assessment.offered(&study.plan)))
}

/// The same on one line, if there are any.
pub fn backup(study: &Study, assessment: &Assessment) -> Option<String> {
    Some(backed_up(study, assessment)).filter(|found| !found.is_empty()).map(|found| tables(&found))
}

/// The names of tenants on one line: all of them, or the first few and how many more.
pub fn names(members: &[&FleetMember]) -> String {
    const SHOWN: usize = 6;
    let first: Vec<_> = members.iter().take(SHOWN).map(|member| member.tenant.name.as_str()).collect();
    match members.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
