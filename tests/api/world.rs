//! A state with records in it, and a server in front.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use undrift::http::{self, Context, Limits, Readiness};
use undrift::store::token::NewToken;
use undrift::store::{Role, Store, TokenRecord};
use undrift::telemetry::Metrics;

use super::client::{Reply, request, send};
use crate::support;

pub struct World {
    pub store: Store,
    pub metrics: Arc<Metrics>,
    pub ready: Readiness,
    pub address: SocketAddr,
    pub viewer: String,
    pub operator: String,
    pub end: CancellationToken,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::within(Limits::default()).await
    }

    pub async fn within(limits: Limits) -> Self {
        let folder = support::folder();
        let store = open(&folder).await;
        let context = Context { store: store.clone(), metrics: Metrics::new(), ready: Readiness::default() };
        let (metrics, ready, end) = (Arc::clone(&context.metrics), context.ready.clone(), CancellationToken::new());
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = http::serve_within(limits, listen, context, end.clone()).await.unwrap();
        let viewer = make_token(&store, "vera", Role::Viewer).await;
        let operator = make_token(&store, "otto", Role::Operator).await;
        Self { store, metrics, ready, address: server.address(), viewer, operator, end, _folder: folder }
    }

    /// Asks as a viewer.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, Some(&self.viewer), "").await
    }

    /// Says something as an operator.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(&self.operator), &body.to_string()).await
    }

    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Reply {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        send(self.address, &request(method, path, &headers, body)).await
    }

    /// What the audit says that people did, the newest first.
    pub async fn deeds(&self) -> Vec<String> {
        let lines = self.get("/api/v1/audit").await.ok(200);
        lines["items"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

pub async fn open(folder: &TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("state.db").display());
    Store::open(&SecretString::from(url)).await.unwrap()
}

/// A token that holds for an hour.
pub async fn make_token(store: &Store, name: &str, role: Role) -> String {
    keep_token(store, name, role, Some(Timestamp::now() + SignedDuration::from_hours(1)), None).await
}

pub async fn keep_token(
    store: &Store,
    name: &str,
    role: Role,
    expires: Option<Timestamp>,
    revoked: Option<Timestamp>,
) -> String {
    let NewToken { id, token, hash } = tokio::task::spawn_blocking(NewToken::make).await.unwrap().unwrap();
    let created = Timestamp::now();
    store.make_token(&TokenRecord { id, name: name.to_owned(), role, hash, created, expires, revoked }).await.unwrap();
    token.expose_secret().to_owned()
}

/// The id of a token: its part before the dot.
pub fn id_of(token: &str) -> &str {
    token.trim_start_matches("undrift_").split('.').next().unwrap()
}

/// The same token with another secret.
pub fn with_wrong_secret(token: &str) -> String {
    format!("undrift_{}.{}", id_of(token), "0".repeat(64))
}

pub fn why(text: &str) -> Value {
    json!({ "why": text })
}
