//! What is never written to the log. Alone in its process: whether an event is written at all is decided once for all
//! threads, and other tests have no log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "notify/hook.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod hook;
#[path = "notify/samples.rs"]
mod samples;

use std::io::Write;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use undrift::config::Webhook;

use hook::Hook;
use samples::{deliver, event, to};

/// What is written while something runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// With one thread, everything is written to the log of this test.
#[tokio::test]
async fn no_secret_is_ever_written() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let hook = Hook::answering(&["404 No", "302 Found\r\nLocation: /s3cret"]);
    let authority = format!("user:s3cret@{}", hook.address);
    let secret = Some(SecretString::from("s3cret"));
    let there = Webhook { secret: secret.clone(), ..to(&format!("http://{authority}/s3cret")) };
    let nowhere = Webhook { secret, ..to("http://user:s3cret@127.0.0.1:1/s3cret") };
    assert!(!format!("{there:?}").contains("s3cret"));
    deliver(there, [event(1), event(2)]).await;
    deliver(nowhere, [event(1)]).await;
    drop(guard);
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!written.contains("s3cret"), "{written}");
    assert_eq!(written.matches("a message was not delivered").count(), 3, "{written}");
    assert!(written.contains("webhook=127.0.0.1") && written.contains("404"), "{written}");
    // The password is a header, where it belongs.
    let request = &hook.requests()[0];
    assert!(request.head.starts_with("POST /s3cret HTTP/1.1") && !request.head.contains("user:"), "{}", request.head);
    assert_eq!(request.header("authorization"), Some("Basic dXNlcjpzM2NyZXQ="));
}
