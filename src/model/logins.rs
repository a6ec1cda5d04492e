//! Over which logins a source's tenants are changed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::change_kind::words;

words! {
    /// Over which login what belongs to a tenant is touched: its rows, its structure, its functions and triggers.
    #[derive(Default)]
    Logins {
        #[default]
        /// The URL's login where it has rights in this tenant alone, else one that undrift makes for the tenant.
        Auto = "auto",
        /// The URL's login only, and only where it has rights in this tenant alone. No login is made.
        Own = "own",
        /// No login is made; what can run a tenant's code is blocked where the URL's login has more rights.
        Off = "off",
    }
}
