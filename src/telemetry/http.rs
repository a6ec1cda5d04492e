//! The API.

use std::time::Duration;

use super::registrar::{Counter, Histogram, Registrar};

const REQUEST: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The API.
pub struct Http {
    requests: Counter<3>,
    duration: Histogram<1>,
    refused: Counter<0>,
}

impl Http {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            requests: registrar.counter(
                "undrift_http_requests_total",
                "Requests that were answered, by route, method and class of status (`2xx`).",
                ["route", "method", "status"],
            ),
            duration: registrar.histogram(
                "undrift_http_request_duration_seconds",
                "How long answering a request took, by route.",
                ["route"],
                &REQUEST,
            ),
            refused: registrar
                .counter(
                    "undrift_http_auth_failures_total",
                    "Requests that were refused because their token was missing, wrong or not enough.",
                    [],
                )
                .starting_at_zero(),
        }
    }

    /// A request was answered. The route is the pattern that it fitted, if it fitted one, never its path:
    /// anybody can ask for any path.
    pub fn answered(&self, route: Option<&str>, method: &str, status: u16, took: Duration) {
        let route = route.unwrap_or("none");
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        self.requests.increase([route, method, class(status)]);
        self.duration.observe([route], took);
    }

    /// A token was missing, wrong or not enough.
    pub fn refused(&self) {
        self.refused.increase([]);
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
