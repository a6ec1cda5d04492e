//! What is written into files and read from them: machine formats, exported schemas, schemas in SQL.

#[path = "../support/mod.rs"]
mod support;

mod exact;
mod exported;
