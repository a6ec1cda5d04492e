//! Which path leads where, and what every request passes on its way.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::finish::finish;
use super::guard::{Guard, guard};
use super::{Context, Limits, api};

/// What handlers work with.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) context: Context,
    pub(super) guard: Arc<Guard>,
}

/// The whole of it. From the outside in: what finishes answers, the time limit, the guard, the size limit.
pub(super) fn router(context: Context, limits: &Limits) -> Router {
    let api = Api { context, guard: Arc::new(Guard::new(limits)) };
    let probes = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics));
    api::operations()
        .into_iter()
        .fold(probes, |router, operation| operation.add_to(router))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(middleware::from_fn_with_state(api.clone(), guard))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request))
        .layer(middleware::from_fn_with_state(api.clone(), finish))
        .with_state(api)
}

async fn ready(State(api): State<Api>) -> impl IntoResponse {
    match api.context.ready.is_set() {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "standing by\n"),
    }
}

async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], api.context.metrics.render())
}
