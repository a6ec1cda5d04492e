//! `/waivers`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::civil::Date;

use super::{Answer, Api};
use crate::http::body::Body;
use crate::http::guard::Caller;
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::http::query::Query;
use crate::http::view::Page;
use crate::store::{WaiverError, WaiverRecord, WaiverText};

pub(super) const QUERY: &[Parameter] =
    &[Parameter::optional::<bool>("ended", "Whether to show those too that somebody ended before their time.")];

pub(super) const WAIVE: &[Parameter] = &[
    Parameter::required::<String>(
        "target",
        "Tenants by name, pattern or label (`tier=gold`), or the beginning of a shape's id.",
    ),
    Parameter::required::<String>(
        "drift",
        "Which drift: `drop_index`, `votes.idx_email`, or `drop_index/votes.idx_email`; patterns may stand for several.",
    ),
    Parameter::required::<Date>("until", "The last day on which it holds, in UTC: `2027-01-31`."),
    Parameter::required::<String>("owner", "Who answers for the drift."),
    Parameter::required::<String>("why", "Why it is accepted; it goes to the audit."),
];

pub(super) const UNWAIVE: &[Parameter] = &[Parameter::optional::<String>("why", "Why; it goes to the audit.")];

impl From<WaiverError> for Fault {
    fn from(error: WaiverError) -> Self {
        let detail = error.to_string();
        match error {
            WaiverError::Nobody { .. } | WaiverError::AmbiguousShape(_) => Fault::field("target", detail),
            WaiverError::Drift(_) => Fault::field("drift", detail),
            WaiverError::Past(_) => Fault::field("until", detail),
            WaiverError::NotFound => Fault::not_found(detail),
            WaiverError::Ambiguous => Fault::conflict("ambiguous-id", "Ambiguous Id", detail),
            WaiverError::Ended(_) => Fault::conflict("already-ended", "Already Ended", detail),
            WaiverError::Store(error) => error.into(),
        }
    }
}

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<WaiverRecord>> {
    let ended = query.flag("ended")?;
    Ok(Json(Page::whole(api.context.store.waivers(ended).await?)))
}

pub(super) async fn waive(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<WaiverRecord>), Fault> {
    let mut body = body.of(WAIVE)?;
    let until = body.value("until")?;
    let text = WaiverText {
        target: body.text("target")?,
        drift: body.text("drift")?,
        until: until.ok_or_else(|| Fault::field("until", "`until` is missing: write a day as `2027-01-31`"))?,
        owner: body.text("owner")?,
        why: body.text("why")?,
    };
    let waiver = api.context.store.person(&caller.name).waive(text).await?;
    Ok((StatusCode::CREATED, Json(waiver)))
}

pub(super) async fn unwaive(
    State(api): State<Api>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Answer<WaiverRecord> {
    let why = body.of(UNWAIVE)?.text_or_nothing("why")?;
    Ok(Json(api.context.store.person(&caller.name).unwaive(&id, &why).await?))
}
