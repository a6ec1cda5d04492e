//! Policies: which changes run, where and when.
//!
//! A policy is a file; judging a change by it is pure. The clock, the facts and the tenant are
//! passed in. Nothing here knows how a change is carried out.

mod backup;
mod calendar;
mod decode;
pub mod duration;
mod judge;
mod lint;
mod matching;
mod names;
mod plan;
mod quarantine;
mod settings;
mod shape;
mod waiver;
mod window;

use std::path::Path;

use jiff::Timestamp;

use crate::model::Verdict;
use crate::yaml::{self, Report, Source, Span};

pub use backup::Backup;
pub use calendar::Calendar;
pub use judge::Case;
pub use matching::{Match, RowRange, TenantMatch};
pub use names::Names;
pub use plan::Subject;
pub use quarantine::{Quarantine, Stay};
pub use settings::{Brake, Limits, Portion, Rollout, Share, StopAfter, Wave};
pub use shape::POLICY as SHAPE;
pub use waiver::{Waived, Waiver, has_passed};
pub use window::{Window, WindowKind};

/// The policy that holds where none is named, as a file.
pub const DEFAULT: &str = include_str!("../../policies/default.yaml");

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The rules. The first that matches decides.
    pub rules: Vec<Rule>,
    /// All declared windows.
    pub windows: Vec<Window>,
    /// How a change goes out over the fleet.
    pub rollout: Rollout,
    /// When drift that nothing explains stops everything.
    pub brake: Brake,
    /// Time-outs and retries.
    pub limits: Limits,
    /// Drift that is accepted until a date.
    pub waivers: Vec<Waiver>,
}

/// A rule: what it is about and what becomes of it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, or `rule 3` where it has none.
    pub name: String,
    /// What it is about.
    pub matching: Match,
    /// The verdict.
    pub then: Verdict,
    /// For `ask`: whether `--yes`, and a reviewed plan file, may answer in place of a person. `None`: unless something
    /// could be lost or was not proved.
    pub yes: Option<bool>,
    /// The hours in which `hold` and `allow` let the change run; outside it is held.
    pub window: Option<Window>,
    /// How what it lets be dropped is kept for a while.
    pub quarantine: Option<Quarantine>,
    /// How tables are copied before it lets something in them be lost.
    pub backup: Option<Backup>,
    /// Where it is declared.
    pub span: Span,
}

/// Reads a policy file.
///
/// # Errors
/// Every mistake in it.
pub fn load(path: &Path) -> Result<Policy, Report> {
    decode::policy(&yaml::read(path)?, Timestamp::now())
}

/// Reads a policy from a text. `path` is what people are shown as its place.
///
/// # Errors
/// Every mistake in it.
pub fn parse(path: &str, text: &str) -> Result<Policy, Report> {
    decode::policy(&yaml::parse(Source::new(path, text))?, Timestamp::now())
}

/// The JSON Schema of policy files.
pub fn json_schema() -> serde_json::Value {
    yaml::json_schema("undrift policy", &SHAPE)
}

impl Default for Policy {
    /// The policy that is built in.
    fn default() -> Self {
        parse("policies/default.yaml (built in)", DEFAULT).expect("the built-in policy is tested to be sound")
    }
}
