//! The server: it listens, answers within its limits, and ends when it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Context;

/// How long open requests may take when the server is to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why the server cannot listen.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The address is taken, or not ours.
    #[error("listen on {address}: {error}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

impl HttpError {
    /// What to do next.
    pub fn advice(&self) -> &str {
        match self {
            HttpError::Address { .. } => "choose another address with `http: { listen: … }` or --listen",
        }
    }
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Where it listens: the port that the system chose, if it was asked to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended, for a while.
    pub async fn ended(self) {
        let _ = tokio::time::timeout(LAST_WORDS, self.task).await;
    }
}

/// Starts to answer until it is told to end.
///
/// # Errors
/// When it cannot listen there.
pub async fn serve(address: SocketAddr, context: Context, end: CancellationToken) -> Result<Server, HttpError> {
    let refused = |error| HttpError::Address { address, error };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let answers = axum::serve(listener, router(context)).with_graceful_shutdown(end.cancelled_owned());
    let task = tokio::spawn(async move { answers.await });
    Ok(Server { address, task })
}

fn router(context: Context) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(context)
}

async fn ready(State(context): State<Context>) -> impl IntoResponse {
    match context.ready.is_set() {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "standing by\n"),
    }
}

async fn metrics(State(context): State<Context>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], context.metrics.render())
}
