//! What went wrong, as RFC 9457 has it: `application/problem+json`.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::{AnswerError, StoreError};

/// The media type of problems.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// What types of problems begin with.
const URN: &str = "urn:undrift:problem:";

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:undrift:problem:not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What it was this time, and what to do about it.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// The parameter or key that is to blame, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(super) struct Fault {
    problem: Box<Problem>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem whose kind is its status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem");
        let kind = format!("{URN}{}", title.to_lowercase().replace(' ', "-"));
        let instance = String::new();
        Self { kind, title: title.to_owned(), status: status.as_u16(), detail: detail.into(), instance, field: None }
    }

    /// What there is to say when all that is known is the status.
    pub(super) fn of(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => "there is nothing at this path; /api/v1/openapi.json lists what there is",
            StatusCode::METHOD_NOT_ALLOWED => "this path takes the methods of the `Allow` header",
            StatusCode::REQUEST_TIMEOUT => "the request took too long: send it again",
            StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than undrift takes",
            _ => "undrift could not answer",
        };
        Self::new(status, detail)
    }
}

impl Fault {
    /// A fault whose kind is its status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { problem: Box::new(Problem::new(status, detail)), header: None }
    }

    /// A kind of its own.
    fn kind(mut self, slug: &str, title: &str) -> Self {
        self.problem.kind = format!("{URN}{slug}");
        self.problem.title = title.to_owned();
        self
    }

    /// What was asked for cannot be done as things stand.
    pub(super) fn conflict(slug: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail).kind(slug, title)
    }

    /// There is no such thing.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A parameter or key is wrong.
    pub(super) fn field(name: &str, detail: impl Into<String>) -> Self {
        let mut fault = Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
        fault.problem.field = Some(name.to_owned());
        fault
    }

    /// No token, or not one that opens anything.
    pub(super) fn unauthorized(detail: &str, challenge: &'static str) -> Self {
        let fault = Self::new(StatusCode::UNAUTHORIZED, detail);
        fault.with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// Too many wrong tokens.
    pub(super) fn too_many(seconds: u64) -> Self {
        let detail = format!("too many wrong tokens came from your address: wait {seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).with(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// undrift's own state cannot be had now. Who has no token yet is not told why.
    pub(super) fn unavailable(error: &StoreError) -> Self {
        tracing::error!(%error, "the state could not be read or written for a request");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "undrift's state cannot be read or written now: try again later")
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let mut fault = Self::unavailable(&error);
        fault.problem.detail = format!("{error}: {}", error.advice());
        fault
    }
}

impl From<AnswerError> for Fault {
    fn from(error: AnswerError) -> Self {
        let conflict = |slug, title| Self::conflict(slug, title, error.to_string());
        match &error {
            AnswerError::NotFound => Self::not_found(error.to_string()),
            AnswerError::Ambiguous => conflict("ambiguous-id", "Ambiguous Id"),
            AnswerError::AlreadyAnswered(_) => conflict("already-answered", "Already Answered"),
            AnswerError::Expired => conflict("expired", "Expired"),
            AnswerError::Withdrawn => conflict("withdrawn", "Withdrawn"),
            AnswerError::Store(error) => error.clone().into(),
        }
    }
}

impl IntoResponse for Fault {
    /// The document travels beside the answer: what is outermost knows the path and writes it.
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.problem.status).unwrap_or_default().into_response();
        response.headers_mut().extend(self.header);
        response.extensions_mut().insert(*self.problem);
        response
    }
}
