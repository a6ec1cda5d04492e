//! Which processes hold locks on a database file, as far as Linux tells: other systems, other machines and other
//! connections of this process stay unknown.
//!
//! The file itself is not opened, see [`lock`](super::lock).

use std::fs;
use std::path::{Path, PathBuf};

/// Who is in the way: writers if there are any, else readers.
pub(super) fn holders(database: &Path) -> Vec<String> {
    let Ok(locks) = fs::read_to_string("/proc/locks") else { return Vec::new() };
    let ids: Vec<String> = [database.to_owned(), beside(database)].iter().filter_map(|path| id(path)).collect();
    let own = std::process::id();
    let held: Vec<Held<'_>> = locks.lines().filter_map(Held::parse).collect();
    let ours = |held: &&Held<'_>| ids.iter().any(|id| id == held.file) && held.process != own;
    let mut processes: Vec<u32> =
        held.iter().filter(ours).filter(|held| held.writes).map(|held| held.process).collect();
    if processes.is_empty() {
        processes = held.iter().filter(ours).map(|held| held.process).collect();
    }
    processes.sort_unstable();
    processes.dedup();
    processes.into_iter().map(words).collect()
}

/// A line of `/proc/locks`: `4: POSIX  ADVISORY  WRITE 10655 fe:00:10010753 1073741825 1073741825`.
struct Held<'a> {
    writes: bool,
    process: u32,
    file: &'a str,
}

impl<'a> Held<'a> {
    /// Those who wait for a lock are marked by an arrow and hold nothing.
    fn parse(line: &'a str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX" | "OFDLCK", _, mode, process, file, ..] = words.as_slice() else { return None };
        Some(Self { writes: *mode == "WRITE", process: process.parse().ok()?, file })
    }
}

/// In WAL mode the locks are on this file.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-shm");
    PathBuf::from(name)
}

/// How `/proc/locks` calls a file: device and inode.
#[cfg(target_os = "linux")]
fn id(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let data = fs::metadata(path).ok()?;
    let device = data.dev();
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    let minor = (device & 0xff) | ((device >> 12) & !0xff);
    Some(format!("{major:02x}:{minor:02x}:{}", data.ino()))
}

#[cfg(not(target_os = "linux"))]
fn id(_path: &Path) -> Option<String> {
    None
}

fn words(process: u32) -> String {
    match fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(name) => format!("process {process} ({})", name.trim_end()),
        Err(_) => format!("process {process}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_hold_a_lock_are_meant() {
        let held = Held::parse("4: POSIX  ADVISORY  WRITE 10655 fe:00:10010753 1073741825 1073741825").unwrap();
        assert_eq!((held.writes, held.process, held.file), (true, 10655, "fe:00:10010753"));
        assert!(Held::parse("6: -> FLOCK  ADVISORY  WRITE 9344 fe:00:5324801 0 EOF").is_none());
        assert!(Held::parse("6: -> POSIX  ADVISORY  WRITE 9344 fe:00:5324801 0 EOF").is_none());
        assert!(Held::parse("6: FLOCK  ADVISORY  WRITE 9258 fe:00:5324801 0 EOF").is_none());
    }
}
