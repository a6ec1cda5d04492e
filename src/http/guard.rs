//! Who may come in: tokens, what they may do, and how often one may be wrong.
//!
//! A token's record is looked up for every request, so that a revoked one opens nothing any more; only the
//! costly part, whether the secret fits the hash, is remembered for a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::limiter::Limiter;
use super::problem::Fault;
use super::router::Api;
use super::{Limits, PROBES};
use crate::store::{Role, TokenRecord, token};

/// How long it is remembered that a secret fits.
const REMEMBERED: Duration = Duration::from_secs(60);

/// How many hashes are computed together: each takes 19 MiB and a processor for some tens of milliseconds.
const AT_ONCE: usize = 2;

const NO_TOKEN: &str = "Bearer realm=\"undrift\"";
const WRONG_TOKEN: &str = "Bearer realm=\"undrift\", error=\"invalid_token\"";

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) IpAddr);

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The token's name: what the audit calls them.
    pub(super) name: String,
    role: Role,
}

/// Checks tokens.
pub(super) struct Guard {
    fitting: Mutex<HashMap<String, Fitting>>,
    turns: Semaphore,
    limiter: Limiter,
}

/// A secret that was found to fit.
struct Fitting {
    /// The SHA-256 of the secret.
    digest: [u8; 32],
    /// The hash that it fits.
    hash: String,
    since: Instant,
}

impl Guard {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            fitting: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            limiter: Limiter::new(limits.wrong_tokens, limits.wrong_tokens_within),
        }
    }

    async fn caller(&self, api: &Api, headers: &HeaderMap, client: IpAddr) -> Result<Caller, Fault> {
        let Some(shown) = bearer(headers) else {
            return Err(Fault::unauthorized("send a token: `Authorization: Bearer undrift_…`", NO_TOKEN));
        };
        let Some((id, secret)) = token::parts(shown) else {
            return Err(self.wrong(client, "this is no token of undrift's"));
        };
        let record = match api.context.store.token(id).await {
            Ok(record) => record.filter(|record| record.id == id),
            Err(error) => return Err(Fault::unavailable(&error)),
        };
        let fits = match &record {
            Some(record) => self.fits(record, secret, client).await?,
            None => self.may_try(client).map(|()| false)?,
        };
        match record {
            Some(record) if fits && record.is_valid(Timestamp::now()) => {
                Ok(Caller { name: record.name, role: record.role })
            }
            Some(_) if fits => Err(self.wrong(client, "the token has expired or was revoked")),
            _ => Err(self.wrong(client, "the token opens nothing")),
        }
    }

    /// Whether a secret is the token's. What was found within the last minute is not computed again.
    async fn fits(&self, record: &TokenRecord, secret: &str, client: IpAddr) -> Result<bool, Fault> {
        let digest: [u8; 32] = Sha256::digest(secret).into();
        if self.is_known(record, &digest) {
            return Ok(true);
        }
        self.may_try(client)?;
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        // Others may have failed, or found out, while this one waited for its turn.
        self.may_try(client)?;
        if self.is_known(record, &digest) {
            return Ok(true);
        }
        let (secret, hash) = (secret.to_owned(), record.hash.clone());
        let computed = tokio::task::spawn_blocking(move || token::is_secret_of(&secret, &hash)).await;
        let fits = computed.map_err(|_| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "the token was not checked"))?;
        if fits {
            self.remember(record, digest);
        }
        Ok(fits)
    }

    fn is_known(&self, record: &TokenRecord, digest: &[u8; 32]) -> bool {
        self.fitting().get(&record.id).is_some_and(|fitting| {
            let same = bool::from(fitting.digest.ct_eq(digest));
            same && fitting.hash == record.hash && fitting.since.elapsed() < REMEMBERED
        })
    }

    fn remember(&self, record: &TokenRecord, digest: [u8; 32]) {
        let mut fitting = self.fitting();
        fitting.retain(|_, fitting| fitting.since.elapsed() < REMEMBERED);
        fitting.insert(record.id.clone(), Fitting { digest, hash: record.hash.clone(), since: Instant::now() });
    }

    fn may_try(&self, client: IpAddr) -> Result<(), Fault> {
        match self.limiter.wait(client, Instant::now()) {
            Some(left) => Err(Fault::too_many(left.as_secs() + 1)),
            None => Ok(()),
        }
    }

    fn wrong(&self, client: IpAddr, detail: &str) -> Fault {
        if let Err(fault) = self.may_try(client) {
            return fault;
        }
        self.limiter.failed(client, Instant::now());
        Fault::unauthorized(detail, WRONG_TOKEN)
    }

    fn fitting(&self) -> MutexGuard<'_, HashMap<String, Fitting>> {
        self.fitting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a request in if it is a probe's, or shows a token that may do this.
pub(super) async fn guard(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let client = request.extensions().get().copied();
    match admit(&api, request.method(), request.headers(), client).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(fault) => {
            let response = fault.into_response();
            if response.status().is_client_error() {
                api.context.metrics.http.refused();
            }
            response
        }
    }
}

async fn admit(api: &Api, method: &Method, headers: &HeaderMap, client: Option<Client>) -> Result<Caller, Fault> {
    let Some(Client(client)) = client else {
        return Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "it is not known where the request comes from"));
    };
    let caller = api.guard.caller(api, headers, client).await?;
    let only_looks = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if only_looks || caller.role == Role::Operator {
        return Ok(caller);
    }
    Err(Fault::new(StatusCode::FORBIDDEN, "the token is a viewer's: this needs one with the role operator"))
}

/// The token in the `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
