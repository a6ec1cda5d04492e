//! `backup` of a rule.

use crate::model::Verdict;
use crate::policy::Backup;
use crate::yaml::{Diagnostic, Node, Report};

/// What a rule says of copying tables before something in them is lost.
pub(super) fn of_rule(node: &Node, then: Verdict, problems: &mut Report) -> Option<Backup> {
    let asked = node.is_map() || node.bool() == Some(true);
    if asked && matches!(then, Verdict::Deny | Verdict::Ignore) {
        let problem = Diagnostic::new(&node.span, format!("`{then}` lets nothing run that a backup could precede"));
        problems.add(problem.help("write `then: allow`, `ask` or `hold`, or remove `backup`"));
    }
    asked.then(|| Backup { plain_text: node.flag("plain_text") })
}
