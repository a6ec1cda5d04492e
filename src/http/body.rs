//! What a request brings: a small JSON object, or nothing at all.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::parameter::{self, Parameter};
use super::problem::{Fault, Problem};

/// The most characters that a reason may have. It goes to the audit, for good.
const LONGEST_TEXT: usize = 1000;

/// The body of a request. One without a body brings an empty object.
pub(super) struct Body(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        if !is_json {
            let detail = "send JSON, with `Content-Type: application/json`";
            return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(keys)) => Ok(Self(keys)),
            Ok(_) => Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is to be a JSON object")),
            Err(error) => Err(Fault::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))),
        }
    }
}

impl Body {
    /// The body, if it has no other keys than these.
    pub(super) fn of(self, parameters: &[Parameter]) -> Result<Self, Fault> {
        self.0.keys().try_for_each(|name| parameter::known(name, parameters))?;
        Ok(self)
    }

    /// A text that has to say something.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Fault> {
        match self.value::<String>(name)?.map(|text| text.trim().to_owned()) {
            Some(text) if text.chars().count() > LONGEST_TEXT => {
                Err(Fault::field(name, format!("`{name}` has more than {LONGEST_TEXT} characters")))
            }
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(Fault::field(name, format!("`{name}` is missing: say it in a sentence"))),
        }
    }

    /// A text, or nothing if it is not there.
    pub(super) fn text_or_nothing(&mut self, name: &str) -> Result<String, Fault> {
        if self.0.contains_key(name) { self.text(name) } else { Ok(String::new()) }
    }

    /// A value of some type.
    pub(super) fn value<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        self.0.remove(name).map(|value| parameter::read(name, value)).transpose()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn unread(rejection: BytesRejection) -> Fault {
    let status = rejection.into_response().status();
    Fault::new(status, Problem::of(status).detail)
}
