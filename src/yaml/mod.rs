//! YAML text with positions: reading, checking against a description, complaining well, writing.
//!
//! The YAML crate sits behind this module. A file becomes a tree of [`Node`]s that know where they
//! stand; a [`Shape`] says which keys an object may hold and is the one source of the check for
//! unknown keys and wrong types, of the JSON Schema for editors and of the documentation's tests.
//! Mistakes are collected in a [`Report`], so that one run shows all of them.
//!
//! The way for a file format:
//!
//! 1. [`read`] or [`parse`] gives the tree (syntax, duplicate keys, size);
//! 2. [`check`] compares it with the format's [`Shape`] (unknown keys, wrong types, missing keys);
//! 3. the format takes what it needs with [`Node::get`], [`Node::text`], …, which give nothing
//!    where the check has already complained, and adds its own complaints to the report.
//!
//! What the keys mean is not known here.

mod json_schema;
mod nearest;
mod parse;
mod report;
mod shape;
mod source;
mod tree;
mod write;

pub use json_schema::json_schema;
pub use nearest::nearest;
pub use parse::{parse, read, read_text};
pub use report::{Diagnostic, Report};
pub use shape::{Key, Kind, Shape, check};
pub use source::{Source, Span};
pub use tree::{Entry, Node, Scalar, Value};
pub use write::Written;

#[cfg(test)]
mod tests;
