//! `/status`

use axum::Json;
use axum::extract::State;

use super::{Answer, Api};
use crate::http::view::{Status, status};

pub(super) async fn show(State(api): State<Api>) -> Answer<Status> {
    Ok(Json(status(&api.context.store).await?))
}
