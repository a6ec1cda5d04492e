//! The nouns that every other layer speaks: schemas, changes, plans, verdicts, tenants.
//!
//! Nothing here does input or output, knows SQL, or chooses anything. Types are plain data that
//! compare with `==`, order totally and serialise stably.

mod change;
mod change_kind;
mod engine;
mod evolve;
mod fact;
mod fingerprint;
mod given_names;
mod glob;
mod hazard;
mod logins;
mod name;
mod plan;
mod quarantine;
mod renamed;
mod renames;
mod rows;
mod schema;
mod scope;
mod spelling;
mod tenant;
mod transactions;
mod transform;
mod unfinished;
mod verdict;

pub use change::{Change, Member, MemberKind, Property};
pub use change_kind::ChangeKind;
pub use engine::{Engine, Platform, Vendor, Version};
pub use fact::{FactKind, Precondition};
pub use fingerprint::{FORMAT as FINGERPRINT_FORMAT, Fingerprint, Hash, Hashing};
pub use given_names::GivenNames;
pub use glob::{Folding, Glob};
pub use hazard::{Hazard, HazardNote};
pub use logins::Logins;
pub use name::{QName, is_work_mark, is_working_name, work_mark, working_name};
pub use plan::{Object, Op, Pace, Part as StepPart, Plan, PlannedChange, Step};
pub use quarantine::{Needed, Quarantined, in_quarantine, quarantine_name};
pub use renamed::Renamed;
pub use renames::Renames;
pub use rows::{Assignment, RowTask, RowWork};
pub use schema::{
    Check, Column, Deferrable, EnumType, ForeignKey, Generated, Identity, IdentityKind, Index, Nulls, Opaque, Part,
    PartSource, Schema, Table,
};
pub use scope::{Extras, Scope};
pub use spelling::Spelling;
pub use tenant::{Labels, Tenant};
pub use transform::{Argon2idCost, BCRYPT_COST, Move, OnConflict, Transform};
pub use verdict::{Reason, Ruling, Verdict};
