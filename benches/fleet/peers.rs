//! Other tools, as processes of their own: that is how they are used.

use std::process::Stdio;

use tokio::process::Command;

use super::cost::{Pass, Work};

/// The tools that `PEERS` names, for some of the tenants.
pub fn passes(urls: &[String]) -> Vec<Pass> {
    let peers = std::env::var("PEERS").unwrap_or_default();
    let named = peers.lines().filter_map(|line| line.split_once('='));
    named.map(|(name, command)| pass(name, command, urls)).collect()
}

fn pass(name: &str, command: &str, urls: &[String]) -> Pass {
    let commands: Vec<String> = urls.iter().map(|url| command.replace("{url}", &format!("'{url}'"))).collect();
    let work: Work = Box::new(move |at| {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&commands[at]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Box::pin(async move { assert!(shell.status().await.expect("a shell").code().is_some(), "it was killed") })
    });
    Pass { name: name.to_owned(), work }
}
