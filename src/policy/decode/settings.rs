//! The settings beside the rules: limits, rollout, brake.

use std::str::FromStr;
use std::time::Duration;

use crate::policy::duration;
use crate::policy::settings::{Brake, Limits, Portion, Rollout, Share, StopAfter, Wave};
use crate::yaml::{Diagnostic, Node, Report};

use super::conditions;

/// The longest that anything is kept by itself.
const LONGEST_KEPT: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

pub(super) fn limits(node: Option<&Node>, problems: &mut Report) -> Limits {
    let usual = Limits::default();
    let Some(node) = node else { return usual };
    let mut timeout = |key, usual| node.get(key).and_then(|node| positive_duration(node, problems)).unwrap_or(usual);
    let limits = Limits {
        lock_timeout: timeout("lock_timeout", usual.lock_timeout),
        statement_timeout: timeout("statement_timeout", usual.statement_timeout),
        slow_statement_timeout: timeout("slow_statement_timeout", usual.slow_statement_timeout),
        facts_timeout: timeout("facts_timeout", usual.facts_timeout),
        ..usual
    };
    let pause = node.get("backfill_pause").and_then(|node| any_duration(node, problems));
    Limits {
        backfill_pause: pause.unwrap_or(usual.backfill_pause),
        retries: node.get("retries").and_then(|n| number(n, problems)).unwrap_or(usual.retries),
        backfill_batch: node.get("backfill_batch").and_then(|n| positive(n, problems)).unwrap_or(usual.backfill_batch),
        max_copy_rows: node.get("max_copy_rows").and_then(|n| most_rows(n, problems)).unwrap_or(usual.max_copy_rows),
        ..limits
    }
}

fn most_rows(node: &Node, problems: &mut Report) -> Option<u64> {
    if node.text() == Some("unlimited") {
        return Some(Limits::UNLIMITED);
    }
    let rows = node.number();
    if rows.is_none() {
        let problem =
            Diagnostic::new(&node.span, format!("`{}` is no number of rows", node.text().unwrap_or_default()));
        problems.add(problem.help("write a whole number, `100_000`, or `unlimited`"));
    }
    rows
}

pub(super) fn rollout(node: Option<&Node>, problems: &mut Report) -> Rollout {
    let usual = Rollout::default();
    let Some(node) = node else { return usual };
    let mut count = |key, usual| node.get(key).and_then(|node| positive(node, problems)).unwrap_or(usual);
    let (per_server, at_once) = (count("per_server", usual.per_server), count("at_once", usual.at_once));
    Rollout {
        waves: node.get("waves").map_or(usual.waves, |node| waves(node, problems)),
        soak: node.get("soak").and_then(|node| any_duration(node, problems)).unwrap_or(usual.soak),
        per_server,
        at_once,
        stop_after: node.get("stop_after").map(|node| stop_after(node, problems)).unwrap_or_default(),
    }
}

fn stop_after(node: &Node, problems: &mut Report) -> StopAfter {
    StopAfter {
        failures: node.get("failures").and_then(|node| positive(node, problems)),
        share: node.get("share").and_then(|node| share(node, problems)),
    }
}

pub(super) fn brake(node: Option<&Node>, problems: &mut Report) -> Brake {
    let share = node.and_then(|node| node.get("share")).and_then(|node| share(node, problems));
    share.map_or_else(Brake::default, |share| Brake { share })
}

fn waves(node: &Node, problems: &mut Report) -> Vec<Wave> {
    let waves: Vec<Wave> = node.items().iter().filter_map(|item| wave(item, problems)).collect();
    let portions: Vec<Portion> = waves.iter().filter_map(Wave::portion).collect();
    for (item, (index, portion)) in
        node.items().iter().filter(|item| !item.is_map()).zip(portions.iter().copied().enumerate())
    {
        if portions[..index].iter().any(|before| !grows(*before, portion)) {
            let text = item.text().unwrap_or_default();
            let problem = Diagnostic::new(&item.span, format!("`{text}` is no larger than a wave before it"));
            problems
                .add(problem.help("each wave says how much of the fleet has the change after it: `[1, 10%, 100%]`"));
        }
    }
    let all_read = waves.len() == node.items().len();
    if all_read && waves.last() != Some(&Wave::ALL) {
        let problem = Diagnostic::new(&node.span, "the last wave is not the whole fleet");
        problems.add(problem.help("end with `100%`: what is in no wave would wait for ever"));
    }
    waves
}

