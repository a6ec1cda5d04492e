//! Running a plan on a scratch copy, which settles in which ways the server carries out its statements.

use super::ReconcileError;
use crate::apply::{self, ApplyError, Cause, Limits, Position, Progress, Stopped};
use crate::db::{DbError, Session, Trouble};
use crate::dialect::Dialect;
use crate::model::{Plan, Step};

/// Runs a plan. A statement that the server refuses in the way that it says is tried in the next best one, and the
/// plan says the one that was taken from then on. What was not reached says the way that always goes.
///
/// # Errors
/// What disproves the plan, or what is wrong with the scratch copy.
pub(super) async fn run(session: &mut Session, plan: &mut Plan, dialect: &dyn Dialect) -> Result<(), ReconcileError> {
    let mut settling = Settling { dialect, steps: plan.steps.clone(), reached: 0 };
    let ran = apply::run(session, plan, &Limits::GENEROUS, &mut settling).await;
    if ran.is_err() {
        settling.give_up();
    }
    let open = |step: &Step| step.statements.iter().any(|sql| dialect.weaker(sql).is_some());
    let was_open: Vec<bool> = plan.steps.iter().map(open).collect();
    plan.steps = settling.steps;
    for (step, _) in plan.steps.iter_mut().zip(was_open).filter(|(_, open)| *open) {
        dialect.judge(step);
    }
    ran.map_err(|error| match error {
        ApplyError::Step(stopped) => not_proved(*stopped),
        ApplyError::Db(error) => ReconcileError::Scratch(error),
        other => ReconcileError::NotProved(other.to_string()),
    })
}

/// A step that failed disproves a plan, unless it is only the scratch copy that cannot have it.
fn not_proved(stopped: Stopped) -> ReconcileError {
    match stopped.cause {
        Cause::Db(error) if error.trouble == Trouble::NotInTransaction => ReconcileError::Scratch(error),
        _ => ReconcileError::NotProved(stopped.to_string()),
    }
}

/// The steps as far as they are settled.
struct Settling<'a> {
    dialect: &'a dyn Dialect,
    steps: Vec<Step>,
    /// The number of the step that is running, from one.
    reached: usize,
}

impl Progress for Settling<'_> {
    fn step(&mut self, number: usize, _of: usize, _step: &Step) {
        self.reached = number;
    }

    fn instead(&mut self, at: Position, sql: &str, error: &DbError) -> Option<String> {
        let weaker = self.dialect.weaker(sql).filter(|_| error.trouble == Trouble::NotThatWay)?;
        let refused = self.steps[at.step - 1].statements.iter_mut().find(|own| *own == sql)?;
        refused.clone_from(&weaker);
        Some(weaker)
    }
}

impl Settling<'_> {
    /// Nobody knows what the server would have taken of the rest.
    fn give_up(&mut self) {
        let rest = self.steps.iter_mut().skip(self.reached.saturating_sub(1));
        for statement in rest.flat_map(|step| &mut step.statements) {
            while let Some(weaker) = self.dialect.weaker(statement) {
                *statement = weaker;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;
    use crate::model::{Platform, Vendor, Version};

    fn step(statement: &str) -> Step {
        let op = crate::model::Op::new(Vec::new(), "", vec![statement.to_owned()]);
        Step { transactional: false, ..Step::from(op) }
    }

    #[test]
    fn what_was_not_reached_says_what_always_goes() {
        let dialect = dialect::of(&Platform::new(Vendor::Mariadb, Version(10, 11, 6)));
        let instant = |table: &str| format!("ALTER TABLE `{table}` COMMENT='x', ALGORITHM=INSTANT, LOCK=NONE");
        let steps = [instant("a"), instant("b"), "DROP TABLE `c`".to_owned()].iter().map(|sql| step(sql)).collect();
        let mut settling = Settling { dialect: &*dialect, steps, reached: 2 };
        settling.give_up();
        let said: Vec<&String> = settling.steps.iter().flat_map(|step| &step.statements).collect();
        let copied = "ALTER TABLE `b` COMMENT='x', ALGORITHM=COPY, LOCK=SHARED";
        assert_eq!(said, [&instant("a"), copied, "DROP TABLE `c`"]);
    }

    #[test]
    fn only_a_refused_way_is_replaced() {
        let dialect = dialect::of(&Platform::new(Vendor::Mariadb, Version(10, 11, 6)));
        let instant = "ALTER TABLE `a` COMMENT='x', ALGORITHM=INSTANT, LOCK=NONE";
        let mut settling = Settling { dialect: &*dialect, steps: vec![step(instant)], reached: 1 };
        let at = Position { step: 1, statement: 1 };
        let error = |trouble| DbError::new(trouble, "", "");
        assert_eq!(settling.instead(at, instant, &error(Trouble::Statement)), None);
        let next = settling.instead(at, instant, &error(Trouble::NotThatWay)).expect("there is a next one");
        assert!(next.ends_with("ALGORITHM=NOCOPY, LOCK=NONE"));
        assert_eq!(settling.steps[0].statements, [next]);
    }
}
