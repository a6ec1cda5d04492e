//! A policy file's tree → [`Policy`], with every mistake at its place.

mod backup;
mod conditions;
mod quarantine;
mod settings;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::Verdict;
use crate::yaml::{self, Diagnostic, Entry, Kind, Node, Report, Span, nearest};

use super::{Calendar, Policy, Rule, Waiver, Window, WindowKind, calendar, shape};

/// Reads a policy. `now` is what tells a cron line that will come again from one that never does.
pub(super) fn policy(root: &Node, now: Timestamp) -> Result<Policy, Report> {
    let mut problems = Report::new();
    yaml::check(root, &Kind::Object(&shape::POLICY), &mut problems);
    let windows = windows(root.get("windows"), now, &mut problems);
    let policy = Policy {
        name: root.text_of("policy").unwrap_or_default().to_owned(),
        rules: rules(root.get("rules"), &windows, &mut problems),
        rollout: settings::rollout(root.get("rollout"), &mut problems),
        brake: settings::brake(root.get("brake"), &mut problems),
        limits: settings::limits(root.get("limits"), &mut problems),
        waivers: waivers(root.get("waivers"), &mut problems),
        windows: windows.into_values().flatten().collect(),
    };
    problems.or(policy)
}

/// Windows by name; `None` where one is declared that could not be read.
type Windows<'a> = BTreeMap<&'a str, Option<Window>>;

fn windows<'a>(node: Option<&'a Node>, now: Timestamp, problems: &mut Report) -> Windows<'a> {
    let entries = node.map_or(&[][..], Node::entries);
    entries.iter().map(|entry| (entry.key.as_str(), window(entry, now, problems))).collect()
}

fn window(entry: &Entry, now: Timestamp, problems: &mut Report) -> Option<Window> {
    let zone = match entry.value.get("timezone") {
        Some(node) => zone(node, problems),
        None => Some(TimeZone::UTC),
    };
    let lasts = entry.value.get("lasts").and_then(|node| settings::positive_duration(node, problems));
    let node = entry.value.get("cron")?;
    let opens = match Calendar::new(node.text()?, zone?, now) {
        Ok(calendar) => calendar,
        Err(why) => {
            problems.add(not_a_cron_line(node, &why));
            return None;
        }
    };
    let kind = window_kind(&entry.value, problems);
    Some(Window { name: entry.key.clone(), opens, lasts: lasts?, kind, span: entry.key_span.clone() })
}

fn window_kind(node: &Node, problems: &mut Report) -> WindowKind {
    let tenants = node.get("tenant").map(|node| conditions::tenants(node, problems));
    match (node.text_of("kind"), tenants) {
        (Some("deny"), tenants) => WindowKind::Deny(tenants.unwrap_or_default()),
        (_, None) => WindowKind::Allow,
        (_, Some(_)) => {
            let key = node.get("tenant").map_or(&node.span, |node| &node.span);
            let problem = Diagnostic::new(key, "only a `deny` window is about tenants");
            problems.add(problem.help("write `kind: deny`, or name the tenants in the rule that names the window"));
            WindowKind::Allow
        }
    }
}

fn not_a_cron_line(node: &Node, why: &str) -> Diagnostic {
    Diagnostic::new(&node.span, format!("not a cron line that ever comes: {why}"))
        .help("write minute, hour, day of month, month, day of week: `0 2 * * *` is every day at two; a sixth field in front is the second")
}

fn zone(node: &Node, problems: &mut Report) -> Option<TimeZone> {
    match calendar::zone(node.text()?) {
        Ok(zone) => Some(zone),
        Err(why) => {
            let help = "write an IANA name such as `Europe/Berlin` or `UTC`";
            problems.add(Diagnostic::new(&node.span, why).help(help));
            None
        }
    }
}

fn rules(node: Option<&Node>, windows: &Windows<'_>, problems: &mut Report) -> Vec<Rule> {
    let items = node.map_or(&[][..], Node::items);
    let mut names = Names::default();
    let decode = |(index, item)| rule(index, item, windows, &mut names, problems);
    items.iter().enumerate().filter_map(decode).collect()
}

fn rule<'a>(
    index: usize,
    node: &'a Node,
    windows: &Windows<'_>,
    names: &mut Names<'a>,
    problems: &mut Report,
) -> Option<Rule> {
    names.add(node.get("name"), "rules", problems);
    let matching = node.get("match").map(|node| conditions::matching(node, problems)).unwrap_or_default();
    let then = node.get("then")?;
    let verdict = verdict(then.text()?)?;
    let window = match node.get("window") {
        Some(window) => rule_window(window, verdict, windows, problems),
        None if verdict == Verdict::Hold => {
            let problem = Diagnostic::new(&then.span, "`hold` without a window would hold for ever");
            problems
                .add(problem.help("add `window: …` with the name of one under `windows`, or write `ask` or `deny`"));
            None
        }
        None => None,
    };
    let yes = node.get("yes").and_then(|node| rule_yes(node, verdict, problems));
    let name = node.text_of("name").map_or_else(|| format!("rule {}", index + 1), str::to_owned);
    let span = node.get("name").map_or(&node.span, |name| &name.span).clone();
    let quarantine = node.get("quarantine").and_then(|node| quarantine::of_rule(node, verdict, &matching, problems));
    let backup = node.get("backup").and_then(|node| backup::of_rule(node, verdict, problems));
    Some(Rule { name, matching, then: verdict, yes, window, quarantine, backup, span })
}

