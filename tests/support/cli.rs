//! The real binary, as a person runs it, in an environment that holds nothing of this machine's.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs `undrift` with these arguments, in the folder of the test, until it ends.
pub fn undrift(arguments: &[&str]) -> Output {
    Cli::new().run(arguments)
}

/// `undrift` with a folder and variables of its own.
#[derive(Default)]
pub struct Cli {
    folder: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
}

impl Cli {
    /// In the current folder, with no variables but those that every process needs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs in this folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The command, not yet started: for what wants to kill it, or to write to it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_undrift"));
        command.args(arguments).env_clear().env("NO_COLOR", "1").stdin(Stdio::null());
        for kept in ["PATH", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it until it ends.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().expect("the binary was built");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("undrift prints UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("undrift prints UTF-8"),
        }
    }
}

impl Cli {
    /// Runs it on a terminal, with a person who answers every question with these words. What it prints comes as one.
    pub fn answered(&self, arguments: &[&str], answer: &str) -> Output {
        let program = self.command(arguments);
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let quoted = |word: &OsStr| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"));
        let line: Vec<_> = words.map(quoted).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]).env_clear();
        script.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.current_dir(program.get_current_dir().unwrap_or(std::path::Path::new(".")));
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script is installed");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(format!("{answer}\n").as_bytes()).expect("it listens");
        let output = child.wait_with_output().expect("it ends");
        drop(stdin);
        let printed = String::from_utf8(output.stdout).expect("undrift prints UTF-8").replace('\r', "");
        Output { code: output.status.code(), stdout: printed, stderr: String::new() }
    }
}

/// What a run of the binary left behind.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// This output, having made sure of its exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}
