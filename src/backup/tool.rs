//! Running a tool: bounded, killed with everything that it started, and heard out when it fails.

use std::io::ErrorKind;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::BackupError;
use crate::model::Engine;

/// How much of what a tool says is listened to.
const HEARD: usize = 64 * 1024;

/// How many of its last lines are shown.
const LINES: usize = 5;

/// What a tool is told beside its arguments.
pub(super) struct Tool {
    /// What people know it by.
    pub(super) name: &'static str,
    /// Debian's package that brings it along.
    pub(super) package: &'static str,
}

impl Tool {
    /// Runs a command to its end and returns the end of what it wrote to its standard output, unless that goes to a file.
    ///
    /// # Errors
    /// When it is not there, or fails.
    pub(super) async fn run(&self, command: &mut Command) -> Result<String, BackupError> {
        self.fed(command, None).await
    }

    /// The same, with something to read on its standard input.
    pub(super) async fn fed(&self, command: &mut Command, input: Option<&str>) -> Result<String, BackupError> {
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        let command = command.stdin(stdin).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => Running::new(child),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BackupError::NoTool { tool: self.name, package: self.package });
            }
            Err(error) => return Err(self.failed("it could not be started", &error.to_string())),
        };
        if let (Some(mut stdin), Some(input)) = (child.child.stdin.take(), input) {
            // One that ends before it has read everything says why itself.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let (output, errors) = (child.child.stdout.take(), child.child.stderr.take());
        let (said, complained) = tokio::join!(tail(output), tail(errors));
        let status = child.child.wait().await.map_err(|error| self.failed("nobody knows how", &error.to_string()))?;
        child.is_over();
        if status.success() { Ok(said) } else { Err(self.failed(&status.to_string(), &last_lines(&complained))) }
    }

    /// Whether it can be found.
    fn is_there(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(self.name).is_file())
    }

    fn failed(&self, status: &str, said: &str) -> BackupError {
        BackupError::Failed { tool: self.name.to_owned(), status: status.to_owned(), said: said.to_owned() }
    }
}

/// Why no backup can be made of databases of an engine: no tool for it is installed.
pub fn missing(engine: Engine) -> Option<BackupError> {
    let tools: &[Tool] = match engine {
        Engine::Postgres => &[super::postgres::PG_DUMP],
        Engine::Mysql => &[super::mysql::MARIADB, super::mysql::MYSQL],
        Engine::Sqlite => &[],
    };
    let first = tools.first().filter(|_| !tools.iter().any(Tool::is_there))?;
    Some(BackupError::NoTool { tool: first.name, package: first.package })
}

/// A process that takes what it started along when it is dropped.
struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Running {
    fn new(child: Child) -> Self {
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { child, group }
    }

    /// It has ended: its number may be somebody else's from now on.
    fn is_over(&mut self) {
        self.group = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Reads to the end and keeps the last of it.
async fn tail(stream: Option<impl AsyncReadExt + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; 8192]);
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        kept.extend_from_slice(&piece[..read]);
        kept.drain(..kept.len().saturating_sub(HEARD));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SHELL: Tool = Tool { name: "a shell", package: "dash" };

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    #[tokio::test]
    async fn what_it_says_is_heard() {
        assert_eq!(SHELL.run(&mut shell("echo s3://here; echo noise >&2")).await.unwrap(), "s3://here\n");
        let error =
            SHELL.run(&mut shell("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3")).await.unwrap_err();
        let said = "a shell failed (exit status: 3): line 3; line 4; line 5; line 6; line 7";
        assert_eq!(error.to_string(), said);
    }

    #[tokio::test]
    async fn what_is_not_there_is_named() {
        let missing = Tool { name: "pg_dump", package: "postgresql-client" };
        let error = missing.run(&mut Command::new("/nowhere/pg_dump")).await.unwrap_err();
        assert!(matches!(error, BackupError::NoTool { tool: "pg_dump", .. }), "{error}");
        assert!(error.advice().contains("postgresql-client"));
    }

    #[tokio::test]
    async fn who_is_not_waited_for_ends_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let ran = tokio::time::timeout(Duration::from_secs(2), SHELL.run(&mut shell(&script))).await;
        assert!(ran.is_err());
        let child = std::fs::read_to_string(&pid).unwrap();
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        for _ in 0..50 {
            if is_gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the process {child} lives on");
    }
}