fn rule_yes(node: &Node, verdict: Verdict, problems: &mut Report) -> Option<bool> {
    if verdict != Verdict::Ask {
        let problem = Diagnostic::new(&node.span, format!("`{verdict}` asks nothing that could be answered with yes"));
        problems.add(problem.help("`yes` belongs to rules with `then: ask`"));
    }
    node.bool()
}

fn rule_window(node: &Node, verdict: Verdict, windows: &Windows<'_>, problems: &mut Report) -> Option<Window> {
    let name = node.text()?;
    if !matches!(verdict, Verdict::Hold | Verdict::Allow) {
        let problem = Diagnostic::new(&node.span, format!("a window means nothing to `{verdict}`"));
        problems.add(problem.help("only `hold` and `allow` look at the clock"));
    }
    match windows.get(name) {
        Some(Some(Window { kind: WindowKind::Deny(_), .. })) => {
            let problem = Diagnostic::new(&node.span, format!("`{name}` is a `deny` window: no rule needs to name it"));
            problems.add(problem.help("while it is open nothing runs; name a window that lets changes run"));
            None
        }
        Some(window) => window.clone(),
        None => {
            let problem = Diagnostic::new(&node.span, format!("there is no window `{name}`"));
            problems.add(match nearest(name, windows.keys().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => {
                    problem.help(format!("declare it: `windows: {{ {name}: {{ cron: \"0 2 * * *\", lasts: 3h }} }}`"))
                }
            });
            None
        }
    }
}

fn verdict(word: &str) -> Option<Verdict> {
    let all = [Verdict::Allow, Verdict::Ask, Verdict::Hold, Verdict::Deny, Verdict::Ignore];
    all.into_iter().find(|verdict| verdict.to_string() == word)
}

fn waivers(node: Option<&Node>, problems: &mut Report) -> Vec<Waiver> {
    let items = node.map_or(&[][..], Node::items);
    let mut names = Names::default();
    items.iter().filter_map(|item| waiver(item, &mut names, problems)).collect()
}

fn waiver<'a>(node: &'a Node, names: &mut Names<'a>, problems: &mut Report) -> Option<Waiver> {
    names.add(node.get("name"), "waivers", problems);
    let matching = conditions::matching(node, problems);
    if matching.is_empty() && node.is_map() {
        let problem = Diagnostic::new(&node.span, "this waives everything everywhere");
        problems.add(problem.help("say which drift is meant: `tenant`, `table`, `column`, `object`, `change`"));
    }
    let until = date(node.get("until")?, problems)?;
    let mut text = |key| node.get(key).and_then(|node| said(node, key, problems));
    let (name, owner, why) = (text("name")?, text("owner")?, text("why")?);
    let span = node.get("name").map_or(&node.span, |name| &name.span).clone();
    Some(Waiver { name, matching, shape: None, until, owner, why, span })
}

/// A text that says something.
fn said(node: &Node, key: &str, problems: &mut Report) -> Option<String> {
    let text = node.text()?.trim();
    if text.is_empty() {
        let problem = Diagnostic::new(&node.span, format!("`{key}` says nothing"));
        problems.add(problem.help("whoever meets this waiver in half a year will want to know"));
    }
    Some(text.to_owned())
}

fn date(node: &Node, problems: &mut Report) -> Option<Date> {
    let text = node.text()?;
    let parsed = (text.len() == "2027-01-31".len()).then(|| text.parse().ok()).flatten();
    if parsed.is_none() {
        let problem = Diagnostic::new(&node.span, format!("`{text}` is not a day"));
        problems.add(problem.help("write year, month and day: `2027-01-31`"));
    }
    parsed
}

/// Names that may stand once only, because verdicts are explained by them.
#[derive(Default)]
struct Names<'a>(BTreeMap<&'a str, &'a Span>);

impl<'a> Names<'a> {
    fn add(&mut self, node: Option<&'a Node>, what: &str, problems: &mut Report) {
        let Some((node, name)) = node.and_then(|node| Some((node, node.text()?))) else { return };
        if let Some(first) = self.0.insert(name, &node.span) {
            let problem = Diagnostic::new(&node.span, format!("two {what} are called `{name}`"));
            let problem = problem.related(first, "the first one");
            problems.add(problem.help("give each its own name: verdicts are explained by it"));
        }
    }
}
