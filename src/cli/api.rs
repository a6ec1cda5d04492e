//! A running service, asked over HTTP.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::Failure;
use crate::http::Problem;

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the service at an address for something.
///
/// # Errors
/// When it cannot be reached, does not let us in, or has no such thing.
pub async fn get<T: DeserializeOwned>(base: &str, path: &str) -> Result<T, Failure> {
    let url = address(base)?.join(path).map_err(|error| unusable(base, &error.to_string()))?;
    let client = client(&url).map_err(|error| unusable(base, &error.to_string()))?;
    let answer = client.get(url).bearer_auth(token()?.expose_secret()).send().await;
    let answer = answer.map_err(|error| unreachable(base, &error))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| unreachable(base, &error))?;
    if !status.is_success() {
        return Err(refused(base, status.as_u16(), &body));
    }
    serde_json::from_slice(&body).map_err(|error| {
        Failure::new(
            format!("{base} answers something else than this undrift understands: {error}"),
            "use the version of the service",
        )
    })
}

fn address(base: &str) -> Result<Url, Failure> {
    let url = Url::parse(base).map_err(|error| unusable(base, &error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(unusable(base, "it is no address of a service")),
    }
}

fn unusable(base: &str, why: &str) -> Failure {
    Failure::new(format!("`--api {base}`: {why}"), "write it as http://127.0.0.1:9464")
}

fn token() -> Result<SecretString, Failure> {
    let token = std::env::var("UNDRIFT_TOKEN").ok().filter(|token| !token.is_empty());
    let missing = || {
        Failure::new(
            "the API wants a token, and UNDRIFT_TOKEN is not set",
            "make one with `undrift token create --name NAME --role viewer`, and set UNDRIFT_TOKEN to it",
        )
    };
    token.map(|token| SecretString::from(token.trim())).ok_or_else(missing)
}

/// A client that takes the token nowhere else: it follows no redirect, and no proxy sees what stays on this machine.
fn client(url: &Url) -> reqwest::Result<Client> {
    // Somebody else in this process may have chosen a provider: then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none());
    if is_here(url) { client.no_proxy() } else { client }.build()
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

fn unreachable(base: &str, error: &reqwest::Error) -> Failure {
    let cause = std::iter::successors(std::error::Error::source(error), |error| error.source()).last();
    let why = cause.map_or_else(|| error.to_string(), ToString::to_string);
    Failure::new(format!("{base} cannot be reached: {why}"), "look whether the service runs, and where it listens")
}

fn refused(base: &str, status: u16, body: &[u8]) -> Failure {
    let said = serde_json::from_slice::<Problem>(body).map(|problem| problem.detail);
    let message =
        format!("{base} answered {status}: {}", said.unwrap_or_else(|_| "nothing that undrift would say".to_owned()));
    let next = match status {
        401 => "set UNDRIFT_TOKEN to a token that holds: `undrift token list` shows them",
        404 => "look whether the address is undrift's, and of the same version",
        429 => "wait a minute",
        _ => "",
    };
    Failure::new(message, next)
}
