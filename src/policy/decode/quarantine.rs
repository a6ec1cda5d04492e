//! `quarantine` of a rule.

use crate::model::{ChangeKind, Verdict};
use crate::policy::{Match, Quarantine};
use crate::yaml::{Diagnostic, Node, Report};

use super::settings;

/// What a rule says of keeping what it lets be dropped.
pub(super) fn of_rule(node: &Node, then: Verdict, matching: &Match, problems: &mut Report) -> Option<Quarantine> {
    let asked = node.is_map() || node.text() == Some("true");
    if asked && matches!(then, Verdict::Deny | Verdict::Ignore) {
        let problem = Diagnostic::new(&node.span, format!("`{then}` lets nothing be dropped that could be kept"));
        problems.add(problem.help("write `then: allow`, `ask` or `hold`, or remove `quarantine`"));
    }
    let drops = [ChangeKind::DropTable, ChangeKind::DropColumn];
    if asked && matching.changes.as_ref().is_some_and(|kinds| !drops.iter().any(|drop| kinds.contains(drop))) {
        let problem = Diagnostic::new(&node.span, "none of these changes drops a table or a column");
        problems.add(problem.help("only `drop_table` and `drop_column` can be put in quarantine: add one to `change`"));
    }
    let keep_for = node.get("keep_for").map(|node| settings::positive_time_to_keep(node, problems));
    asked.then(|| Quarantine { keep_for: keep_for.flatten() })
}
