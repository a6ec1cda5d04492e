//! Other tools, as processes of their own: that is how they are used.

use std::process::Stdio;

use tokio::process::Command;

use super::cost::{Ground, Pass, Work, compare};

/// How many tenants others are shown: some take a second for each.
const FEW: usize = 10;

/// The tools that a variable names, for some of the tenants, beside the floor and undrift.
pub async fn run(variable: &str, ground: &Ground, urls: &[String], mut passes: Vec<Pass>) {
    let peers = std::env::var(variable).unwrap_or_default();
    let named = peers.lines().filter_map(|line| line.trim().split_once('='));
    let before = passes.len();
    passes.extend(named.map(|(name, command)| pass(name, command, urls)));
    if passes.len() > before {
        let tenants = ground.tenants.min(FEW);
        let ground = Ground { tenants, together: 2, name: ground.name.clone(), server: ground.server };
        compare(&ground, &passes).await;
    }
}

fn pass(name: &str, command: &str, urls: &[String]) -> Pass {
    let commands: Vec<String> = urls.iter().map(|url| filled(command, url)).collect();
    let work: Work = Box::new(move |at| {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&commands[at]).stdin(Stdio::null()).stdout(Stdio::null());
        Box::pin(async move {
            let ended = shell.status().await.expect("a shell");
            // Those that compare end with 2 where they find a difference.
            assert!(matches!(ended.code(), Some(0 | 2)), "it failed");
        })
    });
    Pass::new(name, work)
}

/// A command with the tenant's address in it, whole and in parts.
fn filled(command: &str, url: &str) -> String {
    let database = undrift::db::Target::parse(url).ok().and_then(|target| target.database()).unwrap_or_default();
    let socket = url.split("socket=").nth(1).unwrap_or_default();
    let path = url.trim_start_matches("sqlite:");
    let parts = [("{url}", url), ("{database}", &database), ("{socket}", socket), ("{path}", path)];
    parts.iter().fold(command.to_owned(), |command, (name, value)| command.replace(name, &format!("'{value}'")))
}
