//! Tenants in files that nobody wrote: most of a fleet of files, at most times. They are looked at from outside, many
//! together, and need no task, no place among those that are gone to, and no copy of what is known of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::fleet::Fleet;
use super::settings::Settings;
use super::{Daemon, tell};
use crate::db::FileSign;

/// How many files are looked at in one go.
const TOGETHER: usize = 128;

/// How many goes there are beside each other: disks may be far away.
const BESIDE: usize = 4;

impl Daemon {
    /// Takes in that nothing happened to tenants in sync whose files say so, and returns the names of all others.
    pub(super) async fn pass_over_unwritten(&self, names: Vec<String>, settings: &Arc<Settings>) -> Vec<String> {
        let chunks: Vec<Vec<String>> = names.chunks(TOGETHER).map(<[String]>::to_vec).collect();
        let rests = stream::iter(chunks).map(|names| self.pass_over(names, settings)).buffered(BESIDE);
        rests.flat_map(stream::iter).collect().await
    }

    async fn pass_over(&self, mut names: Vec<String>, settings: &Settings) -> Vec<String> {
        let (files, signs) = begin(&mut *self.fleet.lock().await, &names, settings);
        if files.is_empty() {
            return names;
        }
        let begun = Instant::now();
        let unwritten = FileSign::hold(signs).await;
        let each = begun.elapsed() / u32::try_from(files.len()).unwrap_or(u32::MAX);
        let (now, watch) = (Timestamp::now(), self.watch());
        let mut fleet = self.fleet.lock().await;
        let mut done = BTreeSet::new();
        for (name, unwritten) in files.into_iter().zip(unwritten) {
            fleet.looking.remove(&name);
            let Some(entry) = fleet.tenants.get_mut(&name).filter(|_| unwritten) else { continue };
            let sight = entry.sight.as_ref();
            let Some(looked) = sight.and_then(|sight| watch.unchanged(&entry.member, sight, &settings.policy, now))
            else {
                continue;
            };
            tell::passed_over(self, &looked, each);
            entry.found(looked, settings.explanation(&entry.member.declared), now);
            done.insert(name);
        }
        names.retain(|name| !done.contains(name));
        names
    }
}

/// Those of some tenants that are to be looked at from outside, with what their files looked like. Nobody else looks at
/// them meanwhile, and no plan begins on them.
fn begin(fleet: &mut Fleet, names: &[String], settings: &Settings) -> (Vec<String>, Vec<FileSign>) {
    let Fleet { tenants, looking, applying, .. } = fleet;
    let free = names.iter().filter(|name| !applying.contains(*name) && !looking.contains(*name));
    let calm = free.filter_map(|name| {
        let entry = tenants.get(name)?;
        let sight = entry.sight.as_ref().filter(|sight| sight.age() < settings.config.full_read)?;
        let in_sync = entry.known.as_ref().is_some_and(|known| known.study.in_sync());
        in_sync.then(|| Some((name.clone(), sight.file_sign(&entry.member.target)?))).flatten()
    });
    let (files, signs): (Vec<_>, Vec<_>) = calm.unzip();
    looking.extend(files.iter().cloned());
    (files, signs)
}
