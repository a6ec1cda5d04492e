//! `undrift status --api`, against a server.

use super::world::{World, with_wrong_secret};
use crate::samples;
use crate::support::{Cli, Output};

async fn status(world: &World, token: Option<&str>, more: &[&str]) -> Output {
    let url = format!("http://{}", world.address);
    let mut cli = Cli::new();
    if let Some(token) = token {
        cli = cli.variable("UNDRIFT_TOKEN", token);
    }
    let arguments: Vec<String> = ["status", "--api", &url].iter().chain(more).map(|text| (*text).to_owned()).collect();
    let run = move || cli.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_says_what_the_state_says() {
    let world = World::new().await;
    world.store.save_tenants(&[samples::tenant("a"), samples::tenant("b")]).await.unwrap();
    let output = status(&world, Some(&world.viewer), &[]).await.expect_code(2);
    assert!(output.stdout.starts_with("2 tenants: 0 in sync, 2 drifted, 0 unknown\n"), "{}", output.stdout);
    let json = status(&world, Some(&world.viewer), &["-o", "json"]).await.expect_code(2);
    let said: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(said, world.get("/api/v1/status").await.ok(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_said_with_a_next_step() {
    let world = World::new().await;
    let wrong = with_wrong_secret(&world.viewer);
    for (token, said) in
        [(None, "UNDRIFT_TOKEN is not set"), (Some(wrong.as_str()), "answered 401: the token opens nothing")]
    {
        let output = status(&world, token, &[]).await.expect_code(1);
        assert!(output.stderr.contains(said) && output.stderr.contains("next: "), "{}", output.stderr);
    }
    for (url, said) in [
        ("127.0.0.1:9464", "--api"),
        ("ftp://host", "no address of a service"),
        ("http://127.0.0.1:1", "cannot be reached"),
    ] {
        let run = move || Cli::new().variable("UNDRIFT_TOKEN", "x").run(&["status", "--api", url]);
        let output = tokio::task::spawn_blocking(run).await.unwrap().expect_code(1);
        assert!(output.stderr.contains(said) && output.stderr.contains("next: "), "{}", output.stderr);
    }
}
