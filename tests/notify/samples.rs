//! Messages and how they are sent.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use undrift::config::{Occasion, Webhook, WebhookFormat};
use undrift::daemon::notify::{Event, Notifier, Patience, Tenants};
use undrift::telemetry::Metrics;

const LONG: Duration = Duration::from_secs(30);

pub fn patience() -> Patience {
    Patience { attempts: 4, first_pause: Duration::from_millis(5), ..Patience::default() }
}

pub fn to(url: &str) -> Webhook {
    Webhook { url: SecretString::from(url), format: WebhookFormat::Json, secret: None, events: Occasion::ALL.to_vec() }
}

pub fn event(id: usize) -> Event {
    Event {
        kind: Occasion::DriftFound,
        id: id.to_string(),
        at: Timestamp::UNIX_EPOCH,
        schema: "core".to_owned(),
        shape: Some("9b1c".to_owned()),
        tenants: Tenants::named((0..12).map(|number| format!("tenant_{number:02}"))),
        changes: vec!["add column users.email".to_owned()],
        why: None,
        link: Some("http://undrift/api/v1/shapes/9b1c".to_owned()),
    }
}

/// Sends some events to a hook and returns the metrics once all is done.
pub async fn deliver(hook: Webhook, events: impl IntoIterator<Item = Event>) -> String {
    let metrics = Metrics::new();
    let notifier = Notifier::new(vec![hook], patience(), Arc::clone(&metrics)).unwrap();
    events.into_iter().for_each(|event| notifier.notify(event));
    notifier.finish(LONG).await;
    metrics.render()
}
