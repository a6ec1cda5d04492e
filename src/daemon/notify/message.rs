//! Events as hooks are sent them.

use serde_json::{Value, json};

use crate::config::{Occasion, WebhookFormat};

use super::Event;

/// The version of undrift's own format. It is raised when something in it goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// As many changes as people read.
const MOST_CHANGES: usize = 20;

/// Slack refuses a section with more characters than 3,000.
const LONGEST_SECTION: usize = 2_900;

/// The body of a message.
pub(super) fn body(event: &Event, format: WebhookFormat) -> String {
    match format {
        WebhookFormat::Json => own(event).to_string(),
        WebhookFormat::Slack => slack(event).to_string(),
    }
}

fn own(event: &Event) -> Value {
    json!({
        "version": FORMAT,
        "event": event.kind.key(),
        "id": event.id,
        "at": event.at.to_string(),
        "schema": event.schema,
        "shape": event.shape,
        "tenants": { "count": event.tenants.count, "names": event.tenants.names },
        "changes": event.changes,
        "why": event.why,
        "link": event.link,
    })
}

fn slack(event: &Event) -> Value {
    let headline = headline(event);
    let mut blocks = vec![section(&format!("*{}*", escaped(&headline)))];
    blocks.extend(event.why.iter().map(|why| section(&escaped(why))));
    if !event.changes.is_empty() {
        blocks.push(section(&format!("```\n{}\n```", changes(event))));
    }
    let names = names(event);
    if !names.is_empty() {
        blocks.push(section(&escaped(&names)));
    }
    blocks.push(footer(event));
    json!({ "text": escaped(&headline), "blocks": blocks })
}

/// One line that says it all: what a telephone shows.
fn headline(event: &Event) -> String {
    let what = match event.kind {
        Occasion::DriftFound => "Drift found",
        Occasion::ApprovalNeeded => "Approval needed",
        Occasion::Applied => "Plan applied",
        Occasion::Blocked => "Blocked, a person has to look",
        Occasion::RolloutStopped => "Rollout stopped",
        Occasion::BrakeEngaged => "Brake engaged",
        Occasion::Flapping => "Drift comes back after repair",
        Occasion::TenantEmptied => "All tables are gone",
    };
    let tenants = match event.tenants.count {
        0 => return format!("{what}: {}", event.schema),
        1 => "1 tenant".to_owned(),
        count => format!("{count} tenants"),
    };
    format!("{what}: {}, {tenants}", event.schema)
}

fn changes(event: &Event) -> String {
    let shown = event.changes.iter().take(MOST_CHANGES);
    // What a tenant calls its tables must not end the block.
    let mut lines: Vec<_> = shown.map(|change| cut(&escaped(&change.replace('`', "'")), 200)).collect();
    if let Some(more) = event.changes.len().checked_sub(MOST_CHANGES + 1) {
        lines.push(format!("and {} more", more + 1));
    }
    cut(&lines.join("\n"), LONGEST_SECTION - 100)
}

fn names(event: &Event) -> String {
    let names = event.tenants.names.join(", ");
    match event.tenants.count.saturating_sub(event.tenants.names.len()) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn footer(event: &Event) -> Value {
    let at = event.at.to_string();
    let text = match &event.link {
        Some(link) => format!("{} · {at} · <{}|more>", escaped(&event.id), escaped(link)),
        None => format!("{} · {at}", escaped(&event.id)),
    };
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(text, LONGEST_SECTION) } })
}

/// Text for Slack, in which `<!channel>` calls everybody and `<…|…>` is a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
