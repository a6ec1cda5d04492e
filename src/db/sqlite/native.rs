//! The few calls of SQLite's C interface that the driver does not offer. This is the only unsafe code of undrift.
#![allow(unsafe_code, reason = "SQLite's authorizer, limits and settings are functions of C")]

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};

use libsqlite3_sys as c;
use sqlx::sqlite::LockedSqliteHandle;

/// What a statement that is being prepared wants to do.
pub(super) struct Asked<'a> {
    /// One of SQLite's action codes.
    pub action: i32,
    first: Option<&'a CStr>,
    second: Option<&'a CStr>,
}

impl Asked<'_> {
    /// The action's first argument: a PRAGMA's name, a file to attach.
    pub fn first(&self) -> Option<Cow<'_, str>> {
        self.first.map(CStr::to_string_lossy)
    }

    /// Its second: a PRAGMA's value, a function's name, a module's.
    pub fn second(&self) -> Option<Cow<'_, str>> {
        self.second.map(CStr::to_string_lossy)
    }
}

/// What statements may do on a connection.
pub(super) trait Rights {
    /// How many other databases can be attached at a time.
    const ATTACHED: i32;

    /// Whether a statement may do this.
    fn allow(asked: &Asked<'_>) -> bool;
}

/// What is off, or on, whatever the schema says: no rights for texts in the schema that are not harmless by themselves, no
/// writing of the catalog, of pages or of what a virtual table keeps, no extensions.
const SETTINGS: [(i32, bool); 5] = [
    (c::SQLITE_DBCONFIG_DEFENSIVE, true),
    (c::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (c::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (c::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, false),
    (c::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
];

/// Takes from a connection, until its end, whatever these rights do not give. The error is SQLite's code.
pub(super) fn confine<R: Rights>(handle: &mut LockedSqliteHandle<'_>) -> Result<(), i32> {
    let connection = handle.as_raw_handle();
    SETTINGS.iter().try_for_each(|(setting, on)| set(connection, *setting, *on))?;
    // SAFETY: the handle is locked, so the connection is open and nobody else uses it. The function keeps nothing.
    unsafe { c::sqlite3_limit(connection.as_ptr(), c::SQLITE_LIMIT_ATTACHED, R::ATTACHED) };
    // SAFETY: as above. The callback is a function without data of its own, so it may be called as long as the connection
    // lives, and its type is the one that SQLite asks for.
    done(unsafe { c::sqlite3_set_authorizer(connection.as_ptr(), Some(authorize::<R>), null_mut()) })
}

fn set(connection: NonNull<c::sqlite3>, setting: c_int, on: bool) -> Result<(), i32> {
    // SAFETY: the caller has the locked handle, so the connection is open and nobody else uses it. All of these settings
    // take an int and a pointer to an int that may be null.
    done(unsafe { c::sqlite3_db_config(connection.as_ptr(), setting, c_int::from(on), null_mut::<c_int>()) })
}

fn done(code: c_int) -> Result<(), i32> {
    if code == c::SQLITE_OK { Ok(()) } else { Err(code) }
}

/// What SQLite calls. A panic must not get into C: whatever panics is refused.
extern "C" fn authorize<R: Rights>(
    _data: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _inside: *const c_char,
) -> c_int {
    // SAFETY: both are null or texts of SQLite's that end with a NUL and stay as they are during this call.
    let (first, second) = unsafe { (text(first), text(second)) };
    let asked = Asked { action, first, second };
    let allowed = std::panic::catch_unwind(|| R::allow(&asked)).unwrap_or(false);
    if allowed { c::SQLITE_OK } else { c::SQLITE_DENY }
}

/// # Safety
/// The pointer is null or one to a text that ends with a NUL and outlives what is returned.
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's word.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) })
}
