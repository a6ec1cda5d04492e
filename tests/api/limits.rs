//! What is too much, too slow, or too many.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use undrift::http::Limits;

use super::client::{reply, request, send};
use super::world::{World, why};

#[tokio::test]
async fn a_body_is_small() {
    let world = World::new().await;
    let long = why(&"x".repeat(70_000)).to_string();
    let reply = world.call("POST", "/api/v1/pause", Some(&world.operator), &long).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["type"], "urn:undrift:problem:payload-too-large");
    // The same without saying beforehand how long it is.
    let bearer = format!("Bearer {}", world.operator);
    let headers =
        [("Authorization", bearer.as_str()), ("Transfer-Encoding", "chunked"), ("Content-Type", "application/json")];
    let head = request("POST", "/api/v1/pause", &headers, "");
    let reply = send(world.address, &format!("{head}{:x}\r\n{long}\r\n0\r\n\r\n", long.len())).await;
    assert_eq!(reply.status, 413, "{reply:?}");
    assert!(world.store.pause().await.unwrap().is_none());
}

#[tokio::test]
async fn a_request_is_short() {
    let world = World::within(Limits { request: Duration::from_millis(300), ..Limits::default() }).await;
    // The first look at a token takes its time; afterwards it is remembered.
    while world.call("GET", "/api/v1/runs", Some(&world.operator), "").await.status != 200 {}
    let bearer = format!("Bearer {}", world.operator);
    let headers = [("Authorization", bearer.as_str()), ("Content-Length", "20"), ("Content-Type", "application/json")];
    let reply = send(world.address, &(request("POST", "/api/v1/pause", &headers, "") + "{\"why\"")).await;
    assert_eq!(reply.status, 408);
    assert_eq!(reply.json()["title"], "Request Timeout");
}

#[tokio::test]
async fn who_says_nothing_is_hung_up_on() {
    let world = World::within(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    for said in ["", "GET /healthz HTTP/1.1\r\nHost: u"] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it stayed open after {said:?}");
    }
}

#[tokio::test]
async fn connections_are_counted() {
    let world = World::within(Limits { connections: 2, ..Limits::default() }).await;
    let idle = [TcpStream::connect(world.address).await.unwrap(), TcpStream::connect(world.address).await.unwrap()];
    let mut third = TcpStream::connect(world.address).await.unwrap();
    third.write_all(request("GET", "/healthz", &[], "").as_bytes()).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(300), third.readable()).await;
    assert!(waits.is_err(), "it was answered though two are open");
    drop(idle);
    assert_eq!(reply(&mut third).await.status, 200);
}

#[tokio::test]
async fn open_requests_are_answered_at_the_end() {
    let world = World::new().await;
    let mut open = TcpStream::connect(world.address).await.unwrap();
    open.write_all(b"GET /healthz HTTP/1.1\r\nHost: u\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.end.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody is let in any more");
    open.write_all(b"\r\n").await.unwrap();
    assert_eq!(reply(&mut open).await.status, 200);
}
