//! The server: it listens, answers within its limits, and ends when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::guard::Client;
use super::router::router;
use super::{Context, Limits};
use crate::store::{Store, StoreError};

/// How long open requests may take when the server is to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long to wait when the system has no connection to give, because too many files are open.
const BREATH: Duration = Duration::from_millis(500);

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
    /// Others could reach it, and there is no token that they would have to show.
    #[error("others can reach {address}, and there is no token yet that opens the API")]
    NoToken {
        /// The address.
        address: SocketAddr,
    },
    /// Whether there is a token cannot be told.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HttpError {
    /// What to do next.
    pub fn advice(&self) -> &str {
        match self {
            HttpError::Address { .. } => "choose another address with `http: { listen: … }` or --listen",
            HttpError::NoToken { .. } => {
                "make one with `undrift token create --name NAME --role viewer`, or listen on 127.0.0.1"
            }
            HttpError::Store(error) => error.advice(),
        }
    }
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
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
/// When it cannot or must not listen there.
pub async fn serve(address: SocketAddr, context: Context, end: CancellationToken) -> Result<Server, HttpError> {
    serve_within(Limits::default(), address, context, end).await
}

/// The same within limits of one's own.
///
/// # Errors
/// When it cannot or must not listen there.
pub async fn serve_within(
    limits: Limits,
    address: SocketAddr,
    context: Context,
    end: CancellationToken,
) -> Result<Server, HttpError> {
    if !address.ip().to_canonical().is_loopback() && !has_token(&context.store).await? {
        return Err(HttpError::NoToken { address });
    }
    let refused = |error| HttpError::Address { address, error };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let door = Door { router: router(context, &limits), limits, open: GracefulShutdown::new() };
    Ok(Server { address, task: tokio::spawn(door.keep(listener, end)) })
}

async fn has_token(store: &Store) -> Result<bool, StoreError> {
    let now = Timestamp::now();
    Ok(store.tokens().await?.iter().any(|token| token.is_valid(now)))
}

/// Where connections come in.
struct Door {
    router: Router,
    limits: Limits,
    open: GracefulShutdown,
}

impl Door {
    /// Lets connections in until the end, and then waits for those that are being answered.
    async fn keep(self, listener: TcpListener, end: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        loop {
            tokio::select! {
                (accepted, place) = next(&listener, &places) => match accepted {
                    Ok((stream, peer)) => self.answer(stream, peer, place),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(BREATH).await;
                    }
                },
                () = end.cancelled() => break,
            }
        }
        drop(listener);
        let _ = tokio::time::timeout(LAST_WORDS, self.open.shutdown()).await;
    }

    fn answer(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Client(peer.ip()));
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .serve_connection(TokioIo::new(stream), service);
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            // Who hangs up in the middle is no trouble of ours.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// The next connection, when there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (std::io::Result<(TcpStream, SocketAddr)>, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    (listener.accept().await, place)
}
