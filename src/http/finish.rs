//! The last hand on every answer: problems become documents, headers are set, the metrics are told.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::PROBES;
use super::problem::{self, Problem};
use super::router::Api;

/// On every answer. Nothing here is for a browser to show, keep or guess the type of.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Runs outermost.
pub(super) async fn finish(State(api): State<Api>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let mut response = next.run(request).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if is_error && !PROBES.contains(&path.as_str()) {
        write(&mut response, path);
    }
    set(response.headers_mut());
    let status = response.status().as_u16();
    api.context.metrics.http.answered(route.as_deref(), method.as_str(), status, begun.elapsed());
    response
}

/// Puts the problem's document in the place of whatever text came with it.
fn write(response: &mut Response, path: String) {
    let known = response.extensions_mut().remove::<Problem>();
    let problem = Problem { instance: path, ..known.unwrap_or_else(|| Problem::of(response.status())) };
    let document = serde_json::to_vec(&problem).expect("problems always serialise");
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    *response.body_mut() = Body::from(document);
}

fn set(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
