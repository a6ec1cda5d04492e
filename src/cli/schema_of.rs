//! `undrift schema-of`

use super::args::{Document, SchemaOfArgs};
use super::{Exit, Failure};
use crate::reconcile::plan_file;
use crate::{config, desired, policy};

/// Prints a JSON Schema.
pub fn run(args: &SchemaOfArgs) -> Result<Exit, Failure> {
    let schema = match args.what {
        Document::Config => config::json_schema(),
        Document::Schema => desired::json_schema(),
        Document::Policy => policy::json_schema(),
        Document::Plan => plan_file::json_schema(),
    };
    super::stdout::data(&format!("{schema:#}\n"));
    Ok(Exit::Clean)
}