fn wave(item: &Node, problems: &mut Report) -> Option<Wave> {
    if item.is_map() {
        let tenants = item.get("tenant")?;
        return Some(Wave::Tenants(conditions::tenants(tenants, problems)));
    }
    match Portion::parse(item.text()?) {
        Ok(portion) => Some(Wave::Portion(portion)),
        Err(why) => {
            let help = "write a number, `1`, a share, `10%`, or tenants, `{ tenant: { ring: canary } }`";
            problems.add(Diagnostic::new(&item.span, why).help(help));
            None
        }
    }
}

/// Numbers and shares cannot be compared without a fleet.
fn grows(before: Portion, after: Portion) -> bool {
    match (before, after) {
        (Portion::Count(before), Portion::Count(after)) => before < after,
        (Portion::Share(before), Portion::Share(after)) => before < after,
        (Portion::Count(_), Portion::Share(_)) => true,
        (Portion::Share(before), Portion::Count(_)) => before != Share::ALL,
    }
}

fn share(node: &Node, problems: &mut Report) -> Option<Share> {
    match Share::parse(node.text()?) {
        Ok(share) => Some(share),
        Err(why) => {
            let problem = Diagnostic::new(&node.span, why);
            problems.add(problem.help("write a percentage above 0% and up to 100%: `1%`, `0.5%`"));
            None
        }
    }
}

/// A number that fits.
fn number<T: FromStr>(node: &Node, problems: &mut Report) -> Option<T> {
    let number = node.number();
    if number.is_none() && node.number::<u64>().is_some() {
        problems.add(Diagnostic::new(&node.span, "that is far too much").help("write a smaller number"));
    }
    number
}

/// A number from one on.
fn positive<T: FromStr + PartialEq + Default>(node: &Node, problems: &mut Report) -> Option<T> {
    let number: T = number(node, problems)?;
    if number == T::default() {
        problems.add(Diagnostic::new(&node.span, "with 0 nothing would ever run").help("write 1 or more"));
        return None;
    }
    Some(number)
}

pub(super) fn positive_duration(node: &Node, problems: &mut Report) -> Option<Duration> {
    let duration = any_duration(node, problems)?;
    if duration.is_zero() {
        let problem = Diagnostic::new(&node.span, "it must be longer than nothing");
        problems.add(problem.help("servers take a time-out of 0 for none at all; write for example `3s`"));
        return None;
    }
    Some(duration)
}

/// A time for which something is kept: years, if need be.
pub(super) fn positive_time_to_keep(node: &Node, problems: &mut Report) -> Option<Duration> {
    let time = read(node, duration::parse_up_to(node.text()?, LONGEST_KEPT), problems)?;
    if time.is_zero() {
        let problem = Diagnostic::new(&node.span, "it must be longer than nothing");
        problems.add(problem.help("write for example `30d`, or let the rule drop without `quarantine`"));
        return None;
    }
    Some(time)
}

fn any_duration(node: &Node, problems: &mut Report) -> Option<Duration> {
    read(node, duration::parse(node.text()?), problems)
}

fn read(node: &Node, duration: Result<Duration, String>, problems: &mut Report) -> Option<Duration> {
    match duration {
        Ok(duration) => Some(duration),
        Err(why) => {
            let problem = Diagnostic::new(&node.span, format!("not a duration: {why}"));
            problems.add(problem.help("write a number with its unit: ms, s, m, h or d, as in `500ms`, `3s`, `1h30m`"));
            None
        }
    }
}
