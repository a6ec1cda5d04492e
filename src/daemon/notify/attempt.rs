//! One attempt to send a message, and what is to be made of the answer.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode, redirect};
use secrecy::ExposeSecret;
use url::Url;

use crate::config::{Occasion, Webhook};

use super::signature;

/// What came of an attempt. No reason holds the URL: of many services it is the secret.
pub(super) enum Answer {
    /// The message was taken.
    Taken,
    /// The message will never be taken.
    Refused {
        /// Why.
        why: String,
    },
    /// It may be taken later.
    Later {
        /// Why.
        why: String,
        /// How long the hook wants to be left alone.
        after: Option<Duration>,
    },
}

/// The client of all hooks. It follows no redirect: what is signed for one address is for no other.
pub(super) fn client(timeout: Duration) -> reqwest::Result<Client> {
    install_tls();
    Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout)
        .user_agent(concat!("undrift/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Chooses the code that does TLS. Whoever chose before is right: it is the same for the whole process.
fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The host of a hook, which is all of its URL that may be shown.
pub(super) fn host(hook: &Webhook) -> String {
    let url = Url::parse(hook.url.expose_secret()).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Sends a message once.
pub(super) async fn send(client: &Client, hook: &Webhook, kind: Occasion, body: String) -> Answer {
    let mut request = client
        .post(hook.url.expose_secret())
        .header(CONTENT_TYPE, "application/json")
        .header("X-Undrift-Event", kind.key());
    if let Some(key) = &hook.secret {
        request = request.header(signature::HEADER, signature::sign(key, Timestamp::now(), &body));
    }
    match request.body(body).send().await {
        Ok(response) => answer(response.status(), response.headers()),
        Err(error) => Answer::Later { why: chain(&error.without_url()), after: None },
    }
}

fn answer(status: StatusCode, headers: &HeaderMap) -> Answer {
    let why = format!("the answer was {status}");
    match status {
        _ if status.is_success() => Answer::Taken,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Answer::Later { why, after: retry_after(headers) }
        }
        _ if status.is_server_error() => Answer::Later { why, after: retry_after(headers) },
        _ => Answer::Refused { why },
    }
}

/// What stands in `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(date.duration_since(Timestamp::now())).ok()
}

/// An error with its causes: the outermost only says that something failed.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
