//! `/check`, `/pause`, `/resume`: the service finds out within a second or two.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Api};
use crate::http::body::Body;
use crate::http::guard::Caller;
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::store::{Pause, RequestError};

pub(super) const TENANTS: &[Parameter] = &[Parameter::optional::<Vec<String>>(
    "tenants",
    "Names or labels (`tenant_*`, `tier=gold`), any of which is enough; all tenants if left out.",
)];

pub(super) const PAUSE: &[Parameter] = &[Parameter::required::<String>("why", "Why; it goes to the audit.")];

/// What the service was asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Requested {
    /// The tenants it is about; all of them, if none are named.
    tenants: Vec<String>,
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Store(error) => error.into(),
            other => Fault::field("tenants", other.to_string()),
        }
    }
}

pub(super) async fn check(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<Requested>), Fault> {
    let tenants = tenants(body)?;
    api.context.store.person(&caller.name).check(&tenants).await?;
    Ok((StatusCode::ACCEPTED, Json(Requested { tenants })))
}

pub(super) async fn resume(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<Requested>), Fault> {
    let tenants = tenants(body)?;
    api.context.store.person(&caller.name).resume(&tenants).await?;
    Ok((StatusCode::ACCEPTED, Json(Requested { tenants })))
}

pub(super) async fn pause(State(api): State<Api>, Extension(caller): Extension<Caller>, body: Body) -> Answer<Pause> {
    let why = body.of(PAUSE)?.text("why")?;
    Ok(Json(api.context.store.person(&caller.name).pause(&why).await?))
}

fn tenants(body: Body) -> Result<Vec<String>, Fault> {
    Ok(body.of(TENANTS)?.value("tenants")?.unwrap_or_default())
}
