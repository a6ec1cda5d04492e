//! What is written into files and read from them: machine formats, exported schemas, schemas in SQL.

#[path = "../support/mod.rs"]
mod support;

mod exact;
mod exported;
mod hostile;
mod legal;
mod splitting;
mod unmodelled;

/// The database of a server's URL.
fn name_of(url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
