//! undrift's own state: what was seen, asked, answered and done.
//!
//! [`Store`] keeps it in a SQLite file or a PostgreSQL database. Losing it loses history, approvals and the
//! waves' progress, and nothing else: tenants, shapes and plans are found again by looking.

pub mod record;
pub mod token;

pub use record::*;
