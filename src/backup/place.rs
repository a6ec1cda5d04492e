//! Where backups are: a folder for each tenant, a file for each backup, nobody else's to read.
//!
//! `20261128T180336123Z-1f3a….dump`; while it is made, a file beside it that ends in `.partial`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::BackupError;
use crate::model::Hash;

/// How times stand in names.
const TIME: &str = "%Y%m%dT%H%M%S";

/// The length of a time in names: `20261128T180336123Z`.
const TIME_LENGTH: usize = 19;

/// How names of files end that are still being made.
const PARTIAL: &str = ".partial";

/// After this long nobody makes that file any more.
const ABANDONED: Duration = Duration::from_secs(2 * 86_400);

/// The most bytes that a tenant's name may have to be its folder's, hash apart.
const LONGEST_NAME: usize = 150;

/// The place of one backup. What is unfinished is removed when this is dropped.
pub(super) struct Place {
    partial: PathBuf,
    whole: PathBuf,
}

impl Place {
    /// Makes the folders.
    pub(super) fn prepare(to: &Path, tenant: &str, plan: Hash, ending: &str) -> Result<Self, BackupError> {
        let folder = to.join(folder_of(tenant));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| BackupError::file(&folder, error))?;
        let folder = fs::canonicalize(&folder).map_err(|error| BackupError::file(&folder, error))?;
        let now = Timestamp::now();
        let millis = now.subsec_millisecond();
        let name = format!("{}{millis:03}Z-{}.{ending}", now.to_zoned(TimeZone::UTC).strftime(TIME), plan.short());
        let partial = folder.join(format!("{name}{PARTIAL}"));
        Ok(Self { partial, whole: folder.join(name) })
    }

    /// Where it is made. Nothing is there yet.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Makes the file that a backup is written to.
    pub(super) fn create(&self) -> Result<File, BackupError> {
        let mut options = OpenOptions::new();
        let created = options.write(true).create_new(true).mode(0o600).open(&self.partial);
        created.map_err(|error| BackupError::file(&self.partial, error))
    }

    /// How many bytes there are; 0 if there is no file.
    pub(super) fn bytes(&self) -> u64 {
        fs::metadata(&self.partial).map_or(0, |found| found.len())
    }

    /// Makes sure that the file is on the disk, and gives it its name. Returns its path and size.
    pub(super) fn finish(self) -> Result<(String, u64), BackupError> {
        let bytes = self.bytes();
        let finished = || {
            fs::set_permissions(&self.partial, fs::Permissions::from_mode(0o600))?;
            File::open(&self.partial)?.sync_all()?;
            fs::rename(&self.partial, &self.whole)?;
            File::open(self.whole.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        finished().map_err(|error: io::Error| BackupError::file(&self.partial, error))?;
        Ok((self.whole.display().to_string(), bytes))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.partial);
    }
}

/// Removes every tenant's backups that are older than they have to be kept, and what was never finished. What cannot be
/// removed stays.
pub fn sweep(to: &Path, keep: Option<Duration>) {
    let folders = fs::read_dir(to).into_iter().flatten().flatten();
    folders.for_each(|folder| sweep_folder(&folder.path(), keep));
}

/// The same for one tenant.
pub(super) fn sweep_tenant(to: &Path, tenant: &str, keep: Option<Duration>) {
    sweep_folder(&to.join(folder_of(tenant)), keep);
}

fn sweep_folder(folder: &Path, keep: Option<Duration>) {
    let before = |kept: Duration| {
        Timestamp::now().saturating_sub(SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX)).ok()
    };
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let kept = if name.ends_with(PARTIAL) { Some(ABANDONED) } else { keep };
        let ends = kept.and_then(before);
        if time_of(&name).is_some_and(|time| ends.is_some_and(|ends| time < ends)) {
            match fs::remove_file(file.path()) {
                Ok(()) => tracing::info!(backup = %file.path().display(), "a backup was kept long enough"),
                Err(error) => tracing::warn!(backup = %file.path().display(), %error, "a backup cannot be removed"),
            }
        }
    }
}

/// When a backup was begun, as its name says; nothing if it is not undrift's.
fn time_of(name: &str) -> Option<Timestamp> {
    let (time, rest) = name.split_at_checked(TIME_LENGTH)?;
    let (seconds, millis) = time.strip_suffix('Z')?.split_at_checked(TIME_LENGTH - 4)?;
    rest.strip_prefix('-').filter(|_| millis.bytes().all(|byte| byte.is_ascii_digit()))?;
    let time = DateTime::strptime(TIME, seconds).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The folder of a tenant: its name, with `%` and two digits for every byte that may mean something to a file system.
fn folder_of(tenant: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut folder = String::new();
    for (at, byte) in tenant.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => folder.push_str("%2E"),
            byte if plain(byte) => folder.push(char::from(byte)),
            byte => folder.push_str(&format!("%{byte:02X}")),
        }
    }
    if folder.len() > LONGEST_NAME {
        folder.truncate(LONGEST_NAME);
        folder.push_str(&format!("-{}", Hash::of(tenant).short()));
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder() {
        assert_eq!(folder_of("acme-eu_1.x"), "acme-eu_1.x");
        assert_eq!(folder_of("../etc/ü"), "%2E.%2Fetc%2F%C3%BC");
        assert_eq!(folder_of("."), "%2E");
        let (one, other) = (folder_of(&"a".repeat(300)), folder_of(&"a".repeat(301)));
        assert!(one.len() < 255 && one != other);
    }

    #[test]
    fn what_is_old_goes_and_nothing_else() {
        let to = tempfile::tempdir().unwrap();
        let folder = to.path().join("acme");
        fs::create_dir(&folder).unwrap();
        let young = Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S000Z-ab.dump").to_string();
        let old = ["20200101T000000000Z-ab.dump", "20200101T000000000Z-ab.db.partial"];
        let others = [young.as_str(), "notes.txt", "20200101T0000000000-ab.dump", "20201301T000000000Z-ab.dump"];
        old.iter().chain(&others).for_each(|name| fs::write(folder.join(name), "x").unwrap());
        sweep(to.path(), Some(Duration::from_secs(3600)));
        let left = fs::read_dir(&folder).unwrap().flatten().map(|file| file.file_name().into_string().unwrap());
        let (mut left, mut expected): (Vec<_>, Vec<_>) = (left.collect(), others.map(str::to_owned).to_vec());
        left.sort();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn what_is_not_finished_does_not_stay() {
        let to = tempfile::tempdir().unwrap();
        let place = Place::prepare(to.path(), "acme", Hash::of("plan"), "dump").unwrap();
        let partial = place.partial().to_owned();
        let mode = place.create().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!((mode & 0o777, partial.exists()), (0o600, true));
        drop(place);
        assert!(!partial.exists());
        let mode = fs::metadata(to.path().join("acme")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
