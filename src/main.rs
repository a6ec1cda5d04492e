//! The `undrift` program. Everything is in the library.

fn main() -> std::process::ExitCode {
    undrift::cli::main()
}
