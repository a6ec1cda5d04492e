//! What can be read and yet cannot be meant: for `undrift check`.

use jiff::Timestamp;

use crate::model::ChangeKind;
use crate::yaml::{Diagnostic, Report};

use super::{Match, Policy, Rule, Window, WindowKind};

impl Policy {
    /// Rules that can never decide anything, windows that nothing names and waivers that are over.
    pub fn unreachable(&self, now: Timestamp) -> Report {
        let mut findings = Report::new();
        for (index, rule) in self.rules.iter().enumerate() {
            rule.impossible().or_else(|| rule.shadowed(&self.rules[..index])).into_iter().for_each(|d| findings.add(d));
        }
        self.unused_windows().for_each(|finding| findings.add(finding));
        self.expired_waivers(now).for_each(|finding| findings.add(finding));
        findings
    }

    fn unused_windows(&self) -> impl Iterator<Item = Diagnostic> {
        let used = |name: &str| self.rules.iter().any(|rule| rule.window.as_ref().is_some_and(|w| w.name == name));
        let allows = |window: &&Window| window.kind == WindowKind::Allow;
        self.windows.iter().filter(allows).filter(move |window| !used(&window.name)).map(|window| {
            Diagnostic::new(&window.span, format!("no rule names the window `{}`", window.name))
                .help("name it in a rule with `window: …`, or remove it")
        })
    }

    fn expired_waivers(&self, now: Timestamp) -> impl Iterator<Item = Diagnostic> {
        self.waivers.iter().filter(move |waiver| waiver.has_expired(now)).map(|waiver| {
            Diagnostic::new(&waiver.span, format!("the waiver `{}` ended on {}", waiver.name, waiver.until))
                .help(format!("remove it, or ask {} for a new date", waiver.owner))
        })
    }
}

impl Rule {
    /// The finding that an earlier rule takes everything that this one is about.
    fn shadowed(&self, earlier: &[Rule]) -> Option<Diagnostic> {
        let covers = |rule: &&Rule| rule.matching.covers(rule.doubt(), &self.matching, self.doubt());
        let first = earlier.iter().find(covers)?;
        let problem = format!("`{}` never decides anything: `{}` takes it all before", self.name, first.name);
        let problem =
            Diagnostic::new(&self.span, problem).related(&first.span, "this rule comes first and matches more");
        Some(problem.help("the first rule that matches decides: move the narrower rule up, or remove it"))
    }

    /// The finding that its conditions exclude each other.
    fn impossible(&self) -> Option<Diagnostic> {
        let why = self.matching.contradiction()?;
        let problem = Diagnostic::new(&self.span, format!("`{}` never matches anything: {why}", self.name));
        Some(problem.help("remove the condition, or name kinds of change that it can hold for"))
    }
}

impl Match {
    fn contradiction(&self) -> Option<&'static str> {
        let kinds = self.changes.as_ref()?;
        if self.columns.is_some() && !kinds.iter().any(|kind| is_about_a_column(*kind)) {
            return Some("it asks for a column, and these changes are about none");
        }
        if (self.tables.is_some() || self.rows.is_some()) && !kinds.iter().any(|kind| is_about_a_table(*kind)) {
            return Some("it asks for a table, and these changes are about none");
        }
        let only_new = kinds.iter().all(|kind| *kind == ChangeKind::CreateTable);
        let asks_for_rows = self.rows.is_some_and(|range| range.min > 0);
        (only_new && asks_for_rows).then_some("it asks for rows, and a table that is only created has none")
    }
}

fn is_about_a_column(kind: ChangeKind) -> bool {
    use ChangeKind::*;
    matches!(kind, AddColumn | DropColumn | RenameColumn | MergeColumn | ReplaceColumn)
        || (AlterColumnType..=AlterColumnOptions).contains(&kind)
}

fn is_about_a_table(kind: ChangeKind) -> bool {
    use ChangeKind::*;
    !matches!(kind, CreateSchema | DropSchema | CreateExtension | CreateEnum | DropEnum | AlterEnum)
}
