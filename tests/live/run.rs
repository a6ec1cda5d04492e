//! undrift at work, and how much memory it takes for it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Cli, Tenant};

/// What a run of undrift took.
pub struct Ran {
    pub said: String,
    pub took: Duration,
    /// The most memory that it ever had, in MB.
    pub megabytes: u64,
}

/// Applies the schema. It has to end well.
pub fn apply(tenant: &Tenant) -> Ran {
    let arguments = ["apply", "--url", &tenant.url, "--schema", "core.yaml", "--policy", "policy.yaml"];
    let begun = Instant::now();
    let mut command = Cli::new().folder(tenant.path()).command(&arguments);
    let said = std::fs::File::create(tenant.path().join("said")).unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
    let mut megabytes = 0;
    let status = loop {
        megabytes = megabytes.max(peak(child.id()));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let said = std::fs::read_to_string(tenant.path().join("said")).unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    Ran { said, took: begun.elapsed(), megabytes }
}

fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
